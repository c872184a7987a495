//! Functions over columns and constants, through the engine.

use super::*;
use arrow::util::pretty::pretty_format_batches;
use datafusion::prelude::SessionContext;

async fn check(expression: &str, expected: &str) {
    let ctx = SessionContext::new();
    let knowledge = Knowledge::shipped("2026-01-15".parse().unwrap());
    for function in all(&Arc::new(Present::new(Arc::new(knowledge)))) {
        ctx.register_udf(function);
    }
    // Once as a constant that the planner folds, once over a column.
    for query in [
        format!("SELECT coalesce(CAST({expression} AS VARCHAR), 'null') AS answer"),
        format!("SELECT coalesce(CAST({expression} AS VARCHAR), 'null') AS answer FROM (VALUES (random())) AS t (r)"),
    ] {
        let batches = ctx.sql(&query).await.unwrap().collect().await.unwrap();
        let text = pretty_format_batches(&batches).unwrap().to_string();
        let answer = text.lines().nth(3).unwrap().trim_matches(['|', ' ']);
        assert_eq!(answer, expected, "{query}");
    }
}

#[tokio::test]
async fn dates_and_periods() {
    check("partial_first_day('2024-02')", "2024-02-01").await;
    check("partial_last_day('2024-02')", "2024-02-29").await;
    check("partial_last_day('2020')", "2020-12-31").await;
    check("partial_last_day('never')", "null").await;
    check("partial_last_day(NULL)", "null").await;
    check("partial_year('2018-07-16')", "2018").await;
    check("period_year('2023-2024')", "2024").await;
}

#[tokio::test]
async fn percents() {
    check("percent_low('75-80')", "75.0").await;
    check("percent_high('75-80')", "80.0").await;
    check("percent_low('>=75')", "75.0").await;
    check("percent_high('>=75')", "null").await;
    check("percent_high('73.58')", "73.58").await;
}

#[tokio::test]
async fn names_and_ranks() {
    check("indicator_id('learning_unit', 'registered')", "learning_unit_registered").await;
    check("indicator_id('learning_unit', 'recognised')", "learning_unit").await;
    check("indicator_id('membership', NULL)", "membership").await;
    check("source_rank('decision') < source_rank('return')", "true").await;
    check("source_rank('plan') < source_rank(NULL)", "true").await;
    check("source_rank('press') = source_rank(NULL)", "true").await;
}

#[tokio::test]
async fn areas() {
    check("area_short_name('province', '24', DATE '2022-10-08')", "Bắc Giang").await;
    check("area_short_name('province', '24', DATE '2025-07-01')", "Bắc Ninh").await;
    check("area_short_name('province', NULL, DATE '2025-07-01')", "null").await;
    check("area_parent('district', '525', DATE '2018-07-16')", "51").await;
    check("area_valid_from('province', '24', DATE '2025-07-01')", "2025-07-01").await;
    check("area_valid_from('province', '24', DATE '2022-10-08')", "null").await;
    check("area_key('province', '24', DATE '2022-10-08', 'Bắc Giang')", "province/24@2025-06-30").await;
}

#[tokio::test]
async fn keys_tell_null_from_empty_and_one_split_from_another() {
    check("key_of('a', NULL) = key_of('a', '')", "false").await;
    check("key_of('a', 'bc') = key_of('ab', 'c')", "false").await;
    check("key_of('a', 1, NULL) = key_of('a', 1, NULL)", "true").await;
}
