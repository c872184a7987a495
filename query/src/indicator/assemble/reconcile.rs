//! An area's own figure beside another way to the same, as a row of `reconciliation`.

use std::borrow::Cow;

use lantoa_schemas::vocabulary::Vocabulary;

use super::{Sheet, joined, round};
use crate::indicator::answer_row::ReconciledRow;
use crate::indicator::figure::Cell;
use crate::indicator::total::{Beside, Value};

impl Sheet<'_> {
    pub(super) fn reconcile(&self, cell: &Cell, beside: &Beside) -> Option<ReconciledRow<'_>> {
        let area = self.history.area(beside.area);
        let (left, right) = (beside.taken.numerator?, beside.other.numerator?);
        let mut reasons = vec![if beside.other.counted {
            "a stated total comes before a count of single events".to_owned()
        } else if beside.other.own.is_some() {
            "of two totals of an area the one of the earlier span comes first, then the newer".to_owned()
        } else {
            "an area's own total comes before the sum of its parts".to_owned()
        }];
        if beside.taken.span != beside.other.span {
            reasons.push("of another span, so not the same thing".to_owned());
        }
        if beside.other.parts.is_some() {
            reasons.push(format!("{} % of it report", round(100.0 * beside.other.coverage)));
        }
        Some(ReconciledRow {
            map: Some(Cow::Owned(self.view.day().to_string())),
            year: Some(cell.year),
            area_code: Some(Cow::Borrowed(&area.code)),
            area_name: Some(Cow::Borrowed(&area.short_name)),
            area_level: Some(area.level.as_str()),
            indicator: Some(Cow::Borrowed(&self.things.thing(cell.thing).id)),
            subject_scope: self.things.scope_name(cell.scope).map(Cow::Borrowed),
            base: Some(cell.base.as_str()),
            left_basis: Some(Cow::Owned(self.basis(&beside.taken))),
            left_value: Some(left),
            right_basis: Some(Cow::Owned(self.basis(&beside.other))),
            right_value: Some(right),
            difference: left.checked_sub(right),
            chosen: Some("left"),
            reason: joined(reasons),
        })
    }

    fn basis(&self, value: &Value) -> String {
        let what = if value.counted { "counted" } else { "stated" };
        match (value.own, self.how_summed(value).into_iter().next()) {
            (None, Some(summed)) if value.counted => format!("counted, {summed}"),
            (None, Some(summed)) => summed,
            _ => what.to_owned(),
        }
    }
}
