use serde_json::{Map, Value, json};

use super::*;

fn judge() -> Judge<'static> {
    Judge {
        history: AreaHistory::shipped(),
        catalogue: Catalogue::shipped(),
        now: "2026-01-15T03:00:00Z".parse().unwrap(),
    }
}

fn stamp() -> Stamp {
    Stamp { sender: "local".into(), via: Via::Http, receipt: "r".into(), row: 1 }
}

fn family_row() -> Map<String, Value> {
    let row = json!({
        "source": "ha-giang-2024", "stated_on": "2024", "area_level": "province", "area_code": "02",
        "area_date": "2024-12-31", "area_name": "Hà Giang", "fact": "actual", "measure": "learning_family",
        "stage": "recognised", "subject_scope": "household", "period": "2024", "as_at": "2024", "span": "stock",
        "base": "all", "numerator": 138068, "numerator_precision": "exact", "denominator": "187624",
        "printed_percent": "73.58"
    });
    row.as_object().unwrap().clone()
}

fn judged(event_type: &str, fields: &Map<String, Value>) -> Result<ValidatedEvent, Vec<Problem>> {
    let judged = judge().judge(&Row { event_id: Some("e-1"), event_type, reporter: None, fields }, &stamp());
    judged.inspect_err(|problems| problems.iter().for_each(is_told_in_vietnamese))
}

/// Whoever reads Vietnamese hears of every problem.
fn is_told_in_vietnamese(problem: &Problem) {
    assert!(problem.in_vietnamese().is_some(), "reason.toml has no words for {problem:?}");
}

#[test]
fn a_good_row_is_taken_as_it_is() {
    let event = judged("vn.lantoa.statement.stated.v1", &family_row()).unwrap();
    let Facts::Statement(facts) = &event.event().facts else { panic!("a statement") };
    assert_eq!((facts.numerator, facts.denominator), (Some(138_068), Some(187_624)));
    assert_eq!(event.event().envelope.key(), "province/02");
    assert_eq!(event.event().envelope.recorded, Some(judge().now));
}

#[test]
fn each_fault_names_its_field() {
    for (field, value, named) in [
        ("numerator", json!("138,000"), "numerator"),
        ("numerator", json!("75-80"), "numerator"),
        ("numerator", json!("gần 138.068"), "numerator_precision"),
        ("numerator", json!("138.068/187.625"), "denominator"),
        ("numerator", json!(-1), "numerator"),
        ("numerator", json!(1.5), "numerator"),
        ("numerator", json!([1]), "numerator"),
        ("fact", json!("actuall"), "fact"),
        ("fact", Value::Null, "fact"),
        ("measure", json!("learning_familly"), "measure"),
        ("subject_scope", json!("clan"), "subject_scope"),
        ("period", json!("24"), "period"),
        ("period", Value::Null, "period"),
        ("as_at", json!("2026-02"), "as_at"),
        ("stated_on", json!("2027"), "stated_on"),
        ("stated_on", json!("10/25/2024"), "stated_on"),
        ("area_code", json!("99"), "area_code"),
        ("area_date", json!("2025-07-01"), "area_date"),
        ("area_date", json!("2026-01-16"), "area_date"),
        ("area_date", Value::Null, "area_date"),
        ("area_level", json!("village"), "area_level"),
        ("source", json!("  "), "source"),
        ("printed_percent", json!("1.234"), "printed_percent"),
        ("printed_percent", json!("khoảng 73"), "printed_percent"),
        ("denominator", json!(0), "denominator"),
        ("denominator", json!("khoảng 187.624"), "denominator"),
        ("denominator", json!("187.624/2"), "denominator"),
        ("sessions", json!("3/4"), "sessions"),
        ("sessions_precision", json!("trên"), "sessions_precision"),
        ("phone", json!("0912"), "phone"),
        ("recorded", json!("2020-01-01"), "recorded"),
        ("supersedes", json!("e-0"), "supersedes"),
    ] {
        let mut row = family_row();
        row.insert(field.to_owned(), value.clone());
        let problems = judged("vn.lantoa.statement.stated.v1", &row).expect_err(&format!("{field} {value}"));
        assert_eq!(problems.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(), [named], "{field} {value}");
        assert!(problems.iter().all(|p| !p.reason.is_empty() && !p.remedy.is_empty()));
    }
}

#[test]
fn what_an_office_prints_is_stored_in_the_form_of_the_contract() {
    let mut row = family_row();
    for (field, value) in [
        ("stated_on", json!("20/12/2024")),
        ("area_date", json!("31/12/2024")),
        ("period", json!("năm 2024")),
        ("as_at", json!("tháng 12/2024")),
        ("numerator", json!("hơn 138.068/187.624")),
        ("numerator_precision", json!(null)),
        ("denominator", json!(null)),
        ("sessions", json!("1.234")),
        ("sessions_precision", json!("khoảng")),
        ("printed_percent", json!("73,58 %")),
    ] {
        row.insert(field.to_owned(), value);
    }
    let event = judged("vn.lantoa.statement.stated.v1", &row).unwrap();
    let Facts::Statement(facts) = &event.event().facts else { panic!("a statement") };
    assert_eq!((facts.numerator, facts.denominator), (Some(138_068), Some(187_624)));
    assert_eq!(facts.numerator_precision, Some(crate::vocabulary::Precision::Over));
    assert_eq!((facts.sessions, facts.sessions_precision), (Some(1_234), Some(crate::vocabulary::Precision::About)));
    assert_eq!(facts.printed_percent.as_ref().map(|percent| percent.as_str()), Some("73.58"));
    let said = |date: Option<crate::partial_date::PartialDate>| date.map(|date| date.to_string());
    let envelope = &event.event().envelope;
    assert_eq!(said(envelope.stated_on).as_deref(), Some("2024-12-20"));
    assert_eq!(envelope.area_date.map(|day| day.to_string()).as_deref(), Some("2024-12-31"));
    assert_eq!(said(facts.as_at).as_deref(), Some("2024-12"));
    assert_eq!(facts.period.map(|period| period.to_string()).as_deref(), Some("2024"));
}

/// What a direct producer writes is stored as it is, so that a printed form would stand in the tables.
#[test]
fn a_direct_record_is_held_to_the_form_of_the_contract() {
    let direct = |field: &str, value: Value| {
        let mut row = family_row();
        row.insert(field.to_owned(), value);
        let judged = judge().judge_direct(Family::Statement, "e-1", "vn.lantoa.statement.stated.v1", &row);
        judged.map_err(|problems| problems.iter().map(|problem| problem.field.clone()).collect::<Vec<_>>())
    };
    assert_eq!(direct("note", Value::Null), Ok(()));
    assert_eq!(direct("printed_percent", json!("1.234")), Ok(()));
    for (field, value) in [
        ("printed_percent", "73,58"),
        ("stated_on", "02/10/2024"),
        ("as_at", "10/2024"),
        ("period", "năm 2024"),
        ("numerator", "138.068"),
        ("numerator_precision", "trên"),
    ] {
        assert_eq!(direct(field, json!(value)), Err(vec![field.to_owned()]), "{field} {value}");
    }
}

#[test]
fn a_cell_of_a_workbook_is_of_its_kind() {
    use fields::{TypedCell, TypedRow};
    let day = |text: &str| TypedCell::Day(text.parse().unwrap());
    let text = |text: &str| TypedCell::Text(text.to_owned());
    let good = || {
        vec![
            ("source", text("ha-giang-2024")),
            ("stated_on", day("2024-12-20")),
            ("area_level", text("province")),
            ("area_code", text("02")),
            ("area_date", day("2024-12-31")),
            ("fact", text("actual")),
            ("measure", text("learning_family")),
            ("period", TypedCell::Number(2024.0)),
            ("numerator", TypedCell::Number(138_068.0)),
            ("printed_percent", TypedCell::Number(1.234)),
        ]
    };
    let judged = |cells: Vec<(&str, TypedCell)>| {
        let (header, cells): (Vec<_>, Vec<_>) =
            cells.into_iter().map(|(name, cell)| (name.to_owned(), Some(cell))).unzip();
        let fields = TypedRow { header: &header, cells: &cells };
        let event_type = "vn.lantoa.statement.stated.v1";
        judge().judge(&Row { event_id: Some("e-1"), event_type, reporter: None, fields: &fields }, &stamp())
    };
    let event = judged(good()).unwrap();
    let Facts::Statement(facts) = &event.event().facts else { panic!("a statement") };
    assert_eq!(facts.numerator, Some(138_068));
    assert_eq!(facts.printed_percent.as_ref().map(|percent| percent.as_str()), Some("1.234"));
    for (field, cell, hint) in [
        ("numerator", day("2024-02-01"), "format the column as text"),
        ("printed_percent", day("2024-02-01"), "format the column as text"),
        ("area_code", TypedCell::Number(2.0), "zeros in front"),
        ("numerator", TypedCell::Number(138_068.5), "digits only"),
        ("numerator", TypedCell::Flag(true), "digits only"),
    ] {
        let mut cells = good();
        let at = cells.iter().position(|(name, _)| *name == field).unwrap();
        cells[at].1 = cell;
        let problems = judged(cells).unwrap_err();
        let named = problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>();
        assert_eq!(named, [field]);
        assert!(problems[0].remedy.contains(hint), "{problems:?}");
    }
}

#[test]
fn all_faults_come_at_once_and_a_deadline_may_lie_ahead() {
    let mut row = family_row();
    row.insert("numerator".into(), json!("x"));
    row.insert("span".into(), json!("stok"));
    assert_eq!(judged("vn.lantoa.statement.stated.v1", &row).unwrap_err().len(), 2);
    let mut target = family_row();
    target.insert("fact".into(), json!("target"));
    target.insert("period".into(), json!("2030"));
    assert!(judged("vn.lantoa.statement.stated.v1", &target).is_ok());
}

#[test]
fn a_code_of_another_time_gets_the_right_one_as_remedy() {
    let mut row = family_row();
    row.insert("area_code".into(), json!("24"));
    row.insert("area_name".into(), json!("Bắc Giang"));
    row.insert("area_date".into(), json!("2025-08-01"));
    let problems = judged("vn.lantoa.statement.stated.v1", &row).unwrap_err();
    assert!(problems[0].reason.contains("Bắc Ninh"), "{problems:?}");
}

#[test]
fn an_area_without_code_goes_by_its_name() {
    let mut row = family_row();
    row.insert("area_code".into(), Value::Null);
    row.insert("area_level".into(), Value::Null);
    row.insert("area_name".into(), json!("Đảng bộ Khối Cơ quan"));
    assert_eq!(
        judged("vn.lantoa.statement.stated.v1", &row).unwrap().event().envelope.key(),
        "name/Đảng bộ Khối Cơ quan"
    );
}

#[test]
fn other_families() {
    let common = json!({"source": "qd-1", "area_level": "commune", "area_code": "07513", "area_date": "2022-10-08", "occurred_on": "2022-10-01"});
    let with = |more: Value| {
        let mut row = common.as_object().unwrap().clone();
        row.extend(more.as_object().unwrap().clone());
        row
    };
    let token = "k1_abcdefghijklmnop";
    for (event_type, more, expected) in [
        (
            "vn.lantoa.recognition.recognised.v1",
            json!({"model": "learning_family", "year": 2022, "subject_token": token, "decision_number": "12/QĐ"}),
            Ok(()),
        ),
        (
            "vn.lantoa.recognition.recognised.v1",
            json!({"model": "learning_family", "year": 2022, "subject_token": token}),
            Err("decision_number"),
        ),
        (
            "vn.lantoa.recognition.registered.v1",
            json!({"model": "learning_family", "year": 2022, "subject_token": "012345678901"}),
            Err("subject_token"),
        ),
        (
            "vn.lantoa.recognition.registered.v1",
            json!({"model": "membership", "year": 2022, "subject_token": token}),
            Err("model"),
        ),
        ("vn.lantoa.activity.held.v1", json!({"activity": "seminar", "attendances": 40}), Ok(())),
        ("vn.lantoa.activity.held.v1", json!({"activity": "learning_family"}), Err("activity")),
        ("vn.lantoa.membership.joined.v1", json!({"subject_token": token, "party_member": true}), Ok(())),
        ("vn.lantoa.membership.joined.v1", json!({"subject_token": token, "change": "left"}), Err("change")),
        ("vn.lantoa.activity.retracted.v1", json!({"retracts": "e-0", "change_reason": "twice"}), Ok(())),
        ("vn.lantoa.activity.retracted.v1", json!({"retracts": "e-0"}), Err("change_reason")),
        (
            "vn.lantoa.reference.week_declared.v1",
            json!({"subject": "week-2025", "body": {"year": 2025, "start": "2025-10-01", "end": "2025-10-07"}}),
            Ok(()),
        ),
        ("vn.lantoa.reference.week_declared.v1", json!({"subject": "week-2025", "body": {"year": 2025}}), Err("body")),
        (
            "vn.lantoa.reference.area_classified.v1",
            json!({
                "subject": "difficult-07513", "effective_on": "2021-06-04", "legal_basis": "861/QĐ-TTg",
                "body": {"class": "difficult", "until": "2025-12-31"},
            }),
            Ok(()),
        ),
        (
            "vn.lantoa.reference.area_classified.v1",
            json!({
                "subject": "difficult-07513", "effective_on": "2021-06-04", "legal_basis": "861/QĐ-TTg",
                "body": {"class": "easy"},
            }),
            Err("body"),
        ),
        (
            "vn.lantoa.reference.area_classified.v1",
            json!({
                "subject": "difficult-07513", "effective_on": "2021-06-04", "legal_basis": "861/QĐ-TTg",
                "body": {"class": "difficult", "until": "2020-12-31"},
            }),
            Err("body"),
        ),
        (
            "vn.lantoa.reference.area_classified.v1",
            json!({"subject": "difficult-07513", "effective_on": "2021-06-04", "body": {"class": "difficult"}}),
            Err("legal_basis"),
        ),
        (
            "vn.lantoa.reference.area_classified.v1",
            json!({
                "subject": "difficult", "effective_on": "2021-06-04", "legal_basis": "861/QĐ-TTg", "area_code": null,
                "area_level": null, "area_date": null, "body": {"class": "difficult"},
            }),
            Err("area_code"),
        ),
        ("vn.lantoa.week.declared.v1", json!({}), Err("type")),
    ] {
        let judged = judged(event_type, &with(more.clone()));
        let fields = judged.map(|_| ()).map_err(|p| p.iter().map(|p| p.field.clone()).collect::<Vec<_>>());
        assert_eq!(fields, expected.map_err(|field| vec![field.to_owned()]), "{event_type} {more}");
    }
}

#[test]
fn an_event_without_an_id_of_its_own_may_be_known_by_what_it_says() {
    let row = json!({
        "source": "kh-1", "area_level": "commune", "area_code": "07513", "area_date": "2022-10-08", "activity": "seminar",
        "occurred_on": "2022-10-01", "attendances": "1.040"
    });
    let row = row.as_object().unwrap();
    let id = |field: &str, value: Value, change: fn(&mut Stamp), place: u64| {
        let mut row = row.clone();
        row.insert(field.to_owned(), value);
        let (mut stamp, event_type) = (stamp(), "vn.lantoa.activity.held.v1");
        change(&mut stamp);
        let event = judge().judge(&Row { event_id: None, event_type, reporter: None, fields: &row }, &stamp).unwrap();
        event.named_by_content(|_| place).event().envelope.event_id.clone()
    };
    let same = |_: &mut Stamp| {};
    let first = id("note", Value::Null, same, 1);
    for other in [
        id("attendances", json!(1040), same, 1),
        id("occurred_on", json!("01/10/2022"), same, 1),
        id("note", json!(" "), |stamp| (stamp.receipt, stamp.row, stamp.via) = ("other".into(), 7, Via::File), 1),
    ] {
        assert_eq!(other, first, "however it is written and wherever it stands");
    }
    for other in [
        id("note", Value::Null, same, 2),
        id("note", json!("x"), same, 1),
        id("attendances", json!(1041), same, 1),
        id("note", Value::Null, |stamp| stamp.sender = "other".into(), 1),
    ] {
        assert_ne!(other, first);
    }
}

#[test]
fn every_family_is_written_as_its_schema_says() {
    let mut encoder = crate::avro::Encoder::default();
    let mut out = Vec::new();
    let event = judged("vn.lantoa.statement.stated.v1", &family_row()).unwrap();
    let stream = encoder.event(event.event(), &mut out).unwrap();
    assert_eq!(crate::avro::fingerprint_of(&out), Some(crate::avro::fingerprint(stream)));
    for facts in [
        Facts::Statement(Box::default()),
        Facts::Recognition(Box::default()),
        Facts::Activity(Box::default()),
        Facts::Membership(Box::default()),
        Facts::Reference(Box::default()),
    ] {
        out.clear();
        let empty = Event { envelope: event.event().envelope.clone(), facts };
        encoder.event(&empty, &mut out).unwrap();
        assert!(!crate::receipt::content_key(&empty.envelope, &empty.facts).is_empty());
        assert!(out.len() > crate::avro::HEADER_LEN);
    }
}

/// What is refused for a person's data says so, and says nothing of it; nothing else is said of that row.
#[test]
fn personal_data_is_refused_and_never_repeated() {
    for (field, value, secret) in [
        ("note", json!("CCCD 001203012345"), "001203012345"),
        ("note", json!("gọi 0912.345.678"), "0912"),
        ("quote", json!("liên hệ lan@example.vn"), "lan@"),
        ("source", json!("Nguyễn Văn An"), "Nguyễn"),
        ("area_name", json!("hộ ông Nguyễn Văn An"), "Nguyễn"),
        ("reporter", json!("đồng chí Trần Thị Bình"), "Trần"),
        ("note", json!("số nhà 12, tổ dân phố 3"), "12,"),
        ("note", json!("dân tộc: Tày"), "Tày"),
        // Where a number or a code is wanted.
        ("numerator", json!("001203012345"), "001203012345"),
        ("numerator", json!("ông Nguyễn Văn An"), "Nguyễn"),
        ("fact", json!("Nguyễn Văn An"), "Nguyễn"),
        ("as_at", json!("0912345678"), "0912345678"),
        // Under a name that the family does not have.
        ("Họ và tên", json!("x y z"), "x y z"),
        ("notes", json!("0912345678"), "0912345678"),
        ("email", Value::Null, "null"),
    ] {
        let mut row = family_row();
        // Its reason would quote it.
        row.insert("measure".to_owned(), json!("gia đình ở ngã tư"));
        row.insert(field.to_owned(), value.clone());
        let problems = judged("vn.lantoa.statement.stated.v1", &row).expect_err(&format!("{field} {value}"));
        assert_eq!(problems.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(), [field], "{value}");
        assert!(problems[0].personal, "{problems:?}");
        let told = format!("{problems:?} {}", serde_json::to_string(&problems).unwrap());
        assert!(!told.contains(secret) && !told.contains("ngã tư"), "{told}");
        assert!(serde_json::to_value(&problems[0]).unwrap().get("personal").is_none());
    }
    let judged = |id: &str, event_type: &str, reporter: Option<&str>, fields: &Map<String, Value>| {
        let problems = judge().judge(&Row { event_id: Some(id), event_type, reporter, fields }, &stamp()).unwrap_err();
        problems.into_iter().map(|problem| (problem.field, problem.personal)).collect::<Vec<_>>()
    };
    let (row, stated) = (family_row(), "vn.lantoa.statement.stated.v1");
    assert_eq!(judged("001203012345", stated, None, &row), [("id".to_owned(), true)]);
    assert_eq!(judged("Nguyễn Văn An", stated, None, &row), [("id".to_owned(), true)]);
    assert_eq!(judged("e", stated, Some("mailto:lan@example.vn"), &row), [("source".to_owned(), true)]);
    let mut of_no_type = Map::new();
    of_no_type.insert("anything".to_owned(), json!("0912345678"));
    assert_eq!(judged("e", "vn.lantoa.x.y.v1", None, &of_no_type), [("anything".to_owned(), true)]);
}

#[test]
fn what_is_quoted_may_name_an_official_and_no_more() {
    let mut row = family_row();
    row.insert("quote".into(), json!("Ông Nguyễn Văn Sơn, Phó Chủ tịch UBND tỉnh, phát biểu"));
    row.insert("source_url".into(), json!("https://example.vn/tin-0912345678.htm"));
    row.insert("source_issuer".into(), json!("Hội Khuyến học tỉnh Bắc Giang"));
    row.insert("note".into(), json!("phường Trần Hưng Đạo, THPT Nguyễn Trãi, 1.564 tổ dân phố"));
    assert!(judged("vn.lantoa.statement.stated.v1", &row).is_ok());
}

/// A direct record is stored with all its columns, those of a retraction too, which nobody reads.
#[test]
fn a_direct_record_is_looked_through_whole() {
    let direct = |event_type: &str, fields: Value| {
        let fields = fields.as_object().unwrap();
        let judged = judge().judge_direct(Family::Statement, "e-1", event_type, fields);
        judged.map_err(|problems| problems.into_iter().map(|p| (p.field, p.personal)).collect::<Vec<_>>())
    };
    let retraction = |quote: &str| {
        json!({
            "retracts": "e-0", "change_reason": "twice", "area_level": "province", "area_code": "02",
            "area_date": "2024-12-31", "quote": quote
        })
    };
    assert_eq!(direct("vn.lantoa.statement.retracted.v1", retraction("x")), Ok(()));
    let quoted = Err(vec![("quote".to_owned(), true)]);
    assert_eq!(direct("vn.lantoa.statement.retracted.v1", retraction("0912345678")), quoted);
    for event_type in ["vn.lantoa.activity.held.v1", "no type"] {
        assert_eq!(direct(event_type, retraction("0912345678")), quoted, "{event_type}");
        let fields = retraction("x");
        let judged = judge().judge_direct(Family::Statement, "001203012345", event_type, fields.as_object().unwrap());
        let problems = judged.unwrap_err();
        assert!(problems.len() == 1 && problems[0].field == "id" && problems[0].personal, "{problems:?}");
    }
}
