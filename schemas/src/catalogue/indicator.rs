//! What answers tell of a measure: numerator, denominator, bases and the rules by which a figure is read.

use serde::Deserialize;

use super::{Measure, NullPolicy};
use crate::event::CatalogueEntered;
use crate::vocabulary::{Base, Stage, Vocabulary};
use crate::wording::List;

/// What of a statement is the numerator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Its numerator.
    #[default]
    Numerator,
    /// The occasions of an activity.
    Sessions,
    /// Its numerator where it is in the scope `attendance`.
    Attendances,
    /// The numerator of an activity where it is in the scope `person`.
    Persons,
}

/// What an indicator is told in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 100 times numerator over denominator.
    #[default]
    Percent,
    /// 1,000 times numerator over denominator.
    #[serde(rename = "per_1000")]
    Per1000,
    /// The numerator itself.
    Count,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    #[default]
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    None,
}

impl Vocabulary for Counts {
    const ALL: &'static [Self] = &[Self::Numerator, Self::Sessions, Self::Attendances, Self::Persons];

    fn as_str(self) -> &'static str {
        match self {
            Self::Numerator => "numerator",
            Self::Sessions => "sessions",
            Self::Attendances => "attendances",
            Self::Persons => "persons",
        }
    }
}

impl Vocabulary for Unit {
    const ALL: &'static [Self] = &[Self::Percent, Self::Per1000, Self::Count];

    fn as_str(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Per1000 => "per_1000",
            Self::Count => "count",
        }
    }
}

impl Unit {
    /// What numerator over denominator is multiplied by; `None` for a plain count, which is not divided.
    pub fn factor(self) -> Option<f64> {
        match self {
            Self::Percent => Some(100.0),
            Self::Per1000 => Some(1000.0),
            Self::Count => None,
        }
    }
}

impl Vocabulary for Direction {
    const ALL: &'static [Self] = &[Self::Higher, Self::Lower, Self::None];

    fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::None => "none",
        }
    }
}

/// A base that a rate may have, and where its size is to be found if a source prints none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseOf {
    /// The base.
    pub base: Base,
    /// Only for figures of this scope.
    pub scope: Option<String>,
    /// The base measure that is the denominator.
    pub measure: Option<String>,
    /// The indicator whose count is the denominator.
    pub indicator: Option<String>,
}

/// One indicator. Every key of the file but the words has a default; `data/catalogue.toml` says which.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Its id, as in the column `indicator`.
    pub id: String,
    /// The measure whose statements it is made of.
    pub measure: String,
    /// The stage, of a title.
    pub stage: Option<Stage>,
    /// What of a statement is the numerator.
    #[serde(default)]
    pub counts: Counts,
    /// Vietnamese name.
    pub name_vi: String,
    /// English name.
    pub name_en: String,
    /// The numerator in Vietnamese words.
    pub numerator_vi: String,
    /// The numerator in English words.
    pub numerator_en: String,
    /// The denominator of the first base in Vietnamese words; empty for a plain count.
    #[serde(default)]
    pub denominator_vi: String,
    /// The denominator of the first base in English words; empty for a plain count.
    #[serde(default)]
    pub denominator_en: String,
    /// What it is told in.
    #[serde(default)]
    pub unit: Unit,
    /// Scopes of whom it is counted.
    #[serde(default)]
    pub subject: Vec<String>,
    /// What a rate of it may be a rate of, the usual base first.
    #[serde(default)]
    pub bases: Vec<BaseOf>,
    /// The legal texts that define it, in the order of time.
    pub legal: Option<String>,
    /// Which way is better.
    #[serde(default)]
    pub direction: Direction,
    /// What it can be told apart by.
    #[serde(default = "usual_disaggregations")]
    pub disaggregations: Vec<String>,
    /// Whether counts of areas add up to that of the area above.
    #[serde(default = "usually_additive")]
    pub additive: bool,
    /// Percent of the areas below that must report before a rate is told of their sum.
    #[serde(default = "usual_coverage")]
    pub min_coverage_percent: f64,
    /// Id of the null policy.
    #[serde(default)]
    pub nulls: String,
    /// What a missing figure means, in Vietnamese.
    #[serde(skip)]
    pub nulls_vi: String,
    /// What a missing figure means, in English.
    #[serde(skip)]
    pub nulls_en: String,
    /// First year it is defined in; `None` where no text says.
    pub defined_from: Option<i32>,
    /// Last year it is defined in; `None` while it is, or where no text says.
    pub defined_to: Option<i32>,
}

/// What an indicator can be told apart by.
pub(super) const DISAGGREGATIONS: &[&str] = &["area", "year", "subject_scope", "base", "week_year"];

fn usual_disaggregations() -> Vec<String> {
    ["area", "year", "subject_scope", "base"].map(str::to_owned).to_vec()
}

fn usually_additive() -> bool {
    true
}

fn usual_coverage() -> f64 {
    80.0
}

/// The words of a base.
fn base_words(base: Base) -> (&'static str, &'static str) {
    List::Base.word(base.as_str()).map_or(("", ""), |word| (word.vi.as_str(), word.en.as_str()))
}

impl Indicator {
    /// The indicator of a measure that an event enters. Events bring no words for the denominator: the base has them.
    pub(super) fn entered(entry: &CatalogueEntered) -> Self {
        let (base_vi, base_en) = entry.bases.first().map_or(("", ""), |base| base_words(*base));
        let bases = entry.bases.iter().map(|base| BaseOf { base: *base, scope: None, measure: None, indicator: None });
        Self {
            id: entry.id.clone(),
            measure: entry.id.clone(),
            stage: None,
            counts: Counts::Numerator,
            name_vi: entry.name_vi.clone(),
            name_en: entry.name_en.clone(),
            numerator_vi: entry.name_vi.clone(),
            numerator_en: entry.name_en.clone(),
            denominator_vi: base_vi.to_owned(),
            denominator_en: base_en.to_owned(),
            unit: if entry.bases.is_empty() { Unit::Count } else { Unit::Percent },
            subject: Vec::new(),
            bases: bases.collect(),
            legal: None,
            direction: Direction::Higher,
            disaggregations: usual_disaggregations(),
            additive: usually_additive(),
            min_coverage_percent: usual_coverage(),
            nulls: String::new(),
            nulls_vi: String::new(),
            nulls_en: String::new(),
            defined_from: None,
            defined_to: None,
        }
    }

    /// Fills what the entry leaves to its measure and to the first null policy.
    pub(super) fn complete(&mut self, measure: Option<&Measure>, policies: &[NullPolicy]) {
        if self.subject.is_empty() {
            self.subject = match self.counts {
                Counts::Numerator => measure.map(|measure| measure.scopes.clone()).unwrap_or_default(),
                Counts::Sessions => Vec::new(),
                Counts::Attendances => vec!["attendance".to_owned()],
                Counts::Persons => vec!["person".to_owned()],
            };
        }
        if self.legal.is_none() {
            self.legal = measure.and_then(|measure| measure.legal.clone());
        }
        let policy = match self.nulls.as_str() {
            "" => policies.first(),
            id => policies.iter().find(|policy| policy.id == id),
        };
        if let Some(policy) = policy {
            self.nulls.clone_from(&policy.id);
            self.nulls_vi.clone_from(&policy.text_vi);
            self.nulls_en.clone_from(&policy.text_en);
        }
    }

    /// The line of `bases` that a figure of a base and scope goes by; one for its scope before one for all.
    pub fn base(&self, base: Base, scope: Option<&str>) -> Option<&BaseOf> {
        let lines = || self.bases.iter().filter(|line| line.base == base);
        let own = lines().find(|line| line.scope.is_some() && line.scope.as_deref() == scope);
        own.or_else(|| lines().find(|line| line.scope.is_none()))
    }

    /// Whether it is defined in a year.
    pub fn is_defined_in(&self, year: i32) -> bool {
        self.defined_from.is_none_or(|from| from <= year) && self.defined_to.is_none_or(|to| year <= to)
    }
}

/// The id under which a figure of a measure and stage is filed.
pub fn indicator_id(measure: &str, stage: Option<Stage>) -> String {
    match stage {
        None | Some(Stage::Recognised) => measure.to_owned(),
        Some(stage) => format!("{measure}_{stage}"),
    }
}
