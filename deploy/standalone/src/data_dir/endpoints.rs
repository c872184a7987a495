//! `endpoints.json`: where a running `lantoa up` listens.
//!
//! In: what `up` writes when it is ready. Out: the same for whoever wants to talk to it.
//! Guarantee: [`Endpoints::of_running`] never believes a file that a killed program left behind: the process that the
//! file names must itself answer at the address that the file names.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DataDir, DataDirError, write_whole};

/// How long a running program may take to say that it lives.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Where a program listens. Each address is `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Its process id.
    pub pid: u32,
    /// The HTTP listener.
    pub http: String,
    /// The listener for senders alone; none unless it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake: Option<String>,
    /// The Postgres listener; of a release without one there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// The Kafka it uses; several addresses are parted by commas.
    pub kafka: String,
}

/// Body of `/healthz`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Always `ok`: whoever is not does not answer.
    pub status: String,
    /// Process id of the one that answers.
    pub pid: u32,
}

impl Health {
    /// What this process answers.
    pub fn of_this_process() -> Self {
        Self { status: "ok".into(), pid: std::process::id() }
    }
}

impl Endpoints {
    /// Writes the file.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn write(&self, data: &DataDir) -> Result<(), DataDirError> {
        let text = serde_json::to_vec_pretty(self).expect("plain fields are always JSON");
        write_whole(&data.endpoints(), &text)
    }

    /// Removes the file, if it is there.
    ///
    /// # Errors
    /// [`DataDirError::Io`] when it is there and stays.
    pub fn remove(data: &DataDir) -> Result<(), DataDirError> {
        let path = data.endpoints();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(DataDirError::io("remove", path)(error)),
            _ => Ok(()),
        }
    }

    /// What the file says, true or stale; `None` where there is no readable one.
    pub fn read(data: &DataDir) -> Option<Self> {
        serde_json::from_slice(&fs::read(data.endpoints()).ok()?).ok()
    }

    /// Where the program that owns this folder now listens; `None` when none does.
    pub async fn of_running(data: &DataDir) -> Option<Self> {
        let endpoints = Self::read(data)?;
        // Loopback never goes through the proxy that the environment may name.
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_WITHIN).build().ok()?;
        let answer = client.get(format!("http://{}/healthz", endpoints.http)).send().await.ok()?;
        let health: Health = answer.error_for_status().ok()?.json().await.ok()?;
        (health.pid == endpoints.pid).then_some(endpoints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn endpoints(http: String) -> Endpoints {
        Endpoints { pid: std::process::id(), http, intake: None, postgres: None, kafka: "127.0.0.1:7092".into() }
    }

    /// Answers one request on a port of its own as the process `pid` would.
    async fn one_answer(pid: u32) -> (String, impl Future<Output = ()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let body = serde_json::to_string(&Health { status: "ok".into(), pid }).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        };
        (address, serve)
    }

    #[tokio::test]
    async fn a_file_is_believed_only_when_its_process_answers() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::new(temp.path());
        assert_eq!(Endpoints::of_running(&data).await, None);

        for (pid, believed) in [(std::process::id(), true), (1, false)] {
            let (address, serve) = one_answer(pid).await;
            endpoints(address.clone()).write(&data).unwrap();
            let (found, ()) = tokio::join!(Endpoints::of_running(&data), serve);
            assert_eq!(found.is_some(), believed, "answered by {pid}");
            assert_eq!(Endpoints::of_running(&data).await, None, "nobody listens any more");
        }

        Endpoints::remove(&data).unwrap();
        Endpoints::remove(&data).unwrap();
        assert_eq!(Endpoints::read(&data), None);
    }
}
