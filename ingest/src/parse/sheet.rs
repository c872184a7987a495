//! A sheet as CSV -> rows: a header that names the form, columns kept apart by commas, semicolons or tabs. Rows that are
//! wholly blank are nothing, but count, so that a row's number finds it in the sheet.

use std::sync::Arc;

use csv::StringRecord;
use lantoa_schemas::form::Form;
use lantoa_schemas::validate::Problem;
use lantoa_schemas::validate::fields::TypedCell;
use serde_json::Value;

use super::sent::Raw;
use super::{Draft, DraftFields, ParseError, ParsedRow, Table, Twins, header, in_line, push};

/// What may keep columns apart. Where decimals begin with a comma, as in Vietnam, Excel writes semicolons.
const MARKS: [u8; 3] = [b',', b';', b'\t'];

pub(super) fn rows(
    text: &str,
    form: Option<&'static Form>,
    most_rows: usize,
) -> Result<Vec<ParsedRow<'static>>, ParseError> {
    let (hint, text) = without_hint(text);
    let lines_before = u64::from(hint.is_some());
    let mark = hint.map_or_else(|| mark_of(text, form), Ok)?;
    quotes_close(text, mark, lines_before)?;
    let header = header_by(text, mark)?;
    let form = header::checked(&header, form).map_err(ParseError::Header)?;
    let (header, twins) = (Arc::new(form.fields(&header)), Twins::of(form));
    let mut rows = Vec::new();
    for (row, record) in (1..).zip(reader(text, mark).into_records().skip(1)) {
        let record = record.map_err(|error| ParseError::NotCsv(error.to_string()))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = lines_before + record.position().map_or(0, csv::Position::line);
        let (draft, raw) = match cells(&record, header.len()) {
            Ok(cells) => {
                let fields = DraftFields::Cells { header: header.clone(), cells, line };
                (Ok(Draft::of_a_sheet(form, fields, &twins, row)), Raw::Cells)
            }
            Err(problem) => {
                let cells = Value::from(record.iter().collect::<Vec<_>>()).to_string();
                (Err(vec![in_line(problem, line)]), Raw::NoDraft { form, cells })
            }
        };
        push(&mut rows, most_rows, row, draft, raw)?;
    }
    Ok(rows)
}

/// The cells of a sheet as they were sent: the same records as [`rows`] reads.
pub(super) fn table(text: &str, form: Option<&'static Form>) -> Result<Table, ParseError> {
    let (hint, text) = without_hint(text);
    let mark = hint.map_or_else(|| mark_of(text, form), Ok)?;
    let cell = |cell: &str| (!cell.is_empty()).then(|| TypedCell::Text(cell.to_owned()));
    let records = reader(text, mark).into_records();
    let rows = records.map(|record| record.map(|record| record.iter().map(cell).collect()));
    let rows = rows.collect::<Result<Vec<_>, _>>().map_err(|error| ParseError::NotCsv(error.to_string()))?;
    if rows.is_empty() { Err(ParseError::Empty) } else { Ok(Table::with_header_in(rows, 0)) }
}

/// Column names; blank ones at the end, as spreadsheets leave them behind, are no columns.
fn columns(record: &StringRecord) -> Vec<String> {
    let mut header: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
    while header.last().is_some_and(String::is_empty) {
        header.pop();
    }
    header
}

fn cells(record: &StringRecord, columns: usize) -> Result<Vec<String>, Problem> {
    let surplus_is_blank = record.iter().skip(columns).all(|cell| cell.trim().is_empty());
    if record.len() < columns || !surplus_is_blank {
        let reason = format!("has {} cells where the header has {columns}", record.len());
        return Err(Problem::new(
            "row",
            reason,
            "give each column a cell, blank ones too; quote a cell that has a comma, semicolon or tab in it",
        ));
    }
    Ok(record.iter().take(columns).map(str::to_owned).collect())
}

/// The text without its first line where that only says what keeps the columns apart, as Excel has it: `sep=;`.
fn without_hint(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let mark = first.trim_end_matches('\r').strip_prefix("sep=").and_then(|mark| match mark.as_bytes() {
        [mark] if MARKS.contains(mark) => Some(*mark),
        _ => None,
    });
    if mark.is_some() { (mark, rest) } else { (None, text) }
}

/// What keeps the columns apart, by the header: the mark that it has outside of quotes or, of several, the one that makes
/// a form of it.
fn mark_of(text: &str, form: Option<&'static Form>) -> Result<u8, ParseError> {
    let mut candidates = Vec::new();
    for mark in MARKS {
        let header = header_by(text, mark)?;
        if header.len() > 1 {
            candidates.push((mark, header));
        }
    }
    let with = |fits: fn(&[String], Option<&'static Form>) -> bool| {
        only(candidates.iter().filter(|(_, header)| fits(header, form)).map(|(mark, _)| *mark))
    };
    match candidates.as_slice() {
        [] => Ok(b','),
        [(mark, _)] => Ok(*mark),
        several => with(header::is_of_form).or_else(|| with(header::is_near_a_form)).ok_or_else(|| {
            let marks: Vec<_> = several.iter().map(|(mark, _)| format!("{:?}", char::from(*mark))).collect();
            ParseError::Marks(marks.join(" or "))
        }),
    }
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Option<T> {
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn header_by(text: &str, mark: u8) -> Result<Vec<String>, ParseError> {
    match reader(text, mark).into_records().next().transpose() {
        Ok(Some(record)) => Ok(columns(&record)),
        Ok(None) => Err(ParseError::Empty),
        Err(error) => Err(ParseError::NotCsv(error.to_string())),
    }
}

fn reader(text: &str, mark: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(mark).from_reader(text.as_bytes())
}

/// Checks that every quoted cell ends with its quote, right before a mark between columns or the end of the line: a
/// quote that does not close would swallow the rows after it without a word.
fn quotes_close(text: &str, mark: u8, lines_before: u64) -> Result<(), ParseError> {
    let mut bytes = text.bytes().peekable();
    let (mut line, mut cell_begins) = (1 + lines_before, true);
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if cell_begins => {
                let opened = line;
                loop {
                    match bytes.next() {
                        None => return Err(ParseError::Quotes { line: opened, how: "never ends" }),
                        Some(b'\n') => line += 1,
                        Some(b'"') if bytes.peek() == Some(&b'"') => {
                            bytes.next();
                        }
                        Some(b'"') => break,
                        Some(_) => {}
                    }
                }
                if bytes.peek().is_some_and(|next| !matches!(next, b'\n' | b'\r') && *next != mark) {
                    return Err(ParseError::Quotes {
                        line: opened,
                        how: "goes on after its closing quote; write a quote inside a cell twice",
                    });
                }
                cell_begins = false;
            }
            b'\n' => {
                line += 1;
                cell_begins = true;
            }
            _ => cell_begins = byte == mark || byte == b'\r',
        }
    }
    Ok(())
}
