//! The page for people who look first: choices, table, chart, caveats, and what to take away.
//!
//! In: what is asked for and the figures that answer it. Out: one document of HTML. Guarantee: it needs neither scripts nor
//! the internet nor styles in the document; all that comes from outside is escaped; no figure stands without its base, its
//! map, its source and the day it was known.
//!
//! In reading order: what is shown (this file), the choices (`form`), a row (`figure`), the table (`table`), the chart
//! (`chart`), the texts (`words`, all in `words.toml`).

use lantoa_schemas::catalogue::{Indicator, Unit};
use maud::{DOCTYPE, Markup, html};

use crate::knowledge::Knowledge;

pub(crate) mod chart;
pub(crate) mod figure;
pub(crate) mod form;
mod table;
pub(crate) mod words;

use chart::chart;
use figure::Figure;
use form::Form;
use words::{Words, filled};

/// The page's styles.
pub(crate) const STYLE: &str = include_str!("page/page.css");
/// The page's only script: it copies the SQL.
pub(crate) const SCRIPT: &str = include_str!("page/page.js");
/// The page's icon.
pub(crate) const ICON: &str = include_str!("page/icon.svg");

/// Most rows of the table; the files to take away have all.
pub(crate) const MOST_ROWS: usize = 500;

/// An answer, as the page shows it.
pub(crate) struct Shown<'a> {
    pub(crate) indicator: &'a Indicator,
    /// The first [`MOST_ROWS`] rows.
    pub(crate) figures: &'a [Figure],
    /// How many rows there are in all.
    pub(crate) rows: usize,
    pub(crate) notices: &'a [String],
    pub(crate) sql: &'a str,
    pub(crate) known: Known<'a>,
    pub(crate) links: Links,
}

/// What the answer rests on.
pub(crate) struct Known<'a> {
    pub(crate) as_of: &'a str,
    pub(crate) catalogue: &'a str,
    pub(crate) events: i64,
}

/// Addresses beside the answer.
pub(crate) struct Links {
    pub(crate) permanent: String,
    pub(crate) csv: String,
    pub(crate) xlsx: String,
    pub(crate) json: String,
}

/// What the page has to show.
pub(crate) struct Page<'a> {
    pub(crate) form: Form<'a>,
    pub(crate) shown: Option<Shown<'a>>,
    /// Whether nothing is asked yet, because a release has to be chosen first.
    pub(crate) choose: bool,
    /// What is wrong with what was asked, in the engine's words.
    pub(crate) problem: Option<String>,
    /// The same page in the other language.
    pub(crate) other: String,
}

/// The whole document.
pub(crate) fn render(page: &Page<'_>, words: &Words) -> Markup {
    let knowledge = page.form.knowledge;
    let other = words::words(words.lang.other());
    html! {
        (DOCTYPE)
        html lang=(words.lang.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (words.title) }
                link rel="stylesheet" href="/page.css";
                link rel="icon" href="/icon.svg";
                script src="/page.js" defer {}
            }
            body {
                header {
                    h1 { (words.title) }
                    p { (words.intro) }
                    p.other {
                        a href=(page.other) hreflang=(other.lang.as_str()) lang=(other.lang.as_str()) {
                            (other.lang.of("Tiếng Việt", "English"))
                        }
                    }
                }
                (form::form(&page.form, words))
                main {
                    @if let Some(problem) = &page.problem {
                        section.problem role="alert" {
                            h2 { (words.problem) }
                            p { (words.sentences(problem, knowledge.catalogue())) }
                        }
                    }
                    @if page.choose { (releases(&page.form, words)) }
                    @if let Some(shown) = &page.shown { (answer(shown, knowledge, words)) }
                }
                footer { a href="/v1/openapi.json" { (words.api) } }
            }
        }
    }
}

/// What somebody begins with who sees releases alone.
fn releases(form: &Form<'_>, words: &Words) -> Markup {
    let mut offered = form::offered(form).peekable();
    html! {
        section {
            h2 { (words.releases) }
            @if offered.peek().is_none() {
                p { (words.releases_none) }
            } @else {
                p { (words.releases_hint) }
                ul {
                    @for stored in offered {
                        @let reference = stored.manifest.reference();
                        @let choice = [("release", reference.as_str()), ("lang", words.lang.as_str())];
                        li { a href=(form.asked.address("/", &choice)) { (form::about(stored, words)) } }
                    }
                }
            }
        }
    }
}

fn answer(shown: &Shown<'_>, knowledge: &Knowledge, words: &Words) -> Markup {
    let indicator = shown.indicator;
    let catalogue = knowledge.catalogue();
    let named = |text: &str| words.sentences(text, catalogue);
    html! {
        section {
            h2 { (words.lang.of(&indicator.name_vi, &indicator.name_en)) }
            (definition(indicator, words))
            @if !shown.notices.is_empty() {
                aside {
                    h3 { (words.notices) }
                    ul { @for notice in shown.notices { li { (named(notice)) } } }
                }
            }
        }
        @if shown.figures.is_empty() {
            p { (words.no_rows) }
        } @else {
            (drawing(shown, knowledge, words))
            section {
                h2 id="table-heading" { (words.table) }
                @if shown.rows > shown.figures.len() {
                    p { (filled(&words.some_rows, &[&shown.figures.len().to_string(), &shown.rows.to_string()])) }
                }
                (table::table(shown.figures, indicator, catalogue, words))
            }
        }
        (taking(shown, words))
    }
}

/// What the figure is, in the catalogue's words.
fn definition(indicator: &Indicator, words: &Words) -> Markup {
    let terms = [
        (&words.numerator, words.lang.of(&indicator.numerator_vi, &indicator.numerator_en)),
        (&words.denominator, words.lang.of(&indicator.denominator_vi, &indicator.denominator_en)),
        (&words.legal, indicator.legal.as_deref().unwrap_or_default()),
        (&words.nulls, words.lang.of(&indicator.nulls_vi, &indicator.nulls_en)),
    ];
    html! {
        dl {
            @for (term, says) in terms {
                @if !says.is_empty() { div { dt { (term) } dd { (says) } } }
            }
        }
    }
}

fn drawing(shown: &Shown<'_>, knowledge: &Knowledge, words: &Words) -> Markup {
    let indicator = shown.indicator;
    let unit = match indicator.unit {
        Unit::Percent => &words.unit_percent,
        Unit::Per1000 => &words.unit_per_1000,
        Unit::Count => &words.unit_count,
    };
    let named = |scope: &str| words.scope(scope, knowledge.catalogue()).to_owned();
    let chart = chart(shown.figures, indicator.unit == Unit::Percent, words, named);
    let name = words.lang.of(&indicator.name_vi, &indicator.name_en);
    html! {
        section.chart {
            h2 id="chart-heading" { (words.chart) }
            @match &chart.picture {
                Some(picture) => {
                    p id="chart-words" { (filled(&words.chart_of, &[name, unit])) }
                    (picture)
                    ul.legend { @for (sample, whose) in &chart.legend { li { (sample) " " (whose) } } }
                }
                None => { p { (words.chart_none) } }
            }
            @for remark in chart.remarks(words) { p.less { (remark) } }
        }
    }
}

/// SQL, files and the permanent address.
fn taking(shown: &Shown<'_>, words: &Words) -> Markup {
    let Known { as_of, catalogue, events } = shown.known;
    html! {
        section.taking {
            h2 { (words.sql) }
            p.less { (words.sql_hint) }
            pre id="sql" tabindex="0" { code { (shown.sql) } }
            button type="button" hidden data-copy="sql" data-copied=(words.copied) { (words.copy) }
            h2 { (words.take) }
            ul {
                li { a href=(shown.links.csv) { (words.csv) } }
                li { a href=(shown.links.xlsx) { (words.xlsx) } }
                li { a href=(shown.links.json) { (words.json) } }
            }
            h2 { (words.permalink) }
            p { a.permanent rel="bookmark" href=(shown.links.permanent) { (shown.links.permanent) } }
            p.less { (words.permalink_hint) }
            p.less { (filled(&words.rests_on, &[as_of, catalogue, &words.whole(events)])) }
        }
    }
}

#[cfg(test)]
mod tests;
