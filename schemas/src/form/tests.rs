use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::*;
use crate::catalogue::Catalogue;
use crate::validate::fields::SheetRow;
use crate::validate::{Cell, Fields};
use crate::wording::spelt;

#[test]
fn a_header_names_its_form() {
    let header = STATEMENT.columns.to_vec();
    assert_eq!(Form::of_header(header.iter().copied()), Some(&STATEMENT));
    assert_eq!(Form::of_header(header[1..].iter().copied()), None);
    assert_eq!(STATEMENT.missing(header[1..].iter().copied()), vec!["source"]);
    assert_eq!(STATEMENT.unknown(["source", "note", "phone"]), vec!["phone"]);
}

#[test]
fn every_column_of_every_form_has_one_heading_and_says_what_to_write() {
    for form in FORMS {
        let names: Vec<&str> = form.columns.iter().chain(form.further_columns).copied().chain([RESULT]).collect();
        let mut seen = HashSet::new();
        for name in &names {
            let column = column(name).unwrap_or_else(|| panic!("{name} is not in form.toml"));
            assert!(!column.vi.is_empty() && !column.en.is_empty(), "{name}");
            assert_eq!(form.field(name), Some(*name));
            assert_eq!(form.field(&column.heading), Some(*name), "{}", column.heading);
            assert_eq!(form.field(&format!(" {} ", column.heading.to_uppercase())), Some(*name));
            assert!(seen.insert(spelt(&column.heading)), "{}", column.heading);
            assert!(spelt(&column.heading) != **name, "a heading is no name of a field");
        }
        assert_eq!(form.all_columns().count() + 1, names.len());
    }
}

#[test]
fn a_header_may_say_its_columns_in_vietnamese() {
    let vietnamese: Vec<&str> = STATEMENT.all_columns().map(|column| column.heading.as_str()).collect();
    assert_eq!(Form::of_header(vietnamese.iter().copied()), Some(&STATEMENT));
    let mut mixed: Vec<&str> = vietnamese.clone();
    mixed[0] = "source";
    mixed[10] = "ky";
    assert_eq!(STATEMENT.missing(mixed.iter().copied()), ["period"], "without its marks it is another word");
    mixed[10] = "Ki\u{300}";
    assert_eq!(Form::of_header(mixed.iter().copied()), Some(&STATEMENT));
    let owned: Vec<String> = mixed.iter().map(|heading| (*heading).to_owned()).collect();
    let names: Vec<&str> = STATEMENT.all_columns().map(|column| column.name.as_str()).collect();
    assert_eq!(STATEMENT.fields(&owned), names);
    let headings = ["Năm", "số  đạt", "Số điện thoại", "KẾT QUẢ", "period", "tử số"];
    assert_eq!(STATEMENT.unknown(headings), ["Số điện thoại"]);
    assert_eq!(STATEMENT.doubled(headings), [("period", "period"), ("tử số", "numerator")]);
    let nearest = |heading| STATEMENT.nearest(heading).map(|column| column.name.as_str());
    assert_eq!(nearest("Cơ sở tính tỷ lê"), Some("base"));
    assert_eq!(nearest("numeratr"), Some("numerator"));
    assert_eq!(nearest("xyz"), None);
}

fn read(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match Worded::new(fields, Catalogue::shipped()).get(name)? {
        Cell::Text(text) => Some(text.into_owned()),
        other => Some(format!("{other:?}")),
    }
}

#[test]
fn words_stand_for_codes_and_all_else_stays_as_it_is() {
    for (column, written, expected) in [
        ("fact", "Thực hiện", "actual"),
        ("fact", "actual", "actual"),
        ("fact", "thuc hien", "thuc hien"),
        ("stage", "ĐƯỢC CÔNG NHẬN", "recognised"),
        ("numerator_precision", "hơn", "over"),
        ("sessions_precision", "khoảng", "about"),
        ("measure", "Gia đình học tập", "learning_family"),
        ("measure", "gia đi\u{300}nh học tập", "learning_family"),
        ("measure", "learning_family", "learning_family"),
        ("measure", "Gia đình văn hóa", "Gia đình văn hóa"),
        ("subject_scope", "hộ gia đình", "household"),
        ("base", "Dân số", "population"),
        ("span", "đến nay", "stock"),
        ("area_level", "Cấp tỉnh", "province"),
        ("source_kind", "Báo cáo", "return"),
        ("area_code", "02 – Hà Giang", "02"),
        ("area_code", "02", "02"),
        ("area_code", "Hà Giang", "Hà Giang"),
        ("area_name", "Thực hiện", "Thực hiện"),
        ("note", "gần", "gần"),
    ] {
        let mut row = Map::new();
        row.insert(column.to_owned(), json!(written));
        assert_eq!(read(&row, column).as_deref(), Some(expected), "{column}: {written}");
    }
    let row = json!({ "area_code": "02 - Hà Giang", "fact": 7, "measure": "" });
    let row = row.as_object().unwrap();
    assert_eq!(read(row, "area_name").as_deref(), Some("Hà Giang"), "the cell of the code has the name, too");
    assert_eq!((read(row, "fact").as_deref(), read(row, "measure")), (Some("Integer(7)"), None));
    let row = json!({ "area_code": "02 – Hà Giang", "area_name": "Tỉnh Hà Giang" });
    assert_eq!(read(row.as_object().unwrap(), "area_name").as_deref(), Some("Tỉnh Hà Giang"));
}

#[test]
fn the_column_of_results_is_not_read() {
    let (header, cells) = (["period", RESULT, "phone"].map(str::to_owned), ["2024", "đã nhận", "1"].map(str::to_owned));
    let row = SheetRow { header: &header, cells: &cells };
    let worded = Worded::new(&row, Catalogue::shipped());
    assert_eq!(worded.unknown(&["period"]), ["phone"]);
}

#[test]
fn code_and_name_of_one_cell() {
    for (said, expected) in [
        ("02 – Hà Giang", Some(("02", "Hà Giang"))),
        (" 00004—Phường Ba Đình ", Some(("00004", "Phường Ba Đình"))),
        ("386 - Huyện Bá Thước - cũ", Some(("386", "Huyện Bá Thước - cũ"))),
        ("02", None),
        ("02 –", None),
        ("2 – Hà Giang", None),
        ("Hà Giang – 02", None),
        ("02 Hà Giang", None),
        ("", None),
    ] {
        assert_eq!(area_cell(said), expected, "{said}");
    }
}
