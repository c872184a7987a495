//! `GET /v1/indicators` and the page, without a socket: what addresses ask for, who may ask, and that an answer comes again.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use lantoa_query::access::{Role, User, Users, Verifier};
use lantoa_query::{Config, Handle, start};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::stream::Family;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::fixture::{Folder, changed, reported_rows};

/// A role over a folder, on 2026-02-01.
async fn role(folder: &Folder) -> Handle {
    let clock = FixedClock("2026-02-01T03:00:00Z".parse().unwrap());
    start(Config::over(folder.path()), Arc::new(clock), CancellationToken::new()).await.unwrap()
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        std::str::from_utf8(self.headers.get(name).map(|value| value.as_bytes()).unwrap_or_default()).unwrap()
    }
}

async fn ask(handle: &Handle, request: Request<Body>) -> Got {
    let response = handle.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Got { status: parts.status, headers: parts.headers, body: String::from_utf8(body).unwrap() }
}

async fn get(handle: &Handle, address: &str) -> Got {
    ask(handle, Request::get(address).body(Body::empty()).unwrap()).await
}

const FAMILIES: &str = "/v1/indicators/learning_family";

#[tokio::test]
async fn the_catalogue_is_listed_and_figures_stand_with_it() {
    let folder = Folder::with_articles().await;
    let handle = role(&folder).await;
    let list = get(&handle, "/v1/indicators").await.json();
    let entry = list["indicators"].as_array().unwrap().iter().find(|entry| entry["id"] == "learning_family").unwrap();
    assert_eq!((&entry["name_vi"], &entry["href"]), (&json!("Gia đình học tập"), &json!(FAMILIES)));

    let got = get(&handle, &format!("{FAMILIES}?area=ha+giang&from=2020")).await;
    assert_eq!(got.status, StatusCode::OK);
    let answer = got.json();
    assert_eq!(answer["indicator"], *entry);
    assert_eq!(answer["catalogue"], list["catalogue"]);
    assert_eq!(answer["settings"], json!({ "map": "as_reported", "as_of": "2026-01-10T02:00:00Z" }));
    assert_eq!(answer["events"], 82);
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["numerator"], &rows[0]["printed_percent"]), (&json!(138_068), &json!("73.58")));
    assert_eq!(got.header("link"), format!("<{}>; rel=\"canonical\"", answer["permalink"].as_str().unwrap()));
    // The SQL gives the same rows.
    let question = json!({ "query": answer["query"] }).to_string();
    let same = ask(&handle, Request::post("/v1/sql").body(Body::from(question)).unwrap()).await.json();
    assert_eq!(same, answer["rows"]);

    let none = get(&handle, &format!("{FAMILIES}?area=ha+noi")).await.json();
    assert_eq!(none["rows"], json!([]));
    let csv = get(&handle, &format!("{FAMILIES}?area=bac+giang&year=2025,2030&format=csv&map=2025-06-30")).await;
    assert!(csv.header("content-type").starts_with("text/csv") && csv.header("content-disposition").contains(".csv"));
    assert_eq!((csv.body.lines().count(), csv.header("lantoa-map")), (3, "2025-06-30"));
    let sheet = Request::get(format!("{FAMILIES}?format=xlsx")).body(Body::empty()).unwrap();
    let sheet = handle.router().oneshot(sheet).await.unwrap();
    assert!(sheet.headers()["content-disposition"].to_str().unwrap().contains("learning_family.xlsx"));
    assert!(to_bytes(sheet.into_body(), usize::MAX).await.unwrap().starts_with(b"PK"));
    let trend = get(&handle, &format!("{FAMILIES}?view=trend&area=02")).await.json();
    assert!(trend["rows"][0].as_object().unwrap().contains_key("change_points"));
}

/// A correction an hour later, on the same day, is in the answer; under the permanent address the answer stays.
#[tokio::test]
async fn the_same_answer_comes_again_later_on_the_same_day() {
    let mut folder = Folder::with_articles().await;
    let handle = role(&folder).await;
    let address = format!("{FAMILIES}?area=ha+giang");
    let first = get(&handle, &address).await.json();
    let permanent = first["permalink"].as_str().unwrap().to_owned();
    let correction = json!({
        "event_id": "later", "recorded": "2026-01-10T03:00:00Z", "supersedes": "ha-giang-2024/1", "numerator": 138_069,
        "change_reason": "one was forgotten",
    });
    folder.append(Family::Statement.stream(), vec![changed("ha-giang-2024", 1, correction)]).await;
    assert_eq!(get(&handle, &address).await.json()["rows"][0]["numerator"], 138_069);
    let again = get(&handle, &permanent).await.json();
    assert_eq!(again["rows"], first["rows"]);
    assert_eq!((&again["permalink"], &again["notices"]), (&first["permalink"], &json!([])));

    // An event that was on its way for long, and another catalogue, are told.
    let late = json!({ "event_id": "late", "recorded": "2026-01-09T03:00:00Z", "period": "2019" });
    folder.append(Family::Statement.stream(), vec![changed("ha-giang-2024", 2, late)]).await;
    let told = get(&handle, &permanent).await.json()["notices"].to_string();
    assert!(told.contains("82 events") && told.contains("83 events"), "{told}");
    let other = permanent.replace("catalogue=1-", "catalogue=0-");
    let told = get(&handle, &other).await.json()["notices"].to_string();
    assert!(told.contains("under catalogue 0-"), "{told}");
}

#[tokio::test]
async fn what_is_not_understood_is_a_problem_document() {
    let folder = Folder::with_articles().await;
    let handle = role(&folder).await;
    for (address, status, field, says) in [
        ("/v1/indicators/learning_familly", 404, "indicator", "learning_family"),
        ("/v1/indicators/learning_family?aera=24", 422, "aera", "area"),
        ("/v1/indicators/learning_family?area=nowhere+at+all", 422, "area", "area"),
        ("/v1/indicators/learning_family?format=docx", 422, "format", "csv"),
        ("/v1/indicators/learning_family?map=1999-12-31", 422, "settings", "2025-07-01"),
        ("/v1/indicators/learning_family?as_of=now", 422, "settings", "2024-10-31T08:30:00Z"),
        ("/v1/indicators/learning_family?catalogue=a%0Ab", 422, "catalogue", "permanent"),
        ("/v1/indicators/learning_family?events=many", 422, "events", "permanent"),
        ("/v1/indicators/x%27%20OR%20%27a%27=%27a", 404, "indicator", "OR"),
        ("/v1/indicators/learning_family?area=%27%29%20OR%201=1%20--", 422, "area", "OR 1=1"),
    ] {
        let got = get(&handle, address).await;
        assert_eq!(got.status.as_u16(), status, "{address}: {}", got.body);
        assert_eq!(got.header("content-type"), "application/problem+json");
        let problem = got.json();
        assert_eq!(problem["errors"][0]["field"], field, "{address}: {problem}");
        assert!(problem.to_string().contains(says), "{address}: {problem}");
    }
}

#[tokio::test]
async fn where_there_are_users_nobody_else_is_answered() {
    let folder = Folder::with_articles().await;
    let user = User { role: Role::Analyst, area: None, verifier: Verifier::of("học suốt đời").unwrap() };
    let handle = role(&folder).await;
    assert_eq!(get(&handle, "/v1/indicators").await.status, StatusCode::OK);
    Users::open(Config::over(folder.path()).users()).unwrap().add("lan", user).unwrap();
    let with = |address: &str, credentials: Option<&str>| {
        let mut request = Request::get(address);
        if let Some(credentials) = credentials {
            request = request.header("authorization", format!("Basic {credentials}"));
        }
        request.body(Body::empty()).unwrap()
    };
    // lan:học suốt đời, lan:wrong password
    let (right, wrong) = ("bGFuOmjhu41jIHN14buRdCDEkeG7nWk=", "bGFuOndyb25nIHBhc3N3b3Jk");
    for address in ["/", "/v1/indicators", FAMILIES, "/v1/releases", "/v1/status"] {
        for credentials in [None, Some(wrong), Some("!")] {
            let got = ask(&handle, with(address, credentials)).await;
            assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{address} {credentials:?}");
            assert!(got.header("www-authenticate").starts_with("Basic realm=\"lantoa\""));
            assert!(!got.body.contains("Giang"), "{address}");
        }
        assert_eq!(ask(&handle, with(address, Some(right))).await.status, StatusCode::OK, "{address}");
    }
    // How many rows there are of all areas is not for one of them; minh:học suốt đời
    let of_area =
        User { role: Role::Analyst, area: Some("24".into()), verifier: Verifier::of("học suốt đời").unwrap() };
    Users::open(Config::over(folder.path()).users()).unwrap().add("minh", of_area).unwrap();
    for (credentials, told) in [(right, true), ("bWluaDpo4buNYyBzdeG7kXQgxJHhu51p", false)] {
        let status = ask(&handle, with("/v1/status", Some(credentials))).await.json();
        let tables = status["tables"].as_array().unwrap();
        assert!(tables.iter().any(|table| table["version"].is_u64()), "{status}");
        assert!(tables.iter().all(|table| table.get("rows").is_some() == told), "{status}");
    }
    let begun = std::time::Instant::now();
    ask(&handle, with("/v1/status", Some(wrong))).await;
    assert!(begun.elapsed() >= std::time::Duration::from_millis(500), "who guesses has to wait");
    // Nothing that they send is read before.
    let read = |_: &mut std::task::Context<'_>| -> std::task::Poll<Result<String, std::convert::Infallible>> {
        panic!("the body is read before the login")
    };
    let unread = Body::from_stream(futures::stream::once(std::future::poll_fn(read)));
    let sql = Request::post("/v1/sql").body(unread).unwrap();
    assert_eq!(ask(&handle, sql).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&handle, "/page.css").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_page_shows_figures_with_their_caveats() {
    let mut folder = Folder::with_articles().await;
    folder.append(Family::Statement.stream(), reported_rows()).await;
    let handle = role(&folder).await;
    let got = get(&handle, "/?indicator=learning_family&area=ha+giang&find=ha+noi&lang=vi").await;
    assert_eq!((got.status, got.header("content-language")), (StatusCode::OK, "vi"));
    let policy = got.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for part in [
        "Gia đình học tập",
        "138.068",
        "187.624",
        "73,59 %",
        "trên tổng số",
        "ha-giang-2024",
        "10/01/2026",
        "1.669.074",
        "trên số đăng ký",
        "value=\"province:01@2025-06-30\" checked",
        "<svg viewBox",
        "SET lantoa.map = 'as_reported'",
        "format=xlsx",
        "as_of=2026-01-10T02%3A00%3A00Z",
    ] {
        assert!(got.body.contains(part), "{part} is not in\n{}", got.body);
    }
    // The new map: Hà Giang is a part of Tuyên Quang, which has no rate.
    let got = get(&handle, "/?indicator=learning_family&area=ha+giang&map=2025-07-01&lang=vi").await;
    assert!(got.body.contains("Tỉnh Hà Giang nằm trong Tỉnh Tuyên Quang"), "{}", got.body);
    assert!(got.body.contains("tổng của 1 trên 2 tỉnh cũ"), "{}", got.body);
    let several = get(&handle, "/?find=ha+giang&lang=en").await;
    assert!(several.body.contains("Several areas are called “ha giang”") && several.body.contains("district:024@"));
    for (address, status, says) in [
        ("/?lang=en&find=nowhere+at+all", 422, "no area is called"),
        ("/?lang=en&indicator=learning_familly", 404, "did you mean"),
        ("/?lang=en&map=1999-12-31", 422, "lantoa.map"),
        ("/?lang=en&colour=red", 422, "no such parameter"),
    ] {
        let got = get(&handle, address).await;
        assert_eq!(got.status.as_u16(), status, "{address}");
        assert!(got.body.contains(says) && got.body.contains("<form"), "{address}: {}", got.body);
    }
}

/// What is wrong with what was asked is said in Vietnamese on the Vietnamese page, with the nearest areas by name.
#[tokio::test]
async fn no_answer_is_explained_in_the_language_of_the_page() {
    let folder = Folder::empty();
    let handle = role(&folder).await;
    for (asked, says) in [
        ("find=bac+gianng", "không có địa bàn nào tên là 'bac gianng'; có phải là Bắc Giang không?"),
        ("find=yen+bay", "hay Yên Bái không?"),
        ("area=nowhere+at+all", "hãy gõ tên địa bàn, có dấu hay không dấu đều được"),
        ("area=province:99", "không có tỉnh nào mang mã 99"),
        ("area=99999", "không có địa bàn nào mang mã 99999 trên bản đồ này"),
        ("area=ward:24", "hãy dùng nation, province, district hay commune"),
        ("area=tan+thinh&map=2024-12-31", "có nhiều địa bàn tên là 'tan thinh'; hãy ghi rõ: commune:"),
        ("from=2025&to=2020", "từ năm: sau đến năm; hãy ghi năm sớm hơn"),
        ("from=24", "hãy ghi bốn chữ số"),
        ("from=2020&from=2021", "từ năm: được ghi hai lần"),
        ("colour=red", "colour: không có tham số này; có indicator"),
        ("base=al", "không có cơ sở tính 'al'"),
        ("indicator=learning_familly", "có phải là 'learning_family' không?"),
        ("map=1999-12-31", "không rõ ngày đó có những tỉnh nào; hãy ghi '2025-06-30'"),
        ("map=new", "bản đồ hành chính 'new' thì không có: hãy ghi '2025-06-30'"),
        ("as_of=now", "theo hồ sơ đến 'now' không phải là ngày hay thời điểm"),
        ("stated_by=now", "hãy ghi 2024-10-31, hoặc để trống"),
    ] {
        let page = get(&handle, &format!("/?lang=vi&{asked}")).await.body;
        let problem = page.split("role=\"alert\"").nth(1).and_then(|rest| rest.split("</section>").next());
        let problem = problem.unwrap_or_else(|| panic!("{asked} is answered:\n{page}"));
        assert!(problem.contains(says), "{asked}: {problem}");
        for english in [" the ", " no ", " of ", " is ", " or ", " and "] {
            assert!(!problem.contains(english), "{asked}: {problem}");
        }
    }
}

/// What the engine says beside figures is in Vietnamese on the Vietnamese page, on every map.
#[tokio::test]
async fn no_sentence_of_the_engine_is_without_its_translation() {
    let mut folder = Folder::with_articles().await;
    folder.append(Family::Statement.stream(), reported_rows()).await;
    let handle = role(&folder).await;
    let mut remarks = 0;
    for indicator in
        ["learning_family", "learning_clan", "learning_unit", "learning_citizen", "membership", "conference_per_1000"]
    {
        for map in ["as_reported", "2025-06-30", "2025-07-01"] {
            let page = get(&handle, &format!("/?lang=vi&indicator={indicator}&map={map}")).await.body;
            for cell in page.split("<strong>Lưu ý:</strong>").skip(1) {
                let remark = cell.split("<br>").next().unwrap();
                remarks += usize::from(!remark.is_empty());
                for english in [" the ", " no ", " of ", " is ", "and "] {
                    assert!(!remark.contains(english), "{indicator} on {map}: {remark}");
                }
            }
        }
    }
    assert!(remarks > 30, "{remarks}");
}
