use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::*;
use crate::catalogue::Catalogue;
use crate::validate::fields::SheetRow;
use crate::vocabulary::ReferenceKind;

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
            let shared = column(name).unwrap_or_else(|| panic!("{name} is not in form.toml"));
            let column = form.column(name).unwrap_or(shared);
            assert_eq!((column.name.as_str(), column.holds), (*name, shared.holds), "an own entry holds the same");
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
fn no_header_is_of_two_forms_and_a_spoilt_one_is_nearest_to_its_own() {
    for form in FORMS {
        let named: Vec<&str> = form.all_columns().map(|column| column.name.as_str()).collect();
        let headed: Vec<&str> = form.all_columns().map(|column| column.heading.as_str()).collect();
        for header in [&named, &headed] {
            assert_eq!(Form::of_header(header.iter().copied()), Some(form));
            for other in FORMS.iter().filter(|other| *other != form) {
                let missing = other.missing(header.iter().copied());
                assert!(!missing.is_empty(), "a sheet of {} passes for one of {}", form.name, other.name);
            }
        }
        let needed = form.columns;
        assert_eq!(Form::of_header(needed.iter().copied()), Some(form));
        for at in 0..needed.len() {
            let mut spoilt = needed.to_vec();
            spoilt[at] = "spoilt";
            assert_eq!(Form::of_header(spoilt.iter().copied()), None, "{} {}", form.name, needed[at]);
            assert_eq!(Form::nearest_to(spoilt.iter().copied()), Some(form), "{} {}", form.name, needed[at]);
        }
        let both: Vec<&str> = needed.iter().chain(STATEMENT.columns).copied().collect();
        assert!(Form::of_header(both.iter().copied()).is_some(), "what is too much is told column by column");
    }
    assert_eq!(Form::nearest_to(forms::SHARED.iter().copied()), None, "what all forms have says of none");
    assert_eq!(Form::nearest_to(["name", "phone"]), None);
}

#[test]
fn the_word_in_a_row_says_its_event_type() {
    let typed = |form: &Form, column: &str, word: Value| {
        let mut row = Map::new();
        row.insert(column.to_owned(), word);
        form.event_type(&row).map(|event_type| event_type.to_string())
    };
    for (form, column, word, expected) in [
        (&STATEMENT, "note", "x", "vn.lantoa.statement.stated.v1"),
        (&ACTIVITY, "note", "x", "vn.lantoa.activity.held.v1"),
        (&RECOGNITION, "step", "CÔNG NHẬN", "vn.lantoa.recognition.recognised.v1"),
        (&RECOGNITION, "step", "scored", "vn.lantoa.recognition.scored.v1"),
        (&MEMBERSHIP, "change", "rời hội", "vn.lantoa.membership.left.v1"),
        (&REFERENCE, "kind", "hạn báo cáo", "vn.lantoa.reference.return_due.v1"),
    ] {
        assert_eq!(typed(form, column, json!(word)).as_deref(), Ok(expected));
    }
    for (form, column, word, reason, remedy) in [
        (&RECOGNITION, "step", json!("công nhậm"), "\"công nhậm\" is no word of the list", "did you mean recognised"),
        (&RECOGNITION, "step", json!(" "), "is missing", "registered (đăng ký)"),
        (&MEMBERSHIP, "change", json!(3), "is no text", "joined (gia nhập) or left (rời hội)"),
        (&REFERENCE, "kind", json!("corrected"), "\"corrected\" is no word of the list", "plan_issued"),
    ] {
        let problem = typed(form, column, word).unwrap_err();
        assert_eq!((problem.field.as_str(), problem.reason.as_str()), (column, reason));
        assert!(problem.remedy.contains(remedy), "{problem:?}");
        assert!(problem.in_vietnamese().is_some(), "reason.toml has no words for {problem:?}");
        let fallback = form.fallback_type().to_string();
        assert_eq!(crate::stream::EventType::parse(&fallback), Some(form.fallback_type()));
    }
    // Every word of a form's column is a verb of its family, and every verb a word.
    for form in FORMS {
        let Says::Column { name, .. } = form.says else { continue };
        let Some(Holds::Word(list)) = form.column(name).map(|column| column.holds) else { panic!("{name} has words") };
        assert_eq!(list.words().iter().map(|word| word.code.as_str()).collect::<Vec<_>>(), form.family.verbs());
    }
}

/// What a row of the form `reference` is, and what is wrong with it.
fn bodied(kind: ReferenceKind, cells: Value) -> Result<Value, Vec<(String, String)>> {
    let cells = cells.as_object().unwrap().clone();
    let worded = Worded::new(&cells, Catalogue::shipped());
    let bodied = Bodied::new(&worded, Some(kind));
    assert!(bodied.unknown(&["body"]).is_empty(), "columns of a body are no fields of their own");
    let body = match bodied.get("body") {
        Some(Cell::Nested(body)) => body.clone(),
        _ => Value::Null,
    };
    bodied.judged(Ok(body)).map_err(|problems| {
        let told = |problem: Problem| {
            assert!(problem.in_vietnamese().is_some(), "reason.toml has no words for {problem:?}");
            (problem.field, problem.reason)
        };
        problems.into_iter().map(told).collect()
    })
}

#[test]
fn the_columns_of_a_kind_make_the_body_of_the_event() {
    for (kind, cells, expected) in [
        (
            ReferenceKind::PlanIssued,
            json!({ "number": "01/KH-UBND", "from_year": "2021", "to_year": 2025, "title": " " }),
            json!({ "number": "01/KH-UBND", "from_year": 2021, "to_year": 2025 }),
        ),
        (
            ReferenceKind::WeekDeclared,
            json!({ "year": "năm 2025", "start": "01/10/2025", "end": "2025-10-07", "theme": "Học tập" }),
            json!({ "year": 2025, "start": "2025-10-01", "end": "2025-10-07", "theme": "Học tập" }),
        ),
        (
            ReferenceKind::ReturnDue,
            json!({ "year": "2025", "due": "20/10/2025", "indicator": "learning_family" }),
            json!({ "year": 2025, "due": "2025-10-20", "indicator": "learning_family" }),
        ),
        (
            ReferenceKind::CatalogueEntered,
            json!({ "id": "reading_person", "name_vi": "Đọc", "name_en": "Reading", "bases": "Dân số; adult" }),
            json!({ "id": "reading_person", "name_vi": "Đọc", "name_en": "Reading", "bases": ["population", "adult"] }),
        ),
        (
            ReferenceKind::CatalogueEntered,
            json!({ "id": "reading_person", "name_vi": "Đọc", "name_en": "Reading" }),
            json!({ "id": "reading_person", "name_vi": "Đọc", "name_en": "Reading", "bases": [] }),
        ),
        (
            ReferenceKind::AreaClassified,
            json!({ "class": "Vùng khó khăn", "until": "31/12/2025" }),
            json!({ "class": "difficult", "until": "2025-12-31" }),
        ),
        // A whole body, or none, goes on as it is.
        (ReferenceKind::AreaChanged, json!({ "body": { "change": "merge" } }), json!({ "change": "merge" })),
        (ReferenceKind::AreaChanged, json!({}), Value::Null),
    ] {
        assert_eq!(bodied(kind, cells.clone()), Ok(expected), "{kind} {cells}");
    }
}

#[test]
fn what_is_wrong_with_a_body_names_its_column() {
    for (kind, cells, fields) in [
        (ReferenceKind::PlanIssued, json!({}), vec!["number", "from_year", "to_year"]),
        (ReferenceKind::PlanIssued, json!({ "number": "1", "from_year": "2021", "to_year": "25" }), vec!["to_year"]),
        (ReferenceKind::WeekDeclared, json!({ "year": 2025, "start": "10/2025" }), vec!["start", "end"]),
        (ReferenceKind::ReturnDue, json!({ "due": "20/10/2025", "theme": "x" }), vec!["theme", "year"]),
        (
            ReferenceKind::CatalogueEntered,
            json!({ "id": "a", "name_vi": "b", "name_en": "c", "bases": "dân số; thiên hà" }),
            vec!["bases"],
        ),
        (ReferenceKind::CatalogueEntered, json!({ "bases": "x" }), vec!["bases", "id", "name_vi", "name_en"]),
        (ReferenceKind::AreaClassified, json!({ "class": "dễ" }), vec!["class"]),
        (ReferenceKind::AreaChanged, json!({ "year": 2025, "body": {} }), vec!["year"]),
        (ReferenceKind::AreaChanged, json!({ "year": 2025 }), vec!["year"]),
    ] {
        let problems = bodied(kind, cells.clone()).unwrap_err();
        assert_eq!(problems.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), fields, "{kind} {cells}");
    }
    // A rule over the whole body is told at the column that it is about.
    let cells = json!({ "year": 2025, "start": "2025-10-07", "end": "2025-10-01" });
    let cells = cells.as_object().unwrap();
    let told = |kind| {
        let judged: Result<(), _> =
            Err(vec![Problem::new("body", "is wrong", ""), Problem::new("source", "is missing", "")]);
        let problems = Bodied::new(cells, kind).judged(judged).unwrap_err();
        problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>()
    };
    assert_eq!(told(Some(ReferenceKind::WeekDeclared)), ["end", "source"]);
    assert_eq!(told(None), ["source"], "of no kind nobody knows what is missing");
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
        ("step", "xếp loại", "rated"),
        ("change", "Gia nhập", "joined"),
        ("party_member", "Không", "false"),
        ("kind", "chỉ tiêu mới", "catalogue_entered"),
        ("model", "gia đình học tập", "learning_family"),
        ("activity", "Hội thảo", "seminar"),
        ("indicator", "learning_family", "learning_family"),
        ("criteria_set", "22/2020", "22/2020"),
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
