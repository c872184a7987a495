//! The figures as a table, with all that has to be said of each.

use lantoa_schemas::catalogue::{Catalogue, Indicator, Unit};
use maud::{Markup, html};

use super::figure::Figure;
use super::words::{Words, filled};

/// The table of some figures of an indicator.
pub(crate) fn table(figures: &[Figure], indicator: &Indicator, catalogue: &Catalogue, words: &Words) -> Markup {
    let heads = [
        &words.area,
        &words.year,
        &words.subjects,
        &words.base,
        &words.count,
        &words.denominator,
        &words.rate,
        &words.printed,
        &words.target,
        &words.gap,
        &words.derivation,
        &words.coverage,
    ];
    html! {
        div.wide tabindex="0" role="region" aria-labelledby="table-heading" {
            table {
                caption { (words.lang.of(&indicator.name_vi, &indicator.name_en)) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                @for figure in figures {
                    tbody {
                        (row(figure, indicator, catalogue, words))
                        // Below the numbers, where it is seen however narrow the window is. The area's own cell is beside it.
                        tr { td.beside colspan=(heads.len() - 1) { (beside(figure, catalogue, words)) } }
                    }
                }
            }
        }
    }
}

/// A row. Each cell has its column's head with it, for windows in which a row is a card.
fn row(figure: &Figure, indicator: &Indicator, catalogue: &Catalogue, words: &Words) -> Markup {
    let percent = |value: Option<f64>| value.map(|value| format!("{} %", words.number(value)));
    html! {
        tr {
            th scope="rowgroup" rowspan="2" {
                (figure.area_name)
                @if let Some(code) = &figure.area_code { " " span.code { (code) } }
                @if let Some(level) = &figure.area_level { br; span.less { (words.level(level)) } }
                @if let Some(from) = &figure.area_from { " " span.less { "(" (from) " –)" } }
            }
            td.number data-head=(words.year) { (figure.year) }
            td data-head=(words.subjects) { @if let Some(scope) = &figure.scope { (words.scope(scope, catalogue)) } }
            td data-head=(words.base) { (words.base(&figure.base)) }
            td.number data-head=(words.count) {
                @if let Some(word) = words.precision(figure.precision.as_deref()) { (word) " " }
                @if let Some(count) = figure.count { (words.whole(count)) }
            }
            td.number data-head=(words.denominator) {
                @if let Some(denominator) = figure.denominator { (words.whole(denominator)) }
            }
            td.number data-head=(words.rate) { @if let Some(rate) = rate(figure, indicator, words) { (rate) } }
            td.number data-head=(words.printed) { @if let Some(printed) = &figure.printed { (printed) " %" } }
            td.number data-head=(words.target) {
                @if let Some(target) = percent(figure.target) { (target) }
                @if let Some(year) = figure.target_year { br; span.less { (filled(&words.by_year, &[&year.to_string()])) } }
                @if let Some(origin) = &figure.target_origin {
                    br; span.less { (filled(&words.set_by, &[words.level(origin)])) }
                }
            }
            td.number data-head=(words.gap) {
                @if let Some(gap) = figure.gap { (filled(&words.points, &[&words.difference(gap)])) }
            }
            td data-head=(words.derivation) { (words.derivation(figure.derivation.as_deref())) }
            td.number data-head=(words.coverage) { @if let Some(coverage) = percent(figure.coverage) { (coverage) } }
        }
    }
}

/// What to mind of a figure, and whose word it is.
fn beside(figure: &Figure, catalogue: &Catalogue, words: &Words) -> Markup {
    let source = [&figure.source, &figure.stated_on].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    html! {
        @if let Some(reason) = &figure.reason { strong { (words.remarks) ":" } " " (words.sentences(reason, catalogue)) br; }
        @if !source.is_empty() { strong { (words.source) ":" } " " (source) " " }
        @if let Some(recorded) = figure.recorded { strong { (words.known_on) ":" } " " (words.day_of(recorded)) }
    }
}

/// The computed rate in the indicator's own unit.
fn rate(figure: &Figure, indicator: &Indicator, words: &Words) -> Option<String> {
    let rate = figure.rate_percent?;
    match indicator.unit {
        Unit::Percent => Some(format!("{} %", words.number(rate))),
        Unit::Per1000 => Some(format!("{} {}", words.number(rate * 10.0), words.unit_per_1000)),
        Unit::Count => None,
    }
}
