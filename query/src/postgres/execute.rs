//! Statements that are answered: questions with their rows, cursors, copies, and what concerns the connection alone.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use pgwire::error::SEVERITY_WARNING;
use pgwire::messages::copy::CopyDone;
use pgwire::messages::extendedquery::PortalSuspended;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, TransactionStatus};
use tokio::io::{AsyncRead, AsyncWrite};

use super::client::ClientSettings;
use super::connection::Connection;
use super::copy::{put_head, put_row, put_tail};
use super::message::{self, say};
use super::portal::{Portal, Progress, is_binary};
use super::refusal::{Refusal, Stop, state};
use super::statement::{CopyOut, Discard, Fetch, Form, Statement, Step};
use super::turn::Turn;
use crate::session::Values;
use crate::settings::{LISTED, NAMES};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Answers a portal's statement, with at most `most` rows, or all where it is 0.
    pub(super) async fn execute(
        &mut self,
        portal: &mut Portal,
        most: u64,
        describe: bool,
        turn: &Turn,
    ) -> Result<(), Stop> {
        self.transaction_goes_on(&portal.statement)?;
        // Apart, so that every other statement's way is as shallow as without it.
        Box::pin(self.called(portal, turn)).await?;
        let tag = match portal.statement.clone() {
            Statement::Empty => {
                say(&mut self.wire.output, &EmptyQueryResponse::new());
                return Ok(());
            }
            Statement::Question => return self.rows(portal, most, describe, turn).await,
            Statement::Fetch(fetch) => {
                let formats = portal.formats.clone();
                self.fetch(&fetch, &formats, describe, turn).await?
            }
            Statement::Copy(copy) => self.copy(&copy, &portal.values, turn).await?,
            Statement::Declare { name, query, hold } => {
                let values = Values::clone(&portal.values);
                let cursor = Portal { as_sent: false, hold, values, ..Portal::of(Statement::Question, &query) };
                self.declare(name, cursor, turn).await?;
                "DECLARE CURSOR".to_owned()
            }
            Statement::Prepare { name, types, query } => {
                Box::pin(self.prepare(&name, &types, &query, turn)).await?;
                "PREPARE".to_owned()
            }
            Statement::Show(name) => {
                let value = self.shown(&name)?;
                if describe {
                    message::one_text_column(&mut self.wire.output, &name, false);
                }
                message::one_text(&mut self.wire.output, &value);
                "SHOW".to_owned()
            }
            Statement::Set { value: None, .. } if is_reset(&portal.text) => {
                self.command(&portal.statement.clone(), turn).await?;
                "RESET".to_owned()
            }
            other => self.command(&other, turn).await?,
        };
        say(&mut self.wire.output, &CommandComplete::new(tag));
        Ok(())
    }

    /// In a failed transaction nothing goes on but what ends it.
    pub(super) fn transaction_goes_on(&self, statement: &Statement) -> Result<(), Refusal> {
        let ends = matches!(statement, Statement::Commit | Statement::Rollback | Statement::RollbackTo(_));
        if ends || self.transaction.standing() != TransactionStatus::Error {
            return Ok(());
        }
        let refusal = Refusal::new(state::FAILED_TRANSACTION, "a statement of this transaction failed before");
        Err(refusal.hint("ROLLBACK, or ROLLBACK TO a savepoint, lets you go on"))
    }

    /// Begins to answer a portal's question, where that has not begun; its columns.
    pub(super) async fn started(&mut self, portal: &mut Portal, turn: &Turn) -> Result<Option<SchemaRef>, Stop> {
        if matches!(portal.progress, Progress::Waiting) {
            let told = portal.told.clone();
            let running = self.ask(&portal.text, &portal.values, portal.as_sent, told, turn).await?;
            portal.progress = Progress::Running(Box::new(running));
        }
        Ok(match &portal.progress {
            Progress::Running(running) => Some(Arc::clone(running.columns())),
            Progress::Waiting | Progress::Done => None,
        })
    }

    async fn rows(&mut self, portal: &mut Portal, most: u64, describe: bool, turn: &Turn) -> Result<(), Stop> {
        let columns = self.started(portal, turn).await?;
        let Portal { progress, formats, .. } = portal;
        let formats = formats.as_slice();
        let Progress::Running(running) = progress else {
            say(&mut self.wire.output, &CommandComplete::new("SELECT 0".to_owned()));
            return Ok(());
        };
        let Some(columns) = columns.filter(|columns| !columns.fields().is_empty()) else {
            *progress = Progress::Done;
            say(&mut self.wire.output, &CommandComplete::new("SET".to_owned()));
            return Ok(());
        };
        if describe {
            message::columns(&mut self.wire.output, &columns, |at| is_binary(formats, at));
        }
        let mut sent = 0;
        loop {
            if most > 0 && sent == most {
                say(&mut self.wire.output, &PortalSuspended::new());
                return Ok(());
            }
            let Some((rows, at)) = running.next(&mut self.wire, turn).await? else { break };
            let out = &mut self.wire.output;
            rows.put_row(at, |column| is_binary(formats, column), out);
            sent += 1;
            turn.send(&mut self.wire).await?;
        }
        *progress = Progress::Done;
        say(&mut self.wire.output, &CommandComplete::new(format!("SELECT {sent}")));
        Ok(())
    }

    async fn copy(&mut self, copy: &CopyOut, values: &Values, turn: &Turn) -> Result<String, Stop> {
        let mut running = self.ask(&copy.query, values, false, None, turn).await?;
        let columns = Arc::clone(running.columns());
        message::copy_out(&mut self.wire.output, columns.fields().len(), copy.form == Form::Binary)?;
        put_head(&copy.form, &columns, &mut self.wire.output);
        let mut is_first = true;
        while let Some((rows, at)) = running.next(&mut self.wire, turn).await? {
            put_row(&copy.form, rows, at, is_first, &mut self.wire.output);
            is_first = false;
            turn.send(&mut self.wire).await?;
        }
        put_tail(&copy.form, !is_first, &mut self.wire.output);
        say(&mut self.wire.output, &CopyDone::new());
        Ok(format!("COPY {}", running.passed))
    }

    async fn fetch(&mut self, fetch: &Fetch, formats: &[i16], describe: bool, turn: &Turn) -> Result<String, Stop> {
        let Some(mut cursor) = self.portals.remove(&fetch.cursor) else {
            return Err(Refusal::new(state::NO_CURSOR, format!("there is no cursor \"{}\"", fetch.cursor)).into());
        };
        let done = self.fetch_from(&mut cursor, fetch, formats, describe, turn).await;
        self.portals.insert(fetch.cursor.clone(), cursor);
        done
    }

    async fn fetch_from(
        &mut self,
        cursor: &mut Portal,
        fetch: &Fetch,
        formats: &[i16],
        describe: bool,
        turn: &Turn,
    ) -> Result<String, Stop> {
        if fetch.step == Step::Back {
            return Err(forward_alone(&fetch.cursor).into());
        }
        let columns = self.started(cursor, turn).await?;
        let word = if fetch.rows { "FETCH" } else { "MOVE" };
        let Progress::Running(running) = &mut cursor.progress else { return Ok(format!("{word} 0")) };
        // How many rows are passed over, and how many are wanted behind them.
        let (over, wanted) = match fetch.step {
            Step::Forward(count) => (0, count),
            Step::All => (0, u64::MAX),
            Step::To(row) if row > running.passed => (row - running.passed - 1, 1),
            Step::To(0) if running.passed == 0 => (0, 0),
            Step::By(rows) => (rows.saturating_sub(1), rows.min(1)),
            Step::To(_) | Step::Back => return Err(forward_alone(&fetch.cursor).into()),
        };
        if let Some(columns) = columns.filter(|_| describe && fetch.rows) {
            message::columns(&mut self.wire.output, &columns, |at| is_binary(formats, at));
        }
        let (mut passed, mut found) = (0, 0);
        while found < wanted {
            let Some((rows, at)) = running.next(&mut self.wire, turn).await? else { break };
            if passed < over {
                passed += 1;
                continue;
            }
            found += 1;
            if fetch.rows {
                let out = &mut self.wire.output;
                rows.put_row(at, |column| is_binary(formats, column), out);
                turn.send(&mut self.wire).await?;
            }
        }
        Ok(format!("{word} {found}"))
    }

    fn shown(&self, name: &str) -> Result<String, Refusal> {
        let none = || Refusal::new(state::NO_SETTING, format!("there is no setting {name}"));
        match name.strip_prefix("lantoa.") {
            Some(setting) if NAMES.contains(&setting) => Ok(self.session.setting(setting).unwrap_or_default()),
            Some(_) => Err(none().hint(format!("there are {LISTED}"))),
            None => self.settings.get(name).ok_or_else(none),
        }
    }

    /// Does what has no rows; the words of its tag.
    pub(super) async fn command(&mut self, statement: &Statement, turn: &Turn) -> Result<String, Stop> {
        let tag = match statement {
            Statement::Begin => {
                if !self.transaction.begin() {
                    self.warn(state::ACTIVE_TRANSACTION, "a transaction is open already");
                }
                "BEGIN"
            }
            Statement::Commit => match self.end_transaction(turn).await? {
                TransactionStatus::Error => "ROLLBACK",
                TransactionStatus::Idle | TransactionStatus::Transaction => "COMMIT",
            },
            Statement::Rollback => {
                self.end_transaction(turn).await?;
                "ROLLBACK"
            }
            Statement::Savepoint(name) => self.transaction.savepoint(name).map(|()| "SAVEPOINT")?,
            Statement::Release(name) => self.transaction.release(name).map(|()| "RELEASE")?,
            Statement::RollbackTo(name) => self.transaction.roll_back_to(name).map(|()| "ROLLBACK")?,
            Statement::Set { name, value, local } => {
                self.set(name, value.as_deref(), *local, turn).await?;
                "SET"
            }
            Statement::ResetAll => {
                self.reset_all(turn).await?;
                "RESET"
            }
            Statement::Discard(Discard::All) => {
                if self.transaction.standing() != TransactionStatus::Idle {
                    return Err(
                        Refusal::new(state::ACTIVE_TRANSACTION, "DISCARD ALL is for outside of transactions").into()
                    );
                }
                self.portals.clear();
                self.prepared.clear();
                self.reset_all(turn).await?;
                "DISCARD ALL"
            }
            Statement::Discard(Discard::Other(tag)) | Statement::Nothing(tag) => *tag,
            Statement::Deallocate(None) => {
                self.prepared.clear();
                "DEALLOCATE ALL"
            }
            Statement::Deallocate(Some(name)) => match self.prepared.remove(name) {
                Some(_) => "DEALLOCATE",
                None => {
                    let refused = format!("there is no prepared statement \"{name}\"");
                    return Err(Refusal::new(state::NO_STATEMENT, refused).into());
                }
            },
            Statement::Close(None) => {
                self.portals.clear();
                "CLOSE CURSOR ALL"
            }
            Statement::Close(Some(name)) => match self.portals.remove(name) {
                Some(_) => "CLOSE CURSOR",
                None => return Err(Refusal::new(state::NO_CURSOR, format!("there is no cursor \"{name}\"")).into()),
            },
            // The others have rows, or nothing to do.
            _ => "",
        };
        Ok(tag.to_owned())
    }

    fn warn(&mut self, state: &'static str, what: &str) {
        message::notice(&mut self.wire.output, SEVERITY_WARNING, state, what);
    }

    async fn end_transaction(&mut self, turn: &Turn) -> Result<TransactionStatus, Stop> {
        let (standing, restore) = self.transaction.end();
        if standing == TransactionStatus::Idle {
            self.warn(state::NO_TRANSACTION, "no transaction is open");
        }
        self.portals.retain(|_, portal| portal.hold);
        for (name, value) in restore.into_iter().rev() {
            self.set(&name, value.as_deref(), false, turn).await?;
        }
        Ok(standing)
    }

    async fn declare(&mut self, name: String, mut cursor: Portal, turn: &Turn) -> Result<(), Stop> {
        if self.portals.contains_key(&name) {
            return Err(Refusal::new(state::TAKEN_CURSOR, format!("there is a cursor \"{name}\" already")).into());
        }
        if !cursor.hold && self.transaction.standing() == TransactionStatus::Idle {
            let refusal = Refusal::new(state::NO_TRANSACTION, "a cursor ends with its transaction, and none is open");
            return Err(refusal.hint("BEGIN first, or declare it WITH HOLD").into());
        }
        super::prepared::room(&self.portals, "portals")?;
        self.started(&mut cursor, turn).await?;
        self.portals.insert(name, cursor);
        Ok(())
    }

    async fn set(&mut self, name: &str, value: Option<&str>, local: bool, turn: &Turn) -> Result<(), Stop> {
        let ours = name.strip_prefix("lantoa.");
        if local {
            if self.transaction.standing() == TransactionStatus::Idle {
                self.warn(state::NO_TRANSACTION, "SET LOCAL has a meaning in transactions alone");
                return Ok(());
            }
            let before = match ours {
                Some(setting) => self.session.setting(setting),
                None => self.settings.get(name),
            };
            self.transaction.restore.push((name.to_owned(), before));
        }
        if ours.is_none() && !name.starts_with("datafusion.") {
            let name = self.settings.set(name, value)?;
            if ClientSettings::is_reported(name)
                && let Some(value) = self.settings.get(name)
            {
                message::parameter_status(&mut self.wire.output, name, &value);
            }
            return Ok(());
        }
        // A name in quotes may have any letter; what has these alone says nothing but itself.
        if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.')) {
            return Err(Refusal::new(state::NO_SETTING, format!("there is no setting {name}")).into());
        }
        let text = match value {
            Some(value) => format!("SET {name} = '{}'", value.replace('\'', "''")),
            None => format!("RESET {name}"),
        };
        let session = Arc::clone(&self.session);
        let set = turn.wait(&mut self.wire, session.sql(&text)).await?;
        set.map_err(|error| Refusal::of(&error, None))?;
        Ok(())
    }

    async fn reset_all(&mut self, turn: &Turn) -> Result<(), Stop> {
        self.settings.reset();
        for (name, value) in self.settings.reported() {
            message::parameter_status(&mut self.wire.output, name, &value);
        }
        for name in NAMES {
            self.set(&format!("lantoa.{name}"), None, false, turn).await?;
        }
        Ok(())
    }
}

fn is_reset(text: &str) -> bool {
    text.trim_start().get(..5).is_some_and(|word| word.eq_ignore_ascii_case("reset"))
}

/// Rows that were sent are not kept, so that an answer of any length can be read by a cursor.
fn forward_alone(cursor: &str) -> Refusal {
    Refusal::new(state::NOT_SO, format!("cursor \"{cursor}\" can only go forward; SCROLL changes nothing")).hint(
        "read on with FETCH FORWARD, or close it and declare it anew, with ORDER BY … DESC for the other way round",
    )
}
