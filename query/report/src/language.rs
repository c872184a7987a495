//! How numbers and days are written in each language.
//!
//! Vietnamese as Decree 30/2020/NĐ-CP has it: 1.234,5, and a zero before days below 10 and the months January and
//! February.

use chrono::{Datelike, NaiveDate};

/// The language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// Tiếng Việt.
    #[default]
    Vietnamese,
    /// English.
    English,
}

impl Language {
    /// Its code, as HTML and command lines have it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }

    /// The text of this language.
    pub fn of<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Vietnamese => vi,
            Self::English => en,
        }
    }

    /// A whole number in groups of three digits: `138.068`.
    pub fn count(self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(self.group());
            }
            grouped.push(digit);
        }
        format!("{}{grouped}", if number < 0 { MINUS } else { "" })
    }

    /// A number with so many decimals: `73,59`.
    pub fn decimal(self, number: f64, decimals: usize) -> String {
        let written = rounded(number, decimals);
        let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
        let whole = self.count(whole.parse().unwrap_or(0));
        // What rounds to nothing has no sign.
        let sign = if number < 0.0 && !is_nothing(&written) { MINUS } else { "" };
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}{}{fraction}", self.point()) }
    }

    /// A change: as [`Self::decimal`] with its sign in any case, `+1,93`.
    pub fn change(self, number: f64, decimals: usize) -> String {
        let written = self.decimal(number, decimals);
        if written.starts_with(MINUS) || is_nothing(&written) { written } else { format!("+{written}") }
    }

    /// A day in figures: `02/10/2024`.
    pub fn day(self, day: NaiveDate) -> String {
        match self {
            Self::Vietnamese => {
                let month = day.month();
                // The decree wants the zero before January and February alone.
                let month = if month < 3 { format!("{month:02}") } else { month.to_string() };
                format!("{:02}/{month}/{}", day.day(), day.year())
            }
            Self::English => day.format("%-d %B %Y").to_string(),
        }
    }

    /// A day in words: `ngày 02 tháng 10 năm 2024`.
    pub fn day_in_words(self, day: NaiveDate) -> String {
        match self {
            Self::Vietnamese => {
                let month = day.month();
                let month = if month < 3 { format!("{month:02}") } else { month.to_string() };
                format!("ngày {:02} tháng {month} năm {}", day.day(), day.year())
            }
            Self::English => self.day(day),
        }
    }

    fn group(self) -> char {
        match self {
            Self::Vietnamese => '.',
            Self::English => ',',
        }
    }

    fn point(self) -> char {
        match self {
            Self::Vietnamese => ',',
            Self::English => '.',
        }
    }
}

/// The sign of a number below zero, as wide as its plus.
pub(crate) const MINUS: &str = "−";

/// A number without its sign, in plain digits with so many decimals. It is rounded as sheets round: of its first fifteen
/// digits, half away from zero, so that 3.125 is 3.13 and 1.005 is 1.01 in every format.
pub(crate) fn rounded(number: f64, decimals: usize) -> String {
    let number = number.abs();
    // The shortest digits that mean the number once it has no more than fifteen.
    let kept = format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string();
    let (whole, fraction) = kept.split_once('.').unwrap_or((&kept, ""));
    let (taken, next) = fraction.split_at_checked(decimals).unwrap_or((fraction, ""));
    let up = u128::from(next.bytes().next().is_some_and(|digit| digit >= b'5'));
    // What has more digits than an integer holds has no decimals either.
    match format!("{whole}{taken:0<decimals$}").parse::<u128>() {
        Ok(digits) => {
            let mut digits = format!("{:0>1$}", digits + up, decimals + 1);
            if decimals > 0 {
                digits.insert(digits.len() - decimals, '.');
            }
            digits
        }
        Err(_) => format!("{number:.decimals$}"),
    }
}

/// Whether a number in digits is 0.
pub(crate) fn is_nothing(digits: &str) -> bool {
    !digits.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_as_sheets_round_them() {
        let check = |number, decimals, expected| assert_eq!(rounded(number, decimals), expected, "{number}");
        check(3.125, 2, "3.13");
        check(-3.125, 2, "3.13");
        check(1.005, 2, "1.01");
        check(0.1 + 0.2, 2, "0.30");
        check(2.5, 0, "3");
        check(99.95, 1, "100.0");
        check(0.004, 2, "0.00");
        check(0.005, 2, "0.01");
        check(7.0, 3, "7.000");
        check(0.0, 0, "0");
        check(1e20, 1, "100000000000000000000.0");
    }

    #[test]
    fn numbers_and_days_are_as_the_decree_has_them() {
        let (vi, en) = (Language::Vietnamese, Language::English);
        assert_eq!(vi.count(138_068), "138.068");
        assert_eq!(vi.count(-1_000), "−1.000");
        assert_eq!(en.count(26_870_079), "26,870,079");
        assert_eq!(vi.decimal(73.587, 2), "73,59");
        assert_eq!(vi.decimal(1234.5, 1), "1.234,5");
        assert_eq!(vi.decimal(-0.001, 2), "0,00");
        assert_eq!(vi.change(1.93, 2), "+1,93");
        assert_eq!(vi.change(0.0, 2), "0,00");
        assert_eq!(vi.change(-0.5, 1), "−0,5");
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
        assert_eq!(vi.day(day(2024, 10, 2)), "02/10/2024");
        assert_eq!(vi.day(day(2024, 2, 12)), "12/02/2024");
        assert_eq!(vi.day_in_words(day(2025, 3, 1)), "ngày 01 tháng 3 năm 2025");
        assert_eq!(en.day(day(2024, 10, 2)), "2 October 2024");
    }
}
