//! A workbook (XLSX) -> rows.
//!
//! In: a workbook as it came. Out: the rows below the header of a form, which stands in the first visible sheet that has
//! one, below whatever title. Numbers, days and texts are what they are in the sheet; a formula is what it came to when
//! the workbook was saved. Rows without a value are nothing. Guarantee: every problem names its cell, as `Sheet1!B7`;
//! what is kept in memory is bounded, whatever the workbook says of itself.

use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use calamine::{Reader, SheetType, SheetVisible};
use lantoa_schemas::form::{EXAMPLE_SHEET, Form};
use lantoa_schemas::validate::Problem;
use lantoa_schemas::validate::fields::TypedCell;

use super::sent::{self, Raw};
use super::table::{Cells, Table, shown};
use super::{Draft, DraftFields, ParseError, ParsedRow, Twins, header, push, shortened};

mod bounds;
mod cells;
#[cfg(test)]
pub(crate) mod made;

use cells::{Content, Row, Rows, Workbook};

/// Cells of a sheet that is given back, blank ones before others among them.
const MOST_PLACES: u64 = 4_000_000;
/// Rows with a value that are looked at for a header, in each sheet.
const MOST_TITLE_ROWS: usize = 100;

/// A workbook that cannot be read. Owned by the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkbookError {
    /// A workbook where events were expected.
    #[error("is an Excel workbook, and no JSON")]
    AmongEvents,
    /// Something else where a workbook was expected.
    #[error("is no Excel workbook, as it was sent for")]
    Other,
    /// The binary kind of file, which also wraps a workbook that has a password.
    #[error("is an Excel file of the old kind (.xls), or has a password")]
    Old,
    /// It unpacks to more than is read.
    #[error("unpacks to more than {most} bytes")]
    TooLarge {
        /// The limit, in bytes.
        most: u64,
    },
    /// A sheet has more cells than are read.
    #[error("has a sheet of more than {most} cells")]
    TooManyCells {
        /// The limit.
        most: u64,
    },
    /// It is not as a workbook has to be.
    #[error("cannot be read as an Excel workbook: {0}")]
    Damaged(String),
}

impl WorkbookError {
    /// What would be right.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::AmongEvents => "send it to /v1/files, or with lantoa import",
            Self::Other => "send it with the content type that it has, such as text/csv",
            Self::Old => {
                "in Excel: File, Save As, Excel Workbook (.xlsx), without a password (trong Excel: Tệp, Lưu dưới dạng, Sổ \
                 làm việc Excel .xlsx, không đặt mật khẩu)"
            }
            Self::TooLarge { .. } | Self::TooManyCells { .. } => {
                "send it in several parts, or copy the rows alone into a new workbook"
            }
            Self::Damaged(_) => "open it in Excel and save it anew as Excel Workbook (.xlsx)",
        }
    }
}

fn damaged(error: impl fmt::Display) -> WorkbookError {
    WorkbookError::Damaged(error.to_string().chars().take(200).collect())
}

/// Where the columns of a form are in a sheet. Places count from 0.
#[derive(Debug, PartialEq)]
pub(super) struct Grid {
    sheet: String,
    /// Names of the columns, and where they are, in this order.
    names: Vec<String>,
    columns: Vec<u32>,
    /// Row of the header.
    row: u32,
}

impl Grid {
    fn of(sheet: &str, row: &Row) -> Self {
        let name = |content: &Content| match content {
            Content::Value(value) => shown(value).trim().to_owned(),
            Content::Bad { .. } => String::new(),
        };
        Self {
            sheet: sheet.to_owned(),
            names: row.cells.iter().map(|(_, content)| name(content)).collect(),
            columns: row.cells.iter().map(|(column, _)| *column).collect(),
            row: row.at,
        }
    }

    /// The same with the columns' own names, whatever the header calls them.
    fn read_by(mut self, form: &Form) -> Self {
        self.names = form.fields(&self.names);
        self
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Says of a problem in which cell of a row it is; of one that is of no column, in which row.
    pub(super) fn place(&self, mut problem: Problem, row: u32) -> Problem {
        let column = self.names.iter().position(|name| *name == problem.field);
        let place = match column {
            Some(at) => cell_name(&self.sheet, row, self.columns[at]),
            None => format!("{}, row {}", shortened(&self.sheet), u64::from(row) + 1),
        };
        problem.reason = format!("{} ({place})", problem.reason);
        problem
    }

    fn place_all(&self, problems: Vec<Problem>, row: u32) -> Vec<Problem> {
        problems.into_iter().map(|problem| self.place(problem, row)).collect()
    }
}

/// A cell as formulas name it: `Sheet1!B7`, `'Báo cáo 2024'!B7`.
fn cell_name(sheet: &str, row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut left = u64::from(column) + 1;
    while left > 0 {
        letters.push(char::from(b'A' + ((left - 1) % 26) as u8));
        left = (left - 1) / 26;
    }
    let column: String = letters.iter().rev().collect();
    let sheet = shortened(sheet);
    let simple = sheet.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let sheet = if simple { sheet } else { format!("'{}'", sheet.replace('\'', "''")) };
    format!("{sheet}!{column}{}", u64::from(row) + 1)
}

pub(super) fn rows(
    content: &[u8],
    form: Option<&'static Form>,
    most_rows: usize,
) -> Result<Vec<ParsedRow<'static>>, ParseError> {
    caught(|| read(content, form, most_rows))
}

/// All cells of the sheet with the header, for whoever gives it back.
pub(super) fn table(content: &[u8], form: Option<&'static Form>) -> Result<Table, ParseError> {
    caught(|| whole(content, form))
}

/// calamine 0.38 reckons with the places that a file names, and some overflow.
fn caught<T>(read: impl FnOnce() -> Result<T, ParseError>) -> Result<T, ParseError> {
    let read = catch_unwind(AssertUnwindSafe(read));
    read.unwrap_or_else(|_| Err(damaged("it names a place that no sheet has").into()))
}

/// A workbook, and the names of its sheets that are seen.
fn open(content: &[u8]) -> Result<(Workbook<'_>, Vec<String>), WorkbookError> {
    bounds::check(content)?;
    let workbook = Workbook::new(Cursor::new(content)).map_err(damaged)?;
    let is_seen =
        |sheet: &&calamine::Sheet| sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible;
    let sheets = workbook.sheets_metadata().iter().filter(is_seen).map(|sheet| sheet.name.clone()).collect();
    Ok((workbook, sheets))
}

fn read(content: &[u8], form: Option<&'static Form>, most_rows: usize) -> Result<Vec<ParsedRow<'static>>, ParseError> {
    let (mut workbook, sheets) = open(content)?;
    let mut near = None;
    let mut left = sheets.into_iter();
    while let Some(sheet) = left.next() {
        let mut rows = Rows::of(&mut workbook, &sheet)?;
        match header(&sheet, &mut rows, form)? {
            Header::Found(grid, form) => {
                let parsed = below(grid.read_by(form), rows, form, most_rows)?;
                let others = left.filter(|other| other != EXAMPLE_SHEET);
                return no_other(&mut workbook, others, &sheet, form).map(|()| parsed);
            }
            Header::Near(_, problems) => near = near.or(Some(problems)),
            Header::None => {}
        }
    }
    Err(ParseError::Header(near.unwrap_or_else(|| {
        let mut problem = header::of_no_form();
        problem.reason = format!("of a form is in none of the first {MOST_TITLE_ROWS} rows of a visible sheet");
        vec![problem]
    })))
}

/// Refuses a workbook that has rows of the form in another sheet as well: they would be left out without a word.
fn no_other(
    workbook: &mut Workbook<'_>,
    others: impl Iterator<Item = String>,
    read: &str,
    form: &'static Form,
) -> Result<(), ParseError> {
    for other in others {
        let mut rows = Rows::of(workbook, &other)?;
        if matches!(header(&other, &mut rows, Some(form))?, Header::Found(..)) && rows.next_row()?.is_some() {
            let mut problem = header::of_no_form();
            problem.reason = format!("is in the sheets {} and {}", shortened(read), shortened(&other));
            problem.remedy = "put all rows into one sheet, or send each sheet as a workbook of its own".to_owned();
            return Err(ParseError::Header(vec![problem]));
        }
    }
    Ok(())
}

/// What was found at the beginning of a sheet.
enum Header {
    Found(Grid, &'static Form),
    /// A header that is nearly one, and what is wrong with it.
    Near(Grid, Vec<Problem>),
    None,
}

fn header(sheet: &str, rows: &mut Rows<'_, '_>, form: Option<&'static Form>) -> Result<Header, WorkbookError> {
    let mut near = None;
    for _ in 0..MOST_TITLE_ROWS {
        let Some(row) = rows.next_row()? else { break };
        let grid = Grid::of(sheet, &row);
        if header::is_of_form(&grid.names, form) {
            return Ok(match header::checked(&grid.names, form) {
                Ok(form) => Header::Found(grid, form),
                Err(problems) => near_by(grid, problems),
            });
        }
        if near.is_none() && header::is_near_a_form(&grid.names, form) {
            near = Some(grid);
        }
    }
    let Some(grid) = near else { return Ok(Header::None) };
    let problems = header::checked(&grid.names, form).err().unwrap_or_default();
    Ok(near_by(grid, problems))
}

fn near_by(grid: Grid, problems: Vec<Problem>) -> Header {
    let problems = grid.place_all(problems, grid.row);
    Header::Near(grid, problems)
}

/// All rows of the sheet with the header.
fn whole(content: &[u8], form: Option<&'static Form>) -> Result<Table, ParseError> {
    let (mut workbook, sheets) = open(content)?;
    let (mut found, mut near) = (None, None);
    for sheet in &sheets {
        match header(sheet, &mut Rows::of(&mut workbook, sheet)?, form)? {
            Header::Found(grid, _) => {
                found = Some(grid);
                break;
            }
            Header::Near(grid, _) => near = near.or(Some(grid)),
            Header::None => {}
        }
    }
    let grid = match found.or(near) {
        Some(grid) => grid,
        None => without_header(&mut workbook, &sheets)?,
    };
    let mut rows = Rows::of(&mut workbook, &grid.sheet)?;
    let (mut above, mut places) = (Vec::<Cells>::new(), 0);
    while let Some(row) = rows.next_row()? {
        // What lies between is blank.
        above.resize_with(row.at as usize, Vec::new);
        places += row.cells.last().map_or(0, |(column, _)| u64::from(*column) + 1);
        if places > MOST_PLACES {
            return Err(WorkbookError::TooManyCells { most: MOST_PLACES }.into());
        }
        let mut cells = Cells::new();
        for (column, content) in row.cells {
            cells.resize(column as usize, None);
            cells.push(Some(content.kept()));
        }
        above.push(cells);
    }
    Ok(Table::with_header_in(above, grid.row as usize))
}

/// A sheet without the header of a form, for whoever says so on it: the first row of several cells passes for its header.
fn without_header(workbook: &mut Workbook<'_>, sheets: &[String]) -> Result<Grid, ParseError> {
    for sheet in sheets {
        let mut rows = Rows::of(workbook, sheet)?;
        let mut first = None;
        for _ in 0..MOST_TITLE_ROWS {
            let Some(row) = rows.next_row()? else { break };
            let has_columns = row.cells.len() > 1;
            if has_columns || first.is_none() {
                first = Some(Grid::of(sheet, &row));
            }
            if has_columns {
                break;
            }
        }
        if let Some(grid) = first {
            return Ok(grid);
        }
    }
    Err(ParseError::Header(vec![header::of_no_form()]))
}

/// The rows below a header.
fn below(
    grid: Grid,
    mut rows: Rows<'_, '_>,
    form: &'static Form,
    most_rows: usize,
) -> Result<Vec<ParsedRow<'static>>, ParseError> {
    let (grid, twins) = (Arc::new(grid), Twins::of(form));
    let mut parsed = Vec::new();
    while let Some(row) = rows.next_row()? {
        let (at, number) = (row.at, u64::from(row.at - grid.row));
        let (draft, raw) = match cells(&grid, row) {
            Ok(cells) => {
                let fields = DraftFields::Typed { grid: Arc::clone(&grid), cells, row: at };
                (Ok(Draft::of_a_sheet(form, fields, &twins, number)), Raw::Cells)
            }
            Err((problems, cells)) => (Err(problems), Raw::NoDraft { form, cells }),
        };
        push(&mut parsed, most_rows, number, draft, raw)?;
    }
    Ok(parsed)
}

/// The cells of a row in the order of the columns; or what is wrong with them, and all of them as JSON, those that no column
/// has by their own names.
fn cells(grid: &Grid, row: Row) -> Result<Vec<Option<TypedCell>>, (Vec<Problem>, String)> {
    let mut cells = vec![None; grid.columns.len()];
    let (mut problems, mut surplus) = (Vec::new(), Vec::new());
    for (column, content) in row.cells {
        match grid.columns.binary_search(&column) {
            Ok(at) => {
                if let Content::Bad { reason, remedy } = &content {
                    problems.push(grid.place(Problem::new(&grid.names[at], reason.as_str(), *remedy), row.at));
                }
                cells[at] = Some(content.kept());
            }
            Err(_) => {
                let name = cell_name(&grid.sheet, row.at, column);
                let reason = format!("has a value where no column is ({name})");
                problems.push(Problem::new("row", reason, "leave the cell blank, or name its column in the header"));
                surplus.push((name, content.kept()));
            }
        }
    }
    if problems.is_empty() {
        return Ok(cells);
    }
    let surplus = surplus.iter().map(|(name, cell)| (name.as_str(), sent::value(cell)));
    let all = sent::object(sent::typed(&grid.names, &cells).chain(surplus));
    Err((problems, all))
}

#[cfg(test)]
mod tests;
