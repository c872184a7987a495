//! What looks like a person's data, which no event may carry.
//!
//! In: names of fields, and texts as somebody wrote them. Out: what it looks like. Guarantee: what is found is never repeated
//! in what is said of it.
//!
//! Looked for are citizen ids, phone numbers and email addresses (`number` and here), addresses with a house number, names
//! and what somebody believes or descends from (`person`), and names of fields that ask for such (`heading`). It is the form
//! that tells, so there are texts with a person in them that pass: a name without a title in the midst of a sentence, an old
//! id without a word before it, a name without its marks. A figure, a place, an office or a public figure of history that is
//! taken for a person would keep a whole return out, which is why names have to be plain.
//!
//! Validation runs over millions of rows: a text without nine digits, an `@` or one of a few words costs one look at its
//! bytes and words, and no memory.

use std::borrow::Cow;

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::Problem;

mod heading;
mod number;
mod person;
mod words;

/// What something looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    CitizenId,
    Phone,
    Email,
    Address,
    Name,
    Belief,
    /// A name of a field that asks for any of these.
    Field,
}

impl Kind {
    /// As a problem of a field.
    pub fn problem(self, field: impl Into<String>) -> Problem {
        let (reason, remedy) = match self {
            Self::CitizenId => ("has what looks like a citizen id", AS_A_TOKEN),
            Self::Phone => ("has what looks like a phone number", LEFT_OUT),
            Self::Email => ("has what looks like an email address", LEFT_OUT),
            Self::Address => ("has what looks like the address of a person", LEFT_OUT),
            Self::Name => ("has what looks like the name of a person", OFFICE),
            Self::Belief => ("says the ethnicity or religion of a person", LEFT_OUT),
            Self::Field => ("is for personal data, which is not taken", TOKEN_FIELD),
        };
        Problem::personal(field, reason, remedy)
    }
}

const LEFT_OUT: &str = "leave it out: nothing that tells who or where a person is may be sent";
const OFFICE: &str = "leave it out, or name the office; what a public source says word for word belongs into quote";
const AS_A_TOKEN: &str = "leave it out; a person is known by a token that `lantoa token-subject` makes";
const TOKEN_FIELD: &str = "leave it out; of a person send only subject_token, which `lantoa token-subject` makes";

/// What a text is looked through for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// A code, a number or an id: ids of citizens and phone numbers alone.
    Code,
    /// What somebody else has published: all but names, because officials are named there.
    Quoted,
    /// What may be called after somebody: names only behind a title.
    Titled,
    /// All.
    Free,
}

/// How a field is looked through that the contract has.
pub(super) fn look_of(field: &str) -> Look {
    match field {
        "quote" | "source_url" => Look::Quoted,
        // An area, a plan, a seminar may be called after somebody.
        "area_name" | "topic" | "plan" | "subject" | "body" => Look::Titled,
        "source" | "source_number" | "source_issuer" | "reporter" | "note" | "change_reason" | "organiser"
        | "criterion" | "rating" | "decision_number" | "decision_issuer" | "legal_basis" => Look::Free,
        _ => Look::Code,
    }
}

/// What of a person a text has.
pub(super) fn found(text: &str, look: Look) -> Option<Kind> {
    let seen = Seen::of(text);
    let text: Cow<'_, str> =
        if seen.decomposed { Cow::Owned(text.nfc().collect::<String>()) } else { Cow::Borrowed(text) };
    if seen.digits >= number::FEWEST
        && let Some(kind) = number::found(&text)
    {
        return Some(kind);
    }
    if look == Look::Code {
        return None;
    }
    if seen.at && has_email(&text) { Some(Kind::Email) } else { person::found(&text, look) }
}

/// What of a person a nested value has, in its texts and in the names of its fields.
pub(super) fn found_in(value: &Value) -> Option<Kind> {
    in_value(value, Look::Titled)
}

fn in_value(value: &Value, look: Look) -> Option<Kind> {
    match value {
        Value::String(text) => found(text, look),
        Value::Array(values) => values.iter().find_map(|value| in_value(value, look)),
        Value::Object(fields) => {
            fields.iter().find_map(
                |(name, value)| {
                    if heading::is_personal(name) { Some(Kind::Field) } else { in_value(value, look) }
                },
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// That a name of a field, which no form and no family has, asks for a person's data or is such itself. What has no name that
/// may be said is told as a problem of `whole`.
pub fn unknown_field(name: &str, whole: &str) -> Option<Problem> {
    if let Some(kind) = found(name, Look::Free) {
        return Some(kind.problem(whole));
    }
    heading::is_personal(name).then(|| Kind::Field.problem(super::shortened(name)))
}

/// Whether bytes that could not be read have a citizen id, a phone number or an email address among them.
pub fn in_bytes(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    number::found(&text).is_some() || has_email(&text)
}

/// What of a person stands in something that no rule of a field has seen: JSON, or a text that is no table that can be read.
pub(crate) fn unseen(text: &str, whole: &str) -> Option<Problem> {
    const MARKS: [char; 7] = ['\n', ';', ',', '\t', '"', '|', ':'];
    let kind = match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Array(_) | Value::Object(_))) => in_value(&value, Look::Free),
        _ => found(text, Look::Free).or_else(|| {
            let parts = text.split(MARKS).map(str::trim).filter(|part| !part.is_empty());
            parts
                .map(|part| if heading::is_personal(part) { Some(Kind::Field) } else { found(part, Look::Free) })
                .find_map(|kind| kind)
        }),
    };
    kind.map(|kind| kind.problem(whole))
}

/// Whether the name of a file tells of a person.
pub fn in_file_name(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace('_', " ");
    found(&stem, Look::Free).is_some()
}

/// What a first look at a text says.
#[derive(Default)]
struct Seen {
    digits: usize,
    at: bool,
    /// Letters and their marks may be apart.
    decomposed: bool,
}

impl Seen {
    fn of(text: &str) -> Self {
        let mut seen = Self::default();
        for byte in text.bytes() {
            seen.digits += usize::from(byte.is_ascii_digit());
            seen.at |= byte == b'@';
            // In UTF-8 the marks begin so, and nothing else that is written here does.
            seen.decomposed |= matches!(byte, 0xCC | 0xCD);
        }
        seen
    }
}

/// `someone@host.vn`: something before the `@`, and a host with a dot and a last part of letters behind it.
fn has_email(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let host = &text[at + 1..];
        let end = host.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).unwrap_or(host.len());
        let host = host[..end].trim_end_matches(['.', '-']);
        before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-'))
            && host.rsplit_once('.').is_some_and(|(name, last)| {
                name.starts_with(|c: char| c.is_ascii_alphanumeric())
                    && last.len() >= 2
                    && last.bytes().all(|byte| byte.is_ascii_alphabetic())
            })
    })
}

#[cfg(test)]
mod tests;
