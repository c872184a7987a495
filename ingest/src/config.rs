//! Settings of the ingest role. In: a TOML section or defaults. Out: typed values; an unknown key is refused.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lantoa_schemas::avro::ConfluentSchemas;
use lantoa_schemas::connection::ConnectionProperties;
use serde::{Deserialize, Deserializer};

/// Settings of the ingest role. Durations are given in seconds, also with a fraction.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Brokers to begin with, `host:port` separated by commas.
    pub kafka: String,
    /// How they are reached beside that: protocol, credentials, certificates. The program's own to set.
    #[serde(skip)]
    pub connection: ConnectionProperties,
    /// Which schema each id of a schema registry stands for in the reference topic. The program's own to set: to the
    /// projector's, because both judge by the same records.
    #[serde(skip)]
    pub confluent_schemas: ConfluentSchemas,
    /// Whether who sends over HTTP has to show a token. Off is for listeners on loopback alone.
    pub tokens: Tokens,
    /// File of the tokens. Without it `senders.toml` in the data folder, which the program fills in.
    pub senders: Option<PathBuf>,
    /// Partitions of a topic that is made at start. A topic that exists keeps its own count for ever, because a key
    /// must stay in its partition.
    pub partitions: i32,
    /// Copies of each partition of a topic that is made at start; -1 leaves it to the broker. 3 in production.
    pub replication: i32,
    /// Largest request or file, in bytes, of a packed request what it unpacks to; a larger one is answered 413.
    pub max_body_bytes: usize,
    /// Most rows of a request or file; more are answered 413.
    pub max_rows: usize,
    /// Bytes of requests that are under way at once; further requests wait, unread. Memory grows to about five times as
    /// much, as rows are held parsed and encoded; the one workbook that is read at a time may take 200 MiB more.
    pub max_bytes_under_way: usize,
    /// Requests that may wait for others to be done where there is no room for them; one more is answered 503 at once.
    pub queue: usize,
    /// How long a request waits for room; then it is answered 503.
    #[serde(deserialize_with = "seconds")]
    pub queue_timeout: Duration,
    /// Free bytes of the disk that holds [`Config::watch`] below which nothing is taken in: it is answered 507. It is
    /// taken in again once there is an eighth more. 0 never stops.
    pub min_free_bytes: u64,
    /// Folder whose disk is watched; none where it is left out. `lantoa up` watches its data folder, in which the
    /// embedded broker and the tables are.
    pub watch: Option<PathBuf>,
    /// How long a sender may take to send a body; then it is answered 408.
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// How long the log may take to acknowledge; then the request is answered 503 and may be sent again.
    #[serde(deserialize_with = "seconds")]
    pub ack_timeout: Duration,
    /// How long the log may take to be reachable at start.
    #[serde(deserialize_with = "seconds")]
    pub connect_timeout: Duration,
    /// How old what rows are judged by may be: after so long the reference topic is read to its end again before a
    /// submission is judged. Reference events that came by this intake itself count at once. Shorter asks the broker
    /// more often; longer lets area changes that came by another way wait.
    #[serde(deserialize_with = "seconds")]
    pub reference_refresh: Duration,
    /// How long requests under way may take after the order to stop.
    #[serde(deserialize_with = "seconds")]
    pub drain_timeout: Duration,
    /// Where the process aborts itself, for tests of recovery; never set in use.
    pub fault: Option<FaultPoint>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            kafka: "127.0.0.1:7092".to_owned(),
            connection: ConnectionProperties::default(),
            confluent_schemas: ConfluentSchemas::default(),
            tokens: Tokens::Off,
            senders: None,
            partitions: 1,
            replication: -1,
            max_body_bytes: 8 << 20,
            max_rows: 100_000,
            max_bytes_under_way: 32 << 20,
            queue: 64,
            queue_timeout: Duration::from_secs(2),
            min_free_bytes: 1 << 30,
            watch: None,
            body_timeout: Duration::from_secs(60),
            ack_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(30),
            reference_refresh: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(25),
            fault: None,
        }
    }
}

/// Whether senders have to show a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokens {
    /// Nobody has to: whoever reaches the doors may report everything, as [`crate::senders::LOCAL_SENDER`].
    #[default]
    Off,
    /// Everybody has to, and may report what their token is for.
    Required,
}

impl Config {
    /// Whether who sends over HTTP has to show a token.
    pub fn tokens_required(&self) -> bool {
        self.tokens == Tokens::Required
    }
}

/// A moment at which the process aborts, as `kill -9` would end it, so that tests can show what survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPoint {
    /// All rows are judged, none has gone to the log.
    BeforeProduce,
    /// The log has acknowledged rows and receipt, the sender has no answer yet.
    AfterAcknowledge,
}

impl FromStr for FaultPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "before_produce" => Ok(Self::BeforeProduce),
            "after_acknowledge" => Ok(Self::AfterAcknowledge),
            _ => Err("a fault point of ingest is before_produce or after_acknowledge".to_owned()),
        }
    }
}

impl FaultPoint {
    /// Aborts the process if this is the point that `wanted` names.
    pub(crate) fn strike(self, wanted: Option<Self>) {
        if wanted == Some(self) {
            std::process::abort();
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_read_and_unknown_keys_are_refused() {
        for (text, expected) in [
            ("{}", Some(Config::default())),
            (r#"{"ack_timeout": 1.5}"#, Some(Config { ack_timeout: Duration::from_millis(1500), ..Config::default() })),
            (
                r#"{"fault": "before_produce"}"#,
                Some(Config { fault: Some(FaultPoint::BeforeProduce), ..Config::default() }),
            ),
            (
                r#"{"tokens": "required", "senders": "x.toml"}"#,
                Some(Config { tokens: Tokens::Required, senders: Some("x.toml".into()), ..Config::default() }),
            ),
            (r#"{"tokens": "on"}"#, None),
            (r#"{"ack_timeout": -1}"#, None),
            (r#"{"acks": 1}"#, None),
            (r#"{"connection": {}}"#, None),
        ] {
            assert_eq!(serde_json::from_str::<Config>(text).ok(), expected, "{text}");
        }
        let required = Config { tokens: Tokens::Required, ..Config::default() };
        assert!(required.tokens_required() && !Config::default().tokens_required());
        assert_eq!("after_acknowledge".parse(), Ok(FaultPoint::AfterAcknowledge));
        assert!("later".parse::<FaultPoint>().is_err());
    }
}
