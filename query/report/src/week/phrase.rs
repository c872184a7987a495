//! Words and sentences that sections share.

use super::{DECIMALS, Place, Report};
use crate::answers::Figure;
use crate::document::Cell;
use crate::language::Language;

impl Report<'_> {
    /// What a rate is a share of: `trên tổng số`.
    pub(super) fn base(&self, base: Option<&str>) -> &'static str {
        let (vi, en) = match base {
            Some("all") => ("trên tổng số", "of all"),
            Some("registered") => ("trên số đăng ký", "of those registered"),
            Some("population") => ("trên dân số", "of the population"),
            Some("adult") => ("trên số người lớn", "of adults"),
            _ => ("chưa rõ cơ sở tính", "base not known"),
        };
        self.language.of(vi, en)
    }

    /// Of whom a figure is, and what its rate is a share of: `hộ gia đình, trên tổng số`.
    pub(super) fn scope_and_base(&self, scope: Option<&str>, base: Option<&str>) -> String {
        let base = self.base(base);
        scope.map_or_else(|| base.to_owned(), |scope| format!("{}, {base}", self.scope_name(scope)))
    }

    /// What a rate would be a share of, as a noun: `tổng số`.
    pub(super) fn base_noun(&self, base: Option<&str>) -> &'static str {
        let (vi, en) = match base {
            Some("all") => ("tổng số", "all"),
            Some("registered") => ("số đăng ký", "those registered"),
            Some("population") => ("dân số", "the population"),
            Some("adult") => ("số người lớn", "adults"),
            _ => ("chưa rõ", "not known"),
        };
        self.language.of(vi, en)
    }

    /// What stands before a count that is no exact number.
    pub(super) fn precision(&self, precision: Option<&str>) -> Option<String> {
        let (vi, en) = match precision? {
            "over" => ("trên", "over"),
            "at_least" => ("ít nhất", "at least"),
            "nearly" => ("gần", "nearly"),
            "about" => ("khoảng", "about"),
            _ => return None,
        };
        Some(self.language.of(vi, en).to_owned())
    }

    /// A count with its precision.
    pub(super) fn count(&self, number: Option<i64>, precision: Option<&str>) -> Cell {
        number.map_or(Cell::Missing, |number| Cell::Count(number, self.precision(precision)))
    }

    /// The percent of a figure: one number, or the range that its source gives.
    pub(super) fn rate(&self, figure: &Figure) -> Cell {
        match (figure.percent(), figure.percent_low, figure.percent_high) {
            (Some(percent), ..) => Cell::Number(percent, DECIMALS),
            (None, Some(low), Some(high)) => Cell::Text(format!(
                "{}–{}",
                self.language.decimal(low, DECIMALS),
                self.language.decimal(high, DECIMALS)
            )),
            (None, Some(low), None) => Cell::Text(format!("≥ {}", self.language.decimal(low, DECIMALS))),
            (None, None, Some(high)) => Cell::Text(format!("≤ {}", self.language.decimal(high, DECIMALS))),
            (None, None, None) => Cell::Missing,
        }
    }

    /// How a figure came to be, and what to mind.
    pub(super) fn remark(&self, figure: &Figure) -> Cell {
        let (vi, en) = match figure.derivation.as_deref() {
            Some("stated") => ("báo cáo", "reported"),
            Some("summed") => ("cộng", "summed"),
            Some("counted") => ("đếm", "counted"),
            Some("estimated") => ("ước tính", "estimated"),
            _ => ("", ""),
        };
        let derivation = self.language.of(vi, en).to_owned();
        let reason = figure.reason.as_deref().map(|reason| self.told(reason));
        let parts: Vec<String> =
            [Some(derivation), reason].into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Cell::Text(parts.join("; "))
    }

    /// By how much a percent changed, in words; empty where the change is not known.
    pub(super) fn change(&self, figure: &Figure) -> Option<String> {
        let change = figure.change_points?;
        let size = self.language.decimal(change.abs(), DECIMALS);
        let is_nothing = size.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
        Some(match (self.language, is_nothing, change > 0.0) {
            (Language::Vietnamese, true, _) => "không đổi so với kỳ trước".to_owned(),
            (Language::Vietnamese, _, true) => format!("tăng {size} điểm phần trăm so với kỳ trước"),
            (Language::Vietnamese, _, false) => format!("giảm {size} điểm phần trăm so với kỳ trước"),
            (Language::English, true, _) => "unchanged from the figure before".to_owned(),
            (Language::English, _, true) => format!("up {size} percentage points on the figure before"),
            (Language::English, _, false) => format!("down {size} percentage points on the figure before"),
        })
    }

    /// How a figure stands to the target in force, in words.
    pub(super) fn gap(&self, figure: &Figure) -> Option<String> {
        let (gap, target) = (figure.gap_points.filter(|_| figure.has_its_own_target())?, figure.target_percent?);
        let size = self.language.decimal(gap.abs(), DECIMALS);
        let target = self.percent(target);
        let year = figure.target_year.map(|year| match self.language {
            Language::Vietnamese => format!(" đến năm {year}"),
            Language::English => format!(" by {year}"),
        });
        let year = year.unwrap_or_default();
        let is_nothing = size.bytes().all(|byte| !(b'1'..=b'9').contains(&byte));
        Some(match (self.language, is_nothing, gap > 0.0) {
            (Language::Vietnamese, true, _) => format!("đúng bằng mục tiêu {target}{year}"),
            (Language::Vietnamese, _, true) => format!("cao hơn mục tiêu {target}{year} là {size} điểm phần trăm"),
            (Language::Vietnamese, _, false) => format!("thấp hơn mục tiêu {target}{year} là {size} điểm phần trăm"),
            (Language::English, true, _) => format!("exactly the target of {target}{year}"),
            (Language::English, _, true) => format!("{size} points above the target of {target}{year}"),
            (Language::English, _, false) => format!("{size} points below the target of {target}{year}"),
        })
    }

    /// Whom a figure is told of, within a sentence: of a sum of parts those that have reported.
    pub(super) fn those(&self, figure: &Figure) -> String {
        let place = self.place.within(self.language);
        match (figure.is_partial(), self.place, self.language) {
            (false, ..) => place,
            (true, Place::Nation, Language::Vietnamese) => "các địa phương đã báo cáo".to_owned(),
            (true, Place::Province(_), Language::Vietnamese) => format!("các địa bàn đã báo cáo của {place}"),
            (true, Place::Nation, Language::English) => "the provinces that reported".to_owned(),
            (true, Place::Province(_), Language::English) => format!("the areas of {place} that reported"),
        }
    }

    /// How much of the area a sum of parts is of, in words; `None` of a whole.
    pub(super) fn covered(&self, figure: &Figure) -> Option<String> {
        let covered = self.percent(figure.coverage_percent.filter(|_| figure.is_partial())?);
        Some(match self.language {
            Language::Vietnamese => format!("; mức bao phủ báo cáo là {covered}"),
            Language::English => format!("; they are {covered} of what should report"),
        })
    }

    /// What a figure counts within a time, in words; `None` of one that says how things stand.
    pub(super) fn span(&self, figure: &Figure) -> Option<&'static str> {
        let (vi, en) = match figure.span.as_deref().filter(|_| !figure.is_stock())? {
            "year_to_date" => ("từ đầu năm", "year to date"),
            "year_change" => ("tăng, giảm trong năm", "change of the year"),
            "flow" => ("phát sinh trong kỳ", "within the period"),
            _ => ("một lần", "once"),
        };
        Some(self.language.of(vi, en))
    }

    /// A count with its precision, in words.
    pub(super) fn counted(&self, number: i64, precision: Option<&str>) -> String {
        Cell::Count(number, self.precision(precision)).printed(self.language)
    }
}
