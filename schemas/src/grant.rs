//! What a sender may report: which families, and of which areas through all changes of areas.
//!
//! In: a grant, the history, and what a row says of its area. Out: nothing, or the problem for whoever sent the row.
//! Guarantee: what is let through lies wholly in what was granted; what cannot be told apart does not.
//!
//! An area of a grant is a level, a code and a day. It covers that area and all areas within it, for as long as the history
//! has them as the same: a series, the same code and the same land (a map begins for the whole nation, so a change elsewhere
//! must not silence an office). A grant that holds *through changes* also covers later areas all of whose origins lie in it,
//! and earlier ones all of whose heirs do: the communes of Bắc Giang that are now in Bắc Ninh, but neither Bắc Ninh as a
//! whole nor the former one.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::area::{AreaError, AreaHistory, AreaId};
use crate::stream::Family;
use crate::validate::Problem;
use crate::vocabulary::{AreaLevel, Vocabulary};

/// How many areas of a grant a reason names.
const MOST_NAMED: usize = 3;

/// What a sender may report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The families.
    pub families: BTreeSet<Family>,
    /// Of which areas.
    pub areas: Scope,
}

/// Of which areas a sender may report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Of all, and what holds for the whole nation.
    Nation,
    /// Of some.
    Areas {
        /// Which, each with all that lies in it.
        areas: Vec<GrantedArea>,
        /// Whether also areas of other times count that are made of these alone.
        through_changes: bool,
    },
}

/// An area of a grant; written `province/24@2024-12-31`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedArea {
    /// Its level.
    pub level: AreaLevel,
    /// Its code.
    pub code: String,
    /// A day on which the code named it.
    pub day: NaiveDate,
}

/// A text that is no area of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an area is written LEVEL/CODE@DAY, as province/24@2024-12-31 or commune/07210@2025-07-01: a code alone names nothing"
)]
pub struct NoGrantedArea;

impl FromStr for GrantedArea {
    type Err = NoGrantedArea;

    fn from_str(text: &str) -> Result<Self, NoGrantedArea> {
        let parts = text.split_once('/').and_then(|(level, rest)| Some((level, rest.split_once('@')?)));
        let (level, (code, day)) = parts.ok_or(NoGrantedArea)?;
        let level = AreaLevel::parse(level).ok_or(NoGrantedArea)?;
        let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").map_err(|_| NoGrantedArea)?;
        let is_code = (2..=5).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
        if is_code { Ok(Self { level, code: code.to_owned(), day }) } else { Err(NoGrantedArea) }
    }
}

impl fmt::Display for GrantedArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.level, self.code, self.day)
    }
}

impl GrantedArea {
    /// The area as the history has it.
    ///
    /// # Errors
    /// When no area of the level had the code on the day.
    pub fn find(&self, history: &AreaHistory) -> Result<AreaId, AreaError> {
        history.find(self.level, &self.code, self.day)
    }
}

impl Grant {
    /// Everything there is.
    pub fn of_everything() -> Self {
        Self { families: Family::ALL.iter().copied().collect(), areas: Scope::Nation }
    }

    /// The grant by a history. An area of it that the history does not have covers nothing.
    pub fn by<'a>(&'a self, history: &'a AreaHistory) -> Reach<'a> {
        let granted = match &self.areas {
            Scope::Nation => Vec::new(),
            Scope::Areas { areas, .. } => areas.iter().filter_map(|area| area.find(history).ok()).collect(),
        };
        Reach { grant: self, history, granted, decided: RefCell::default() }
    }

    /// Whether a row may be reported: as [`Reach::may_report`], for a single one.
    ///
    /// # Errors
    /// As [`Reach::may_report`].
    pub fn may_report(
        &self,
        history: &AreaHistory,
        family: Family,
        level: Option<AreaLevel>,
        code: Option<&str>,
        date: Option<NaiveDate>,
        name: Option<&str>,
    ) -> Result<(), Problem> {
        self.by(history).may_report(family, level, code, date, name)
    }
}

/// A grant by one history, for many rows.
#[derive(Debug)]
pub struct Reach<'a> {
    grant: &'a Grant,
    history: &'a AreaHistory,
    granted: Vec<AreaId>,
    /// Of each area that was asked for, whether it lies in the grant.
    decided: RefCell<HashMap<AreaId, bool>>,
}

impl Reach<'_> {
    /// Whether events of a family may be sent at all.
    ///
    /// # Errors
    /// What to tell the sender.
    pub fn may_send(&self, family: Family) -> Result<(), Problem> {
        if self.grant.families.contains(&family) {
            return Ok(());
        }
        Err(Problem::new(
            "type",
            format!("is of the family {family}, which this token may not send"),
            "send it with a token for that family; whoever runs the server gives one",
        ))
    }

    /// Whether a row may be reported, by what it says of its area.
    ///
    /// # Errors
    /// What to tell the sender.
    pub fn may_report(
        &self,
        family: Family,
        level: Option<AreaLevel>,
        code: Option<&str>,
        date: Option<NaiveDate>,
        name: Option<&str>,
    ) -> Result<(), Problem> {
        self.may_send(family)?;
        let Scope::Areas { through_changes, .. } = &self.grant.areas else { return Ok(()) };
        if family == Family::Reference {
            return Err(Problem::new(
                "type",
                format!(
                    "is a reference event, which all are judged by, and this token speaks for {} alone",
                    self.named()
                ),
                "send it with a token of the nation; whoever runs the server gives one",
            ));
        }
        let found = match (level, code, date) {
            (Some(level), Some(code), Some(day)) => self.history.find(level, code, day).ok().map(|id| (id, day)),
            _ => None,
        };
        let Some((area, day)) = found else {
            let by_name = code.is_none() && name.is_some_and(|name| self.holds_named(level, name, date));
            return if by_name { Ok(()) } else { Err(self.not_by_name()) };
        };
        if self.holds(area) { Ok(()) } else { Err(self.outside(area, day, *through_changes)) }
    }

    /// Whether an area lies in the grant.
    fn holds(&self, area: AreaId) -> bool {
        if let Some(decided) = self.decided.borrow().get(&area) {
            return *decided;
        }
        let through_changes = matches!(self.grant.areas, Scope::Areas { through_changes: true, .. });
        let holds = self.lies_within(area) || (through_changes && self.is_made_of_it(area));
        self.decided.borrow_mut().insert(area, holds);
        holds
    }

    /// Whether every area that has the name on a day lies in the grant: one that has it elsewhere as well could be meant.
    fn holds_named(&self, level: Option<AreaLevel>, name: &str, date: Option<NaiveDate>) -> bool {
        let Some(day) = date else { return false };
        let mut named = self.history.named(name, day);
        named.retain(|id| level.is_none_or(|level| self.history.area(*id).level == level));
        !named.is_empty() && named.into_iter().all(|id| self.holds(id))
    }

    /// Whether the area, or one that it lies in, is of the series of a granted one.
    fn lies_within(&self, area: AreaId) -> bool {
        let series = |id: AreaId| self.history.series(id);
        self.above(area).any(|id| self.granted.iter().any(|granted| series(*granted) == series(id)))
    }

    fn is_made_of_it(&self, area: AreaId) -> bool {
        self.came_of_it(area) || self.went_into_it(area)
    }

    /// Whether the area, or one that it lies in, came from nothing but what was granted.
    fn came_of_it(&self, area: AreaId) -> bool {
        self.lies_within(area)
            || self.above(area).any(|id| {
                let origins = self.history.predecessors(id);
                !origins.is_empty() && origins.iter().all(|step| self.came_of_it(step.area))
            })
    }

    /// Whether the area, or one that it lies in, went into nothing but what was granted.
    fn went_into_it(&self, area: AreaId) -> bool {
        self.lies_within(area)
            || self.above(area).any(|id| {
                let heirs = self.history.successors(id);
                !heirs.is_empty() && heirs.iter().all(|step| self.went_into_it(step.area))
            })
    }

    /// An area and all that it lies in, on its map.
    fn above(&self, area: AreaId) -> impl Iterator<Item = AreaId> + '_ {
        std::iter::successors(Some(area), move |area| self.history.parent(*area))
    }

    fn outside(&self, area: AreaId, day: NaiveDate, through_changes: bool) -> Problem {
        let name = self.history.name_on(area, day);
        let reason = format!("{name} on {day} does not lie in {}, for which this token speaks", self.named());
        let remedy = if !through_changes && self.is_made_of_it(area) {
            "ask whoever runs the server for a token that also holds through changes of areas"
        } else {
            "send it with a token of that area; whoever runs the server gives one"
        };
        Problem::new("area_code", reason, remedy)
    }

    fn not_by_name(&self) -> Problem {
        let reason =
            format!("is missing, and by a name alone it cannot be seen that the area lies in {}", self.named());
        Problem::new("area_code", reason, "give level, code and day of the area, as province, 24 and 2024-12-31")
    }

    /// The granted areas, for people.
    fn named(&self) -> String {
        let Scope::Areas { areas, .. } = &self.grant.areas else { return "the nation".to_owned() };
        let name = |area: &GrantedArea| match area.find(self.history) {
            Ok(id) => format!("{} ({})", self.history.name_on(id, area.day), area.code),
            Err(_) => area.to_string(),
        };
        let mut names: Vec<String> = areas.iter().take(MOST_NAMED).map(name).collect();
        if areas.len() > MOST_NAMED {
            names.push("…".to_owned());
        }
        names.join(", ")
    }
}

#[cfg(test)]
mod tests;
