//! What holds between figures: which scopes compare, which counts contain others, by which criteria titles are rated,
//! and what a missing figure means.

use serde::{Deserialize, Deserializer};

use crate::partial_date::PartialDate;

/// What a missing figure means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NullPolicy {
    /// Its id.
    pub id: String,
    /// In Vietnamese.
    pub text_vi: String,
    /// In English.
    pub text_en: String,
}

/// A scope whose figures may be held against targets of another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeAnswer {
    /// The measure that it holds for.
    pub measure: String,
    /// Scope of the figure.
    pub actual: String,
    /// Scope of the target.
    pub target: String,
    /// What a reader of the comparison must be told, in Vietnamese.
    pub note_vi: String,
    /// The same in English.
    pub note_en: String,
}

/// A count that another of the same area and year must contain.
#[derive(Debug, Clone, PartialEq)]
pub struct Containment {
    /// The count that is a part: an indicator or a base measure.
    pub part: String,
    /// The count that contains it: an indicator or a base measure. Two indicators of one measure are held against each
    /// other in the same subject scope only.
    pub whole: String,
    /// How much of the whole the part may be. Above 1 x the whole is impossible, above a smaller share implausible.
    pub at_most: f64,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
}

/// An entry of the file: several parts of one whole, for one reason.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contained {
    parts: Vec<String>,
    whole: String,
    #[serde(default = "all_of_it")]
    at_most: f64,
    reason_vi: String,
    reason_en: String,
}

fn all_of_it() -> f64 {
    1.0
}

impl Contained {
    pub(super) fn each(self) -> impl Iterator<Item = Containment> {
        let Self { parts, whole, at_most, reason_vi, reason_en } = self;
        parts.into_iter().map(move |part| Containment {
            part,
            whole: whole.clone(),
            at_most,
            reason_vi: reason_vi.clone(),
            reason_en: reason_en.clone(),
        })
    }
}

/// A set of criteria by which titles are rated. Words of different sets do not compare.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriteriaSet {
    /// Its code, as in the column `criteria_set`.
    pub code: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// From when it is used; `None` where not known.
    #[serde(default, deserialize_with = "partial_date")]
    pub effective_from: Option<PartialDate>,
    /// Titles that it rates; empty where not known.
    #[serde(default)]
    pub measures: Vec<String>,
    /// How many criteria are scored.
    pub criteria: Option<u32>,
    /// The most points there are.
    pub points: Option<u32>,
    /// How long a title is kept, in months.
    pub kept_months: Option<u32>,
    /// Its ratings, best first; empty where not known.
    #[serde(default)]
    pub ratings: Vec<Rating>,
}

/// A word of a criteria set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// As the set says it.
    pub vi: String,
    /// In English.
    pub en: String,
    /// The fewest points it takes; it ends below the next better one.
    pub from_points: Option<u32>,
}

fn partial_date<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PartialDate>, D::Error> {
    let text = String::deserialize(from)?;
    let date = PartialDate::parse(&text).ok_or_else(|| serde::de::Error::custom("is no year, month or day"))?;
    Ok(Some(date))
}
