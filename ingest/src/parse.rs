//! Content -> rows. Pure.
//!
//! In: the bytes of a request or file and how they are written. Out: every row with its number, each either as named
//! fields for the validator or as its own problems; or, where the content as a whole cannot be read, why. Nothing is
//! repaired and nothing is left out.

use std::sync::Arc;

use lantoa_schemas::form::{Bodied, Form, Worded};
use lantoa_schemas::stream::{EventType, Family};
use lantoa_schemas::validate::fields::{SheetRow, TypedCell, TypedRow};
use lantoa_schemas::validate::{Fields, Judge, Problem, Row, Stamp, ValidatedEvent};
use lantoa_schemas::vocabulary::{ReferenceKind, Vocabulary};
use serde_json::{Map, Value};

mod cloudevents;
mod header;
mod json;
mod sent;
mod sheet;
mod table;
mod text;
mod twins;
mod workbook;

pub(crate) use sent::whole;
pub(crate) use table::Table;
pub use text::Likely;
use twins::Twins;
pub use workbook::WorkbookError;
#[cfg(test)]
pub(crate) use workbook::made;

/// How a content is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// JSON: one CloudEvent, or an array of them.
    Json,
    /// One CloudEvent a line; blank lines are nothing.
    Lines,
    /// A sheet as CSV or as a workbook, whichever it is, in the given form or in the one that its header names.
    Sheet(Option<&'static Form>),
    /// A sheet as a workbook (XLSX), otherwise the same.
    Workbook(Option<&'static Form>),
}

/// A content that cannot be read as a whole. Owned by the sender.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// Nothing was sent, or no row.
    #[error("has no row")]
    Empty,
    /// Text in another encoding.
    #[error("is not UTF-8 but probably {likely}: the first wrong byte is byte {byte}, in line {line}")]
    NotUtf8 {
        /// The byte, from 1.
        byte: usize,
        /// Its line, from 1.
        line: usize,
        /// What it probably is.
        likely: Likely,
    },
    /// Text that begins as UTF-16 and goes on otherwise.
    #[error("is UTF-16 that breaks off or has half letters")]
    NotUtf16,
    /// A workbook that cannot be read, or that is where none should be.
    #[error(transparent)]
    Workbook(#[from] WorkbookError),
    /// Not JSON at all.
    #[error("is not JSON: {0}")]
    NotJson(String),
    /// Not CSV at all.
    #[error("is not CSV: {0}")]
    NotCsv(String),
    /// JSON, but neither an object nor an array.
    #[error("is JSON, but neither an event nor an array of events")]
    NoEvents,
    /// Quotes of a sheet that do not come in pairs.
    #[error("has quotes that do not close: the cell opened in line {line} {how}")]
    Quotes {
        /// Line in which the cell begins, from 1.
        line: u64,
        /// What happens to it.
        how: &'static str,
    },
    /// A header that does not say what keeps its columns apart.
    #[error("has a header whose columns may be kept apart by {0}")]
    Marks(String),
    /// A header that is not a form's.
    #[error("has a header that is not that of a form")]
    Header(Vec<Problem>),
    /// Too many rows.
    #[error("has more than {most} rows")]
    TooManyRows {
        /// The limit.
        most: usize,
    },
}

impl ParseError {
    /// What would be right. What is wrong with a header says so column by column.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty => "send at least one row",
            Self::NotUtf8 { likely: Likely::Tcvn3 | Likely::Vni, .. } => {
                "change the text from the old font to Unicode first, as UniKey does, and save it as CSV UTF-8 (đổi phông chữ \
                 cũ sang Unicode, rồi lưu dưới dạng CSV UTF-8)"
            }
            Self::NotUtf8 { .. } => {
                "save or send it as UTF-8; in Excel: File, Save As, CSV UTF-8 (trong Excel: Tệp, Lưu dưới dạng, CSV UTF-8)"
            }
            Self::NotUtf16 => "save or send it again, as UTF-8 or as UTF-16",
            Self::Workbook(error) => error.remedy(),
            Self::NotJson(_) | Self::NoEvents => "send one JSON object, or an array of them",
            Self::NotCsv(_) | Self::Quotes { .. } => {
                "save the sheet as CSV, with commas, semicolons or tabs between the columns"
            }
            Self::Marks(_) => "use one of them between all columns, and quote a name that has another in it",
            Self::Header(_) => "name the columns as the form has them",
            Self::TooManyRows { .. } => "send it in several parts",
        }
    }

    /// The same as problems: those of the header, or one of the content.
    pub fn problems(&self) -> Vec<Problem> {
        match self {
            Self::Header(problems) => problems.clone(),
            other => vec![Problem::new("content", other.to_string(), other.remedy())],
        }
    }
}

/// A row, in the order in which it was sent.
#[derive(Debug, PartialEq)]
pub struct ParsedRow<'c> {
    /// Its number, from 1: of an array the element, of lines the line, of a sheet the row below the header.
    pub row: u64,
    /// The row for the validator, or why it cannot be one.
    pub draft: Result<Draft, Vec<Problem>>,
    raw: sent::Raw<'c>,
}

impl ParsedRow<'_> {
    /// Whether the row's event has its id by the row's number: its sender gives none, nor does its form.
    pub(crate) fn is_named_by_row(&self) -> bool {
        let by_row = |draft: &Draft| {
            draft.event_id.is_none() && draft.of_sheet.as_ref().is_none_or(|of_sheet| of_sheet.twins.is_none())
        };
        self.draft.as_ref().is_ok_and(by_row)
    }

    /// Has the row judged by the one validator.
    ///
    /// # Errors
    /// All problems of the row, those that it could not be read for among them.
    pub fn judge(&self, judge: &Judge<'_>, stamp: &Stamp) -> Result<ValidatedEvent, Vec<Problem>> {
        match &self.draft {
            Ok(draft) => draft.judge(judge, stamp),
            Err(problems) => Err(problems.clone()),
        }
    }
}

/// A row that has not been judged yet.
#[derive(Debug, PartialEq)]
pub struct Draft {
    event_id: Option<String>,
    event_type: String,
    reporter: Option<String>,
    fields: DraftFields,
    /// Of a sheet, what its form adds.
    of_sheet: Option<OfSheet>,
}

/// What the form of a sheet adds to a row.
#[derive(Debug, PartialEq)]
struct OfSheet {
    form: &'static Form,
    /// Why the row does not say what it is; it is judged as its form falls back to.
    untyped: Option<Problem>,
    /// The rows of the sheet that say the same, where the row's content is what it is known by.
    twins: Option<Arc<Twins>>,
    /// The row's number.
    row: u64,
}

#[derive(Debug, PartialEq)]
enum DraftFields {
    Object(Map<String, Value>),
    Cells { header: Arc<Vec<String>>, cells: Vec<String>, line: u64 },
    Typed { grid: Arc<workbook::Grid>, cells: Vec<Option<TypedCell>>, row: u32 },
}

impl Draft {
    /// A row of a sheet.
    fn of_a_sheet(form: &'static Form, fields: DraftFields, twins: &Option<Arc<Twins>>, row: u64) -> Self {
        let typed = match &fields {
            DraftFields::Object(object) => form.event_type(object),
            DraftFields::Cells { header, cells, .. } => form.event_type(&SheetRow { header: header.as_slice(), cells }),
            DraftFields::Typed { grid, cells, .. } => form.event_type(&TypedRow { header: grid.names(), cells }),
        };
        let (event_type, untyped) = match typed {
            Ok(event_type) => (event_type, None),
            Err(problem) => (form.fallback_type(), Some(problem)),
        };
        let of_sheet = OfSheet { form, untyped, twins: twins.clone(), row };
        Self { event_id: None, event_type: event_type.to_string(), reporter: None, fields, of_sheet: Some(of_sheet) }
    }

    /// Has the row judged by the one validator. A row of a sheet of single events gets an id by what it says and by its
    /// place among the rows before it that say the same, so the rows of a sheet are to be judged in their order.
    ///
    /// # Errors
    /// All problems of the row; those of a sheet name its line or cell.
    pub fn judge(&self, judge: &Judge<'_>, stamp: &Stamp) -> Result<ValidatedEvent, Vec<Problem>> {
        let judged = match &self.fields {
            DraftFields::Object(object) => judge.judge(&self.row(object), stamp),
            DraftFields::Cells { header, cells, .. } => {
                let row = SheetRow { header: header.as_slice(), cells };
                self.judge_worded(&Worded::new(&row, judge.catalogue), judge, stamp)
            }
            DraftFields::Typed { grid, cells, .. } => {
                let row = TypedRow { header: grid.names(), cells };
                self.judge_worded(&Worded::new(&row, judge.catalogue), judge, stamp)
            }
        };
        judged.map_err(|problems| problems.into_iter().map(|problem| self.placed(problem)).collect())
    }

    /// The family that the row says it is of; `None` where its type is none.
    pub fn family(&self) -> Option<Family> {
        EventType::parse(&self.event_type).map(|known| known.family)
    }

    /// A problem of the row, of a sheet with its line or cell.
    pub fn placed(&self, problem: Problem) -> Problem {
        match &self.fields {
            DraftFields::Object(_) => problem,
            DraftFields::Cells { line, .. } => in_line(problem, *line),
            DraftFields::Typed { grid, row, .. } => grid.place(problem, *row),
        }
    }

    /// Judges a row of a sheet by its form.
    fn judge_worded(
        &self,
        fields: &Worded<'_>,
        judge: &Judge<'_>,
        stamp: &Stamp,
    ) -> Result<ValidatedEvent, Vec<Problem>> {
        let Some(of_sheet) = &self.of_sheet else { return judge.judge(&self.row(fields), stamp) };
        let judged = if of_sheet.form.family == Family::Reference {
            let bodied = Bodied::new(fields, self.reference_kind());
            let judged = judge.judge(&self.row(&bodied), stamp);
            bodied.judged(judged)
        } else {
            judge.judge(&self.row(fields), stamp)
        };
        if let Some(untyped) = &of_sheet.untyped {
            let others = judged.err().unwrap_or_default();
            let others = others.into_iter().filter(|problem| problem.field != untyped.field);
            return Err(std::iter::once(untyped.clone()).chain(others).collect());
        }
        let event = judged?;
        Ok(match &of_sheet.twins {
            Some(twins) => event.named_by_content(|content| twins.place(content, of_sheet.row)),
            None => event,
        })
    }

    /// Which kind of reference event the row is; `None` where it does not say.
    fn reference_kind(&self) -> Option<ReferenceKind> {
        let is_said = self.of_sheet.as_ref().is_none_or(|of_sheet| of_sheet.untyped.is_none());
        let event_type = EventType::parse(&self.event_type).filter(|_| is_said)?;
        ReferenceKind::parse(event_type.verb.as_str())
    }

    fn row<'a>(&'a self, fields: &'a dyn Fields) -> Row<'a> {
        Row {
            event_id: self.event_id.as_deref(),
            event_type: &self.event_type,
            reporter: self.reporter.as_deref(),
            fields,
        }
    }
}

/// How every workbook begins, being a zip file.
const WORKBOOK: &[u8] = b"PK\x03\x04";

/// How the binary files of Excel begin, and workbooks with a password.
const OLD_WORKBOOK: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Reads the rows of a content, at most `most_rows`.
///
/// # Errors
/// When it cannot be read as a whole.
pub fn parse(content: &[u8], notation: Notation, most_rows: usize) -> Result<Vec<ParsedRow<'_>>, ParseError> {
    let is_workbook = is_workbook(content);
    let rows = match notation {
        Notation::Json | Notation::Lines if is_workbook => return Err(WorkbookError::AmongEvents.into()),
        Notation::Json => cloudevents::document(text::utf8(content)?, most_rows)?,
        Notation::Lines => cloudevents::lines(text::unmarked(content), most_rows)?,
        Notation::Sheet(form) | Notation::Workbook(form) if is_workbook => workbook::rows(content, form, most_rows)?,
        Notation::Sheet(_) | Notation::Workbook(_) if content.starts_with(OLD_WORKBOOK) => {
            return Err(WorkbookError::Old.into());
        }
        Notation::Workbook(_) => return Err(WorkbookError::Other.into()),
        Notation::Sheet(form) => sheet::rows(&text::utf8_or_utf16(content)?, form, most_rows)?,
    };
    if rows.is_empty() { Err(ParseError::Empty) } else { Ok(rows) }
}

/// The cells of a sheet as they were sent, for whoever gives it back. The rows have the numbers that [`parse`] gives them.
///
/// # Errors
/// When it cannot be read as a whole.
pub(crate) fn table(content: &[u8], form: Option<&'static Form>) -> Result<Table, ParseError> {
    if content.starts_with(WORKBOOK) {
        workbook::table(content, form)
    } else if content.starts_with(OLD_WORKBOOK) {
        Err(WorkbookError::Old.into())
    } else {
        sheet::table(&text::utf8_or_utf16(content)?, form)
    }
}

/// Whether a content is a workbook, which takes far more memory than it has bytes.
pub(crate) fn is_workbook(content: &[u8]) -> bool {
    content.starts_with(WORKBOOK)
}

/// Notes the row, unless there are too many.
fn push<'c>(
    rows: &mut Vec<ParsedRow<'c>>,
    most: usize,
    row: u64,
    draft: Result<Draft, Vec<Problem>>,
    raw: sent::Raw<'c>,
) -> Result<(), ParseError> {
    if rows.len() == most {
        return Err(ParseError::TooManyRows { most });
    }
    rows.push(ParsedRow { row, draft, raw });
    Ok(())
}

fn in_line(mut problem: Problem, line: u64) -> Problem {
    problem.reason = format!("{} (line {line})", problem.reason);
    problem
}

/// A sender's text, cut, so that a reason never carries a whole document.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
mod alike;
#[cfg(test)]
mod mutated;
#[cfg(test)]
mod single;
#[cfg(test)]
mod tests;
