//! The reject: what was refused at the door, kept with its reasons, so that it can be found, mended and sent again.
//!
//! In: where it came in, how it was sent, and what is wrong with it. Out: a [`Reject`]. Guarantee: [`Reject::of`] is the
//! one place that decides what is kept. Of what looks like a person's data that is the field, the reason and the hash;
//! otherwise it is the row as it was sent, cut only where a record of the log would not hold it, which is seen by an `…`
//! at its end.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::event::may_be_an_id;
use crate::receipt::{content_hash, event_id, micros, reject_id};
use crate::stream::EventType;
use crate::validate::{Problem, personal};
use crate::vocabulary::Via;

/// Bytes that are kept of a row that can be read. With all else that a reject says, a record of the log holds it.
pub const MOST_READ: usize = 800_000;

/// Bytes that are kept of what cannot be read.
pub const MOST_UNREAD: usize = 64 << 10;

/// Bytes of the list of problems. A row of a form never has so many; an event may have any number of unknown fields.
const MOST_PROBLEMS: usize = 128 << 10;

/// Bytes of a single text beside them.
const MOST_TEXT: usize = 4 << 10;

/// A row, or a whole content, that was refused. Field order is the wire's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Its id.
    pub reject: String,
    /// Key of the receipt of what was sent.
    pub receipt: String,
    /// Row within what was sent, from 1; `None`: the content as a whole could not be read.
    pub receipt_row: Option<i64>,
    /// When it was refused.
    #[serde(serialize_with = "micros")]
    pub recorded: DateTime<Utc>,
    /// Who sent it.
    pub sender: String,
    /// The way in.
    pub via: Via,
    /// Name of the file.
    pub name: Option<String>,
    /// Type of the event that the row was meant to be, where it is known.
    pub event_type: Option<String>,
    /// Id of that event, where it is known and one that an event may have.
    pub event_id: Option<String>,
    /// The field of the first problem.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
    /// What would be right.
    pub remedy: String,
    /// All problems, as a JSON array of objects with `field`, `reason` and `remedy`.
    pub problems: String,
    /// SHA-256 of the row's text, or of the whole content, hexadecimal.
    pub content_hash: String,
    /// The row as it was sent; `None` where it has personal data, or is no text.
    pub bytes: Option<String>,
}

/// Where all that is refused of one submission came in.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Key of the receipt.
    pub receipt: String,
    /// What the ids of its rows are made from where the sender gives none.
    pub ids: String,
    /// The present instant.
    pub recorded: DateTime<Utc>,
    /// Who sent it.
    pub sender: String,
    /// The way in.
    pub via: Via,
    /// Name of the file.
    pub name: Option<String>,
}

/// The id of the event that a row was meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeantId {
    /// Its sender gave it.
    Given(String),
    /// It is made from the row, as its sender gives none.
    Made,
    /// It cannot be known.
    Unknown,
}

/// A row, or a whole content, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent<'a> {
    /// Its row, from 1; `None` for a content as a whole.
    pub row: Option<u64>,
    /// All of it, by which it is known.
    pub content: Cow<'a, [u8]>,
    /// What is kept of it; `None` where it is no text.
    pub text: Option<Cow<'a, str>>,
    /// Whether it could be read as fields, so that somebody may mend them.
    pub is_read: bool,
    /// Whether the validator has seen each of its fields.
    pub is_judged: bool,
    /// Type of the event that it was meant to be.
    pub event_type: Option<String>,
    /// Its id.
    pub event_id: MeantId,
}

impl Reject {
    /// What is kept of something that was refused for `problems`, of which there is at least one.
    pub fn of(origin: &Origin, sent: Sent<'_>, problems: &[Problem]) -> Self {
        let mut is_personal = problems.iter().any(|problem| problem.personal);
        // What is refused before the validator sees it may hold anything.
        let unseen = sent.text.as_deref().filter(|_| !is_personal && !sent.is_judged);
        let unseen = unseen.and_then(|text| personal::unseen(text, if sent.row.is_some() { "row" } else { "content" }));
        let problems = unseen.as_ref().map_or(problems, |problem| {
            is_personal = true;
            std::slice::from_ref(problem)
        });
        // The other reasons repeat values, and these stand beside a person's data.
        let told: Vec<&Problem> = problems.iter().filter(|problem| problem.personal || !is_personal).collect();
        let part = |of: fn(&Problem) -> &str| told.first().map_or_else(String::new, |first| cut(of(first), MOST_TEXT));
        let content_hash = content_hash(&sent.content);
        let most = if sent.is_read { MOST_READ } else { MOST_UNREAD };
        // What a sender wrote where a word of the contract belongs may be anything.
        let event_type = sent.event_type.filter(|text| !is_personal || EventType::parse(text).is_some());
        let given = match sent.event_id {
            MeantId::Given(id) => (!is_personal && may_be_an_id(&id)).then_some(id),
            MeantId::Made => sent.row.map(|row| event_id(&origin.ids, row)),
            MeantId::Unknown => None,
        };
        Self {
            reject: reject_id(&origin.receipt, sent.row, &content_hash),
            receipt: origin.receipt.clone(),
            receipt_row: sent.row.and_then(|row| i64::try_from(row).ok()),
            recorded: origin.recorded,
            sender: origin.sender.clone(),
            via: origin.via,
            name: origin.name.as_deref().map(|name| cut(name, MOST_TEXT)),
            event_type: event_type.map(|text| cut(&text, MOST_TEXT)),
            event_id: given,
            field: part(|problem| &problem.field),
            reason: part(|problem| &problem.reason),
            remedy: part(|problem| &problem.remedy),
            problems: listed(&told),
            content_hash,
            bytes: sent.text.filter(|_| !is_personal).map(|text| cut(&text, most)),
        }
    }
}

/// The problems as JSON; where they are too many for a record, the first, and at the end how many more there are.
fn listed(problems: &[&Problem]) -> String {
    let mut list = String::from("[");
    for (at, problem) in problems.iter().enumerate() {
        let shortened = Problem {
            field: cut(&problem.field, MOST_TEXT),
            reason: cut(&problem.reason, MOST_TEXT),
            remedy: cut(&problem.remedy, MOST_TEXT),
            personal: problem.personal,
        };
        let mut said = json(&shortened);
        let is_full = list.len() + said.len() > MOST_PROBLEMS;
        if is_full {
            let reason = format!("has {} problems more", problems.len() - at);
            said = json(&Problem::new("row", reason, "mend those before, and send it again"));
        }
        if at > 0 {
            list.push(',');
        }
        list.push_str(&said);
        if is_full {
            break;
        }
    }
    list.push(']');
    list
}

fn json(problem: &Problem) -> String {
    serde_json::to_string(problem).expect("a problem has texts alone")
}

/// A text of at most so many bytes, with an `…` at its end where it was longer.
fn cut(text: &str, most: usize) -> String {
    const MARK: char = '…';
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most - MARK.len_utf8());
    let mut kept = text[..end].to_owned();
    kept.push(MARK);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avro::{self, Encoder};
    use crate::stream::Stream;

    fn origin() -> Origin {
        Origin {
            receipt: "r".to_owned(),
            ids: "i".to_owned(),
            recorded: "2026-01-15T03:00:00Z".parse().unwrap(),
            sender: "local".to_owned(),
            via: Via::Http,
            name: None,
        }
    }

    fn sent(text: &str) -> Sent<'_> {
        Sent {
            row: Some(2),
            content: Cow::Borrowed(text.as_bytes()),
            text: Some(Cow::Borrowed(text)),
            is_read: true,
            is_judged: true,
            event_type: Some("vn.lantoa.statement.stated.v1".to_owned()),
            event_id: MeantId::Given("e-1".to_owned()),
        }
    }

    /// The same, and as the wire says it.
    fn kept(sent: Sent<'_>, problems: &[Problem]) -> Reject {
        let reject = Reject::of(&origin(), sent, problems);
        let mut message = Vec::new();
        assert_eq!(Encoder::default().reject(&reject, &mut message).unwrap(), Stream::Reject);
        let fields = avro::fields(Stream::Reject, &message).unwrap();
        assert_eq!(fields["reject"], reject.reject);
        assert_eq!(fields.get("bytes").and_then(|bytes| bytes.as_str()), reject.bytes.as_deref());
        assert_eq!(fields["problems"], reject.problems);
        reject
    }

    #[test]
    fn a_row_is_kept_as_it_was_sent_with_all_its_problems() {
        let problems =
            [Problem::new("fact", "is no word", "use actual"), Problem::new("base", "is missing", "give it")];
        let reject = kept(sent("{\"fact\":\"x\"}"), &problems);
        assert_eq!(reject.bytes.as_deref(), Some("{\"fact\":\"x\"}"));
        assert_eq!(reject.content_hash, content_hash(b"{\"fact\":\"x\"}"));
        assert_eq!((reject.field.as_str(), reject.reason.as_str()), ("fact", "is no word"));
        assert_eq!((reject.receipt_row, reject.event_id.as_deref()), (Some(2), Some("e-1")));
        let listed: Vec<serde_json::Value> = serde_json::from_str(&reject.problems).unwrap();
        let second = serde_json::json!({ "field": "base", "reason": "is missing", "remedy": "give it" });
        assert_eq!((listed.len(), &listed[1]), (2, &second));
        let again = kept(sent("{\"fact\":\"x\"}"), &problems[..1]);
        assert_eq!(again.reject, reject.reject, "it is the same row");
        assert_ne!(kept(sent("{\"fact\":\"y\"}"), &problems).reject, reject.reject);
    }

    #[test]
    fn an_id_that_is_not_given_is_the_one_that_the_row_would_have_had() {
        let problems = [Problem::new("fact", "is no word", "use actual")];
        let made = kept(Sent { event_id: MeantId::Made, ..sent("{}") }, &problems);
        assert_eq!(made.event_id, Some(event_id("i", 2)));
        for given in ["two words".to_owned(), String::new(), "e".repeat(129)] {
            let none = kept(Sent { event_id: MeantId::Given(given), ..sent("{}") }, &problems);
            assert_eq!(none.event_id, None, "no event may have it");
        }
        let whole = Sent { row: None, event_type: None, event_id: MeantId::Unknown, ..sent("{") };
        let whole = kept(whole, &problems);
        assert_eq!((whole.receipt_row, whole.event_id, whole.event_type), (None, None, None));
    }

    #[test]
    fn of_a_persons_data_only_field_reason_and_hash_are_kept() {
        let problems = [
            Problem::new("fact", "\"0912345678\" is no word", "use actual"),
            Problem::personal("phone", "is a phone number", "leave it out"),
        ];
        let row = Sent {
            event_type: Some("Nguyễn Văn A".to_owned()),
            event_id: MeantId::Given("0912345678".to_owned()),
            ..sent("{\"fact\":\"0912345678\"}")
        };
        let reject = kept(row, &problems);
        assert_eq!((reject.field.as_str(), &reject.bytes, &reject.event_id), ("phone", &None, &None));
        assert_eq!(reject.content_hash, content_hash(b"{\"fact\":\"0912345678\"}"));
        let all = format!("{reject:?}");
        assert!(!all.contains("0912345678") && !all.contains("Nguyễn"), "{all}");
        let known = kept(sent("{}"), &problems);
        assert_eq!(known.event_type.as_deref(), Some("vn.lantoa.statement.stated.v1"));
    }

    #[test]
    fn what_nobody_has_read_is_looked_through() {
        let problems = [Problem::new("row", "\"0912345678\" is no cell", "write cells")];
        for text in [
            "STT;Hội viên;Thôn\n1;Nguyễn Văn An;Tân Lập",
            "{\"note\":\"Ông Nguyễn Văn An\",\"id\":\"e\"}",
            "[\"1\",\"Nguyễn Văn An\"]",
            "{\"dân tộc\":\"Tày\"",
        ] {
            let reject = kept(Sent { is_read: false, is_judged: false, ..sent(text) }, &problems);
            assert_eq!(reject.bytes, None, "{text}");
        }
        for row in [Some(2), None] {
            let reject = kept(Sent { row, is_read: false, is_judged: false, ..sent("a;0912345678;b") }, &problems);
            assert!(!format!("{reject:?}").contains("0912345678"), "{reject:?}");
            assert_eq!(reject.field, if row.is_some() { "row" } else { "content" });
        }
        assert!(
            kept(Sent { is_read: false, is_judged: false, ..sent("a;912345678;b") }, &problems[..0]).bytes.is_some()
        );
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = "ế".repeat(MOST_READ);
        let many: Vec<Problem> =
            (0..10_000).map(|at| Problem::new(format!("f{at}"), "\u{1}".repeat(99), "r")).collect();
        let reject = kept(sent(&long), &many);
        let bytes = reject.bytes.as_deref().unwrap();
        assert!(bytes.len() <= MOST_READ && bytes.len() > MOST_READ - 8 && bytes.ends_with('…'));
        let listed: Vec<serde_json::Value> = serde_json::from_str(&reject.problems).unwrap();
        let told = listed.len() - 1;
        assert_eq!(listed[told]["reason"], format!("has {} problems more", 10_000 - told));
        assert!(reject.problems.len() < MOST_PROBLEMS + 1_000 && told > 100);
        let unread = kept(Sent { is_read: false, ..sent(&long) }, &many[..1]);
        assert!(unread.bytes.unwrap().len() <= MOST_UNREAD);
        assert_eq!(cut("ếế", 6), "ếế");
        assert_eq!(cut("ếếế", 8), "ế…");
    }
}
