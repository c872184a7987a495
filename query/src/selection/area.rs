//! Which areas a word means: a code with its level and day, a code, or a name in any spelling.
//!
//! In: a word, the history, the map asked for or none. Out: areas of that map. Guarantee: an area of another map is shown
//! where it lies on this one, and that is said; a word that could mean several areas of one map is an error that lists
//! them.

use chrono::NaiveDate;
use lantoa_schemas::area::{AreaHistory, AreaId, Place};
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};

use super::Wrong;
use crate::area_functions::meant;
use crate::knowledge::Knowledge;

/// How an area is named where nothing near is known.
const NAME_OR_CODE: &str =
    "write an area's name in any spelling, as bac giang, or its level and code, as province:24; the table area has all";

/// An area that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) level: AreaLevel,
    pub(crate) code: String,
    /// As rows have it.
    pub(crate) name: String,
    /// With its kind and the area above.
    pub(crate) full: String,
    /// First known day of the map on which it is this area.
    map: NaiveDate,
}

impl Chosen {
    pub(crate) fn of(id: AreaId, history: &AreaHistory) -> Self {
        let area = history.area(id);
        let above =
            history.parent(id).map(|above| history.area(above)).filter(|above| above.level != AreaLevel::Nation);
        let full = above.map_or_else(|| area.name.clone(), |above| format!("{}, {}", area.name, above.short_name));
        Self { level: area.level, code: area.code.clone(), name: area.short_name.clone(), full, map: area.map }
    }

    /// Whether the same rows are meant: an area that stayed as it was is one, whichever map it is named on.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.level == other.level && self.code == other.code && self.name == other.name
    }

    /// The word that means this area and no other.
    pub(crate) fn word(&self) -> String {
        format!("{}:{}@{}", self.level, self.code, self.map)
    }
}

/// The areas that a word means on a map, or on all of them.
pub(super) fn resolve(
    word: &str,
    knowledge: &Knowledge,
    map: Option<NaiveDate>,
    notices: &mut Vec<String>,
) -> Result<Vec<Chosen>, Wrong> {
    let history = knowledge.history();
    let found = match word.split_once(':') {
        Some((level, code)) => coded(level, code, history, map)?,
        None if word.bytes().all(|byte| byte.is_ascii_digit()) => with_code(word, history, map)?,
        None => only(word, hits(word, history, map), history)?,
    };
    let mut here = Vec::new();
    for id in found {
        here.extend(on_map(id, knowledge, map, notices)?);
    }
    Ok(here.into_iter().map(|id| Chosen::of(id, history)).collect())
}

/// As [`resolve`], for whom it is enough to know the areas.
pub(crate) fn areas(word: &str, knowledge: &Knowledge, map: Option<NaiveDate>) -> Result<Vec<Chosen>, Wrong> {
    resolve(word, knowledge, map, &mut Vec::new())
}

/// `province:24` or `province:24@2024-12-31`.
fn coded(level: &str, code: &str, history: &AreaHistory, map: Option<NaiveDate>) -> Result<Vec<AreaId>, Wrong> {
    let level = AreaLevel::parse(level).ok_or_else(|| {
        Wrong::new("area", format!("'{level}' is no level of areas"), format!("use {}", AreaLevel::listed()))
    })?;
    let (code, day) = match code.split_once('@') {
        None => (code, map),
        Some((code, day)) => {
            let read = day.parse().map_err(|_| {
                Wrong::new("area", format!("'{day}' is not a day"), "write the day as province:24@2024-12-31")
            })?;
            (code, Some(read))
        }
    };
    let unknown = |error: &dyn std::error::Error| Wrong::new("area", error.to_string(), NAME_OR_CODE);
    match day {
        Some(day) => history.find(level, code, day).map(|id| vec![id]).map_err(|error| unknown(&error)),
        None => {
            let found: Vec<AreaId> = all(history, |area| area.level == level && area.code == code);
            let no_such = format!("no {level} has the code {code}");
            if found.is_empty() { Err(Wrong::new("area", no_such, NAME_OR_CODE)) } else { Ok(found) }
        }
    }
}

/// Any area of a code, whatever its level: codes of different levels have different lengths.
fn with_code(code: &str, history: &AreaHistory, map: Option<NaiveDate>) -> Result<Vec<AreaId>, Wrong> {
    let found = all(history, |area| area.code == code && map.is_none_or(|day| area.holds_on(day)));
    if found.is_empty() {
        let remedy =
            "see the table area, or name its level and a day on which it had the code, as province:24@2024-12-31";
        return Err(Wrong::new("area", format!("no area has the code {code} on this map"), remedy));
    }
    Ok(found)
}

fn all(history: &AreaHistory, is: impl Fn(&lantoa_schemas::area::Area) -> bool) -> Vec<AreaId> {
    history.iter().filter(|(_, area)| is(area)).map(|(id, _)| id).collect()
}

/// Areas of a name in any spelling, the largest level first: on the map, else on any.
pub(crate) fn hits(word: &str, history: &AreaHistory, map: Option<NaiveDate>) -> Vec<AreaId> {
    let here = map.map(|day| history.named(word, day)).unwrap_or_default();
    if !here.is_empty() {
        return here;
    }
    let mut anywhere: Vec<AreaId> = history.maps().iter().flat_map(|day| history.named(word, *day)).collect();
    anywhere.sort_by_key(|id| history.area(*id).level);
    anywhere
}

/// Of the areas that have a name those of the largest level, where that is one a map.
fn only(word: &str, found: Vec<AreaId>, history: &AreaHistory) -> Result<Vec<AreaId>, Wrong> {
    let Some(level) = found.first().map(|id| history.area(*id).level) else {
        return Err(nothing_called(word, history));
    };
    let found: Vec<AreaId> = found.into_iter().filter(|id| history.area(*id).level == level).collect();
    let alone =
        |id: &AreaId| found.iter().filter(|other| history.area(**other).map == history.area(*id).map).count() == 1;
    if found.iter().all(alone) {
        return Ok(found);
    }
    let listed = found.iter().map(|id| Chosen::of(*id, history));
    let listed: Vec<String> = listed.map(|chosen| format!("{} ({})", chosen.word(), chosen.full)).collect();
    Err(Wrong::new("area", format!("several areas are called '{word}'"), format!("say which: {}", listed.join("; "))))
}

fn nothing_called(word: &str, history: &AreaHistory) -> Wrong {
    let remedy = meant(word, history.areas().iter()).unwrap_or_else(|| NAME_OR_CODE.to_owned());
    Wrong::new("area", format!("no area is called '{word}'"), remedy)
}

/// Where an area lies on the map.
fn on_map(
    id: AreaId,
    knowledge: &Knowledge,
    map: Option<NaiveDate>,
    notices: &mut Vec<String>,
) -> Result<Vec<AreaId>, Wrong> {
    let (Some(day), history) = (map, knowledge.history()) else { return Ok(vec![id]) };
    let view = knowledge.view(day);
    let area = history.area(id);
    if area.map == view.day() {
        return Ok(vec![id]);
    }
    let named = |id: &AreaId| history.area(*id).name.clone();
    Ok(match view.place(id) {
        Place::Same(here) => vec![*here],
        Place::Whole(here) | Place::Main(here) => {
            notices.push(format!("{} lies in {} on the map of {}", area.name, named(here), view.day()));
            vec![*here]
        }
        Place::Of(several) => {
            let names: Vec<String> = several.iter().map(named).collect();
            notices.push(format!("{} is a part of {} on the map of {}", area.name, names.join(", "), view.day()));
            several.clone()
        }
        Place::Nowhere => {
            let reason = format!("{} has no place on the map of {}", area.name, view.day());
            return Err(Wrong::new(
                "area",
                reason,
                "ask on the map on which it was, or for the areas that are there now",
            ));
        }
    })
}
