//! Which events made a figure another one.
//!
//! In: the statements of two releases. Out: for a figure that differs, the ids of the events that are in one release and
//! not in the other, or that were taken back between, and that tell of its cell: of its area or one that went into it, of
//! its year and indicator; the size of a base tells of all indicators, a target of all years and of areas below. Where a
//! single one did it, its source and the day on which that said it stand beside it; of an event that took a statement back
//! a release has neither. Guarantee: none is named that says nothing of the cell. Single events, such as decisions, are
//! added up before they are released and are not named.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::NaiveDate;
use lantoa_schemas::area::{AreaHistory, AreaId, Place};
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use crate::error::QueryError;
use crate::knowledge::Knowledge;

/// Statements that are new, gone, or no longer taken, or taken again.
pub(super) const CAUSES: &str = "
    SELECT
        coalesce(later.event_id, earlier.event_id) AS event_id,
        earlier.event_id IS NOT NULL AND later.event_id IS NOT NULL AND NOT later.chosen AS is_dropped,
        later.reason AS reason,
        coalesce(later.area_level, earlier.area_level) AS area_level,
        coalesce(later.area_code, earlier.area_code) AS area_code,
        coalesce(later.area_date, earlier.area_date) AS area_date,
        coalesce(later.area_name, earlier.area_name) AS area_name,
        coalesce(later.fact, earlier.fact) AS fact,
        indicator_id(coalesce(later.measure, earlier.measure), coalesce(later.stage, earlier.stage)) AS indicator,
        period_year(coalesce(later.period, earlier.period)) AS year,
        coalesce(later.source, earlier.source) AS source,
        coalesce(later.stated_on, earlier.stated_on) AS stated_on
    FROM earlier_statement AS earlier
    FULL JOIN later_statement AS later ON later.event_id = earlier.event_id
    WHERE earlier.event_id IS NULL OR later.event_id IS NULL OR (earlier.chosen IS DISTINCT FROM later.chosen)
    ORDER BY 1";

/// With what the reason begins of a statement that was taken back.
const RETRACTED: &str = "retracted by ";

/// How many events are named beside one figure.
const MOST_NAMED: usize = 20;

/// Letters of an event's id by which it is told in short; there are ids that are a checksum.
const MOST_LETTERS: usize = 16;

/// The events that differ between two releases.
pub(super) struct Causes {
    knowledge: Arc<Knowledge>,
    map: Option<NaiveDate>,
    /// By what can tell of a cell.
    told: HashMap<Topic, Vec<Cause>>,
}

/// What an event tells of, beside its area.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Topic {
    /// An indicator in a year.
    Figure(String, i64),
    /// Targets of an indicator.
    Target(String),
    /// The size of a base in a year.
    Base(i64),
}

struct Cause {
    event: String,
    area: Where,
    /// Its source, and the day on which that said it, as far as a release has them.
    told: [Option<String>; 2],
}

/// Which events made a figure another one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// Their ids.
    pub(super) events: Option<String>,
    /// The source of the only one.
    pub(super) source: Option<String>,
    /// When that said it.
    pub(super) stated_on: Option<String>,
    /// All of it in short.
    pub(super) short: Option<String>,
}

/// Where an event or a figure is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Where {
    /// An area of the map, or of any where each figure stands on its own.
    At(AreaId),
    /// What has no code goes by its name.
    Named(String),
    /// It cannot be told on this map.
    Nowhere,
}

impl Causes {
    /// Those of statements as [`CAUSES`] has them, told on a map.
    pub(super) fn of(
        rows: &[RecordBatch],
        knowledge: &Arc<Knowledge>,
        map: Option<NaiveDate>,
    ) -> Result<Self, QueryError> {
        let mut causes = Self { knowledge: Arc::clone(knowledge), map, told: HashMap::new() };
        for batch in rows {
            causes.take(batch)?;
        }
        Ok(causes)
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let text = |name: &str| Text::of(batch, name);
        let (ids, reasons, facts, indicators) = (text("event_id")?, text("reason")?, text("fact")?, text("indicator")?);
        let (levels, codes, names) = (text("area_level")?, text("area_code")?, text("area_name")?);
        let (sources, told_on) = (text("source")?, text("stated_on")?);
        let (days, years) = (column(batch, "area_date", &DataType::Date32)?, column(batch, "year", &DataType::Int64)?);
        let (days, years) = (days.as_primitive::<Date32Type>(), years.as_primitive::<Int64Type>());
        let dropped = column(batch, "is_dropped", &DataType::Boolean)?;
        let dropped = dropped.as_boolean();
        for row in 0..batch.num_rows() {
            let Some(id) = ids.at(row) else { continue };
            let is_dropped = dropped.is_valid(row) && dropped.value(row);
            let event = if is_dropped {
                // What took its place is an event that differs by itself; what took it back is told here alone.
                let by = reasons.at(row).and_then(|reason| reason.strip_prefix(RETRACTED));
                let Some(by) = by else { continue };
                by.split(": ").next().unwrap_or(by)
            } else {
                id
            };
            let year = years.is_valid(row).then(|| years.value(row));
            let indicator = indicators.at(row).map(str::to_owned);
            let topic = match (facts.at(row), indicator, year) {
                (Some("target"), Some(indicator), _) => Topic::Target(indicator),
                (Some("denominator"), _, Some(year)) => Topic::Base(year),
                (_, Some(indicator), Some(year)) => Topic::Figure(indicator, year),
                _ => continue,
            };
            let day = days.is_valid(row).then(|| day_of(days.value(row))).flatten();
            let area = self.place(levels.at(row), codes.at(row), day, names.at(row));
            // What is taken back has a source; what takes it back says nothing of its own.
            let told = [&sources, &told_on].map(|said| said.at(row).filter(|_| !is_dropped).map(str::to_owned));
            self.told.entry(topic).or_default().push(Cause { event: event.to_owned(), area, told });
        }
        Ok(())
    }

    /// Where something is on the map.
    fn place(&self, level: Option<&str>, code: Option<&str>, day: Option<NaiveDate>, name: Option<&str>) -> Where {
        let Some(code) = code else {
            return name.map_or(Where::Nowhere, |name| Where::Named(name.to_owned()));
        };
        let history = self.knowledge.history();
        let found = level.and_then(AreaLevel::parse).zip(day);
        let Some(id) = found.and_then(|(level, day)| history.find(level, code, day).ok()) else {
            return Where::Nowhere;
        };
        let Some(map) = self.map else { return Where::At(id) };
        match self.knowledge.view(map).place(id) {
            Place::Same(here) | Place::Whole(here) | Place::Main(here) => Where::At(*here),
            Place::Of(_) | Place::Nowhere => Where::Nowhere,
        }
    }

    /// For each figure that differs, as the comparison has its columns, the events that did it.
    pub(super) fn of_rows(&self, batch: &RecordBatch) -> Result<Vec<Named>, QueryError> {
        let text = |name: &str| Text::of(batch, name);
        let (levels, codes, names) = (text("area_level")?, text("area_code")?, text("area_name")?);
        let (indicators, years) = (text("indicator")?, column(batch, "year", &DataType::Int64)?);
        let years = years.as_primitive::<Int64Type>();
        let rows = (0..batch.num_rows()).map(|row| {
            let year = years.is_valid(row).then(|| years.value(row));
            let Some((indicator, year)) = indicators.at(row).map(str::to_owned).zip(year) else {
                return Named::default();
            };
            // Without a map, a code is read as it was at the end of the year.
            let end = || NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 12, 31);
            let area = self.place(levels.at(row), codes.at(row), self.map.or_else(end), names.at(row));
            let mut events: Vec<&Cause> = Vec::new();
            let topics = [Topic::Figure(indicator.clone(), year), Topic::Base(year), Topic::Target(indicator)];
            for topic in &topics {
                let all = self.told.get(topic).into_iter().flatten();
                let of_cell = all.filter(|cause| match topic {
                    Topic::Target(_) => self.lies_in(&area, &cause.area),
                    Topic::Figure(..) | Topic::Base(_) => self.lies_in(&cause.area, &area),
                });
                events.extend(of_cell);
            }
            // Of one event, what says more of itself comes first.
            events.sort_by(|one, other| (&one.event, &other.told).cmp(&(&other.event, &one.told)));
            events.dedup_by(|one, other| one.event == other.event);
            Named::of(&events)
        });
        Ok(rows.collect())
    }

    /// Whether one is the other or lies in it.
    fn lies_in(&self, one: &Where, other: &Where) -> bool {
        let history = self.knowledge.history();
        match (one, other) {
            (Where::At(one), Where::At(other)) => {
                let other = history.series(*other);
                above(history, *one).any(|area| history.series(area) == other)
            }
            (Where::Named(one), Where::Named(other)) => one == other,
            _ => false,
        }
    }
}

/// An area and all that it lies in.
fn above(history: &AreaHistory, area: AreaId) -> impl Iterator<Item = AreaId> {
    std::iter::successors(Some(area), move |area| history.parent(*area))
}

impl Named {
    fn of(causes: &[&Cause]) -> Self {
        let events = named(&causes.iter().map(|cause| cause.event.as_str()).collect::<Vec<_>>());
        let [only] = causes else {
            let short = (!causes.is_empty()).then(|| format!("{} events", causes.len()));
            return Self { events, short, ..Self::default() };
        };
        let [source, stated_on] = only.told.clone();
        let told: Vec<&str> = [&source, &stated_on].into_iter().flatten().map(String::as_str).collect();
        let told = if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) };
        let short = Some(shortened(&only.event) + &told);
        Self { events, source, stated_on, short }
    }
}

/// An id, cut where it is long.
fn shortened(event: &str) -> String {
    match event.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &event[..end]),
        None => event.to_owned(),
    }
}

/// Ids in one text, and how many are left out of it.
fn named(events: &[&str]) -> Option<String> {
    match events {
        [] => None,
        few if few.len() <= MOST_NAMED => Some(few.join(", ")),
        many => Some(format!("{} and {} more", many[..MOST_NAMED].join(", "), many.len() - MOST_NAMED)),
    }
}

fn day_of(days: i32) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(chrono::Duration::days(i64::from(days)))
}

/// A column of a batch, as another type.
pub(super) fn column(batch: &RecordBatch, name: &str, kind: &DataType) -> Result<ArrayRef, QueryError> {
    let at = batch.schema().index_of(name).map_err(QueryError::internal)?;
    cast(batch.column(at), kind).map_err(QueryError::internal)
}

/// A column of texts.
pub(super) struct Text(ArrayRef);

impl Text {
    pub(super) fn of(batch: &RecordBatch, name: &str) -> Result<Self, QueryError> {
        column(batch, name, &DataType::Utf8).map(Self)
    }

    pub(super) fn at(&self, row: usize) -> Option<&str> {
        let texts = self.0.as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_counted() {
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["a", "b"]).as_deref(), Some("a, b"));
        let many: Vec<String> = (0..MOST_NAMED + 3).map(|at| format!("e{at}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(named(&many).unwrap().ends_with("e19 and 3 more"));
    }

    #[test]
    fn the_only_event_is_told_with_its_source() {
        let cause = |event: &str, source: Option<&str>| Cause {
            event: event.to_owned(),
            area: Where::Nowhere,
            told: [source, source.and(Some("2024-12"))].map(|said| said.map(str::to_owned)),
        };
        let (one, long, other) =
            (cause("e1", Some("report")), cause(&"e".repeat(40), None), cause("e2", Some("report")));
        let told = Named::of(&[&one]);
        assert_eq!((told.events.as_deref(), told.source.as_deref()), (Some("e1"), Some("report")));
        assert_eq!((told.stated_on.as_deref(), told.short.as_deref()), (Some("2024-12"), Some("e1 (report, 2024-12)")));
        assert_eq!(Named::of(&[&long]).short, Some("e".repeat(MOST_LETTERS) + "…"));
        let several = Named::of(&[&one, &other]);
        assert_eq!((several.events.as_deref(), several.short.as_deref()), (Some("e1, e2"), Some("2 events")));
        assert_eq!((several.source, several.stated_on), (None, None));
        assert_eq!(Named::of(&[]), Named::default());
    }

    #[test]
    fn an_event_tells_of_what_its_area_became() {
        let knowledge = Arc::new(Knowledge::shipped("2026-01-15".parse().unwrap()));
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let on = |map: Option<&str>| Causes {
            knowledge: Arc::clone(&knowledge),
            map: map.and_then(day),
            told: HashMap::new(),
        };
        let (new, own) = (on(Some("2025-07-01")), on(None));
        // Hà Giang (02) went into Tuyên Quang (08).
        let place = |causes: &Causes, code, when| causes.place(Some("province"), Some(code), day(when), None);
        let (giang, quang) = (place(&new, "02", "2024-12-31"), place(&new, "08", "2025-07-01"));
        assert!(new.lies_in(&giang, &quang));
        let nation = new.place(Some("nation"), Some("00"), day("2025-07-01"), None);
        assert!(new.lies_in(&giang, &nation) && !new.lies_in(&nation, &giang));
        let (giang, quang) = (place(&own, "02", "2024-12-31"), place(&own, "08", "2024-12-31"));
        assert!(!own.lies_in(&giang, &quang) && own.lies_in(&giang, &giang));
    }
}
