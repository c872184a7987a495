//! For tests: the embedded broker in this process, over a temporary folder. In: nothing. Out: an address that is served
//! until the value is dropped.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use nisshi_broker::broker::Broker;
use nisshi_broker::coordinator::group::administrator::Controller;
use nisshi_storage::ArcDynStorage;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::Url;
use uuid::Uuid;

use crate::config::Config;

pub(crate) struct TestBroker {
    pub(crate) address: String,
    runtime: Option<Runtime>,
    _folder: TempDir,
}

impl TestBroker {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        // A path that begins with two slashes is not taken below the working directory.
        let storage = Url::parse(&format!("sqlite://test/{}/log.db", folder.path().display())).unwrap();
        let address = free_address();
        let listener = Url::parse(&format!("tcp://{address}")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move {
            Broker::<Controller<ArcDynStorage>, ArcDynStorage>::builder()
                .node_id(1)
                .cluster_id(Uuid::new_v4().to_string())
                .incarnation_id(Uuid::new_v4())
                .advertised_listener(listener.clone())
                .storage(storage)
                .listener(listener)
                .silent(true)
                .build()
                .await
                .unwrap()
                .serve(tokio::time::Instant::now())
                .await
                .unwrap();
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < deadline, "the broker does not listen");
            std::thread::yield_now();
        }
        Self { address, runtime: Some(runtime), _folder: folder }
    }

    pub(crate) fn config(&self) -> Config {
        Config { kafka: self.address.clone(), ..Config::default() }
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        // A runtime must not be awaited inside another.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An address at which nobody listens.
pub(crate) fn free_address() -> String {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string()
}
