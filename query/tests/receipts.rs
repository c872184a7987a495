//! What became of what was sent: the view `rejected`, and receipts, as the library and over HTTP.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use lantoa_query::access::Role;
use lantoa_query::format::{Format, write};
use lantoa_query::receipt::{Change, Receipt, Rows, find};
use lantoa_query::{Asker, Config, Engine, QueryError, Settings, start};
use lantoa_schemas::clock::SystemClock;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_tests::events::{WireEvents, id};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::fixture::{Folder, changed};

/// When most of what is sent here was taken in; the articles were before.
const SENT: &str = "2026-01-12T02:00:00Z";

fn with(mut row: Value, changes: Value) -> Value {
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    row
}

fn reject(reject: &str, receipt: &str, row: Option<i64>, changes: Value) -> Value {
    let row = json!({
        "reject": reject, "receipt": receipt, "receipt_row": row, "recorded": SENT, "sender": "lan", "via": "file",
        "name": "figures.csv", "event_type": "vn.lantoa.statement.stated.v1", "field": "numerator",
        "reason": "\"many\" is no whole number", "remedy": "write digits only, as 138068", "problems": "[]",
        "content_hash": "00", "bytes": "{\"numerator\":\"many\"}",
    });
    with(row, changes)
}

fn manifest(receipt: &str, recorded: &str, [sent, accepted, rejected]: [i64; 3]) -> Value {
    json!({
        "receipt": receipt, "recorded": recorded, "sender": "lan", "via": "file", "name": "figures.csv",
        "content_hash": "00", "sent": sent, "accepted": accepted, "rejected": rejected, "rejects_kept": rejected,
    })
}

fn duplicate(receipt: &str, row: i64, event_id: &str) -> Value {
    json!({
        "event_id": event_id, "received": "2026-01-12T02:00:01Z", "topic": "lantoa.statement.v1", "outcome": "duplicate",
        "reason": "its event_id is in the table already", "receipt": receipt, "receipt_row": row,
    })
}

fn sent_again(receipt: &str) -> Value {
    with(duplicate(receipt, 0, receipt), json!({ "topic": "lantoa.receipt.v1", "receipt_row": null }))
}

/// A row of an article as a row of a receipt.
fn row(of: (&str, usize), event_id: &str, (receipt, row): (&str, i64), changes: Value) -> Value {
    let sent = json!({ "event_id": event_id, "receipt": receipt, "receipt_row": row, "recorded": SENT });
    with(changed(of.0, of.1, sent), changes)
}

async fn csv(engine: &Engine, query: &str) -> String {
    let session = engine.session(&Asker::owner(), &Settings::default()).unwrap();
    let mut out = Vec::new();
    write(session.sql(query).await.unwrap(), Format::Csv, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn all_that_was_refused_is_one_view_that_says_what_was_mended() {
    let mut folder = Folder::with_articles().await;
    let unread = json!({ "event_id": null, "event_type": null, "bytes": "a;b" });
    let rejects = vec![
        reject("r1", "k", Some(2), json!({ "event_id": "e-2" })),
        reject("r2", "k", Some(3), json!({ "event_id": "ha-giang-2024/1" })),
        reject("r3", "w", None, unread.clone()),
        reject("r4", "k", Some(4), unread.clone()),
        reject("r5", "k", Some(5), json!({ "event_id": "e-5" })),
        // Rows of single events, which are named by what they say: one is mended at the second go.
        reject("r6", "s", Some(6), unread.clone()),
        reject("r7", "s", Some(7), with(unread.clone(), json!({ "name": "reject r6" }))),
        reject("r8", "s", Some(8), unread),
    ];
    let later = |id| json!({ "event_id": id, "recorded": "2026-01-12T02:00:09Z" });
    let mended = ["r4", "e-5"].map(|id| changed("ha-giang-2024", 2, later(id)));
    folder.append(Family::Statement.stream(), mended.into()).await;
    let sheet =
        |receipt, name, accepted| with(manifest(receipt, SENT, [1, accepted, 1 - accepted]), json!({ "name": name }));
    let sheets = vec![sheet("s-6", "reject r6", 1), sheet("s-8", "reject r8", 0)];
    folder.append(Stream::Receipt, sheets).await;
    folder.append(Stream::Reject, rejects).await;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let direct = WireEvents::default().direct(7, |event| event.envelope.area_code = Some("99".to_owned()));
    let refused = |offset: i64, bytes: &[u8]| {
        json!({
            "received": "2026-01-13T02:00:00Z", "topic": "lantoa.statement.v1", "outcome": "rejected",
            "field": "area_code", "reason": "no such area", "sender": null, "bytes": hex(bytes), "log_offset": offset,
        })
    };
    let repeated = duplicate("k", 9, "ha-giang-2024/1");
    folder.append_outcomes(vec![refused(40, &direct), refused(41, b"not avro"), refused(42, b"\xFF"), repeated]).await;
    let engine = folder.engine();

    let told = csv(
        &engine,
        "SELECT position, event_id, sender, via, name, field, event_type, mended, problems FROM rejected \
         ORDER BY received, position, event_id NULLS FIRST",
    )
    .await;
    let stated = "vn.lantoa.statement.stated.v1";
    let expected = [
        "position,event_id,sender,via,name,field,event_type,mended,problems".to_owned(),
        format!("row 2,e-2,lan,file,figures.csv,numerator,{stated},false,[]"),
        // Its event was there before.
        format!("row 3,ha-giang-2024/1,lan,file,figures.csv,numerator,{stated},false,[]"),
        // It was sent without an id, and went in under that of the reject.
        "row 4,,lan,file,figures.csv,numerator,,true,[]".to_owned(),
        format!("row 5,e-5,lan,file,figures.csv,numerator,{stated},true,[]"),
        "row 6,,lan,file,figures.csv,numerator,,true,[]".to_owned(),
        "row 7,,lan,file,reject r6,numerator,,true,[]".to_owned(),
        "row 8,,lan,file,figures.csv,numerator,,false,[]".to_owned(),
        "the whole content,,lan,file,figures.csv,numerator,,false,[]".to_owned(),
        format!("lantoa.statement.v1/0/40,{},,kafka,,area_code,{stated},false,", id(7)),
        "lantoa.statement.v1/0/41,,,kafka,,area_code,,false,".to_owned(),
        "lantoa.statement.v1/0/42,,,kafka,,area_code,,false,".to_owned(),
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);

    let kafka = "FROM rejected WHERE via = 'kafka' ORDER BY position";
    let bytes = csv(&engine, &format!("SELECT bytes {kafka}")).await;
    assert!(bytes.contains("\"\"area_code\"\":\"\"99\"\""), "a clerk can read it: {bytes}");
    assert_eq!(bytes.lines().skip(2).collect::<Vec<_>>(), ["not avro", "base64:/w=="]);
    let ids = csv(&engine, &format!("SELECT reject {kafka}")).await;
    assert_eq!(ids.lines().collect::<std::collections::BTreeSet<_>>().len(), 4, "{ids}");
    let one = ids.lines().nth(2).unwrap();
    let again = csv(&folder.engine(), &format!("SELECT position FROM rejected WHERE reject = '{one}'")).await;
    assert_eq!(again, "position\nlantoa.statement.v1/0/41\n", "the id stays");

    // What came in later had not mended it before.
    let before = "SET lantoa.as_of = '2026-01-01'; SELECT count(*) AS n FROM rejected";
    assert_eq!(csv(&engine, before).await, "n\n0\n");
}

/// What a receipt says, without the versions of the tables.
async fn receipt(engine: &Engine, key: &str) -> Option<(Receipt, Vec<(String, i64)>)> {
    let mut receipt = find(engine, &Asker::owner(), key).await.unwrap()?;
    assert!(receipt.tables.iter().all(|table| table.version.is_some()), "{receipt:?}");
    let tables = receipt.tables.drain(..).map(|table| (table.table, table.rows)).collect();
    Some((receipt, tables))
}

/// The receipt `k` of six rows: two are new, one has other figures than its source had before, one replaces an event by id, one
/// is there already, one is refused.
async fn with_a_receipt() -> Folder {
    let mut folder = Folder::with_articles().await;
    let rows = vec![
        row(("ha-giang-2024", 1), "k-1", ("k", 1), json!({ "source": "another" })),
        row(("ha-giang-2024", 1), "k-2", ("k", 2), json!({ "numerator": 138_100 })),
        row(("bac-giang-2022", 1), "k-3", ("k", 3), json!({ "supersedes": "bac-giang-2022/1", "note": "seen again" })),
        row(("ha-giang-2024", 2), "k-5", ("k", 5), json!({ "quote": "the same again" })),
    ];
    folder.append(Family::Statement.stream(), rows).await;
    folder.append_outcomes(vec![duplicate("k", 4, "ha-giang-2024/3")]).await;
    folder.append(Stream::Reject, vec![reject("r6", "k", Some(6), json!({ "event_id": "k-6" }))]).await;
    folder.append(Stream::Receipt, vec![manifest("k", SENT, [6, 5, 1])]).await;
    folder
}

#[tokio::test]
async fn a_receipt_adds_up_and_stays_as_it_was_whatever_comes_later() {
    let mut folder = with_a_receipt().await;
    let engine = folder.engine();
    let (first, tables) = receipt(&engine, "k").await.unwrap();
    assert_eq!(first.rows, Rows { accepted: 2, duplicate: 1, corrected: 2, rejected: 1 });
    assert!(first.committed && first.sent == 6 && first.sent_again == 0, "{first:?}");
    let change = |row: i64, replaces: &str| Change { row, event_id: format!("k-{row}"), replaces: replaces.to_owned() };
    assert_eq!(first.changes, [change(2, "ha-giang-2024/1"), change(3, "bac-giang-2022/1")]);
    let expected = [("ledger_statement", 4), ("outcome", 1), ("reject", 1)].map(|(name, n)| (name.to_owned(), n));
    assert_eq!(tables, expected);
    assert_eq!((first.sender.as_deref(), first.name.as_deref()), (Some("lan"), Some("figures.csv")));

    // The same file comes again, by now with the refused row good; figures of it are corrected and taken back.
    let again = [(1, "k-1"), (2, "k-2"), (3, "k-3"), (4, "ha-giang-2024/3"), (5, "k-5")];
    let again = again.map(|(row, id)| duplicate("k", row, id)).into_iter().chain([sent_again("k")]);
    folder.append_outcomes(again.collect()).await;
    let later = json!({ "recorded": "2026-01-20T02:00:00Z" });
    let good = row(("ha-giang-2024", 4), "k-6", ("k", 6), later.clone());
    let corrected = json!({ "recorded": "2026-01-21T02:00:00Z", "supersedes": "k-2", "numerator": 138_200 });
    let corrected = row(("ha-giang-2024", 1), "later", ("l", 1), corrected);
    let retraction = json!({
        "event_id": "gone", "recorded": "2026-01-21T02:00:00Z", "retracts": "ha-giang-2024/1", "change_reason": "typed",
        "area_level": "province", "area_code": "02", "area_date": "2024-12-31", "area_name": "Hà Giang",
    });
    folder.append(Family::Statement.stream(), vec![good, corrected, retraction]).await;
    let (second, tables_then) = receipt(&folder.engine(), "k").await.unwrap();
    assert_eq!(second, Receipt { sent_again: 1, ..first });
    assert_eq!(tables_then, tables);
}

#[tokio::test]
async fn what_was_sent_in_two_goes_is_told_of_the_manifest_that_came_first() {
    let mut folder = Folder::with_articles().await;
    // The log took the row and not the manifest, so its sender sent both again.
    // It would replace an event that is not there, so it replaces none.
    let minute_before = json!({ "recorded": "2026-01-12T01:59:00Z", "source": "another", "supersedes": "nothing" });
    let rows = vec![
        row(("ha-giang-2024", 1), "a-1", ("a", 1), minute_before),
        // On its way: of two rows one has come.
        row(("ha-giang-2024", 2), "b-1", ("b", 1), json!({ "source": "another" })),
        // Refused at first, and good when it was sent again.
        row(("ha-giang-2024", 3), "c-1", ("c", 1), json!({ "source": "another", "recorded": "2026-01-19T02:00:00Z" })),
    ];
    folder.append(Family::Statement.stream(), rows).await;
    folder.append_outcomes(vec![duplicate("a", 1, "a-1"), sent_again("c")]).await;
    let whole = json!({ "event_id": null, "event_type": null });
    let rejects = vec![reject("r-c", "c", Some(1), json!({ "event_id": "c-1" })), reject("r-d", "d", None, whole)];
    folder.append(Stream::Reject, rejects).await;
    let unread = with(manifest("d", SENT, [0, 0, 0]), json!({ "rejects_kept": 1 }));
    let manifests = vec![
        manifest("a", SENT, [1, 1, 0]),
        manifest("b", SENT, [2, 2, 0]),
        manifest("c", SENT, [1, 0, 1]),
        unread,
        // Its reject is still to come.
        manifest("e", SENT, [1, 0, 1]),
    ];
    folder.append(Stream::Receipt, manifests).await;
    let engine = folder.engine();
    let rows = |accepted, rejected| Rows { accepted, rejected, ..Rows::default() };
    for (key, expected, committed, again) in [
        ("a", rows(1, 0), true, 0),
        ("b", rows(1, 0), false, 0),
        ("c", rows(0, 1), true, 1),
        ("d", rows(0, 0), true, 0),
        ("e", rows(0, 1), false, 0),
    ] {
        let (receipt, _) = receipt(&engine, key).await.unwrap();
        assert_eq!((receipt.rows, receipt.committed, receipt.sent_again), (expected, committed, again), "{key}");
    }
    assert_eq!(receipt(&engine, "nothing").await, None);
    assert_eq!(receipt(&engine, &"k".repeat(1000)).await, None);
    assert_eq!(receipt(&Folder::empty().engine(), "a").await, None);
}

#[tokio::test]
async fn receipts_are_for_those_who_may_read_the_tables() {
    let folder = with_a_receipt().await;
    let engine = folder.engine();
    let asker =
        |role, area: Option<&str>| Asker { name: "lan".into(), role, area: area.map(Into::into), ..Asker::owner() };
    assert!(find(&engine, &asker(Role::Analyst, None), "k").await.unwrap().is_some());
    assert!(find(&engine, &asker(Role::Analyst, Some("24")), "k").await.unwrap().is_none());
    let refused = find(&engine, &asker(Role::Reader, None), "k").await.unwrap_err();
    assert!(matches!(refused, QueryError::Release(_)), "{refused:?}");
}

#[tokio::test]
async fn a_receipt_is_answered_over_http() {
    let folder = with_a_receipt().await;
    let shutdown = CancellationToken::new();
    let role = start(Config::over(folder.path()), Arc::new(SystemClock), shutdown.clone()).await.unwrap();
    let get = async |address: &str| {
        let request = Request::get(address).body(Body::empty()).unwrap();
        let response = role.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let (parts, body) = get("/v1/receipts/k").await;
    assert_eq!(parts.status, StatusCode::OK);
    assert_eq!(body["rows"], json!({ "accepted": 2, "duplicate": 1, "corrected": 2, "rejected": 1 }));
    assert_eq!((&body["recorded"], &body["committed"]), (&json!(SENT), &json!(true)));
    let ledger = json!({ "table": "ledger_statement", "version": body["tables"][0]["version"], "rows": 4 });
    assert_eq!(body["tables"][0], ledger);
    assert!(body["tables"][0]["version"].is_u64(), "{body}");
    assert_eq!(body["changes"][1], json!({ "row": 3, "event_id": "k-3", "replaces": "bac-giang-2022/1" }));
    for address in ["/v1/receipts/nothing", "/v1/receipts/k%27%20OR%20%271%27=%271"] {
        let (parts, body) = get(address).await;
        assert_eq!(parts.status, StatusCode::NOT_FOUND);
        assert_eq!(parts.headers["retry-after"], "1");
        assert_eq!(parts.headers["content-type"], "application/problem+json");
        assert!(body["detail"].as_str().unwrap().contains("not committed yet"), "{body}");
    }
    shutdown.cancel();
}
