//! Family reference: what the other events rest on. The common part is columns, the rest is a JSON object whose form
//! depends on the kind and is checked when it comes in.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::event::days;
use crate::national::AreaClass;
use crate::vocabulary::{AreaLevel, Base, ReferenceKind};

/// One reference entry. Field order is the wire's.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reference {
    /// What it brings.
    pub kind: Option<ReferenceKind>,
    /// Id of the change, plan, Week or entry.
    pub subject: Option<String>,
    /// From which day it holds.
    #[serde(serialize_with = "days")]
    pub effective_on: Option<NaiveDate>,
    /// The legal text it rests on.
    pub legal_basis: Option<String>,
    /// The rest, as the JSON text of [`AreaChange`], [`PlanIssued`], [`WeekDeclared`], [`CatalogueEntered`],
    /// [`ReturnDue`] or [`AreaClassified`].
    pub body: Option<String>,
}

/// Body of `area_changed`: the areas that hold from the effective day, and what became of those before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaChange {
    /// merge, split, rename or change_of_kind.
    pub change: String,
    /// The areas as they are from the effective day.
    pub areas: Vec<AreaRow>,
    /// Old area to new area.
    pub succession: Vec<SuccessionRow>,
}

/// An area as it is from the day of a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaRow {
    /// Its level.
    pub level: AreaLevel,
    /// Its code.
    pub code: String,
    /// Full name with its kind, `Tỉnh Bắc Ninh`.
    pub name: String,
    /// Name without its kind, `Bắc Ninh`.
    pub short_name: String,
    /// Its kind in Vietnamese, `tỉnh`.
    pub kind: String,
    /// Code of the area above it.
    pub parent_code: String,
}

/// What became of an area at a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessionRow {
    /// Level before.
    pub old_level: AreaLevel,
    /// Code before.
    pub old_code: String,
    /// Level after.
    pub new_level: AreaLevel,
    /// Code after.
    pub new_code: String,
    /// True where all of the old area went there.
    pub whole: bool,
    /// True for the part that took the main share.
    pub is_main: bool,
}

/// Body of `plan_issued`; its targets come as statements that name the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanIssued {
    /// Number and date as printed.
    pub number: String,
    /// First year.
    pub from_year: i32,
    /// Deadline year.
    pub to_year: i32,
    /// What the plan is about, in its own words.
    pub title: Option<String>,
}

/// Body of `week_declared`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekDeclared {
    /// The Week's year.
    pub year: i32,
    /// First day.
    pub start: NaiveDate,
    /// Last day.
    pub end: NaiveDate,
    /// The theme in Vietnamese.
    pub theme: Option<String>,
}

/// Body of `catalogue_entered`: a measure that intake takes from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntered {
    /// Id of the measure.
    pub id: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// Bases its rate can have.
    #[serde(default)]
    pub bases: Vec<Base>,
}

/// Body of `return_due`: by when the provinces' returns for a year are due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnDue {
    /// The year that is reported.
    pub year: i32,
    /// Last day.
    pub due: NaiveDate,
    /// The indicator; `None` for all that have no day of their own.
    pub indicator: Option<String>,
}

/// Body of `area_classified`: the event's own area belongs to a class from `effective_on` on, by the decision that
/// `legal_basis` names. Who lists the areas of a level lists all of a province: one of that level that is not named does
/// not belong to the class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaClassified {
    /// The class.
    pub class: AreaClass,
    /// Last day; `None` where no end is set.
    pub until: Option<NaiveDate>,
}
