//! What the engine makes before anybody asks for it, and what it has to know for that.
//!
//! In: a standing, and what questions needed of it lately. Out: that, remembered as if a question had needed it, and what
//! it stands on. Guarantee: it is made as for a question, within the limits of an admin, and told in the log at DEBUG as
//! what the program asks of itself.

use std::time::{Duration, Instant};

use super::{Engine, Session};
use crate::access::Asker;
use crate::asked::{Asked, Ending};
use crate::config::Config;
use crate::error::QueryError;
use crate::indicator::{Basis, Need};
use crate::settings::{AS_REPORTED, Standing};

impl Engine {
    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// Whether a question waits for its turn.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.0.queue.is_waited_for()
    }

    /// What was asked within the hour, the last standing first.
    pub(crate) fn asked_lately(&self) -> Vec<(Standing, Vec<Need>)> {
        self.0.remembered.lately.wanted()
    }

    /// Whether an answer of now would stand on something else.
    pub(crate) async fn is_past(&self, basis: &Basis) -> bool {
        basis.today != self.0.clock.today() || self.0.tables.are_past(&basis.versions).await
    }

    /// Takes as asked what most will ask, once there are projections; says whether there are.
    pub(crate) async fn take_as_asked(&self) -> Result<bool, QueryError> {
        let session = Session::new(self.clone(), Asker::owner(), Standing::default());
        session.desk.see_projections().await?;
        if !session.desk.keeps_any() {
            return Ok(false);
        }
        session.learn().await?;
        self.0.remembered.lately.take_as_asked(&session.present.get());
        Ok(true)
    }

    /// Makes what is needed on a standing, and says what it stands on, also where it could not be made; `None` where it
    /// would have to be made of the ledgers alone.
    pub(crate) async fn make_ahead(&self, standing: &Standing, needs: &[Need]) -> Result<Option<Basis>, QueryError> {
        let (asker, begun) = (Asker::owner(), Instant::now());
        let map = standing.map.map_or_else(|| AS_REPORTED.to_owned(), |day| day.to_string());
        let asked = Asked::new(&asker, &format!("what questions on the map {map} needed lately"), self.0.clock.now());
        let role = asker.role;
        let within = self.0.config.limits(role).within().unwrap_or(Duration::MAX);
        let session = Session::new(self.clone(), asker, standing.clone());
        session.look_anew().await?;
        let Some(figures) = session.desk.figures_to_make().await? else { return Ok(None) };
        let state = session.whole.state();
        let made = match tokio::time::timeout(within, figures.make(needs, &state)).await {
            Ok(made) => made.map_err(QueryError::from),
            Err(_) => Err(QueryError::TimedOut { within, role }),
        };
        let seconds = begun.elapsed().as_secs_f64();
        match made {
            Ok(()) => {
                self.0.counters.made_ahead.inc();
                asked.log(Ending::Answered, seconds, 0, 0);
            }
            Err(error) => {
                asked.log(Ending::Failed(&error), seconds, 0, 0);
                tracing::warn!(map, %error, "what questions need could not be made ahead of them; the next one makes it");
            }
        }
        Ok(Some(figures.basis().clone()))
    }
}
