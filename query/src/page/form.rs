//! The choices: indicator, areas, years, map, and what few need. A plain form that works without scripts.

use chrono::NaiveDate;
use lantoa_schemas::area::AreaHistory;
use lantoa_schemas::catalogue::{Catalogue, Indicator, MeasureKind};
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};
use maud::{Markup, html};

use super::words::{Words, filled};
use crate::knowledge::Knowledge;
use crate::release::Stored;
use crate::selection::{Asked, Chosen};

/// What the choices are shown from.
pub(crate) struct Form<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) indicator: &'a str,
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) map: Option<NaiveDate>,
    /// Areas that are chosen already.
    pub(crate) areas: &'a [Chosen],
    /// A name that several areas have, and these.
    pub(crate) which: Option<(&'a str, &'a [Chosen])>,
    /// What releases there are for the asker.
    pub(crate) releases: &'a [Stored],
    /// Whether the asker sees releases alone, and has to name one.
    pub(crate) of_release: bool,
}

/// The form.
pub(crate) fn form(form: &Form<'_>, words: &Words) -> Markup {
    let catalogue = form.knowledge.catalogue();
    let chosen = catalogue.indicator(form.indicator);
    html! {
        form method="get" action="/" aria-labelledby="form-heading" {
            h2 id="form-heading" { (words.form) }
            input type="hidden" name="lang" value=(words.lang.as_str());
            p {
                label for="indicator" { (words.indicator) }
                select id="indicator" name="indicator" { (indicators(catalogue, form.indicator, words)) }
            }
            @if form.of_release { (release(form, words)) }
            fieldset {
                legend { (words.areas) }
                @if form.areas.is_empty() { p.less { (words.areas_none) } }
                @for area in form.areas { (tick("area", &area.word(), &area.full, true)) }
                @if let Some((name, several)) = form.which {
                    p { (filled(&words.which, &[name])) }
                    @for area in several {
                        (tick("area", &area.word(), &format!("{} ({})", area.full, words.level(area.level.as_str())), false))
                    }
                }
                label for="find" { (words.find) }
                input id="find" name="find" list="provinces" autocomplete="off" aria-describedby="areas-hint";
                datalist id="provinces" { @for name in provinces(form.knowledge.history(), form.map) { option value=(name) {} } }
                p.less id="areas-hint" { (words.areas_hint) }
            }
            fieldset {
                legend { (words.years) }
                (year("from", &words.from, form.asked))
                (year("to", &words.to, form.asked))
            }
            p {
                label for="map" { (words.map) }
                select id="map" name="map" { (maps(form, words)) }
            }
            details open[is_narrowed(form)] {
                summary { (words.more) }
                p {
                    label for="level" { (words.level) }
                    select id="level" name="level" {
                        option value="" { (words.level_any) }
                        @for level in AreaLevel::ALL {
                            option value=(level.as_str()) selected[form.asked.one("level") == Some(level.as_str())] {
                                (words.level(level.as_str()))
                            }
                        }
                    }
                }
                @if let Some(indicator) = chosen { (subjects(indicator, catalogue, form.asked, words)) }
                // A release has its own days.
                @if !form.of_release {
                    (typed("as_of", &words.as_of, &words.as_of_hint, form.asked))
                    (typed("stated_by", &words.stated_by, &words.stated_by_hint, form.asked))
                    (release(form, words))
                }
            }
            p { button type="submit" { (words.show) } }
        }
    }
}

/// Whether one of the choices that few need is made.
fn is_narrowed(form: &Form<'_>) -> bool {
    let is_asked = |name: &str| form.asked.one(name).is_some();
    let own = ["level", "base", "subject_scope"].into_iter().any(is_asked);
    own || (!form.of_release && ["as_of", "stated_by", "release"].into_iter().any(is_asked))
}

fn tick(name: &str, value: &str, says: &str, checked: bool) -> Markup {
    html! { label.tick { input type="checkbox" name=(name) value=(value) checked[checked]; " " (says) } }
}

fn year(name: &str, says: &str, asked: &Asked) -> Markup {
    html! {
        label for=(name) { (says) }
        input.year id=(name) name=(name) inputmode="numeric" pattern="[0-9]{4}" maxlength="4" value=[asked.one(name)];
    }
}

fn typed(name: &str, says: &str, hint: &str, asked: &Asked) -> Markup {
    html! {
        p {
            label for=(name) { (says) }
            input id=(name) name=(name) value=[asked.one(name)] aria-describedby={ (name) "-hint" };
            span.less id={ (name) "-hint" } { (hint) }
        }
    }
}

/// The releases to choose from, the newest of a name first.
pub(super) fn offered<'a>(form: &Form<'a>) -> impl Iterator<Item = &'a Stored> {
    form.releases.iter().rev().filter(|stored| stored.withdrawn.is_none())
}

/// The choice among them. What is asked for and not among them, such as a major, stays chosen.
fn release(form: &Form<'_>, words: &Words) -> Markup {
    let asked = form.asked.one("release");
    let other = asked.filter(|asked| offered(form).all(|stored| stored.manifest.reference() != *asked));
    let none = if form.of_release { &words.release_choose } else { &words.release_none };
    let hint = if form.of_release { &words.releases_hint } else { &words.release_hint };
    html! {
        p {
            label for="release" { (words.release) }
            select id="release" name="release" aria-describedby="release-hint" {
                option value="" selected[asked.is_none()] { (none) }
                @if let Some(other) = other { option value=(other) selected { (other) } }
                @for stored in offered(form) {
                    @let reference = stored.manifest.reference();
                    option value=(reference) selected[asked == Some(reference.as_str())] { (about(stored, words)) }
                }
            }
            span.less id="release-hint" { (hint) }
        }
    }
}

/// A release as it is chosen.
pub(super) fn about(stored: &Stored, words: &Words) -> Markup {
    let manifest = &stored.manifest;
    html! {
        (manifest.reference())
        @if let Some(title) = &manifest.title { " – " (title) }
        " (" (filled(&words.release_as_of, &[&manifest.as_of])) ")"
    }
}

/// All indicators by kind, those of titles first.
fn indicators(catalogue: &Catalogue, chosen: &str, words: &Words) -> Markup {
    let kind = |indicator: &Indicator| catalogue.measure(&indicator.measure).map(|measure| measure.kind);
    let groups = [
        (&words.group_title, Some(MeasureKind::Title)),
        (&words.group_rate, Some(MeasureKind::Rate)),
        (&words.group_activity, Some(MeasureKind::Activity)),
        (&words.group_other, None),
    ];
    let known = [MeasureKind::Title, MeasureKind::Rate, MeasureKind::Activity];
    html! {
        @for (name, of) in groups {
            @let of: Vec<&Indicator> = catalogue.indicators().iter().filter(|indicator| match of {
                Some(of) => kind(indicator) == Some(of),
                None => kind(indicator).is_none_or(|kind| !known.contains(&kind)),
            }).collect();
            @if !of.is_empty() {
                optgroup label=(name) {
                    @for indicator in of {
                        option value=(indicator.id) selected[indicator.id == chosen] {
                            (words.lang.of(&indicator.name_vi, &indicator.name_en)) " – "
                            (words.lang.other().of(&indicator.name_vi, &indicator.name_en))
                        }
                    }
                }
            }
        }
    }
}

/// Bases and subjects of the indicator, where there is a choice.
fn subjects(indicator: &Indicator, catalogue: &Catalogue, asked: &Asked, words: &Words) -> Markup {
    let mut bases: Vec<&str> = indicator.bases.iter().map(|of| of.base.as_str()).chain(["unknown"]).collect();
    let mut seen = Vec::new();
    bases.retain(|base| {
        !seen.contains(base) && {
            seen.push(*base);
            true
        }
    });
    let is = |name: &str, value: &str| asked.all(name).any(|asked| asked == value);
    html! {
        fieldset {
            legend { (words.base) }
            @for base in bases { (tick("base", base, words.base(base), is("base", base))) }
        }
        @if indicator.subject.len() > 1 {
            fieldset {
                legend { (words.subjects) }
                @for scope in &indicator.subject {
                    (tick("subject_scope", scope, words.scope(scope, catalogue), is("subject_scope", scope)))
                }
            }
        }
    }
}

fn maps(form: &Form<'_>, words: &Words) -> Markup {
    let history = form.knowledge.history();
    let chosen = form.map.map(|day| history.map_on(day));
    html! {
        option value="as_reported" selected[chosen.is_none()] { (words.map_told) }
        @for day in history.maps() {
            option value=(day.to_string()) selected[chosen == Some(*day)] {
                (filled(&words.map_of, &[&words.day(*day), &provinces(history, Some(*day)).len().to_string()]))
            }
        }
    }
}

/// Names of the provinces on a map, or on the newest.
fn provinces(history: &AreaHistory, map: Option<NaiveDate>) -> Vec<&str> {
    let map = map.map(|day| history.map_on(day)).or(history.maps().last().copied());
    let of_map = history.areas().iter().filter(|area| area.level == AreaLevel::Province && Some(area.map) == map);
    of_map.map(|area| area.short_name.as_str()).collect()
}
