//! The Learning Weeks: of each year its first and last day, its theme and the dispatch that asked for it.
//!
//! In: `data/learning_week.csv`, and what `week_declared` events in force say. Out: one Week a year, in the order of the
//! years. Guarantee: a Week that was declared takes the place of the shipped one whole; of several of one year the last
//! counts. What is not known is `None`; where a theme is known in another language only, `note` says so.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use crate::event::WeekDeclared;

/// The Week of a year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LearningWeek {
    /// The year.
    pub year: i32,
    /// First day.
    #[serde(rename = "start")]
    pub start_on: Option<NaiveDate>,
    /// Last day.
    #[serde(rename = "end")]
    pub end_on: Option<NaiveDate>,
    /// The theme in Vietnamese.
    pub theme_vi: Option<String>,
    /// The theme in English.
    #[serde(default)]
    pub theme_en: Option<String>,
    /// Number of the dispatch that asked for it.
    pub dispatch: Option<String>,
    /// What there is to mind.
    pub note: Option<String>,
    /// Where it was read.
    pub source: Option<String>,
    /// When the event that declares it was recorded; `None` for what ships with the program.
    #[serde(skip)]
    pub recorded: Option<DateTime<Utc>>,
}

impl From<WeekDeclared> for LearningWeek {
    /// What the body of an event says. The rest is said beside the body.
    fn from(declared: WeekDeclared) -> Self {
        let WeekDeclared { year, start, end, theme } = declared;
        Self {
            year,
            start_on: Some(start),
            end_on: Some(end),
            theme_vi: theme,
            theme_en: None,
            dispatch: None,
            note: None,
            source: None,
            recorded: None,
        }
    }
}

/// The Weeks that ship with the program, in the order of their years.
pub fn learning_weeks() -> &'static [LearningWeek] {
    static WEEKS: OnceLock<Vec<LearningWeek>> = OnceLock::new();
    WEEKS.get_or_init(|| {
        csv::Reader::from_reader(TEXT.as_bytes())
            .deserialize()
            .collect::<Result<_, _>>()
            .expect("the shipped Weeks are read by this module's tests")
    })
}

/// The Weeks that ship and those that events declare, in the order in which these were recorded.
pub fn with_declared(declared: impl IntoIterator<Item = LearningWeek>) -> Vec<LearningWeek> {
    let mut weeks: BTreeMap<i32, LearningWeek> =
        learning_weeks().iter().map(|week| (week.year, week.clone())).collect();
    weeks.extend(declared.into_iter().map(|week| (week.year, week)));
    weeks.into_values().collect()
}

const TEXT: &str = include_str!("../data/learning_week.csv");

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    #[test]
    fn the_shipped_weeks_follow_on_one_another() {
        let weeks = learning_weeks();
        assert!(weeks.is_sorted_by(|one, next| one.year + 1 == next.year));
        assert_eq!((weeks[0].year, weeks[weeks.len() - 1].year), (2011, 2025));
        for week in weeks {
            let days = week.start_on.zip(week.end_on);
            assert_eq!(week.start_on.is_some(), week.end_on.is_some(), "{}", week.year);
            if let Some((start, end)) = days {
                let all = (end - start).num_days();
                assert!(
                    (start.year(), end.year()) == (week.year, week.year) && (6..=8).contains(&all),
                    "{}",
                    week.year
                );
                assert!(week.source.is_some(), "{}: nobody is named for its days", week.year);
            }
            assert!(week.theme_vi.is_some() || week.note.is_some(), "{}: no theme, and not why", week.year);
            assert_eq!(week.recorded, None);
        }
        let of_2021 = weeks.iter().find(|week| week.year == 2021).unwrap();
        assert!(of_2021.note.as_deref().unwrap().contains("English: Digital transformation"));
    }

    #[test]
    fn the_last_that_was_declared_takes_the_place_of_its_year_whole() {
        let declared = |year: i32, day: u32| {
            let body = WeekDeclared {
                year,
                start: NaiveDate::from_ymd_opt(year, 10, day).unwrap(),
                end: NaiveDate::from_ymd_opt(year, 10, day + 6).unwrap(),
                theme: None,
            };
            LearningWeek { recorded: Some(DateTime::UNIX_EPOCH), ..body.into() }
        };
        let weeks = with_declared([declared(2027, 4), declared(2025, 6), declared(2025, 7)]);
        assert!(weeks.is_sorted_by(|one, next| one.year < next.year));
        assert_eq!(weeks.len(), learning_weeks().len() + 1);
        let of = |year| weeks.iter().find(|week| week.year == year).unwrap();
        assert_eq!(of(2025), &declared(2025, 7));
        assert_eq!(of(2027), &declared(2027, 4));
        assert_eq!(Some(of(2024)), learning_weeks().iter().find(|week| week.year == 2024));
        assert_eq!(with_declared([]), learning_weeks());
    }
}
