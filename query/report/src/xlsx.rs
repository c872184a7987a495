//! The workbook: the report's text on the first sheet, each table on a sheet of its own.
//!
//! In: a document and its pictures. Out: the file. Guarantee: every number and day of the document is one for the sheet, and
//! shown as it is printed elsewhere; every sheet says what warns of the report; the same document gives the same bytes, as
//! the only time in the file is the document's day.
//!
//! In reading order: what the sheets are called (`name`), the text (`text`), a table (`table`), how cells look (`style`).

use chrono::{Datelike, NaiveDate};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use crate::WriteError;
use crate::document::{Block, Document, Table};
use crate::picture::Pictures;

mod name;
mod style;
mod table;
mod text;

/// How high a row is and how wide a column where nothing else is said, in pixels: what Excel has for the body's font.
const DEFAULT_SIZE: (u32, u32) = (21, 72);
/// Points of the body's font.
const BODY: f64 = 12.0;
/// How high a line of it is, in points.
const LINE: f64 = 15.75;
/// The most that Excel lets a row be high, in points.
const HIGHEST: f64 = 409.0;
/// How wide a digit and the gap between words are, in the unit of [`breadth`].
const DIGIT: usize = 10;
const GAP: usize = 6;
/// UTF-16 units of a header, of a footer, and of a picture's alternative text.
const MOST_UNITS: usize = 255;
const A4: u8 = 9;
const MM_PER_INCH: f64 = 25.4;

impl From<XlsxError> for WriteError {
    fn from(error: XlsxError) -> Self {
        Self::Xlsx(error.to_string())
    }
}

pub(crate) fn write(document: &Document, pictures: &Pictures) -> Result<Vec<u8>, WriteError> {
    let tables = tables(document);
    let names = name::Names::of(&tables, document.language);
    let mut workbook = Workbook::new();
    workbook.set_default_format(&style::body(), DEFAULT_SIZE.0, DEFAULT_SIZE.1)?;
    workbook.set_properties(&properties(document)?);
    let sheet = workbook.add_worksheet();
    sheet.set_name(names.text.as_str())?;
    text::write(sheet, document, pictures, &names.tables)?;
    for (table, name) in tables.into_iter().zip(&names.tables) {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name.as_str())?;
        table::write(sheet, document, table)?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// Every table, in the order of the text.
fn tables(document: &Document) -> Vec<&Table> {
    let annexed = document.annexes.iter().flat_map(|annex| &annex.blocks);
    let tables = document.blocks.iter().chain(annexed).filter_map(|block| match block {
        Block::Table(table) => Some(table),
        Block::Heading(..) | Block::Paragraph(_) | Block::Note(_) | Block::Chart(_) => None,
    });
    tables.collect()
}

/// What the file says of itself. Without a day of the document the writer would take the clock's.
fn properties(document: &Document) -> Result<DocProperties, WriteError> {
    let properties = DocProperties::new()
        .set_title(format!("{} {}", document.kind, document.subject))
        .set_subject(document.origin.as_str())
        .set_author(document.letterhead.issuer.as_str());
    let properties = match &document.warning {
        Some(warning) => properties.set_status(warning.as_str()),
        None => properties,
    };
    Ok(properties.set_creation_datetime(&date(document.day)?))
}

fn date(day: NaiveDate) -> Result<ExcelDateTime, WriteError> {
    let parts = (u16::try_from(day.year()), u8::try_from(day.month()), u8::try_from(day.day()));
    let (Ok(year), Ok(month), Ok(day)) = parts else {
        return Err(WriteError::Xlsx(format!("a workbook cannot be dated {day}")));
    };
    Ok(ExcelDateTime::from_ymd(year, month, day)?)
}

/// How a sheet is printed: A4 with the margins of Decree 30/2020/NĐ-CP, as wide as the page, with what the report rests on
/// and what warns of it on every page.
fn set_up(sheet: &mut Worksheet, document: &Document, is_wide: bool) {
    if is_wide {
        sheet.set_landscape();
    }
    let [left, right, top, bottom, header, footer] = [30.0, 20.0, 20.0, 20.0, 8.0, 8.0].map(|mm| mm / MM_PER_INCH);
    sheet.set_paper_size(A4).set_print_fit_to_pages(1, 0).set_margins(left, right, top, bottom, header, footer);
    let number = format!("&C&\"{},Regular\"&13&P", style::FONT);
    let warning = document.warning.as_deref();
    let warned = warning.map(|warning| with_text(&format!("{number}\n&\"{},Bold\"&10", style::FONT), warning));
    sheet.set_header(warned.unwrap_or(number));
    sheet.set_footer(with_text(&format!("&C&\"{},Italic\"&9", style::FONT), &document.origin));
}

/// The codes of a header or footer and a text behind them. What a header has no room for is left out, with the sign of an
/// omission: the sheet itself has all of it.
fn with_text(codes: &str, text: &str) -> String {
    // A size would take the text's first digits for its own, and `&` begins a code.
    let mut whole = format!("{codes} ");
    let pieces = text.chars().map(|letter| match letter {
        '&' => "&&".to_owned(),
        '\n' | '\r' => " ".to_owned(),
        other => other.to_string(),
    });
    let pieces: Vec<String> = pieces.collect();
    let room = MOST_UNITS.saturating_sub(units(&whole));
    let fits = pieces.iter().map(|piece| units(piece)).sum::<usize>() <= room;
    let mut left = if fits { room } else { room.saturating_sub(1) };
    for piece in &pieces {
        let Some(rest) = left.checked_sub(units(piece)) else { break };
        left = rest;
        whole.push_str(piece);
    }
    if !fits {
        whole.push('…');
    }
    whole
}

/// How long a text is as Excel counts it.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// About how many lines a text takes where a line has room for so many digits. Programs that trust a workbook's rows do not
/// look for themselves how high they have to be.
fn lines(text: &str, digits: usize) -> usize {
    let room = digits.max(1) * DIGIT;
    let lines = text.lines().map(|line| {
        let (mut lines, mut used) = (1, 0);
        for word in line.split_whitespace() {
            let length: usize = word.chars().map(breadth).sum();
            if used > 0 && used + GAP + length > room {
                (lines, used) = (lines + 1, length);
            } else {
                used += length + if used > 0 { GAP } else { 0 };
            }
            // A word that is longer than a line is broken.
            while used > room {
                (lines, used) = (lines + 1, used - room);
            }
        }
        lines
    });
    lines.sum::<usize>().max(1)
}

/// How wide a letter of Times New Roman is in the mean, in tenths of a digit.
fn breadth(letter: char) -> usize {
    if letter.is_uppercase() {
        12
    } else if letter.is_lowercase() {
        9
    } else {
        DIGIT
    }
}

/// Sets how high a row is for so many lines of letters of so many points.
fn set_height(sheet: &mut Worksheet, row: u32, lines: usize, points: f64) -> Result<(), XlsxError> {
    let height = u16::try_from(lines).map_or(HIGHEST, |lines| f64::from(lines) * LINE * points / BODY);
    sheet.set_row_height(row, height.min(HIGHEST))?;
    Ok(())
}

#[cfg(test)]
mod tests;
