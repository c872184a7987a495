//! What can change in the areas, and the history after a change.
//!
//! In: `data/area_change.toml`, and `area_changed` events. Out: marks of changes that are known by name, and a history
//! with further maps. Guarantee: a change that does not fit is told and left out; the others are applied all the same,
//! in the order of their effective days, so that the same changes always make the same history.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Area, AreaHistory, Succession};
use crate::event::{AreaChange, AreaRow, SuccessionRow};
use crate::vocabulary::AreaLevel;

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Areas became one.
    Merge,
    /// An area became several.
    Split,
    /// An area has another name.
    Rename,
    /// An area is of another kind, as a province that became a centrally run city.
    ChangeOfKind,
}

impl ChangeKind {
    /// The word in data and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Split => "split",
            Self::Rename => "rename",
            Self::ChangeOfKind => "change_of_kind",
        }
    }

    /// Whether land or codes change hands, which begins a map.
    fn begins_a_map(self) -> bool {
        matches!(self, Self::Merge | Self::Split)
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Merge, Self::Split, Self::Rename, Self::ChangeOfKind].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// An area as it was before a change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerArea {
    /// Its level.
    pub level: AreaLevel,
    /// Its code.
    pub code: String,
    /// Its full name.
    pub name: String,
}

/// A change that is known by name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownChange {
    /// First day after it.
    pub effective_on: NaiveDate,
    /// What kind of change.
    pub kind: ChangeKind,
    /// The legal text, where known.
    pub legal_basis: Option<String>,
    /// Id of the event that told it; `None` for what ships with the program.
    #[serde(default)]
    pub event_id: Option<String>,
    /// The areas after it.
    pub areas: Vec<NewArea>,
    /// The areas before it.
    pub before: Vec<FormerArea>,
}

/// An area as it is after a change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewArea {
    /// Its level.
    pub level: AreaLevel,
    /// Its code.
    pub code: String,
    /// Its full name.
    pub name: String,
    /// Its name without the kind.
    pub short_name: String,
    /// Its kind.
    pub kind: String,
}

impl KnownChange {
    /// Whether an area is one of those after the change, on the map of that time.
    pub(super) fn concerns(&self, area: &Area) -> bool {
        area.holds_on(self.effective_on)
            && self.areas.iter().any(|new| new.level == area.level && new.code == area.code)
    }

    /// Whether land went from one province to another.
    pub(super) fn moves_provinces(&self) -> bool {
        self.kind.begins_a_map() && self.areas.iter().any(|area| area.level == AreaLevel::Province)
    }

    /// Whether the change gave the area its present name.
    pub(super) fn renames(&self, area: &Area) -> bool {
        !self.kind.begins_a_map() && self.concerns(area)
    }
}

/// An `area_changed` event in force.
#[derive(Debug, Clone, PartialEq)]
pub struct AreaEvent {
    /// Its id.
    pub event_id: String,
    /// First day after the change.
    pub effective_on: NaiveDate,
    /// The legal text.
    pub legal_basis: Option<String>,
    /// What changed.
    pub body: AreaChange,
}

impl AreaEvent {
    /// The areas that end (`false`) and begin (`true`) by it, each once.
    fn moves(&self) -> impl Iterator<Item = (bool, AreaLevel, &str)> {
        let ended: HashSet<_> =
            self.body.succession.iter().map(|row| (false, row.old_level, row.old_code.as_str())).collect();
        ended.into_iter().chain(self.body.areas.iter().map(|area| (true, area.level, area.code.as_str())))
    }

    /// Whether no other change of the same day has ended or begun the same areas.
    fn beside(&self, taken: &HashSet<(bool, AreaLevel, &str)>) -> Result<(), ChangeError> {
        match self.moves().find(|moved| taken.contains(moved)) {
            Some((_, level, code)) => Err(ChangeError::Twice { level, code: code.to_owned() }),
            None => Ok(()),
        }
    }
}

/// A change that does not fit the history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The word for the kind of change is not known.
    #[error("{0} is no kind of change: use merge, split, rename or change_of_kind")]
    Kind(String),
    /// The map of that day is closed: a later one is known already.
    #[error("{day} lies before {last}, from which the map is fixed already")]
    Closed {
        /// The change's day.
        day: NaiveDate,
        /// First day of the last map that ships with the program.
        last: NaiveDate,
    },
    /// An area that should change is not there.
    #[error("no {level} has the code {code} on the day before {day}")]
    NoSuchArea {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
        /// The change's day.
        day: NaiveDate,
    },
    /// An area that comes to be is the successor of none.
    #[error("{level} {code} comes from no area: list what it came from in succession")]
    FromNowhere {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
    },
    /// A successor is not among the areas that come to be.
    #[error("{level} {code} is a successor but not among the areas from that day")]
    NotListed {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
    },
    /// A code is given to a second area while the first still has it.
    #[error("{level} {code} is another area's code: say in succession what became of that area")]
    CodeTaken {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
    },
    /// Another change of the same day ends or begins the same area.
    #[error("another change of the same day speaks of {level} {code} already: put both into one")]
    Twice {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
    },
    /// An area that comes to be lies in none that is there.
    #[error("{level} {code} lies in {parent}, which is no area of the level above from that day")]
    NoParent {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
        /// The code given for the area above it.
        parent: String,
    },
    /// The shares of an area do not make it whole.
    #[error("{level} {code} goes neither whole to one area nor in parts, one of them the main one, to several")]
    Shares {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
    },
    /// An area below a split one is given to none of its parts.
    #[error("{level} {code} lies in an area that is split: say in which part it is from that day")]
    Orphan {
        /// Its level.
        level: AreaLevel,
        /// Its code.
        code: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    change: Vec<KnownChange>,
}

/// The changes that ship with the program.
pub(super) fn shipped() -> Vec<KnownChange> {
    let file: File = toml::from_str(include_str!("../../data/area_change.toml"))
        .expect("the shipped changes are read by this crate's tests");
    file.change
}

type Code = (AreaLevel, String);

impl AreaHistory {
    /// The history with the changes of events beside what ships with the program. What does not fit is left out and
    /// told, with the id of its event.
    pub fn with(&self, events: &[AreaEvent]) -> (Self, Vec<(String, ChangeError)>) {
        let mut history = self.clone();
        let mut refused = Vec::new();
        let mut days: BTreeMap<NaiveDate, Vec<&AreaEvent>> = BTreeMap::new();
        for event in events {
            days.entry(event.effective_on).or_default().push(event);
        }
        for (day, events) in days {
            let mut fitting = Vec::new();
            let mut taken: HashSet<(bool, AreaLevel, &str)> = HashSet::new();
            for event in events {
                match history.check(event).and_then(|kind| event.beside(&taken).map(|()| kind)) {
                    Ok(kind) => {
                        taken.extend(event.moves().filter(|_| kind.begins_a_map()));
                        fitting.push((kind, event));
                    }
                    Err(error) => refused.push((event.event_id.clone(), error)),
                }
            }
            if fitting.iter().any(|(kind, _)| kind.begins_a_map()) {
                let orphans = history.orphans(&fitting);
                fitting.retain(|(_, event)| match orphans.get(event.event_id.as_str()) {
                    Some(error) => {
                        refused.push((event.event_id.clone(), error.clone()));
                        false
                    }
                    None => true,
                });
                let of_land = fitting.iter().filter(|(kind, _)| kind.begins_a_map()).map(|(_, event)| *event);
                let of_land: Vec<_> = of_land.collect();
                if !of_land.is_empty() {
                    history = history.with_map(day, &of_land);
                }
            }
            let known = fitting.iter().map(|(kind, event)| history.known(*kind, event)).collect();
            history.version += fitting.len() as i64;
            history.mark(known);
        }
        (history, refused)
    }

    /// Whether a change fits the history, by itself.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn check(&self, event: &AreaEvent) -> Result<ChangeKind, ChangeError> {
        let day = event.effective_on;
        let kind = ChangeKind::parse(&event.body.change).ok_or_else(|| ChangeError::Kind(event.body.change.clone()))?;
        let eve = day.pred_opt().unwrap_or(day);
        let there = |level: AreaLevel, code: &str| self.find(level, code, eve).is_ok();
        if !kind.begins_a_map() {
            for area in &event.body.areas {
                if !there(area.level, &area.code) {
                    return Err(ChangeError::NoSuchArea { level: area.level, code: area.code.clone(), day });
                }
            }
            return Ok(kind);
        }
        if day <= self.fixed {
            return Err(ChangeError::Closed { day, last: self.fixed });
        }
        let body = &event.body;
        let listed: HashSet<(AreaLevel, &str)> = body.areas.iter().map(|a| (a.level, a.code.as_str())).collect();
        let mut shares: HashMap<(AreaLevel, &str), Vec<&SuccessionRow>> = HashMap::new();
        for row in &body.succession {
            if !there(row.old_level, &row.old_code) {
                return Err(ChangeError::NoSuchArea { level: row.old_level, code: row.old_code.clone(), day });
            }
            if !listed.contains(&(row.new_level, row.new_code.as_str())) {
                return Err(ChangeError::NotListed { level: row.new_level, code: row.new_code.clone() });
            }
            shares.entry((row.old_level, &row.old_code)).or_default().push(row);
        }
        for ((level, code), rows) in shares {
            let whole = rows.len() == 1 && rows[0].whole;
            let parts =
                rows.len() > 1 && rows.iter().all(|r| !r.whole) && rows.iter().filter(|r| r.is_main).count() == 1;
            if !whole && !parts {
                return Err(ChangeError::Shares { level, code: code.to_owned() });
            }
        }
        let ended =
            |area: &AreaRow| body.succession.iter().any(|row| row.old_level == area.level && row.old_code == area.code);
        if let Some(area) = body.areas.iter().find(|area| there(area.level, &area.code) && !ended(area)) {
            return Err(ChangeError::CodeTaken { level: area.level, code: area.code.clone() });
        }
        let last = self.map_on(eve);
        let has_parent = |area: &AreaRow| {
            self.level_above(area.level, last).is_some_and(|level| {
                listed.contains(&(level, area.parent_code.as_str())) || there(level, &area.parent_code)
            })
        };
        if let Some(area) = body.areas.iter().find(|area| !has_parent(area)) {
            let (level, code) = (area.level, area.code.clone());
            return Err(ChangeError::NoParent { level, code, parent: area.parent_code.clone() });
        }
        let came = |area: &&AreaRow| {
            body.succession.iter().any(|row| row.new_level == area.level && row.new_code == area.code)
        };
        match body.areas.iter().find(|area| !came(area)) {
            Some(area) => Err(ChangeError::FromNowhere { level: area.level, code: area.code.clone() }),
            None => Ok(kind),
        }
    }

    /// Notes changes by name and lets renamed areas bear their newest name.
    pub(super) fn mark(&mut self, changes: Vec<KnownChange>) {
        for change in changes {
            for new in &change.areas {
                let renamed =
                    self.with_code(new.level, &new.code).iter().copied().find(|id| change.renames(self.area(*id)));
                // A name that came later stays.
                let later = |area: &Area| {
                    self.changes.iter().any(|known| known.effective_on > change.effective_on && known.renames(area))
                };
                if let Some(id) = renamed.filter(|id| !later(self.area(*id))) {
                    let area = &mut self.areas[id.index()];
                    area.name.clone_from(&new.name);
                    area.short_name.clone_from(&new.short_name);
                    area.kind.clone_from(&new.kind);
                }
            }
            self.changes.push(change);
        }
        self.changes.sort_by_key(|change| change.effective_on);
        self.spellings.take();
    }

    fn known(&self, kind: ChangeKind, event: &AreaEvent) -> KnownChange {
        let eve = event.effective_on.pred_opt().unwrap_or(event.effective_on);
        let areas = event.body.areas.iter().map(|area| NewArea {
            level: area.level,
            code: area.code.clone(),
            name: area.name.clone(),
            short_name: area.short_name.clone(),
            kind: area.kind.clone(),
        });
        let mut former: Vec<Code> = match kind.begins_a_map() {
            true => event.body.succession.iter().map(|row| (row.old_level, row.old_code.clone())).collect(),
            false => event.body.areas.iter().map(|area| (area.level, area.code.clone())).collect(),
        };
        former.dedup();
        let before = former.into_iter().filter_map(|(level, code)| {
            let name = self.name_on(self.find(level, &code, eve).ok()?, eve).to_owned();
            Some(FormerArea { level, code, name })
        });
        KnownChange {
            effective_on: event.effective_on,
            kind,
            legal_basis: event.legal_basis.clone(),
            event_id: Some(event.event_id.clone()),
            areas: areas.collect(),
            before: before.collect(),
        }
    }

    /// Events of one day that leave an area below a split one without a place, by event id.
    fn orphans<'a>(&self, events: &[(ChangeKind, &'a AreaEvent)]) -> HashMap<&'a str, ChangeError> {
        let rows = || events.iter().flat_map(|(_, event)| event.body.succession.iter().map(move |row| (event, row)));
        let moved: HashSet<(AreaLevel, &str)> = rows().map(|(_, row)| (row.old_level, row.old_code.as_str())).collect();
        let last = self.maps[self.maps.len() - 1];
        let mut orphans = HashMap::new();
        for (event, row) in rows().filter(|(_, row)| !row.whole) {
            let Some(split) = self.on(last, row.old_level, &row.old_code) else { continue };
            let below = self.children(split).iter().map(|id| self.area(*id));
            let orphan = below.into_iter().find(|area| !moved.contains(&(area.level, area.code.as_str())));
            if let Some(area) = orphan {
                let error = ChangeError::Orphan { level: area.level, code: area.code.clone() };
                orphans.insert(event.event_id.as_str(), error);
            }
        }
        orphans
    }

    /// The history with one more map: what the events say, and all else carried over.
    fn with_map(&self, day: NaiveDate, events: &[&AreaEvent]) -> Self {
        let last = self.maps[self.maps.len() - 1];
        let eve = day.pred_opt().unwrap_or(day);
        let rows: Vec<&SuccessionRow> = events.iter().flat_map(|event| &event.body.succession).collect();
        let went: HashMap<(AreaLevel, &str), Vec<&SuccessionRow>> =
            rows.iter().fold(HashMap::new(), |mut went, row| {
                went.entry((row.old_level, row.old_code.as_str())).or_insert_with(Vec::new).push(row);
                went
            });
        let mut areas = self.areas.clone();
        let mut successions = self.successions.clone();
        for area in areas.iter_mut().filter(|area| area.map == last) {
            area.valid_to = Some(eve);
        }
        for event in events {
            areas.extend(event.body.areas.iter().map(|new| Area {
                map: day,
                level: new.level,
                code: new.code.clone(),
                name: new.name.clone(),
                short_name: new.short_name.clone(),
                kind: new.kind.clone(),
                parent_code: Some(new.parent_code.clone()),
                valid_from: Some(day),
                valid_to: None,
                area_km2: None,
            }));
        }
        successions.extend(rows.iter().map(|row| succession(day, row)));
        for area in self.areas.iter().filter(|area| area.map == last) {
            if went.contains_key(&(area.level, area.code.as_str())) {
                continue;
            }
            // An area below one that merged lies in what it merged into.
            let above = self.level_above(area.level, last).zip(area.parent_code.as_deref());
            let into = above.and_then(|parent| went.get(&parent)).and_then(|rows| rows.first());
            let parent_code = into.map_or_else(|| area.parent_code.clone(), |row| Some(row.new_code.clone()));
            areas.push(Area { map: day, valid_from: Some(day), valid_to: None, parent_code, ..area.clone() });
            if area.level != AreaLevel::Nation {
                let (level, code) = (area.level, area.code.clone());
                successions.push(Succession {
                    effective_on: day,
                    old_level: level,
                    old_code: code.clone(),
                    new_level: level,
                    new_code: code,
                    share: "whole".to_owned(),
                    is_main: 1,
                });
            }
        }
        let mut history = Self::of(areas, successions, self.version);
        history.changes.clone_from(&self.changes);
        history.fixed = self.fixed;
        history
    }
}

fn succession(day: NaiveDate, row: &SuccessionRow) -> Succession {
    Succession {
        effective_on: day,
        old_level: row.old_level,
        old_code: row.old_code.clone(),
        new_level: row.new_level,
        new_code: row.new_code.clone(),
        share: if row.whole { "whole" } else { "part" }.to_owned(),
        is_main: u8::from(row.is_main || row.whole),
    }
}
