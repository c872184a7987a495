//! A table that people, screen readers and programs can read.

use maud::{Markup, html};

use crate::document::{Align, Cell, Column, Row, Table};
use crate::language::Language;

pub(super) fn table(table: &Table, language: Language) -> Markup {
    let id = format!("table-{}", table.id);
    let caption = format!("{id}-caption");
    // What a row is about stands in its first column of words.
    let subject = table.columns.iter().position(|column| column.align == Align::Left);
    html! {
        div.table.wide[table.is_wide] id=(id) {
            div.box role="region" tabindex="0" aria-labelledby=(caption) {
                table {
                    caption id=(caption) { (table.caption) }
                    (widths(&table.columns))
                    (head(table))
                    tbody { @for cells in &table.rows { (row(cells, table, subject, language)) } }
                }
            }
            @for note in &table.notes { p.note { (note) } }
            p.foot { (table.foot(language)) }
        }
    }
}

fn widths(columns: &[Column]) -> Markup {
    let whole: f64 = columns.iter().map(|column| column.width).sum();
    let width = |column: &Column| format!("width: {:.2}%", 100.0 * column.width / whole);
    html! {
        @if whole > 0.0 { colgroup { @for column in columns { col style=(width(column)); } } }
    }
}

fn head(table: &Table) -> Markup {
    let mut columns = table.columns.iter();
    // The first line with what of the second is below it.
    let groups =
        table.groups().into_iter().map(|(group, span)| (group, columns.by_ref().take(span).collect::<Vec<_>>()));
    let groups: Vec<(Option<&str>, Vec<&Column>)> = groups.collect();
    html! {
        thead {
            @if table.has_groups() {
                tr {
                    @for (group, below) in &groups {
                        @match group {
                            Some(group) => { th scope="colgroup" colspan=(below.len()) { (group) } }
                            None => { @for column in below { th scope="col" rowspan="2" { (column.heading) } } }
                        }
                    }
                }
                tr {
                    @for (group, below) in &groups {
                        @if group.is_some() { @for column in below { th scope="col" { (column.heading) } } }
                    }
                }
            } @else {
                tr { @for column in &table.columns { th scope="col" { (column.heading) } } }
            }
        }
    }
}

fn row(row: &Row, table: &Table, subject: Option<usize>, language: Language) -> Markup {
    html! {
        tr class=[row.is_total.then_some("total")] {
            @for (at, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
                @if subject == Some(at) && matches!(cell, Cell::Text(_)) {
                    th scope="row" { (value(cell, language)) }
                } @else {
                    td class=[class(column.align)] { (value(cell, language)) }
                }
            }
        }
    }
}

fn class(align: Align) -> Option<&'static str> {
    match align {
        Align::Left => None,
        Align::Centre => Some("centre"),
        Align::Right => Some("right"),
    }
}

/// A cell as it is printed, and for programs in plain digits.
fn value(cell: &Cell, language: Language) -> Markup {
    let printed = cell.printed(language);
    match cell {
        Cell::Count(..) | Cell::Number(..) | Cell::Change(..) => html! { data value=(cell.plain()) { (printed) } },
        Cell::Day(_) => html! { time datetime=(cell.plain()) { (printed) } },
        Cell::Missing | Cell::Empty | Cell::Text(_) | Cell::Year(_) => html! { (printed) },
    }
}
