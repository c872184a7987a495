//! Content -> judged and encoded rows. Pure: no log, no clock of its own. A row is good that the validator takes, and that
//! its sender may report.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lantoa_schemas::avro::Encoder;
use lantoa_schemas::event::{Event, Facts};
use lantoa_schemas::grant::Reach;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::validate::{Problem, Stamp, ValidatedEvent};
use lantoa_schemas::vocabulary::Via;

use super::{Accepted, IntakeError, Rejected};
use crate::log::{MAX_RECORD_BYTES, Position, Record};
use crate::parse::{Draft, Notation, parse};
use crate::senders::Sender;

/// All that judging a submission needs.
pub(super) struct Order {
    pub content: Bytes,
    pub notation: Notation,
    pub via: Via,
    pub sender: Sender,
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
    /// How many of `rejected` are of a family that their sender may not send at all.
    pub of_other_families: usize,
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
    let reach = order.sender.grant.by(&order.knowledge.history);
    let mut encoder = Encoder::default();
    let (records, accepted) = (Vec::with_capacity(rows.len()), Vec::new());
    let mut judged = Judged { records, accepted, rejected: Vec::new(), of_other_families: 0 };
    let mut stamp = Stamp { sender: order.sender.name.clone(), via: order.via, receipt: order.receipt, row: 0 };
    for parsed in rows {
        let row = parsed.row;
        stamp.row = row;
        if let Some(problem) = parsed.draft.as_ref().ok().and_then(|draft| of_another_family(&reach, draft)) {
            judged.of_other_families += 1;
            judged.rejected.push(Rejected { row, problems: vec![problem] });
            continue;
        }
        let one = parsed.draft.and_then(|draft| {
            let event = draft.judge(&judge, &stamp)?;
            match may_report(&reach, event.event()) {
                Ok(()) => Ok(event),
                Err(problem) => Err(vec![draft.placed(problem)]),
            }
        });
        let event = match one {
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

/// What is wrong with a row of a family that its sender may not send.
fn of_another_family(reach: &Reach<'_>, draft: &Draft) -> Option<Problem> {
    reach.may_send(draft.family()?).err().map(|problem| draft.placed(problem))
}

/// Whether the sender may report a good row. What corrects or takes back another event has to name its area by a code: by a
/// name alone it would reach whatever else bears that name.
fn may_report(reach: &Reach<'_>, event: &Event) -> Result<(), Problem> {
    let envelope = &event.envelope;
    let changes_another = envelope.supersedes.is_some() || envelope.retracts.is_some();
    reach.may_report(
        family(event),
        envelope.area_level,
        envelope.area_code.as_deref(),
        envelope.area_date,
        envelope.area_name.as_deref().filter(|_| !changes_another),
    )
}

fn family(event: &Event) -> Family {
    match &event.facts {
        Facts::Statement(_) => Family::Statement,
        Facts::Recognition(_) => Family::Recognition,
        Facts::Activity(_) => Family::Activity,
        Facts::Membership(_) => Family::Membership,
        Facts::Reference(_) => Family::Reference,
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
