//! One figure, read out of a row of the figures' table, and what it is of.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use datafusion::common::Result;
use lantoa_schemas::area::{AreaHistory, AreaId};
use lantoa_schemas::catalogue::{Catalogue, Counts, Indicator, MeasureKind, indicator_id};
use lantoa_schemas::national::{AreaClass, NationalTarget};
use lantoa_schemas::percent::PrintedPercent;
use lantoa_schemas::vocabulary::{AreaLevel, Base, Fact, Precision, Span, Stage, Vocabulary};

/// What is counted: an indicator of the catalogue, or a base whose size others are divided by.
#[derive(Debug, Clone)]
pub(crate) struct Thing {
    /// Its id in answers.
    pub(crate) id: String,
    /// Its entry, `None` for the size of a base and for a measure that has no entry.
    pub(crate) indicator: Option<Indicator>,
    /// Whether it is the size of a base, which has no row of its own in `indicator`.
    pub(crate) is_size: bool,
}

/// All things and subject scopes that figures speak of, each by a small number.
#[derive(Debug, Default)]
pub(crate) struct Things {
    things: Vec<Thing>,
    by_id: HashMap<(String, bool), u16>,
    scopes: Vec<String>,
    by_scope: HashMap<String, u16>,
}

impl Things {
    /// The number of an indicator, found by its id.
    pub(super) fn indicator(&mut self, id: &str, catalogue: &Catalogue) -> u16 {
        self.intern(id, false, || catalogue.indicator(id).cloned())
    }

    fn size(&mut self, measure: &str) -> u16 {
        self.intern(measure, true, || None)
    }

    fn intern(&mut self, id: &str, is_size: bool, indicator: impl FnOnce() -> Option<Indicator>) -> u16 {
        if let Some(known) = self.by_id.get(&(id.to_owned(), is_size)) {
            return *known;
        }
        let number = self.things.len() as u16;
        self.things.push(Thing { id: id.to_owned(), indicator: indicator(), is_size });
        self.by_id.insert((id.to_owned(), is_size), number);
        number
    }

    /// The number of a scope; `None` where a figure names none.
    pub(crate) fn scope(&mut self, scope: Option<&str>) -> Option<u16> {
        let scope = scope?;
        if let Some(known) = self.by_scope.get(scope) {
            return Some(*known);
        }
        let number = self.scopes.len() as u16;
        self.scopes.push(scope.to_owned());
        self.by_scope.insert(scope.to_owned(), number);
        Some(number)
    }

    /// The number of a scope that some figure has named.
    pub(crate) fn known_scope(&self, scope: &str) -> Option<u16> {
        self.by_scope.get(scope).copied()
    }

    /// The number of a base's size, where some figure gives one.
    pub(crate) fn known_size(&self, measure: &str) -> Option<u16> {
        self.by_id.get(&(measure.to_owned(), true)).copied()
    }

    /// The number of an indicator, where some figure is of it.
    pub(crate) fn known_indicator(&self, id: &str) -> Option<u16> {
        self.by_id.get(&(id.to_owned(), false)).copied()
    }

    pub(crate) fn thing(&self, number: u16) -> &Thing {
        &self.things[usize::from(number)]
    }

    pub(crate) fn scope_name(&self, number: Option<u16>) -> Option<&str> {
        number.map(|number| self.scopes[usize::from(number)].as_str())
    }
}

/// What an answer has one row of for each area: a year, a thing, whom it is counted of, and of what it is a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    pub(crate) thing: u16,
    pub(crate) year: i64,
    pub(crate) scope: Option<u16>,
    pub(crate) base: Base,
}

impl Cell {
    /// What stands for all cells of a year and thing.
    pub(crate) fn of_thing(year: i64, thing: u16) -> Self {
        Self { thing, year, scope: None, base: Base::Unknown }
    }
}

/// How a figure came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Basis {
    /// A source states it of the area.
    Stated,
    /// Counted from individual decisions or single occasions.
    Counted,
}

/// One figure of one area.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    /// Its row in the figures' table.
    pub(crate) row: usize,
    /// `None` for an area without a code.
    pub(crate) area: Option<AreaId>,
    pub(crate) cell: Cell,
    pub(crate) basis: Basis,
    pub(crate) span: Option<Span>,
    pub(crate) numerator: Option<i64>,
    pub(crate) precision: Option<Precision>,
    pub(crate) denominator: Option<i64>,
    pub(crate) percent: Option<PrintedPercent>,
    pub(crate) recorded: Option<i64>,
    /// When the first word of its area, year and indicator was recorded, whatever of it was corrected since.
    pub(crate) first_recorded: Option<i64>,
    /// A change of the area between the day of the figure and the first map: what the area was then is not known.
    pub(crate) changed_since: Option<NaiveDate>,
}

/// A target as somebody set it.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    /// Its row in the figures' table; `None` for a national target that ships with the program.
    pub(crate) row: Option<usize>,
    /// The national target that it is.
    pub(crate) shipped: Option<&'static NationalTarget>,
    /// `None` for an area without a code.
    pub(crate) area: Option<AreaId>,
    /// The cell of its deadline; a base that is not stated is read as all.
    pub(crate) cell: Cell,
    /// Whether the base was read so.
    pub(crate) base_was_read: bool,
    /// Of a range or a bound the end at which it is reached.
    pub(crate) percent: Option<f64>,
    /// The plan.
    pub(crate) plan: Option<String>,
    /// The class of areas it is for, where not for all.
    pub(crate) class: Option<AreaClass>,
    /// The first year of its plan, where that has been said; else the year it was stated in.
    pub(crate) from_year: Option<i64>,
}

/// All that was read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) things: Things,
    pub(crate) figures: Vec<Figure>,
    pub(crate) aims: Vec<Aim>,
}

/// Reads the figures' table, columns as the query behind it names them, and the national targets that had been stated by
/// a day.
pub(crate) fn read(
    rows: &RecordBatch,
    history: &AreaHistory,
    catalogue: &Catalogue,
    stated_by: Option<NaiveDate>,
) -> Result<Read> {
    let columns = Columns::of(rows)?;
    let mut read = Read::default();
    for row in 0..rows.num_rows() {
        let Some(year) = columns.number(&columns.year, row) else { continue };
        let Some(measure) = text(&columns.measure, row) else { continue };
        let fact = text(&columns.fact, row).and_then(Fact::parse);
        let counted = text(&columns.basis, row) == Some("counted");
        let seen = Seen { row, year, measure, counted };
        match fact {
            Some(Fact::Actual) => {
                let stage = text(&columns.stage, row).and_then(Stage::parse);
                let id = indicator_id(measure, stage);
                let thing = read.things.indicator(&id, catalogue);
                let numerator = columns.number(&columns.numerator, row);
                read.figures.push(columns.figure(&seen, thing, numerator, &mut read.things, history));
            }
            Some(Fact::Activity) => columns.activity(&seen, &mut read, history, catalogue),
            Some(Fact::Denominator) if catalogue.measure(measure).is_some_and(|m| m.kind == MeasureKind::Base) => {
                let thing = read.things.size(measure);
                let numerator = columns.number(&columns.numerator, row);
                let mut figure = columns.figure(&seen, thing, numerator, &mut read.things, history);
                // One size of a base, whoever it was counted of.
                (figure.cell.scope, figure.cell.base) = (None, Base::Unknown);
                read.figures.push(figure);
            }
            Some(Fact::Target) => {
                let stage = text(&columns.stage, row).and_then(Stage::parse);
                let thing = read.things.indicator(&indicator_id(measure, stage), catalogue);
                read.aims.push(columns.aim(&seen, thing, &mut read.things, history));
            }
            _ => {}
        }
    }
    let told = |target: &&NationalTarget| stated_by.is_none_or(|day| target.stated_on.last_day() <= day);
    for target in lantoa_schemas::national::national_targets().iter().filter(told) {
        let thing = read.things.indicator(&indicator_id(&target.measure, Some(target.stage)), catalogue);
        let scope = read.things.scope(Some(&target.subject_scope));
        let day = target.stated_on.last_day();
        read.aims.push(Aim {
            row: None,
            shipped: Some(target),
            area: history.find(AreaLevel::Nation, "00", day).ok(),
            cell: Cell { thing, year: i64::from(target.year), scope, base: Base::All },
            base_was_read: false,
            percent: Some(target.percent),
            plan: Some(target.plan.clone()),
            class: target.class,
            from_year: Some(i64::from(target.stated_on.year())),
        });
    }
    Ok(read)
}

/// What is read of a row first.
struct Seen<'a> {
    row: usize,
    year: i64,
    measure: &'a str,
    counted: bool,
}

/// The columns of the figures' table.
struct Columns {
    basis: ArrayRef,
    level: ArrayRef,
    code: ArrayRef,
    day: ArrayRef,
    fact: ArrayRef,
    measure: ArrayRef,
    stage: ArrayRef,
    scope: ArrayRef,
    year: ArrayRef,
    span: ArrayRef,
    base: ArrayRef,
    numerator: ArrayRef,
    numerator_precision: ArrayRef,
    denominator: ArrayRef,
    sessions: ArrayRef,
    sessions_precision: ArrayRef,
    percent: ArrayRef,
    plan: ArrayRef,
    told_on: ArrayRef,
    recorded: ArrayRef,
    first_recorded: ArrayRef,
}

impl Columns {
    fn of(rows: &RecordBatch) -> Result<Self> {
        let column = |name: &str, wanted: &DataType| -> Result<ArrayRef> {
            let at = rows.schema().index_of(name)?;
            Ok(cast(rows.column(at), wanted)?)
        };
        let text = |name: &str| column(name, &DataType::Utf8);
        let number = |name: &str| column(name, &DataType::Int64);
        let day = |name: &str| column(name, &DataType::Date32);
        let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        Ok(Self {
            basis: text("basis")?,
            level: text("area_level")?,
            code: text("area_code")?,
            day: day("area_date")?,
            fact: text("fact")?,
            measure: text("measure")?,
            stage: text("stage")?,
            scope: text("subject_scope")?,
            year: number("year")?,
            span: text("span")?,
            base: text("base")?,
            numerator: number("numerator")?,
            numerator_precision: text("numerator_precision")?,
            denominator: number("denominator")?,
            sessions: number("sessions")?,
            sessions_precision: text("sessions_precision")?,
            percent: text("printed_percent")?,
            plan: text("plan")?,
            told_on: day("told_on")?,
            recorded: column("recorded", &utc)?,
            first_recorded: column("first_recorded", &utc)?,
        })
    }

    fn number(&self, column: &ArrayRef, row: usize) -> Option<i64> {
        column.is_valid(row).then(|| column.as_primitive::<Int64Type>().value(row))
    }

    fn days(&self, column: &ArrayRef, row: usize) -> Option<i32> {
        column.is_valid(row).then(|| column.as_primitive::<Date32Type>().value(row))
    }

    fn area(&self, row: usize, history: &AreaHistory) -> Option<(AreaId, NaiveDate)> {
        let level = text(&self.level, row).and_then(AreaLevel::parse)?;
        let day = day(self.days(&self.day, row)?)?;
        Some((history.find(level, text(&self.code, row)?, day).ok()?, day))
    }

    fn base(&self, row: usize) -> Base {
        text(&self.base, row).and_then(Base::parse).unwrap_or(Base::Unknown)
    }

    fn figure(
        &self,
        seen: &Seen<'_>,
        thing: u16,
        numerator: Option<i64>,
        things: &mut Things,
        history: &AreaHistory,
    ) -> Figure {
        let row = seen.row;
        let instant = |column: &ArrayRef| {
            column.is_valid(row).then(|| column.as_primitive::<TimestampMicrosecondType>().value(row))
        };
        let area = self.area(row, history);
        let changed_since =
            area.and_then(|(id, day)| history.before_history(id, day)).map(|change| change.effective_on);
        Figure {
            row,
            area: area.map(|(id, _)| id),
            cell: Cell { thing, year: seen.year, scope: things.scope(text(&self.scope, row)), base: self.base(row) },
            basis: if seen.counted { Basis::Counted } else { Basis::Stated },
            span: text(&self.span, row).and_then(Span::parse),
            numerator,
            precision: text(&self.numerator_precision, row).and_then(Precision::parse),
            denominator: self.number(&self.denominator, row),
            percent: text(&self.percent, row).and_then(|text| PrintedPercent::parse(text).ok()),
            recorded: instant(&self.recorded),
            first_recorded: instant(&self.first_recorded),
            changed_since,
        }
    }

    /// Occasions and attendances become an indicator each, where the catalogue has one.
    fn activity(&self, seen: &Seen<'_>, read: &mut Read, history: &AreaHistory, catalogue: &Catalogue) {
        let scope = text(&self.scope, seen.row);
        for indicator in catalogue.indicators().iter().filter(|indicator| indicator.measure == seen.measure) {
            let (numerator, precision) = match indicator.counts {
                Counts::Sessions => (self.number(&self.sessions, seen.row), &self.sessions_precision),
                Counts::Attendances if scope == Some("attendance") => {
                    (self.number(&self.numerator, seen.row), &self.numerator_precision)
                }
                Counts::Persons if scope == Some("person") => {
                    (self.number(&self.numerator, seen.row), &self.numerator_precision)
                }
                _ => continue,
            };
            if numerator.is_none() {
                continue;
            }
            let thing = read.things.indicator(&indicator.id, catalogue);
            let mut figure = self.figure(seen, thing, numerator, &mut read.things, history);
            figure.precision = text(precision, seen.row).and_then(Precision::parse);
            figure.cell.base = indicator.bases.first().map_or(Base::Unknown, |of| of.base);
            (figure.denominator, figure.percent) = (None, None);
            if indicator.counts == Counts::Sessions {
                figure.cell.scope = None;
            }
            read.figures.push(figure);
        }
    }

    fn aim(&self, seen: &Seen<'_>, thing: u16, things: &mut Things, history: &AreaHistory) -> Aim {
        let row = seen.row;
        let base = self.base(row);
        let percent = text(&self.percent, row).and_then(|text| PrintedPercent::parse(text).ok());
        let (low, high) = percent.map_or((None, None), |percent| percent.bounds());
        let told = self.days(&self.told_on, row).and_then(day);
        Aim {
            row: Some(row),
            shipped: None,
            area: self.area(row, history).map(|(id, _)| id),
            cell: Cell {
                thing,
                year: seen.year,
                scope: things.scope(text(&self.scope, row)),
                base: if base == Base::Unknown { Base::All } else { base },
            },
            base_was_read: base == Base::Unknown,
            percent: low.or(high),
            plan: text(&self.plan, row).map(str::to_owned),
            class: None,
            from_year: told.map(|day| i64::from(chrono::Datelike::year(&day))),
        }
    }
}

fn day(days_since_epoch: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(chrono::Duration::days(i64::from(days_since_epoch)))
}

pub(super) fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.as_string::<i32>().value(row))
}

#[cfg(test)]
impl Figure {
    /// An exact figure of an area, of thing 0 and one year, for the tests of what is made of figures.
    pub(super) fn told(area: AreaId, basis: Basis, numerator: i64) -> Self {
        Self {
            row: 0,
            area: Some(area),
            cell: Cell { thing: 0, year: 2024, scope: None, base: Base::All },
            basis,
            span: Some(Span::Stock),
            numerator: Some(numerator),
            precision: Some(Precision::Exact),
            denominator: None,
            percent: None,
            recorded: None,
            first_recorded: None,
            changed_since: None,
        }
    }
}
