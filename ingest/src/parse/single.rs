//! Tests of sheets of single events: what a row is known by, and what is wrong with rows of each form.

use lantoa_schemas::event::Facts;
use lantoa_schemas::form::{ACTIVITY, MEMBERSHIP, RECOGNITION, REFERENCE};
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::vocabulary::{Step, Via};

use super::made::{Made, packed, parts, sheet};
use super::*;

const TOKEN: &str = "k1_abcdefghijklmnop";

/// A row by its number, and what became of it.
type Judged = (u64, Result<ValidatedEvent, Vec<Problem>>);

fn judged(content: &[u8], receipt: &str) -> Vec<Judged> {
    let knowledge = Knowledge::shipped();
    let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
    let stamp = |row| Stamp { sender: "local".into(), via: Via::File, receipt: receipt.into(), row };
    let rows = parse(content, Notation::Sheet(None), 50).unwrap();
    let judged = |row: ParsedRow| (row.row, row.draft.and_then(|draft| draft.judge(&judge, &stamp(row.row))));
    rows.into_iter().map(judged).collect()
}

/// The ids of the good rows.
fn ids(content: &str, receipt: &str) -> Vec<String> {
    let id = |(_, judged): Judged| judged.unwrap().event().envelope.event_id.clone();
    judged(content.as_bytes(), receipt).into_iter().map(id).collect()
}

/// The fields in trouble, a text a row.
fn troubles(form: &Form, rows: &[&[(&str, &str)]]) -> Vec<String> {
    let said = |(_, judged): Judged| match judged {
        Ok(_) => "ok".to_owned(),
        Err(problems) => {
            for problem in &problems {
                assert!(problem.in_vietnamese().is_some(), "reason.toml has no words for {problem:?}");
            }
            problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>().join(" ")
        }
    };
    judged(csv(form, rows).as_bytes(), "r").into_iter().map(said).collect()
}

/// A sheet of a form with all its columns; what a row does not give is as it has to be, or blank.
fn csv(form: &Form, rows: &[&[(&str, &str)]]) -> String {
    let names: Vec<&str> = form.all_columns().map(|column| column.name.as_str()).collect();
    let usual = |name: &str| match name {
        "source" => "qd-12",
        "occurred_on" => "2024-12-20",
        "area_level" if form != &REFERENCE => "Cấp tỉnh",
        "area_code" if form != &REFERENCE => "02 – Hà Giang",
        "area_date" if form != &REFERENCE => "20/12/2024",
        _ => "",
    };
    let line = |row: &&[(&str, &str)]| {
        let cell = |name: &&str| {
            let given = row.iter().find(|(column, _)| column == name).map(|(_, cell)| *cell);
            format!("\"{}\"", given.unwrap_or(usual(name)).replace('"', "\"\""))
        };
        names.iter().map(cell).collect::<Vec<_>>().join(",")
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("{}\n{}\n", names.join(","), lines.join("\n"))
}

#[test]
fn a_row_that_is_sent_again_in_another_sheet_is_the_same_event() {
    let seminar = [("activity", "Hội thảo"), ("attendances", "97")];
    let class = [("activity", "training_class"), ("attendances", "trên 1.200")];
    let added = [("activity", "conference"), ("attendances", "10")];
    let first = ids(&csv(&ACTIVITY, &[&seminar, &class]), "december");
    // A row is put in between, and the others are written in another way.
    let class_anew = [("activity", "Lớp tập huấn"), ("attendances", "1200"), ("attendances_precision", "over")];
    let second = ids(&csv(&ACTIVITY, &[&added, &seminar, &class_anew]), "january");
    assert_eq!(second[1..], first);
    assert!(!first.contains(&second[0]));
    // Two that say the same are two, in whatever sheet.
    let twice = ids(&csv(&ACTIVITY, &[&seminar, &class, &seminar]), "february");
    assert_eq!(twice[..2], first);
    assert_ne!(twice[2], twice[0]);
    let again = ids(&csv(&ACTIVITY, &[&seminar, &seminar, &added]), "march");
    assert_eq!(again, [twice[0].clone(), twice[2].clone(), second[0].clone()]);
}

#[test]
fn a_row_has_one_id_however_often_it_is_judged() {
    let seminar = [("activity", "Hội thảo"), ("attendances", "97")];
    let content = csv(&ACTIVITY, &[&seminar, &seminar]);
    let knowledge = Knowledge::shipped();
    let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
    let rows = parse(content.as_bytes(), Notation::Sheet(None), 50).unwrap();
    let pass = || {
        let id = |row: &ParsedRow| {
            let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: row.row };
            row.draft.as_ref().unwrap().judge(&judge, &stamp).unwrap().event().envelope.event_id.clone()
        };
        rows.iter().map(id).collect::<Vec<_>>()
    };
    let (dry, real) = (pass(), pass());
    assert_eq!(dry, real);
    assert_ne!(dry[0], dry[1]);
}

#[test]
fn a_workbook_and_csv_say_the_same_event() {
    let columns = [
        ("source", "qd-12", Made::Text("qd-12")),
        ("area_level", "province", Made::Text("Cấp tỉnh")),
        ("area_code", "02", Made::Number(3, "2")),
        ("area_date", "2024-12-20", Made::Number(1, "45646")),
        ("area_name", "", Made::Blank),
        ("occurred_on", "20/12/2024", Made::Number(1, "45646")),
        ("step", "recognised", Made::Text("Công nhận")),
        ("model", "learning_family", Made::Text("Gia đình học tập")),
        ("year", "2024", Made::Number(0, "2024")),
        ("subject_token", "", Made::Blank),
        ("subjects", "1.564", Made::Number(0, "1564")),
        ("decision_number", "12/QĐ-UBND", Made::Text("12/QĐ-UBND")),
    ];
    let mut text = (Vec::new(), Vec::new());
    let mut cells = (Vec::new(), Vec::new());
    for (name, written, made) in columns {
        text.0.push(name);
        text.1.push(written);
        cells.0.push(Made::Text(name));
        cells.1.push(made);
    }
    let text = format!("{}\n{}\n", text.0.join(","), text.1.join(","));
    let book = packed(&parts(&[("S1", "", sheet(&[(1, cells.0), (2, cells.1)], &[]))], &[]));
    let event = |content: &[u8]| judged(content, "r").remove(0).1.unwrap().event().clone();
    let (in_text, in_book) = (event(text.as_bytes()), event(&book));
    assert_eq!(in_text, in_book);
    let Facts::Recognition(facts) = &in_book.facts else { panic!("a recognition") };
    assert_eq!((facts.step, facts.subjects, facts.year), (Some(Step::Recognised), Some(1_564), Some(2024)));
    assert_eq!(in_book.envelope.event_type, "vn.lantoa.recognition.recognised.v1");
}

#[test]
fn what_is_wrong_with_a_row_is_told_at_once_whatever_it_lacks() {
    let with_token = |more: &[(&'static str, &'static str)]| {
        let usual = [("model", "learning_family"), ("year", "2024"), ("subject_token", TOKEN)];
        usual.into_iter().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    let rows = [
        with_token(&[("step", "đăng ký")]),
        with_token(&[("step", "công nhận")]),
        with_token(&[("step", "công nhậm"), ("area_code", "99")]),
        with_token(&[("score", "cao")]),
        with_token(&[("step", "chấm điểm"), ("score", "87,5"), ("criterion", "1")]),
        with_token(&[("step", "rated"), ("rating", "tốt")]),
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(Vec::as_slice).collect();
    assert_eq!(
        troubles(&RECOGNITION, &rows),
        ["ok", "decision_number", "step area_code", "step score", "ok", "criteria_set"]
    );
    let members: [&[(&str, &str)]; 3] = [
        &[("change", "gia nhập"), ("subject_token", TOKEN), ("party_member", "có")],
        &[("change", "rời hội"), ("subject_token", TOKEN), ("party_member", "chưa rõ")],
        &[("subject_token", "012345678901")],
    ];
    assert_eq!(troubles(&MEMBERSHIP, &members), ["ok", "party_member", "change subject_token"]);
}

#[test]
fn a_row_of_reference_data_names_the_column_of_its_body() {
    let rows: [&[(&str, &str)]; 9] = [
        &[("kind", "tuần lễ"), ("subject", "w"), ("year", "2025"), ("start", "01/10/2025"), ("end", "07/10/2025")],
        &[("kind", "tuần lễ"), ("subject", "w"), ("year", "2025"), ("start", "07/10/2025"), ("end", "01/10/2025")],
        &[("kind", "hạn báo cáo"), ("subject", "d"), ("year", "2025"), ("indicator", "xyz")],
        &[("kind", "hạn báo cáo"), ("subject", "d"), ("year", "2025"), ("due", "20/10/2025"), ("indicator", "xyz")],
        &[("kind", "hạn báo cáo"), ("subject", "d"), ("body", "{\"year\": 2025, \"due\": \"2025-10-20\"}")],
        &[("kind", "chỉ tiêu mới"), ("subject", "c"), ("id", "seminar"), ("name_vi", "a"), ("name_en", "b")],
        &[("kind", "thay đổi địa bàn"), ("subject", "a"), ("effective_on", "2026-01-01"), ("legal_basis", "b")],
        &[("kind", "gì đó"), ("year", "2025")],
        &[("subject", "w"), ("year", "x")],
    ];
    assert_eq!(
        troubles(&REFERENCE, &rows),
        ["ok", "end", "due", "indicator", "ok", "id", "body", "kind subject", "kind"]
    );
}
