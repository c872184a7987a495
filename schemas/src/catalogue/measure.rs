//! What a statement may name: measures, and the scopes of whom they are counted.

use serde::Deserialize;

use crate::event::CatalogueEntered;
use crate::wording::Named;

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

impl Measure {
    /// The measure that an event enters.
    pub(super) fn entered(entry: &CatalogueEntered) -> Self {
        Self {
            id: entry.id.clone(),
            name_vi: entry.name_vi.clone(),
            name_en: entry.name_en.clone(),
            kind: MeasureKind::Rate,
            scopes: Vec::new(),
            legal: None,
        }
    }
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

impl Named for Measure {
    fn code(&self) -> &str {
        &self.id
    }

    fn name_vi(&self) -> &str {
        &self.name_vi
    }
}

impl Named for Scope {
    fn code(&self) -> &str {
        &self.id
    }

    fn name_vi(&self) -> &str {
        &self.name_vi
    }
}
