//! The returned sheet: what somebody sent, with what is wrong marked where it is.
//!
//! In: the content as it was sent, and what was refused. Out: a workbook with the same cells in the same order, in the looks
//! of the template and with its drop-downs but that of areas. A bad cell is coloured and says why, in Vietnamese and below it
//! in English; a column at the end says of each row whether it was taken. Where the header is no form's, its cells say so. Guarantee: nothing that was sent is changed; the sheet can be mended and sent again as it is: the column of results
//! is not read, and rows that were taken count once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lantoa_schemas::catalogue::Catalogue;
use lantoa_schemas::form::{Form, RESULT};
use lantoa_schemas::validate::Problem;
use lantoa_schemas::validate::fields::TypedCell;
use rust_xlsxwriter::{Color, Format, Note, Workbook, Worksheet, XlsxError};

use crate::parse::{ParseError, Table, table};
use crate::template;
use crate::template::sheet::{A4, HEAD, HEADER_HEIGHT, head, width};
use crate::template::{LISTS_SHEET, Lists, offer, written};

/// The sheet.
const SHEET: &str = "Kết quả";
/// What a row that was taken says.
const TAKEN: &str = "Đã nhận";
/// How the word of a row that was refused begins.
const REFUSED: &str = "Chưa nhận";
/// UTF-16 units of a cell's text: a longer one is refused anyway, and cut here.
const MOST_UNITS: usize = 32_767;
/// Letters of a note: more than all problems of a row ever have.
const MOST_NOTE: usize = 15_000;
/// Width and height of a note, in pixels.
const NOTE: (u32, u32) = (360, 150);
/// Widths of columns that no form has and of the results, in characters.
const WIDTHS: (u16, u16) = (18, 60);
/// Rows behind those that were sent that are offered the drop-downs as well.
const ROWS_BEHIND: usize = 200;
/// The last row that a workbook has.
const LAST_ROW: u32 = 1_048_575;
/// Colour of what is bad.
const RED: u32 = 0xFF_C7_CE;

/// What is wrong, and in which row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The row below the header, from 1; `None` for what concerns all rows, as a header.
    pub row: Option<u64>,
    /// Field, reason and remedy.
    pub problem: Problem,
}

/// Why there is no returned sheet.
#[derive(Debug, thiserror::Error)]
pub enum ReturnedError {
    /// What was sent has no cells. Owned by the sender.
    #[error("no sheet can be given back: the content {0}")]
    Parse(#[from] ParseError),
    /// A fault of this program, or more rows than a workbook has.
    #[error("the returned sheet cannot be written")]
    Sheet(#[from] XlsxError),
}

/// Writes the returned sheet. `form` is what the sheet was read as, where somebody said so; `judged` says whether its rows
/// were judged at all: those that nothing is wrong with were taken then.
///
/// # Errors
/// Any [`ReturnedError`].
pub fn workbook(
    content: &[u8],
    form: Option<&'static Form>,
    refused: &[Refused],
    judged: bool,
) -> Result<Vec<u8>, ReturnedError> {
    let table = table(content, form)?;
    let columns = Columns::of(&table, form);
    let (mut of_header, mut of_rows) = (Vec::new(), BTreeMap::<u64, Vec<&Problem>>::new());
    for one in refused {
        match one.row {
            Some(row) => of_rows.entry(row).or_default().push(&one.problem),
            None => of_header.push(&one.problem),
        }
    }
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?.set_name(SHEET)?;
    let mut page = Page { sheet, columns: &columns, styles: Styles::new(), row: 0 };
    for cells in &table.above {
        page.above(cells)?;
    }
    page.header(&table.header, &of_header)?;
    let lists = columns.form.map(|form| Lists::without_areas(form, Catalogue::shipped()));
    if let Some(lists) = &lists {
        page.offers(lists, table.rows.len())?;
    }
    for (number, cells) in (1..).zip(&table.rows) {
        let problems = of_rows.get(&number).map_or(&[][..], Vec::as_slice);
        page.line(cells, problems, judged)?;
    }
    if let Some(lists) = &lists {
        lists.write(book.add_worksheet().set_name(LISTS_SHEET)?, &template::sheet::Styles::new())?;
    }
    Ok(book.save_to_buffer()?)
}

/// Which field each column has.
struct Columns {
    form: Option<&'static Form>,
    fields: Vec<String>,
    /// The column of results: that of the sheet, or one behind all that the header names.
    result: usize,
}

impl Columns {
    fn of(table: &Table, form: Option<&'static Form>) -> Self {
        let header = || table.header.iter().map(String::as_str);
        let form = form.or_else(|| Form::of_header(header())).or_else(|| Form::nearest_to(header()));
        let trimmed: Vec<String> = header().map(|heading| heading.trim().to_owned()).collect();
        let fields = form.map_or_else(|| trimmed.clone(), |form| form.fields(&trimmed));
        let result = fields.iter().position(|field| field == RESULT).unwrap_or(fields.len());
        Self { form, fields, result }
    }

    /// Where a cell of a row stands: one behind the header's stands behind the results.
    fn place(&self, at: usize) -> usize {
        if at >= self.fields.len() && self.result == self.fields.len() { at + 1 } else { at }
    }

    /// The width of a column, in characters.
    fn width(&self, at: usize) -> u16 {
        let column = |form: &Form| form.column(self.fields.get(at)?);
        match self.form.and_then(column) {
            _ if at == self.result => WIDTHS.1,
            Some(column) => width(column),
            None => WIDTHS.0,
        }
    }

    /// The cell that a problem of a row is about; of one that is about none the result.
    fn cell(&self, problem: &Problem) -> usize {
        self.fields.iter().position(|field| *field == problem.field).unwrap_or(self.result)
    }
}

/// How cells look. A text stays one when it is mended: codes keep their zeros.
struct Styles {
    good: Kinds,
    bad: Kinds,
    head: Format,
    bad_head: Format,
    taken: Format,
}

/// How a cell of each kind looks.
struct Kinds {
    text: Format,
    day: Format,
    plain: Format,
}

impl Styles {
    fn new() -> Self {
        let red = |format: Format| format.set_background_color(Color::RGB(RED));
        let text = || Format::new().set_num_format("@");
        let day = || Format::new().set_num_format("yyyy-mm-dd");
        Self {
            good: Kinds { text: text(), day: day(), plain: Format::new() },
            bad: Kinds { text: red(text()), day: red(day()), plain: red(Format::new()) },
            head: head(HEAD),
            bad_head: head(RED),
            taken: text().set_background_color(Color::RGB(0xE2_EF_DA)),
        }
    }
}

/// The sheet, and the next row of it.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    columns: &'a Columns,
    styles: Styles,
    row: u32,
}

impl Page<'_> {
    /// The cells of a line above the header.
    fn above(&mut self, cells: &[Option<TypedCell>]) -> Result<(), XlsxError> {
        for (at, cell) in cells.iter().enumerate() {
            self.cell(at, cell.as_ref(), false)?;
        }
        self.row += 1;
        Ok(())
    }

    /// One cell as the kind that it is.
    fn cell(&mut self, at: usize, cell: Option<&TypedCell>, is_bad: bool) -> Result<(), XlsxError> {
        let (row, column) = (self.row, column_of(at)?);
        let kinds = if is_bad { &self.styles.bad } else { &self.styles.good };
        match cell {
            None if is_bad => self.sheet.write_blank(row, column, &kinds.text)?,
            None => return Ok(()),
            Some(TypedCell::Text(text)) => {
                self.sheet.write_string_with_format(row, column, fitting(text), &kinds.text)?
            }
            Some(TypedCell::Number(number)) => {
                self.sheet.write_number_with_format(row, column, *number, &kinds.plain)?
            }
            Some(TypedCell::Flag(flag)) => self.sheet.write_boolean_with_format(row, column, *flag, &kinds.plain)?,
            Some(TypedCell::Day(day)) => match written(*day) {
                Ok(day) => self.sheet.write_datetime_with_format(row, column, day, &kinds.day)?,
                // A workbook has no days so early.
                Err(_) => self.sheet.write_string_with_format(row, column, day.to_string(), &kinds.text)?,
            },
        };
        Ok(())
    }

    fn header(&mut self, header: &[String], problems: &[&Problem]) -> Result<(), XlsxError> {
        let own = (self.columns.result == header.len()).then_some(SHEET);
        for (at, heading) in header.iter().map(String::as_str).chain(own).enumerate() {
            // What is missing has no cell of its own: that of the results says it.
            let is_here = |problem: &Problem| match header.iter().any(|one| is_called(one, problem)) {
                true => at < header.len() && is_called(heading, problem),
                false => at == self.columns.result,
            };
            let is_bad = problems.iter().any(|problem| is_here(problem) || is_of_all(problem));
            let problems: Vec<&Problem> =
                problems.iter().copied().filter(|problem| is_here(problem) || at == 0 && is_of_all(problem)).collect();
            let style = if is_bad { &self.styles.bad_head } else { &self.styles.head };
            let (column, width) = (column_of(at)?, self.columns.width(at));
            self.sheet.write_string_with_format(self.row, column, fitting(heading), style)?;
            self.sheet.set_column_width(column, width)?;
            self.note(at, &problems)?;
        }
        self.sheet.set_row_height(self.row, HEADER_HEIGHT)?;
        self.sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        self.sheet.set_repeat_rows(self.row, self.row)?;
        self.row += 1;
        self.sheet.set_freeze_panes(self.row, 0)?;
        Ok(())
    }

    /// Offers the words of the lists below the header.
    fn offers(&mut self, lists: &Lists, rows: usize) -> Result<(), XlsxError> {
        let Some(form) = self.columns.form else { return Ok(()) };
        let rows = u32::try_from(rows.saturating_add(ROWS_BEHIND)).unwrap_or(LAST_ROW);
        let last = self.row.saturating_add(rows).saturating_sub(1).min(LAST_ROW);
        for (at, field) in self.columns.fields.iter().enumerate() {
            let Some(column) = form.column(field) else { continue };
            if let Some(check) = offer(column, lists)? {
                let at = column_of(self.columns.place(at))?;
                self.sheet.add_data_validation(self.row.min(last), at, last, at, &check)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, cells: &[Option<TypedCell>], problems: &[&Problem], judged: bool) -> Result<(), XlsxError> {
        let mut by_cell = BTreeMap::<usize, Vec<&Problem>>::new();
        for problem in problems {
            by_cell.entry(self.columns.cell(problem)).or_default().push(problem);
        }
        // A blank cell may be bad, too, and may lie behind the last that was sent.
        let bad = by_cell.keys().filter(|at| **at != self.columns.result).max();
        for at in 0..cells.len().max(bad.map_or(0, |at| at + 1)) {
            let (cell, place) = (cells.get(at).and_then(Option::as_ref), self.columns.place(at));
            if place != self.columns.result {
                self.cell(place, cell, by_cell.contains_key(&place))?;
            }
        }
        self.result(cells, problems, judged)?;
        for (at, problems) in &by_cell {
            self.note(*at, problems)?;
        }
        self.row += 1;
        Ok(())
    }

    /// What became of a row.
    fn result(&mut self, cells: &[Option<TypedCell>], problems: &[&Problem], judged: bool) -> Result<(), XlsxError> {
        let column = column_of(self.columns.result)?;
        if !problems.is_empty() {
            let words: Vec<String> = problems.iter().map(|problem| in_short(problem)).collect();
            let words = format!("{REFUSED}: {}", words.join("; "));
            self.sheet.write_string_with_format(self.row, column, fitting(&words), &self.styles.bad.text)?;
        } else if judged && !is_blank(cells) {
            self.sheet.write_string_with_format(self.row, column, TAKEN, &self.styles.taken)?;
        }
        Ok(())
    }

    /// Says on a cell what is wrong with it.
    fn note(&mut self, at: usize, problems: &[&Problem]) -> Result<(), XlsxError> {
        if problems.is_empty() {
            return Ok(());
        }
        let in_vietnamese = problems.iter().filter_map(|problem| problem.in_vietnamese());
        let in_vietnamese =
            in_vietnamese.map(|told| format!("{}: {}. Cách sửa: {}.", told.field, told.reason, told.remedy));
        let in_english = problems.iter().map(|told| format!("{}: {}; {}.", told.field, told.reason, told.remedy));
        let text = in_vietnamese.chain(in_english).collect::<Vec<_>>().join("\n");
        let text = text.chars().take(MOST_NOTE).collect::<String>();
        let note = Note::new(text).add_author_prefix(false).set_width(NOTE.0).set_height(NOTE.1);
        self.sheet.insert_note(self.row, column_of(at)?, &note)?;
        Ok(())
    }
}

/// Whether a row is nothing, as it is for whoever reads the sheet.
fn is_blank(cells: &[Option<TypedCell>]) -> bool {
    cells.iter().flatten().all(|cell| matches!(cell, TypedCell::Text(text) if text.trim().is_empty()))
}

/// What is wrong, in Vietnamese where there are words for it.
fn in_short(problem: &Problem) -> String {
    let told = problem.in_vietnamese().unwrap_or_else(|| problem.clone());
    format!("{}: {}", told.field, told.reason)
}

/// Whether a problem of the header is about all of it.
fn is_of_all(problem: &Problem) -> bool {
    problem.field == "header"
}

/// Whether a problem of the header is about a heading, which it names cut or whole.
fn is_called(heading: &str, problem: &Problem) -> bool {
    let (heading, field) = (heading.trim(), problem.field.as_str());
    heading == field || field.strip_suffix('…').is_some_and(|begins| heading.starts_with(begins))
}

/// A column as a workbook counts it; more than it has are refused.
fn column_of(at: usize) -> Result<u16, XlsxError> {
    u16::try_from(at).map_err(|_| XlsxError::RowColumnLimitError)
}

/// A text as far as a cell holds it.
fn fitting(text: &str) -> Cow<'_, str> {
    // No text has more units than bytes.
    if text.len() <= MOST_UNITS || text.encode_utf16().count() <= MOST_UNITS {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units < MOST_UNITS
    };
    Cow::Owned(text.chars().take_while(fits).chain(['…']).collect())
}

#[cfg(test)]
mod tests;
