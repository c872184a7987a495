use lantoa_schemas::form::{ACTIVITY, Holds, MEMBERSHIP, RECOGNITION, REFERENCE, STATEMENT, column};
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::validate::Stamp;
use lantoa_schemas::vocabulary::Via;
use rust_xlsxwriter::row_col_to_cell;

use super::*;
use crate::parse::{Notation, parse};
use crate::test_workbook::{csv, part, sheet};

const GOOD: &str = "ha-giang-2024,2024,province,02,2024-12-31,Hà Giang,actual,learning_family,recognised,household,2024,2024,\
                    stock,all,138068,exact,187624,,,73.58,,=1+1";

/// What intake refuses of a sheet, and how many rows it takes.
fn judged(content: &[u8]) -> (Vec<Refused>, usize) {
    let knowledge = Knowledge::shipped();
    let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
    let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: 1 };
    let (mut refused, mut taken) = (Vec::new(), 0);
    match parse(content, Notation::Sheet(None), 100) {
        Ok(rows) => {
            for row in rows {
                match row.draft.and_then(|draft| draft.judge(&judge, &stamp)) {
                    Ok(_) => taken += 1,
                    Err(problems) => {
                        refused.extend(problems.into_iter().map(|problem| Refused { row: Some(row.row), problem }));
                    }
                }
            }
        }
        Err(ParseError::Header(problems)) => {
            refused.extend(problems.into_iter().map(|problem| Refused { row: None, problem }));
        }
        Err(error) => panic!("{error}"),
    }
    (refused, taken)
}

fn place(name: &str) -> u16 {
    STATEMENT.columns.iter().position(|column| *column == name).unwrap() as u16
}

/// The cells that have a note, in the order of the file.
fn noted(bytes: &[u8]) -> Vec<String> {
    let comments = part(bytes, "xl/comments1.xml");
    let cells = comments.split("<comment ref=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    cells.map(|(cell, _)| cell.to_owned()).collect()
}

#[test]
fn bad_cells_are_marked_where_they_are_and_the_rest_is_as_it_was() {
    let header = STATEMENT.columns.join(",");
    let bad = GOOD.replace("138068", "many").replace(",2024,2024,stock", ",,2024,stok");
    let content = format!("{header}\n{GOOD}\n{bad}\n,,\nshort\n");
    let (refused, taken) = judged(content.as_bytes());
    assert_eq!(taken, 1);
    let bytes = workbook(content.as_bytes(), None, &refused, true).unwrap();
    let rows = sheet(&bytes, SHEET);
    let result = STATEMENT.columns.len();
    assert_eq!(rows[0][..result], *STATEMENT.columns);
    assert_eq!(rows[1][..result].join(","), GOOD, "a formula is a text and a code keeps its zero");
    assert_eq!(rows[2][..result].join(","), bad);
    assert_eq!(rows[4][0], "short");
    let said = [&rows[0][result], &rows[1][result], &rows[3][result]];
    assert_eq!(said, ["Kết quả", "Đã nhận", ""]);
    assert!(
        rows[2][result].starts_with("Chưa nhận: ") && rows[2][result].contains("Năm: chưa ghi"),
        "{}",
        rows[2][result]
    );
    assert!(rows[4][result].contains("1 ô trong khi dòng tiêu đề có 22"), "{}", rows[4][result]);
    let mut expected = ["period", "span", "numerator"].map(|name| row_col_to_cell(2, place(name))).to_vec();
    expected.push(row_col_to_cell(4, result as u16));
    assert_eq!(noted(&bytes), expected);
    let comments = part(&bytes, "xl/comments1.xml");
    for words in ["Khoảng thời gian: ", "không có trong danh sách", "is no word of the list", "Cách sửa: "] {
        assert!(comments.contains(words), "{words}: {comments}");
    }
    // Red are the four cells and the two results, green is the one that was taken.
    let cells = part(&bytes, "xl/worksheets/sheet1.xml");
    let style = |cell: &str| {
        let (_, rest) = cells.split_once(&format!("r=\"{cell}\"")).unwrap();
        rest.split_once("s=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    let red = style(&expected[0]);
    assert!(expected.iter().all(|cell| style(cell) == red), "{cells}");
    assert_eq!(style(&row_col_to_cell(2, result as u16)), red);
    assert_ne!(style(&row_col_to_cell(1, result as u16)), red);
    assert_ne!(style("A3"), red);
}

#[test]
fn a_returned_sheet_that_was_mended_goes_in_as_it_is() {
    let headings: Vec<&str> = STATEMENT.columns.iter().map(|name| column(name).unwrap().heading.as_str()).collect();
    let bad = GOOD.replace("learning_family", "Gia đình họctập");
    let content = format!("{}\n{GOOD}\n{bad}\n", headings.join(","));
    let (refused, _) = judged(content.as_bytes());
    let mut rows = sheet(&workbook(content.as_bytes(), None, &refused, true).unwrap(), SHEET);
    let again = csv(&rows);
    let (still, taken) = judged(&again);
    assert_eq!((taken, still.len(), still[0].problem.field.as_str()), (1, 1, "measure"));
    // It comes back with one column of results, and not with two.
    let twice = sheet(&workbook(&again, None, &still, true).unwrap(), SHEET);
    assert_eq!(twice, rows);
    rows[2][usize::from(place("measure"))] = "Gia đình học tập".to_owned();
    assert_eq!(judged(&csv(&rows)), (Vec::new(), 2));
}

#[test]
fn a_header_that_is_no_forms_is_marked_where_it_is_wrong() {
    let header = STATEMENT.columns.join(",").replacen("fact", "fakt", 1).replacen("plan", "Kế hoạck", 1);
    let content = format!("{header}\n{GOOD}\n");
    let (refused, taken) = judged(content.as_bytes());
    assert_eq!((taken, refused.len()), (0, 4));
    let bytes = workbook(content.as_bytes(), None, &refused, false).unwrap();
    let result = STATEMENT.columns.len();
    let expected = [place("fact"), place("plan"), result as u16].map(|at| row_col_to_cell(0, at));
    assert_eq!(noted(&bytes), expected, "what is missing is told above the results");
    let rows = sheet(&bytes, SHEET);
    assert_eq!(rows[1].get(result).map_or("", String::as_str), "", "no row was taken");
}

#[test]
fn a_sheet_comes_back_in_the_looks_of_the_template_with_its_drop_downs() {
    let content = format!("{}\n{GOOD}\n", STATEMENT.columns.join(","));
    let bytes = workbook(content.as_bytes(), None, &[], true).unwrap();
    let xml = part(&bytes, "xl/worksheets/sheet1.xml");
    let offered = STATEMENT.columns.iter().filter_map(|name| column(name));
    let offered =
        offered.filter(|column| matches!(column.holds, Holds::Word(_) | Holds::Measure | Holds::Scope)).count();
    assert_eq!(xml.matches("<dataValidation ").count(), offered, "{xml}");
    let measures = format!("{0}:{1}", row_col_to_cell(1, place("measure")), row_col_to_cell(201, place("measure")));
    assert!(xml.contains(&format!("sqref=\"{measures}\"")), "{xml}");
    let lists = sheet(&bytes, LISTS_SHEET).concat();
    assert!(lists.contains(&"Gia đình học tập".to_owned()) && !lists.contains(&"Địa bàn".to_owned()));
    // The widths are those of the template: that of measures is another than that of years.
    let width = |name: &str| {
        let at = usize::from(place(name)) + 1;
        let (_, rest) = xml.split_once(&format!("<col min=\"{at}\"")).unwrap_or_else(|| panic!("{name}: {xml}"));
        rest.split_once("width=\"").unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    assert_ne!(width("measure"), width("period"));
    assert!(xml.contains("ht=\"48\""), "the header has the height of the template's");
}

#[test]
fn a_workbook_without_the_header_of_a_form_comes_back_with_its_header_marked() {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_string(0, 0, "BÁO CÁO").unwrap();
    page.write_string(1, 0, "Họ tên").unwrap();
    page.write_string(1, 1, "Nội dung gì đó").unwrap();
    let sent = book.save_to_buffer().unwrap();
    let (refused, taken) = judged(&sent);
    assert_eq!((taken, refused.len(), refused[0].problem.field.as_str()), (0, 1, "header"));
    let bytes = workbook(&sent, None, &refused, false).unwrap();
    let rows = sheet(&bytes, SHEET);
    assert_eq!((rows[0][0].as_str(), rows[1][1].as_str()), ("BÁO CÁO", "Nội dung gì đó"));
    assert_eq!(noted(&bytes), ["A2", "C2"]);
    assert!(part(&bytes, "xl/comments1.xml").contains("Dòng tiêu đề: "));
}

#[test]
fn rows_of_every_form_come_back_with_their_bad_cells_marked() {
    for (form, cells, bad) in [
        (
            &RECOGNITION,
            vec![("step", "công nhậm"), ("model", "Hội thảo"), ("year", "24")],
            vec!["step", "model", "year"],
        ),
        (&ACTIVITY, vec![("activity", "Gia đình học tập"), ("attendances", "đông")], vec!["activity", "attendances"]),
        (&MEMBERSHIP, vec![("change", ""), ("subject_token", "012345678901")], vec!["change", "subject_token"]),
        (
            &REFERENCE,
            vec![("kind", "hạn báo cáo"), ("area_code", "99"), ("area_level", "tỉnh")],
            vec!["subject", "area_code"],
        ),
    ] {
        let good = |name: &str| match name {
            "source" => "qd-1",
            "occurred_on" => "2024-12-20",
            "area_level" => "province",
            "area_code" => "02",
            "area_date" => "2024-12-20",
            _ => "",
        };
        let of = |name: &str| cells.iter().find(|(column, _)| *column == name).map_or(good(name), |(_, cell)| *cell);
        let row: Vec<&str> = form.columns.iter().map(|name| of(name)).collect();
        let content = format!("{}\n{}\n", form.columns.join(","), row.join(","));
        let (refused, taken) = judged(content.as_bytes());
        assert_eq!(taken, 0, "{}", form.name);
        let bytes = workbook(content.as_bytes(), None, &refused, true).unwrap();
        let at = |name: &&str| form.columns.iter().position(|column| column == name).unwrap() as u16;
        let marked = noted(&bytes);
        for name in &bad {
            let cell = row_col_to_cell(1, at(name));
            assert!(marked.contains(&cell), "{} {name}: {marked:?} {refused:?}", form.name);
        }
        assert!(refused.iter().all(|one| one.problem.in_vietnamese().is_some()), "{refused:?}");
    }
}

#[test]
fn what_is_no_sheet_cannot_be_given_back_and_what_is_too_long_is_cut() {
    for content in [&b"PK\x03\x04"[..], b"", b"a,\xFF"] {
        assert!(matches!(workbook(content, None, &[], false), Err(ReturnedError::Parse(_))));
    }
    let long = "ữ".repeat(40_000);
    let bytes = workbook(format!("a\n{long}\n").as_bytes(), None, &[], false).unwrap();
    let cell = &sheet(&bytes, SHEET)[1][0];
    assert_eq!(cell.chars().count(), MOST_UNITS);
    assert!(long.starts_with(cell.trim_end_matches('…')));
}

/// Rows as somebody fills them in below a title, with numbers as numbers.
fn filled_in(rows: &[String]) -> Vec<u8> {
    let mut book = Workbook::new();
    let page = book.add_worksheet();
    page.write_string(0, 0, "BÁO CÁO").unwrap();
    for (at, name) in (0..).zip(STATEMENT.columns) {
        page.write_string(2, at, column(name).unwrap().heading.as_str()).unwrap();
    }
    let numbers = ["numerator", "denominator", "printed_percent"].map(place);
    for (row, line) in (3..).zip(rows) {
        for (at, cell) in (0..).zip(line.split(',')) {
            match cell.parse::<f64>() {
                Ok(number) if numbers.contains(&at) => page.write_number(row, at, number).unwrap(),
                _ => page.write_string(row, at, cell).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_comes_back_with_its_title_and_each_cell_of_its_kind() {
    // As a text, 1.234 could be a thousand and more.
    let (good, bad) = (GOOD.replace("73.58", "1.234"), GOOD.replace("138068", "many"));
    let sent = filled_in(&[good, bad]);
    let (refused, taken) = judged(&sent);
    assert_eq!((taken, refused.len()), (1, 1), "{refused:?}");
    let bytes = workbook(&sent, None, &refused, true).unwrap();
    let (rows, result) = (sheet(&bytes, SHEET), STATEMENT.columns.len());
    assert_eq!(rows[0][0], "BÁO CÁO");
    assert_eq!(rows[3][result], "Đã nhận");
    assert_eq!(noted(&bytes), [row_col_to_cell(4, place("numerator"))]);
    let said = &rows[4][result];
    assert!(said.contains("(ô Sheet1!O5)"), "the cell as whoever sent it sees it: {said}");
    let (still, taken) = judged(&bytes);
    assert_eq!((taken, still.len(), still[0].problem.field.as_str()), (1, 1, "numerator"));
}
