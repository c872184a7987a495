use chrono::{DateTime, Utc};
use lantoa_schemas::event::Facts;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::validate::{Stamp, ValidatedEvent};
use lantoa_schemas::vocabulary::Via;

use super::made::{Made, header, packed, parts, row, sheet};
use super::*;

/// A row by its number, and what became of it.
type Judged = (u64, Result<ValidatedEvent, Vec<Problem>>);

fn judged(content: &[u8]) -> Result<Vec<Judged>, ParseError> {
    let now: DateTime<Utc> = "2026-01-15T03:00:00Z".parse().unwrap();
    let knowledge = Knowledge::shipped();
    let stamp = |row| Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row };
    let rows = rows(content, None, 9)?;
    let judge =
        |row: ParsedRow<'_>| (row.row, row.draft.and_then(|draft| draft.judge(&knowledge.judge(now), &stamp(row.row))));
    Ok(rows.into_iter().map(judge).collect())
}

/// Of a workbook of one sheet each problem, as `row: field reason`.
fn said(sheets: &[(&str, &str, String)]) -> Vec<String> {
    let rows = judged(&packed(&parts(sheets, &["kept once"]))).unwrap();
    let words = |row, problem: Problem| format!("{row}: {} {}", problem.field, problem.reason);
    let of = |(row, judged): Judged| match judged {
        Ok(_) => vec![format!("{row}: ok")],
        Err(problems) => problems.into_iter().map(|problem| words(row, problem)).collect(),
    };
    rows.into_iter().flat_map(of).collect()
}

#[test]
fn a_sheet_below_its_title_is_read_each_cell_as_what_it_is() {
    let rows = [
        (1, vec![Made::Text("BÁO CÁO KẾT QUẢ"), Made::Blank]),
        (2, vec![Made::Shared(0)]),
        (5, header()),
        (6, row(vec![])),
        (9, row(vec![("plan", Made::Formula("A1&amp;\"\"", "281/QĐ-TTg")), ("quote", Made::Shared(0))])),
    ];
    let sheets = [("Trang 1", "", sheet(&rows, &["A1:V1"]))];
    let judged = judged(&packed(&parts(&sheets, &["kept once"]))).unwrap();
    let event = |at: usize| judged[at].1.as_ref().unwrap().event();
    assert_eq!(judged.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 4]);
    let envelope = &event(0).envelope;
    assert_eq!(envelope.area_code.as_deref(), Some("02"));
    assert_eq!(envelope.area_date.unwrap().to_string(), "2024-12-31");
    assert_eq!(envelope.stated_on.unwrap().to_string(), "2024-12-20");
    let Facts::Statement(facts) = &event(0).facts else { panic!("a statement") };
    assert_eq!((facts.numerator, facts.denominator), (Some(138_068), Some(187_624)));
    assert_eq!(facts.period.unwrap().to_string(), "2024");
    assert_eq!(facts.printed_percent.as_ref().unwrap().as_str(), "73.58");
    let Facts::Statement(facts) = &event(1).facts else { panic!("a statement") };
    assert_eq!((facts.plan.as_deref(), facts.quote.as_deref()), (Some("281/QĐ-TTg"), Some("kept once")));
}

#[test]
fn the_first_visible_sheet_that_has_a_header_is_taken() {
    let other = || sheet(&[(1, vec![Made::Text("ghi chú")])], &[]);
    let of = |source: &str| sheet(&[(1, header()), (2, row(vec![("source", Made::Text(source))]))], &[]);
    let sheets = [
        ("Ẩn", "state=\"hidden\"", of("hidden")),
        ("Ghi chú", "", other()),
        ("Số liệu", "", of("taken")),
        ("Ví dụ", "", of("example")),
    ];
    let rows = judged(&packed(&parts(&sheets, &[]))).unwrap();
    let source = |at: usize| rows[at].1.as_ref().unwrap().event().envelope.source.clone();
    assert_eq!((rows.len(), source(0).as_deref()), (1, Some("taken")));
    // Of two sheets with rows none would be left out without a word.
    let sheets = [("Số liệu", "", of("taken")), ("Thêm", "", of("other"))];
    let Err(ParseError::Header(problems)) = judged(&packed(&parts(&sheets, &[]))) else { panic!("it was read") };
    assert!(problems[0].reason.contains("Số liệu and Thêm"), "{problems:?}");
}

#[test]
fn every_problem_names_its_cell() {
    let mut long = row(vec![]);
    long.extend([Made::Blank, Made::Text("x")]);
    let rows = [
        (3, header()),
        (4, row(vec![("numerator", Made::Error("#REF!")), ("area_date", Made::Number(4, "45657.5"))])),
        (5, row(vec![("numerator", Made::Text("138,000")), ("fact", Made::Text("fakt"))])),
        (6, row(vec![("source", Made::Blank)])),
        (7, row(vec![("printed_percent", Made::Number(1, "45323"))])),
        (8, row(vec![("numerator", Made::Number(5, "1.5"))])),
        (9, row(vec![("numerator", Made::Flag(true))])),
        (10, long),
        (11, row(vec![])),
    ];
    assert_eq!(
        said(&[("Báo cáo", "", sheet(&rows, &[]))]),
        [
            "1: area_date has a time of day ('Báo cáo'!E4)",
            "1: numerator has the error #REF! ('Báo cáo'!O4)",
            "2: fact \"fakt\" is no word of the list ('Báo cáo'!G5)",
            "2: numerator \"138,000\" can be 138 or 138000 ('Báo cáo'!O5)",
            "3: source is missing ('Báo cáo'!A6)",
            "4: printed_percent \"2024-02-01\" is no percent ('Báo cáo'!T7)",
            "5: numerator has a length of time ('Báo cáo'!O8)",
            "6: numerator true is no whole number ('Báo cáo'!O9)",
            "7: row has a value where no column is ('Báo cáo'!X10)",
            "8: ok",
        ]
    );
}

#[test]
fn a_header_that_is_nearly_one_says_what_is_wrong_where() {
    let mut names = header();
    names[6] = Made::Text("fakt");
    let header_of = |content: Vec<u8>| match rows(&content, None, 9) {
        Err(ParseError::Header(problems)) => problems,
        other => panic!("{other:?}"),
    };
    let one = |rows: &[(u32, Vec<Made<'_>>)]| packed(&parts(&[("S1", "", sheet(rows, &[]))], &[]));
    let said: Vec<_> = header_of(one(&[(2, names)])).into_iter().map(|p| format!("{} {}", p.field, p.reason)).collect();
    let expected = [
        "fact is missing from the header of form statement (S1, row 2)",
        "fakt is no column of form statement (S1!G2)",
    ];
    assert_eq!(said, expected);
    let none = header_of(one(&[(1, vec![Made::Text("ghi chú")])]));
    assert!(none[0].field == "header" && none[0].reason.contains("first 100 rows"), "{none:?}");
    // What stands too far below is not found.
    let far: Vec<_> = (1..=100).map(|number| (number, vec![Made::Text("x")])).chain([(101, header())]).collect();
    assert_eq!(header_of(one(&far))[0].field, "header");
}

#[test]
fn what_is_no_workbook_says_what_to_do() {
    let good = parts(&[("S1", "", sheet(&[(1, header()), (2, row(vec![]))], &[]))], &[]);
    let without = |name: &str| {
        let rest: Vec<_> = good.iter().filter(|(part, _)| part != name).cloned().collect();
        packed(&rest)
    };
    let with = |xml: &str| packed(&parts(&[("S1", "", xml.to_owned())], &[]));
    let cut = packed(&good)[..2_000].to_vec();
    for content in [
        cut,
        without("xl/_rels/workbook.xml.rels"),
        without("_rels/.rels"),
        with("<worksheet><sheetData><row><c r=\"A4294967295\"><v>1</v></c></row></sheetData></worksheet>"),
        with("<worksheet><sheetData><row><c r=\"ZZZZZ1\"><v>1</v></c></row></sheetData></worksheet>"),
        with(
            "<worksheet><sheetData><row><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row></sheetData></worksheet>",
        ),
        with("<worksheet><sheetData><row><c r=\"A1\" t=\"e\"><v>#SPILL!</v></c></row></sheetData></worksheet>"),
        with("<worksheet><sheetData><row><c r=\"A1\"><v>1"),
        with("no XML"),
    ] {
        let refused = rows(&content, None, 9);
        assert!(matches!(refused, Err(ParseError::Workbook(WorkbookError::Damaged(_)))), "{refused:?}");
    }
    // A program that is built to find overflows panics here, and this is no panic either.
    let beyond = with("<worksheet><sheetData><row><c r=\"A99999999999\"><v>1</v></c></row></sheetData></worksheet>");
    assert!(rows(&beyond, None, 9).is_err());
    let many: Vec<_> = (2..=11).map(|number| (number, row(vec![]))).collect();
    let sheet = sheet(&[vec![(1, header())], many].into_iter().flatten().collect::<Vec<_>>(), &[]);
    let many = rows(&packed(&parts(&[("S1", "", sheet)], &[])), None, 9);
    assert_eq!(many, Err(ParseError::TooManyRows { most: 9 }));
}

#[test]
fn a_text_that_is_kept_once_and_used_often_is_bounded() {
    let long = "x".repeat(1 << 20);
    let rows: Vec<_> = (1..=70).map(|number| (number, vec![Made::Shared(0)])).collect();
    let content = packed(&parts(&[("S1", "", sheet(&rows, &[]))], &[long.as_str()]));
    assert_eq!(super::rows(&content, None, 9), Err(WorkbookError::TooLarge { most: 64 << 20 }.into()));
}
