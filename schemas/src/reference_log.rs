//! The reference events as the log has them, and what rows are judged by after them.
//!
//! In: records of the reference topic, in the order of the log, and where the topic ends. Out: what is still to be
//! read, and the knowledge of what is in force by the rules of `chain`. Guarantee: whoever has read the same records of
//! a partition judges by the same; a record that breaks the contract, and a second one with an id, brings nothing.
//!
//! All ids and links are kept, because a later event can name any of them; of the bodies only those that rows are
//! judged by. Reference events are few: some hundreds in the life of a country's map.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::avro::{self, DecodeError, Revisions};
use crate::chain::{self, Link};
use crate::knowledge::{Knowledge, LeftOut, ReferenceEvent};
use crate::stream::{EventType, Family, Verb};
use crate::validate::Problem;
use crate::vocabulary::{ReferenceKind, Vocabulary};

/// A record of the reference topic.
#[derive(Debug, Clone, Copy)]
pub struct LogRecord<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// When it was stored, as the log says: for a record produced directly, the instant at which it is judged.
    pub stored: DateTime<Utc>,
    /// Its bytes.
    pub payload: &'a [u8],
}

/// What the log has of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionRange {
    /// The partition.
    pub partition: i32,
    /// The first offset it still has.
    pub start: i64,
    /// The offset that its next record will get.
    pub end: i64,
}

/// Why a record brings nothing. What becomes of it is for the projector to tell.
#[derive(Debug, thiserror::Error)]
pub enum PassedOver {
    /// It is no event of the family.
    #[error("the record cannot be read")]
    Unreadable(#[from] DecodeError),
    /// It was produced directly and breaks the contract.
    #[error("the record breaks the contract in {} ways", .0.len())]
    Rejected(Vec<Problem>),
    /// An earlier record has its id.
    #[error("the record's id is there already")]
    Duplicate,
}

/// What is kept of an event.
#[derive(Debug)]
struct Entry {
    link: Link,
    /// What rows are judged by, where it brings that.
    event: Option<ReferenceEvent>,
}

impl Entry {
    /// Whether it can change what rows are judged by.
    fn matters(&self) -> bool {
        self.event.is_some() || self.link.supersedes.is_some() || self.link.retracts.is_some()
    }

    /// Whether it stands at a place in a partition or behind it.
    fn is_from(&self, partition: i32, offset: i64) -> bool {
        let (_, _, in_partition, at) = self.link.position;
        in_partition == partition && at >= offset
    }
}

#[derive(Debug)]
struct Settled {
    knowledge: Knowledge,
    left_out: Vec<LeftOut>,
}

/// What has been read of the reference topic.
#[derive(Debug)]
pub struct ReferenceLog {
    revisions: Arc<Revisions>,
    entries: Vec<Entry>,
    ids: HashSet<String>,
    /// Next offset of each partition.
    next: BTreeMap<i32, i64>,
    settled: Option<Settled>,
}

impl Default for ReferenceLog {
    fn default() -> Self {
        Self::reading(avro::known(Family::Reference.stream()))
    }
}

impl ReferenceLog {
    /// Nothing read yet of a topic whose records are written by these schemas.
    pub fn reading(revisions: Arc<Revisions>) -> Self {
        Self { revisions, entries: Vec::new(), ids: HashSet::new(), next: BTreeMap::new(), settled: None }
    }

    /// From where each partition is to be read on to reach its end; none that has been read so far. A topic that ends
    /// before what has been read is another one: then everything is to be read anew.
    pub fn missing(&mut self, ranges: &[PartitionRange]) -> Vec<(i32, i64)> {
        let is_behind = |range: &PartitionRange| self.next.get(&range.partition).is_some_and(|next| *next > range.end);
        if ranges.iter().any(is_behind) {
            *self = Self::reading(Arc::clone(&self.revisions));
        }
        let mut missing = Vec::new();
        for range in ranges {
            let next = self.next.entry(range.partition).or_insert(range.start);
            *next = (*next).max(range.start);
            if *next < range.end {
                missing.push((range.partition, *next));
            }
        }
        missing
    }

    /// Whether a partition has been read up to an offset.
    pub fn has_reached(&self, partition: i32, end: i64) -> bool {
        self.next.get(&partition).is_some_and(|next| *next >= end)
    }

    /// Takes in the next record of a partition; one that was read before is nothing new.
    ///
    /// # Errors
    /// When the record brings nothing. It counts as read all the same.
    pub fn take(&mut self, record: &LogRecord<'_>) -> Result<(), PassedOver> {
        let next = self.next.entry(record.partition).or_insert(0);
        if record.offset < *next {
            return Ok(());
        }
        *next = record.offset + 1;
        let fields = self.revisions.fields(record.payload)?;
        if !fields.contains_key("via") {
            self.judge(&fields, record.stored)?;
        }
        let entry = entry(&fields, record);
        if !self.ids.insert(entry.link.event_id.clone()) {
            return Err(PassedOver::Duplicate);
        }
        if entry.matters() {
            self.settled = None;
        }
        self.entries.push(entry);
        Ok(())
    }

    /// What rows are judged by after all that was taken in.
    pub fn knowledge(&mut self) -> &Knowledge {
        &self.settled().knowledge
    }

    /// Events in force that the knowledge leaves out.
    pub fn left_out(&mut self) -> &[LeftOut] {
        &self.settled().left_out
    }

    /// What a record of the reference topic itself is judged by: all that was taken in but what lies behind it, so that
    /// no event is judged by itself.
    pub fn before(&mut self, partition: i32, offset: i64) -> Knowledge {
        if self.entries.iter().any(|entry| entry.matters() && entry.is_from(partition, offset)) {
            let earlier = self.entries.iter().filter(|entry| !entry.is_from(partition, offset));
            return Settled::of(earlier).knowledge;
        }
        self.knowledge().clone()
    }

    fn settled(&mut self) -> &Settled {
        self.settled.get_or_insert_with(|| Settled::of(self.entries.iter()))
    }

    /// Holds a record that somebody's own program produced to the contract, as the projector does.
    fn judge(&mut self, fields: &Map<String, Value>, stored: DateTime<Utc>) -> Result<(), PassedOver> {
        const OWN: [&str; 3] = ["event_id", "event_type", "schema_version"];
        let own = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut said = fields.clone();
        said.retain(|name, _| !OWN.contains(&name.as_str()));
        let judge = self.knowledge().judge(stored);
        let judged = judge.judge_direct(Family::Reference, own("event_id"), own("event_type"), &said);
        judged.map_err(PassedOver::Rejected)
    }
}

impl Settled {
    fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut entries: Vec<&Entry> = entries.collect();
        entries.sort_by_key(|entry| entry.link.position);
        let links: Vec<Link> = entries.iter().map(|entry| entry.link.clone()).collect();
        let fates = chain::resolve(&links);
        let standing = entries.iter().filter(|entry| !fates.contains_key(entry.link.event_id.as_str()));
        let (knowledge, left_out) = Knowledge::with(standing.filter_map(|entry| entry.event.as_ref()));
        Self { knowledge, left_out }
    }
}

fn entry(fields: &Map<String, Value>, record: &LogRecord<'_>) -> Entry {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let recorded = fields.get("recorded").and_then(Value::as_i64).unwrap_or(record.stored.timestamp_micros());
    let area = match (text("area_level"), text("area_code")) {
        (Some(level), Some(code)) => format!("{level}/{code}"),
        _ => format!("name/{}", text("area_name").unwrap_or_default()),
    };
    let link = Link {
        event_id: text("event_id").unwrap_or_default(),
        position: (Some(recorded), 0, record.partition, record.offset),
        area,
        supersedes: text("supersedes"),
        retracts: text("retracts"),
        told: true,
    };
    let judged_by = |kind: &ReferenceKind| matches!(kind, ReferenceKind::AreaChanged | ReferenceKind::CatalogueEntered);
    let event = match (kind(fields).filter(judged_by), text("body")) {
        (Some(kind), Some(body)) if link.retracts.is_none() => Some(ReferenceEvent {
            event_id: link.event_id.clone(),
            kind,
            effective_on: text("effective_on").and_then(|day| day.parse().ok()),
            legal_basis: text("legal_basis"),
            body,
        }),
        _ => None,
    };
    Entry { link, event }
}

/// What an event brings: a record produced directly may leave that to its type.
fn kind(fields: &Map<String, Value>) -> Option<ReferenceKind> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let said = text("kind").and_then(ReferenceKind::parse);
    said.or_else(|| match EventType::parse(text("event_type")?)?.verb {
        Verb::Fact(verb) => ReferenceKind::parse(verb),
        Verb::Corrected | Verb::Retracted => None,
    })
}

#[cfg(test)]
mod tests;
