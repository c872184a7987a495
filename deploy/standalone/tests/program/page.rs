//! The page and its addresses, from the running program that has loaded the five articles.

use serde_json::Value;

use crate::flow::http_of;
use crate::harness::{Program, folder};
use crate::log::Log;

/// What the program answers to a GET: status, content type, body.
pub fn get(http: &str, address: &str) -> (u16, String, String) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(format!("http://{http}{address}")).send().await.unwrap();
        let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        (answer.status().as_u16(), content_type, answer.text().await.unwrap())
    })
}

#[test]
fn the_articles_are_looked_at_in_two_languages() {
    let log = Log::of_environment();
    let data = folder();
    let mut program = Program::up(&log, data.path(), &[]);
    let http = http_of(&program.ready());
    log.load_articles(data.path());

    // What each article says of learning families, on the map on which it says it.
    let (status, content_type, page) = get(&http, "/?lang=vi");
    assert_eq!((status, content_type.as_str()), (200, "text/html; charset=utf-8"));
    for part in ["Gia đình học tập", "Hà Giang", "138.068", "73,59 %", "Bắc Giang", "Kon Tum", "Trà Bồng", "80 %"]
    {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let (_, _, page) = get(&http, "/?lang=en&area=ha+giang&map=2025-07-01");
    for part in ["Tỉnh Hà Giang lies in Tỉnh Tuyên Quang", "the sum of 1 of 2 former provinces", "50 %"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    for (address, content_type) in
        [("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/icon.svg", "image/svg")]
    {
        let (status, known, body) = get(&http, address);
        assert!(status == 200 && known.starts_with(content_type) && !body.is_empty(), "{address}: {status} {known}");
    }

    // The files to take away have the rows, and the permanent address gives them again.
    let (_, _, answer) = get(&http, "/v1/indicators/learning_clan?area=ha+giang");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["rows"][0]["numerator"], 1564);
    let (_, _, again) = get(&http, answer["permalink"].as_str().unwrap());
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["rows"], answer["rows"]);
    let (status, content_type, csv) = get(&http, "/v1/indicators/learning_clan?area=ha+giang&format=csv");
    assert!(status == 200 && content_type.starts_with("text/csv") && csv.contains("1564"), "{csv}");
    program.stop();
}
