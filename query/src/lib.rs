//! The reading side of Lantoa: tables in, answers out.
//!
//! In: the folder of Delta tables that the projector writes, and SQL. Out: rows as a stream of Arrow batches, over HTTP
//! or to the caller. Guarantee: nothing is ever written but releases and the history of the schedule, every statement sees one
//! version of each table, and an answer is whole or an error.
//!
//! In reading order: who asks (`access`), what is asked for (`config`, `settings`), where rows come from (`tables`, `fate`), what
//! they are judged by (`knowledge`, `reference_tables`), what views are made of (`functions`, `logistic`,
//! `area_functions`, `indicator`, `catalog`), who answers (`session`, `answer`, `error`, within `limits`, counted by `count`, recorded by `asked`),
//! what is made before anybody asks (`ahead`), what is stored so that it stays (`release`), what ran by the clock
//! (`schedule`), what became of what was sent (`receipt`), and how an answer leaves (`format`, `face`, `http`, `postgres`;
//! what an address asks for is `selection`, for people who look first `page`). How a listener proves who it is (`tls`) is
//! for the program, too.

pub mod access;
mod ahead;
pub mod answer;
mod area_functions;
mod asked;
mod catalog;
pub mod config;
mod count;
pub mod error;
pub mod face;
mod fate;
pub mod format;
mod functions;
mod http;
mod indicator;
mod knowledge;
mod limits;
mod logistic;
mod page;
pub mod postgres;
pub mod receipt;
mod reference_tables;
pub mod release;
pub mod schedule;
mod selection;
pub mod session;
pub mod settings;
mod tables;
pub mod tls;

use std::net::SocketAddr;

use lantoa_schemas::clock::SharedClock;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use access::Asker;
pub use config::Config;
pub use error::{Owner, QueryError};
pub use http::api;
pub use limits::Limits;
pub use page::words::Translator;
pub use postgres::PostgresConfig;
pub use session::{Derivation, Engine, EngineError, Session, TableStatus};
pub use settings::Settings;

/// The query role could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The query role ended because of a fault of its own.
#[derive(Debug, thiserror::Error)]
pub enum Error {}

/// The running role.
#[derive(Debug)]
pub struct Handle {
    engine: Engine,
    router: axum::Router,
    answers: TaskTracker,
    shutdown: CancellationToken,
}

impl Handle {
    /// The role's routes (`/v1/sql`, `/v1/indicators`, `/v1/receipts`, `/v1/releases`, `/v1/status` and the page at
    /// `/`), for the program's one HTTP listener.
    pub fn router(&self) -> axum::Router {
        self.router.clone()
    }

    /// The engine, for callers in the same program.
    pub fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// Answers on a listener as Postgres does; says where that is.
    ///
    /// # Errors
    /// Where the listener could be reached by whom it should not, or its TLS cannot be had.
    pub fn open_postgres(&self, listener: tokio::net::TcpListener) -> Result<SocketAddr, postgres::OpenError> {
        let (engine, shutdown) = (self.engine.clone(), self.shutdown.clone());
        postgres::serve(listener, engine.postgres(), engine.clone(), &self.answers, shutdown)
    }

    /// Resolves when shutdown was asked for and every answer that had begun is sent or given up by its reader.
    ///
    /// # Errors
    /// None today: what the role does by itself only saves time.
    pub async fn join(self) -> Result<(), Error> {
        self.shutdown.cancelled().await;
        self.answers.close();
        self.answers.wait().await;
        Ok(())
    }
}

/// Starts the query role; it is ready when this returns. Tables may come into being later.
///
/// # Errors
/// Where the folder's path or the limits of the configuration cannot be used.
pub async fn start(config: Config, clock: SharedClock, shutdown: CancellationToken) -> Result<Handle, StartError> {
    // Where nothing is remembered, nobody would find what was made.
    let works_ahead = config.ahead && config.remember_bytes > 0;
    let engine = Engine::open(config, clock)?;
    let answers = TaskTracker::new();
    if works_ahead {
        answers.spawn(ahead::run(engine.clone(), shutdown.clone()));
    }
    let router = http::router(engine.clone(), answers.clone(), shutdown.clone());
    Ok(Handle { engine, router, answers, shutdown })
}
