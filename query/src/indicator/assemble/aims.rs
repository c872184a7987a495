//! Targets beside figures, and deadlines for which nothing is reported yet.
//!
//! In: a row that has its figures, or a target alone. Out: the row with the target in force, the gap to it and what has
//! to be said of it.

use std::borrow::Cow;

use lantoa_schemas::area::AreaId;
use lantoa_schemas::vocabulary::Vocabulary;

use super::{Answered, Sheet, joined};
use crate::indicator::answer_row::{IndicatorRow, IndicatorRows};
use crate::indicator::figure::{Aim, Cell};
use crate::indicator::target::InForce;
use crate::indicator::wanted::Rows;

impl Sheet<'_> {
    /// Writes the target in force for an area and cell into its row.
    pub(super) fn target<'r>(
        &'r self,
        area: AreaId,
        cell: &Cell,
        own_percent: Option<f64>,
        row: &mut IndicatorRow<'r>,
        reasons: &mut Vec<String>,
    ) {
        let measure = self.things.thing(cell.thing).indicator.as_ref().map(|indicator| &indicator.measure);
        let own_scope = self.things.scope_name(cell.scope);
        let answered = self
            .catalogue
            .answers()
            .iter()
            .filter(|answers| Some(&answers.measure) == measure && Some(answers.actual.as_str()) == own_scope);
        let mut scopes = vec![cell.scope];
        scopes.extend(answered.filter_map(|answers| self.things.known_scope(&answers.target)).map(Some));
        let Some(target) = self.targets.of(area, cell, &scopes) else { return };
        row.target_year = Some(target.deadline);
        let aim = match target.in_force {
            InForce::Aim(at) => &self.lot.aims[at],
            InForce::Unclear(why) => {
                reasons.push(format!("no target of {}: {why}", target.deadline));
                return;
            }
        };
        row.target_percent = aim.percent;
        row.target_from = aim.from_year;
        row.target_origin = aim.area.map(|area| self.history.area(area).level.as_str());
        if let Some(plan) = &aim.plan {
            row.plan = Some(Cow::Borrowed(plan));
        }
        if aim.base_was_read {
            reasons.push("the target states no base and is read as a share of all".to_owned());
        }
        if target.base == cell.base {
            row.gap_points = row.rate_percent.or(own_percent).zip(aim.percent).map(|(rate, target)| rate - target);
        } else {
            reasons.push("base unknown, so no gap to a target of all".to_owned());
        }
        if target.scope != cell.scope {
            reasons.push(format!("the target is of {}", self.things.scope_name(target.scope).unwrap_or("all")));
        }
    }

    /// Deadlines for which nothing is reported yet.
    pub(super) fn lone_targets(&self, wanted: &Rows, out: &mut IndicatorRows, answered: &mut Answered) {
        for (area, cell, in_force) in self.targets.set() {
            if !wanted.area(area) || !wanted.cell(&cell) {
                continue;
            }
            let key = (self.history.series(area), cell);
            if answered.contains(&key) {
                continue;
            }
            let aim = match &in_force {
                InForce::Aim(at) => Some(&self.lot.aims[*at]),
                InForce::Unclear(_) => None,
            };
            // Without a map a target stands where it was set.
            let set_here =
                aim.and_then(|aim| aim.area).is_some_and(|set| self.history.area(set).map == self.view.day());
            if self.as_reported && !set_here {
                continue;
            }
            answered.insert(key);
            let mut row = self.row(area, &cell);
            row.derivation = Some("target");
            row.target_year = Some(cell.year);
            let mut reasons = vec!["only a target: nothing is reported yet".to_owned()];
            match (&in_force, aim) {
                (InForce::Unclear(why), _) => reasons.push(why.clone()),
                (_, Some(aim)) => self.tell_aim(aim, &mut row, &mut reasons),
                (InForce::Aim(_), None) => {}
            }
            row.reason = joined(reasons);
            out.push(&row);
        }
    }

    fn tell_aim<'r>(&'r self, aim: &'r Aim, row: &mut IndicatorRow<'r>, reasons: &mut Vec<String>) {
        if let Some(at) = aim.row {
            self.lot.told.line(at).fill(row);
            // The figures are those to be reached, so the columns of what was reached stay empty.
            (row.as_at, row.printed_percent) = (None, None);
        }
        if let Some(target) = aim.shipped {
            row.source = Some(Cow::Borrowed(&target.source));
            row.stated_on = Some(Cow::Owned(target.stated_on.to_string()));
        }
        row.plan = aim.plan.as_deref().map(Cow::Borrowed);
        row.target_percent = aim.percent;
        row.target_from = aim.from_year;
        row.target_origin = aim.area.map(|area| self.history.area(area).level.as_str());
        if aim.base_was_read {
            reasons.push("the target states no base and is read as a share of all".to_owned());
        }
    }
}
