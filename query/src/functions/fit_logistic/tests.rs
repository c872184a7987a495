//! The aggregate through the engine, over constants. What it computes is tested in `logistic`.

use super::*;
use arrow::array::RecordBatch;
use arrow::datatypes::{Int32Type, Schema};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::AggregateUDF;
use datafusion::prelude::{SessionConfig, SessionContext};

const NOISY: [f64; 15] = [1.2, 2.9, 3.1, 6.4, 8.8, 14.9, 20.1, 31.7, 41.0, 52.9, 60.2, 68.1, 70.7, 74.9, 74.2];

fn context(partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(partitions);
    let ctx = SessionContext::new_with_config(config);
    ctx.register_udaf(AggregateUDF::from(FitLogistic::new()));
    ctx
}

async fn rows(ctx: &SessionContext, query: &str) -> Vec<String> {
    let batches = ctx.sql(query).await.unwrap().collect().await.unwrap();
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let lines = text.lines().skip(3).filter(|line| line.starts_with('|'));
    lines.map(|line| line.trim_matches(['|', ' ']).split('|').map(str::trim).collect::<Vec<_>>().join(" ")).collect()
}

/// `(year, value), …` as SQL.
fn points() -> String {
    let points = NOISY.iter().enumerate().map(|(at, value)| format!("({}, {value})", 2010 + at));
    points.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn every_field_has_its_number() {
    let query = format!(
        "SELECT round(fit['saturation'], 4), round(fit['midpoint'], 4), round(fit['slope'], 4),
            round(fit['saturation_se'], 4), round(fit['midpoint_se'], 4), round(fit['slope_se'], 4),
            round(fit['residual_standard_error'], 4), round(fit['r_squared'], 4), fit['points'], fit['reason'] IS NULL
        FROM (SELECT fit_logistic(year, value) AS fit FROM (VALUES {}) AS t (year, value))",
        points()
    );
    let expected = "77.869 2017.725 0.5527 0.8866 0.0724 0.0164 0.98 0.999 15 true";
    assert_eq!(rows(&context(1), &query).await, [expected]);
}

#[tokio::test]
async fn each_group_has_its_own_curve_or_reason() {
    let query = format!(
        "SELECT area_code, round(fit['saturation'], 3), fit['points'], coalesce(fit['reason'], '-') FROM (
            SELECT area_code, fit_logistic(year, value) AS fit FROM (
                SELECT '01' AS area_code, year, value FROM (VALUES {points}) AS t (year, value)
                UNION ALL SELECT '02', year, 10 * value FROM (VALUES {points}) AS t (year, value)
                UNION ALL SELECT '03', year, value FROM (VALUES (2010, 1.0), (2011, 2.0), (2012, 4.0)) AS t (year, value)
                UNION ALL SELECT '04', year, 5.0 FROM (VALUES {points}) AS t (year, value)
            ) GROUP BY area_code
        ) ORDER BY area_code",
        points = points()
    );
    let expected = ["01 77.869 15 -", "02 778.69 15 -", "03   fewer than 4 points", "04   constant values"];
    for partitions in [1, 4] {
        assert_eq!(rows(&context(partitions), &query).await, expected);
    }
}

#[tokio::test]
async fn rows_with_a_null_are_left_out() {
    let query = format!(
        "SELECT round(fit['saturation'], 3), fit['points'] FROM (
            SELECT fit_logistic(year, value) AS fit
            FROM (VALUES {}, (2012, NULL), (NULL, 99.0), (NULL, NULL)) AS t (year, value)
        )",
        points()
    );
    assert_eq!(rows(&context(1), &query).await, ["77.869 15"]);
    let nothing = "SELECT (fit_logistic(year, NULL))['reason'], (fit_logistic(year, year, NULL))['reason']
        FROM (VALUES (2010), (2011), (2012), (2013)) AS t (year)";
    assert_eq!(rows(&context(1), nothing).await, ["fewer than 4 points fewer than 3 points"]);
    let no_rows = "SELECT (fit_logistic(year, year))['reason'] FROM (VALUES (2010)) AS t (year) WHERE year > 2010";
    assert_eq!(rows(&context(1), no_rows).await, ["fewer than 4 points"]);
}

#[tokio::test]
async fn numbers_of_any_type() {
    let values = "(2010, 21), (2011, 30), (2012, 48), (2013, 61), (2014, 97), (2015, 129), (2016, 188), (2017, 240)";
    let mut answers = Vec::new();
    for (year, value) in [("SMALLINT", "BIGINT"), ("DOUBLE", "DECIMAL(9, 2)"), ("BIGINT UNSIGNED", "REAL")] {
        let query = format!(
            "SELECT fit['slope'], fit['reason'] FROM (
                SELECT fit_logistic(CAST(year AS {year}), CAST(value AS {value}), 1000) AS fit
                FROM (VALUES {values}) AS t (year, value)
            )"
        );
        answers.push(rows(&context(1), &query).await);
    }
    assert!(answers[0][0].starts_with("0.3"), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let text = context(1).sql("SELECT fit_logistic(year, 'x') FROM (VALUES (2010)) AS t (year)").await;
    assert!(text.is_err());
}

#[tokio::test]
async fn a_given_saturation_is_kept_and_has_no_error() {
    let values = "(2010, 2.1), (2011, 3.0), (2012, 4.8), (2013, 6.1), (2014, 9.7), (2015, 12.9), (2016, 18.8),
        (2017, 24.0), (2018, 33.5), (2019, 40.2)";
    let query = format!(
        "SELECT fit['saturation'], fit['saturation_se'] IS NULL, round(fit['midpoint'], 4), round(fit['midpoint_se'], 4)
        FROM (SELECT fit_logistic(year, value, 100.0) AS fit FROM (VALUES {values}) AS t (year, value))"
    );
    assert_eq!(rows(&context(1), &query).await, ["100.0 true 2019.9598 0.0727"]);
    let several = format!(
        "SELECT (fit_logistic(year, value, year))['reason'], (fit_logistic(year, value, year))['points'] IS NULL
        FROM (VALUES {values}) AS t (year, value)"
    );
    let expected = "the saturation given is not one finite number other than zero true";
    assert_eq!(rows(&context(1), &several).await, [expected]);
}

/// A table of three partitions, each holding every third year: partial states are merged, and change no bit.
#[tokio::test]
async fn partitions_change_nothing() {
    let table = |partitions: usize| {
        let part = |first: usize| {
            let years = (first..NOISY.len()).step_by(partitions);
            let columns: [ArrayRef; 3] = [
                Arc::new(arrow::array::PrimitiveArray::<Int32Type>::from_iter_values(years.clone().map(|_| 1))),
                Arc::new(Int64Array::from_iter_values(years.clone().map(|at| 2010 + at as i64))),
                Arc::new(Float64Array::from_iter_values(years.map(|at| NOISY[at]))),
            ];
            let names = ["area", "year", "value"];
            vec![RecordBatch::try_from_iter(names.into_iter().zip(columns)).unwrap()]
        };
        let parts: Vec<_> = (0..partitions).map(part).collect();
        let schema: Arc<Schema> = parts[0][0].schema();
        Arc::new(MemTable::try_new(schema, parts).unwrap())
    };
    for aggregate in ["fit_logistic(year, value)", "fit_logistic(year, value, 80)"] {
        for query in [format!("SELECT {aggregate} FROM t"), format!("SELECT {aggregate} FROM t GROUP BY area")] {
            let (whole, parted) = (context(1), context(3));
            whole.register_table("t", table(1)).unwrap();
            parted.register_table("t", table(3)).unwrap();
            let plan = rows(&parted, &format!("EXPLAIN {query}")).await.join("\n");
            assert!(plan.contains("Partial"), "{plan}");
            let answer = rows(&parted, &query).await;
            assert_eq!(answer, rows(&whole, &query).await);
            assert!(answer[0].contains("points: 15"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn distinct_is_refused() {
    let query = "SELECT fit_logistic(DISTINCT year, year) FROM (VALUES (2010)) AS t (year)";
    let error = match context(1).sql(query).await {
        Ok(rows) => rows.collect().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(error.to_string().contains("DISTINCT"), "{error}");
}
