//! Runs the `.slt` files, each over the tables that its function here writes. Expected answers are written by hand, or
//! written anew by `LANTOA_REGENERATE=1` and read critically.

use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use lantoa_query::face::{Question, ask};
use lantoa_query::{Asker, QueryError, Session, Settings};
use lantoa_schemas::stream::Family;
use serde_json::json;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType, Runner, default_normalizer, default_validator};

use crate::fixture::{Folder, changed, reported_rows};

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
        let session = engine.session(&Asker::owner(), &Settings::default()).unwrap();
        async move { Ok(Desk { session }) }
    });
    if std::env::var_os("LANTOA_REGENERATE").is_some() {
        runner.update_test_file(path, " ", default_validator, default_normalizer, |_, _| true).await.unwrap();
    } else if let Err(error) = runner.run_file_async(path).await {
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

/// The articles and what other provinces printed, on every map.
#[tokio::test]
async fn reported_figures() {
    let mut folder = Folder::with_articles().await;
    folder.append(Family::Statement.stream(), reported_rows()).await;
    for script in
        ["maps.slt", "trend.slt", "coverage.slt", "suspicious.slt", "reconciliation.slt", "pilot.slt", "find.slt"]
    {
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

/// Bắc Ninh has the code that Bắc Giang had: what is said under it of the one changes nothing of the other.
#[tokio::test]
async fn changes_across_a_border() {
    let mut folder = Folder::with_articles().await;
    let told = |id: &str, day: &str, area_date: &str, name: &str, changes: serde_json::Value| {
        let area = json!({
            "event_id": id, "recorded": format!("{day}T02:00:00Z"), "area_code": "24", "area_date": area_date,
            "area_name": name,
        });
        let mut event = changed("ha-giang-2024", 1, area);
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    let ninh = told("ninh", "2026-01-11", "2025-08-01", "Bắc Ninh", json!({}));
    let cross = told("cross", "2026-01-12", "2024-12-31", "Bắc Giang", json!({ "supersedes": "ninh" }));
    let back = json!({
        "event_id": "back", "recorded": "2026-01-13T02:00:00Z", "retracts": "ninh", "change_reason": "not ours",
        "area_level": "province", "area_code": "24", "area_date": "2024-12-31", "area_name": "Bắc Giang",
    });
    folder.append(Family::Statement.stream(), vec![ninh, cross, back]).await;
    run("border.slt", &folder).await;
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
                    "area_level": "province", "area_code": "02", "area_date": "2024-12-31" }),
            ],
        )
        .await;
    run("targets.slt", &folder).await;
}

/// A province that reports for years: changes, the way to a target, another base, other criteria, a leap.
#[tokio::test]
async fn series() {
    let mut folder = Folder::empty();
    let mut rows = Vec::new();
    for (year, families, units) in [(2019, 40, 60), (2020, 44, 62), (2022, 50, 65), (2023, 56, 68), (2024, 64, 70)] {
        rows.push(of_year("01", "Hà Nội", year, json!({ "numerator": families, "denominator": 80 })));
        let unit = json!({
            "measure": "learning_unit", "subject_scope": "unit", "numerator": units, "denominator": 100,
            "printed_percent": format!("{units}.0"),
        });
        rows.push(of_year("01", "Hà Nội", year, unit));
    }
    rows.push(of_year("01", "Hà Nội", 2021, json!({ "numerator": 47, "denominator": 50, "base": "registered" })));
    rows.push(of_year("04", "Cao Bằng", 2023, json!({ "numerator": 100, "denominator": 400 })));
    rows.push(of_year(
        "04",
        "Cao Bằng",
        2024,
        json!({ "numerator": 290, "denominator": 400, "printed_percent": "70" }),
    ));
    rows.push(of_year("08", "Tuyên Quang", 2024, json!({ "numerator": 70, "denominator": 100 })));
    let plan = json!({
        "fact": "target", "numerator": null, "denominator": null, "printed_percent": "90", "span": null, "as_at": null,
        "period": "2025", "plan": "kế hoạch Hà Nội", "stated_on": "2020", "source": "plan",
    });
    rows.push(of_year("01", "Hà Nội", 2025, plan));
    folder.append(Family::Statement.stream(), rows).await;
    run("series.slt", &folder).await;
}

/// A plan whose event says when it begins.
#[tokio::test]
async fn plans() {
    let mut folder = Folder::empty();
    let families = [(2021, 47), (2022, 50), (2023, 56), (2024, 64)];
    let rows = families
        .map(|(year, families)| of_year("01", "Hà Nội", year, json!({ "numerator": families, "denominator": 80 })));
    let plan = json!({
        "fact": "target", "numerator": null, "denominator": null, "printed_percent": "90", "span": null, "as_at": null,
        "period": "2025", "plan": "90/KH-UBND", "stated_on": "2020", "source": "plan",
    });
    let mut rows = rows.to_vec();
    rows.push(of_year("01", "Hà Nội", 2025, plan));
    folder.append(Family::Statement.stream(), rows).await;
    let issued = |id: &str, code: &str, name: &str, from_year: i32| {
        json!({
            "event_id": id, "recorded": "2026-01-12T02:00:00Z", "kind": "plan_issued", "subject": id,
            "body": json!({ "number": "90/KH-UBND", "from_year": from_year, "to_year": 2025 }).to_string(),
            "area_level": "province", "area_code": code, "area_date": "2022-03-01", "area_name": name,
        })
    };
    let events =
        vec![issued("plan-01", "01", "Thành phố Hà Nội", 2022), issued("plan-02", "02", "Tỉnh Hà Giang", 2023)];
    folder.append(Family::Reference.stream(), events).await;
    run("plan.slt", &folder).await;
}

/// Weeks that ship, and what events say of some: one is declared, declared anew, and corrected; one is taken back.
#[tokio::test]
async fn learning_weeks() {
    let mut folder = Folder::empty();
    let declared = |id: &str, day: &str, week: (i32, &str, &str), changes: serde_json::Value| {
        let (year, start, end) = week;
        let mut event = json!({
            "event_id": id, "recorded": format!("2026-01-{day}T02:00:00Z"), "kind": "week_declared",
            "subject": format!("week-{year}"), "legal_basis": format!("{id}/BGDĐT"), "source": format!("dispatch-{id}"),
            "body": json!({ "year": year, "start": start, "end": end, "theme": format!("Chủ đề {id}") }).to_string(),
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    let (told, later) = ((2026, "2026-10-01", "2026-10-07"), (2026, "2026-10-05", "2026-10-11"));
    let retraction = json!({
        "event_id": "4", "recorded": "2026-01-16T02:00:00Z", "retracts": "3", "change_reason": "a slip of the pen",
    });
    let events = vec![
        declared("1", "12", told, json!({})),
        declared("2", "13", told, json!({ "note": "declared anew" })),
        declared("3", "14", (2024, "2024-11-01", "2024-11-07"), json!({})),
        declared("5", "18", later, json!({ "supersedes": "2", "note": "a week later" })),
        retraction,
    ];
    folder.append(Family::Reference.stream(), events).await;
    run("week.slt", &folder).await;
}

/// A province that an event calls difficult to the end of 2018, beside one that it does not name, and a district.
#[tokio::test]
async fn difficult_areas() {
    let mut folder = Folder::empty();
    let of = |code: &str, name: &str, year: i32| {
        of_year(code, name, year, json!({ "numerator": 50, "denominator": 100, "printed_percent": "50" }))
    };
    let mut district = of("042", "Bảo Lâm", 2018);
    district["area_level"] = json!("district");
    let rows = vec![of("02", "Hà Giang", 2018), of("02", "Hà Giang", 2019), of("04", "Cao Bằng", 2018), district];
    folder.append(Family::Statement.stream(), rows).await;
    let classified = json!({
        "event_id": "difficult-02", "recorded": "2026-01-12T02:00:00Z", "kind": "area_classified",
        "subject": "difficult-02", "effective_on": "2016-01-01", "legal_basis": "Quyết định giả định",
        "body": json!({ "class": "difficult", "until": "2018-12-31" }).to_string(),
        "area_level": "province", "area_code": "02", "area_date": "2016-01-01", "area_name": "Tỉnh Hà Giang",
    });
    folder.append(Family::Reference.stream(), vec![classified]).await;
    run("difficult.slt", &folder).await;
}

/// Families of provinces whose households are only known as over, nearly or about so many.
#[tokio::test]
async fn bounds() {
    let mut folder = Folder::empty();
    let mut rows = Vec::new();
    for (code, name, precision) in [
        ("01", "Hà Nội", "over"),
        ("02", "Hà Giang", "nearly"),
        ("04", "Cao Bằng", "about"),
        ("06", "Bắc Kạn", "exact"),
    ] {
        rows.push(of_year(code, name, 2023, json!({ "numerator": 90 })));
        let households = json!({
            "fact": "denominator", "measure": "household", "stage": null, "base": null, "numerator": 120,
            "numerator_precision": precision,
        });
        rows.push(of_year(code, name, 2023, households));
    }
    folder.append(Family::Statement.stream(), rows).await;
    run("bounds.slt", &folder).await;
}

/// Families of a province in a year, recognised and of all, with some fields changed.
fn of_year(code: &str, name: &str, year: i32, changes: serde_json::Value) -> serde_json::Value {
    let measure = changes["measure"].as_str().unwrap_or("learning_family");
    let base = changes["base"].as_str().unwrap_or("all");
    let fact = changes["fact"].as_str().unwrap_or("actual");
    let mut event = json!({
        "event_id": format!("{code}-{year}-{fact}-{measure}-{base}"), "source": format!("return-{year}"),
        "source_kind": "return", "stated_on": year.to_string(), "area_level": "province", "area_code": code,
        "area_date": format!("{}-12-31", year.min(2024)), "area_name": name, "fact": "actual",
        "measure": "learning_family", "stage": "recognised", "subject_scope": "household", "period": year.to_string(),
        "as_at": format!("{year}-12-31"), "span": "stock", "base": "all",
    });
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event
}

/// Nghệ An's members, printed as 88.900, are corrected; what was said before can still be asked for.
#[tokio::test]
async fn a_slip_is_corrected() {
    let mut folder = Folder::empty();
    let statement = Family::Statement.stream();
    folder.append(statement, reported_rows()).await;
    let members = reported_rows().into_iter().find(|row| row["numerator"] == json!(88_900)).unwrap();
    let mut corrected = members.clone();
    let changes = json!({
        "event_id": "mended", "recorded": "2026-01-20T02:00:00Z", "supersedes": members["event_id"],
        "numerator": 889_000, "change_reason": "a digit was lost in print", "source_url": null,
    });
    corrected.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    folder.append(statement, vec![corrected]).await;
    run("slip.slt", &folder).await;
}

/// Subjects recognised one by one, over a merger, beside a return and a decision that gives only a number.
#[tokio::test]
async fn adopters() {
    let mut folder = Folder::empty();
    let step = |id: &str, step: &str, token: &str, year: i32, commune: (&str, &str), changes: serde_json::Value| {
        let mut event = json!({
            "event_id": id, "step": step, "model": "learning_family", "year": year, "subject_token": token,
            "area_level": "commune", "area_code": commune.0, "area_name": commune.1,
            "area_date": format!("{year}-12-31"), "occurred_on": format!("{year}-12-20"), "source": "register",
            "decision_number": format!("{}/QĐ-{year}", commune.0), "decision_issuer": "UBND xã",
        });
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    // Two communes of Lục Nam in Bắc Giang, which is in Bắc Ninh since 2025.
    let (bac_lung, truong_son) = (("07513", "Bắc Lũng"), ("07507", "Trường Sơn"));
    let none = || json!({});
    let recognised = "recognised";
    let events = vec![
        step("a23", recognised, "family-a-00000001", 2023, bac_lung, none()),
        step("b23", recognised, "family-b-00000002", 2023, bac_lung, none()),
        step("c23", recognised, "family-c-00000003", 2023, truong_son, none()),
        step("a24", recognised, "family-a-00000001", 2024, bac_lung, none()),
        step("a24-again", recognised, "family-a-00000001", 2024, bac_lung, none()),
        step("d24", recognised, "family-d-00000004", 2024, bac_lung, none()),
        step("c24", recognised, "family-c-00000003", 2024, truong_son, none()),
        step("c24-revoked", "revoked", "family-c-00000003", 2024, truong_son, none()),
        step("e24", recognised, "family-e-00000005", 2024, truong_son, none()),
        json!({
            "event_id": "e24-gone", "retracts": "e24", "change_reason": "another commune's",
            "area_level": "commune", "area_code": "07507", "area_date": "2024-12-31", "area_name": "Trường Sơn",
        }),
        step("f24", "registered", "family-f-00000006", 2024, truong_son, none()),
        step(
            "list24",
            recognised,
            "none",
            2024,
            truong_son,
            json!({
                "subject_token": null, "subjects": 12, "decision_number": "9/QĐ", "model": "learning_clan",
            }),
        ),
        step(
            "list24-again",
            recognised,
            "none",
            2024,
            truong_son,
            json!({
                "subject_token": null, "subjects": 12, "decision_number": "9/QĐ", "model": "learning_clan",
            }),
        ),
    ];
    folder.append(Family::Recognition.stream(), events).await;
    let commune = |id: &str, changes: serde_json::Value| {
        let mut event = of_year("07513", "Bắc Lũng", 2024, json!({ "area_level": "commune", "event_id": id }));
        event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        event
    };
    let statements = vec![
        commune("returned", json!({ "numerator": 3, "denominator": 10 })),
        commune(
            "households",
            json!({
                "fact": "denominator", "measure": "household", "stage": null, "numerator": 10, "base": null,
                "area_code": "07507", "area_name": "Trường Sơn",
            }),
        ),
    ];
    folder.append(Family::Statement.stream(), statements).await;
    run("adoption.slt", &folder).await;
}

/// Decisions that list clans, filed at several levels of Bắc Giang in 2024 and of Bắc Ninh in 2025, beside totals.
#[tokio::test]
async fn single_events_of_several_levels() {
    let mut folder = Folder::empty();
    let listed = |id: &str, level: &str, code: &str, name: &str, year: i32, day: &str, subjects: i64| {
        json!({
            "event_id": id, "step": "recognised", "model": "learning_clan", "year": year, "subjects": subjects,
            "area_level": level, "area_code": code, "area_name": name, "area_date": day, "occurred_on": day,
            "source": "decisions", "decision_number": id, "decision_issuer": "UBND",
        })
    };
    let events = vec![
        listed("province", "province", "24", "Bắc Giang", 2024, "2024-12-20", 100),
        listed("district", "district", "218", "Lục Nam", 2024, "2024-12-20", 20),
        listed("first", "commune", "07507", "Trường Sơn", 2024, "2024-12-20", 3),
        listed("second", "commune", "07513", "Bắc Lũng", 2024, "2024-12-20", 4),
        listed("new-province", "province", "24", "Bắc Ninh", 2025, "2025-12-20", 1000),
        listed("new-commune", "commune", "07498", "Bắc Lũng", 2025, "2025-12-20", 7),
    ];
    folder.append(Family::Recognition.stream(), events).await;
    let stated = |code: &str, name: &str, year: i32, clans: i64| {
        let changes = json!({ "measure": "learning_clan", "subject_scope": "clan", "numerator": clans });
        let mut event = of_year(code, name, year, changes);
        event["area_date"] = json!(format!("{year}-12-31"));
        event
    };
    let totals = vec![stated("27", "Bắc Ninh", 2024, 5000), stated("24", "Bắc Ninh", 2025, 2000)];
    folder.append(Family::Statement.stream(), totals).await;
    run("levels.slt", &folder).await;
}

/// What reference events say: a merger to come, by when returns are due; and a return that was corrected after that day.
#[tokio::test]
async fn reference_events() {
    let mut folder = Folder::with_articles().await;
    let reference = |id: &str, recorded: &str, kind: &str, body: serde_json::Value| {
        json!({
            "event_id": id, "recorded": recorded, "kind": kind, "subject": id, "effective_on": "2026-01-15",
            "legal_basis": "Nghị quyết giả định", "body": body.to_string(),
        })
    };
    let merger = json!({
        "change": "merge",
        "areas": [{
            "level": "province", "code": "08", "name": "Tỉnh Tuyên Giang", "short_name": "Tuyên Giang", "kind": "tỉnh",
            "parent_code": "00",
        }],
        "succession": [
            { "old_level": "province", "old_code": "08", "new_level": "province", "new_code": "08", "whole": true, "is_main": true },
            { "old_level": "province", "old_code": "04", "new_level": "province", "new_code": "08", "whole": true, "is_main": true },
        ],
    });
    let due = |year: i32, day: &str| json!({ "year": year, "due": day, "indicator": null });
    folder
        .append(
            Family::Reference.stream(),
            vec![
                reference("merger", "2026-01-12T02:00:00Z", "area_changed", merger),
                reference("due-2024", "2026-01-12T02:00:00Z", "return_due", due(2024, "2026-01-05")),
                reference("due-2024b", "2026-01-14T02:00:00Z", "return_due", due(2024, "2026-01-31")),
            ],
        )
        .await;
    // The first of February in Vietnam.
    let late = json!({
        "event_id": "late-correction", "recorded": "2026-01-31T18:00:00Z", "supersedes": "ha-giang-2024/2",
        "numerator": 1565, "change_reason": "one was forgotten",
    });
    folder.append(Family::Statement.stream(), vec![changed("ha-giang-2024", 2, late)]).await;
    run("reference.slt", &folder).await;
    // A map that comes beside the question is answered as one that the question sets.
    let question =
        Question { query: "SELECT 1".into(), map: Some("new".into()), as_of: None, stated_by: None, release: None };
    let error = ask(&folder.engine(), &Asker::owner(), question).await.unwrap_err().to_string();
    assert!(error.contains("'2026-01-15'"), "{error}");
}
