//! Content -> judged and encoded rows. Pure: no log, no clock of its own.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lantoa_schemas::avro::Encoder;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::stream::Stream;
use lantoa_schemas::validate::{Problem, Stamp, ValidatedEvent};
use lantoa_schemas::vocabulary::Via;

use super::{Accepted, IntakeError, Rejected};
use crate::log::{MAX_RECORD_BYTES, Position, Record};
use crate::parse::{Notation, parse};

/// All that judging a submission needs.
pub(super) struct Order {
    pub content: Bytes,
    pub notation: Notation,
    pub via: Via,
    pub sender: &'static str,
    pub receipt: String,
    pub most_rows: usize,
    pub now: DateTime<Utc>,
    pub knowledge: Knowledge,
}

/// The rows of a submission, each in one of two lists; `records` are those of `accepted`, in the same order.
pub(super) struct Judged {
    pub records: Vec<Record>,
    pub accepted: Vec<Judgement>,
    pub rejected: Vec<Rejected>,
}

/// A good row that the log does not have yet.
pub(super) struct Judgement {
    row: u64,
    event_id: String,
    stream: Stream,
}

impl Judgement {
    pub(super) fn at(self, position: Position) -> Accepted {
        Accepted { row: self.row, event_id: self.event_id, stream: self.stream, position }
    }
}

pub(super) fn judge(order: Order) -> Result<Judged, IntakeError> {
    let rows = parse(&order.content, order.notation, order.most_rows)?;
    let judge = order.knowledge.judge(order.now);
    let mut encoder = Encoder::default();
    let mut judged = Judged { records: Vec::with_capacity(rows.len()), accepted: Vec::new(), rejected: Vec::new() };
    let mut stamp = Stamp { sender: order.sender.to_owned(), via: order.via, receipt: order.receipt, row: 0 };
    for parsed in rows {
        let row = parsed.row;
        stamp.row = row;
        let event = match parsed.draft.and_then(|draft| draft.judge(&judge, &stamp)) {
            Ok(event) => event,
            Err(problems) => {
                judged.rejected.push(Rejected { row, problems });
                continue;
            }
        };
        match encode(&event, &mut encoder)? {
            Ok(record) => {
                let event_id = event.event().envelope.event_id.clone();
                judged.accepted.push(Judgement { row, event_id, stream: record.stream });
                judged.records.push(record);
            }
            Err(problem) => judged.rejected.push(Rejected { row, problems: vec![problem] }),
        }
    }
    Ok(judged)
}

fn encode(event: &ValidatedEvent, encoder: &mut Encoder) -> Result<Result<Record, Problem>, IntakeError> {
    let mut payload = Vec::new();
    let stream = encoder.event(event.event(), &mut payload)?;
    if payload.len() > MAX_RECORD_BYTES {
        let reason = format!("has {} bytes; the log takes {MAX_RECORD_BYTES}", payload.len());
        return Ok(Err(Problem::new("event", reason, "split it into several events")));
    }
    Ok(Ok(Record { stream, key: event.event().envelope.key(), payload }))
}
