//! A sheet as CSV -> rows: comma, UTF-8, a header that names the form. Rows that are wholly blank are nothing, but
//! count, so that a row's number finds it in the sheet.

use std::sync::Arc;

use csv::StringRecord;
use lantoa_schemas::form::{FORMS, Form, column};
use lantoa_schemas::validate::Problem;
use lantoa_schemas::wording::Named;

use super::{Draft, DraftFields, ParseError, ParsedRow, in_line, push, shortened};

pub(super) fn rows(text: &str, form: Option<&'static Form>, most_rows: usize) -> Result<Vec<ParsedRow>, ParseError> {
    quotes_close(text)?;
    let mut records =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes()).into_records();
    let unreadable = |error: csv::Error| ParseError::NotCsv(error.to_string());
    let Some(first) = records.next().transpose().map_err(unreadable)? else {
        return Err(ParseError::Empty);
    };
    let header = columns(&first);
    let form = checked(&header, form)?;
    let (header, event_type) = (Arc::new(form.fields(&header)), form.event_type.to_string());
    let mut rows = Vec::new();
    for (row, record) in (1..).zip(records) {
        let record = record.map_err(unreadable)?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let draft = cells(&record, header.len()).map_err(|problem| vec![in_line(problem, line)]).map(|cells| Draft {
            event_id: None,
            event_type: event_type.clone(),
            reporter: None,
            fields: DraftFields::Cells { header: header.clone(), cells, line },
        });
        push(&mut rows, most_rows, row, draft)?;
    }
    Ok(rows)
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
            "give each column a cell, blank ones too; quote a cell that has a comma in it",
        ));
    }
    Ok(record.iter().take(columns).map(str::to_owned).collect())
}

fn checked(header: &[String], form: Option<&'static Form>) -> Result<&'static Form, ParseError> {
    let names = || header.iter().map(String::as_str);
    let mut problems = Vec::new();
    let form = match form.or_else(|| Form::of_header(names())) {
        Some(form) => form,
        None => Form::nearest_to(names()).ok_or_else(|| ParseError::Header(vec![no_form(header)]))?,
    };
    for name in form.missing(names()) {
        let column = column(name).map_or_else(|| name.to_owned(), Named::in_both);
        let remedy = format!("add the column {column}; form {} has {}", form.name, form.columns.join(","));
        problems.push(Problem::new(name, format!("is missing from the header of form {}", form.name), remedy));
    }
    for name in form.unknown(names()) {
        let field = if name.is_empty() { "header".to_owned() } else { shortened(name) };
        let remedy = match form.nearest(name) {
            // A sheet corrects by saying otherwise.
            _ if ["supersedes", "retracts"].contains(&name) => format!(
                "leave the column out: other figures of the same source, area and period replace what it said before; \
                 by event id an event of type vn.lantoa.{}.corrected.v1 or .retracted.v1 does",
                form.event_type.family
            ),
            Some(near) => format!("did you mean {}?", near.in_both()),
            None => format!(
                "leave the column out; beside its own, form {} takes {}",
                form.name,
                form.further_columns.join(",")
            ),
        };
        problems.push(Problem::new(field, format!("is no column of form {}", form.name), remedy));
    }
    for (heading, field) in form.doubled(names()) {
        let column = column(field).map_or_else(|| field.to_owned(), Named::in_both);
        let remedy = format!("name each column once, as {column}");
        problems.push(Problem::new(shortened(heading), "is in the header twice", remedy));
    }
    if problems.is_empty() { Ok(form) } else { Err(ParseError::Header(problems)) }
}

fn no_form(header: &[String]) -> Problem {
    let separator = header.first().and_then(|first| [';', '\t', '|'].into_iter().find(|mark| first.contains(*mark)));
    let forms: Vec<String> = FORMS.iter().map(|form| format!("{}: {}", form.name, form.columns.join(","))).collect();
    match separator {
        Some(mark) if header.len() == 1 => {
            Problem::new("header", format!("is separated by {mark:?}"), "save the sheet as CSV with commas")
        }
        _ => {
            let forms = forms.join("; ");
            let remedy = format!(
                "use the columns of a form, by these names or by the headings that `lantoa template` writes: {forms}"
            );
            Problem::new("header", "is that of no form", remedy)
        }
    }
}

/// Checks that every quoted cell ends with its quote, right before a comma or the end of the line: a quote that does
/// not close would swallow the rows after it without a word.
fn quotes_close(text: &str) -> Result<(), ParseError> {
    let mut bytes = text.bytes().peekable();
    let (mut line, mut cell_begins) = (1, true);
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
                if !matches!(bytes.peek(), None | Some(b',' | b'\n' | b'\r')) {
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
            b',' | b'\r' => cell_begins = true,
            _ => cell_begins = false,
        }
    }
    Ok(())
}
