//! What the page says, in Vietnamese and English: all of it is in `words.toml`.
//!
//! In: that file, and words and sentences of the engine. Out: texts of one language. Guarantee: a text that is missing in
//! the file, or that nothing here knows, keeps the tests from passing.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, NaiveDate, Utc};
use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::clock::day_in_vietnam;
use lantoa_schemas::wording::captured;
use serde::Deserialize;

use crate::knowledge::Knowledge;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    Vi,
    En,
}

impl Lang {
    /// Its code, as in `?lang=` and HTML.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The language of a code.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        [Self::Vi, Self::En].into_iter().find(|lang| lang.as_str() == code)
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }

    /// The one that a reader likes best by the header Accept-Language; Vietnamese where it names neither.
    pub(crate) fn accepted(header: &str) -> Self {
        let ranges = header.split(',').filter_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            let lang = Self::parse(&parts.next()?.split('-').next()?.to_ascii_lowercase())?;
            let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
            (weight > 0.0).then_some((lang, weight))
        });
        // Of equals the first.
        let best = ranges.reduce(|best, next| if next.1 > best.1 { next } else { best });
        best.map_or(Self::Vi, |(lang, _)| lang)
    }

    /// Of two texts the one in this language.
    pub(crate) fn of<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    vi: String,
    en: String,
}

impl Text {
    fn of(&self, lang: Lang) -> String {
        lang.of(&self.vi, &self.en).to_owned()
    }
}

macro_rules! words {
    ($($name:ident,)+) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            $($name: Text,)+
            /// Sentences that the engine says in English, with `{}` for what varies.
            sentence: Vec<Text>,
        }

        /// All texts in one language; `{}` stands for what is filled in.
        #[derive(Debug)]
        pub(crate) struct Words {
            pub(crate) lang: Lang,
            $(pub(crate) $name: String,)+
            /// In English as the engine says it, and in this language.
            sentences: Vec<(String, String)>,
        }

        impl File {
            fn words(&self, lang: Lang) -> Words {
                let sentences = self.sentence.iter().map(|text| (text.en.clone(), text.of(lang))).collect();
                Words { lang, $($name: self.$name.of(lang),)+ sentences }
            }

            #[cfg(test)]
            fn all(&self) -> Vec<(&'static str, &Text)> {
                let mut all = vec![$((stringify!($name), &self.$name),)+];
                all.extend(self.sentence.iter().map(|text| ("sentence", text)));
                all
            }
        }
    };
}

words! {
    title, intro, problem, form, indicator, areas, areas_hint, areas_none, find, which, from, to, years, map, map_told,
    map_of, level, level_any, nation, province, district, commune, more, as_of, as_of_hint, stated_by, stated_by_hint,
    release, release_hint, release_none, release_choose, release_as_of, releases, releases_hint, releases_none, show,
    group_title, group_rate, group_activity, group_other, numerator, denominator, legal, nulls, unit_percent,
    unit_per_1000, unit_count, chart, chart_of, chart_none, chart_left_out, chart_unseen, line_hollow, line_target,
    line_range, point_weak, table, no_rows, some_rows, area, year, subjects, base, count, rate, printed, target, gap,
    derivation, coverage, remarks, source, known_on, stated, summed, counted, estimated, only_target, missing, base_all,
    base_registered, base_population, base_adult, base_unknown, over, at_least, nearly, about, by_year, set_by, points,
    notices, sql, sql_hint, copy, copied, take, csv, xlsx, json, permalink, permalink_hint, rests_on, api,
}

/// What the engine says in English beside figures (`reason`, `explanation`, both sides of a reconciliation), and the names
/// of the catalogue, in Vietnamese.
#[derive(Debug, Clone)]
pub struct Translator(pub(crate) Arc<Knowledge>);

impl Translator {
    /// The sentences in Vietnamese. One that has no translation stays as it is.
    pub fn sentences(&self, said: &str) -> String {
        words(Lang::Vi).sentences(said, self.0.catalogue())
    }

    /// The names of a scope of subjects in Vietnamese and in English; its code twice where the catalogue has none.
    pub fn scope<'a>(&'a self, code: &'a str) -> (&'a str, &'a str) {
        self.0.catalogue().scope(code).map_or((code, code), |scope| (&scope.name_vi, &scope.name_en))
    }
}

/// The texts of a language.
pub(crate) fn words(lang: Lang) -> &'static Words {
    static WORDS: OnceLock<[Words; 2]> = OnceLock::new();
    let [vi, en] = WORDS.get_or_init(|| {
        let file = file();
        [file.words(Lang::Vi), file.words(Lang::En)]
    });
    match lang {
        Lang::Vi => vi,
        Lang::En => en,
    }
}

fn file() -> File {
    toml::from_str(include_str!("words.toml")).expect("the shipped texts are read by this module's tests")
}

/// A text with what belongs at each `{}`.
pub(crate) fn filled(text: &str, with: &[&str]) -> String {
    let mut with = with.iter();
    let mut pieces = text.split("{}");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + with.next().copied().unwrap_or_default() + piece)
}

impl Words {
    /// A base of the contract.
    pub(crate) fn base(&self, base: &str) -> &str {
        match base {
            "all" => &self.base_all,
            "registered" => &self.base_registered,
            "population" => &self.base_population,
            "adult" => &self.base_adult,
            _ => &self.base_unknown,
        }
    }

    /// How a figure came to be.
    pub(crate) fn derivation(&self, derivation: Option<&str>) -> &str {
        match derivation {
            Some("stated") => &self.stated,
            Some("summed") => &self.summed,
            Some("counted") => &self.counted,
            Some("estimated") => &self.estimated,
            Some("target") => &self.only_target,
            _ => &self.missing,
        }
    }

    /// A level of areas.
    pub(crate) fn level(&self, level: &str) -> &str {
        match level {
            "nation" => &self.nation,
            "province" => &self.province,
            "district" => &self.district,
            _ => &self.commune,
        }
    }

    /// What stands before a count that is no exact number.
    pub(crate) fn precision(&self, precision: Option<&str>) -> Option<&str> {
        match precision? {
            "over" => Some(&self.over),
            "at_least" => Some(&self.at_least),
            "nearly" => Some(&self.nearly),
            "about" => Some(&self.about),
            _ => None,
        }
    }

    /// The name of a scope of subjects.
    pub(crate) fn scope<'a>(&self, scope: &'a str, catalogue: &'a Catalogue) -> &'a str {
        catalogue.scope(scope).map_or(scope, |of| self.lang.of(&of.name_vi, &of.name_en))
    }

    /// Sentences that the engine joins by `; `, in this language; one that has no translation stays as it is.
    pub(crate) fn sentences(&self, said: &str, catalogue: &Catalogue) -> String {
        // Some have the same mark within them.
        let is_one = |(en, _): &(String, String)| en.contains("; ") && captured(en, said).is_some();
        if self.sentences.iter().any(is_one) {
            return self.sentence(said, catalogue);
        }
        said.split("; ").map(|sentence| self.sentence(sentence, catalogue)).collect::<Vec<_>>().join("; ")
    }

    /// One of them; what varies in it may be a sentence again.
    fn sentence(&self, said: &str, catalogue: &Catalogue) -> String {
        let known = self.sentences.iter().find_map(|(en, here)| Some((captured(en, said)?, here)));
        let Some((captures, here)) = known else {
            let parts: Vec<&str> = said.split(", ").collect();
            return match parts.as_slice() {
                [one] => self.part(one, catalogue),
                parts => parts.iter().map(|part| self.sentence(part, catalogue)).collect::<Vec<_>>().join(", "),
            };
        };
        let captures: Vec<String> = captures.into_iter().map(|capture| self.sentence(capture, catalogue)).collect();
        filled(here, &captures.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What varies in a sentence and is none itself: a code of the catalogue, a number, a name.
    fn part(&self, said: &str, catalogue: &Catalogue) -> String {
        let of = |vi: &str, en: &str| self.lang.of(vi, en).to_owned();
        let scope = catalogue.scope(said).map(|scope| of(&scope.name_vi, &scope.name_en));
        let indicator = || catalogue.indicator(said).map(|indicator| of(&indicator.name_vi, &indicator.name_en));
        let reason = || {
            let mut rules = catalogue.containments().iter();
            rules.find(|rule| rule.reason_en == said).map(|rule| of(&rule.reason_vi, &rule.reason_en))
        };
        // Years and codes of areas have at most five digits and no decimals, and stay as they are.
        let number = || {
            let is_number = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let is_long = said.contains('.') || said.len() > 5;
            (is_number && is_long).then(|| said.parse().ok()).flatten().map(|number| self.number(number))
        };
        scope.or_else(indicator).or_else(reason).or_else(number).unwrap_or_else(|| said.to_owned())
    }

    /// A whole number with its thousands set apart.
    pub(crate) fn whole(&self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let mut text = if number < 0 { "−".to_owned() } else { String::new() };
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push_str(self.lang.of(".", ","));
            }
            text.push(digit);
        }
        text
    }

    /// A number with at most two digits after the sign for decimals.
    pub(crate) fn number(&self, number: f64) -> String {
        let rounded = format!("{:.2}", number.abs());
        let (whole, decimals) = rounded.split_once('.').unwrap_or((&rounded, ""));
        let whole = whole.parse::<i64>().map_or_else(|_| whole.to_owned(), |whole| self.whole(whole));
        let decimals = decimals.trim_end_matches('0');
        let sign = if number < 0.0 && rounded != "0.00" { "−" } else { "" };
        let point = if decimals.is_empty() { "" } else { self.lang.of(",", ".") };
        format!("{sign}{whole}{point}{decimals}")
    }

    /// A number with its sign, for what was gained or lost.
    pub(crate) fn difference(&self, number: f64) -> String {
        let text = self.number(number);
        if number > 0.0 && text != "0" { format!("+{text}") } else { text }
    }

    /// A day.
    pub(crate) fn day(&self, day: NaiveDate) -> String {
        day.format(self.lang.of("%d/%m/%Y", "%Y-%m-%d")).to_string()
    }

    /// The day in Vietnam of an instant.
    pub(crate) fn day_of(&self, instant: DateTime<Utc>) -> String {
        self.day(day_in_vietnam(instant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages_with_as_many_places() {
        let file = file();
        for (name, text) in file.all() {
            assert!(!text.vi.trim().is_empty() && !text.en.trim().is_empty(), "{name}");
            assert_eq!(text.vi.matches("{}").count(), text.en.matches("{}").count(), "{name}: {text:?}");
        }
        // Vietnamese without a single mark of its own is most likely not translated.
        let translated = file.all().into_iter().filter(|(_, text)| text.vi != text.en).count();
        assert!(translated + 6 > file.all().len(), "{translated} of {}", file.all().len());
    }

    #[test]
    fn the_reader_is_answered_in_the_language_asked_for() {
        for (header, lang) in [
            ("", Lang::Vi),
            ("vi-VN,vi;q=0.9,en;q=0.8", Lang::Vi),
            ("en-US,en;q=0.9,vi;q=0.8", Lang::En),
            ("fr,en;q=0.5,vi;q=0.7", Lang::Vi),
            ("de", Lang::Vi),
            ("vi;q=0, en;q=0.1", Lang::En),
            ("EN", Lang::En),
        ] {
            assert_eq!(Lang::accepted(header), lang, "{header}");
        }
    }

    #[test]
    fn numbers_are_written_as_each_language_does() {
        let (vi, en) = (words(Lang::Vi), words(Lang::En));
        for (number, in_vi, in_en) in [
            (0.0, "0", "0"),
            (73.587_600_733, "73,59", "73.59"),
            (138_068.0, "138.068", "138,068"),
            (-3.304, "−3,3", "−3.3"),
            (-0.001, "0", "0"),
            (1_669_074.5, "1.669.074,5", "1,669,074.5"),
        ] {
            assert_eq!((vi.number(number).as_str(), en.number(number).as_str()), (in_vi, in_en));
        }
        assert_eq!(vi.whole(-1_000), "−1.000");
        assert_eq!(en.difference(5.0), "+5");
    }

    #[test]
    fn sentences_are_found_by_what_does_not_vary() {
        let catalogue = Catalogue::shipped();
        let said = "the sum of 1 of 2 former provinces; 50 % of it report and a rate needs 80 %; something new";
        assert_eq!(words(Lang::En).sentences(said, catalogue), said);
        let here = words(Lang::Vi).sentences(said, catalogue);
        assert!(here.contains("tỉnh cũ") && here.ends_with("; something new"), "{here}");
        assert_eq!(filled("{} of {}", &["1", "2"]), "1 of 2");
    }
}
