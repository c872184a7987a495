//! A table: its head on each page, its rows whole.

use docx_rs::{
    Paragraph, TableBorder, TableBorderPosition, TableBorders, TableCell, TableCellMargins, TableLayoutType, TableRow,
    VAlignType, VMergeType, WidthType,
};

use super::page::{Page, twips};
use super::text::{paragraph, run, styled};
use crate::document::{Align, Column, Table};
use crate::language::Language;

/// The least height of a row that is to be repeated on each page. docx-rs has no word for such rows: a height, which no
/// other row has, stands for it until `order` puts the word there.
const REPEATED: f32 = 1.0;

/// The grid of a table that has columns, as wide as the text of its page.
pub(super) fn grid(table: &Table, language: Language, page: Page) -> docx_rs::Table {
    let width = twips(page.width_mm());
    let widths = widths(&table.columns, width);
    let styles: Vec<&str> = table.columns.iter().map(|column| style(column.align, table.is_wide)).collect();
    let mut rows = head(table, &widths);
    rows.reserve(table.rows.len());
    for row in &table.rows {
        let cells = widths.iter().zip(&styles).enumerate().map(|(place, (width, style))| {
            let text = row.cells.get(place).map(|cell| cell.printed(language)).unwrap_or_default();
            cell(*width, words(style, &text, row.is_total))
        });
        rows.push(TableRow::new(cells.collect()).cant_split());
    }
    docx_rs::Table::new(rows)
        .layout(TableLayoutType::Fixed)
        .width(usize::from(width), WidthType::Dxa)
        .set_grid(widths)
        .set_borders(borders())
        .margins(TableCellMargins::new().margin(15, 60, 15, 60))
}

/// The one or two rows of the head. A column without a group takes both.
fn head(table: &Table, widths: &[usize]) -> Vec<TableRow> {
    let style = if table.is_wide { "TableHeadWide" } else { "TableHead" };
    let row = |cells: Vec<TableCell>| TableRow::new(cells).cant_split().row_height(REPEATED);
    let headings = table.columns.iter().zip(widths);
    if !table.has_groups() {
        let cells = headings.map(|(column, width)| cell(*width, paragraph(style, &column.heading)));
        return vec![row(cells.collect())];
    }
    let mut above = Vec::new();
    let mut first = 0;
    for (group, span) in table.groups() {
        let width: usize = widths[first..first + span].iter().sum();
        above.push(match group {
            Some(group) => cell(width, paragraph(style, group)).grid_span(span),
            None => cell(width, paragraph(style, &table.columns[first].heading)).vertical_merge(VMergeType::Restart),
        });
        first += span;
    }
    let below = headings.map(|(column, width)| match column.group {
        Some(_) => cell(*width, paragraph(style, &column.heading)),
        None => cell(*width, styled(style)).vertical_merge(VMergeType::Continue),
    });
    vec![row(above), row(below.collect())]
}

fn cell(width: usize, paragraph: Paragraph) -> TableCell {
    TableCell::new().width(width, WidthType::Dxa).vertical_align(VAlignType::Center).add_paragraph(paragraph)
}

/// What stands in a cell.
fn words(style: &str, text: &str, is_total: bool) -> Paragraph {
    match (text.is_empty(), is_total) {
        (true, _) => styled(style),
        (false, false) => styled(style).add_run(run(text)),
        (false, true) => styled(style).add_run(run(text).bold()),
    }
}

/// The style of a column's cells.
fn style(align: Align, is_wide: bool) -> &'static str {
    match (align, is_wide) {
        (Align::Left, false) => "CellLeft",
        (Align::Centre, false) => "CellCentre",
        (Align::Right, false) => "CellRight",
        (Align::Left, true) => "CellLeftWide",
        (Align::Centre, true) => "CellCentreWide",
        (Align::Right, true) => "CellRightWide",
    }
}

/// The columns' widths, which add up to the whole width: where a column ends is rounded, and not how wide it is.
fn widths(columns: &[Column], whole: u16) -> Vec<usize> {
    let sum: f64 = columns.iter().map(|column| column.width).sum();
    let (mut reached, mut start) = (0.0_f64, 0_usize);
    let width = |column: &Column| {
        reached += column.width;
        let end = (reached / sum * f64::from(whole)).round() as usize;
        let width = end.saturating_sub(start);
        start = end;
        width
    };
    columns.iter().map(width).collect()
}

/// Thin lines around all cells.
fn borders() -> TableBorders {
    use TableBorderPosition::{Bottom, InsideH, InsideV, Left, Right, Top};
    let line = |position| TableBorder::new(position).size(4);
    [Top, Left, Bottom, Right, InsideH, InsideV].into_iter().map(line).fold(TableBorders::new(), TableBorders::set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widths_add_up() {
        let column = |width| Column { group: None, heading: String::new(), width, align: Align::Left };
        assert_eq!(widths(&[column(1.0), column(1.0), column(1.0)], 100), [33, 34, 33]);
        assert_eq!(widths(&[column(0.5), column(1.5)], 9_071), [2_268, 6_803]);
        assert!(widths(&[], 9_071).is_empty());
    }
}
