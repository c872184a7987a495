//! Content -> judged and encoded rows, and what is kept of those that are refused. Pure: no log, no clock of its own.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lantoa_schemas::avro::Encoder;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::reject::{Origin, Reject, Sent};
use lantoa_schemas::stream::Stream;
use lantoa_schemas::validate::{Problem, Stamp, ValidatedEvent};
use lantoa_schemas::vocabulary::Via;

use super::{Accepted, IntakeError, Rejected};
use crate::log::{MAX_RECORD_BYTES, Position, Record};
use crate::parse::{Notation, ParseError, parse, whole};

/// All that judging a submission needs.
pub(super) struct Order {
    pub content: Bytes,
    pub notation: Notation,
    pub via: Via,
    pub name: Option<String>,
    pub sender: &'static str,
    pub receipt: String,
    pub most_rows: usize,
    pub now: DateTime<Utc>,
    pub knowledge: Knowledge,
}

/// The rows of a submission, each in one of two lists.
pub(super) struct Judged {
    /// Those of `accepted`, in the same order, and behind them the rejects.
    pub records: Vec<Record>,
    pub accepted: Vec<Judgement>,
    pub rejected: Vec<Rejected>,
    /// How many of the records are rejects.
    pub rejects: usize,
    /// Why there are no rows.
    pub unread: Option<ParseError>,
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
    let mut rejects = Rejects {
        origin: Origin {
            receipt: order.receipt.clone(),
            recorded: order.now,
            sender: order.sender.to_owned(),
            via: order.via,
            name: order.name,
        },
        records: Vec::new(),
    };
    let mut encoder = Encoder::default();
    let (mut records, mut accepted, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    let rows = match parse(&order.content, order.notation, order.most_rows) {
        Ok(rows) => rows,
        // There is nothing to keep.
        Err(ParseError::Empty) => return Err(ParseError::Empty.into()),
        Err(error) => {
            rejects.add(whole(&order.content), &error.problems(), &mut encoder)?;
            return Ok(Judged { records: rejects.records, accepted, rejected, rejects: 1, unread: Some(error) });
        }
    };
    records.reserve(rows.len());
    let judge = order.knowledge.judge(order.now);
    let mut stamp = Stamp { sender: order.sender.to_owned(), via: order.via, receipt: order.receipt, row: 0 };
    for parsed in rows {
        let row = parsed.row;
        stamp.row = row;
        let problems = match parsed.judge(&judge, &stamp) {
            Ok(event) => match encode(&event, &mut encoder)? {
                Ok(record) => {
                    let event_id = event.event().envelope.event_id.clone();
                    accepted.push(Judgement { row, event_id, stream: record.stream });
                    records.push(record);
                    continue;
                }
                Err(problem) => vec![problem],
            },
            Err(problems) => problems,
        };
        rejects.add(parsed.sent(), &problems, &mut encoder)?;
        rejected.push(Rejected { row, problems });
    }
    let kept = rejects.records.len();
    records.append(&mut rejects.records);
    Ok(Judged { records, accepted, rejected, rejects: kept, unread: None })
}

/// What is kept of all that is refused of one submission.
struct Rejects {
    origin: Origin,
    records: Vec<Record>,
}

impl Rejects {
    fn add(&mut self, sent: Sent<'_>, problems: &[Problem], encoder: &mut Encoder) -> Result<(), IntakeError> {
        let reject = Reject::of(&self.origin, sent, problems);
        let mut payload = Vec::new();
        let stream = encoder.reject(&reject, &mut payload)?;
        // Under the receipt's key, so that those of one receipt keep their order.
        self.records.push(Record { stream, key: reject.receipt, payload });
        Ok(())
    }
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
