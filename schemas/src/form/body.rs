//! The body of a reference event, which a sheet has in columns of its own.
//!
//! In: the fields of a row and the kind of the entry. Out: the same fields for the validator, the columns of the kind as
//! one field `body`; a row that has a cell `body` (an object in JSON) says it there. Guarantee: every problem of the body
//! names the column that it is about.

use serde::Serialize;
use serde_json::Value;

use crate::event::{AreaClassified, CatalogueEntered, PlanIssued, ReturnDue, WeekDeclared};
use crate::validate::{Cell, Fields, Forms, Problem, Reader, shortened};
use crate::vocabulary::{Base, ReferenceKind, Vocabulary};
use crate::wording::{List, listed};

/// The field that the validator reads.
const BODY: &str = "body";

/// What keeps the words of a list apart.
const MARKS: [char; 2] = [';', ','];

/// The kinds whose bodies have columns: which, and the one that a rule over the whole body is about.
const KINDS: &[(ReferenceKind, &[&str], &str)] = &[
    (ReferenceKind::PlanIssued, &["number", "title", "from_year", "to_year"], "number"),
    (ReferenceKind::WeekDeclared, &["year", "start", "end", "theme"], "end"),
    (ReferenceKind::ReturnDue, &["year", "due", "indicator"], "indicator"),
    (ReferenceKind::CatalogueEntered, &["id", "name_vi", "name_en", "bases"], "id"),
    (ReferenceKind::AreaClassified, &["class", "until"], "until"),
];

/// Fields of a reference event whose body is in columns.
pub struct Bodied<'a> {
    fields: &'a dyn Fields,
    kind: Option<ReferenceKind>,
    body: Option<Value>,
    problems: Vec<Problem>,
}

impl<'a> Bodied<'a> {
    /// The fields of a row; `None` where it does not say its kind, whose columns nobody knows then.
    pub fn new(fields: &'a dyn Fields, kind: Option<ReferenceKind>) -> Self {
        let mut reader = Reader::new(fields, Forms::Printed);
        let own = kind.map(columns_of).unwrap_or_default();
        let is_whole = reader.present(BODY);
        let mut given: Vec<_> = all_columns().filter(|name| reader.present(name)).collect();
        given.sort_unstable();
        given.dedup();
        for name in given {
            match kind {
                Some(_) if is_whole => {
                    reader.refuse(name, "stands beside a body that says all", "leave one of them blank")
                }
                Some(kind) if !own.contains(&name) => {
                    reader.refuse(name, format!("is no part of {kind}"), "leave it blank");
                }
                _ => {}
            }
        }
        let body = kind.filter(|_| !is_whole).and_then(|kind| body(kind, &mut reader));
        Self { fields, kind, body, problems: reader.problems }
    }

    /// What the validator made of these fields, with what is wrong with the columns of the body.
    ///
    /// # Errors
    /// All problems of the row.
    pub fn judged<T>(self, judged: Result<T, Vec<Problem>>) -> Result<T, Vec<Problem>> {
        let others = match judged {
            Ok(event) if self.problems.is_empty() => return Ok(event),
            Ok(_) => Vec::new(),
            Err(problems) => problems,
        };
        let column =
            self.kind.and_then(|kind| KINDS.iter().find(|(known, ..)| *known == kind)).map(|(_, _, column)| *column);
        let mut problems = self.problems;
        let untold = self.kind.is_none() || !problems.is_empty();
        for problem in others {
            match column {
                _ if problem.field != BODY => problems.push(problem),
                // What keeps it from being one is told by its columns.
                _ if untold => {}
                Some(column) if self.body.is_some() => problems.push(Problem { field: column.to_owned(), ..problem }),
                _ => problems.push(problem),
            }
        }
        Err(problems)
    }
}

impl Fields for Bodied<'_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        match &self.body {
            Some(body) if name == BODY => Some(Cell::Nested(body)),
            _ => self.fields.get(name),
        }
    }

    fn unknown(&self, known: &[&str]) -> Vec<&str> {
        self.fields.unknown(known).into_iter().filter(|name| !all_columns().any(|column| column == *name)).collect()
    }
}

/// The columns of a kind.
fn columns_of(kind: ReferenceKind) -> &'static [&'static str] {
    KINDS.iter().find(|(known, ..)| *known == kind).map(|(_, columns, _)| *columns).unwrap_or_default()
}

/// The columns of all kinds, one that several share once for each.
fn all_columns() -> impl Iterator<Item = &'static str> {
    KINDS.iter().flat_map(|(_, columns, _)| columns.iter().copied())
}

/// The body of a kind; `None` where its columns do not make one, which the reader has noted then.
fn body(kind: ReferenceKind, reader: &mut Reader<'_>) -> Option<Value> {
    match kind {
        ReferenceKind::PlanIssued => plan(reader),
        ReferenceKind::WeekDeclared => week(reader),
        ReferenceKind::ReturnDue => deadline(reader),
        ReferenceKind::CatalogueEntered => entry(reader),
        ReferenceKind::AreaClassified => class(reader),
        // Many areas, which no row has room for.
        ReferenceKind::AreaChanged => None,
    }
}

fn plan(reader: &mut Reader<'_>) -> Option<Value> {
    let (number, title) = (reader.text("number"), reader.text("title"));
    let (from_year, to_year) = (reader.year("from_year"), reader.year("to_year"));
    reader.require("number", number.is_some(), "give number and date of the plan as printed");
    reader.require("from_year", from_year.is_some(), "give the plan's first year");
    reader.require("to_year", to_year.is_some(), "give the year by which it is to be reached");
    Some(object(&PlanIssued { number: number?, from_year: from_year?, to_year: to_year?, title }))
}

fn week(reader: &mut Reader<'_>) -> Option<Value> {
    let (year, theme) = (reader.year("year"), reader.text("theme"));
    let (start, end) = (reader.day("start"), reader.day("end"));
    reader.require("year", year.is_some(), "give the Week's year");
    reader.require("start", start.is_some(), "give its first and its last day");
    reader.require("end", end.is_some(), "give its first and its last day");
    Some(object(&WeekDeclared { year: year?, start: start?, end: end?, theme }))
}

fn deadline(reader: &mut Reader<'_>) -> Option<Value> {
    let (year, due, indicator) = (reader.year("year"), reader.day("due"), reader.text("indicator"));
    reader.require("year", year.is_some(), "give the year that is reported");
    reader.require("due", due.is_some(), "give the last day for returns, as 2025-10-20");
    Some(object(&ReturnDue { year: year?, due: due?, indicator }))
}

fn entry(reader: &mut Reader<'_>) -> Option<Value> {
    let (id, name_vi, name_en) = (reader.text("id"), reader.text("name_vi"), reader.text("name_en"));
    let bases = bases(reader);
    reader.require("id", id.is_some(), "give an id of small letters, as reading_person");
    reader.require("name_vi", name_vi.is_some(), "give the measure's name in Vietnamese");
    reader.require("name_en", name_en.is_some(), "give the measure's name in English");
    Some(object(&CatalogueEntered { id: id?, name_vi: name_vi?, name_en: name_en?, bases: bases? }))
}

/// Bases by code or Vietnamese word, several kept apart by semicolons or commas.
fn bases(reader: &mut Reader<'_>) -> Option<Vec<Base>> {
    let Some(said) = reader.text("bases") else {
        return (!reader.present("bases")).then(Vec::new);
    };
    let mut bases = Vec::new();
    for said in said.split(MARKS).map(str::trim).filter(|said| !said.is_empty()) {
        match List::Base.called(said).and_then(|word| Base::parse(&word.code)) {
            Some(base) => bases.push(base),
            None => {
                let reason = format!("\"{}\" is no word of the list", shortened(said));
                reader.refuse("bases", reason, format!("use {}", listed(List::Base.words())));
                return None;
            }
        }
    }
    Some(bases)
}

fn class(reader: &mut Reader<'_>) -> Option<Value> {
    let (class, until) = (reader.word("class"), reader.day("until"));
    reader.require("class", class.is_some(), "say to which class the area belongs");
    Some(object(&AreaClassified { class: class?, until }))
}

/// A body without its blanks, as whoever writes JSON would leave them out.
fn object(body: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(body).expect("bodies are structs of texts, numbers and days");
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, field| !field.is_null());
    }
    value
}
