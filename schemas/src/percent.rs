//! Percents as a source prints them: one value, a range or a bound, kept digit for digit.

use std::fmt;

use serde::{Serialize, Serializer};

/// A printed percent in its one form: `73.58`, `75-80`, `>=75`, `>120`, `<5` or `<=5`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PrintedPercent {
    text: String,
}

/// A printed percent that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PercentError {
    /// Not a number, a range or a bound.
    #[error("is not a percent")]
    Form,
    /// Both ends are there, but the first is not below the second.
    #[error("has its ends the wrong way round")]
    Order,
    /// Below 0 or above 1000.
    #[error("is out of 0 to 1000")]
    Range,
}

impl PrintedPercent {
    /// Reads the one form. Digits are kept as they are: `98` and `98.0` say different things about their precision.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, PercentError> {
        let printed = Self { text: text.to_owned() };
        let (low, high) = printed.read().ok_or(PercentError::Form)?;
        if let (Some(low), Some(high)) = (low, high)
            && (low > high || (low == high && text.contains('-')))
        {
            return Err(PercentError::Order);
        }
        if [low, high].iter().flatten().any(|value| *value > 1000.0) {
            return Err(PercentError::Range);
        }
        Ok(printed)
    }

    /// The text in its one form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a fraction can have been printed so: rounded or truncated to the digits given, or within the bounds.
    pub fn fits(&self, numerator: i64, denominator: i64) -> bool {
        if denominator <= 0 {
            return false;
        }
        let share = 100.0 * numerator as f64 / denominator as f64;
        let (low, high) = self.bounds();
        if low != high || low.is_none() {
            return low.is_none_or(|low| share >= low - 1e-9) && high.is_none_or(|high| share <= high + 1e-9);
        }
        let decimals = self.text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let digits: String = self.text.chars().filter(char::is_ascii_digit).collect();
        let (Ok(scale), Ok(printed)) = (u32::try_from(decimals), digits.parse::<i128>()) else { return true };
        let Some(scale) = 10_i128.checked_pow(scale) else { return true };
        let (numerator, denominator) = (100 * i128::from(numerator) * scale, i128::from(denominator));
        printed == numerator / denominator || printed == (2 * numerator + denominator) / (2 * denominator)
    }

    /// Lower and upper end in percent; a single value is both, an open end is `None`.
    pub fn bounds(&self) -> (Option<f64>, Option<f64>) {
        self.read().unwrap_or((None, None))
    }

    fn read(&self) -> Option<(Option<f64>, Option<f64>)> {
        let text = self.text.as_str();
        if let Some(rest) = text.strip_prefix(">=").or_else(|| text.strip_prefix('>')) {
            return decimal(rest).map(|low| (Some(low), None));
        }
        if let Some(rest) = text.strip_prefix("<=").or_else(|| text.strip_prefix('<')) {
            return decimal(rest).map(|high| (None, Some(high)));
        }
        if let Some((low, high)) = text.split_once('-') {
            return Some((Some(decimal(low)?), Some(decimal(high)?)));
        }
        decimal(text).map(|value| (Some(value), Some(value)))
    }
}

/// Digits with at most one decimal point, and nothing else.
fn decimal(text: &str) -> Option<f64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && digits(part) { text.parse().ok() } else { None }
}

impl fmt::Display for PrintedPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for PrintedPercent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, expected) in [
            ("73.58", Ok((Some(73.58), Some(73.58)))),
            ("98", Ok((Some(98.0), Some(98.0)))),
            ("75-80", Ok((Some(75.0), Some(80.0)))),
            (">=75", Ok((Some(75.0), None))),
            (">75.5", Ok((Some(75.5), None))),
            ("<=5", Ok((None, Some(5.0)))),
            ("80-75", Err(PercentError::Order)),
            ("73,58", Err(PercentError::Form)),
            ("75%", Err(PercentError::Form)),
            ("-5", Err(PercentError::Form)),
            ("", Err(PercentError::Form)),
            (".5", Err(PercentError::Form)),
            ("1e3", Err(PercentError::Form)),
            ("5000", Err(PercentError::Range)),
        ] {
            assert_eq!(PrintedPercent::parse(text).map(|p| p.bounds()), expected, "{text}");
        }
    }

    #[test]
    fn rounded_and_truncated_fractions_fit() {
        for (printed, numerator, denominator, fits) in [
            ("73.58", 138_068, 187_624, true),
            ("73.59", 138_068, 187_624, true),
            ("73.6", 138_068, 187_624, true),
            ("73.57", 138_068, 187_624, false),
            ("98", 818, 834, true),
            ("99", 818, 834, false),
            ("98.0", 818, 834, true),
            ("75-80", 76, 100, true),
            ("75-80", 81, 100, false),
            (">=75", 75, 100, true),
            (">=75", 74, 100, false),
            ("50", 1, 0, false),
        ] {
            let percent = PrintedPercent::parse(printed).unwrap();
            assert_eq!(percent.fits(numerator, denominator), fits, "{printed} {numerator}/{denominator}");
        }
    }
}
