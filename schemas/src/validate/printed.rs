//! Numbers and dates as an office prints them: `138.068`, `1.234,5`, `16,2 %`, `1564/2263`, `hơn 138.000`, `75-80`,
//! `02/10/2024`.
//!
//! In: the text of a field, whose kind is known. Out: what it says, in the one form of the contract, or why it says
//! nothing. Guarantee: a text that has two readings says nothing, and both are named; no digit is lost or added.

use unicode_normalization::UnicodeNormalization;

use super::shortened;
use crate::partial_date::{PartialDate, Period};
use crate::percent::{PercentError, PrintedPercent};
use crate::vocabulary::{Precision, Vocabulary};

/// A percent from which on a mark in it can only be a decimal point: nobody prints ten thousand percent.
const NO_PERCENT: f64 = 10_000.0;

/// Why a text says nothing, and what would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub reason: String,
    pub remedy: String,
}

impl Unread {
    fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }

    fn two_readings(text: &str, first: &str, second: &str, remedy: String) -> Self {
        Self::new(format!("\"{}\" can be {first} or {second}", shortened(text)), remedy)
    }
}

/// A count, and what is printed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    /// The count itself.
    pub count: i64,
    /// What the words around it say of it: `hơn 138.000`.
    pub precision: Option<Precision>,
    /// What it is printed as a part of: `1564/2263`.
    pub whole: Option<i64>,
}

impl Count {
    /// A count with nothing beside it.
    pub fn alone(count: i64) -> Self {
        Self { count, precision: None, whole: None }
    }
}

/// What a number can mean.
enum Readings {
    None,
    One(String),
    Two(String, String),
}

impl Readings {
    fn of(first: Option<String>, second: Option<String>) -> Self {
        match (first, second) {
            (Some(first), Some(second)) if first != second => Self::Two(first, second),
            (Some(reading), _) | (None, Some(reading)) => Self::One(reading),
            (None, None) => Self::None,
        }
    }
}

/// Words in front of a number that say how exact it is.
const WORDS: &[(&str, Precision)] = &[
    ("trên ", Precision::Over),
    ("hơn ", Precision::Over),
    ("gần ", Precision::Nearly),
    ("khoảng ", Precision::About),
    ("ít nhất ", Precision::AtLeast),
    ("tối thiểu ", Precision::AtLeast),
];

/// What stands in front of a percent that is a bound, and its sign.
const BOUNDS: &[(&str, &str)] = &[
    (">=", ">="),
    ("≥", ">="),
    ("<=", "<="),
    ("≤", "<="),
    (">", ">"),
    ("<", "<"),
    ("trên ", ">"),
    ("hơn ", ">"),
    ("ít nhất ", ">="),
    ("tối thiểu ", ">="),
    ("dưới ", "<"),
    ("không quá ", "<="),
    ("tối đa ", "<="),
];

/// Reads a count: digits, thousands kept apart by points, blanks or commas, with its words and its whole.
pub(super) fn count(text: &str) -> Result<Count, Unread> {
    let plain = plain(text);
    let (precision, number) = exactness(&plain);
    let (part, whole) = match number.split_once('/') {
        Some((part, whole)) => (part.trim_end(), Some(whole.trim_start())),
        None => (number, None),
    };
    let whole = whole.map(|whole| whole_number(text, whole)).transpose()?;
    Ok(Count { count: whole_number(text, part)?, precision, whole })
}

/// Reads the word for how exact a count is, in the vocabulary's words or in Vietnamese.
pub(super) fn precision(text: &str) -> Option<Precision> {
    Precision::parse(text).or_else(|| match plain(text).as_str() {
        "chính xác" => Some(Precision::Exact),
        "trên" | "hơn" => Some(Precision::Over),
        "trở lên" | "ít nhất" | "tối thiểu" => Some(Precision::AtLeast),
        "gần" => Some(Precision::Nearly),
        "khoảng" => Some(Precision::About),
        _ => None,
    })
}

/// Reads a number that may have decimals.
pub(super) fn number(text: &str) -> Result<f64, Unread> {
    let plain = plain(text);
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.as_str()),
    };
    let read: Option<f64> = match Readings::of(with_comma(digits), with_point(digits)) {
        Readings::One(reading) => format!("{sign}{reading}").parse().ok(),
        Readings::Two(first, second) => {
            let remedy =
                format!("write {sign}{first} without a mark, or {sign}{} with a comma", second.replace('.', ","));
            return Err(Unread::two_readings(text, &first, &second, remedy));
        }
        // As programs print large and small numbers: 1e-3.
        Readings::None => text.parse().ok(),
    };
    read.filter(|number| number.is_finite())
        .ok_or_else(|| Unread::new(format!("\"{}\" is no number", shortened(text)), "write it as 87.5 or 87,5"))
}

/// Reads a percent, a range or a bound of percents.
pub(super) fn percent(text: &str) -> Result<PrintedPercent, Unread> {
    let plain = plain(text);
    for word in ["gần ", "khoảng ", "xấp xỉ ", "ước "] {
        if plain.starts_with(word) {
            let reason = format!("\"{}\" only says what the percent is near", shortened(text));
            let remedy =
                "write the bound or the range that it surely lies in, as <80 or 75-80, and the words into quote";
            return Err(Unread::new(reason, remedy));
        }
    }
    let (bound, rest) = bound(&plain);
    let range = rest.strip_prefix("từ ").unwrap_or(rest).replace(" đến ", "-");
    let canonical = match range.split_once('-') {
        Some((low, high)) if bound.is_empty() => format!("{}-{}", one_percent(text, low)?, one_percent(text, high)?),
        _ => format!("{bound}{}", one_percent(text, rest)?),
    };
    contract_percent(&canonical).map_err(|unread| Unread {
        reason: unread.reason.replacen(&format!("\"{canonical}\""), &format!("\"{}\"", shortened(text)), 1),
        ..unread
    })
}

/// Reads a percent in the one form of the contract.
pub(super) fn contract_percent(text: &str) -> Result<PrintedPercent, Unread> {
    PrintedPercent::parse(text).map_err(|error| {
        let remedy = match error {
            PercentError::Form => "write it with a decimal point and no sign, as 73.58, 75-80 or >=75",
            PercentError::Order => "write the lower end first, as 75-80",
            PercentError::Range => "check the figure",
        };
        Unread::new(format!("\"{}\" {error}", shortened(text)), remedy)
    })
}

/// Reads a day, a month or a year; of a day in figures the day comes first: 02/10/2024 is the second of October.
pub(super) fn date(text: &str) -> Result<PartialDate, Unread> {
    if let Some(date) = PartialDate::parse(text) {
        return Ok(date);
    }
    let figures = plain(text).replace(" năm ", "/").replace(" tháng ", "/");
    let figures = ["ngày ", "tháng ", "năm "].iter().find_map(|word| figures.strip_prefix(word)).unwrap_or(&figures);
    let parts: Vec<&str> = figures.split(['/', '.', '-']).map(str::trim).collect();
    let year = |part: &str| part.len() == 4 && digits(part);
    let short = |part: &str| part.len() <= 2 && digits(part);
    let canonical = match *parts.as_slice() {
        [y] if year(y) => y.to_owned(),
        [m, y] | [y, m] if year(y) && short(m) => format!("{y}-{m:0>2}"),
        [d, m, y] | [y, m, d] if year(y) && short(m) && short(d) => format!("{y}-{m:0>2}-{d:0>2}"),
        _ => String::new(),
    };
    PartialDate::parse(&canonical).ok_or_else(|| {
        let remedy = "write day, month and year, as 02/10/2024 or 2024-10-02, a month as 10/2024, a year as 2024";
        Unread::new(format!("\"{}\" is no date", shortened(text)), remedy)
    })
}

/// Reads a year or a run of years.
pub(super) fn period(text: &str) -> Result<Period, Unread> {
    if let Some(period) = Period::parse(text) {
        return Ok(period);
    }
    let plain = plain(text);
    let years = ["năm ", "giai đoạn "].iter().find_map(|word| plain.strip_prefix(word)).unwrap_or(&plain);
    let joined = match years.split_once('-') {
        Some((first, last)) => format!("{}-{}", first.trim_end(), last.trim_start()),
        None => years.to_owned(),
    };
    Period::parse(&joined).ok_or_else(|| {
        let remedy = "write a year or two, as 2024 or 2023-2024";
        Unread::new(format!("\"{}\" is no period", shortened(text)), remedy)
    })
}

/// A text in composed small letters with single blanks and one kind of dash.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.trim().nfc().flat_map(char::to_lowercase) {
        let letter = match letter {
            '\u{2010}'..='\u{2014}' | '\u{2212}' => '-',
            letter if letter.is_whitespace() => ' ',
            letter => letter,
        };
        if letter != ' ' || !plain.ends_with(' ') {
            plain.push(letter);
        }
    }
    plain
}

/// The words around a count, and the count.
fn exactness(plain: &str) -> (Option<Precision>, &str) {
    if let Some(number) = plain.strip_suffix(" trở lên") {
        return (Some(Precision::AtLeast), number.strip_prefix("từ ").unwrap_or(number));
    }
    let said = WORDS.iter().find_map(|(word, precision)| Some((Some(*precision), plain.strip_prefix(word)?)));
    said.unwrap_or((None, plain))
}

/// The sign of a bound, empty where there is none, and the percent.
fn bound(plain: &str) -> (&'static str, &str) {
    if let Some(percent) = plain.strip_suffix(" trở lên") {
        return (">=", percent.strip_prefix("từ ").unwrap_or(percent));
    }
    if let Some(percent) = plain.strip_suffix(" trở xuống") {
        return ("<=", percent.strip_prefix("từ ").unwrap_or(percent));
    }
    let said = BOUNDS.iter().find_map(|(word, sign)| Some((*sign, plain.strip_prefix(word)?)));
    said.unwrap_or(("", plain))
}

/// One percent of a text, with its sign or without.
fn one_percent(text: &str, percent: &str) -> Result<String, Unread> {
    let percent = percent.trim();
    let percent = percent.strip_suffix('%').unwrap_or(percent).trim_end();
    match Readings::of(with_comma(percent), with_point(percent)) {
        Readings::One(reading) => Ok(reading),
        Readings::Two(first, second) if first.parse::<f64>().is_ok_and(|first| first >= NO_PERCENT) => Ok(second),
        Readings::Two(first, second) => {
            let remedy = format!("write {} with a comma for {second} percent, or {first}", second.replace('.', ","));
            Err(Unread::two_readings(text, &first, &second, remedy))
        }
        Readings::None => {
            let remedy = "write it as 73,58 or 73.58, a range as 75-80, a bound as >=75";
            Err(Unread::new(format!("\"{}\" is not a percent", shortened(text)), remedy))
        }
    }
}

/// A number as Vietnamese prints it: thousands kept apart by points or blanks, decimals behind a comma. The reading
/// keeps the decimals digit for digit.
fn with_comma(text: &str) -> Option<String> {
    let (whole, decimals) = match text.split_once(',') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    let whole = digits(whole).then(|| whole.to_owned()).or_else(|| grouped(whole, '.')).or_else(|| grouped(whole, ' '));
    decimal(&whole?, decimals)
}

/// A number with a decimal point; commas keep its thousands apart only where the point is there, too.
fn with_point(text: &str) -> Option<String> {
    match text.split_once('.') {
        Some((whole, decimals)) => {
            let whole = digits(whole).then(|| whole.to_owned()).or_else(|| grouped(whole, ','));
            decimal(&whole?, Some(decimals))
        }
        None => digits(text).then(|| text.to_owned()),
    }
}

fn decimal(whole: &str, decimals: Option<&str>) -> Option<String> {
    match decimals {
        None => Some(whole.to_owned()),
        Some(decimals) => digits(decimals).then(|| format!("{whole}.{decimals}")),
    }
}

/// A count: one to all digits, in threes where something keeps them apart. A comma may also begin decimals, which of a
/// count can only be zeros.
fn whole_number(text: &str, number: &str) -> Result<i64, Unread> {
    let zeros = |decimals: &str| !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0');
    let printed = with_comma(number).and_then(|reading| match reading.split_once('.') {
        Some((whole, decimals)) => zeros(decimals).then(|| whole.to_owned()),
        None => Some(reading),
    });
    let none = || {
        let remedy = if number.contains('%') {
            "write the count itself; a percent belongs into a column of percents"
        } else if number.contains('-') {
            "write one number; for a range write its middle, and about into the column for how exact it is"
        } else {
            "write digits only, as 138068, or in threes, as 138.068"
        };
        Unread::new(format!("\"{}\" is no whole number", shortened(text)), remedy)
    };
    match Readings::of(printed, grouped(number, ',')) {
        Readings::One(reading) => reading.parse().map_err(|_| none()),
        Readings::Two(first, second) => {
            let remedy = format!("write {first} or {second}, without a comma");
            Err(Unread::two_readings(text, &first, &second, remedy))
        }
        Readings::None => Err(none()),
    }
}

/// The digits of a number whose thousands are kept apart: one to three of them, then threes.
fn grouped(text: &str, mark: char) -> Option<String> {
    let groups: Vec<&str> = text.split(mark).collect();
    match groups.as_slice() {
        [first, threes @ ..] if !threes.is_empty() => {
            let begins = digits(first) && first.len() <= 3 && !first.starts_with('0');
            let goes_on = threes.iter().all(|three| three.len() == 3 && digits(three));
            (begins && goes_on).then(|| groups.concat())
        }
        _ => None,
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
