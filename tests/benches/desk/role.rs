//! The running role with its Postgres listener, and the states of it that parts wait for.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lantoa_query::access::Role as Trust;
use lantoa_query::{Asker, Config, Engine, Handle, Settings};
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{Desk, clock, commit, project};

/// The map on which is asked.
pub const MAP: &str = "2025-07-01";

/// On how many maps the role makes ahead by itself.
const BY_ITSELF: u64 = 2;

/// How long it may take until what questions need is made ahead; the role rests between two maps.
const WITHIN: Duration = Duration::from_secs(900);

/// The role, and where it answers.
pub struct Role {
    pub engine: Engine,
    pub address: SocketAddr,
    handle: Handle,
    stop: CancellationToken,
}

impl Role {
    /// Starts it on a free port.
    pub async fn start(config: Config) -> Result<Self> {
        let stop = CancellationToken::new();
        let handle = lantoa_query::start(config, clock(), stop.clone()).await?;
        let address = handle.open_postgres(TcpListener::bind("127.0.0.1:0").await?)?;
        Ok(Self { engine: handle.engine(), address, handle, stop })
    }

    /// Ends it, and all connections with it.
    pub async fn end(self) -> Result<()> {
        self.stop.cancel();
        Ok(self.handle.join().await?)
    }
}

/// Somebody who asks, other than the owner, who asks over the wire.
pub fn analyst() -> Asker {
    Asker { name: "analyst".into(), role: Trust::Analyst, area: None, face: "http" }
}

/// Asks on the map; says how long it took.
pub async fn ask(engine: &Engine, question: &str) -> Result<Duration> {
    let session = engine.session(&analyst(), &Settings { map: Some(MAP.to_owned()), ..Settings::default() })?;
    let begun = Instant::now();
    let rows: usize = session.sql(question).await?.collect().await?.iter().map(|batch| batch.num_rows()).sum();
    ensure!(rows > 0, "no rows: {question}");
    Ok(begun.elapsed())
}

/// Waits until the role has made what it makes at its start, and again what one more event changes, the projections
/// renewed as the running projector does.
pub async fn made_ahead(role: &Role, desk: &Desk) -> Result<()> {
    until_made(&role.engine, BY_ITSELF).await?;
    for question in &desk.questions {
        ask(&role.engine, &question.view).await?;
    }
    let before = made(&role.engine)?;
    commit::one_more(&desk.folder).await;
    let begun = Instant::now();
    project(&role.engine, &desk.folder, false).await?;
    // The map that was asked last is made first.
    until_made(&role.engine, before + 1).await?;
    println!(
        "\nOne more event: projections renewed and the map made ahead {:.1} s later.",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

async fn until_made(engine: &Engine, times: u64) -> Result<()> {
    let begun = Instant::now();
    while made(engine)? < times {
        ensure!(begun.elapsed() < WITHIN, "nothing was made ahead within {WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

fn made(engine: &Engine) -> Result<u64> {
    metric(engine, "lantoa_query_made_ahead_total")
}

/// What a series of the engine is at now.
pub fn metric(engine: &Engine, name: &str) -> Result<u64> {
    let mut registry = Registry::default();
    engine.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.with_context(|| format!("no series {name}"))?.parse()?)
}
