//! How cells look, and how a value of the document becomes a value of a sheet.

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

use super::{BODY, MOST_UNITS, units};
use crate::document::{Align, Cell};
use crate::language::{self, Language, MINUS};

/// The font that the decree wants; Excel brings it.
pub(super) const FONT: &str = "Times New Roman";

/// What a text begins with that a sheet takes for a formula once the cell is edited.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];
/// Numbers from here on have more digits than a sheet keeps.
const TOO_LARGE: u64 = 1_000_000_000_000_000;
/// The day that a sheet counts days from, in days of the common era: 30 December 1899.
const EPOCH: i32 = 693_594;

/// What stands in a cell of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Blank,
    Text(String),
    /// A number, and the format that shows it as it is printed elsewhere.
    Number(f64, String),
}

impl Shown {
    /// A cell of the document as a sheet has it. What a sheet cannot hold as a number is a text, as it is printed.
    pub(super) fn of(cell: &Cell, language: Language) -> Self {
        let number = match cell {
            Cell::Empty => return Self::Blank,
            Cell::Missing | Cell::Text(_) => None,
            // So few digits a float has exactly.
            Cell::Count(count, _) => (count.unsigned_abs() < TOO_LARGE).then_some(*count as f64),
            Cell::Number(number, _) | Cell::Change(number, _) => number.is_finite().then_some(*number),
            Cell::Year(year) => (year.unsigned_abs() < TOO_LARGE).then_some(*year as f64),
            Cell::Day(day) => serial(*day),
        };
        // Excel refuses a longer format.
        let pattern = pattern(cell, language).filter(|pattern| units(pattern) <= MOST_UNITS);
        match (number, pattern) {
            (Some(number), Some(pattern)) => Self::Number(number, pattern),
            _ => Self::Text(cell.printed(language)),
        }
    }
}

/// A day as a sheet counts it.
fn serial(day: NaiveDate) -> Option<f64> {
    // Days before March 1900 are counted differently from program to program.
    (day.year() > 1900).then(|| f64::from(day.num_days_from_ce() - EPOCH))
}

/// The format that shows a number or a day as it is printed. Points and commas are those of whoever reads the sheet.
fn pattern(cell: &Cell, language: Language) -> Option<String> {
    Some(match cell {
        Cell::Missing | Cell::Empty | Cell::Text(_) => return None,
        Cell::Count(_, None) => format!("#,##0;\"{MINUS}\"#,##0"),
        // Programs do not agree on where a sign stands beside words.
        Cell::Count(number, Some(_)) if *number < 0 => return None,
        Cell::Count(_, Some(precision)) => format!("{}#,##0", quoted(&format!("{precision} "))),
        Cell::Number(number, decimals) => signed(*number, *decimals, ""),
        Cell::Change(number, decimals) => signed(*number, *decimals, "+"),
        Cell::Year(_) => "0".to_owned(),
        Cell::Day(day) => match language {
            Language::Vietnamese if day.month() < 3 => r"dd\/mm\/yyyy".to_owned(),
            Language::Vietnamese => r"dd\/m\/yyyy".to_owned(),
            // The months are English whatever the language of the program is.
            Language::English => "[$-809]d mmmm yyyy".to_owned(),
        },
    })
}

/// The format of a number with so many decimals, and `plus` before what is above zero.
fn signed(number: f64, decimals: usize, plus: &str) -> String {
    let digits = if decimals == 0 { "#,##0".to_owned() } else { format!("#,##0.{}", "0".repeat(decimals)) };
    if language::is_nothing(&language::rounded(number, decimals)) {
        // What rounds to nothing has no sign.
        format!("{digits};{digits}")
    } else {
        format!("{plus}{digits};\"{MINUS}\"{digits};{digits}")
    }
}

/// A text that a format shows as it is.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\\\"\""))
}

/// The body's font.
pub(super) fn body() -> Format {
    Format::new().set_font_name(FONT).set_font_size(BODY)
}

/// Running text.
pub(super) fn paragraph() -> Format {
    body().set_text_wrap().set_align(FormatAlign::Left).set_align(FormatAlign::Top)
}

/// Lines of the letterhead, titles, captions.
pub(super) fn centred() -> Format {
    body().set_text_wrap().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter)
}

/// Remarks.
pub(super) fn note() -> Format {
    paragraph().set_font_size(11).set_italic()
}

/// What warns of the report.
pub(super) fn warning() -> Format {
    centred().set_bold().set_font_color(Color::RGB(0x9B1C1C))
}

/// A link to a table's sheet.
pub(super) fn link() -> Format {
    paragraph().set_font_color(Color::RGB(0x0B4A8F)).set_underline(FormatUnderline::Single)
}

/// The head of a table.
pub(super) fn head() -> Format {
    centred().set_font_size(11).set_bold().set_border(FormatBorder::Thin).set_background_color(Color::RGB(0xECEFF3))
}

/// A cell of a table.
pub(super) fn cell(shown: &Shown, align: Align, is_total: bool) -> Format {
    let align = match align {
        Align::Left => FormatAlign::Left,
        Align::Centre => FormatAlign::Center,
        Align::Right => FormatAlign::Right,
    };
    let style = body().set_font_size(11).set_border(FormatBorder::Thin).set_align(align).set_align(FormatAlign::Top);
    let style = if is_total { style.set_bold() } else { style };
    match shown {
        Shown::Blank => style,
        Shown::Number(_, pattern) => style.set_num_format(pattern.as_str()),
        Shown::Text(text) if text.starts_with(FORMULA) => style.set_text_wrap().set_quote_prefix(),
        Shown::Text(_) => style.set_text_wrap(),
    }
}
