use lantoa_schemas::form::STATEMENT;
use serde_json::json;

use super::*;

/// `row: fields in trouble`, or `row: ok`.
fn seen(parsed: Result<Vec<ParsedRow<'_>>, ParseError>) -> Result<Vec<String>, ParseError> {
    let say = |row: ParsedRow<'_>| match row.draft {
        Ok(_) => format!("{}: ok", row.row),
        Err(problems) => {
            assert!(problems.iter().all(|p| !p.reason.is_empty() && !p.remedy.is_empty()));
            let fields: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
            format!("{}: {}", row.row, fields.join(" "))
        }
    };
    parsed.map(|rows| rows.into_iter().map(say).collect())
}

fn event() -> Value {
    json!({"specversion": "1.0", "id": "e-1", "source": "/province/02", "type": "vn.lantoa.statement.stated.v1",
           "time": "2024-10-02T00:00:00Z", "traceparent": "00-1-2-00", "data": {"numerator": 1}})
}

fn with(name: &str, value: Value) -> String {
    let mut event = event();
    event[name] = value;
    event.to_string()
}

fn without(name: &str) -> String {
    let mut event = event();
    event.as_object_mut().unwrap().remove(name);
    event.to_string()
}

#[test]
fn an_event_names_each_attribute_that_is_wrong() {
    for (text, expected) in [
        (event().to_string(), "1: ok"),
        (with("datacontenttype", json!("application/json; charset=utf-8")), "1: ok"),
        (with("datacontenttype", json!("application/vnd.x+json")), "1: ok"),
        (with("datacontenttype", json!("text/xml")), "1: datacontenttype"),
        (with("specversion", json!("0.3")), "1: specversion"),
        (without("specversion"), "1: specversion"),
        (without("id"), "1: id"),
        (with("id", json!(7)), "1: id"),
        (with("id", json!(" ")), "1: id"),
        (without("source"), "1: source"),
        (with("source", json!("two words")), "1: source"),
        (without("type"), "1: type"),
        (without("data"), "1: data"),
        (with("data", json!([1])), "1: data"),
        (with("data_base64", json!("AAAA")), "1: data_base64"),
        (with("numerator", json!(1)), "1: numerator"),
        (with("area_code", json!("02")), "1: area_code"),
        (with("Extension", json!("x")), "1: Extension"),
        (with("phone", json!("x")), "1: phone"),
        ("{}".to_owned(), "1: specversion id source type data"),
        ("[7]".to_owned(), "1: event"),
        (format!("[{}, {{}}]", event()), "1: ok 2: specversion id source type data"),
        (r#"{"id": "a", "id": "b"}"#.to_owned(), "1: event"),
    ] {
        assert_eq!(seen(parse(text.as_bytes(), Notation::Json, 9)).unwrap().join(" "), expected, "{text}");
    }
}

#[test]
fn what_is_no_document_is_refused_as_a_whole() {
    let bad_utf8 = |byte, line| ParseError::NotUtf8 { byte, line, likely: Likely::Unknown };
    for (content, notation, expected) in [
        (&b""[..], Notation::Json, ParseError::Empty),
        (b"\xEF\xBB\xBF \n", Notation::Json, ParseError::Empty),
        (b"[]", Notation::Json, ParseError::Empty),
        (b"\n \r\n", Notation::Lines, ParseError::Empty),
        (b"", Notation::Sheet(None), ParseError::Empty),
        (b"42", Notation::Json, ParseError::NoEvents),
        (b"{\n\"a\": \"\xFF\"}", Notation::Json, bad_utf8(9, 2)),
        (b"a,b\n\xE0,2", Notation::Sheet(None), bad_utf8(5, 2)),
        (b"{}\n{}\n{}", Notation::Lines, ParseError::TooManyRows { most: 2 }),
        (b"[1,2,3]", Notation::Json, ParseError::TooManyRows { most: 2 }),
        (b"a\n\"b\nc", Notation::Sheet(None), ParseError::Quotes { line: 2, how: "never ends" }),
    ] {
        assert_eq!(seen(parse(content, notation, 2)), Err(expected), "{}", String::from_utf8_lossy(content));
    }
    for content in ["{", "{\"a\":1}x", "nul", "{} {}", "[{},]"] {
        let refused = parse(content.as_bytes(), Notation::Json, 2);
        assert!(matches!(refused, Err(ParseError::NotJson(_))), "{content} {refused:?}");
    }
}

#[test]
fn a_bad_line_spoils_no_other() {
    let good = event().to_string();
    let mut content = format!("\u{feff}{good}\n\nnot json\r\n").into_bytes();
    content.extend(b"{\"id\": \"\xFF\"}\n");
    content.extend(good.as_bytes());
    assert_eq!(seen(parse(&content, Notation::Lines, 9)).unwrap(), ["1: ok", "3: event", "4: event", "5: ok"]);
}

#[test]
fn a_sheet_is_read_by_its_header() {
    let header = STATEMENT.columns.join(",");
    let blank = ",".repeat(STATEMENT.columns.len() - 1);
    let quoted = format!("{}\"a \"\"b\"\",\nc\"", ",".repeat(STATEMENT.columns.len() - 1));
    for (text, expected) in [
        (format!("{header}\nx{blank}\n"), Ok(vec!["1: ok"])),
        (format!("\u{feff}{header},note,,\r\nx{blank},y,,\r\n"), Ok(vec!["1: ok"])),
        (format!("{header}\n{quoted}\nx{blank}"), Ok(vec!["1: ok", "2: ok"])),
        (format!("{header}\n{blank}\nx{blank}"), Ok(vec!["2: ok"])),
        (format!("{header}\nx\nx{blank}\nx{blank},surplus"), Ok(vec!["1: row", "2: ok", "3: row"])),
        (header.replacen("fact", "fakt", 1), Err(vec!["fact", "fakt"])),
        (format!("{header},phone"), Err(vec!["phone"])),
        (format!("{header},note,note"), Err(vec!["note"])),
        (format!("{}\nx{}", header.replace(',', ";"), blank.replace(',', ";")), Ok(vec!["1: ok"])),
        (format!("{}\nx{}", header.replace(',', "\t"), blank.replace(',', "\t")), Ok(vec!["1: ok"])),
        (header.replace(',', "|"), Err(vec!["header"])),
        ("name,phone".to_owned(), Err(vec!["header", "phone"])),
        (format!("{header}\n"), Ok(vec![])),
    ] {
        let fields = |problems: &[Problem]| problems.iter().map(|p| p.field.clone()).collect::<Vec<_>>();
        match (seen(parse(text.as_bytes(), Notation::Sheet(None), 9)), expected) {
            (Ok(rows), Ok(expected)) => assert_eq!(rows, expected, "{text}"),
            (Err(ParseError::Empty), Ok(expected)) => assert!(expected.is_empty(), "{text}"),
            (Err(ParseError::Header(problems)), Err(expected)) => assert_eq!(fields(&problems), expected, "{text}"),
            (seen, expected) => panic!("{text}: {seen:?}, not {expected:?}"),
        }
    }
    let given = parse(b"name,phone\n1,2", Notation::Sheet(Some(&STATEMENT)), 9);
    let Err(ParseError::Header(problems)) = given else { panic!("{given:?}") };
    assert_eq!(problems.len(), STATEMENT.columns.len() + 2);
}

#[test]
fn columns_are_kept_apart_by_the_mark_that_the_header_has() {
    let header = STATEMENT.columns.join(";");
    let cells = |first: &str| format!("{first}{}", ";".repeat(STATEMENT.columns.len() - 1));
    for (text, expected) in [
        // Decimal commas are what semicolons are for.
        (format!("{header}\n{}", cells("1,5")), Ok(vec!["1: ok"])),
        (format!("{header}\n{}\n{}", cells("\"a;b\""), cells("\"a\nb\"")), Ok(vec!["1: ok", "2: ok"])),
        (format!("{header}\n{}x", cells("a;b")), Ok(vec!["1: row"])),
        (format!("\u{feff}sep=;\r\n{header}\r\n{}", cells("x")), Ok(vec!["1: ok"])),
        (format!("\"{}\",note\n1,2", STATEMENT.columns[0]), Err("header")),
        // Both make two columns, and neither makes a form.
        ("a,b;c\n1,2;3".to_owned(), Err("',' or ';'")),
        (format!("{header};a,b\n"), Err("a,b")),
        ("a;\"b\nc".to_owned(), Err("quotes")),
        ("\n\n".to_owned(), Err("empty")),
    ] {
        match (seen(parse(text.as_bytes(), Notation::Sheet(None), 9)), expected) {
            (Ok(rows), Ok(expected)) => assert_eq!(rows, expected, "{text}"),
            (Err(ParseError::Header(problems)), Err(expected)) => assert_eq!(problems[0].field, expected, "{text}"),
            (Err(ParseError::Marks(marks)), Err(expected)) => assert_eq!(marks, expected, "{text}"),
            (Err(ParseError::Quotes { .. }), Err(expected)) => assert_eq!("quotes", expected, "{text}"),
            (Err(ParseError::Empty), Err(expected)) => assert_eq!("empty", expected, "{text}"),
            (seen, expected) => panic!("{text}: {seen:?}, not {expected:?}"),
        }
    }
    // A line's number counts the line that only says what keeps columns apart.
    let text = format!("sep=;\n{header}\nx;y\n");
    let rows = parse(text.as_bytes(), Notation::Sheet(None), 9).unwrap();
    let problems = rows[0].draft.as_ref().unwrap_err();
    assert!(problems[0].reason.ends_with("(line 3)"), "{problems:?}");
}

#[test]
fn a_sheet_in_utf16_is_the_same_sheet() {
    let text = format!("{}\nHà Giang{}\n", STATEMENT.columns.join("\t"), "\t".repeat(STATEMENT.columns.len() - 1));
    let units: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let in_utf8 = parse(text.as_bytes(), Notation::Sheet(None), 9).unwrap();
    assert_eq!(parse(&units, Notation::Sheet(None), 9).unwrap(), in_utf8);
    assert!(parse(&units, Notation::Json, 9).is_err());
}

#[test]
fn quotes_that_would_swallow_rows_are_refused() {
    for (text, line) in [
        ("a,b\n1,\"x\" y\n", Some(2)),
        ("a\n\"1\n\n", Some(2)),
        ("a\n\"1\n\"\nx\n\"", Some(5)),
        ("a\"b,c\n5\" tall,\"\"", None),
    ] {
        let refused = parse(text.as_bytes(), Notation::Sheet(None), 9);
        let at = match refused {
            Err(ParseError::Quotes { line, .. }) => Some(line),
            _ => None,
        };
        assert_eq!(at, line, "{text}");
    }
}

#[test]
fn a_sheet_in_vietnamese_says_the_same_as_one_in_codes() {
    use lantoa_schemas::knowledge::Knowledge;
    use lantoa_schemas::vocabulary::Via;

    let headings: Vec<&str> =
        STATEMENT.columns.iter().map(|name| lantoa_schemas::form::column(name).unwrap().heading.as_str()).collect();
    let codes = "ha-giang-2024,2024,province,02,2024-12-31,Hà Giang,actual,learning_family,recognised,household,2024,\
                 2024,stock,all,138068,exact,187624,,,73.58,,";
    let words = "ha-giang-2024,2024,Cấp tỉnh,02 – Hà Giang,2024-12-31,,Thực hiện,Gia đình học tập,công nhận,Hộ gia đình,\
                 2024,2024,đến thời điểm,tổng số,138068,chính xác,187624,,,73.58,,";
    let event = |text: String| {
        let mut rows = parse(text.as_bytes(), Notation::Sheet(None), 9).unwrap();
        assert_eq!(rows.len(), 1);
        let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: 1 };
        let knowledge = Knowledge::shipped();
        let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
        rows.remove(0).draft.unwrap().judge(&judge, &stamp)
    };
    let in_codes = event(format!("{}\n{codes}\n", STATEMENT.columns.join(","))).unwrap();
    let in_words = event(format!("{},Kết quả\n{words},Đã nhận\n", headings.join(","))).unwrap();
    assert_eq!(in_words, in_codes);
    let wrong = words.replace("Thực hiện", "Thực hiệm").replace("tổng số", "thiên hà");
    let problems = event(format!("{}\n{wrong}\n", headings.join(","))).unwrap_err();
    let [fact, base] = problems.as_slice() else { panic!("{problems:?}") };
    assert_eq!((fact.field.as_str(), base.field.as_str()), ("fact", "base"));
    assert!(
        fact.reason.contains("\"Thực hiệm\"") && fact.remedy.contains("did you mean actual (thực hiện)?"),
        "{fact:?}"
    );
    assert!(base.remedy.contains("population (tổng dân số)"), "all that is possible, in both languages: {base:?}");
}

#[test]
fn a_heading_that_says_nothing_or_says_it_again_is_refused() {
    let header = STATEMENT.columns.join(",");
    for (text, field, remedy) in [
        (format!("{header},Năm"), "Năm", "period (Năm)"),
        (format!("{header},Ghi chu"), "Ghi chu", "note (Ghi chú)"),
        (header.replacen("numerator", "Số đat", 1), "numerator", "numerator (Số đạt)"),
    ] {
        let Err(ParseError::Header(problems)) = parse(text.as_bytes(), Notation::Sheet(None), 9) else {
            panic!("{text}")
        };
        let problem = problems.iter().find(|problem| problem.field == field).unwrap();
        assert!(problem.remedy.contains(remedy), "{problem:?}");
    }
}

#[test]
fn what_a_sheet_is_refused_for_is_told_in_vietnamese() {
    let header = STATEMENT.columns.join(",");
    for text in [
        header.replacen("fact", "fakt", 1),
        format!("{header},phone,supersedes,note,note"),
        "name,phone".to_owned(),
        format!("{header}\nx"),
    ] {
        let problems = match parse(text.as_bytes(), Notation::Sheet(None), 9) {
            Err(ParseError::Header(problems)) => problems,
            Err(error) => panic!("{text}: {error}"),
            Ok(rows) => rows.into_iter().flat_map(|row| row.draft.unwrap_err()).collect(),
        };
        for problem in problems {
            assert!(problem.in_vietnamese().is_some(), "reason.toml has no words for {problem:?}");
        }
    }
}

#[test]
fn a_column_for_persons_says_why_and_what_to_do() {
    let header = STATEMENT.columns.join(",");
    for (text, fields) in [
        (format!("{header},Họ và tên,Số CCCD,phone"), vec!["Họ và tên", "Số CCCD", "phone"]),
        (format!("{header},note,0912345678"), vec!["header"]),
        ("Họ tên,Ngày sinh,Lớp".to_owned(), vec!["header", "Họ tên", "Ngày sinh"]),
    ] {
        let Err(ParseError::Header(problems)) = parse(text.as_bytes(), Notation::Sheet(None), 9) else {
            panic!("{text}")
        };
        assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), fields, "{text}");
        assert!(problems.iter().any(|problem| problem.personal), "{problems:?}");
        for problem in problems.iter().filter(|problem| problem.personal) {
            let told = problem.in_vietnamese().unwrap();
            let said = format!("{problem:?} {told:?}");
            assert!(!said.contains("did you mean") && !said.contains("0912345678"), "{said}");
        }
    }
}
