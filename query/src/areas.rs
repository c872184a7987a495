//! The area history as this crate needs it: which area a code named, one key for one area through time, and the tables
//! `area` and `area_succession`.
//!
//! In: the history of the contract. Out: look-ups and two tables in memory.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;
use chrono::NaiveDate;
use lantoa_schemas::area::{Area, AreaHistory};
use lantoa_schemas::event::days_since_epoch;
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

/// Level and code, which together name an area on one map.
type Place<'a> = (AreaLevel, &'a str);

/// The history with what is looked up by the row.
#[derive(Debug)]
pub(crate) struct Areas {
    history: Arc<AreaHistory>,
    /// Codes that named the same area before and after the map changed.
    unchanged: std::collections::HashSet<(AreaLevel, String)>,
    first_map: Option<NaiveDate>,
}

impl Areas {
    pub(crate) fn new(history: Arc<AreaHistory>) -> Self {
        let mut after: HashMap<Place<'_>, Vec<(Place<'_>, bool)>> = HashMap::new();
        let mut before: HashMap<Place<'_>, usize> = HashMap::new();
        for row in history.successions() {
            let (old, new) = ((row.old_level, row.old_code.as_str()), (row.new_level, row.new_code.as_str()));
            after.entry(old).or_default().push((new, row.share == "whole"));
            *before.entry(new).or_default() += 1;
        }
        // An area whose only successor is whole and keeps its code is one series; any other change starts a new one,
        // and so does land that came in from elsewhere.
        let unchanged = after
            .iter()
            .filter(|(old, new)| new.as_slice() == [(**old, true)] && before.get(*old) == Some(&1))
            .map(|((level, code), _)| (*level, (*code).to_owned()))
            .collect();
        let first_map = history.areas().iter().map(|area| area.map).min();
        Self { history, unchanged, first_map }
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
        let found = level.zip(day).and_then(|(level, day)| self.find(level, code, day));
        let map = found.map(|area| {
            let same = self.unchanged.contains(&(area.level, area.code.clone()));
            if same { self.first_map.unwrap_or(area.map) } else { area.map }
        });
        match map {
            Some(map) => format!("{level_word}/{code}@{map}"),
            None => format!("{level_word}/{code}@{}", day.map(|day| day.to_string()).unwrap_or_default()),
        }
    }

    /// Rows of the table `area`: each area once a map.
    pub(crate) fn area_rows(&self) -> Result<RecordBatch, ArrowError> {
        let areas = self.history.areas();
        let text =
            |read: fn(&Area) -> Option<&str>| -> ArrayRef { Arc::new(areas.iter().map(read).collect::<StringArray>()) };
        let day = |read: fn(&Area) -> Option<NaiveDate>| -> ArrayRef {
            Arc::new(areas.iter().map(|a| read(a).map(days_since_epoch)).collect::<Date32Array>())
        };
        RecordBatch::try_from_iter_with_nullable([
            ("map", day(|a| Some(a.map)), false),
            ("level", text(|a| Some(a.level.as_str())), false),
            ("code", text(|a| Some(&a.code)), false),
            ("name", text(|a| Some(&a.name)), false),
            ("short_name", text(|a| Some(&a.short_name)), false),
            ("kind", text(|a| Some(&a.kind)), false),
            ("parent_code", text(|a| a.parent_code.as_deref()), true),
            ("valid_from", day(|a| a.valid_from), true),
            ("valid_to", day(|a| a.valid_to), true),
            ("area_km2", Arc::new(areas.iter().map(|a| a.area_km2).collect::<Float64Array>()) as ArrayRef, true),
        ])
    }

    /// Rows of the table `area_succession`: what became of each old area.
    pub(crate) fn succession_rows(&self) -> Result<RecordBatch, ArrowError> {
        let rows = self.history.successions();
        let text = |texts: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
        RecordBatch::try_from_iter_with_nullable([
            ("old_level", text(rows.iter().map(|r| r.old_level.as_str()).collect()), false),
            ("old_code", text(rows.iter().map(|r| r.old_code.as_str()).collect()), false),
            ("new_level", text(rows.iter().map(|r| r.new_level.as_str()).collect()), false),
            ("new_code", text(rows.iter().map(|r| r.new_code.as_str()).collect()), false),
            ("share", text(rows.iter().map(|r| r.share.as_str()).collect()), false),
            ("is_main", Arc::new(rows.iter().map(|r| i64::from(r.is_main)).collect::<Int64Array>()) as ArrayRef, false),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_area_is_one_series_and_a_reused_code_is_not() {
        let areas = Areas::new(Arc::clone(AreaHistory::shipped()));
        let count = |level| areas.unchanged.iter().filter(|(l, _)| *l == level).count();
        assert_eq!([count(AreaLevel::Province), count(AreaLevel::Commune)], [11, 132]);
        let key = |code, day: &str| areas.key(Some(AreaLevel::Province), Some(code), day.parse().ok(), None);
        for (code, one_series) in [("01", true), ("24", false), ("56", false), ("82", false)] {
            assert_eq!(key(code, "2024-12-31") == key(code, "2025-08-01"), one_series, "{code}");
        }
        assert_eq!(areas.key(Some(AreaLevel::Commune), None, None, Some("Tân Thịnh")), "name/commune/Tân Thịnh");
    }

    #[test]
    fn the_tables_have_every_row() {
        let areas = Areas::new(Arc::clone(AreaHistory::shipped()));
        assert_eq!(areas.area_rows().unwrap().num_rows(), areas.history.areas().len());
        assert_eq!(areas.succession_rows().unwrap().num_rows(), 10_665);
    }
}
