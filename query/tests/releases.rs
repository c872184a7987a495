//! Releases: stored once, read without the tables, compared, withdrawn, and who may read them.

use std::collections::BTreeMap;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lantoa_query::access::{Role, User, Users, Verifier};
use lantoa_query::format::{Format, write};
use lantoa_query::release::{CreateError, Order, ReleaseError, Stored};
use lantoa_query::{Asker, Config, Engine, QueryError, Session, Settings};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::stream::Family;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::fixture::{Folder, changed, reported_rows};

const FAMILIES: &str = "SELECT numerator FROM indicator WHERE indicator = 'learning_family' AND area_code = '02' AND year = 2024 \
     AND numerator IS NOT NULL";

async fn folder() -> Folder {
    let mut folder = Folder::with_articles().await;
    folder.append(Family::Statement.stream(), reported_rows()).await;
    folder
}

/// A correction of Hà Giang's families, recorded after the articles.
async fn correct(folder: &mut Folder) {
    let changes = json!({
        "event_id": "correction", "supersedes": "ha-giang-2024/1", "numerator": 138_100,
        "recorded": "2026-01-20T02:00:00Z",
    });
    folder.append(Family::Statement.stream(), vec![changed("ha-giang-2024", 1, changes)]).await;
}

/// The release LLW-2025 of each figure on its own, as of a day.
fn order(as_of: &str) -> Order {
    Order {
        name: "LLW-2025".parse().unwrap(),
        title: Some("Tuần lễ hưởng ứng học tập suốt đời 2025".to_owned()),
        as_of: as_of.parse().unwrap(),
        stated_by: None,
        maps: vec![None],
        embargo: None,
        major: false,
    }
}

async fn made(engine: &Engine, order: &Order) -> Stored {
    engine
        .create_release(order)
        .await
        .unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
}

fn asker(role: Role, area: Option<&str>) -> Asker {
    Asker { name: "lan".into(), role, area: area.map(Into::into), ..Asker::owner() }
}

fn under(engine: &Engine, asker: &Asker, release: &str) -> Session {
    let settings = Settings { release: Some(release.to_owned()), ..Settings::default() };
    engine.session(asker, &settings).unwrap()
}

async fn csv(session: &Session, query: &str) -> String {
    let answer = session.sql(query).await.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    let mut out = Vec::new();
    write(answer, Format::Csv, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn refused(session: &Session, query: &str) -> QueryError {
    match session.sql(query).await {
        Ok(answer) => answer.collect().await.expect_err(query),
        Err(error) => error,
    }
}

/// Every file below a folder with its content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            files.extend(self::files(&path).into_iter().map(|(below, content)| (format!("{name}/{below}"), content)));
        } else {
            files.insert(name, std::fs::read(path).unwrap());
        }
    }
    files
}

#[tokio::test]
async fn a_release_stays_and_the_next_one_says_what_changed_and_why() {
    let mut folder = folder().await;
    let engine = folder.engine();
    let all_maps = Order { maps: Vec::new(), ..order("2026-01-15") };
    let first = made(&engine, &all_maps).await;
    assert_eq!(first.manifest.reference(), "LLW-2025@1.0.0");
    assert_eq!(first.manifest.maps, ["as_reported", "2025-06-30", "2025-07-01"]);
    let before = files(&first.folder);
    assert!(before.contains_key("2025-07-01/indicator.parquet") && before.contains_key("every_map/statement.parquet"));
    let again = engine.create_release(&Order { as_of: "2026-01-16".parse().unwrap(), ..all_maps.clone() }).await;
    assert!(again.unwrap_err().to_string().contains("nothing changed since LLW-2025@1.0.0"));

    correct(&mut folder).await;
    let owner = Asker::owner();
    let live = engine.session(&owner, &Settings::default()).unwrap();
    assert_eq!(csv(&live, FAMILIES).await, "numerator\n138100\n");
    assert_eq!(csv(&under(&engine, &owner, "LLW-2025@1"), FAMILIES).await, "numerator\n138068\n");
    assert_eq!(files(&first.folder), before);

    let second = made(&engine, &Order { as_of: "2026-01-25".parse().unwrap(), ..all_maps }).await;
    assert_eq!(second.manifest.reference(), "LLW-2025@1.0.1");
    assert_eq!(second.manifest.previous, Some(first.manifest.version));
    assert_eq!(second.manifest.events, first.manifest.events + 1);
    assert_eq!(csv(&under(&engine, &owner, "LLW-2025@1"), FAMILIES).await, "numerator\n138100\n");
    assert_eq!(csv(&under(&engine, &owner, "LLW-2025@1.0.0"), FAMILIES).await, "numerator\n138068\n");

    let [earlier, later] = ["LLW-2025@1.0.0", "LLW-2025@1.0.1"].map(|release| release.parse().unwrap());
    let mut out = Vec::new();
    write(engine.diff_releases(&earlier, &later, &[]).await.unwrap().whole(), Format::Csv, &mut out).await.unwrap();
    let diff = String::from_utf8(out).unwrap();
    for begins in [
        "changed,as_reported,province,02,Hà Giang,2024,learning_family,household,all,stock,138068,138100,",
        "changed,2025-06-30,province,02,Hà Giang,2024,learning_family,household,all,stock,138068,138100,",
        "changed,2025-07-01,province,08,Tuyên Quang,2024,learning_family,household,all,stock,138068,138100,",
    ] {
        let line = diff.lines().find(|line| line.starts_with(begins)).unwrap_or_else(|| panic!("{begins}\n{diff}"));
        assert!(line.ends_with(",correction,ha-giang-2024,2024"), "{line}");
    }
    assert!(diff.lines().skip(1).all(|line| line.contains(",learning_family,")), "{diff}");
    let mut out = Vec::new();
    // On a screen there are few columns, here of the figures of one map, which is named by any of its days.
    let on_map: [Option<chrono::NaiveDate>; 1] = ["2026-01-01".parse().ok()];
    let brief = engine.diff_releases(&earlier, &later, &on_map).await.unwrap().brief().unwrap();
    assert_eq!(brief.columns().fields().len(), 7, "{:?}", brief.columns());
    write(brief, Format::Csv, &mut out).await.unwrap();
    let brief = String::from_utf8(std::mem::take(&mut out)).unwrap();
    let changed =
        "changed,2025-07-01,learning_family,Tuyên Quang (08),2024,138068 → 138100,\"correction (ha-giang-2024, 2024)\"";
    assert!(brief.lines().any(|line| line == changed), "{brief}");
    assert!(brief.lines().skip(1).all(|line| line.contains(",2025-07-01,")), "{brief}");
    let same = engine.diff_releases(&later, &later, &[]).await.unwrap().whole();
    assert_eq!(write(same, Format::Csv, &mut out).await.unwrap(), 0);
    let alone = made(&engine, &Order { name: "alone".parse().unwrap(), ..order("2026-01-25") }).await;
    let alone = alone.manifest.reference().parse().unwrap();
    let error = engine.diff_releases(&later, &alone, &on_map).await.unwrap_err();
    assert!(
        matches!(&error, QueryError::Release(ReleaseError::NoMap { release, .. }) if release == "alone@1.0.0"),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_same_release_of_the_same_events_has_the_same_bytes() {
    let folder = folder().await;
    let first = made(&folder.engine(), &order("2026-01-15")).await;
    let before = files(&first.folder);
    std::fs::remove_dir_all(&first.folder).unwrap();
    let config = Config { partitions: 3, ..Config::over(folder.path()) };
    let later = std::sync::Arc::new(FixedClock("2026-06-01T03:00:00Z".parse().unwrap()));
    let second = made(&Engine::open(config, later).unwrap(), &order("2026-01-15")).await;
    assert_eq!(second.sha256, first.sha256);
    assert_eq!(files(&second.folder), before);
    let major = made(&folder.engine(), &Order { major: true, ..order("2026-01-15") }).await;
    assert_eq!(major.manifest.reference(), "LLW-2025@2.0.0");
    assert_eq!(major.manifest.tables, first.manifest.tables);
}

#[tokio::test]
async fn a_release_is_read_without_the_tables_and_nothing_else_is() {
    let folder = folder().await;
    made(&folder.engine(), &order("2026-01-15")).await;
    std::fs::remove_dir_all(folder.path().join("tables")).unwrap();
    let engine = folder.engine();
    let session = under(&engine, &Asker::owner(), "LLW-2025");
    assert_eq!(csv(&session, FAMILIES).await, "numerator\n138068\n");
    let answer = session.sql(FAMILIES).await.unwrap();
    assert!(answer.notices().join("; ").contains("from release LLW-2025@1.0.0"), "{:?}", answer.notices());
    assert_eq!(csv(&session, "SHOW lantoa.release").await, "name,value\nlantoa.release,LLW-2025\n");
    for table in
        ["area", "catalogue", "trend", "coverage", "reconciliation", "activity", "pilot", "adoption", "counted"]
    {
        csv(&session, &format!("SELECT * FROM {table}")).await;
    }
    let same = "SELECT count(*) AS n FROM indicator_on('as_reported') AS one \
                FULL JOIN indicator AS other ON one.area_code = other.area_code WHERE one.area_code IS NULL \
                AND other.area_code IS NOT NULL";
    assert_eq!(csv(&session, same).await, "n\n0\n");
    for table in ["ledger_statement", "outcome", "judged_statement", "fate_statement", "receipt", "reject", "rejected"]
    {
        let error = refused(&session, &format!("SELECT * FROM {table}")).await;
        assert!(matches!(error, QueryError::Release(ReleaseError::NotStored { .. })), "{table}: {error:?}");
        assert!(error.to_string().contains("holds statement"), "{error}");
    }
    let unknown = refused(&session, "SELECT * FROM indicater").await;
    assert!(unknown.to_string().contains("Did you mean 'indicator'"), "{unknown}");
    for map in ["SET lantoa.map = '2025-07-01'; SELECT * FROM trend", "SELECT * FROM indicator_on('2025-07-01')"] {
        let error = refused(&session, map).await;
        assert!(
            matches!(&error, QueryError::Release(ReleaseError::NoMap { maps, .. }) if maps == "as_reported"),
            "{error:?}"
        );
    }
    // What stands on no map is there whatever the map.
    assert_ne!(csv(&session, "SELECT count(*) AS n FROM statement").await, "n\n0\n");
    for days in ["SET lantoa.as_of = '2026-01-01'", "SET lantoa.stated_by = '2026-01-01'"] {
        assert!(matches!(refused(&session, days).await, QueryError::Setting(_)), "{days}");
    }
    for (release, says) in [("LLW-2025@2", "you may ask LLW-2025@1.0.0"), ("LLW", "you may ask LLW-2025@1.0.0")] {
        let session = under(&engine, &Asker::owner(), release);
        let error = refused(&session, FAMILIES).await;
        assert!(matches!(error, QueryError::Release(ReleaseError::NoSuch { .. })), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        // The way out is open.
        csv(&session, "SELECT 1 AS one").await;
        session.sql("RESET lantoa.release").await.unwrap();
        assert_eq!(csv(&session, "SELECT count(*) AS n FROM statement").await, "n\n0\n");
    }
}

#[tokio::test]
async fn a_file_that_is_not_as_it_was_stored_is_refused_by_name() {
    let folder = folder().await;
    let stored = made(&folder.engine(), &order("2026-01-15")).await;
    let path = stored.folder.join("as_reported/indicator.parquet");
    let mut content = std::fs::read(&path).unwrap();
    let at = content.len() / 2;
    content[at] ^= 1;
    std::fs::write(&path, &content).unwrap();
    let engine = folder.engine();
    let error = refused(&under(&engine, &Asker::owner(), "LLW-2025"), "SELECT * FROM statement").await;
    assert!(matches!(error, QueryError::Release(ReleaseError::Damaged { .. })), "{error:?}");
    assert!(error.to_string().contains("LLW-2025/1.0.0/as_reported/indicator.parquet"), "{error}");
    assert!(!error.is_the_askers());
    assert!(engine.releases().check(&stored).is_err());
    content[at] ^= 1;
    std::fs::write(&path, &content).unwrap();
    engine.releases().check(&stored).unwrap();
    assert_eq!(csv(&under(&engine, &Asker::owner(), "LLW-2025"), FAMILIES).await, "numerator\n138068\n");
}

#[tokio::test]
async fn what_is_withdrawn_is_followed_no_more_and_says_why() {
    let mut folder = folder().await;
    let engine = folder.engine();
    made(&engine, &order("2026-01-15")).await;
    correct(&mut folder).await;
    let second = made(&engine, &order("2026-01-25")).await;
    let before = files(&second.folder);
    let (reference, now) = ("LLW-2025@1.0.1".parse().unwrap(), "2026-02-01T03:00:00Z".parse().unwrap());
    engine.releases().withdraw(&reference, "sai số hộ", now).unwrap();
    let again = engine.releases().withdraw(&reference, "once more", now);
    assert!(matches!(again, Err(ReleaseError::Withdrawn { .. })), "{again:?}");
    let after = files(&second.folder);
    assert!(before.iter().all(|(name, content)| after[name] == *content) && after.len() == before.len() + 1);
    let owner = Asker::owner();
    for followed in ["LLW-2025", "LLW-2025@1", "LLW-2025@1.0"] {
        assert_eq!(csv(&under(&engine, &owner, followed), FAMILIES).await, "numerator\n138068\n", "{followed}");
    }
    let exactly = under(&engine, &owner, "LLW-2025@1.0.1");
    let notices = exactly.sql(FAMILIES).await.unwrap().notices().join("; ");
    assert!(notices.contains("was withdrawn on 2026-02-01: sai số hộ"), "{notices}");
    let said = "SELECT withdrawn_on, withdrawn_reason FROM release WHERE version = '1.0.1'";
    assert_eq!(csv(&exactly, said).await, "withdrawn_on,withdrawn_reason\n2026-02-01,sai số hộ\n");
    // The next one follows what still stands, and takes no number twice.
    let third = made(&engine, &order("2026-01-26")).await;
    assert_eq!(third.manifest.reference(), "LLW-2025@1.0.2");
    assert_eq!(third.manifest.previous.unwrap().to_string(), "1.0.0");
}

#[tokio::test]
async fn of_two_who_make_one_release_one_does() {
    let folder = folder().await;
    let (engine, order) = (folder.engine(), order("2026-01-15"));
    let (one, other) = tokio::join!(engine.create_release(&order), engine.create_release(&order));
    let (made, not) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(made.unwrap().manifest.reference(), "LLW-2025@1.0.0");
    let not = not.unwrap_err();
    assert!(matches!(not, CreateError::Taken { .. } | CreateError::Unchanged { .. }), "{not:?}");
    assert_eq!(engine.releases().all().unwrap().len(), 1);
    let left = std::fs::read_dir(folder.path().join("releases/LLW-2025")).unwrap().flatten();
    let left: Vec<_> = left.filter(|entry| entry.path().is_dir()).collect();
    assert_eq!(left.len(), 1, "nothing is left of what was not made: {left:?}");
    let future = engine.create_release(&Order { as_of: "2026-02-01".parse().unwrap(), ..order }).await;
    assert!(matches!(future, Err(CreateError::NotOver { .. })), "{future:?}");
}

#[tokio::test]
async fn a_reader_sees_what_is_released_and_public_and_nothing_else() {
    let mut folder = folder().await;
    let engine = folder.engine();
    let reader = asker(Role::Reader, None);
    let alone = engine.session(&reader, &Settings::default()).unwrap();
    let error = refused(&alone, FAMILIES).await;
    assert!(error.to_string().contains("nothing is released yet"), "{error}");
    made(&engine, &order("2026-01-15")).await;
    correct(&mut folder).await;
    let embargo = "2026-03-01T00:00:00+07:00".parse().ok();
    made(&engine, &Order { embargo, ..order("2026-01-25") }).await;

    for query in [
        "SELECT * FROM indicator",
        "SELECT * FROM indicator_on('as_reported')",
        "SELECT * FROM ledger_statement",
        "SELECT * FROM judged_statement",
        "SELECT * FROM recorded_statement",
        "SELECT * FROM outcome",
        "SELECT * FROM area",
    ] {
        let error = refused(&alone, query).await;
        assert!(matches!(error, QueryError::Release(ReleaseError::Needed { .. })), "{query}: {error:?}");
        assert!(error.to_string().contains("you may ask LLW-2025@1.0.0"), "{query}: {error}");
    }
    let tables = "SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(csv(&alone, tables).await, "n\n1\n");
    // What there is to choose from is told whatever was chosen, and to an asker of one area, too.
    let listed = "SELECT release, title, as_of, maps, rows > 0 AS has_rows, embargo FROM release ORDER BY release";
    let public = "release,title,as_of,maps,has_rows,embargo\n\
                  LLW-2025@1.0.0,Tuần lễ hưởng ứng học tập suốt đời 2025,2026-01-15,as_reported,true,\n";
    assert_eq!(csv(&alone, listed).await, public);
    for area in [None, Some("02")] {
        assert_eq!(csv(&under(&engine, &asker(Role::Reader, area), "LLW-2025@1"), listed).await, public, "{area:?}");
    }
    for role in [Role::Analyst, Role::Admin] {
        let all = csv(&engine.session(&asker(role, None), &Settings::default()).unwrap(), listed).await;
        assert!(
            all.starts_with(public) && all.contains("LLW-2025@1.0.1,") && all.contains("2026-02-28T17:00:00"),
            "{all}"
        );
    }
    // What is said of a name that nothing has tells nothing else.
    for session in [&alone, &under(&engine, &reader, "LLW-2025@1")] {
        let error = refused(session, "SELECT * FROM zzzzzzzz").await.to_string();
        assert!(error.contains("There are statement, ") && error.contains(", release"), "{error}");
        assert!(!error.contains("ledger") && !error.contains("outcome"), "{error}");
        let near = refused(session, "SELECT * FROM ledger_statemen").await.to_string();
        assert!(!near.contains("ledger_statement"), "{near}");
    }
    // The patch is under embargo: a major does not lead there, and its name does not open it.
    assert_eq!(csv(&under(&engine, &reader, "LLW-2025@1"), FAMILIES).await, "numerator\n138068\n");
    let error = refused(&under(&engine, &reader, "LLW-2025@1.0.1"), FAMILIES).await;
    assert!(matches!(error, QueryError::Release(ReleaseError::Embargoed { .. })), "{error:?}");
    assert!(error.to_string().contains("until 2026-03-01"), "{error}");
    let ledger = refused(&under(&engine, &reader, "LLW-2025@1"), "SELECT * FROM ledger_statement").await;
    assert!(matches!(ledger, QueryError::Release(ReleaseError::NotStored { .. })), "{ledger:?}");
    for role in [Role::Analyst, Role::Admin] {
        let session = under(&engine, &asker(role, None), "LLW-2025@1");
        let answer = session.sql(FAMILIES).await.unwrap();
        assert!(answer.notices().join("; ").contains("under embargo until 2026-03-01"), "{:?}", answer.notices());
        assert_eq!(csv(&session, FAMILIES).await, "numerator\n138100\n");
    }
    let later = folder.engine_on("2026-02-28T17:00:00Z");
    assert_eq!(csv(&under(&later, &reader, "LLW-2025@1"), FAMILIES).await, "numerator\n138100\n");
    // An area limits what is released as it limits what is not.
    let of_area = under(&engine, &asker(Role::Reader, Some("02")), "LLW-2025@1");
    for table in ["indicator", "trend", "statement", "indicator_on('as_reported')"] {
        let codes = csv(&of_area, &format!("SELECT DISTINCT area_code FROM {table}")).await;
        let codes: Vec<&str> = codes.lines().collect();
        assert!(codes.contains(&"02") && !codes.contains(&"24") && !codes.contains(&"00"), "{table}: {codes:?}");
    }
}

#[tokio::test]
async fn a_reader_over_http_is_held_to_the_same() {
    let folder = folder().await;
    made(&folder.engine(), &order("2026-01-15")).await;
    let config = Config::over(folder.path());
    let verifier = Verifier::of("học suốt đời").unwrap();
    let users = Users::open(config.users()).unwrap();
    users.add("lan", User { role: Role::Reader, area: None, verifier }).unwrap();
    let clock = std::sync::Arc::new(FixedClock("2026-02-01T03:00:00Z".parse().unwrap()));
    let handle = lantoa_query::start(config, clock, CancellationToken::new()).await.unwrap();
    let basic = format!("Basic {}", STANDARD.encode("lan:học suốt đời"));
    let ask = async |request: axum::http::request::Builder, body: Body| {
        let request = request.header("authorization", basic.clone()).body(body).unwrap();
        let response = handle.router().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        (head, text)
    };
    let sql = async |question: serde_json::Value| {
        ask(Request::post("/v1/sql").header("accept", "text/csv"), Body::from(question.to_string())).await
    };
    let (head, body) = sql(json!({ "query": FAMILIES })).await;
    assert_eq!(head.status, StatusCode::FORBIDDEN);
    assert!(body.contains("LLW-2025@1.0.0"), "{body}");
    let (head, body) = sql(json!({ "query": FAMILIES, "release": "LLW-2025@1" })).await;
    assert_eq!((head.status, body.as_str()), (StatusCode::OK, "numerator\n138068\n"));
    assert_eq!(head.headers["lantoa-release"], "LLW-2025@1");
    let said = String::from_utf8_lossy(head.headers["lantoa-notice"].as_bytes());
    assert!(said.contains("LLW-2025@1.0.0 (Tuần lễ"), "{said}");
    let (head, body) = sql(json!({ "query": FAMILIES, "release": "LLW-2025@1", "as_of": "2026-01-01" })).await;
    assert_eq!(head.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");

    let (head, body) = ask(Request::get("/v1/indicators/learning_family?area=ha+giang"), Body::empty()).await;
    assert_eq!(head.status, StatusCode::FORBIDDEN, "{body}");
    let address = "/v1/indicators/learning_family?area=ha+giang&release=LLW-2025";
    let (head, body) = ask(Request::get(address), Body::empty()).await;
    assert_eq!(head.status, StatusCode::OK, "{body}");
    let answered: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answered["settings"], json!({ "map": "as_reported", "release": "LLW-2025@1.0.0" }));
    let permanent = answered["permalink"].as_str().unwrap();
    assert!(permanent.contains("release=LLW-2025%401.0.0") && !permanent.contains("as_of"), "{permanent}");
    let (_, again) = ask(Request::get(permanent), Body::empty()).await;
    let again: serde_json::Value = serde_json::from_str(&again).unwrap();
    assert_eq!((&again["rows"], &again["permalink"]), (&answered["rows"], &answered["permalink"]));
    let (_, status) = ask(Request::get("/v1/status"), Body::empty()).await;
    assert_eq!(status, "{\"tables\":[]}");
    let (head, page) = ask(Request::get("/?area=ha+giang&release=LLW-2025&lang=vi"), Body::empty()).await;
    assert!(head.status == StatusCode::OK && page.contains("138.068"), "{page}");
    assert!(page.contains("theo bản công bố LLW-2025@1.0.0 (Tuần lễ"), "{page}");

    let (head, listed) = ask(Request::get("/v1/releases"), Body::empty()).await;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let [only] = listed["releases"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!((&only["release"], &only["maps"]), (&json!("LLW-2025@1.0.0"), &json!(["as_reported"])));
    assert!(only["rows"].as_u64() > Some(0) && only["embargo"].is_null() && only["withdrawn_on"].is_null(), "{only}");
    // The first page asks which release, and is no error.
    let (head, page) = ask(Request::get("/?lang=vi"), Body::empty()).await;
    assert_eq!(head.status, StatusCode::OK);
    for part in ["Các bản công bố", "<option value=\"LLW-2025@1.0.0\">", "release=LLW-2025%401.0.0&amp;lang=vi"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert!(!page.contains("role=\"alert\""), "{page}");
    let (head, page) = ask(Request::get("/?lang=vi&release=LLW"), Body::empty()).await;
    assert_eq!(head.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("không có bản công bố LLW; có thể hỏi LLW-2025@1.0.0"), "{page}");
}

#[tokio::test]
async fn a_release_has_the_weeks_as_they_were_known() {
    let mut folder = folder().await;
    let engine = folder.engine();
    made(&engine, &order("2026-01-15")).await;
    let body = json!({ "year": 2026, "start": "2026-10-05", "end": "2026-10-11", "theme": "Học suốt đời" });
    let week = json!({
        "event_id": "week-2026", "recorded": "2026-01-20T02:00:00Z", "kind": "week_declared", "subject": "week-2026",
        "body": body.to_string(),
    });
    folder.append(Family::Reference.stream(), vec![week]).await;
    made(&engine, &order("2026-01-25")).await;
    for (release, year) in [("LLW-2025@1.0.0", 2025), ("LLW-2025@1.0.1", 2026)] {
        let session = under(&engine, &asker(Role::Reader, None), release);
        let answer = csv(&session, "SELECT max(year) AS year FROM learning_week").await;
        assert_eq!(answer, format!("year\n{year}\n"), "{release}");
    }
}
