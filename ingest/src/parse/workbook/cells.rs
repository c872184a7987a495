//! The cells of a sheet, row by row, each of its kind.
//!
//! In: a sheet of a workbook. Out: its rows that have a value, in their order. Guarantee: a row at a time is in memory;
//! a cell whose value is no fact, such as an error, says so in place of a value.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Xlsx, XlsxCellReader, XlsxError};
use chrono::NaiveDate;
use lantoa_schemas::validate::fields::TypedCell;

use super::{WorkbookError, cell_name, damaged};

/// Rows and columns that a sheet has.
const SHEET: (u32, u32) = (1_048_576, 16_384);
/// Cells of a sheet that are looked at, blank ones with a format among them.
const MOST_CELLS: u64 = 10_000_000;
/// Bytes of the texts of a sheet: a text that is kept once may be in many cells.
const MOST_TEXT: u64 = 64 << 20;
/// Most decimals of a percent that are shown.
const MOST_DECIMALS: usize = 10;

/// A workbook in memory.
pub(super) type Workbook<'c> = Xlsx<Cursor<&'c [u8]>>;

/// What is in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Value(TypedCell),
    /// Something that is no value, and what would be.
    Bad {
        reason: String,
        remedy: &'static str,
    },
}

impl Content {
    /// What stands in the cell when it is given back: what is no value is seen to be none.
    pub(super) fn kept(self) -> TypedCell {
        match self {
            Self::Value(value) => value,
            Self::Bad { reason, .. } => {
                TypedCell::Text(reason.strip_prefix("has the error ").map_or_else(|| "?".to_owned(), str::to_owned))
            }
        }
    }
}

/// A row that has a value. Places count from 0.
pub(super) struct Row {
    pub at: u32,
    pub cells: Vec<(u32, Content)>,
}

/// The rows of a sheet.
pub(super) struct Rows<'w, 'c> {
    cells: XlsxCellReader<'w, Cursor<&'c [u8]>>,
    sheet: String,
    /// The first cell of the next row.
    ahead: Option<(u32, u32, Content)>,
    /// Where the last cell was.
    last: Option<(u32, u32)>,
    /// Whether all are read: calamine would look for another one beyond the end.
    is_over: bool,
    cells_seen: u64,
    text_seen: u64,
}

impl<'w, 'c> Rows<'w, 'c> {
    pub fn of(workbook: &'w mut Workbook<'c>, sheet: &str) -> Result<Self, WorkbookError> {
        let cells = workbook.worksheet_cells_reader(sheet).map_err(damaged)?;
        Ok(Self {
            cells,
            sheet: sheet.to_owned(),
            ahead: None,
            last: None,
            is_over: false,
            cells_seen: 0,
            text_seen: 0,
        })
    }

    pub fn next_row(&mut self) -> Result<Option<Row>, WorkbookError> {
        let mut row: Option<Row> = None;
        loop {
            let cell = match self.ahead.take() {
                Some(cell) => Some(cell),
                None => self.next_cell()?,
            };
            let Some((at, column, content)) = cell else { return Ok(row) };
            if row.as_ref().is_some_and(|row| row.at != at) {
                self.ahead = Some((at, column, content));
                return Ok(row);
            }
            row.get_or_insert_with(|| Row { at, cells: Vec::new() }).cells.push((column, content));
        }
    }

    /// The next cell that is not blank.
    fn next_cell(&mut self) -> Result<Option<(u32, u32, Content)>, WorkbookError> {
        while !self.is_over {
            let read = self.cells.next_cell_with_style_id().map_err(|error| self.broken(&error))?;
            let Some((cell, style)) = read else {
                self.is_over = true;
                break;
            };
            self.cells_seen += 1;
            if self.cells_seen > MOST_CELLS {
                return Err(WorkbookError::TooManyCells { most: MOST_CELLS });
            }
            let (row, column) = cell.get_position();
            if row >= SHEET.0 || column >= SHEET.1 || self.last.is_some_and(|last| last >= (row, column)) {
                return Err(damaged(format!("{} is out of order or beyond the sheet", self.after_last())));
            }
            self.last = Some((row, column));
            let format = self.cells.styles().get(style).and_then(|style| style.number_format.as_ref());
            let Some(content) = content(cell.get_value(), format.map_or("", |format| format.format_code.as_str()))
            else {
                continue;
            };
            if let Content::Value(TypedCell::Text(text)) = &content {
                self.text_seen += text.len() as u64;
                if self.text_seen > MOST_TEXT {
                    return Err(WorkbookError::TooLarge { most: MOST_TEXT });
                }
            }
            return Ok(Some((row, column, content)));
        }
        Ok(None)
    }

    fn broken(&self, error: &XlsxError) -> WorkbookError {
        damaged(format!("{}: {error}", self.after_last()))
    }

    fn after_last(&self) -> String {
        match self.last {
            Some((row, column)) => format!("the cell after {}", cell_name(&self.sheet, row, column)),
            None => format!("the first cell of sheet {}", self.sheet),
        }
    }
}

/// What a cell says; `None` where it is blank.
fn content(value: &DataRef<'_>, format: &str) -> Option<Content> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| Content::Value(TypedCell::Text(text.to_owned())));
    let bad = |reason: String, remedy| Some(Content::Bad { reason, remedy });
    match value {
        DataRef::Empty => None,
        DataRef::String(given) => text(given),
        DataRef::SharedString(given) => text(given),
        DataRef::Int(number) => Some(number_as_shown(*number as f64, format)),
        DataRef::Float(number) => Some(number_as_shown(*number, format)),
        DataRef::Bool(flag) => Some(Content::Value(TypedCell::Flag(*flag))),
        DataRef::DateTime(moment) if moment.is_datetime() => Some(day(moment, format)),
        DataRef::DateTimeIso(moment) => match moment.strip_suffix("T00:00:00").unwrap_or(moment).parse() {
            Ok(day) => Some(Content::Value(TypedCell::Day(day))),
            Err(_) => bad("has a time of day".to_owned(), "write the day alone"),
        },
        DataRef::DateTime(_) | DataRef::DurationIso(_) => {
            bad("has a length of time".to_owned(), "write a number, a day or a text")
        }
        DataRef::Error(error) => bad(format!("has the error {error}"), "mend its formula, or write the value itself"),
    }
}

/// A day; under a format that shows no day, the month or the year that it shows.
fn day(moment: &ExcelDateTime, format: &str) -> Content {
    let (year, month, day, hour, minute, second, millisecond) = moment.to_ymd_hms_milli();
    if (hour, minute, second, millisecond) != (0, 0, 0, 0) {
        return Content::Bad { reason: "has a time of day".to_owned(), remedy: "write the day alone" };
    }
    match NaiveDate::from_ymd_opt(year.into(), month.into(), day.into()) {
        Some(day) => Content::Value(match shows(format) {
            (true, _) => TypedCell::Day(day),
            (false, true) => TypedCell::Text(day.format("%Y-%m").to_string()),
            (false, false) => TypedCell::Text(day.format("%Y").to_string()),
        }),
        None => Content::Bad { reason: "is no day of the calendar".to_owned(), remedy: "write the day anew" },
    }
}

/// Whether a format of days shows the day, and the month. Texts, colours and languages in it are no part of the date.
fn shows(format: &str) -> (bool, bool) {
    let (mut day, mut month, mut year) = (false, false, false);
    let mut letters = format.split(';').next().unwrap_or_default().chars();
    while let Some(letter) = letters.next() {
        match letter.to_ascii_lowercase() {
            '"' => drop(letters.by_ref().find(|other| *other == '"')),
            '[' => drop(letters.by_ref().find(|other| *other == ']')),
            '\\' | '_' | '*' => drop(letters.next()),
            'd' => day = true,
            'm' => month = true,
            'y' => year = true,
            _ => {}
        }
    }
    // A format that shows none of them is one of Excel's own, by number: they all show the day.
    if year || month { (day, month) } else { (true, true) }
}

/// A number; where its format makes something else of it, that: 0.7358 under `0.00%` is the text `73,58%`, and 2 under
/// `00` the text `02`.
fn number_as_shown(number: f64, format: &str) -> Content {
    if !number.is_finite() {
        return Content::Bad { reason: "is no number".to_owned(), remedy: "write the value anew" };
    }
    let number = as_kept(number);
    let zeros = format.len() > 1 && format.bytes().all(|letter| letter == b'0');
    if zeros && number.fract() == 0.0 && (0.0..1e15).contains(&number) {
        return Content::Value(TypedCell::Text(format!("{number:0>width$}", width = format.len())));
    }
    let as_percent = decimals_of_percent(format).and_then(|(least, most)| percent(number, least, most));
    Content::Value(as_percent.map_or(TypedCell::Number(number), TypedCell::Text))
}

/// A number with the fifteen digits that the program of the sheet shows of it: 0.1 + 0.2 is 0.3.
fn as_kept(number: f64) -> f64 {
    if number.fract() == 0.0 { number } else { format!("{number:.14e}").parse().unwrap_or(number) }
}

/// The least and the most decimals under a format of percents; `None` under any other.
fn decimals_of_percent(format: &str) -> Option<(usize, usize)> {
    let (mut percent, mut point, mut least, mut most) = (false, false, 0, 0);
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // Beyond it are negative numbers.
            ';' => break,
            '"' => while letters.next().is_some_and(|letter| letter != '"') {},
            '[' => while letters.next().is_some_and(|letter| letter != ']') {},
            '\\' | '_' | '*' => {
                letters.next();
            }
            '%' => percent = true,
            '.' => point = true,
            '0' if point => (least, most) = (least + 1, most + 1),
            '#' | '?' if point => most += 1,
            _ => {}
        }
    }
    percent.then_some((least, most))
}

/// A share as a percent, rounded as it is shown, with a decimal comma; `None` where it is too large for its digits.
fn percent(share: f64, least: usize, most: usize) -> Option<String> {
    let most = most.min(MOST_DECIMALS);
    let shown = as_kept(share * 10_f64.powi(most as i32 + 2)).round();
    if shown.abs() >= 1e15 {
        return None;
    }
    let digits = format!("{:0>width$}", shown.abs(), width = most + 1);
    let (whole, decimals) = digits.split_at(digits.len() - most);
    let kept = decimals.trim_end_matches('0').len().max(least.min(most));
    let (sign, mark) = (if shown < 0.0 { "-" } else { "" }, if kept > 0 { "," } else { "" });
    Some(format!("{sign}{whole}{mark}{}%", &decimals[..kept]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_what_its_format_shows() {
        for (format, expected) in [
            ("dd/mm/yyyy", (true, true)),
            ("mmm-yy", (false, true)),
            ("[$-42A]yyyy", (false, false)),
            ("\"ngày\" d", (true, true)),
            ("\"ngày đầu\" mm/yyyy", (false, true)),
            ("", (true, true)),
            ("General", (true, true)),
        ] {
            assert_eq!(shows(format), expected, "{format}");
        }
    }

    #[test]
    fn a_number_is_what_its_format_shows() {
        let number = |number| Content::Value(TypedCell::Number(number));
        let text = |text: &str| Content::Value(TypedCell::Text(text.to_owned()));
        for (value, format, expected) in [
            (138_068.0, "General", number(138_068.0)),
            (138_068.0, "#,##0", number(138_068.0)),
            (0.1 + 0.2, "General", number(0.3)),
            (73.5876, "0.00", number(73.5876)),
            (73.58, "0.00\"%\"", number(73.58)),
            (73.58, "0.00\\%", number(73.58)),
            (0.735_876, "0.00%", text("73,59%")),
            (0.7358, "0.00%", text("73,58%")),
            (0.735_85, "0.00%", text("73,59%")),
            (0.5, "0%", text("50%")),
            (0.005, "0%", text("1%")),
            (0.01234, "0.000%", text("1,234%")),
            (0.75, "0.0#%", text("75,0%")),
            (0.7525, "0.0##%", text("75,25%")),
            (-0.5, "0%;[Red]-0%", text("-50%")),
            (0.5, "[Red]0%", text("50%")),
            (1e18, "0%", number(1e18)),
            (2.0, "00", text("02")),
            (7_513.0, "00000", text("07513")),
            (2.5, "00", number(2.5)),
        ] {
            assert_eq!(number_as_shown(value, format), expected, "{value} {format}");
        }
        for value in [f64::NAN, f64::INFINITY] {
            assert!(matches!(number_as_shown(value, ""), Content::Bad { .. }));
        }
    }
}
