//! Reads typed values out of fields and collects what is wrong, so that a row's problems come all at once.

use std::collections::HashMap;
use std::sync::OnceLock;

use chrono::NaiveDate;

use super::personal::{self, Kind, Look};
use super::printed::{self, Count, Unread};
use super::{Cell, Fields, Problem, shortened};
use crate::catalogue::nearest;
use crate::partial_date::{PartialDate, Period};
use crate::percent::PrintedPercent;
use crate::stream::Family;
use crate::table::stream_table;
use crate::vocabulary::{Precision, Vocabulary};
use crate::wording::{self, Named};

/// Fields that intake stamps and no sender may give.
pub const STAMPED: &[&str] = &[
    "event_id",
    "event_type",
    "schema_version",
    "recorded",
    "sender",
    "via",
    "receipt",
    "receipt_row",
    "history_version",
    "log_cluster",
    "log_generation",
    "log_partition",
    "log_offset",
];

/// Longest text of a field, in characters.
const MAX_TEXT: usize = 4_000;

/// How texts may say numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forms {
    /// As an office prints them, too: what is stored is written anew, in the form of the contract.
    Printed,
    /// Only in the form of the contract: what is stored is the text itself.
    Contract,
}

/// The typed values of a row's fields, and what is wrong with them.
pub(crate) struct Reader<'a> {
    fields: &'a dyn Fields,
    forms: Forms,
    pub problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub fn new(fields: &'a dyn Fields, forms: Forms) -> Self {
        Self { fields, forms, problems: Vec::new() }
    }

    /// Notes a problem of a field; that it has a person's data, where it has: the reason may quote it.
    pub fn refuse(&mut self, field: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        let look = match self.look_of(field) {
            // It should have been a code or a number, and is anything.
            Look::Code => Look::Free,
            look => look,
        };
        let problem = match self.of_a_person(field, look) {
            Some(kind) => kind.problem(shortened(field)),
            None => Problem::new(shortened(field), reason, remedy),
        };
        self.problems.push(problem);
    }

    /// Notes each field that the family does not have: a misspelt one would otherwise be lost without a word.
    pub fn refuse_unknown(&mut self, family: Family) {
        let known = known_fields(family);
        for name in self.fields.unknown(known) {
            if let Some(problem) = personal::unknown_field(name, "data") {
                self.problems.push(problem);
                continue;
            }
            let remedy = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("leave it out; the fields are {}", known.join(", ")),
            };
            self.refuse(name, format!("is no field of a {family} event"), remedy);
        }
    }

    /// All that was noted; where a person's data is among it, that alone.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        if problems.iter().any(|problem| problem.personal) {
            problems.retain(|problem| problem.personal);
        }
        problems
    }

    /// The problems of a row that is refused before any of its fields is read.
    pub fn unread(mut self, event_id: Option<&str>, problem: Problem) -> Vec<Problem> {
        self.problems.push(problem);
        if let Some(kind) = event_id.and_then(|id| personal::found(id, Look::Free)) {
            self.problems.push(kind.problem("id"));
        }
        // Of a record only columns of the contract are there, and which are unknown is asked of one family alone.
        let others = if self.forms == Forms::Printed { self.fields.unknown(&[]) } else { Vec::new() };
        for name in others {
            if let Some(problem) = personal::unknown_field(name, "data") {
                self.problems.push(problem);
            } else if let Some(kind) = self.of_a_person(name, self.look_of(name)) {
                self.problems.push(kind.problem(shortened(name)));
            }
        }
        if self.forms == Forms::Contract {
            Family::ALL.iter().for_each(|family| self.look_through(*family));
        }
        self.into_problems()
    }

    /// Looks for a person's data in all fields of a family, whether they are read or not.
    pub fn look_through(&mut self, family: Family) {
        for name in known_fields(family) {
            if let Some(kind) = self.of_a_person(name, self.look_of(name))
                && !self.problems.iter().any(|problem| problem.field == *name)
            {
                self.problems.push(kind.problem(*name));
            }
        }
    }

    /// Looks for a person's data in what the sender's protocol says of who reports.
    pub fn look_at_reporter(&mut self, reporter: Option<&str>) {
        if let Some(kind) = reporter.and_then(|reporter| personal::found(reporter, Look::Free)) {
            self.problems.push(kind.problem("source"));
        }
    }

    fn of_a_person(&self, field: &str, look: Look) -> Option<Kind> {
        match self.fields.get(field)? {
            Cell::Text(text) => personal::found(&text, look),
            Cell::Nested(value) => personal::found_in(value),
            Cell::Integer(_) | Cell::Number(_) | Cell::Flag(_) | Cell::Day(_) => None,
        }
    }

    fn look_of(&self, field: &str) -> Look {
        // The name of an area that has a code is known; an area may be called after somebody.
        if field == "area_name" && !self.present("area_code") { Look::Free } else { personal::look_of(field) }
    }

    /// Notes the field as missing unless it is there.
    pub fn require(&mut self, field: &str, present: bool, remedy: &str) {
        if !present && !self.problems.iter().any(|problem| problem.field == field) {
            self.refuse(field, "is missing", remedy);
        }
    }

    pub fn present(&self, field: &str) -> bool {
        self.fields.get(field).is_some()
    }

    pub fn text(&mut self, field: &str) -> Option<String> {
        let text = match self.fields.get(field)? {
            Cell::Text(text) => text.into_owned(),
            Cell::Integer(number) => number.to_string(),
            Cell::Number(number) => number.to_string(),
            Cell::Day(day) => day.to_string(),
            Cell::Flag(_) | Cell::Nested(_) => {
                self.refuse(field, "is no text", "write it as a text in quotes");
                return None;
            }
        };
        // No text has more characters than bytes.
        if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
            self.refuse(field, format!("is longer than {MAX_TEXT} characters"), "shorten it");
            return None;
        }
        if has_controls(&text) {
            self.refuse(field, "has control characters", "remove them");
            return None;
        }
        if let Some(kind) = personal::found(&text, self.look_of(field)) {
            self.problems.push(kind.problem(field));
            return None;
        }
        Some(text)
    }

    /// A whole number from 0, with nothing beside it.
    pub fn count(&mut self, field: &str) -> Option<i64> {
        let (count, precision) = self.count_about(field)?;
        if precision.is_some_and(|precision| precision != Precision::Exact) {
            let reason = format!("{} says how exact it is, for which there is no place here", self.given(field));
            self.refuse(field, reason, "write the number alone, and the words into quote or note");
            return None;
        }
        Some(count)
    }

    /// A whole number from 0, and what its own words say of how exact it is.
    pub fn count_about(&mut self, field: &str) -> Option<(i64, Option<Precision>)> {
        let count = self.part(field)?;
        if count.whole.is_some() {
            let reason = format!("{} is a part of a whole, for which there is no place here", self.given(field));
            self.refuse(field, reason, "write the count alone");
            return None;
        }
        Some((count.count, count.precision))
    }

    /// A whole number from 0, with how exact it is and what it is a part of where its text says so.
    pub fn part(&mut self, field: &str) -> Option<Count> {
        let read = match self.fields.get(field)? {
            Cell::Integer(number) => Ok(Count::alone(number)),
            Cell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(Count::alone(number as i64)),
            // No count begins with a zero and has so many digits.
            Cell::Text(text) if personal::found(&text, Look::Code).is_some() => Err(self.no_count(field)),
            Cell::Text(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().map(Count::alone).map_err(|_| self.no_count(field))
            }
            Cell::Text(text) if self.forms == Forms::Printed => printed::count(&text),
            _ => Err(self.no_count(field)),
        };
        match read {
            Ok(count) if count.count >= 0 => Some(count),
            Ok(_) => {
                self.refuse(field, "is below 0", "a count is 0 or more");
                None
            }
            Err(unread) => self.not_read(field, unread),
        }
    }

    /// How exact a count is: what its own column says or, where that is blank, the words around the count.
    pub fn precision(&mut self, field: &str, told: Option<Precision>) -> Option<Precision> {
        let given = self.precision_word(field);
        match (given, told) {
            (Some(given), Some(told)) if given != told => {
                let reason = format!("says {given} where the count itself says {told}");
                self.refuse(field, reason, "leave it blank, or make both agree");
                None
            }
            (given, told) => given.or(told),
        }
    }

    /// What a count is a part of: what its own column says or, where that is blank, the text of the count.
    pub fn whole(&mut self, field: &str, told: Option<i64>) -> Option<i64> {
        let given = self.count(field);
        match (given, told) {
            (Some(given), Some(told)) if given != told => {
                let reason = format!("is {given} where the count is printed as a part of {told}");
                self.refuse(field, reason, "leave it blank, or make both agree");
                None
            }
            (given, told) => given.or(told),
        }
    }

    pub fn number(&mut self, field: &str) -> Option<f64> {
        let read = match self.fields.get(field)? {
            Cell::Integer(number) => Ok(number as f64),
            Cell::Number(number) => Ok(number),
            Cell::Text(text) if self.forms == Forms::Printed => printed::number(&text),
            Cell::Text(text) => {
                let read = text.parse().ok().filter(|number: &f64| number.is_finite());
                read.ok_or_else(|| self.no(field, "no number", "write it with a decimal point, as 87.5"))
            }
            _ => Err(self.no(field, "no number", "write it with a decimal point, as 87.5")),
        };
        read.map_or_else(|unread| self.not_read(field, unread), Some)
    }

    pub fn flag(&mut self, field: &str) -> Option<bool> {
        let value = match self.fields.get(field)? {
            Cell::Flag(flag) => Some(flag),
            Cell::Text(text) => text.parse().ok(),
            _ => None,
        };
        if value.is_none() {
            self.refuse(field, "is neither true nor false", "write true or false");
        }
        value
    }

    pub fn year(&mut self, field: &str) -> Option<i32> {
        let year = self.text(field)?;
        match self.date_of(&year) {
            Ok(PartialDate::Year(year)) => Some(year),
            _ => {
                self.refuse(field, format!("\"{}\" is no year", shortened(&year)), "write four digits, as 2024");
                None
            }
        }
    }

    pub fn word<V: Vocabulary>(&mut self, field: &str) -> Option<V> {
        let text = self.text(field)?;
        let word = V::parse(&text);
        if word.is_none() {
            let near = match V::WORDS {
                Some(list) => wording::nearest(&text, list.words()).map(Named::in_both),
                None => nearest(&text, V::ALL.iter().map(|word| word.as_str())).map(str::to_owned),
            };
            let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            self.refuse(
                field,
                format!("\"{}\" is no word of the list", shortened(&text)),
                format!("use {}{hint}", V::listed_in_both()),
            );
        }
        word
    }

    pub fn partial_date(&mut self, field: &str) -> Option<PartialDate> {
        let text = self.text(field)?;
        self.date_of(&text).map_or_else(|unread| self.not_read(field, unread), Some)
    }

    /// A partial date that has begun by `today`.
    pub fn past_date(&mut self, field: &str, today: NaiveDate) -> Option<PartialDate> {
        let date = self.partial_date(field)?;
        if date.first_day() > today {
            self.refuse(
                field,
                format!("{date} lies in the future"),
                format!("today is {today}; a figure can only be of a day that has come"),
            );
            return None;
        }
        Some(date)
    }

    pub fn day(&mut self, field: &str) -> Option<NaiveDate> {
        // Written out it would be read as the same day.
        if let Some(Cell::Day(day)) = self.fields.get(field)
            && PartialDate::has_year_of(day)
        {
            return Some(day);
        }
        match self.partial_date(field)? {
            PartialDate::Day(day) => Some(day),
            date => {
                self.refuse(field, format!("{date} is no single day"), "write YYYY-MM-DD");
                None
            }
        }
    }

    pub fn period(&mut self, field: &str) -> Option<Period> {
        let text = self.text(field)?;
        let read = match self.forms {
            Forms::Printed => printed::period(&text),
            Forms::Contract => Period::parse(&text).ok_or_else(|| Unread {
                reason: format!("\"{}\" is no period", shortened(&text)),
                remedy: "write a year or two, as 2024 or 2023-2024".to_owned(),
            }),
        };
        read.map_or_else(|unread| self.not_read(field, unread), Some)
    }

    pub fn percent(&mut self, field: &str) -> Option<PrintedPercent> {
        let read = match self.fields.get(field)? {
            Cell::Text(text) if self.forms == Forms::Printed => printed::percent(&text),
            Cell::Day(_) => Err(self.no(field, "no percent", "write it as 73.58, 75-80 or >=75")),
            _ => {
                let text = self.text(field)?;
                printed::contract_percent(&text)
            }
        };
        read.map_or_else(|unread| self.not_read(field, unread), Some)
    }

    /// A nested JSON object, as its text and as the type that it must have.
    pub fn body<T: serde::de::DeserializeOwned>(&mut self, field: &str, form: &str) -> Option<(String, T)> {
        let value = match self.fields.get(field)? {
            Cell::Nested(value) => value.clone(),
            Cell::Text(text) => serde_json::from_str(&text).unwrap_or(serde_json::Value::Null),
            _ => serde_json::Value::Null,
        };
        if let Some(kind) = personal::found_in(&value) {
            self.problems.push(kind.problem(field));
            return None;
        }
        match serde_json::from_value(value.clone()) {
            Ok(read) => Some((value.to_string(), read)),
            Err(error) => {
                self.refuse(
                    field,
                    format!("does not have the form of {form}: {error}"),
                    "see the contract's reference events",
                );
                None
            }
        }
    }

    fn precision_word(&mut self, field: &str) -> Option<Precision> {
        if self.forms == Forms::Printed
            && let Some(Cell::Text(text)) = self.fields.get(field)
            && let Some(precision) = printed::precision(&text)
        {
            return Some(precision);
        }
        self.word(field)
    }

    fn date_of(&self, text: &str) -> Result<PartialDate, Unread> {
        match self.forms {
            Forms::Printed => printed::date(text),
            Forms::Contract => PartialDate::parse(text).ok_or_else(|| Unread {
                reason: format!("\"{}\" is no date", shortened(text)),
                remedy: "write YYYY, YYYY-MM or YYYY-MM-DD, as 2024-10-02".to_owned(),
            }),
        }
    }

    fn no_count(&self, field: &str) -> Unread {
        self.no(field, "no whole number", "write digits only, as 138068")
    }

    /// That a value is none of a kind. Where it is a day, whoever wrote it has mostly written something else.
    fn no(&self, field: &str, kind: &str, remedy: &str) -> Unread {
        let remedy = match self.fields.get(field) {
            Some(Cell::Day(_)) => {
                "if the program of the sheet made a day of it, format the column as text and write it anew"
            }
            _ => remedy,
        };
        Unread { reason: format!("{} is {kind}", self.given(field)), remedy: remedy.to_owned() }
    }

    /// Notes why a text says nothing.
    fn not_read<T>(&mut self, field: &str, unread: Unread) -> Option<T> {
        self.refuse(field, unread.reason, unread.remedy);
        None
    }

    /// The value as sent, cut, for a reason of [`Reader::refuse`], which looks for a person's data in it.
    fn given(&self, field: &str) -> String {
        match self.fields.get(field) {
            Some(Cell::Text(text)) => format!("\"{}\"", shortened(&text)),
            Some(Cell::Integer(number)) => number.to_string(),
            Some(Cell::Number(number)) => number.to_string(),
            Some(Cell::Flag(flag)) => flag.to_string(),
            Some(Cell::Day(day)) => format!("\"{day}\""),
            Some(Cell::Nested(_)) => "a nested value".to_owned(),
            None => "a blank".to_owned(),
        }
    }
}

/// Whether a text has control characters but for those that lay it out. In UTF-8 each of them has one of these bytes,
/// which hardly any text has, so that few texts are read letter by letter.
fn has_controls(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7F | 0xC2))
        && text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// Fields of a family that a sender may give.
fn known_fields(family: Family) -> &'static [&'static str] {
    static KNOWN: OnceLock<HashMap<Family, Vec<&'static str>>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let of = |family: &Family| {
            let table = stream_table(family.stream());
            let names = table.fields().iter().map(|field| field.name().clone());
            names.filter(|name| !STAMPED.contains(&name.as_str())).map(|name| &*name.leak()).collect()
        };
        Family::ALL.iter().map(|family| (*family, of(family))).collect()
    });
    known.get(&family).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::has_controls;

    #[test]
    fn every_control_character_but_those_of_layout_is_found() {
        for c in (0..=0x2FF).filter_map(char::from_u32) {
            let text = format!("Tỉnh {c} Bắc Giang");
            assert_eq!(has_controls(&text), c.is_control() && !matches!(c, '\n' | '\r' | '\t'), "{c:?}");
        }
    }
}
