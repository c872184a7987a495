//! Who sees what: every table and view, for each role and for an asker of one area.

use std::collections::BTreeSet;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use lantoa_query::access::Role;
use lantoa_query::format::{Format, write};
use lantoa_query::{Asker, Engine, QueryError, Session, Settings};
use lantoa_schemas::stream::Family;
use serde_json::{Value, json};

use crate::fixture::{Folder, reported_rows};

const TOKEN: &str = "family-a-00000001";
/// What can be named although no list has it.
const UNLISTED: [&str; 13] = [
    "keyed_statement",
    "judged_statement",
    "adopters",
    "reconciled_total",
    "recorded_statement",
    "recorded_recognition",
    "recorded_membership",
    "everywhere_recognition",
    "everywhere_membership",
    "everywhere_activity",
    "fate_statement",
    "fate_recognition",
    "fate_reference",
];
const REFERENCE: [&str; 7] =
    ["area", "area_succession", "area_change", "catalogue", "criteria_set", "containment", "learning_week"];

fn asker(role: Role, area: Option<&str>) -> Asker {
    Asker { name: "lan".into(), role, area: area.map(Into::into), ..Asker::owner() }
}

/// The articles, what others reported, and single events of Bắc Giang (now in Bắc Ninh) and of Hà Giang.
async fn folder() -> Folder {
    let mut folder = Folder::with_articles().await;
    folder.append(Family::Statement.stream(), reported_rows()).await;
    let of = |id: &str, area: (&str, &str, &str), fields: Value| {
        let mut event = json!({
            "event_id": id, "area_level": area.0, "area_code": area.1, "area_name": area.2,
            "area_date": "2024-12-31", "occurred_on": "2024-12-20", "source": "register",
        });
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        event
    };
    let [here, there] = [("commune", "07513", "Bắc Lũng"), ("province", "02", "Hà Giang")];
    let recognised =
        |token: &str| json!({ "step": "recognised", "model": "learning_family", "year": 2024, "subject_token": token });
    let recognitions = vec![of("r1", here, recognised(TOKEN)), of("r2", there, recognised("family-b-00000002"))];
    folder.append(Family::Recognition.stream(), recognitions).await;
    let joined = |token: &str| json!({ "change": "joined", "subject_token": token });
    let memberships = vec![of("m1", here, joined(TOKEN)), of("m2", there, joined("family-b-00000002"))];
    folder.append(Family::Membership.stream(), memberships).await;
    let held = || json!({ "activity": "class", "attendances": 30 });
    folder.append(Family::Activity.stream(), vec![of("a1", here, held()), of("a2", there, held())]).await;
    folder
}

fn session(engine: &Engine, asker: &Asker) -> Session {
    engine.session(asker, &Settings::default()).unwrap()
}

async fn csv(session: &Session, query: &str) -> String {
    let mut out = Vec::new();
    let answer = session.sql(query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    write(answer, Format::Csv, &mut out).await.unwrap_or_else(|error| panic!("{query}: {error}"));
    String::from_utf8(out).unwrap()
}

/// The first column as texts.
async fn texts(session: &Session, query: &str) -> Vec<String> {
    let answer = session.sql(query).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    let batches = answer.collect().await.unwrap();
    let mut texts = Vec::new();
    for batch in batches {
        let column = cast(batch.column(0), &DataType::Utf8).unwrap();
        texts.extend(column.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    texts
}

async fn count(session: &Session, from: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {from}");
    let batches = session.sql(&query).await.unwrap_or_else(|error| panic!("{query}: {error}")).collect().await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

/// All that can be named.
async fn tables(session: &Session) -> Vec<String> {
    let mut tables =
        texts(session, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'").await;
    tables.extend(UNLISTED.map(str::to_owned));
    tables
}

fn header(csv: &str) -> BTreeSet<&str> {
    csv.lines().next().unwrap_or_default().split(',').collect()
}

#[tokio::test]
async fn an_analyst_sees_everything_but_tokens_and_bytes() {
    let folder = folder().await;
    let engine = folder.engine();
    let (admin, analyst) = (session(&engine, &asker(Role::Admin, None)), session(&engine, &asker(Role::Analyst, None)));
    let mut withheld = Vec::new();
    let tables = tables(&admin).await;
    assert!(tables.len() > 30, "{tables:?}");
    for table in &tables {
        let all = format!("SELECT * FROM {table}");
        let (whole, seen) = (csv(&admin, &all).await, csv(&analyst, &all).await);
        let missing: Vec<&str> = header(&whole).difference(&header(&seen)).copied().collect();
        assert!(header(&seen).is_subset(&header(&whole)), "{table}");
        assert!(!seen.contains(TOKEN), "{table} tells a token");
        assert_eq!(count(&admin, table).await, count(&analyst, table).await, "{table}");
        withheld.extend(missing.into_iter().map(|column| (table.clone(), column.to_owned())));
    }
    let expected = [
        "ledger_membership subject_token",
        "ledger_recognition subject_token",
        "outcome bytes",
        "reject bytes",
        "rejected bytes",
        "everywhere_membership subject_token",
        "everywhere_recognition subject_token",
        "recorded_membership subject_token",
        "recorded_recognition subject_token",
    ];
    let named: BTreeSet<String> = withheld.iter().map(|(table, column)| format!("{table} {column}")).collect();
    assert_eq!(named, BTreeSet::from(expected.map(str::to_owned)));
    for (table, column) in &withheld {
        for query in [
            format!("SELECT {column} FROM {table}"),
            format!("SELECT t.{column} FROM {table} AS t"),
            format!("SELECT count({column}) FROM {table}"),
            format!("SELECT 1 FROM {table} WHERE {column} IS NOT NULL"),
            format!("SELECT 1 FROM {table} ORDER BY {column}"),
            format!("SELECT 1 FROM area WHERE name IN (SELECT CAST({column} AS VARCHAR) FROM {table})"),
        ] {
            let refused = analyst.sql(&query).await.err();
            assert!(matches!(&refused, Some(QueryError::Withheld { .. })), "{query}: {refused:?}");
            assert!(refused.unwrap().to_string().contains("role admin"), "{query}");
        }
    }
    let columns = "information_schema.columns WHERE column_name IN ('subject_token', 'bytes')";
    assert_eq!((count(&admin, columns).await, count(&analyst, columns).await), (5, 0));
}

#[tokio::test]
async fn views_that_rest_on_tokens_answer_an_analyst_as_they_answer_an_admin() {
    let folder = folder().await;
    let engine = folder.engine();
    for map in ["", "SET lantoa.map = '2025-07-01'; "] {
        for view in ["counted", "adoption", "adopters", "indicator", "reconciliation"] {
            let query = format!("{map}SELECT * FROM {view}");
            let [admin, analyst] = [Role::Admin, Role::Analyst].map(|role| session(&engine, &asker(role, None)));
            let (admin, analyst) = (csv(&admin, &query).await, csv(&analyst, &query).await);
            let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(sorted(&admin), sorted(&analyst), "{view}");
            assert!(view == "reconciliation" || admin.lines().count() > 1, "{view} has no row");
        }
    }
}

#[tokio::test]
async fn an_asker_of_one_area_sees_that_area_alone() {
    let folder = folder().await;
    let engine = folder.engine();
    let whole = session(&engine, &Asker::owner());
    let mut inside: BTreeSet<String> = ["24", "27"].map(str::to_owned).into();
    for (code, day) in [("24", "2024-12-31"), ("27", "2024-12-31"), ("24", "2025-08-01")] {
        let below = format!("SELECT code FROM areas_below('province', '{code}', '{day}')");
        inside.extend(texts(&whole, &below).await);
    }
    for (role, map) in [
        (Role::Analyst, "as_reported"),
        (Role::Analyst, "2024-12-31"),
        (Role::Analyst, "2025-07-01"),
        (Role::Admin, "2025-07-01"),
    ] {
        let settings = Settings { map: Some(map.to_owned()), ..Settings::default() };
        let limited = engine.session(&asker(role, Some("24")), &settings).unwrap();
        assert!(csv(&limited, "SHOW lantoa.map").await.contains(map));
        for table in tables(&limited).await {
            let has_codes =
                header(&csv(&limited, &format!("SELECT * FROM {table} LIMIT 0")).await).contains("area_code");
            if has_codes {
                let codes = format!("SELECT DISTINCT area_code FROM {table}");
                for code in texts(&limited, &codes).await {
                    assert!(inside.contains(&code), "{table} on {map} tells of {code}");
                }
            } else if REFERENCE.contains(&table.as_str()) {
                assert_eq!(count(&limited, &table).await, count(&whole, &table).await, "{table}");
            } else {
                assert_eq!(count(&limited, &table).await, 0, "{table} has no areas");
            }
        }
        for on in ["as_reported", "2024-12-31", "2025-07-01"] {
            let codes = texts(&limited, &format!("SELECT DISTINCT area_code FROM indicator_on('{on}')")).await;
            assert!(!codes.is_empty() && codes.iter().all(|code| inside.contains(code)), "on {on}: {codes:?}");
        }
    }
}

#[tokio::test]
async fn what_is_of_the_area_is_there_from_before_the_merger_and_after() {
    let folder = folder().await;
    let engine = folder.engine();
    let whole = session(&engine, &Asker::owner());
    let limited = session(&engine, &asker(Role::Analyst, Some("24")));
    // Bắc Giang's figures of 2022, and the single events of one of its communes.
    for (table, rows) in [
        ("statement WHERE source = 'bac-giang-2022' AND area_code IS NOT NULL", None),
        ("ledger_statement WHERE source = 'bac-giang-2022' AND area_code IS NOT NULL", None),
        ("ledger_recognition", Some(1)),
        ("ledger_membership", Some(1)),
        ("ledger_activity", Some(1)),
        ("everywhere_recognition", Some(1)),
        ("counted", Some(2)),
    ] {
        let seen = count(&limited, table).await;
        assert_eq!(seen, rows.unwrap_or(count(&whole, table).await), "{table}");
        assert!(seen > 0, "{table}");
    }
    for view in ["indicator", "trend", "activity", "adoption"] {
        let (seen, all) = (count(&limited, view).await, count(&whole, view).await);
        assert!(0 < seen && seen < all, "{view}: {seen} of {all}");
    }
    let elsewhere = session(&engine, &asker(Role::Analyst, Some("99999")));
    assert_eq!(count(&elsewhere, "statement").await, 0);
}

#[tokio::test]
async fn a_recursive_question_reads_a_limited_table_as_often_as_it_has_rounds() {
    let folder = folder().await;
    let engine = folder.engine();
    let limited = session(&engine, &asker(Role::Analyst, Some("24")));
    for table in ["statement", "ledger_statement", "indicator"] {
        let query = format!(
            "WITH RECURSIVE rounds AS (
                SELECT 1 AS n, CAST('24' AS VARCHAR) AS code
                UNION ALL
                SELECT n + 1, rounds.code FROM rounds
                JOIN (SELECT DISTINCT area_code FROM {table}) AS here ON here.area_code = rounds.code WHERE n < 5
            ) SELECT max(n), count(*) FROM rounds"
        );
        let rows = csv(&limited, &query).await;
        assert_eq!(rows.lines().nth(1), Some("5,5"), "{table}");
    }
}

#[tokio::test]
async fn no_figure_of_the_areas_around_is_told_beside_a_row() {
    let folder = folder().await;
    let engine = folder.engine();
    let settings = Settings { map: Some("2025-07-01".to_owned()), ..Settings::default() };
    let [whole, limited] = [None, Some("56")].map(|area| asker(Role::Analyst, area));
    let (told, kept) = (session(&engine, &whole), session(&engine, &limited));
    // Khánh Hòa's learning clans of 2017 are more than the nation's, which is told, and more than its clans can be.
    let around = "suspicious WHERE area_name = 'Khánh Hòa' AND rule = 'above_the_area_around'";
    assert_eq!((count(&told, around).await, count(&kept, around).await), (1, 0));
    let within = "suspicious WHERE area_name = 'Khánh Hòa' AND rule = 'above_what_contains_it'";
    assert_eq!((count(&told, within).await, count(&kept, within).await), (1, 1));
    assert!(!csv(&kept, "SELECT * FROM suspicious").await.contains("as a whole has"));
    let [told, kept] = [whole, limited].map(|asker| engine.session(&asker, &settings).unwrap());
    let of_area = "trend WHERE area_name = 'Khánh Hòa'";
    let ranked = format!("{of_area} AND rank IS NOT NULL");
    assert!(count(&told, &ranked).await > 0);
    assert_eq!((count(&kept, of_area).await, count(&kept, &ranked).await), (count(&told, of_area).await, 0));
    assert!(header(&csv(&kept, "SELECT * FROM trend LIMIT 0").await).contains("rank"));
}

#[tokio::test]
async fn no_error_tells_of_a_row_that_is_not_the_askers() {
    let folder = folder().await;
    let engine = folder.engine();
    // Hà Giang's count is 138068: divided by the difference, only its row fails.
    let probes = [
        "SELECT count(*) FROM ledger_statement WHERE 1 / (numerator - 138068) < 5",
        "SELECT count(*) FROM statement WHERE 1 / (numerator - 138068) < 5 AND area_code = '24'",
        "SELECT count(*) FROM indicator WHERE 1 / (numerator - 138068) < 5",
        "SELECT count(*) FROM (SELECT 1 / (numerator - 138068) AS x FROM judged_statement) WHERE x < 5",
    ];
    let ask = async |asker: &Asker, probe: &str| match session(&engine, asker).sql(probe).await {
        Ok(answer) => answer.collect().await.map(drop),
        Err(error) => Err(error),
    };
    for probe in probes {
        ask(&asker(Role::Analyst, Some("24")), probe).await.unwrap_or_else(|error| panic!("{probe}: {error}"));
    }
    assert!(ask(&Asker::owner(), probes[0]).await.is_err(), "the probe has to find it where it may");
}
