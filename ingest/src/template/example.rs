//! A form that somebody has filled in: rows that the validator takes, of the area and the day that the form is for.
//!
//! The figures are made up, and each row says so.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::{AreaLevel, Base, Fact, Precision, SourceKind, Span, Stage, Vocabulary};

use super::Order;
use super::lists::area_label;

mod reference;
mod single;

/// What a cell is filled with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(f64),
    Day(NaiveDate),
}

/// The cells of a row by the name of their column; the others are blank.
pub(super) type Cells = HashMap<&'static str, Value>;

/// The rows of the example.
pub(super) fn rows(order: &Order<'_>) -> Vec<Cells> {
    match order.form.family {
        Family::Statement => vec![reached(order), wanted(order), held(order)],
        Family::Recognition => single::recognitions(order),
        Family::Activity => single::activities(order),
        Family::Membership => single::memberships(order),
        Family::Reference => reference::rows(order),
    }
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// A word of the contract as an office says it.
fn word<V: Vocabulary>(word: V) -> Value {
    let vi = V::WORDS.and_then(|list| list.word(word.as_str())).map(|word| word.vi.as_str());
    text(vi.unwrap_or(word.as_str()))
}

/// What all figures of the example say: where and when.
fn common(order: &Order<'_>) -> Cells {
    let mut cells = said(order);
    cells.extend(place(order));
    cells.insert("as_at", text(order.day.to_string()));
    cells
}

/// What every row says of its source.
fn said(order: &Order<'_>) -> Cells {
    Cells::from([
        ("source", text("vi-du")),
        ("stated_on", text(order.day.to_string())),
        ("source_kind", word(SourceKind::Return)),
        ("note", text("Số liệu minh họa, không phải số thật")),
    ])
}

/// The area of the rows.
fn place(order: &Order<'_>) -> Cells {
    let history = &order.knowledge.history;
    let mut cells = Cells::new();
    if let Some(area) = order.area.or_else(|| first_province(history, order.day)) {
        cells.extend([
            ("area_level", word(history.area(area).level)),
            ("area_code", text(area_label(history, area, order))),
            ("area_date", Value::Day(order.day)),
        ]);
    }
    cells
}

fn first_province(history: &AreaHistory, day: NaiveDate) -> Option<AreaId> {
    let provinces = history.iter().filter(|(_, area)| area.level == AreaLevel::Province && area.holds_on(day));
    provinces.min_by_key(|(_, area)| area.code.as_str()).map(|(id, _)| id)
}

/// A measure as the catalogue calls it.
fn called(order: &Order<'_>, measure: &str) -> Value {
    text(order.knowledge.catalogue.measure(measure).map_or(measure, |measure| &measure.name_vi))
}

/// A measure and a scope as the catalogue calls them.
fn counted(order: &Order<'_>, measure: &str, scope: &str) -> [(&'static str, Value); 2] {
    let scope = order.knowledge.catalogue.scope(scope).map_or(scope, |scope| &scope.name_vi);
    [("measure", called(order, measure)), ("subject_scope", text(scope))]
}

/// A title that was recognised, with count, whole and printed percent.
fn reached(order: &Order<'_>) -> Cells {
    let mut cells = common(order);
    cells.extend(counted(order, "learning_family", "household"));
    cells.extend([
        ("fact", word(Fact::Actual)),
        ("stage", word(Stage::Recognised)),
        ("period", Value::Number(f64::from(order.day.year()))),
        ("span", word(Span::Stock)),
        ("base", word(Base::All)),
        ("numerator", Value::Number(7_350.0)),
        ("numerator_precision", word(Precision::Exact)),
        ("denominator", Value::Number(10_000.0)),
        ("printed_percent", Value::Number(73.5)),
        ("quote", text("7.350/10.000 Gia đình học tập, đạt 73,5% số gia đình trên địa bàn")),
    ]);
    cells
}

/// What a plan wants reached by a later year.
fn wanted(order: &Order<'_>) -> Cells {
    let mut cells = common(order);
    cells.remove("as_at");
    cells.extend(counted(order, "learning_family", "household"));
    cells.extend([
        ("fact", word(Fact::Target)),
        ("stage", word(Stage::Recognised)),
        ("period", Value::Number(f64::from(order.day.year() + 1))),
        ("base", word(Base::All)),
        ("printed_percent", Value::Number(75.0)),
        ("plan", text("Kế hoạch số 01/KH-UBND của Ủy ban nhân dân")),
        ("source_kind", word(SourceKind::Plan)),
    ]);
    cells
}

/// Occasions, and how often somebody came.
fn held(order: &Order<'_>) -> Cells {
    let mut cells = common(order);
    cells.extend(counted(order, "seminar", "attendance"));
    cells.extend([
        ("fact", word(Fact::Activity)),
        ("period", Value::Number(f64::from(order.day.year()))),
        ("span", word(Span::YearToDate)),
        ("numerator", Value::Number(1_200.0)),
        ("numerator_precision", word(Precision::Over)),
        ("sessions", Value::Number(12.0)),
        ("sessions_precision", word(Precision::Exact)),
    ]);
    cells
}
