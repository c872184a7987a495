//! The area that a report is of.

use lantoa_schemas::area::name::same;

use crate::answers::{Answers, Area, Figure, NATION};
use crate::language::Language;

/// The nation, or a province of the map on which the Week closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Việt Nam.
    Nation,
    /// A province.
    Province(Area),
}

impl Place {
    /// The nation and every province.
    pub(crate) fn all(answers: &Answers) -> Vec<Self> {
        let provinces = answers.first_map().into_iter().flat_map(|map| map.provinces.iter().cloned());
        std::iter::once(Self::Nation).chain(provinces.map(Self::Province)).collect()
    }

    /// Its code.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Nation => NATION,
            Self::Province(area) => &area.code,
        }
    }

    /// Its name at the head of a sentence: `Tỉnh Hà Giang`.
    pub(crate) fn name(&self, language: Language) -> String {
        match (self, language) {
            (Self::Nation, _) => language.of("Cả nước", "The nation").to_owned(),
            (Self::Province(area), Language::Vietnamese) => area.name.clone(),
            (Self::Province(area), Language::English) => area.short_name.clone(),
        }
    }

    /// Its name within a sentence: `tỉnh Hà Giang`.
    pub(crate) fn within(&self, language: Language) -> String {
        match (self, language) {
            (Self::Nation, _) => language.of("cả nước", "the nation").to_owned(),
            (Self::Province(area), Language::Vietnamese) => lower_first(&area.name),
            (Self::Province(area), Language::English) => area.short_name.clone(),
        }
    }

    /// Its name in files and for progress: `Hà Giang`.
    pub(crate) fn short(&self) -> &str {
        match self {
            Self::Nation => "Việt Nam",
            Self::Province(area) => &area.short_name,
        }
    }

    /// Whether it has a name, in any spelling.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let full = match self {
            Self::Nation => self.short(),
            Self::Province(area) => &area.name,
        };
        [self.short(), full].iter().any(|own| same(own, name))
    }

    /// Whether a figure is of this very area.
    pub(crate) fn is(&self, figure: &Figure) -> bool {
        let level = if matches!(self, Self::Nation) { "nation" } else { "province" };
        figure.area_level == level && figure.area_code.as_deref() == Some(self.code())
    }

    /// Whether a figure is of this area or, of the nation, of any province.
    pub(crate) fn holds(&self, figure: &Figure) -> bool {
        matches!(self, Self::Nation) || self.is(figure)
    }
}

/// A text with its first letter small.
pub(crate) fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
