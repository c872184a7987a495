//! Asks a broker whether it is there, as any Kafka client would.
//!
//! In: its address and cluster id. Out: whether it answered in time.
//! Guarantee: an answer counts only when it comes from that cluster, not from a stranger on the same port.

use std::net::SocketAddr;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::moment;

/// How long one request may take.
const REQUEST_WITHIN: Duration = Duration::from_secs(2);

/// Whether the broker at `address` answers a metadata request as cluster `cluster_id` before `deadline`.
pub(super) async fn answers(address: SocketAddr, cluster_id: &str, deadline: Instant) -> bool {
    while Instant::now() < deadline {
        // A refused connection costs librdkafka a back-off, so a plain one looks first whether anybody listens.
        if TcpStream::connect(address).await.is_ok() {
            let cluster_id = cluster_id.to_owned();
            let asked = tokio::task::spawn_blocking(move || ask(address, &cluster_id)).await;
            if asked.unwrap_or(false) {
                return true;
            }
        }
        moment().await;
    }
    false
}

fn ask(address: SocketAddr, cluster_id: &str) -> bool {
    let consumer: Result<BaseConsumer, _> = ClientConfig::new().set("bootstrap.servers", address.to_string()).create();
    consumer.is_ok_and(|consumer| {
        consumer.fetch_metadata(None, REQUEST_WITHIN).is_ok()
            && consumer.client().fetch_cluster_id(REQUEST_WITHIN).as_deref() == Some(cluster_id)
    })
}
