//! What may come at a place in a line.
//!
//! In: the words that are known, the line, the place. Out: where the word begins, and what it may become. Plain functions.
//! Within quotes stand indicators, areas and days of maps, as what is before the quote lets expect; areas and indicators
//! are found without diacritics.

use lantoa_query::format::Format;
use lantoa_query::settings::NAMES;
use lantoa_schemas::area::name::folded;

use super::order;
use super::statement::{Within, walk};
use super::words::{Known, Named};

/// A word that may come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As it is listed.
    pub(super) shown: String,
    /// As it is put into the line.
    pub(super) put: String,
}

/// Words of SQL, as questions need them.
const KEYWORDS: [&str; 56] = [
    "all",
    "and",
    "as",
    "asc",
    "avg",
    "between",
    "by",
    "case",
    "cast",
    "count",
    "cross",
    "desc",
    "describe",
    "distinct",
    "else",
    "end",
    "except",
    "exists",
    "explain",
    "false",
    "from",
    "full",
    "group",
    "having",
    "ilike",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "left",
    "like",
    "limit",
    "max",
    "min",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "reset",
    "right",
    "select",
    "set",
    "show",
    "sum",
    "then",
    "true",
    "union",
    "values",
    "when",
    "where",
];
/// Keywords behind which a table is named.
const BEFORE_TABLES: [&str; 3] = ["from", "join", "describe"];
/// Keywords behind which a setting is named.
const BEFORE_SETTINGS: [&str; 3] = ["set", "reset", "show"];
/// Words between a column and what it is compared with.
const COMPARE: [&str; 8] = ["in", "like", "ilike", "not", "is", "distinct", "from", "between"];
/// With fewer letters than this only provinces are offered: there are thousands of communes.
const LETTERS_FOR_ALL: usize = 2;

/// What may come at `at`, a byte of the line: where the word begins that is to be completed, and what it may become.
pub(super) fn complete(known: &Known, line: &str, at: usize) -> (usize, Vec<Candidate>) {
    let before = line.get(..at).unwrap_or(line);
    if before.trim_start().starts_with('\\') {
        return of_order(known, before);
    }
    match walk(before, |_| false) {
        (Within::Text, open) => {
            let from = open + 1;
            let closed = line[at.min(line.len())..].starts_with('\'');
            (from, in_quotes(known, &before[..open], &before[from..], closed))
        }
        (Within::Code, _) => in_code(known, line, before),
        (Within::Name | Within::Comment, _) => (at, Vec::new()),
    }
}

fn plain(word: &str) -> Candidate {
    Candidate { shown: word.to_owned(), put: word.to_owned() }
}

fn beginning<'a>(words: impl Iterator<Item = &'a str>, begun: &str) -> Vec<Candidate> {
    let begun = begun.to_lowercase();
    words.filter(|word| word.to_lowercase().starts_with(&begun)).map(plain).collect()
}

/// An order itself, or what follows it.
fn of_order(known: &Known, before: &str) -> (usize, Vec<Candidate>) {
    let from = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let begun = &before[from..];
    if begun.starts_with('\\') {
        return (from, beginning(order::all(), begun));
    }
    let candidates = match before.split_whitespace().next() {
        Some("\\d") => beginning(known.tables.iter().map(String::as_str), begun),
        Some("\\f") => beginning(Format::ALL.into_iter().map(Format::as_str), begun),
        Some("\\set") if before.split_whitespace().nth(1) == Some("map") && begun != "map" => {
            beginning(maps(known), begun)
        }
        Some("\\set") => beginning(NAMES.into_iter(), begun),
        _ => Vec::new(),
    };
    (from, candidates)
}

fn maps(known: &Known) -> impl Iterator<Item = &str> {
    known.maps.iter().map(String::as_str).chain(["as_reported"])
}

fn in_quotes(known: &Known, before: &str, begun: &str, closed: bool) -> Vec<Candidate> {
    let close = |put: &str| put.replace('\'', "''") + if closed { "" } else { "'" };
    let expected = compared(before);
    let is_of = |words: &[&str]| words.iter().any(|word| expected.contains(word));
    if is_of(&["map"]) {
        return maps(known)
            .filter(|day| day.starts_with(begun))
            .map(|day| Candidate { put: close(day), ..plain(day) })
            .collect();
    }
    let (only_indicators, only_areas) = (is_of(&["indicator", "measure"]), is_of(&["area", "name"]));
    let wanted = folded(begun);
    let letters = wanted.chars().count();
    let is_indicator = |named: &&Named| {
        named.name.starts_with(begun) || (letters >= LETTERS_FOR_ALL && named.found_by.contains(&wanted))
    };
    let is_area = |named: &&Named| {
        let enough = letters >= LETTERS_FOR_ALL || named.about.contains("province");
        enough && named.found_by.starts_with(&wanted)
    };
    let indicators = known.indicators.iter().filter(|_| only_indicators || !only_areas).filter(is_indicator);
    let areas = known.areas.iter().filter(|_| only_areas || !only_indicators).filter(is_area);
    let candidate =
        |named: &Named| Candidate { shown: format!("{} ({})", named.name, named.about), put: close(&named.name) };
    indicators.chain(areas).map(candidate).collect()
}

/// What a text is compared with: the last word before it that is neither a text nor says how to compare.
fn compared(before: &str) -> String {
    let words = words_of(before);
    let named = words.iter().rev().find(|word| !COMPARE.contains(&word.as_str()));
    named.cloned().unwrap_or_default()
}

/// Names and keywords in SQL, in lower case, without what stands in quotes and comments.
fn words_of(sql: &str) -> Vec<String> {
    let mut code = String::with_capacity(sql.len());
    // What is in quotes is stepped over by the walk, so that only signs of code come here.
    walk(sql, |sign| {
        code.push(sign);
        false
    });
    let words = code.split(|sign: char| !is_of_word(sign)).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn is_of_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_' || sign == '.'
}

fn in_code(known: &Known, line: &str, before: &str) -> (usize, Vec<Candidate>) {
    let from = before
        .rfind(|sign: char| !is_of_word(sign))
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let (begun, earlier) = (&before[from..], words_of(&before[..from]));
    let last = earlier.last().map(String::as_str).unwrap_or_default();
    if BEFORE_SETTINGS.contains(&last) {
        let settings: Vec<String> = NAMES.into_iter().map(|name| format!("lantoa.{name}")).collect();
        return (from, beginning(settings.iter().map(String::as_str), begun));
    }
    let all = words_of(line);
    if let Some((owner, column)) = begun.rsplit_once('.') {
        let table = table_of(known, &all, &owner.to_lowercase());
        let columns = known.columns.iter().filter(|(of, _)| Some(of) == table).map(|(_, column)| column.as_str());
        return (from + owner.len() + 1, beginning(columns, column));
    }
    let tables = || known.tables.iter().map(String::as_str);
    if BEFORE_TABLES.contains(&last) {
        return (from, beginning(tables(), begun));
    }
    let named: Vec<&str> = tables().filter(|table| all.iter().any(|word| word == table)).collect();
    let of_named = |(table, _): &&(String, String)| named.is_empty() || named.contains(&table.as_str());
    let mut columns: Vec<&str> = known.columns.iter().filter(of_named).map(|(_, column)| column.as_str()).collect();
    columns.sort_unstable();
    columns.dedup();
    let mut candidates = beginning(columns.into_iter(), begun);
    if !begun.is_empty() {
        candidates.extend(beginning(known.functions.iter().map(String::as_str), begun).into_iter().map(called));
        candidates.extend(beginning(tables(), begun));
        let upper = begun.chars().all(char::is_uppercase);
        let cased = |word: Candidate| if upper { plain(&word.put.to_uppercase()) } else { word };
        candidates.extend(beginning(KEYWORDS.into_iter(), begun).into_iter().map(cased));
    }
    candidates.sort_by(|left, right| left.put.cmp(&right.put));
    candidates.dedup_by(|left, right| left.put.trim_end_matches('(') == right.put.trim_end_matches('('));
    (from, candidates)
}

fn called(function: Candidate) -> Candidate {
    Candidate { put: function.put + "(", ..function }
}

/// The table of a name or an alias.
fn table_of<'a>(known: &'a Known, words: &[String], owner: &str) -> Option<&'a String> {
    let named = |name: &str| known.tables.iter().find(|table| table.as_str() == name);
    named(owner).or_else(|| {
        words.iter().enumerate().filter(|(_, word)| word.as_str() == owner).find_map(|(at, _)| {
            let before = at.checked_sub(1)?;
            let table = if words[before] == "as" { before.checked_sub(1)? } else { before };
            named(&words[table])
        })
    })
}

#[cfg(test)]
mod tests;
