//! What the template of the PDF reads: a document as JSON.
//!
//! In: a document and its pictures. Out: one JSON value. Guarantee: numbers are the strings of [`Cell::printed`], so that
//! the PDF says what the other formats say; every table has all its rows.
//!
//! [`Cell::printed`]: crate::document::Cell::printed

use std::collections::BTreeSet;

use chrono::Datelike;
use serde_json::{Value, json};

use crate::WriteError;
use crate::document::{Align, Annex, Block, Chart, Column, Document, Level, Row, Table};
use crate::font::FAMILY;
use crate::language::Language;
use crate::picture::Pictures;

/// A column is made wide enough for its longest word, but not for one of more letters than these: that one is broken.
const LONGEST_WORD: usize = 20;

/// So many of a column's longest words are measured: more letters are not always more width.
const MEASURED_WORDS: usize = 6;

/// A row with a cell of more letters than these may be broken over two pages.
const UNBROKEN_LETTERS: usize = 400;

/// The whole document.
pub(super) fn content(document: &Document, pictures: &Pictures) -> Result<Value, WriteError> {
    let (language, day, head, end) = (document.language, document.day, &document.letterhead, &document.closing);
    let sheets = |blocks: &[Block]| sheets(blocks, language, pictures);
    let annex = |annex: &Annex| -> Result<Value, WriteError> {
        Ok(json!({ "number": annex.number, "title": annex.title, "sheets": sheets(&annex.blocks)? }))
    };
    let annexes = document.annexes.iter().map(annex).collect::<Result<Vec<Value>, WriteError>>()?;
    Ok(json!({
        "font": FAMILY,
        "longest-word": LONGEST_WORD,
        "language": language.code(),
        "title": format!("{} {}", document.kind, document.subject),
        "year": day.year(),
        "month": day.month(),
        "day": day.day(),
        "letterhead": {
            "superior": head.superior,
            "issuer": head.issuer,
            "number": head.number,
            "nation": head.nation,
            "motto": head.motto,
            "place_and_day": head.place_and_day,
        },
        "kind": document.kind,
        "subject": document.subject,
        "origin": document.origin,
        "warning": document.warning,
        "sheets": sheets(&document.blocks)?,
        "closing": {
            "recipients_heading": end.recipients_heading,
            "recipients": end.recipients,
            "authority": end.authority,
            "sign_here": end.sign_here,
        },
        "annexes": annexes,
    }))
}

fn sheets(blocks: &[Block], language: Language, pictures: &Pictures) -> Result<Vec<Value>, WriteError> {
    let sheet = |(is_wide, blocks): (bool, &[Block])| -> Result<Value, WriteError> {
        let blocks = blocks.iter().map(|block| written(block, language, pictures));
        let blocks = blocks.collect::<Result<Vec<Value>, WriteError>>()?;
        Ok(json!({ "wide": is_wide, "blocks": blocks }))
    };
    runs(blocks).into_iter().map(sheet).collect()
}

/// Blocks in runs whose pages lie on their side (true) or stand. A wide table lies, and with it the headings right before
/// it and the remarks right after it. There is always a run, for what is printed before the blocks.
fn runs(blocks: &[Block]) -> Vec<(bool, &[Block])> {
    let mut lying = false;
    let after_table = blocks.iter().map(|block| {
        lying = match block {
            Block::Table(table) => table.is_wide,
            Block::Note(_) => lying,
            Block::Heading(..) | Block::Paragraph(_) | Block::Chart(_) => false,
        };
        lying
    });
    let mut lies: Vec<bool> = after_table.collect();
    for at in (1..blocks.len()).rev() {
        lies[at - 1] |= lies[at] && matches!(blocks[at - 1], Block::Heading(..));
    }
    let (mut runs, mut rest) = (Vec::new(), blocks);
    for same in lies.chunk_by(|one, next| one == next) {
        let (run, after) = rest.split_at(same.len());
        runs.push((same[0], run));
        rest = after;
    }
    if runs.is_empty() {
        runs.push((false, blocks));
    }
    runs
}

fn written(block: &Block, language: Language, pictures: &Pictures) -> Result<Value, WriteError> {
    Ok(match block {
        Block::Heading(Level::Section, text) => json!({ "kind": "section", "text": text }),
        Block::Heading(Level::Part, text) => json!({ "kind": "part", "text": text }),
        Block::Paragraph(text) => json!({ "kind": "paragraph", "text": text }),
        Block::Note(text) => json!({ "kind": "note", "text": text }),
        Block::Table(table) => self::table(table, language),
        Block::Chart(chart) => self::chart(chart, pictures)?,
    })
}

fn chart(chart: &Chart, pictures: &Pictures) -> Result<Value, WriteError> {
    let picture = pictures.picture(chart)?;
    // PDF/A-2a refuses a picture without words.
    let alternative = if chart.alternative.is_empty() { &chart.caption } else { &chart.alternative };
    Ok(json!({
        "kind": "chart",
        "svg": picture.svg,
        "width": picture.width_mm,
        "height": picture.height_mm,
        "caption": chart.caption,
        "alternative": alternative,
    }))
}

fn table(table: &Table, language: Language) -> Value {
    let printed = |row: &Row| -> Vec<String> { row.cells.iter().map(|cell| cell.printed(language)).collect() };
    let printed: Vec<Vec<String>> = table.rows.iter().map(printed).collect();
    let rows = table.rows.iter().zip(&printed).map(|(row, cells)| {
        let breaks = cells.iter().any(|cell| cell.chars().count() > UNBROKEN_LETTERS);
        let loose = cells.iter().flat_map(|cell| words(cell)).any(|word| word.chars().count() > LONGEST_WORD);
        json!({ "total": row.is_total, "breaks": breaks, "loose": loose, "cells": cells })
    });
    let foot = table.foot(language);
    let notes: Vec<&str> = table.notes.iter().map(String::as_str).chain([foot.as_str()]).collect();
    json!({
        "kind": "table",
        "caption": table.caption,
        "columns": columns(table, &printed),
        "head": head(table),
        "rows": rows.collect::<Vec<Value>>(),
        "notes": notes,
    })
}

fn columns(table: &Table, printed: &[Vec<String>]) -> Vec<Value> {
    let column = |(at, column): (usize, &Column)| {
        let align = match column.align {
            Align::Left => "left",
            Align::Centre => "centre",
            Align::Right => "right",
        };
        let cells = printed.iter().filter_map(|cells| cells.get(at)).map(String::as_str);
        let words = longest_words(cells.chain([column.heading.as_str()]));
        json!({ "width": column.width, "align": align, "words": words })
    };
    table.columns.iter().enumerate().map(column).collect()
}

/// The lines of the head, each cell with the columns and lines that it spans.
fn head(table: &Table) -> Vec<Vec<Value>> {
    let cell = |text: &str, across: usize, down: usize| json!({ "text": text, "across": across, "down": down });
    if !table.has_groups() {
        return vec![table.columns.iter().map(|column| cell(&column.heading, 1, 1)).collect()];
    }
    let mut below = table.columns.iter();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for (group, span) in table.groups() {
        let columns = below.by_ref().take(span);
        match group {
            Some(group) => {
                first.push(cell(group, span, 1));
                second.extend(columns.map(|column| cell(&column.heading, 1, 1)));
            }
            None => first.extend(columns.map(|column| cell(&column.heading, 1, 2))),
        }
    }
    vec![first, second]
}

/// Parted where a line may end; a space that does not break is part of its word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty())
}

/// The words that a column has to have room for.
fn longest_words<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let words: BTreeSet<(usize, &str)> = texts
        .flat_map(words)
        .map(|word| (word.chars().count(), word))
        .filter(|(letters, _)| *letters <= LONGEST_WORD)
        .collect();
    words.into_iter().rev().take(MEASURED_WORDS).map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Cell;

    fn column(group: Option<&str>, heading: &str) -> Column {
        let group = group.map(str::to_owned);
        Column { group, heading: heading.to_owned(), width: 1.0, align: Align::Left }
    }

    fn table(is_wide: bool, columns: Vec<Column>, rows: Vec<Row>) -> Table {
        Table { id: "t".to_owned(), caption: "Bảng 1".to_owned(), is_wide, columns, rows, notes: Vec::new() }
    }

    #[test]
    fn a_wide_table_lies_with_its_headings_and_remarks() {
        let heading = || Block::Heading(Level::Section, "I".to_owned());
        let note = || Block::Note("chú".to_owned());
        let paragraph = || Block::Paragraph("câu".to_owned());
        let wide = || Block::Table(table(true, Vec::new(), Vec::new()));
        let narrow = || Block::Table(table(false, Vec::new(), Vec::new()));
        let check = |blocks: Vec<Block>, expected: &[(bool, usize)]| {
            let found: Vec<(bool, usize)> = runs(&blocks).iter().map(|(lies, run)| (*lies, run.len())).collect();
            assert_eq!(found, expected, "{blocks:?}");
        };
        check(vec![], &[(false, 0)]);
        check(vec![paragraph(), note(), narrow()], &[(false, 3)]);
        check(vec![wide()], &[(true, 1)]);
        check(
            vec![paragraph(), heading(), heading(), wide(), note(), paragraph()],
            &[(false, 1), (true, 4), (false, 1)],
        );
        check(vec![wide(), wide(), heading(), wide(), heading(), note()], &[(true, 4), (false, 2)]);
    }

    #[test]
    fn a_column_has_room_for_its_longest_words_but_not_for_any() {
        let long = "a".repeat(LONGEST_WORD + 1);
        let texts = ["TT", "Thừa Thiên", "trên\u{a0}120", "", &long];
        assert_eq!(longest_words(texts.into_iter()), ["trên\u{a0}120", "Thiên", "Thừa", "TT"]);
        let many: Vec<String> = (10..30).map(|number| number.to_string()).collect();
        assert_eq!(longest_words(many.iter().map(String::as_str)).len(), MEASURED_WORDS);
    }

    #[test]
    fn a_head_with_groups_has_two_lines() {
        let columns =
            vec![column(None, "TT"), column(Some("2024"), "số"), column(Some("2024"), "%"), column(None, "đích")];
        let cell = |text: &str, across: u32, down: u32| json!({ "text": text, "across": across, "down": down });
        let grouped = table(false, columns, Vec::new());
        let first = vec![cell("TT", 1, 2), cell("2024", 2, 1), cell("đích", 1, 2)];
        assert_eq!(head(&grouped), vec![first, vec![cell("số", 1, 1), cell("%", 1, 1)]]);
        let plain = table(false, vec![column(None, "TT"), column(None, "số")], Vec::new());
        assert_eq!(head(&plain), vec![vec![cell("TT", 1, 1), cell("số", 1, 1)]]);
    }

    #[test]
    fn numbers_are_as_printed_and_the_foot_is_a_note() {
        let cells = vec![Cell::Count(138_068, Some("trên".to_owned())), Cell::Missing];
        let rows = vec![Row { is_total: true, cells }];
        let table = table(false, vec![column(None, "số"), column(None, "%")], rows);
        let value = super::table(&table, Language::Vietnamese);
        assert_eq!(value["rows"][0]["cells"], json!(["trên 138.068", "–"]));
        assert_eq!(value["rows"][0]["total"], json!(true));
        assert_eq!(value["notes"], json!([table.foot(Language::Vietnamese)]));
    }
}
