//! A connection of somebody who was let in: messages in, answers out, one after the other.
//!
//! In: a session and what the client says. Out: what Postgres would say. Guarantee: every statement goes through the
//! session; each is answered or refused, and after each the client is told that the next is awaited; an error in an
//! extended question passes over what depends on it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use pgwire::error::SEVERITY_NOTICE;
use pgwire::messages::PgWireFrontendMessage as Said;
use pgwire::messages::response::{EmptyQueryResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::{BackendKeyData, SecretKey};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::client::ClientSettings;
use super::message::{self, say};
use super::portal::Portal;
use super::prepared::Prepared;
use super::print::spelled;
use super::refusal::{Refusal, Stop, state};
use super::running::Running;
use super::scan::statements;
use super::statement::Statement;
use super::transaction::Transaction;
use super::turn::{Turn, stopped};
use super::wire::{Message, ReadError, SEND_AT, Wire, WireError};
use super::{Face, Signals, catalogue};
use crate::session::{Session, Values};

/// A connection and all that it remembers.
pub(super) struct Connection<S> {
    pub(super) wire: Wire<S>,
    pub(super) session: Arc<Session>,
    pub(super) settings: Arc<ClientSettings>,
    pub(super) transaction: Transaction,
    pub(super) prepared: HashMap<String, Prepared>,
    pub(super) portals: HashMap<String, Portal>,
    pub(super) signals: Arc<Signals>,
    shutdown: CancellationToken,
    /// Whether messages up to the next Sync depend on one that failed.
    passing_over: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn new(
        wire: Wire<S>,
        session: Arc<Session>,
        settings: Arc<ClientSettings>,
        signals: Arc<Signals>,
        face: &Face,
    ) -> Self {
        Self {
            wire,
            session,
            settings,
            transaction: Transaction::default(),
            prepared: HashMap::new(),
            portals: HashMap::new(),
            signals,
            shutdown: face.shutdown.clone(),
            passing_over: false,
        }
    }

    /// Takes a setting that the connection begins with.
    pub(super) async fn begin_with(&mut self, name: &str, value: &str) -> Result<(), Stop> {
        let turn = self.turn();
        let set = Statement::Set { name: name.to_owned(), value: Some(value.to_owned()), local: false };
        let done = self.command(&set, &turn).await.map(drop);
        self.signals.end();
        done
    }

    /// Tells the client what to go by, and that its first statement is awaited.
    pub(super) async fn greet(&mut self) -> Result<(), Stop> {
        // What was said until now, such as that a setting changed, is in here.
        for (name, value) in self.settings.reported() {
            message::parameter_status(&mut self.wire.output, name, &value);
        }
        let key = BackendKeyData::new(self.signals.process, SecretKey::I32(self.signals.secret));
        say(&mut self.wire.output, &key);
        say(&mut self.wire.output, &ReadyForQuery::new(TransactionStatus::Idle));
        self.flush().await
    }

    /// Serves the client until it goes or is sent away.
    pub(super) async fn run(mut self) {
        loop {
            let shutdown = self.shutdown.clone();
            let read = tokio::select! {
                biased;
                () = shutdown.cancelled() => Err(Refusal::fatal(state::STOPPING, "the program stops")),
                read = self.wire.read() => match read {
                    Ok(Message::Known(Said::Terminate(_))) | Err(ReadError::Gone(_)) => return,
                    Ok(message) => Ok(message),
                    Err(ReadError::Wrong { error, framed: true }) => match self.wrong(&error).await {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                    Err(ReadError::Wrong { error, framed: false }) => {
                        Err(Refusal::fatal(state::PROTOCOL, error.to_string()))
                    }
                },
            };
            let done = match read {
                Ok(message) => self.answer(message).await,
                Err(refusal) => Err(refusal.into()),
            };
            match done {
                Ok(()) => {}
                Err(Stop::Gone) => return,
                Err(Stop::Refused(refusal)) => {
                    self.refuse(&refusal);
                    if refusal.fatal {
                        return self.wire.close().await;
                    }
                }
            }
        }
    }

    /// Answers what is no message of its kind.
    async fn wrong(&mut self, error: &WireError) -> Result<(), Stop> {
        let of_sync = matches!(error, WireError::Content(b'S', _));
        if self.passing_over && !of_sync {
            return Ok(());
        }
        self.refuse(&Refusal::new(state::PROTOCOL, error.to_string()));
        // Nobody sends a Sync behind a simple question.
        self.passing_over = !of_sync && !matches!(error, WireError::Content(b'Q', _));
        if self.passing_over { Ok(()) } else { self.await_next().await }
    }

    /// Answers a message. Only what ends the connection is an error.
    async fn answer(&mut self, message: Message) -> Result<(), Stop> {
        match message {
            Message::Known(Said::Sync(_)) => {
                self.passing_over = false;
                self.await_next().await
            }
            _ if self.passing_over => Ok(()),
            Message::Known(Said::Query(query)) => {
                let done = self.simple(&query.query).await;
                self.told(done)?;
                self.await_next().await
            }
            Message::FunctionCall => {
                let refusal = Refusal::new(state::UNSUPPORTED, "a function is not called by a message of its own");
                self.refuse(&refusal.hint("call it in a SELECT"));
                self.await_next().await
            }
            Message::Known(Said::Flush(_)) => self.flush().await,
            Message::Known(extended) if extended.is_extended_query() => {
                let done = self.extended(extended).await;
                self.passing_over = self.told(done)?;
                // An answer of many small questions is sent when the client asks for it, or when it is enough.
                if self.wire.output.len() >= SEND_AT { self.flush().await } else { Ok(()) }
            }
            // A password that nobody asked for, data that nobody copies in.
            Message::Known(_) => Ok(()),
        }
    }

    /// Tells the client of a refusal; whether there was one.
    fn told(&mut self, done: Result<(), Stop>) -> Result<bool, Stop> {
        self.signals.end();
        match done {
            Ok(()) => Ok(false),
            Err(Stop::Refused(refusal)) if !refusal.fatal => {
                self.refuse(&refusal);
                Ok(true)
            }
            Err(stop) => Err(stop),
        }
    }

    fn refuse(&mut self, refusal: &Refusal) {
        message::error(&mut self.wire.output, refusal);
        self.transaction.fail();
    }

    async fn await_next(&mut self) -> Result<(), Stop> {
        if self.transaction.standing() == TransactionStatus::Idle {
            self.portals.retain(|_, portal| portal.hold);
        }
        say(&mut self.wire.output, &ReadyForQuery::new(self.transaction.standing()));
        self.flush().await
    }

    /// Sends what is collected. A client that does not take it holds up no stop of the program.
    async fn flush(&mut self) -> Result<(), Stop> {
        tokio::select! {
            biased;
            sent = self.wire.flush() => Ok(sent?),
            () = stopped(&self.shutdown) => Err(Stop::Gone),
        }
    }

    async fn simple(&mut self, text: &str) -> Result<(), Stop> {
        let all = statements(text);
        if all.is_empty() {
            say(&mut self.wire.output, &EmptyQueryResponse::new());
        }
        let alone = all.len() == 1;
        for one in all {
            let mut portal = Portal::of(Statement::of(one)?, one);
            // A place in one of several is no place in what was sent.
            portal.as_sent = alone && one.len() == text.len();
            let turn = self.turn();
            self.execute(&mut portal, 0, true, &turn).await?;
        }
        Ok(())
    }

    /// The turn of a statement that begins now.
    pub(super) fn turn(&self) -> Turn {
        Turn::begin(self.signals.begin(), self.settings.statement_timeout(), self.shutdown.clone())
    }

    /// Begins to answer a question. `as_sent` says whether a place in the text means something to the client.
    pub(super) async fn ask(
        &mut self,
        text: &str,
        values: &Values,
        as_sent: bool,
        told: Option<SchemaRef>,
        turn: &Turn,
    ) -> Result<Running, Stop> {
        let rewritten = catalogue::rewritten(text);
        let sent = rewritten.as_deref().unwrap_or(text);
        let (session, spelled) = (Arc::clone(&self.session), spelled(text, values));
        let answer = turn.wait(&mut self.wire, Box::pin(session.sql_with(sent, values, &spelled))).await?;
        let place = (as_sent && rewritten.is_none()).then_some(text);
        let answer = answer.map_err(|error| Refusal::of(&error, place))?;
        for notice in answer.notices() {
            message::notice(&mut self.wire.output, SEVERITY_NOTICE, "00000", notice);
        }
        Ok(Running::new(answer, told, self.settings.zone())?)
    }
}
