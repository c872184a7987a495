//! The empty form as a workbook: what an office fills in and sends back as it is.
//!
//! In: a form, the day whose areas it offers, and what rows are judged by. Out: the bytes of a workbook with four sheets:
//! the form, a filled example, the lists behind the drop-downs, and how to fill it in. Guarantee: the form and the example
//! have one header row, in Vietnamese, which the reader of sheets knows; whatever a drop-down offers is accepted; the same
//! order makes the same bytes.

use chrono::{Datelike, NaiveDate};
use lantoa_schemas::area::AreaId;
use lantoa_schemas::form::{EXAMPLE_SHEET, Form};
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::vocabulary::{AreaLevel, Vocabulary};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

mod check;
mod example;
mod guide;
mod lists;
pub(crate) mod sheet;

pub(crate) use check::offer;
pub(crate) use lists::Lists;
use sheet::Styles;

/// The sheet that is filled in.
pub const FORM_SHEET: &str = "Biểu nhập";
/// The sheet of the lists behind the drop-downs.
pub const LISTS_SHEET: &str = "Danh mục";
/// The sheet that says how the form is filled in.
pub const GUIDE_SHEET: &str = "Hướng dẫn";

/// Which form is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The form.
    pub form: &'static Form,
    /// The day whose areas the drop-down has.
    pub day: NaiveDate,
    /// Only this area and those in it; `None` for all.
    pub area: Option<AreaId>,
    /// What rows will be judged by.
    pub knowledge: &'a Knowledge,
}

/// Why there is no form.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The code names nothing. Owned by whoever asks.
    #[error("no area has the code {code} on {day}; the table area has all codes and the days they held")]
    NoArea {
        /// The code.
        code: String,
        /// The day.
        day: NaiveDate,
    },
    /// A fault of this program, or a day that no workbook can write.
    #[error("the form cannot be written")]
    Sheet(#[from] XlsxError),
}

/// The area that a code names on a day, whichever its level: no two levels share a code.
///
/// # Errors
/// [`TemplateError::NoArea`].
pub fn area_of(knowledge: &Knowledge, code: &str, day: NaiveDate) -> Result<AreaId, TemplateError> {
    let found = AreaLevel::ALL.iter().find_map(|level| knowledge.history.find(*level, code, day).ok());
    found.ok_or_else(|| TemplateError::NoArea { code: code.to_owned(), day })
}

/// Writes the form.
///
/// # Errors
/// [`TemplateError::Sheet`].
pub fn workbook(order: &Order<'_>) -> Result<Vec<u8>, TemplateError> {
    let (styles, lists) = (Styles::new(), Lists::of(order));
    let mut book = Workbook::new();
    let properties = DocProperties::new().set_title(order.form.vi).set_author("Lantoa");
    // The day of the form, so that the same form is the same file.
    book.set_properties(&properties.set_creation_datetime(&written(order.day)?));
    sheet::form(book.add_worksheet().set_name(FORM_SHEET)?, order, &lists, &styles)?;
    sheet::example(book.add_worksheet().set_name(EXAMPLE_SHEET)?, order, &styles)?;
    lists.write(book.add_worksheet().set_name(LISTS_SHEET)?, &styles)?;
    guide::write(book.add_worksheet().set_name(GUIDE_SHEET)?, order, &styles)?;
    Ok(book.save_to_buffer()?)
}

/// A day as a workbook has it.
pub(crate) fn written(day: NaiveDate) -> Result<ExcelDateTime, XlsxError> {
    // Months and days fit; a year that does not is refused as one out of range.
    ExcelDateTime::from_ymd(u16::try_from(day.year()).unwrap_or_default(), day.month() as u8, day.day() as u8)
}

#[cfg(test)]
mod tests;
