//! What answers are judged by: the areas through time, the catalogue, deadlines of returns, the Learning Weeks.
//!
//! In: what ships with the program, and the reference events in force on the day asked for. Out: look-ups by the row,
//! maps, and the tables in memory. A session keeps one for each statement and replaces it when events bring more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::common::Result;
use lantoa_schemas::area::{Area, AreaHistory, AreaId, MapView};
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::event::{AreaClassified, PlanIssued, ReturnDue, WeekDeclared};
use lantoa_schemas::knowledge::{Knowledge as JudgedBy, ReferenceEvent};
use lantoa_schemas::national::AreaClass;
use lantoa_schemas::vocabulary::{AreaLevel, ReferenceKind, Vocabulary};
use lantoa_schemas::week::{LearningWeek, learning_weeks, with_declared};

use crate::access::Scope;

/// The query that gives the reference events in force: what the knowledge is made of. An event that was produced
/// directly may leave its kind to its type. Releases store its rows: a further column goes to the end.
pub(crate) const REFERENCES: &str = "
    SELECT
        ledger.event_id, coalesce(kind, split_part(event_type, '.', 4)) AS kind, effective_on, legal_basis, body,
        ledger.area_level, ledger.area_code, ledger.area_date, subject, ledger.source, ledger.note, ledger.recorded
    FROM ledger_reference AS ledger
    LEFT JOIN fate_reference AS fate ON fate.event_id = ledger.event_id
    WHERE fate.fate IS NULL AND body IS NOT NULL
    ORDER BY recorded, log_generation, log_partition, log_offset";

/// An area that belongs to a class from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Classified {
    /// The area, on the map on which it was classified.
    pub(crate) area: AreaId,
    pub(crate) class: AreaClass,
    pub(crate) from: NaiveDate,
    /// Last day; `None` where no end is set.
    pub(crate) until: Option<NaiveDate>,
}

/// When a plan begins, as its event says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlanStart {
    /// Number and date as printed, and the id that the event gives it: a target names it by either.
    names: [Option<String>; 2],
    /// Whose it is; `None` where the event does not say.
    area: Option<AreaId>,
    from_year: i64,
}

/// What one statement is judged by.
#[derive(Debug)]
pub(crate) struct Knowledge {
    history: Arc<AreaHistory>,
    catalogue: Arc<Catalogue>,
    dues: Vec<ReturnDue>,
    classified: Vec<Classified>,
    plans: Vec<PlanStart>,
    weeks: Vec<LearningWeek>,
    today: NaiveDate,
    views: Mutex<HashMap<NaiveDate, Arc<MapView>>>,
    /// The areas that askers are limited to, by code.
    scopes: Mutex<HashMap<String, Arc<Scope>>>,
}

impl Knowledge {
    /// What ships with the program.
    pub(crate) fn shipped(today: NaiveDate) -> Self {
        Self::of(JudgedBy::shipped(), today)
    }

    fn of(judged_by: JudgedBy, today: NaiveDate) -> Self {
        let JudgedBy { history, catalogue } = judged_by;
        let (dues, classified, plans) = (Vec::new(), Vec::new(), Vec::new());
        let weeks = learning_weeks().to_vec();
        let (views, scopes) = Default::default();
        Self { history, catalogue, dues, classified, plans, weeks, today, views, scopes }
    }

    /// What ships with the program and what events bring: columns as [`REFERENCES`] names them.
    pub(crate) fn with(events: &RecordBatch, today: NaiveDate) -> Result<Self> {
        let column = |at: usize, of: &DataType| -> Result<ArrayRef> {
            match events.columns().get(at) {
                Some(column) => Ok(cast(column, of)?),
                // A release that an earlier program has made lacks the last of them.
                None => Ok(new_null_array(of, events.num_rows())),
            }
        };
        let text = |at: usize| column(at, &DataType::Utf8);
        let (ids, kinds, bases, bodies) = (text(0)?, text(1)?, text(3)?, text(4)?);
        let (levels, codes, subjects) = (text(5)?, text(6)?, text(8)?);
        let (sources, notes) = (text(9)?, text(10)?);
        let days = [column(2, &DataType::Date32)?, column(7, &DataType::Date32)?];
        let recorded = column(11, &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())))?;
        let (mut judged_by, mut dues, mut classified, mut plans) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut declared: Vec<LearningWeek> = Vec::new();
        for row in 0..events.num_rows() {
            let read = |column: &ArrayRef| {
                let column = column.as_string::<i32>();
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            let (Some(event_id), Some(body)) = (read(&ids), read(&bodies)) else { continue };
            let [day, area_day] = days.each_ref().map(|days| {
                let days = days.is_valid(row).then(|| days.as_primitive::<Date32Type>().value(row))?;
                NaiveDate::default().checked_add_signed(chrono::Duration::days(i64::from(days)))
            });
            let level = || read(&levels).and_then(|level| AreaLevel::parse(&level));
            match read(&kinds).as_deref().and_then(ReferenceKind::parse) {
                Some(ReferenceKind::ReturnDue) => match serde_json::from_str(&body) {
                    Ok(due) => dues.push(due),
                    // The validator has read it; what a later release wrote may still be strange to this one.
                    Err(error) => tracing::warn!(event_id, %error, "a deadline cannot be read and is left out"),
                },
                Some(ReferenceKind::PlanIssued) => match serde_json::from_str::<PlanIssued>(&body) {
                    Ok(plan) => plans.push((plan, read(&subjects), level(), read(&codes), area_day)),
                    Err(error) => tracing::warn!(event_id, %error, "a plan cannot be read and is left out"),
                },
                Some(ReferenceKind::WeekDeclared) => match serde_json::from_str::<WeekDeclared>(&body) {
                    Ok(week) => declared.push(LearningWeek {
                        dispatch: read(&bases),
                        note: read(&notes),
                        source: read(&sources),
                        recorded: instant(&recorded, row),
                        ..LearningWeek::from(week)
                    }),
                    Err(error) => tracing::warn!(event_id, %error, "a Week cannot be read and is left out"),
                },
                Some(ReferenceKind::AreaClassified) => {
                    match (serde_json::from_str::<AreaClassified>(&body), level(), read(&codes), area_day, day) {
                        (Ok(body), Some(level), Some(code), Some(read_on), Some(from)) => {
                            classified.push((event_id, level, code, read_on, from, body));
                        }
                        _ => tracing::warn!(event_id, "a class of an area cannot be read and is left out"),
                    }
                }
                Some(kind) => {
                    let legal_basis = read(&bases);
                    judged_by.push(ReferenceEvent { event_id, kind, effective_on: day, legal_basis, body });
                }
                None => {}
            }
        }
        let (judged_by, left_out) = JudgedBy::with(&judged_by);
        for event in left_out {
            tracing::warn!(
                event_id = event.event_id,
                reason = event.reason,
                "a reference event does not fit and is left out"
            );
        }
        let mut knowledge = Self { dues, weeks: with_declared(declared), ..Self::of(judged_by, today) };
        for (event_id, level, code, read_on, from, AreaClassified { class, until }) in classified {
            match knowledge.history.find(level, &code, read_on) {
                Ok(area) => knowledge.classified.push(Classified { area, class, from, until }),
                Err(error) => tracing::warn!(event_id, %error, "a classified area is not known and is left out"),
            }
        }
        for (plan, subject, level, code, day) in plans {
            let area = level.zip(code).zip(day);
            let area = area.and_then(|((level, code), day)| knowledge.history.find(level, &code, day).ok());
            let from_year = i64::from(plan.from_year);
            knowledge.plans.push(PlanStart { names: [Some(plan.number), subject], area, from_year });
        }
        Ok(knowledge)
    }

    pub(crate) fn history(&self) -> &AreaHistory {
        &self.history
    }

    pub(crate) fn shared_history(&self) -> Arc<AreaHistory> {
        Arc::clone(&self.history)
    }

    /// What lies in the area of a code.
    pub(crate) fn scope(&self, code: &str) -> Arc<Scope> {
        let known = self.scopes.lock().unwrap_or_else(PoisonError::into_inner).get(code).cloned();
        known.unwrap_or_else(|| {
            let scope = Arc::new(Scope::of(code, self));
            let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(scopes.entry(code.to_owned()).or_insert(scope))
        })
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The present day in Vietnam.
    pub(crate) fn today(&self) -> NaiveDate {
        self.today
    }

    /// The map in force on a day.
    pub(crate) fn view(&self, day: NaiveDate) -> Arc<MapView> {
        let day = self.history.map_on(day);
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(views.entry(day).or_insert_with(|| Arc::new(MapView::new(&self.history, day))))
    }

    /// By when returns of an indicator for a year are due, as the last event said; `None` where nobody has said it.
    pub(crate) fn due(&self, indicator: &str, year: i64) -> Option<NaiveDate> {
        let of_year = self.dues.iter().rev().filter(|due| i64::from(due.year) == year);
        let mut due = None;
        for said in of_year {
            match &said.indicator {
                Some(only) if only == indicator => return Some(said.due),
                None => due = due.or(Some(said.due)),
                Some(_) => {}
            }
        }
        due
    }

    /// Areas that belong to a class, in the order in which they were recorded.
    pub(crate) fn classified(&self) -> &[Classified] {
        &self.classified
    }

    /// The Learning Weeks, in the order of their years.
    pub(crate) fn weeks(&self) -> &[LearningWeek] {
        &self.weeks
    }

    /// The first year of a plan that a target of an area names, as the last event said; `None` where nobody has said it.
    pub(crate) fn plan_start(&self, plan: &str, area: Option<AreaId>) -> Option<i64> {
        let is_it = |of: &&PlanStart| {
            let whose = of.area.zip(area).is_none_or(|(of, area)| self.history.series(of) == self.history.series(area));
            whose && of.names.iter().flatten().any(|name| name == plan)
        };
        self.plans.iter().rev().find(is_it).map(|of| of.from_year)
    }

    /// The area that had a code on a day.
    pub(crate) fn find(&self, level: AreaLevel, code: &str, day: NaiveDate) -> Option<&Area> {
        self.history.resolve(level, code, day).ok()
    }

    /// One text for one area through time: level, code and the map from which it is this area. What has no code goes
    /// by its printed name.
    pub(crate) fn key(
        &self,
        level: Option<AreaLevel>,
        code: Option<&str>,
        day: Option<NaiveDate>,
        printed: Option<&str>,
    ) -> String {
        let level_word = level.map_or("", AreaLevel::as_str);
        let Some(code) = code else {
            return format!("name/{level_word}/{}", printed.unwrap_or(""));
        };
        let found = level.zip(day).and_then(|(level, day)| self.history.find(level, code, day).ok());
        match found {
            Some(id) => format!("{level_word}/{code}@{}", self.history.area(self.history.series(id)).map),
            None => format!("{level_word}/{code}@{}", day.map(|day| day.to_string()).unwrap_or_default()),
        }
    }
}

fn instant(instants: &ArrayRef, row: usize) -> Option<DateTime<Utc>> {
    let instants = instants.as_primitive::<TimestampMicrosecondType>();
    DateTime::from_timestamp_micros(instants.is_valid(row).then(|| instants.value(row))?)
}

/// The knowledge of a session as of its present statement, for whatever asks by the row.
#[derive(Debug)]
pub(crate) struct Present(RwLock<Arc<Knowledge>>);

impl Present {
    pub(crate) fn new(knowledge: Arc<Knowledge>) -> Self {
        Self(RwLock::new(knowledge))
    }

    pub(crate) fn get(&self) -> Arc<Knowledge> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, knowledge: Arc<Knowledge>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = knowledge;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_area_is_one_series_and_a_reused_code_is_not() {
        let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
        let key = |code, day: &str| knowledge.key(Some(AreaLevel::Province), Some(code), day.parse().ok(), None);
        for (code, one_series) in [("01", true), ("24", false), ("56", false), ("82", false)] {
            assert_eq!(key(code, "2024-12-31") == key(code, "2025-08-01"), one_series, "{code}");
        }
        assert_eq!(knowledge.key(Some(AreaLevel::Commune), None, None, Some("Tân Thịnh")), "name/commune/Tân Thịnh");
    }
}
