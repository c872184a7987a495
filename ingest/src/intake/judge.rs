//! Content -> judged and encoded rows, and what is kept of those that are refused. Pure: no log, no clock of its own. A row
//! is good that the validator takes, and that its sender may report.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lantoa_schemas::avro::Encoder;
use lantoa_schemas::event::Event;
use lantoa_schemas::grant::Reach;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::reject::{MeantId, Origin, Reject, Sent};
use lantoa_schemas::stream::Stream;
use lantoa_schemas::validate::{Judge, Problem, Stamp, ValidatedEvent};
use lantoa_schemas::vocabulary::Via;

use super::{Accepted, IntakeError, Rejected};
use crate::known::Asked;
use crate::log::{MAX_RECORD_BYTES, Position, Record};
use crate::parse::{Draft, Notation, ParseError, ParsedRow, parse, whole};
use crate::senders::Sender;

/// All that judging a submission needs.
pub(super) struct Order {
    pub content: Bytes,
    pub notation: Notation,
    pub via: Via,
    pub name: Option<String>,
    pub sender: Sender,
    pub receipt: String,
    /// What ids are made from.
    pub ids: String,
    /// Whether the good rows' events are wanted, too.
    pub keeps_events: bool,
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
    /// How many of `rejected` are of a family that their sender may not send at all.
    pub of_other_families: usize,
    /// Why there are no rows.
    pub unread: Option<ParseError>,
}

impl Judged {
    /// Refuses a submission of which every row is of a family that its sender may not send.
    pub(super) fn refuse_if_not_granted(&self, sender: &Sender) -> Result<(), IntakeError> {
        let sent = self.accepted.len() + self.rejected.len();
        if sent == 0 || self.of_other_families < sent {
            return Ok(());
        }
        let families = sender.grant.families.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(IntakeError::NotGranted { sender: sender.name.clone(), families })
    }
}

/// A good row that the log does not have yet.
pub(super) struct Judgement {
    row: u64,
    event_id: String,
    stream: Stream,
    /// Where it is wanted.
    event: Option<Box<Event>>,
}

impl Judgement {
    /// The row's number and event, where events are kept.
    pub(super) fn asked(self) -> Option<Asked> {
        Some(Asked { row: self.row, event: *self.event? })
    }

    pub(super) fn at(self, position: Position) -> Accepted {
        Accepted { row: self.row, event_id: self.event_id, stream: self.stream, position }
    }
}

pub(super) fn judge(order: Order) -> Result<Judged, IntakeError> {
    let mut rejects = Rejects {
        origin: Origin {
            receipt: order.receipt.clone(),
            ids: order.ids.clone(),
            recorded: order.now,
            sender: order.sender.name.clone(),
            via: order.via,
            name: order.name,
        },
        records: Vec::new(),
        bytes: 0,
        left_out: 0,
    };
    let mut encoder = Encoder::default();
    let (mut records, mut accepted, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    let rows = match parse(&order.content, order.notation, order.most_rows) {
        Ok(rows) => rows,
        // There is nothing to keep.
        Err(ParseError::Empty) => return Err(ParseError::Empty.into()),
        Err(error) => {
            rejects.add(whole(&order.content), &error.problems(), &mut encoder)?;
            let records = rejects.records;
            return Ok(Judged { records, accepted, rejected, rejects: 1, of_other_families: 0, unread: Some(error) });
        }
    };
    records.reserve(rows.len());
    let judge = order.knowledge.judge(order.now);
    let reach = order.sender.grant.by(&order.knowledge.history);
    // The validator names rows by the receipt.
    let ids = Some(order.ids).filter(|ids| *ids != order.receipt);
    let mut stamp = Stamp { sender: order.sender.name.clone(), via: order.via, receipt: order.receipt, row: 0 };
    let mut of_other_families = 0;
    for parsed in rows {
        let row = parsed.row;
        stamp.row = row;
        let mut is_judged = true;
        let good = match parsed.draft.as_ref().ok().and_then(|draft| of_another_family(&reach, draft)) {
            Some(problem) => {
                of_other_families += 1;
                is_judged = false;
                Err(vec![problem])
            }
            None => judge_row(&parsed, &judge, &reach, &stamp).map(|event| match &ids {
                Some(ids) if parsed.is_named_by_row() => event.named_by_row(ids, row),
                _ => event,
            }),
        };
        let problems = match good {
            Ok(event) => match encode(&event, &mut encoder)? {
                Ok(record) => {
                    let event_id = event.event().envelope.event_id.clone();
                    let event = order.keeps_events.then(|| Box::new(event.event().clone()));
                    accepted.push(Judgement { row, event_id, stream: record.stream, event });
                    records.push(record);
                    continue;
                }
                Err(problem) => vec![problem],
            },
            Err(problems) => problems,
        };
        if rejects.is_full(order.content.len()) {
            rejects.left_out += 1;
            rejected.push(Rejected { row, problems: vec![untold()] });
            continue;
        }
        let sent = parsed.sent();
        let is_judged = is_judged && sent.is_judged;
        rejects.add(Sent { is_judged, ..sent }, &problems, &mut encoder)?;
        rejected.push(Rejected { row, problems });
    }
    rejects.say_what_is_left_out(&mut encoder)?;
    let kept = rejects.records.len();
    records.append(&mut rejects.records);
    Ok(Judged { records, accepted, rejected, rejects: kept, of_other_families, unread: None })
}

/// Whether the validator takes a row, and its sender may report it.
fn judge_row(
    parsed: &ParsedRow<'_>,
    judge: &Judge<'_>,
    reach: &Reach<'_>,
    stamp: &Stamp,
) -> Result<ValidatedEvent, Vec<Problem>> {
    let event = parsed.judge(judge, stamp)?;
    match (may_report(reach, event.event()), &parsed.draft) {
        (Ok(()), _) => Ok(event),
        (Err(problem), Ok(draft)) => Err(vec![draft.placed(problem)]),
        (Err(problem), Err(_)) => Err(vec![problem]),
    }
}

/// What is kept of all that is refused of one submission.
struct Rejects {
    origin: Origin,
    records: Vec<Record>,
    /// Bytes of the records.
    bytes: usize,
    /// Rows that are refused and not kept.
    left_out: usize,
}

/// Bytes of rejects up to which those of any submission are kept.
const FEW_BYTES: usize = 4 << 20;

/// Bytes of rejects for each byte of a larger submission: what was sent and what is said of it.
const BYTES_A_BYTE: usize = 4;

/// Of a row that is refused behind so many others that nothing of it is kept: a few bytes that are no row cost their sender
/// less than what is said of them costs everybody.
fn untold() -> Problem {
    Problem::new(
        "row",
        "is refused as well; why is not told, because too much was wrong before it",
        "mend the rows before it, and send all of it again",
    )
}

impl Rejects {
    /// Whether no more of a submission of so many bytes is kept.
    fn is_full(&self, sent: usize) -> bool {
        self.bytes > FEW_BYTES.max(sent.saturating_mul(BYTES_A_BYTE))
    }

    /// Keeps how many rows were refused and are not kept.
    fn say_what_is_left_out(&mut self, encoder: &mut Encoder) -> Result<(), IntakeError> {
        if self.left_out == 0 {
            return Ok(());
        }
        let reason = format!("has {} refused rows more, of which nothing is kept", self.left_out);
        let remedy = "mend the rows before them, and send all of it again";
        let text = reason.clone();
        let sent = Sent {
            row: None,
            content: text.as_bytes().into(),
            text: None,
            is_read: false,
            is_judged: true,
            event_type: None,
            event_id: MeantId::Unknown,
        };
        self.add(sent, &[Problem::new("content", reason, remedy)], encoder)
    }

    fn add(&mut self, sent: Sent<'_>, problems: &[Problem], encoder: &mut Encoder) -> Result<(), IntakeError> {
        let reject = Reject::of(&self.origin, sent, problems);
        let mut payload = Vec::new();
        let stream = encoder.reject(&reject, &mut payload)?;
        self.bytes += payload.len();
        // Under the receipt's key, so that those of one receipt keep their order.
        self.records.push(Record { stream, key: reject.receipt, payload });
        Ok(())
    }
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
        event.facts.family(),
        envelope.area_level,
        envelope.area_code.as_deref(),
        envelope.area_date,
        envelope.area_name.as_deref().filter(|_| !changes_another),
    )
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
