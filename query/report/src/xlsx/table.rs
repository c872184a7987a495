//! A table on a sheet of its own: caption, head, all rows, and what is to be said below it.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::style::{self, Shown};
use super::{BODY, lines, set_height, set_up};
use crate::WriteError;
use crate::document::{Document, Table};
use crate::language::Language;

/// The least and the greatest width of a column, in digits of the body's font.
const WIDTHS: (usize, usize) = (6, 44);

pub(super) fn write(sheet: &mut Worksheet, document: &Document, table: &Table) -> Result<(), WriteError> {
    set_up(sheet, document, table.is_wide);
    let widths = widths(table, document.language);
    for (at, width) in (0_u16..).zip(&widths) {
        sheet.set_column_width(at, u16::try_from(*width).unwrap_or(u16::MAX))?;
    }
    let mut row = 0;
    if let Some(warning) = &document.warning {
        across(sheet, row, warning, &style::warning(), &widths)?;
        row += 1;
    }
    across(sheet, row, &table.caption, &style::centred().set_bold(), &widths)?;
    let head = row + 1;
    let first = if table.has_groups() {
        grouped_head(sheet, head, table, &widths)?
    } else {
        head_of(sheet, head, table, &widths)?
    };
    sheet.set_freeze_panes(first, 0)?;
    sheet.set_repeat_rows(head, first - 1)?;
    for (row, cells) in (first..).zip(&table.rows) {
        let mut needed = 1;
        for (at, (cell, column)) in (0_u16..).zip(cells.cells.iter().zip(&table.columns)) {
            let shown = Shown::of(cell, document.language);
            let format = style::cell(&shown, column.align, cells.is_total);
            match shown {
                Shown::Blank => sheet.write_blank(row, at, &format)?,
                Shown::Text(text) => {
                    needed = needed.max(widths.get(usize::from(at)).map_or(1, |width| lines(&text, *width)));
                    sheet.write_string_with_format(row, at, text, &format)?
                }
                Shown::Number(number, _) => sheet.write_number_with_format(row, at, number, &format)?,
            };
        }
        if needed > 1 {
            set_height(sheet, row, needed, BODY)?;
        }
    }
    if !table.has_groups() {
        filter(sheet, head, table)?;
    }
    let foot = table.foot(document.language);
    let below = table.notes.iter().chain([&foot, &document.origin]);
    let end = first.saturating_add(u32::try_from(table.rows.len()).unwrap_or(u32::MAX));
    for (row, remark) in (end.saturating_add(1)..).zip(below) {
        across(sheet, row, remark, &style::note(), &widths)?;
    }
    Ok(())
}

/// How wide the columns are: as wide as what stands in them, and as the longest word of their heads.
fn widths(table: &Table, language: Language) -> Vec<usize> {
    let letters = |text: &str| text.split('\n').map(|line| line.chars().count()).max().unwrap_or(0);
    let widths = table.columns.iter().enumerate().map(|(at, column)| {
        let words = column.heading.split_whitespace().map(letters).max().unwrap_or(0);
        let cells = table.rows.iter().filter_map(|row| row.cells.get(at)).map(|cell| letters(&cell.printed(language)));
        // Room for the sign of the filter, and so that numbers do not touch the lines.
        (cells.max().unwrap_or(0).max(words) + 3).clamp(WIDTHS.0, WIDTHS.1)
    });
    widths.collect()
}

/// A text over all columns, in a row as high as it needs: programs do not see to that where cells are merged.
fn across(sheet: &mut Worksheet, row: u32, text: &str, format: &Format, widths: &[usize]) -> Result<(), XlsxError> {
    match u16::try_from(widths.len().saturating_sub(1)).unwrap_or(u16::MAX) {
        0 => sheet.write_string_with_format(row, 0, text, format)?,
        last => sheet.merge_range(row, 0, row, last, text, format)?,
    };
    set_height(sheet, row, lines(text, widths.iter().sum()), BODY)
}

/// The head, in one line; answers with the row below it.
fn head_of(sheet: &mut Worksheet, row: u32, table: &Table, widths: &[usize]) -> Result<u32, XlsxError> {
    let style = style::head();
    for (at, column) in (0_u16..).zip(&table.columns) {
        sheet.write_string_with_format(row, at, column.heading.as_str(), &style)?;
    }
    let needed = table.columns.iter().zip(widths).map(|(column, width)| lines(&column.heading, *width));
    set_height(sheet, row, needed.max().unwrap_or(1), BODY)?;
    Ok(row + 1)
}

/// The head in two lines: groups over their columns, the heads of all other columns over both lines.
fn grouped_head(sheet: &mut Worksheet, row: u32, table: &Table, widths: &[usize]) -> Result<u32, XlsxError> {
    let style = style::head();
    let (mut upper, mut lower, mut both) = (1, 1, 1);
    let mut columns = (0_u16..).zip(table.columns.iter().zip(widths));
    for (group, span) in table.groups() {
        let Some((first, (column, width))) = columns.next() else { break };
        let Some(group) = group else {
            sheet.merge_range(row, first, row + 1, first, &column.heading, &style)?;
            both = both.max(lines(&column.heading, *width));
            continue;
        };
        let others: Vec<_> = columns.by_ref().take(span - 1).collect();
        let last = others.last().map_or(first, |(last, _)| *last);
        if last == first {
            sheet.write_string_with_format(row, first, group, &style)?;
        } else {
            sheet.merge_range(row, first, row, last, group, &style)?;
        }
        let mut room = 0;
        for (at, (column, width)) in [(first, (column, width))].into_iter().chain(others) {
            sheet.write_string_with_format(row + 1, at, column.heading.as_str(), &style)?;
            lower = lower.max(lines(&column.heading, *width));
            room += *width;
        }
        upper = upper.max(lines(group, room));
    }
    set_height(sheet, row, upper, BODY)?;
    set_height(sheet, row + 1, lower.max(both.saturating_sub(upper)), BODY)?;
    Ok(row + 2)
}

/// Lets whoever reads the sheet filter and sort its rows; totals at the end stay where they are.
fn filter(sheet: &mut Worksheet, head: u32, table: &Table) -> Result<(), XlsxError> {
    let totals = table.rows.iter().rev().take_while(|row| row.is_total).count();
    let rows = u32::try_from(table.rows.len() - totals).unwrap_or(u32::MAX);
    if rows > 0 && !table.columns.is_empty() {
        let last = u16::try_from(table.columns.len() - 1).unwrap_or(u16::MAX);
        sheet.autofilter(head, 0, head.saturating_add(rows), last)?;
    }
    Ok(())
}
