//! The embedded broker, seen from inside: what `lantoa broker` runs.
//!
//! In: an address, a cluster id, and the working directory, below which all of it is kept. Out: a Kafka-protocol
//! broker on that address. Guarantee: it ends when its standard input closes, which the kernel does for whoever
//! started it however that one ends, and on SIGTERM; two never work on one folder.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use nisshi_broker::broker::Broker;
use nisshi_broker::coordinator::group::administrator::Controller;
use nisshi_storage::ArcDynStorage;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::{BrokerError, folder};

/// Exit code of a child whose port somebody else has: the parent picks another.
pub const EXIT_PORT_TAKEN: u8 = 4;

/// The storage, which the broker reads relative to its working directory.
const STORAGE: &str = "sqlite://lantoa.db";

/// The broker's node id; it is alone in its cluster.
const NODE_ID: i32 = 1;

/// Why the child ended early.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The address belongs to somebody else.
    #[error("{0} is taken")]
    PortTaken(SocketAddr),
    /// Its folder is in use or cannot be used.
    #[error(transparent)]
    Folder(#[from] BrokerError),
    /// An address that is no URL.
    #[error("cannot make a URL of the listener's address")]
    Url(#[from] url::ParseError),
    /// What the broker itself says.
    #[error("the broker failed: {0}")]
    Broker(#[from] nisshi_broker::Error),
    /// Signals cannot be had.
    #[error("cannot listen for signals")]
    Signal(#[from] std::io::Error),
}

/// Serves until standard input closes or SIGTERM comes.
///
/// # Errors
/// Any [`ChildError`].
pub async fn run(listen: SocketAddr, cluster_id: String) -> Result<(), ChildError> {
    let mut terminated = signal(SignalKind::terminate())?;
    let serve = async {
        let _lock = folder::own(Path::new(".")).await?;
        let address = Url::parse(&format!("tcp://{listen}"))?;
        let mut broker: Broker<Controller<ArcDynStorage>, ArcDynStorage> =
            Broker::<Controller<ArcDynStorage>, ArcDynStorage>::builder()
                .node_id(NODE_ID)
                .cluster_id(cluster_id)
                .incarnation_id(Uuid::new_v4())
                .advertised_listener(address.clone())
                .storage(Url::parse(STORAGE)?)
                .listener(address)
                .silent(true)
                .build()
                .await?;
        broker.serve(Instant::now()).await.map_err(|error| failure(error, listen))
    };
    tokio::select! {
        served = serve => served,
        () = parent_ended() => Ok(()),
        _ = terminated.recv() => Ok(()),
    }
}

fn failure(error: nisshi_broker::Error, listen: SocketAddr) -> ChildError {
    match &error {
        nisshi_broker::Error::Io(io) if io.kind() == std::io::ErrorKind::AddrInUse => ChildError::PortTaken(listen),
        _ => error.into(),
    }
}

/// Resolves when standard input closes. Whatever comes in before is not for us.
async fn parent_ended() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    while let Ok(1..) = input.read(&mut ignored).await {}
}

/// How long a runtime that served the broker gets for its last threads: the one that reads standard input never ends
/// after SIGTERM.
pub const RUNTIME_ENDS_WITHIN: Duration = Duration::from_millis(500);
