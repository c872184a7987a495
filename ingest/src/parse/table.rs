//! A sheet as it was written: for whoever gives it back. Reads the same records as `sheet`, judges nothing.

use csv::StringRecord;

use super::{ParseError, utf8};

/// The cells of a sheet, each as a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// The lines above the header.
    pub above: Vec<Vec<String>>,
    /// The header, without the blank cells that spreadsheets leave behind it.
    pub header: Vec<String>,
    /// The rows below the header, blank ones among them: the first has the number 1.
    pub rows: Vec<Vec<String>>,
}

/// Reads a sheet.
///
/// # Errors
/// When it cannot be read as a whole.
pub(super) fn table(content: &[u8]) -> Result<Table, ParseError> {
    let text = utf8(content)?;
    let records = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let cells = |record: StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let rows = records.into_records().map(|record| record.map(cells)).collect::<Result<Vec<_>, _>>();
    let mut rows = rows.map_err(|error| ParseError::NotCsv(error.to_string()))?;
    if rows.is_empty() {
        return Err(ParseError::Empty);
    }
    let mut header = rows.remove(0);
    while header.last().is_some_and(|heading| heading.trim().is_empty()) {
        header.pop();
    }
    Ok(Table { above: Vec::new(), header, rows })
}
