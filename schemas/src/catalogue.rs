//! The catalogue: what can be counted, of whom, under which name. Data, not code: `data/catalogue.toml`.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

/// What kind of thing a measure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    /// A title with the stages registered, assessed, recognised.
    Title,
    /// A count or share without stages.
    Rate,
    /// Occasions and who came.
    Activity,
    /// The size of a population that rates are taken of.
    Base,
    /// A part of a pilot.
    Pilot,
    /// An office that can be named as an example.
    Office,
}

/// Something that can be counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Its id, as in the column `measure`.
    pub id: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// Its kind.
    pub kind: MeasureKind,
    /// Scopes of subjects that a figure of it may name.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The legal text that defines it.
    pub legal: Option<String>,
}

/// Of whom something is counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its id, as in the column `subject_scope`.
    pub id: String,
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scope: Vec<Scope>,
    measure: Vec<Measure>,
}

/// All measures and scopes.
#[derive(Debug)]
pub struct Catalogue {
    measures: Vec<Measure>,
    scopes: Vec<Scope>,
    by_id: HashMap<String, usize>,
}

impl Catalogue {
    /// The catalogue that ships with the program.
    pub fn shipped() -> &'static Arc<Self> {
        static SHIPPED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        SHIPPED.get_or_init(|| {
            let file: File = toml::from_str(include_str!("../data/catalogue.toml"))
                .expect("the shipped catalogue is read by this crate's tests");
            let by_id = file.measure.iter().enumerate().map(|(at, m)| (m.id.clone(), at)).collect();
            Arc::new(Self { measures: file.measure, scopes: file.scope, by_id })
        })
    }

    /// The measure of an id.
    pub fn measure(&self, id: &str) -> Option<&Measure> {
        self.by_id.get(id).map(|&at| &self.measures[at])
    }

    /// All measures in the catalogue's order.
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// All scopes in the catalogue's order.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The scope of an id.
    pub fn scope(&self, id: &str) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.id == id)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_agrees_with_itself() {
        let catalogue = Catalogue::shipped();
        assert_eq!(catalogue.by_id.len(), catalogue.measures().len(), "an id twice");
        for measure in catalogue.measures() {
            for scope in &measure.scopes {
                assert!(catalogue.scope(scope).is_some(), "{}: no scope {scope}", measure.id);
            }
        }
    }

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(nearest("learning_familly", ["learning_clan", "learning_family"]), Some("learning_family"));
        assert_eq!(nearest("zzz", ["learning_clan"]), None);
    }
}
