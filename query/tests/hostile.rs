//! What would change something, or read anything but the tables: each is refused with a sentence that helps.

use lantoa_query::access::Role;
use lantoa_query::{Asker, Settings};

use crate::fixture::Folder;

/// Statements, and words that the refusal has. `{out}` is a file that must not come into being, `{in}` one that is there.
const STATEMENTS: &[(&str, &str)] = &[
    ("CREATE TABLE t (x INT)", "only answers questions"),
    ("CREATE TABLE t AS SELECT * FROM statement", "only answers questions"),
    ("CREATE OR REPLACE VIEW statement AS SELECT 1", "only answers questions"),
    ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{in}'", "only answers questions"),
    ("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 's3://bucket/x'", "only answers questions"),
    ("CREATE FUNCTION f(x INT) RETURNS INT RETURN x", "only answers questions"),
    ("CREATE SCHEMA s", "only answers questions"),
    ("CREATE DATABASE d", "only answers questions"),
    ("DROP TABLE ledger_statement", "DROP TABLE is refused"),
    ("DROP VIEW indicator", "DROP VIEW is refused"),
    ("DROP SCHEMA public CASCADE", "only answers questions"),
    ("ALTER TABLE ledger_statement ADD COLUMN x INT", "only answers questions"),
    ("TRUNCATE TABLE ledger_statement", "only answers questions"),
    ("INSERT INTO ledger_statement SELECT * FROM ledger_statement", "INSERT INTO is refused"),
    ("INSERT OVERWRITE TABLE ledger_statement SELECT * FROM ledger_statement", "only answers questions"),
    ("UPDATE ledger_statement SET numerator = 1", "UPDATE is refused"),
    ("DELETE FROM ledger_statement", "only answers questions"),
    ("MERGE INTO ledger_statement USING statement ON true WHEN MATCHED THEN DELETE", "facts come in through import"),
    ("WITH x AS (SELECT 1) INSERT INTO ledger_statement SELECT * FROM x", "only answers questions"),
    ("WITH x AS (SELECT 1) DELETE FROM ledger_statement", "only answers questions"),
    ("SELECT 1 AS x INTO t", "SELECT INTO is refused"),
    ("COPY (SELECT * FROM statement) TO '{out}'", "COPY is refused"),
    ("COPY statement TO '{out}' STORED AS PARQUET", "COPY is refused"),
    ("COPY ledger_statement FROM '{in}'", "COPY is refused"),
    ("COPY ledger_statement FROM PROGRAM 'id'", "COPY is refused"),
    ("EXPLAIN ANALYZE INSERT INTO ledger_statement SELECT * FROM ledger_statement", "INSERT INTO is refused"),
    ("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "CREATE TABLE is refused"),
    ("EXPLAIN COPY (SELECT 1) TO '{out}'", "only answers questions"),
    ("EXPLAIN ANALYZE SELECT 1 AS x INTO t", "only answers questions"),
    ("SELECT * FROM read_csv('{in}')", "no file and no address"),
    ("SELECT * FROM read_parquet('{in}')", "no file and no address"),
    ("SELECT * FROM parquet_scan('{in}')", "no file and no address"),
    ("SELECT * FROM read_json('http://127.0.0.1/x')", "no file and no address"),
    ("SELECT * FROM parquet_metadata('{in}')", "no file and no address"),
    ("SELECT * FROM '{in}'", "no file and no address"),
    ("SELECT * FROM 'file.parquet'", "no file and no address"),
    ("SELECT * FROM \"s3://bucket/x.parquet\"", "no file and no address"),
    ("SELECT pg_read_file('{in}')", "there is no function"),
    ("SET datafusion.execution.batch_size = 1", "the settings are lantoa.map"),
    ("SET datafusion.runtime.memory_limit = '1G'", "the settings are lantoa.map"),
    ("SET datafusion.catalog.location = '/'", "the settings are lantoa.map"),
    ("RESET datafusion.execution.batch_size", "the settings are lantoa.map"),
    ("SHOW datafusion.runtime.temp_directory", "the settings are lantoa.map"),
    ("SHOW ALL", "the settings are lantoa.map"),
    ("SELECT * FROM information_schema.df_settings", "the settings are lantoa.map"),
    ("SELECT (SELECT max(value) FROM information_schema.df_settings) FROM area", "the settings are lantoa.map"),
    ("PREPARE p AS SELECT 1", "PREPARE is refused"),
    ("CALL system('id')", "only answers questions"),
    ("LOAD 'x'", "only answers questions"),
    ("ATTACH DATABASE 'x' AS y", "only answers questions"),
    ("INSTALL httpfs", "only answers questions"),
];

#[tokio::test]
async fn whatever_is_no_question_is_refused_and_told_what_would_be_right() {
    let folder = Folder::with_articles().await;
    let engine = folder.engine();
    let (out, there) = (folder.path().join("out.csv"), folder.path().join("in.csv"));
    std::fs::write(&there, "secret\n1\n").unwrap();
    let analyst = Asker { name: "lan".into(), role: Role::Analyst, ..Asker::owner() };
    for asker in [Asker::owner(), analyst] {
        let session = engine.session(&asker, &Settings::default()).unwrap();
        for (statement, says) in STATEMENTS {
            let statement =
                statement.replace("{out}", &out.display().to_string()).replace("{in}", &there.display().to_string());
            let refused = match session.sql(&statement).await {
                Ok(answer) => answer.collect().await.map(|rows| format!("{rows:?}")),
                Err(error) => Err(error),
            };
            let error = refused.expect_err(&statement);
            assert!(error.is_the_askers(), "{statement}: {error:?}");
            let error = error.to_string();
            assert!(error.contains(says) && !error.contains("secret"), "{statement}: {error}");
        }
        let left = session.sql("SELECT count(*) FROM statement").await.unwrap().collect().await.unwrap();
        assert_eq!(left[0].num_rows(), 1);
    }
    assert!(!out.exists());
    assert!(STATEMENTS.len() >= 40);
}

/// A text that reads as a tree deeper than a stack would end the whole program: it is refused before it is read.
#[test]
fn a_chain_is_answered_or_refused_however_long_it_is() {
    // As the program's own threads have.
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = Folder::empty();
            let engine = folder.engine();
            for (chain, terms, sum) in [("1", 1_900, Some("1900")), ("1", 200_000, None), ("1::int", 400_000, None)] {
                let question = format!("SELECT {} AS sum", vec![chain; terms].join("+"));
                let session = engine.session(&Asker::owner(), &Settings::default()).unwrap();
                match (session.sql(&question).await, sum) {
                    (Ok(answer), Some(sum)) => {
                        let rows = answer.collect().await.unwrap();
                        let shown = arrow::util::pretty::pretty_format_batches(&rows).unwrap().to_string();
                        assert!(shown.contains(sum), "{shown}");
                    }
                    (Err(error), None) => assert!(error.to_string().contains("more than 2000 operators"), "{error}"),
                    (answered, _) => panic!("{terms} terms of {chain}: {:?}", answered.map(drop)),
                }
            }
        });
    });
    thread.unwrap().join().unwrap();
}
