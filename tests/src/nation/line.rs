//! The lines of a return: what is counted, of whom, against what.

use lantoa_schemas::vocabulary::{AreaLevel, Base, Fact, Span, Stage};

use super::land::{Map, Place};

/// A line that an office fills in. With area, map and year it names a cell of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is its measure, and its stage where that is not recognised")]
pub enum Line {
    LearningFamily,
    LearningClan,
    LearningCommunity,
    LearningUnit,
    LearningCitizen,
    LearningFamilyRegistered,
    LearningCitizenRegistered,
    Membership,
    TrainingClass,
    Seminar,
    Conference,
    LearningCommunityCommune,
    LearningCommunityDistrict,
    LearningCommunityProvince,
    Household,
    Population,
    Adult,
}

/// The titles of which single recognitions are told, by the line that counts them.
pub const MODELS: [Line; 5] =
    [Line::LearningFamily, Line::LearningClan, Line::LearningCommunity, Line::LearningUnit, Line::LearningCitizen];

impl Line {
    /// All lines, in the order of a sheet.
    pub const ALL: [Self; 17] = [
        Self::LearningFamily,
        Self::LearningClan,
        Self::LearningCommunity,
        Self::LearningUnit,
        Self::LearningCitizen,
        Self::LearningFamilyRegistered,
        Self::LearningCitizenRegistered,
        Self::Membership,
        Self::TrainingClass,
        Self::Seminar,
        Self::Conference,
        Self::LearningCommunityCommune,
        Self::LearningCommunityDistrict,
        Self::LearningCommunityProvince,
        Self::Household,
        Self::Population,
        Self::Adult,
    ];

    /// The kind of fact.
    pub fn fact(self) -> Fact {
        match self {
            Self::TrainingClass | Self::Seminar | Self::Conference => Fact::Activity,
            Self::Household | Self::Population | Self::Adult => Fact::Denominator,
            _ => Fact::Actual,
        }
    }

    /// Id of the measure in the catalogue.
    pub fn measure(self) -> &'static str {
        match self {
            Self::LearningFamily | Self::LearningFamilyRegistered => "learning_family",
            Self::LearningClan => "learning_clan",
            Self::LearningCommunity => "learning_community",
            Self::LearningUnit => "learning_unit",
            Self::LearningCitizen | Self::LearningCitizenRegistered => "learning_citizen",
            Self::Membership => "membership",
            Self::TrainingClass => "training_class",
            Self::Seminar => "seminar",
            Self::Conference => "conference",
            Self::LearningCommunityCommune => "learning_community_commune",
            Self::LearningCommunityDistrict => "learning_community_district",
            Self::LearningCommunityProvince => "learning_community_province",
            Self::Household => "household",
            Self::Population => "population",
            Self::Adult => "adult",
        }
    }

    /// How far the titles counted have come; `None` where the measure has no stages.
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::LearningFamilyRegistered | Self::LearningCitizenRegistered => Some(Stage::Registered),
            _ if self.measure().starts_with("learning") => Some(Stage::Recognised),
            _ => None,
        }
    }

    /// Id of the scope in the catalogue.
    pub fn scope(self) -> &'static str {
        match self {
            Self::LearningFamily | Self::LearningFamilyRegistered | Self::Household => "household",
            Self::LearningClan => "clan",
            Self::LearningCommunity => "village",
            Self::LearningUnit => "unit",
            Self::LearningCitizen | Self::LearningCitizenRegistered => "citizen",
            Self::Membership => "member",
            Self::TrainingClass | Self::Seminar | Self::Conference => "attendance",
            Self::LearningCommunityCommune => "commune",
            Self::LearningCommunityDistrict => "district",
            Self::LearningCommunityProvince => "province",
            Self::Population | Self::Adult => "person",
        }
    }

    /// What the denominator is of; `None` where there is none.
    pub fn base(self) -> Option<Base> {
        match self {
            Self::Membership => Some(Base::Population),
            _ if self.fact() == Fact::Actual => Some(Base::All),
            _ => None,
        }
    }

    /// What stretch of time the figure covers.
    pub fn span(self) -> Span {
        if self.fact() == Fact::Activity { Span::Flow } else { Span::Stock }
    }

    /// Whether a follow-up sheet speaks of it: corrections, retractions and newspapers are about families and citizens.
    pub(super) fn is_touched(self) -> bool {
        matches!(self, Self::LearningFamily | Self::LearningCitizen)
    }

    /// Whether a place's sheet has the line. `keen` places also count registrations, or state their populations.
    pub(super) fn is_asked_of(self, place: &Place, keen: bool) -> bool {
        match self {
            _ if MODELS.contains(&self) => true,
            Self::Membership => true,
            Self::LearningFamilyRegistered | Self::LearningCitizenRegistered => place.is_leaf() && keen,
            Self::TrainingClass | Self::Seminar | Self::Conference => place.is_leaf(),
            Self::LearningCommunityCommune => place.level == AreaLevel::Province,
            Self::LearningCommunityDistrict => place.level == AreaLevel::Province && place.map == Map::Old,
            Self::LearningCommunityProvince => place.level == AreaLevel::Nation,
            _ => place.level == AreaLevel::Province && keen,
        }
    }
}
