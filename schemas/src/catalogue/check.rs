//! Whether a catalogue agrees with itself.
//!
//! In: a catalogue as read. Out: every fault as one sentence that names the entry; none if all ids are unique, all
//! references resolve and everything that a source can report has its indicators.

use std::collections::HashSet;

use super::indicator::DISAGGREGATIONS;
use super::{Catalogue, Containment, Counts, CriteriaSet, Indicator, MeasureKind, ScopeAnswer, Unit, indicator_id};
use crate::vocabulary::{Stage, Vocabulary};

/// Every fault of a catalogue.
pub(super) fn faults(catalogue: &Catalogue) -> Vec<String> {
    let mut faults = Faults { catalogue, found: Vec::new() };
    faults.twice("scope", catalogue.scopes.iter().map(|scope| scope.id.as_str()));
    faults.twice("measure", catalogue.measures.iter().map(|measure| measure.id.as_str()));
    faults.twice("null policy", catalogue.null_policies.iter().map(|policy| policy.id.as_str()));
    faults.twice("indicator", catalogue.indicators.iter().map(|indicator| indicator.id.as_str()));
    faults.twice("criteria set", catalogue.criteria_sets.iter().map(|set| set.code.as_str()));
    faults.measures();
    for indicator in &catalogue.indicators {
        faults.indicator(indicator);
        faults.bases(indicator);
    }
    for answer in &catalogue.answers {
        faults.answer(answer);
    }
    for containment in &catalogue.containments {
        faults.containment(containment);
    }
    for set in &catalogue.criteria_sets {
        faults.criteria_set(set);
    }
    faults.found
}

struct Faults<'a> {
    catalogue: &'a Catalogue,
    found: Vec<String>,
}

impl<'a> Faults<'a> {
    fn require(&mut self, holds: bool, entry: &str, fault: impl AsRef<str>) {
        if !holds {
            self.found.push(format!("{entry}: {}", fault.as_ref()));
        }
    }

    fn twice(&mut self, what: &str, ids: impl Iterator<Item = &'a str>) {
        let mut seen = HashSet::new();
        for id in ids {
            self.require(seen.insert(id), id, format!("the {what} is there twice"));
        }
    }

    fn is_base(&self, id: &str) -> bool {
        self.catalogue.measure(id).is_some_and(|measure| measure.kind == MeasureKind::Base)
    }

    /// Scopes exist, and whatever a source can report has the indicators that tell it.
    fn measures(&mut self) {
        for measure in &self.catalogue.measures {
            for scope in &measure.scopes {
                self.require(self.catalogue.scope(scope).is_some(), &measure.id, format!("no scope {scope}"));
            }
            let counted = |counts| {
                self.catalogue.indicators.iter().any(|each| each.measure == measure.id && each.counts == counts)
            };
            match measure.kind {
                MeasureKind::Title => {
                    for &stage in Stage::ALL {
                        let told = self.catalogue.indicator_of(&measure.id, Some(stage)).is_some();
                        self.require(told, &measure.id, format!("no indicator of the stage {stage}"));
                    }
                }
                MeasureKind::Rate => {
                    let told = self.catalogue.indicator_of(&measure.id, None).is_some();
                    self.require(told, &measure.id, "no indicator");
                }
                MeasureKind::Activity => {
                    let told = counted(Counts::Sessions) && counted(Counts::Attendances);
                    self.require(told, &measure.id, "no indicators of its sessions and attendances");
                }
                MeasureKind::Base => {
                    self.require(!measure.scopes.is_empty(), &measure.id, "a base has scopes");
                    let taken = self.catalogue.indicator(&measure.id).is_some();
                    self.require(!taken, &measure.id, "both a base and an indicator");
                }
                MeasureKind::Pilot | MeasureKind::Office => {}
            }
        }
    }

    fn indicator(&mut self, indicator: &Indicator) {
        let id = indicator.id.as_str();
        let Some(measure) = self.catalogue.measure(&indicator.measure) else {
            return self.require(false, id, format!("no measure {}", indicator.measure));
        };
        let title = measure.kind == MeasureKind::Title;
        self.require(title == indicator.stage.is_some(), id, "a title, and nothing else, has a stage");
        if indicator.counts == Counts::Numerator {
            let expected = indicator_id(&indicator.measure, indicator.stage);
            self.require(id == expected, id, format!("what counts the numerator is called {expected}"));
        } else {
            self.require(measure.kind == MeasureKind::Activity, id, "only an activity has sessions and who came");
            self.require(id.starts_with(&format!("{}_", indicator.measure)), id, "begins with its measure and _");
        }
        for scope in &indicator.subject {
            self.require(measure.scopes.contains(scope), id, format!("{} is not counted of {scope}", measure.id));
        }
        for word in &indicator.disaggregations {
            self.require(DISAGGREGATIONS.contains(&word.as_str()), id, format!("nothing is told apart by {word}"));
        }
        let words = [&indicator.name_vi, &indicator.name_en, &indicator.numerator_vi, &indicator.numerator_en];
        self.require(words.iter().all(|text| !text.is_empty()), id, "name or numerator is blank");
        let divided = indicator.unit != Unit::Count;
        for text in [&indicator.denominator_vi, &indicator.denominator_en] {
            self.require(text.is_empty() != divided, id, "what is divided, and nothing else, says its denominator");
        }
        self.require(indicator.bases.is_empty() != divided, id, "what is divided, and nothing else, has bases");
        let coverage = (0.0..=100.0).contains(&indicator.min_coverage_percent);
        self.require(coverage, id, "min_coverage_percent is not from 0 to 100");
        let known = self.catalogue.null_policies.iter().any(|policy| policy.id == indicator.nulls);
        self.require(known, id, format!("no null policy {}", indicator.nulls));
        if let (Some(from), Some(to)) = (indicator.defined_from, indicator.defined_to) {
            self.require(from <= to, id, "defined_to lies before defined_from");
        }
    }

    fn bases(&mut self, indicator: &Indicator) {
        let id = indicator.id.as_str();
        let mut seen = HashSet::new();
        for line in &indicator.bases {
            self.require(seen.insert((line.base, &line.scope)), id, format!("the base {} is there twice", line.base));
            if let Some(scope) = &line.scope {
                self.require(indicator.subject.contains(scope), id, format!("it is not counted of {scope}"));
            }
            if let Some(measure) = &line.measure {
                self.require(self.is_base(measure), id, format!("{measure} is no base measure"));
            }
            if let Some(other) = &line.indicator {
                let found = self.catalogue.indicator(other).is_some() && other != id;
                self.require(found, id, format!("no other indicator {other}"));
            }
            let one = line.measure.is_none() || line.indicator.is_none();
            self.require(one, id, format!("the base {} has two denominators", line.base));
        }
    }

    fn answer(&mut self, answer: &ScopeAnswer) {
        let scopes = self.catalogue.measure(&answer.measure).map_or(&[][..], |measure| measure.scopes.as_slice());
        for scope in [&answer.actual, &answer.target] {
            self.require(scopes.contains(scope), &answer.measure, format!("no answer: it is not counted of {scope}"));
        }
        self.require(answer.actual != answer.target, &answer.measure, "a scope answers itself anyway");
    }

    fn containment(&mut self, containment: &Containment) {
        for id in [&containment.part, &containment.whole] {
            let counted = self.catalogue.indicator(id).is_some() || self.is_base(id);
            self.require(counted, id, "in a containment, but no indicator or base measure");
        }
        self.require(containment.part != containment.whole, &containment.part, "contains itself");
        let share = containment.at_most > 0.0 && containment.at_most <= 1.0;
        self.require(share, &containment.part, "at_most is not a share of the whole");
    }

    fn criteria_set(&mut self, set: &CriteriaSet) {
        for id in &set.measures {
            let title = self.catalogue.measure(id).is_some_and(|measure| measure.kind == MeasureKind::Title);
            self.require(title, &set.code, format!("{id} is no title"));
        }
        let limits: Vec<u32> = set.ratings.iter().filter_map(|rating| rating.from_points).collect();
        self.require(limits.is_sorted_by(|better, worse| better > worse), &set.code, "ratings are not best first");
        let within = limits.first().is_none_or(|best| set.points.is_none_or(|points| *best <= points));
        self.require(within, &set.code, "a rating takes more points than there are");
    }
}
