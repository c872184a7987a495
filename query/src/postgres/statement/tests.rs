use super::*;

fn of(text: &str) -> Statement {
    Statement::of(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn what_concerns_the_connection_is_told_from_questions() {
    let set = |name: &str, value: Option<&str>, local| Statement::Set {
        name: name.into(),
        value: value.map(str::to_owned),
        local,
    };
    for (text, expected) in [
        ("-- only words", Statement::Empty),
        ("SELECT 1", Statement::Question),
        ("(select 1)", Statement::Question),
        ("begin read only", Statement::Begin),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE", Statement::Begin),
        ("/* x */ COMMIT", Statement::Commit),
        ("ROLLBACK", Statement::Rollback),
        ("rollback to savepoint \"A b\"", Statement::RollbackTo("A b".into())),
        ("RELEASE sa_savepoint_1", Statement::Release("sa_savepoint_1".into())),
        ("SET lantoa.map = '2025-07-01'", set("lantoa.map", Some("2025-07-01"), false)),
        ("set local Statement_Timeout to 5000", set("statement_timeout", Some("5000"), true)),
        ("SET search_path = public, \"x\"", set("search_path", Some("public, x"), false)),
        ("SET SESSION TIME ZONE 'UTC'", set("timezone", Some("UTC"), false)),
        ("SET extra_float_digits TO DEFAULT", set("extra_float_digits", None, false)),
        ("SET x = -1.5", set("x", Some("-1.5"), false)),
        ("RESET lantoa.map", set("lantoa.map", None, false)),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", Statement::Nothing("SET")),
        ("SHOW TRANSACTION ISOLATION LEVEL", Statement::Show("transaction_isolation".into())),
        ("show DateStyle", Statement::Show("datestyle".into())),
        ("SHOW TABLES", Statement::Question),
        ("SHOW COLUMNS FROM indicator", Statement::Question),
        ("DISCARD ALL", Statement::Discard(Discard::All)),
        ("DEALLOCATE ALL", Statement::Deallocate(None)),
        ("CLOSE \"cur\"", Statement::Close(Some("cur".into()))),
        ("UNLISTEN *", Statement::Nothing("UNLISTEN")),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn cursors_go_forward() {
    let declared = of("DECLARE \"c 1\" NO SCROLL CURSOR WITH HOLD FOR SELECT 1 -- one");
    let query = "SELECT 1 -- one".to_owned();
    assert_eq!(declared, Statement::Declare { name: "c 1".into(), query, hold: true });
    for (text, step, rows) in [
        ("FETCH c", Step::Forward(1), true),
        ("FETCH next", Step::Forward(1), true),
        ("FETCH FORWARD 100 FROM c", Step::Forward(100), true),
        ("fetch all in c", Step::All, true),
        ("FETCH FORWARD ALL FROM c", Step::All, true),
        ("FETCH 7 c", Step::Forward(7), true),
        ("MOVE 10 FROM c", Step::Forward(10), false),
        ("MOVE ABSOLUTE 0 FROM c", Step::To(0), false),
        ("FETCH RELATIVE 3 FROM c", Step::By(3), true),
        ("FETCH -1 FROM c", Step::Back, true),
        ("FETCH BACKWARD 2 FROM c", Step::Back, true),
        ("FETCH LAST FROM c", Step::Back, true),
    ] {
        let Statement::Fetch(fetch) = of(text) else { panic!("{text}") };
        assert_eq!((fetch.step, fetch.rows), (step, rows), "{text}");
    }
}

#[test]
fn questions_are_prepared_with_types_and_answered_with_constants() {
    let prepare = |name: &str, types: &[u32]| Statement::Prepare {
        name: name.into(),
        types: types.to_vec(),
        query: "SELECT $1".into(),
    };
    for (text, expected) in [
        ("PREPARE q AS SELECT $1", prepare("q", &[])),
        ("prepare \"Q x\" (int, Numeric(10, 2)) as SELECT $1", prepare("Q x", &[23, 1700])),
        (
            "PREPARE q (timestamp(3) with time zone, text[], pg_catalog.int8, unknown, character varying(5)) AS SELECT $1",
            prepare("q", &[1184, 1009, 20, 0, 25]),
        ),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
    let call = |values: &[Option<&str>]| {
        let values = values.iter().map(|value| value.map(str::to_owned)).collect();
        Statement::Execute(Call { name: "q".into(), values })
    };
    for (text, values) in [
        ("EXECUTE q", vec![]),
        ("execute Q (1, -2.5, +3)", vec![Some("1"), Some("-2.5"), Some("3")]),
        ("EXECUTE q('a''b, (c)', E'd\\'', $$e$$)", vec![Some("a'b, (c)"), Some("d'"), Some("e")]),
        ("EXECUTE q(DATE '2024-10-31', '5'::int, (true))", vec![Some("2024-10-31"), Some("5"), Some("true")]),
        ("EXECUTE q(NULL, CAST(NULL AS int), X'00ff')", vec![None, None, Some("\\x00ff")]),
    ] {
        assert_eq!(of(text), call(&values), "{text}");
    }
    for (refused, state) in [
        ("PREPARE q", state::SYNTAX),
        ("PREPARE q (int SELECT 1", state::SYNTAX),
        ("PREPARE q (inet) AS SELECT 1", state::NO_SETTING),
        ("EXECUTE q (1", state::SYNTAX),
        ("EXECUTE q (1) x", state::SYNTAX),
        ("EXECUTE q 1", state::SYNTAX),
        ("EXECUTE q (name)", state::UNSUPPORTED),
        ("EXECUTE q ($1)", state::UNSUPPORTED),
        ("EXECUTE q ((SELECT 1))", state::UNSUPPORTED),
        ("EXECUTE q (now())", state::UNSUPPORTED),
    ] {
        assert_eq!(Statement::of(refused).unwrap_err().state, state, "{refused}");
    }
}

#[test]
fn copies_go_to_the_client_alone() {
    let copy = |text: &str| match of(text) {
        Statement::Copy(copy) => *copy,
        other => panic!("{text}: {other:?}"),
    };
    let text = Form::Text { delimiter: b'\t', null: "\\N".into(), header: false };
    let csv = |header, delimiter| Form::Csv {
        delimiter,
        null: String::new(),
        header,
        quote: b'"',
        escape: b'"',
        quote_all: false,
    };
    for (statement, query, form) in [
        ("COPY (SELECT (1)) TO STDOUT", "SELECT (1)", text.clone()),
        ("copy indicator(year, \"x\") to stdout", "SELECT \"year\", \"x\" FROM \"indicator\"", text),
        ("COPY (SELECT ')') TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';')", "SELECT ')'", csv(true, b';')),
        ("COPY (SELECT 1) TO STDOUT WITH (HEADER false, FORMAT 'csv')", "SELECT 1", csv(false, b',')),
        ("COPY (SELECT 1) TO STDOUT WITH CSV HEADER", "SELECT 1", csv(true, b',')),
        ("COPY (SELECT 1) TO STDOUT (FORMAT BINARY)", "SELECT 1", Form::Binary),
        ("COPY (SELECT 1) TO STDOUT BINARY", "SELECT 1", Form::Binary),
    ] {
        assert_eq!(copy(statement), CopyOut { query: query.into(), form }, "{statement}");
    }
    for (refused, state) in [
        ("COPY area FROM STDIN", state::READ_ONLY),
        ("COPY (SELECT 1) TO '/tmp/x'", state::READ_ONLY),
        ("COPY (SELECT 1) TO PROGRAM 'sh'", state::READ_ONLY),
        ("COPY (SELECT 1 TO STDOUT", state::SYNTAX),
        ("COPY (SELECT 1) TO STDOUT (FORMAT xml)", state::BAD_VALUE),
        ("COPY (SELECT 1) TO STDOUT (FREEZE)", state::UNSUPPORTED),
        ("SET x", state::SYNTAX),
        ("SAVEPOINT", state::SYNTAX),
    ] {
        assert_eq!(Statement::of(refused).unwrap_err().state, state, "{refused}");
    }
}
