//! A sheet as it was sent: for whoever gives it back. Nothing is judged.

use lantoa_schemas::validate::fields::TypedCell;

/// A row; what is blank is `None`.
pub(crate) type Cells = Vec<Option<TypedCell>>;

/// The cells of a sheet.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    /// The lines above the header.
    pub above: Vec<Cells>,
    /// The header, without the blank cells that spreadsheets leave behind it.
    pub header: Vec<String>,
    /// The rows below the header, blank ones among them: the first has the number 1.
    pub rows: Vec<Cells>,
}

impl Table {
    /// A sheet with its header in a row, counted from 0; where that row is not there, it has none.
    pub(super) fn with_header_in(mut above: Vec<Cells>, row: usize) -> Self {
        let mut rows = above.split_off(above.len().min(row));
        let header = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
        let mut header: Vec<String> = header.iter().map(|cell| cell.as_ref().map_or_else(String::new, shown)).collect();
        while header.last().is_some_and(|heading| heading.trim().is_empty()) {
            header.pop();
        }
        Self { above, header, rows }
    }
}

/// A cell as a text.
pub(super) fn shown(cell: &TypedCell) -> String {
    match cell {
        TypedCell::Text(text) => text.clone(),
        TypedCell::Number(number) => number.to_string(),
        TypedCell::Flag(flag) => flag.to_string(),
        TypedCell::Day(day) => day.to_string(),
    }
}
