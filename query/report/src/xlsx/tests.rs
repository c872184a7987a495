use std::io::Cursor;

use calamine::{Data, Range, Reader, Xlsx};

use super::name::{ILLEGAL, LONGEST, Names};
use super::style::Shown;
use super::*;
use crate::document::{Cell, Letterhead};
use crate::language::Language;
use crate::sample;

/// The sheets of a workbook by their names.
fn read(bytes: &[u8]) -> Vec<(String, Range<Data>)> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = book.sheet_names();
    names.into_iter().map(|name| (name.clone(), book.worksheet_range(&name).unwrap())).collect()
}

fn written(document: &Document) -> Vec<u8> {
    write(document, &Pictures::of(document).unwrap()).unwrap()
}

fn texts(sheet: &Range<Data>) -> Vec<String> {
    let texts = sheet.used_cells().filter_map(|(_, _, data)| match data {
        Data::String(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn every_table_is_whole_and_its_numbers_are_numbers() {
    let document = sample::document();
    let sheets = read(&written(&document));
    let tables = tables(&document);
    assert_eq!(sheets.len(), 1 + tables.len());
    for (table, (name, sheet)) in tables.iter().zip(&sheets[1..]) {
        // The warning, the caption, then the head.
        let at = |row: usize, column: usize| sheet.get_value((row as u32, column as u32)).cloned().unwrap_or_default();
        assert_eq!(at(0, 0), Data::String(document.warning.clone().unwrap()), "{name}");
        assert_eq!(at(1, 0), Data::String(table.caption.clone()), "{name}");
        let first = if table.has_groups() { 4 } else { 3 };
        for (column, head) in table.columns.iter().enumerate() {
            let row = if head.group.is_some() { 3 } else { 2 };
            assert_eq!(at(row, column), Data::String(head.heading.clone()), "{name}");
            if let (Some(group), Data::String(above)) = (&head.group, at(2, column)) {
                assert!(above == *group || above.is_empty(), "{name}: {above}");
            }
        }
        for (row, cells) in (first..).zip(&table.rows) {
            for (column, cell) in cells.cells.iter().enumerate() {
                let value = at(row, column);
                match (cell, &value) {
                    (Cell::Count(number, _) | Cell::Year(number), Data::Float(value)) => {
                        assert_eq!(*value, *number as f64)
                    }
                    (Cell::Number(number, _) | Cell::Change(number, _), Data::Float(value)) => {
                        assert_eq!(value, number)
                    }
                    (Cell::Day(day), Data::DateTime(value)) => {
                        let (year, month, of_month, ..) = value.to_ymd_hms_milli();
                        assert_eq!(
                            (i32::from(year), u32::from(month), u32::from(of_month)),
                            (day.year(), day.month(), day.day())
                        );
                    }
                    (Cell::Text(text), Data::String(value)) => assert_eq!(value, text),
                    (Cell::Missing, Data::String(value)) => assert_eq!(value, "–"),
                    (Cell::Empty, Data::Empty) => {}
                    _ => panic!("{name}: {cell:?} is {value:?}"),
                }
            }
        }
        let texts = texts(sheet);
        for below in table.notes.iter().chain([&table.foot(document.language), &document.origin]) {
            assert!(texts.contains(below), "{name}: {below}");
        }
    }
}

#[test]
fn the_first_sheet_has_the_text_and_leads_to_the_tables() {
    let document = sample::document();
    let sheets = read(&written(&document));
    let (name, sheet) = &sheets[0];
    assert_eq!(name, "Báo cáo");
    let texts = texts(sheet);
    let annexed = document.annexes.iter().flat_map(|annex| &annex.blocks);
    let mut names = sheets[1..].iter().map(|(name, _)| name);
    for block in document.blocks.iter().chain(annexed) {
        let expected = match block {
            Block::Heading(_, text) | Block::Paragraph(text) | Block::Note(text) => text.clone(),
            Block::Table(table) => {
                assert!(texts.contains(&table.caption), "{}", table.caption);
                format!("→ {}", names.next().unwrap())
            }
            Block::Chart(chart) => {
                // The picture itself takes a part of it only.
                assert!(texts.contains(&chart.alternative));
                chart.caption.clone()
            }
        };
        assert!(texts.contains(&expected), "{expected}");
    }
    let Letterhead { issuer, number, nation, motto, place_and_day, .. } = &document.letterhead;
    for text in [issuer, number, nation, motto, place_and_day, &document.kind, &document.subject, &document.origin] {
        assert!(texts.contains(text), "{text}");
    }
    assert!(texts.contains(document.warning.as_ref().unwrap()));
}

#[test]
fn the_same_document_is_the_same_file() {
    let document = sample::document();
    assert!(written(&document) == written(&document));
    let later = Document { day: document.day.succ_opt().unwrap(), ..document.clone() };
    assert!(written(&document) != written(&later), "the document's day is in the file");
}

#[test]
fn excel_takes_the_names_of_the_sheets() {
    let document = sample::document();
    let tables = tables(&document);
    let Names { text, tables: names } = Names::of(&tables, Language::Vietnamese);
    assert_eq!(
        names,
        [
            "Bảng 1. Gia đình học tập kết",
            "Bảng 2. Các xã, phường, đặc khu",
            "BẢNG 2. CÁC xã, phường, đặc (2)",
            "nameless"
        ]
    );
    let mut all: Vec<String> = names.iter().chain([&text]).map(|name| name.to_lowercase()).collect();
    for name in &all {
        assert!(units(name) <= LONGEST && !name.is_empty() && !name.contains(ILLEGAL), "{name}");
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 1 + tables.len());
}

#[test]
fn a_number_is_shown_as_it_is_printed() {
    let check = |cell: Cell, expected: &str| match Shown::of(&cell, Language::Vietnamese) {
        Shown::Number(_, pattern) => assert_eq!(pattern, expected, "{cell:?}"),
        other => panic!("{cell:?} is {other:?}"),
    };
    check(Cell::Count(1_000, None), "#,##0;\"−\"#,##0");
    check(Cell::Count(120, Some("trên".to_owned())), "\"trên \"#,##0");
    check(Cell::Count(120, Some("a\"b".to_owned())), "\"a\"\\\"\"b \"#,##0");
    check(Cell::Number(73.587, 2), "#,##0.00;\"−\"#,##0.00;#,##0.00");
    check(Cell::Number(1.0, 0), "#,##0;\"−\"#,##0;#,##0");
    check(Cell::Change(1.93, 2), "+#,##0.00;\"−\"#,##0.00;#,##0.00");
    check(Cell::Change(-0.001, 2), "#,##0.00;#,##0.00");
    check(Cell::Year(2024), "0");
    let day = |month| NaiveDate::from_ymd_opt(2024, month, 12).unwrap();
    check(Cell::Day(day(2)), r"dd\/mm\/yyyy");
    check(Cell::Day(day(3)), r"dd\/m\/yyyy");
    let shown = Shown::of(&Cell::Day(day(10)), Language::English);
    assert_eq!(shown, Shown::Number(45_577.0, "[$-809]d mmmm yyyy".to_owned()));
}

#[test]
fn what_a_sheet_cannot_hold_is_a_text() {
    let check = |cell: Cell, expected: &str| {
        assert_eq!(Shown::of(&cell, Language::English), Shown::Text(expected.to_owned()));
    };
    check(Cell::Missing, "–");
    check(Cell::Count(1_234_567_890_123_456, None), "1,234,567,890,123,456");
    check(Cell::Count(-5, Some("about".to_owned())), "about −5");
    check(Cell::Day(NaiveDate::from_ymd_opt(1890, 5, 19).unwrap()), "19 May 1890");
    assert_eq!(Shown::of(&Cell::Empty, Language::English), Shown::Blank);
}

#[test]
fn a_header_has_no_more_than_excel_takes_and_no_code_of_a_text() {
    assert_eq!(with_text("&C&9", "2024 A&B\nC"), "&C&9 2024 A&&B C");
    let long = with_text("&C&9", &"&".repeat(300));
    assert!(units(&long) <= MOST_UNITS && long.ends_with("&&…"), "{long}");
    assert!(long.matches('&').count().is_multiple_of(2), "{long}");
    assert_eq!(with_text("&C", &"a".repeat(252)), format!("&C {}", "a".repeat(252)));
}

#[test]
fn rows_are_as_high_as_their_texts() {
    let check = |text, letters, expected| assert_eq!(lines(text, letters), expected, "{text}");
    check("", 10, 1);
    check("một hai ba", 10, 1);
    check("một hai ba bốn", 10, 2);
    check("một\nhai", 10, 2);
    check("MỘT HAI BA", 10, 2);
    check("0123456789", 5, 2);
}
