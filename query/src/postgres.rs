//! The Postgres face: what psql, drivers and the tools built on them speak. The only module that knows their protocol.
//!
//! In: connections on one listener. Out: answers of sessions, as Postgres would send them. Guarantee: every question goes
//! through a [`Session`], as over HTTP, with the same views, settings, rights, limits and counters; nobody is let in from
//! elsewhere without TLS and a password; no message, however wrong, ends more than its own connection.
//!
//! Messages are read and written by the crate pgwire, behind bounds of ours: it panics on a message that lies about itself.
//!
//! In reading order: a listener and its connections (`postgres`), how one begins (`startup`, `tls`, `scram`), what is said
//! on it (`wire`, `sound`, `message`, `refusal`), what a message does (`connection`, `prepared`, `execute`, `transaction`, `client`,
//! `statement`, `scan`), how an answer leaves (`turn`, `running`, `portal`, `kind`, `encode`, `bind`, `lists`, `print`, `copy`), and
//! what clients ask of the catalogue (`catalogue`).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::session::{Engine, Session};
pub use crate::tls::TlsError;

mod bind;
mod catalogue;
mod client;
mod connection;
mod copy;
mod encode;
mod execute;
mod kind;
mod lists;
mod message;
mod portal;
mod prepared;
mod print;
mod refusal;
mod running;
mod scan;
mod scram;
mod sound;
mod startup;
mod statement;
mod tls;
mod transaction;
mod turn;
mod wire;

use refusal::{Refusal, state};
use tls::Tls;
use wire::Wire;

/// Bytes that a message has beside the text of its question.
const BESIDE_THE_TEXT: usize = 1 << 20;

/// Settings of the face.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PostgresConfig {
    /// File with the certificate in PEM form, those that vouch for it behind it. Without it nothing is encrypted, and only
    /// this machine is listened to.
    pub tls_certificate: Option<PathBuf>,
    /// File with the certificate's private key in PEM form.
    pub tls_key: Option<PathBuf>,
    /// Most connections at once; one more is told so and closed. Default 250.
    pub connections: usize,
}

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { tls_certificate: None, tls_key: None, connections: 250 }
    }
}

/// The face cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// TLS cannot be had.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// One of two files is named.
    #[error("[query.postgres] needs tls_certificate and tls_key, or neither")]
    HalfOfTls,
    /// The listener could be reached from elsewhere.
    #[error(
        "Postgres on {address} could be reached from other machines, and {missing}; listen on 127.0.0.1, or set \
         tls_certificate and tls_key of [query.postgres] and add a user with `lantoa user add`"
    )]
    Unguarded {
        /// The address.
        address: SocketAddr,
        /// What it lacks.
        missing: &'static str,
    },
    /// The system does not say where it listens, or has no random numbers.
    #[error("the Postgres listener cannot be used")]
    System(#[from] std::io::Error),
}

/// What all connections share.
#[derive(Debug)]
struct Face {
    engine: Engine,
    tls: Option<Tls>,
    on_loopback: bool,
    /// What makes the salt of a user that is not there.
    secret: [u8; 32],
    random: SystemRandom,
    shutdown: CancellationToken,
    admitted: Mutex<HashMap<i32, Weak<Signals>>>,
    last_process: AtomicI32,
}

/// How a connection's statement is reached from another connection.
#[derive(Debug)]
struct Signals {
    process: i32,
    secret: i32,
    session: Arc<Session>,
    under_way: Mutex<Option<CancellationToken>>,
}

impl Signals {
    /// A statement begins: what cancels it.
    fn begin(&self) -> CancellationToken {
        let token = CancellationToken::new();
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        token
    }

    /// No statement is under way.
    fn end(&self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn cancel(&self) {
        if let Some(token) = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).take() {
            token.cancel();
            self.session.cancel().cancel();
        }
    }
}

impl Face {
    /// A connection of somebody who was let in.
    fn admit(&self, session: Arc<Session>) -> Arc<Signals> {
        let process = self.last_process.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let secret = startup::number(&self.random);
        let signals = Arc::new(Signals { process, secret, session, under_way: Mutex::default() });
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        admitted.retain(|_, signals| signals.strong_count() > 0);
        admitted.insert(process, Arc::downgrade(&signals));
        signals
    }

    /// Cancels a connection's statement, where the secret is its own.
    fn cancel(&self, process: i32, secret: i32) {
        let admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        let signals = admitted.get(&process).and_then(Weak::upgrade);
        drop(admitted);
        if let Some(signals) = signals.filter(|signals| signals.secret == secret) {
            signals.cancel();
        }
    }

    fn most_bytes(&self) -> usize {
        self.engine.query_bytes() + BESIDE_THE_TEXT
    }
}

/// Serves a listener until the stop; connections are tasks of `tasks`, which whoever stops waits for.
///
/// # Errors
/// [`OpenError`].
pub(crate) fn serve(
    listener: TcpListener,
    config: &PostgresConfig,
    engine: Engine,
    tasks: &TaskTracker,
    shutdown: CancellationToken,
) -> Result<SocketAddr, OpenError> {
    let address = listener.local_addr()?;
    let on_loopback = address.ip().is_loopback();
    let tls = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::of(certificate, key)?),
        (None, None) => None,
        _ => return Err(OpenError::HalfOfTls),
    };
    let missing = match (tls.is_some(), engine.users().any()) {
        _ if on_loopback => None,
        (false, _) => Some("nothing would be encrypted"),
        (true, false) => Some("nobody would be asked for a password"),
        (true, true) => None,
    };
    if let Some(missing) = missing {
        return Err(OpenError::Unguarded { address, missing });
    }
    let random = SystemRandom::new();
    let mut secret = [0; 32];
    random.fill(&mut secret).map_err(|_| std::io::Error::other("the system gives no random bytes"))?;
    let face = Arc::new(Face {
        engine,
        tls,
        on_loopback,
        secret,
        random,
        shutdown: shutdown.clone(),
        admitted: Mutex::default(),
        last_process: AtomicI32::new(0),
    });
    let room = Arc::new(Semaphore::new(config.connections));
    let accepting = accept(listener, face, room, tasks.clone(), shutdown);
    tasks.spawn(accepting);
    Ok(address)
}

async fn accept(
    listener: TcpListener,
    face: Arc<Face>,
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    shutdown: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Mostly that there are no more file handles: some may be free in a moment.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let face = Arc::clone(&face);
        match Arc::clone(&room).try_acquire_owned() {
            Ok(place) => {
                tasks.spawn(async move {
                    startup::serve(stream, face).await;
                    drop(place);
                });
            }
            Err(_) => {
                let refusal = Refusal::fatal(state::TOO_MANY, "there are too many connections; try again later");
                let mut wire = Wire::new(stream, 0);
                message::error(&mut wire.output, &refusal);
                tasks.spawn(async move { wire.close().await });
            }
        }
    }
}
