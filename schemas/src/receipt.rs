//! The receipt: what a sender can hold us to, and the keys and ids by which the same content always gets the same ones.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::event::{Envelope, Facts};
use crate::vocabulary::Via;

/// Namespace of ids that are made from a sender's content.
const CONTENT_NAMESPACE: Uuid = Uuid::from_u128(0x8c4f_5a1e_2b7d_5f30_9a61_6c61_6e74_6f61);

/// The manifest of one acknowledged request or file. Field order is the wire's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Receipt {
    /// Its key.
    pub receipt: String,
    /// When it was written.
    #[serde(serialize_with = "micros")]
    pub recorded: DateTime<Utc>,
    /// Who sent it.
    pub sender: String,
    /// The way in.
    pub via: Via,
    /// Name of the file.
    pub name: Option<String>,
    /// SHA-256 of the content, hexadecimal.
    pub content_hash: String,
    /// Rows sent; accepted and rejected add up to it.
    pub sent: i64,
    /// Rows acknowledged by the log.
    pub accepted: i64,
    /// Rows refused.
    pub rejected: i64,
    /// Records of rejects that were written before it: one a row refused, or one for a content that cannot be read as a
    /// whole. `None` before there were rejects.
    pub rejects_kept: Option<i64>,
}

pub(crate) fn micros<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(instant.timestamp_micros())
}

/// SHA-256 of a content, hexadecimal.
pub fn content_hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Key of the receipt for a sender's idempotency key: the same however often it is sent.
pub fn receipt_key(sender: &str, idempotency_key: &str) -> String {
    Uuid::new_v5(&CONTENT_NAMESPACE, format!("{sender}\n{idempotency_key}").as_bytes()).to_string()
}

/// What the ids of rows are made from whose sender gives none ([`event_id`]): the receipt's key, where that is by the
/// content. Under a key that the sender chose the content counts as well: used again for another content, its rows are
/// other events and not repetitions of the first; with the same content they are the same.
pub fn ground_of_ids(receipt: &str, idempotency_key: &str, content_hash: &str) -> String {
    if idempotency_key == content_hash {
        return receipt.to_owned();
    }
    Uuid::new_v5(&CONTENT_NAMESPACE, format!("content\n{receipt}\n{content_hash}").as_bytes()).to_string()
}

/// Id of an event whose sender gave none: the same for the same row on the same ground ([`ground_of_ids`]).
pub fn event_id(ground: &str, row: u64) -> String {
    Uuid::new_v5(&CONTENT_NAMESPACE, format!("{ground}\n{row}").as_bytes()).to_string()
}

/// Id of a reject: the same for the same row, or content as a whole, under the same receipt. Another text under the same
/// receipt and row is another reject.
pub fn reject_id(receipt: &str, row: Option<u64>, content_hash: &str) -> String {
    let row = row.map_or_else(String::new, |row| row.to_string());
    Uuid::new_v5(&CONTENT_NAMESPACE, format!("reject\n{receipt}\n{row}\n{content_hash}").as_bytes()).to_string()
}

/// Fields of an event that are not its content: how and when it came, and by what it was judged.
const OF_THE_WAY: [&str; 7] =
    ["event_id", "schema_version", "recorded", "via", "receipt", "receipt_row", "history_version"];

/// Key of what an event says and of who says it: the same in whatever sheet, by whatever way and however it was written.
/// Blank fields do not count, so that a field which later releases add changes no key.
pub fn content_key(envelope: &Envelope, facts: &Facts) -> String {
    let facts = match facts {
        Facts::Statement(facts) => serde_json::to_value(facts),
        Facts::Recognition(facts) => serde_json::to_value(facts),
        Facts::Activity(facts) => serde_json::to_value(facts),
        Facts::Membership(facts) => serde_json::to_value(facts),
        Facts::Reference(facts) => serde_json::to_value(facts),
    };
    let mut content = BTreeMap::new();
    for part in [serde_json::to_value(envelope), facts] {
        let part = part.expect("events are structs of texts, numbers and words, as the test of every family shows");
        if let Value::Object(fields) = part {
            content.extend(
                fields.into_iter().filter(|(name, value)| !value.is_null() && !OF_THE_WAY.contains(&name.as_str())),
            );
        }
    }
    let sender = envelope.sender.as_deref().unwrap_or_default();
    let content = content.into_iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>();
    Uuid::new_v5(&CONTENT_NAMESPACE, format!("{sender}\n\n{content}").as_bytes()).to_string()
}

/// Id of an event that replaces or takes back another: the same whenever the same change of the same event is asked for.
pub fn change_id(changed: &str, content: &str) -> String {
    Uuid::new_v5(&CONTENT_NAMESPACE, format!("{changed}\nchanged\n{content}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_sender_content_and_row() {
        let key = receipt_key("a", "k");
        assert_eq!(key, receipt_key("a", "k"));
        assert_ne!(key, receipt_key("b", "k"));
        assert_ne!(event_id(&key, 1), event_id(&key, 11));
        assert_eq!(change_id("e-1", "{}"), change_id("e-1", "{}"));
        assert_ne!(change_id("e-1", "{}"), change_id("e-2", "{}"));
        assert_eq!(ground_of_ids(&key, "0a", "0a"), key, "the content's own key says it all");
        let grounds = [("k", "0a"), ("k", "0b"), ("0a", "0a")].map(|(k, hash)| ground_of_ids(&key, k, hash));
        assert_eq!(grounds[0], ground_of_ids(&key, "k", "0a"), "the same content has the same ids");
        assert!(grounds[0] != grounds[1] && grounds[0] != grounds[2], "{grounds:?}");
        assert_eq!(reject_id(&key, Some(1), "0a"), reject_id(&key, Some(1), "0a"));
        let others = [reject_id(&key, Some(2), "0a"), reject_id(&key, None, "0a"), reject_id(&key, Some(1), "0b")];
        assert!(!others.contains(&reject_id(&key, Some(1), "0a")), "{others:?}");
        assert_eq!(content_hash(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
