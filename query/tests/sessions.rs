//! Sessions: fresh tables, notices, refusals, status.

use arrow::array::AsArray;
use futures::StreamExt;
use lantoa_query::format::{Format, write};
use lantoa_query::{Asker, Engine, QueryError, Session, Settings, TableStatus};
use lantoa_schemas::stream::Family;
use lantoa_schemas::views::VIEWS;
use serde_json::json;

use crate::fixture::{Folder, changed};

async fn csv(session: &Session, query: &str) -> String {
    let mut out = Vec::new();
    write(session.sql(query).await.unwrap(), Format::Csv, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

fn session(engine: &Engine) -> Session {
    engine.session(&Asker::owner(), &Settings::default()).unwrap()
}

/// The contract's columns of the views, in order.
const COLUMNS: [(&str, &str); 11] = [
    (
        "statement",
        "source,stated_on,area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,period,as_at,span,\
         base,numerator,numerator_precision,denominator,sessions,sessions_precision,printed_percent,plan,quote,\
         source_kind,source_url,note,event_id,recorded,sender,chosen,reason",
    ),
    (
        "indicator",
        "area_code,area_name,area_level,area_from,parent_code,map,year,indicator,subject_scope,base,span,as_at,\
         numerator,numerator_precision,denominator,rate_percent,printed_percent,percent_low,percent_high,derivation,\
         coverage_percent,reason,target_percent,target_year,target_origin,gap_points,plan,source,stated_on,recorded,unit,\
         value,target_from",
    ),
    (
        "trend",
        "area_code,area_name,area_level,area_from,parent_code,map,year,indicator,subject_scope,base,span,as_at,\
         numerator,numerator_precision,denominator,rate_percent,printed_percent,percent_low,percent_high,derivation,\
         coverage_percent,reason,target_percent,target_year,target_origin,gap_points,plan,source,stated_on,recorded,unit,\
         value,target_from,change_points,change_percent,comparable,path_percent,path_gap_points,rank",
    ),
    (
        "adoption",
        "area_code,area_name,area_level,map,year,indicator,new_adopters,cumulative_adopters,share_percent,retained,\
         retention_percent,revoked,censored",
    ),
    (
        "pilot",
        "area_code,area_name,area_level,year,measure,numerator,printed_percent,percent_low,percent_high,as_at,source,quote",
    ),
    (
        "coverage",
        "map,year,indicator,area_code,area_name,area_level,expected,reported,coverage_percent,due,last_recorded,late",
    ),
    (
        "reconciliation",
        "map,year,area_code,area_name,indicator,subject_scope,base,left_basis,left_value,right_basis,right_value,\
         difference,chosen,reason,area_level",
    ),
    (
        "suspicious",
        "event_id,area_code,area_name,year,measure,rule,value,expected_low,expected_high,explanation,source",
    ),
    (
        "rejected",
        "event_id,received,sender,via,position,field,reason,remedy,bytes,reject,receipt,receipt_row,name,event_type,\
         problems,mended",
    ),
    (
        "counted",
        "area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,year,span,base,numerator,sessions,\
         recorded,first_recorded",
    ),
    (
        "activity",
        "area_code,area_name,area_level,map,year,week_year,activity,span,as_at,sessions,sessions_precision,\
         attendances,attendances_precision,persons,persons_precision,source,stated_on,recorded",
    ),
];

#[tokio::test]
async fn views_have_the_contracts_columns() {
    let engine = Folder::empty().engine();
    // What stands on a map is no SQL text: indicator, coverage, suspicious, adoption.
    let listed = VIEWS.iter().filter(|view| view.listed).count();
    assert_eq!(COLUMNS.len(), listed + 4, "a view without a line here");
    for (view, columns) in COLUMNS {
        let header = csv(&session(&engine), &format!("SELECT * FROM {view}")).await;
        assert_eq!(header.lines().next(), Some(columns), "{view}");
    }
}

#[tokio::test]
async fn a_question_that_lists_tables_is_answered_after_its_session_is_gone() {
    let engine = Folder::empty().engine();
    let question = |query: &str| lantoa_query::face::Question {
        query: query.to_owned(),
        map: None,
        as_of: None,
        stated_by: None,
        release: None,
    };
    for query in ["SHOW TABLES", "SELECT table_name FROM information_schema.tables", "SHOW COLUMNS FROM indicator"] {
        let reply = lantoa_query::face::ask(&engine, &Asker::owner(), question(query)).await.unwrap();
        let rows: usize = reply.answer.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum();
        assert!(rows > 5, "{query}: {rows}");
    }
}

#[tokio::test]
async fn all_82_rows_come_back_as_they_were_said() {
    let folder = Folder::with_articles().await;
    let session = session(&folder.engine());
    for article in crate::fixture::ARTICLES {
        let path = format!("{}/tests/data/{article}.csv", env!("CARGO_MANIFEST_DIR"));
        let said = std::fs::read_to_string(path).unwrap();
        let header = said.lines().next().unwrap();
        let query = format!(
            "SELECT {header} FROM statement WHERE source = '{article}' AND chosen \
             ORDER BY CAST(split_part(event_id, '/', 2) AS INT)"
        );
        assert_eq!(csv(&session, &query).await, said.replace("\r\n", "\n"), "{article}");
    }
}

#[tokio::test]
async fn a_session_sees_what_is_written_after_it_began() {
    let mut folder = Folder::empty();
    let engine = folder.engine();
    let session = session(&engine);
    assert_eq!(csv(&session, "SELECT count(*) AS n FROM statement").await, "n\n0\n");
    for expected in ["n\n1\n", "n\n2\n"] {
        let id = format!("event {expected}");
        folder.append(Family::Statement.stream(), vec![changed("ha-giang-2024", 1, json!({ "event_id": id }))]).await;
        assert_eq!(csv(&session, "SELECT count(*) AS n FROM statement").await, expected);
    }
    let status = engine.status().await.unwrap();
    let of = |name| status.iter().find(|status| status.table == name).cloned();
    assert_eq!(
        of("ledger_statement"),
        Some(TableStatus { table: "ledger_statement", version: Some(2), rows: 2, files: 2 })
    );
    assert_eq!(of("outcome"), Some(TableStatus { table: "outcome", version: None, rows: 0, files: 0 }));
}

#[tokio::test]
async fn an_answer_is_of_one_knowledge_whatever_its_session_asks_meanwhile() {
    let mut folder = Folder::with_articles().await;
    let succession = ["08", "04"].map(|old| {
        json!({
            "old_level": "province", "old_code": old, "new_level": "province", "new_code": "08", "whole": true,
            "is_main": true,
        })
    });
    let merger = json!({
        "change": "merge",
        "areas": [{
            "level": "province", "code": "08", "name": "Tỉnh Tuyên Giang", "short_name": "Tuyên Giang", "kind": "tỉnh",
            "parent_code": "00",
        }],
        "succession": succession,
    });
    let event = json!({
        "event_id": "merger", "recorded": "2026-01-12T02:00:00Z", "kind": "area_changed", "subject": "merger",
        "effective_on": "2026-01-15", "legal_basis": "Nghị quyết giả định", "body": merger.to_string(),
    });
    folder.append(Family::Reference.stream(), vec![event]).await;
    let engine = folder.engine();
    let session = session(&engine);
    let query =
        "SELECT area_full_name('province', CASE WHEN value > 0 THEN '08' ELSE '04' END, DATE '2026-01-20') AS name
        FROM generate_series(1, 400000)";
    let mut names = std::collections::BTreeSet::new();
    let mut read = |batch: arrow::array::RecordBatch| {
        names.extend(batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned));
    };
    let mut answer = session.sql(query).await.unwrap();
    read(answer.next().await.unwrap().unwrap());
    session.sql("SET lantoa.as_of = '2026-01-11'").await.unwrap();
    let before = csv(&session, &query.replace("400000", "1")).await;
    assert!(before.contains("Tuyên Quang"), "{before}");
    while let Some(batch) = answer.next().await {
        read(batch.unwrap());
    }
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["Tỉnh Tuyên Giang"]);
}

#[tokio::test]
async fn a_table_that_is_just_being_made_is_empty() {
    let folder = Folder::empty();
    let log = folder.path().join("tables/ledger_statement/_delta_log");
    std::fs::create_dir_all(log).unwrap();
    let engine = folder.engine();
    assert_eq!(csv(&session(&engine), "SELECT count(*) AS n FROM statement").await, "n\n0\n");
    assert!(engine.status().await.unwrap().iter().all(|status| status.version.is_none()));
}

#[tokio::test]
async fn nothing_changes_anything() {
    let folder = Folder::with_articles().await;
    let session = session(&folder.engine());
    let outside = folder.path().join("out.csv");
    for statement in [
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "CREATE VIEW v AS SELECT 1".to_owned(),
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'".to_owned(),
        "DROP VIEW statement".to_owned(),
        "INSERT INTO ledger_statement SELECT * FROM ledger_statement".to_owned(),
        "DELETE FROM ledger_statement".to_owned(),
        "UPDATE ledger_statement SET numerator = 1".to_owned(),
        format!("COPY (SELECT 1) TO '{}'", outside.display()),
        "EXPLAIN ANALYZE INSERT INTO ledger_statement SELECT * FROM ledger_statement".to_owned(),
        "SELECT 1 INTO t".to_owned(),
        "PREPARE p AS SELECT 1".to_owned(),
    ] {
        let error = session.sql(&statement).await.expect_err(&statement);
        assert!(error.is_the_askers(), "{statement}: {error:?}");
    }
    assert!(!outside.exists());
    assert_eq!(csv(&session, "SELECT count(*) AS n FROM statement").await, "n\n82\n");
}

#[tokio::test]
async fn settings_come_from_callers_too_and_say_what_they_leave_out() {
    let folder = Folder::with_articles().await;
    let engine = folder.engine();
    let as_of = |day: &str| Settings { as_of: Some(day.to_owned()), ..Settings::default() };
    let notices = async |day: &str| {
        let session = engine.session(&Asker::owner(), &as_of(day)).unwrap();
        session.sql("SELECT count(*) FROM statement").await.unwrap().notices().join("; ")
    };
    assert!(notices("2020-01-01").await.contains("the first record is of 2026-01-10"));
    assert_eq!(notices("2026-01-10").await, "");
    assert!(notices("2026-03-01").await.contains("2026-02-01"));
    assert!(engine.session(&Asker::owner(), &as_of("yesterday")).is_err());
    let on_map =
        |map: &str| engine.session(&Asker::owner(), &Settings { map: Some(map.into()), ..Settings::default() });
    assert_eq!(on_map("2025-07-01").unwrap().setting("map").as_deref(), Some("2025-07-01"));
    assert!(on_map("1999-12-31").is_err());
}

#[tokio::test]
async fn several_statements_answer_with_the_last() {
    let folder = Folder::with_articles().await;
    let session = session(&folder.engine());
    let query = "SET lantoa.stated_by = '2018-12-31'; SELECT count(*) AS n FROM statement;";
    assert_eq!(csv(&session, query).await, "n\n7\n");
    assert_eq!(session.setting("stated_by").as_deref(), Some("2018-12-31"));
    assert!(matches!(session.sql("SELECT 1; SELECT 2").await, Err(QueryError::SeveralQueries)));
    assert!(matches!(session.sql(" ; ").await, Err(QueryError::Empty)));
}

#[tokio::test]
async fn a_query_that_needs_too_much_memory_says_so() {
    let folder = Folder::empty();
    let config = lantoa_query::Config { memory_bytes: 8 << 20, ..lantoa_query::Config::over(folder.path()) };
    let engine = Engine::open(config, std::sync::Arc::new(lantoa_schemas::clock::SystemClock)).unwrap();
    let session = session(&engine);
    let query = "SELECT array_agg(name || value) FROM area, generate_series(1, 200)";
    let error = match session.sql(query).await {
        Ok(answer) => answer.collect().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, QueryError::TooLarge { .. }), "{error:?}");
}
