//! Runs the `.slt` files, each over the tables that its function here writes. Expected answers are written by hand.

use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use lantoa_query::{QueryError, Session, Settings};
use lantoa_schemas::stream::Family;
use serde_json::json;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner};

use crate::fixture::{Folder, changed};

struct Desk {
    session: Session,
}

#[async_trait::async_trait]
impl AsyncDB for Desk {
    type Error = QueryError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, QueryError> {
        let answer = self.session.sql(sql).await?;
        let types = vec![DefaultColumnType::Text; answer.columns().fields().len()];
        if types.is_empty() {
            return Ok(DBOutput::StatementComplete(0));
        }
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in answer.collect().await? {
            let columns: Vec<_> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
            for row in 0..batch.num_rows() {
                rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
            }
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}
}

async fn run(script: &str, folder: &Folder) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt").join(script);
    let engine = folder.engine();
    let mut runner = Runner::new(|| {
        let session = engine.session(&Settings::default()).unwrap();
        async move { Ok(Desk { session }) }
    });
    if let Err(error) = runner.run_file_async(path).await {
        panic!("{}", error.display(false));
    }
}

#[tokio::test]
async fn articles() {
    let folder = Folder::with_articles().await;
    for script in ["statement.slt", "indicator.slt", "activity.slt", "settings.slt", "errors.slt", "areas.slt"] {
        run(script, &folder).await;
    }
}

#[tokio::test]
async fn nothing_recorded_yet() {
    for script in ["empty.slt", "fit_logistic.slt"] {
        run(script, &Folder::empty()).await;
    }
}

/// Hà Giang's families (row 1 of its article) told again, corrected, and taken back.
#[tokio::test]
async fn changes() {
    let mut folder = Folder::with_articles().await;
    let told = |id: &str, day: &str, changes: serde_json::Value| {
        let mut event = changed("ha-giang-2024", 1, json!({ "event_id": id, "recorded": format!("{day}T02:00:00Z") }));
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    let retraction = |id: &str, day: &str, target: &str| {
        json!({
            "event_id": id, "recorded": format!("{day}T02:00:00Z"), "retracts": target, "change_reason": "typed wrongly",
            "area_level": "province", "area_code": "02", "area_date": "2024-12-31", "area_name": "Hà Giang",
        })
    };
    let statement = Family::Statement.stream();
    folder.append(statement, vec![told("same", "2026-01-11", json!({ "quote": "the same again" }))]).await;
    folder.append(statement, vec![told("other", "2026-01-12", json!({ "numerator": 138_100 }))]).await;
    folder
        .append(statement, vec![told("c1", "2026-01-13", json!({ "numerator": 138_200, "supersedes": "other" }))])
        .await;
    folder.append(statement, vec![told("c2", "2026-01-14", json!({ "numerator": 138_300, "supersedes": "c1" }))]).await;
    folder.append(statement, vec![retraction("r2", "2026-01-15", "c2")]).await;
    folder.append(statement, vec![told("lost", "2026-01-16", json!({ "numerator": 1, "supersedes": "nobody" }))]).await;
    let abroad = json!({ "numerator": 2, "supersedes": "c1", "area_code": "62", "area_name": "Kon Tum" });
    folder.append(statement, vec![told("abroad", "2026-01-17", abroad)]).await;
    // Another count of the year, and a decision of the same day as it.
    let october = json!({ "as_at": "2024-10", "numerator": 130_000, "source": "return-10", "source_kind": "return" });
    folder.append(statement, vec![told("october", "2026-01-18", october)]).await;
    let decision =
        json!({ "numerator": 138_250, "source": "decision-1", "source_kind": "decision", "stated_on": "2025-02" });
    folder.append(statement, vec![told("decision", "2026-01-19", decision)]).await;
    run("changes.slt", &folder).await;
}

/// Targets beside figures, single occasions beside returns.
#[tokio::test]
async fn targets_and_occasions() {
    let mut folder = Folder::with_articles().await;
    let statement = Family::Statement.stream();
    // Bắc Giang reports families of 2024 and 2025, Kon Tum units of 2023 by printed percent, Trà Bồng one of unknown base.
    let reported = |id: &str, changes: serde_json::Value| {
        let mut event = changed("ha-giang-2024", 1, json!({ "event_id": id, "source": "return" }));
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    let bac_giang = |year: &str, numerator: i64| {
        json!({
            "area_code": "24", "area_name": "Bắc Giang", "period": year, "as_at": year, "numerator": numerator,
            "denominator": 400_000, "printed_percent": "70",
        })
    };
    let units = json!({
        "area_code": "62", "area_name": "Kon Tum", "period": "2023", "as_at": "2023", "measure": "learning_unit",
        "subject_scope": "unit", "numerator": null, "numerator_precision": null, "denominator": null,
        "printed_percent": "85.5",
    });
    let unknown = json!({
        "area_level": "district", "area_code": "525", "area_date": "2019-12-31", "area_name": "Trà Bồng",
        "period": "2019", "as_at": "2019", "base": null, "numerator": 50, "denominator": 100, "printed_percent": "50",
    });
    folder
        .append(
            statement,
            vec![
                reported("bg-2024", bac_giang("2024", 280_000)),
                reported("bg-2025", bac_giang("2025", 300_000)),
                reported("kt-2023", units),
                reported("tb-2019", unknown),
            ],
        )
        .await;
    let held = |id: &str, changes: serde_json::Value| {
        let mut event = json!({
            "event_id": id, "area_level": "province", "area_code": "02", "area_date": "2024-10-02",
            "area_name": "Tỉnh Hà Giang", "occurred_on": "2024-10-02", "source": "diary", "activity": "seminar",
            "week_year": 2024, "attendances": 40, "attendances_precision": "exact", "persons": 35,
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    folder
        .append(
            Family::Activity.stream(),
            vec![
                held("held-1", json!({})),
                held("held-2", json!({ "attendances": 50 })),
                held(
                    "held-2b",
                    json!({ "attendances": 55, "supersedes": "held-2", "sessions": 2, "sessions_precision": "about" }),
                ),
                held("held-3", json!({})),
                json!({ "event_id": "gone-3", "retracts": "held-3", "change_reason": "did not take place",
                    "area_level": "province", "area_code": "02" }),
            ],
        )
        .await;
    run("targets.slt", &folder).await;
}
