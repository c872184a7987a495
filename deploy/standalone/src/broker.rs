//! The embedded broker, seen from the program that uses it: a child process that speaks Kafka on loopback.
//!
//! In: the data folder and a port. Out: an address that rdkafka can use, and word when the child ends by itself.
//! Guarantee: when [`EmbeddedBroker::start`] returns, this folder's own broker answers metadata requests; no second
//! broker ever works on the folder, and the child never outlives the program that started it (it watches a pipe).

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::data_dir::{DataDir, DataDirError, create_dir};

pub mod child;
mod folder;
mod probe;

/// How many free ports are tried before giving up: each can be taken by somebody else before the child binds it.
const PORT_ATTEMPTS: u32 = 5;
/// How long the child may take from its start to its first answer.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How long the child may take to end once its pipe is closed.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The asked port belongs to somebody else.
    #[error("port {port} for the embedded broker is taken; choose another with --kafka-port PORT (0: any free one)")]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// No free port could be had.
    #[error(
        "found no free port for the embedded broker in {PORT_ATTEMPTS} attempts; choose one with --kafka-port PORT"
    )]
    NoPort,
    /// The broker of a killed program is still working on the folder.
    #[error(
        "the broker of an earlier lantoa{} still works on {}; end that process and start again",
        pid.map_or_else(String::new, |pid| format!(" (pid {pid})")), folder.display()
    )]
    EarlierBroker {
        /// The broker's folder.
        folder: PathBuf,
        /// Its process id, where it has written it down.
        pid: Option<u32>,
    },
    /// The child could not be started or asked.
    #[error("cannot run the embedded broker")]
    Process(#[from] std::io::Error),
    /// The child ended although nobody told it to.
    #[error("the embedded broker ended by itself ({status}); {} says why", log.display())]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        log: PathBuf,
    },
    /// The child did not answer in time.
    #[error("the embedded broker did not answer within {} s; {} may say why", READY_WITHIN.as_secs(), log.display())]
    NotReady {
        /// What it printed.
        log: PathBuf,
    },
    /// Its folder cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
}

/// A running broker child.
#[derive(Debug)]
pub struct EmbeddedBroker {
    child: Child,
    /// The child ends when this closes, so it is kept until [`EmbeddedBroker::stop`].
    pipe: ChildStdin,
    address: SocketAddr,
    log: PathBuf,
}

impl EmbeddedBroker {
    /// Starts the broker of a data folder on loopback, on `port` or, for `None`, on any free one, and waits until
    /// it answers. The caller owns the folder ([`DataDir::lock`]).
    ///
    /// # Errors
    /// Any [`BrokerError`].
    pub async fn start(data: &DataDir, port: Option<u16>) -> Result<Self, BrokerError> {
        create_dir(&data.broker())?;
        folder::await_earlier_broker(&data.broker()).await?;
        let cluster_id = folder::cluster_id(&data.broker())?;
        for _ in 0..PORT_ATTEMPTS {
            let address = match port {
                Some(port) => asked_address(port)?,
                None => free_address()?,
            };
            let mut broker = Self::spawn(data, address, &cluster_id)?;
            match broker.ready(&cluster_id).await {
                Err(BrokerError::Ended { status, .. }) if status.code() == Some(child::EXIT_PORT_TAKEN.into()) => {
                    if let Some(port) = port {
                        return Err(BrokerError::PortTaken { port });
                    }
                    tracing::info!(%address, "port was taken before the broker could bind it, trying another");
                }
                Err(error) => return Err(error),
                Ok(()) => return Ok(broker),
            }
        }
        Err(BrokerError::NoPort)
    }

    /// Its address as Kafka clients want it, `127.0.0.1:PORT`.
    pub fn bootstrap(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the child ends, which it should not do, and says how. Dropping the future changes nothing.
    pub async fn wait(&mut self) -> BrokerError {
        match self.child.wait().await {
            Ok(status) => BrokerError::Ended { status, log: self.log.clone() },
            Err(error) => BrokerError::Process(error),
        }
    }

    /// Tells the child to end and waits for it; one that does not end in time is killed, which loses nothing that
    /// was acknowledged.
    ///
    /// # Errors
    /// [`BrokerError::Process`] when it cannot be killed either.
    pub async fn stop(mut self) -> Result<(), BrokerError> {
        drop(self.pipe);
        match timeout(STOP_WITHIN, self.child.wait()).await {
            Ok(ended) => {
                tracing::debug!(status = %ended?, "broker ended");
            }
            Err(_) => {
                tracing::warn!(within = ?STOP_WITHIN, "broker did not end in time, killing it");
                self.child.kill().await?;
            }
        }
        Ok(())
    }

    fn spawn(data: &DataDir, address: SocketAddr, cluster_id: &str) -> Result<Self, BrokerError> {
        let log = data.log().join("broker.log");
        let output = folder::open_log(&log)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["broker", "--listen", &address.to_string(), "--cluster-id", cluster_id])
            .current_dir(data.broker())
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A group of its own: Ctrl-C in a terminal goes to the program alone, which stops its parts in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let pipe = child.stdin.take().expect("stdin was asked to be a pipe");
        tracing::debug!(%address, pid = child.id(), "broker started");
        Ok(Self { child, pipe, address, log })
    }

    /// Waits until the broker answers as the cluster it is.
    async fn ready(&mut self, cluster_id: &str) -> Result<(), BrokerError> {
        let deadline = Instant::now() + READY_WITHIN;
        let (address, log) = (self.address, self.log.clone());
        tokio::select! {
            ended = self.wait() => Err(ended),
            answered = probe::answers(address, cluster_id, deadline) => {
                if answered { Ok(()) } else { Err(BrokerError::NotReady { log }) }
            }
        }
    }
}

/// Loopback at the asked port, seen to be free.
fn asked_address(port: u16) -> Result<SocketAddr, BrokerError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).map_err(|_| BrokerError::PortTaken { port })?;
    Ok(address)
}

/// Loopback at a port that is free now. The broker must advertise its port before it binds, so it cannot choose one.
fn free_address() -> Result<SocketAddr, BrokerError> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Waits a moment between two looks at something that tells nobody when it changes.
async fn moment() {
    sleep(Duration::from_millis(10)).await;
}
