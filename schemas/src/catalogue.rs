//! The catalogue: what can be counted, of whom, under which name, and how it is told. Data, not code.
//!
//! In: `data/catalogue.toml`, whose head explains every key, and the `catalogue_entered` events known so far. Out:
//! measures and scopes, by which intake judges, and indicators with the rules that hold between figures, by which
//! answers are made. A catalogue that contradicts itself is never handed out.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use crate::event::CatalogueEntered;
use crate::vocabulary::Stage;
use crate::wording::ByName;

mod check;
mod indicator;
mod measure;
mod rules;

pub use indicator::{BaseOf, Counts, Direction, Indicator, Unit, indicator_id};
pub use measure::{Measure, MeasureKind, Scope};
pub use rules::{Containment, CriteriaSet, NullPolicy, Rating, ScopeAnswer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    scope: Vec<Scope>,
    measure: Vec<Measure>,
    null_policy: Vec<NullPolicy>,
    indicator: Vec<Indicator>,
    answers: Vec<ScopeAnswer>,
    containment: Vec<rules::Contained>,
    criteria_set: Vec<CriteriaSet>,
}

/// A text that is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It has not the form of the file.
    #[error("the catalogue cannot be read")]
    Form(#[from] toml::de::Error),
    /// Its entries do not agree with each other.
    #[error("the catalogue contradicts itself: {}", .0.join("; "))]
    Faults(Vec<String>),
}

/// An entry of an event that the catalogue cannot take in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Something has the id already.
    #[error("the catalogue has a {what} {id} already")]
    Taken {
        /// What has it.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// With it, the catalogue would contradict itself.
    #[error("the entry does not fit: {}", .0.join("; "))]
    Faults(Vec<String>),
}

/// All measures, scopes, indicators and rules.
#[derive(Debug, Clone)]
pub struct Catalogue {
    version: String,
    measures: Vec<Measure>,
    scopes: Vec<Scope>,
    null_policies: Vec<NullPolicy>,
    indicators: Vec<Indicator>,
    answers: Vec<ScopeAnswer>,
    containments: Vec<Containment>,
    criteria_sets: Vec<CriteriaSet>,
    measure_at: HashMap<String, usize>,
    indicator_at: HashMap<String, usize>,
    /// Measures and scopes by their Vietnamese names; made when a name is first looked for.
    names: OnceLock<[ByName; 2]>,
}

impl Catalogue {
    /// The catalogue that ships with the program.
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let text = include_str!("../data/catalogue.toml");
            Arc::new(Self::read(text).expect("the shipped catalogue is read by this crate's tests"))
        })
    }

    /// The catalogue of a file's text.
    ///
    /// # Errors
    /// Names what is not of the form, or every entry that does not fit the others.
    pub fn read(text: &str) -> Result<Self, CatalogueError> {
        let mut file: File = toml::from_str(text)?;
        for indicator in &mut file.indicator {
            let measure = file.measure.iter().find(|measure| measure.id == indicator.measure);
            indicator.complete(measure, &file.null_policy);
        }
        let catalogue = Self {
            version: file.version,
            measure_at: places(file.measure.iter().map(|measure| &measure.id)),
            indicator_at: places(file.indicator.iter().map(|indicator| &indicator.id)),
            measures: file.measure,
            scopes: file.scope,
            null_policies: file.null_policy,
            indicators: file.indicator,
            answers: file.answers,
            containments: file.containment.into_iter().flat_map(rules::Contained::each).collect(),
            criteria_sets: file.criteria_set,
            names: OnceLock::new(),
        };
        let faults = check::faults(&catalogue);
        if faults.is_empty() { Ok(catalogue) } else { Err(CatalogueError::Faults(faults)) }
    }

    /// The catalogue with the entries of events: each is a measure that is counted without stages or scopes, and an
    /// indicator of the same id, a percent where it has bases, else a count. What does not fit is left out and told, by
    /// its place among the entries.
    pub fn with<'a>(
        &self,
        entries: impl IntoIterator<Item = &'a CatalogueEntered>,
    ) -> (Self, Vec<(usize, EntryError)>) {
        let mut catalogue = self.clone();
        let mut refused = Vec::new();
        for (at, entry) in entries.into_iter().enumerate() {
            match catalogue.entered(entry) {
                Ok(larger) => catalogue = larger,
                Err(error) => refused.push((at, error)),
            }
        }
        (catalogue, refused)
    }

    /// The catalogue with one entry more.
    ///
    /// # Errors
    /// When something has its id already, or it does not make an entry.
    pub fn entered(&self, entry: &CatalogueEntered) -> Result<Self, EntryError> {
        let id = entry.id.as_str();
        let taken = [
            ("measure", self.measure(id).is_some()),
            ("indicator", self.indicator(id).is_some()),
            ("scope", self.scope(id).is_some()),
        ];
        if let Some((what, _)) = taken.into_iter().find(|(_, taken)| *taken) {
            return Err(EntryError::Taken { what, id: id.to_owned() });
        }
        let is_id = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !is_id {
            let fault = format!("\"{id}\" is no id: begin with a small letter, go on with small letters, digits and _");
            return Err(EntryError::Faults(vec![fault]));
        }
        let mut catalogue = self.clone();
        let measure = Measure::entered(entry);
        let mut indicator = Indicator::entered(entry);
        indicator.complete(Some(&measure), &catalogue.null_policies);
        catalogue.measure_at.insert(id.to_owned(), catalogue.measures.len());
        catalogue.indicator_at.insert(id.to_owned(), catalogue.indicators.len());
        catalogue.measures.push(measure);
        catalogue.indicators.push(indicator);
        catalogue.names = OnceLock::new();
        let faults = check::faults(&catalogue);
        if faults.is_empty() { Ok(catalogue) } else { Err(EntryError::Faults(faults)) }
    }

    /// By which catalogue an answer was made.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The measure of an id.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.measure_at.get(id).map(|&at| &self.measures[at])
    }

    /// All measures in the catalogue's order.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The scope of an id.
    pub fn scope(&self, id: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.id == id)
    }

    /// Measures of a Vietnamese name in any of its spellings: several where events entered others under one name.
    pub fn measures_called(&self, said: &str) -> Vec<&Measure> {
        self.names()[0].places(said).iter().map(|at| &self.measures[*at]).collect()
    }

    /// Scopes of a Vietnamese name in any of its spellings.
    pub fn scopes_called(&self, said: &str) -> Vec<&Scope> {
        self.names()[1].places(said).iter().map(|at| &self.scopes[*at]).collect()
    }

    fn names(&self) -> &[ByName; 2] {
        self.names.get_or_init(|| [ByName::of(&self.measures), ByName::of(&self.scopes)])
    }

    /// All scopes in the catalogue's order.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The indicator of an id.
    pub fn indicator(&self, id: &str) -> Option<&Indicator> {
        self.indicator_at.get(id).map(|&at| &self.indicators[at])
    }

    /// The indicator that a figure of a measure and stage is filed under. Activities have none: what they count is
    /// filed under indicators of their own.
    pub fn indicator_of(&self, measure: &str, stage: Option<Stage>) -> Option<&Indicator> {
        self.indicator(&indicator_id(measure, stage)).filter(|indicator| indicator.measure == measure)
    }

    /// All indicators in the catalogue's order.
    pub fn indicators(&self) -> &[Indicator] {
        &self.indicators
    }

    /// Which scopes may be held against targets of another. Any pair of scopes that is not here does not compare.
    pub fn answers(&self) -> &[ScopeAnswer] {
        &self.answers
    }

    /// Which counts must contain others.
    pub fn containments(&self) -> &[Containment] {
        &self.containments
    }

    /// The criteria sets by which titles are rated.
    pub fn criteria_sets(&self) -> &[CriteriaSet] {
        &self.criteria_sets
    }
}

fn places<'a>(ids: impl Iterator<Item = &'a String>) -> HashMap<String, usize> {
    ids.enumerate().map(|(at, id)| (id.clone(), at)).collect()
}

/// Of the known words, the one that a mistyped word most likely meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}

/// Of the known words, those that a mistyped word may have meant: the nearest, and others that are about as near. At most
/// three, the nearest first.
pub fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let scored = known.into_iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
    let mut scored: Vec<(f64, &str)> = scored.filter(|(score, _)| *score > 0.75).collect();
    scored.sort_by(|(left, one), (right, other)| right.total_cmp(left).then(one.cmp(other)));
    scored.dedup();
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored.iter().take_while(|(score, _)| best - score < 0.03).take(3).map(|(_, candidate)| *candidate).collect()
}

#[cfg(test)]
mod tests;
