//! The parts of a running program, under one supervisor.
//!
//! In: typed settings, one part at a time. Out: what others need of each part, and the first word of a part that
//! fails. Guarantee: parts stop in one order whatever order they were started in (listener, schedule, ingest, projector,
//! query, broker), so that what was acknowledged is committed before its reader and its log go; each has a deadline.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures::FutureExt;
use lantoa_ingest::Intake;
use lantoa_query::Engine;
use lantoa_query::schedule::Run;
use lantoa_schemas::clock::{SharedClock, SystemClock};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa::openapi::OpenApi;

use crate::broker::{BrokerError, EmbeddedBroker};
use crate::deriver::EngineDeriver;
use crate::schedule::{Reports, Scheduler};

mod document;
pub mod health;
mod host;
pub mod listener;
mod memory;

use listener::Manner;

/// How long a part may take to stop. Longer than any deadline that a role sets itself.
const STOP_WITHIN: Duration = Duration::from_secs(40);

/// A part of the program, in the order of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartName {
    /// The HTTP listener.
    Listener,
    /// The HTTP listener of intake alone.
    IntakeListener,
    /// What runs by the clock.
    Schedule,
    /// The ingest role.
    Ingest,
    /// The projector role.
    Projector,
    /// The query role.
    Query,
}

impl PartName {
    /// The word for it where a machine reads.
    fn role(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::IntakeListener => "intake_listener",
            Self::Schedule => "schedule",
            Self::Ingest => "ingest",
            Self::Projector => "projector",
            Self::Query => "query",
        }
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listener => "the HTTP listener",
            Self::IntakeListener => "the HTTP listener of intake",
            Self::Schedule => "the schedule",
            Self::Ingest => "ingest",
            Self::Projector => "the projector",
            Self::Query => "query",
        })
    }
}

/// Why a part does not run or did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The embedded broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// Ingest does not start.
    #[error("ingest does not start")]
    IngestStart(#[from] lantoa_ingest::StartError),
    /// Ingest did not end well.
    #[error("ingest did not end well")]
    IngestStop(#[from] lantoa_ingest::StopError),
    /// The projector does not start or does not go on.
    #[error("the projector stopped")]
    Projector(#[from] lantoa_projector::Error),
    /// Query does not start.
    #[error("query does not start")]
    Query(#[from] lantoa_query::StartError),
    /// The Postgres listener is not opened.
    #[error(transparent)]
    Postgres(#[from] lantoa_query::postgres::OpenError),
    /// The engine that knows the views cannot be opened.
    #[error("the projector does not start")]
    Engine(#[from] lantoa_query::EngineError),
    /// The listener's address cannot be had.
    #[error("cannot listen on {address}; choose another address with {flag} HOST:PORT (port 0: any free one)")]
    Listen {
        /// The flag that says otherwise.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The listener failed.
    #[error("the HTTP listener failed")]
    Listener(#[from] std::io::Error),
    /// A part ended although nobody told it to.
    #[error("{0} ended by itself")]
    Ended(PartName),
    /// A part did not stop in time.
    #[error("{part} did not stop within {} s", STOP_WITHIN.as_secs())]
    Overdue {
        /// Which.
        part: PartName,
    },
    /// A fault of the program.
    #[error("{part} broke off")]
    Broke {
        /// Which.
        part: PartName,
        /// How.
        source: tokio::task::JoinError,
    },
}

struct Part {
    name: PartName,
    stop: CancellationToken,
    /// Gone once it has ended.
    task: Option<JoinHandle<Result<(), PartError>>>,
}

/// The running parts.
#[derive(Default)]
pub struct Parts {
    parts: Vec<Part>,
    broker: Option<EmbeddedBroker>,
    tracker: TaskTracker,
    router: Router,
    /// The routes of ingest among them.
    intake: Router,
    /// What the roles say of their routes.
    api: OpenApi,
    checks: health::Checks,
    registry: Registry,
}

/// The machine's clock, for the roles.
pub fn clock() -> SharedClock {
    Arc::new(SystemClock)
}

/// Takes an address to listen on.
///
/// # Errors
/// [`PartError::Listen`].
pub async fn bind(flag: &'static str, address: SocketAddr) -> Result<TcpListener, PartError> {
    TcpListener::bind(address).await.map_err(|source| PartError::Listen { flag, address, source })
}

impl Parts {
    /// No part yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over a running broker.
    pub fn add_broker(&mut self, broker: EmbeddedBroker) {
        self.broker = Some(broker);
    }

    /// Starts ingest.
    ///
    /// # Errors
    /// [`PartError::IngestStart`].
    pub async fn add_ingest(&mut self, config: lantoa_ingest::Config) -> Result<Arc<Intake>, PartError> {
        let stop = CancellationToken::new();
        let handle = lantoa_ingest::start(config, clock(), stop.clone()).await?;
        // The same doors on every listener: they share the memory that requests may take.
        self.intake = handle.router();
        self.merge(self.intake.clone(), lantoa_ingest::api());
        handle.register(&mut self.registry);
        let intake = handle.intake();
        let asked = Arc::clone(&intake);
        self.checks.add(PartName::Ingest, move || {
            let asked = Arc::clone(&asked);
            async move { asked.ready().await }
        });
        self.add(PartName::Ingest, stop, async move { Ok(handle.join().await?) });
        Ok(intake)
    }

    /// Starts the projector, with an engine that knows the views it keeps. Ingest comes first where both run: it makes
    /// the topics.
    ///
    /// # Errors
    /// [`PartError::Projector`], [`PartError::Engine`].
    pub async fn add_projector(
        &mut self,
        config: lantoa_projector::Config,
        views: lantoa_query::Config,
    ) -> Result<(), PartError> {
        let stop = CancellationToken::new();
        let deriver = EngineDeriver(Engine::open(views, clock())?);
        let handle = lantoa_projector::start(config, Some(Arc::new(deriver)), clock(), stop.clone()).await?;
        handle.register(&mut self.registry);
        let asked = handle.health();
        self.checks.add(PartName::Projector, move || {
            let asked = Arc::clone(&asked);
            async move { asked.ready().await }
        });
        self.add(PartName::Projector, stop, async move { Ok(handle.join().await?) });
        Ok(())
    }

    /// Starts query, which also answers on a Postgres listener; says where that is.
    ///
    /// # Errors
    /// [`PartError::Query`], [`PartError::Postgres`].
    pub async fn add_query(
        &mut self,
        config: lantoa_query::Config,
        postgres: TcpListener,
    ) -> Result<(Engine, SocketAddr), PartError> {
        let stop = CancellationToken::new();
        let handle = lantoa_query::start(config, clock(), stop.clone()).await?;
        let address = handle.open_postgres(postgres)?;
        Ok((self.take_query(handle, stop), address))
    }

    /// Starts query without a Postgres listener.
    ///
    /// # Errors
    /// [`PartError::Query`].
    pub async fn add_query_alone(&mut self, config: lantoa_query::Config) -> Result<Engine, PartError> {
        let stop = CancellationToken::new();
        let handle = lantoa_query::start(config, clock(), stop.clone()).await?;
        Ok(self.take_query(handle, stop))
    }

    fn take_query(&mut self, handle: lantoa_query::Handle, stop: CancellationToken) -> Engine {
        self.merge(handle.router(), lantoa_query::api());
        let engine = handle.engine();
        engine.register(&mut self.registry);
        let asked = engine.clone();
        self.checks.add(PartName::Query, move || {
            let asked = asked.clone();
            async move { asked.ready().await }
        });
        self.add(PartName::Query, stop, async move {
            match handle.join().await {
                Ok(()) => Ok(()),
                Err(never) => match never {},
            }
        });
        engine
    }

    /// Starts to run what is due by the clock. A run that is under way when it stops is due again.
    pub fn add_schedule(&mut self, scheduler: Scheduler<Reports>) {
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        self.add(PartName::Schedule, stop, async move {
            let ended = |run: &Run| {
                tracing::info!(job = run.job, at = %run.scheduled_at, status = run.status.as_str(), files = run.files, "ran");
            };
            scheduler.keep(&stopping, &ended).await;
            Ok(())
        });
    }

    /// Opens the listener for all roles added so far, with `/healthz`, `/readyz`, `/metrics` and `/v1/openapi.json` beside
    /// them.
    ///
    /// # Errors
    /// [`PartError::Listener`] when the system does not say where it listens.
    pub fn add_listener(
        &mut self,
        listener: TcpListener,
        manner: Manner,
    ) -> Result<(SocketAddr, health::Readiness), PartError> {
        let readiness = health::Readiness::default();
        let mut registry = std::mem::take(&mut self.registry);
        registry.register_collector(Box::new(memory::ProcessMemory));
        let (checks, roles) = (std::mem::take(&mut self.checks), std::mem::take(&mut self.api));
        let own = health::router(readiness.clone(), checks, registry, roles);
        let router = std::mem::take(&mut self.router).merge(own);
        let unready = readiness.clone();
        let address = self.open(PartName::Listener, listener, router, manner, move || unready.set(false))?;
        Ok((address, readiness))
    }

    /// Opens a listener for ingest alone, which has been added, with `/healthz` beside it.
    ///
    /// # Errors
    /// [`PartError::Listener`] when the system does not say where it listens.
    pub fn add_intake_listener(&mut self, listener: TcpListener, manner: Manner) -> Result<SocketAddr, PartError> {
        let router = self.intake.clone().merge(health::alive());
        self.open(PartName::IntakeListener, listener, router, manner, || {})
    }

    fn open(
        &mut self,
        name: PartName,
        listener: TcpListener,
        mut router: Router,
        manner: Manner,
        told: impl FnOnce() + Send + 'static,
    ) -> Result<SocketAddr, PartError> {
        let address = listener.local_addr()?;
        if address.ip().is_loopback() {
            router = router.layer(axum::middleware::from_fn(host::only_local));
        }
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        self.add(name, stop, async move {
            let stopped = async {
                stopping.cancelled().await;
                told();
            };
            tokio::join!(listener::serve(listener, router, manner, stopping.clone()), stopped);
            Ok(())
        });
        Ok(address)
    }

    /// Waits for the first part that ends although nobody told it to. Dropping the future changes nothing.
    pub async fn failed(&mut self) -> PartError {
        let broker = async {
            match &mut self.broker {
                Some(broker) => broker.wait().await.into(),
                None => std::future::pending().await,
            }
        };
        let tasks = self.parts.iter_mut().filter_map(|part| {
            let name = part.name;
            let slot = &mut part.task;
            slot.is_some().then(|| {
                async move {
                    let ended = match slot.as_mut() {
                        Some(task) => task.await,
                        None => std::future::pending().await,
                    };
                    *slot = None;
                    outcome(name, ended).err().unwrap_or(PartError::Ended(name))
                }
                .boxed()
            })
        });
        let tasks: Vec<_> = tasks.collect();
        let any = async {
            if tasks.is_empty() { std::future::pending().await } else { futures::future::select_all(tasks).await.0 }
        };
        tokio::select! {
            error = broker => error,
            error = any => error,
        }
    }

    /// Stops all parts in order.
    ///
    /// # Errors
    /// The first part's that did not stop well; the others are stopped all the same.
    pub async fn stop(mut self) -> Result<(), PartError> {
        self.parts.sort_by_key(|part| part.name);
        let mut first = Ok(());
        for part in self.parts {
            first = first.and(stop_part(part).await);
        }
        // They hold the log's client, which would otherwise see the broker go and complain.
        drop(self.checks);
        drop(self.intake);
        if let Some(broker) = self.broker {
            first = first.and(broker.stop().await.map_err(PartError::from));
        }
        self.tracker.close();
        first
    }

    fn add(
        &mut self,
        name: PartName,
        stop: CancellationToken,
        work: impl Future<Output = Result<(), PartError>> + Send + 'static,
    ) {
        let task = Some(self.tracker.spawn(work));
        self.parts.push(Part { name, stop, task });
    }

    fn merge(&mut self, router: Router, api: OpenApi) {
        self.router = std::mem::take(&mut self.router).merge(router);
        self.api.merge(api);
    }
}

async fn stop_part(part: Part) -> Result<(), PartError> {
    part.stop.cancel();
    let Some(mut task) = part.task else { return Ok(()) };
    tracing::debug!(part = %part.name, "stopping");
    match tokio::time::timeout(STOP_WITHIN, &mut task).await {
        Ok(ended) => outcome(part.name, ended),
        Err(_) => {
            task.abort();
            Err(PartError::Overdue { part: part.name })
        }
    }
}

fn outcome(part: PartName, ended: Result<Result<(), PartError>, tokio::task::JoinError>) -> Result<(), PartError> {
    ended.map_err(|source| PartError::Broke { part, source })?
}
