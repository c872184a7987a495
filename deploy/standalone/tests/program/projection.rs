//! Views that are kept as tables: whatever has come since they were kept, and however they are made again, they answer
//! as if nothing were kept.

use std::collections::BTreeSet;
use std::path::Path;

use lantoa_schemas::event::{Event, Facts};
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::{Step, Vocabulary};
use lantoa_tests::nation::{Nation, Plan, cloud_event};
use serde_json::{Value, json};

use crate::flow::{http_of, post};
use crate::harness::{Program, count, folder, run_to, until};
use crate::log::Log;

const QUESTIONS: [&str; 5] = [
    "select * from statement order by event_id",
    "select * from counted order by area_level, area_code, area_date, area_name, measure, stage, subject_scope, year",
    "select * from activity order by area_level, area_code, area_name, year, activity, span, as_at, sessions, attendances, \
     persons, recorded",
    "select * from reconciliation order by map, year, area_level, area_code, area_name, indicator, subject_scope, base, \
     left_basis, right_basis, right_value",
    "select * from trend order by map, year, area_level, area_code, area_name, indicator, subject_scope, base, span",
];

fn answers(data: &Path) -> Vec<String> {
    let ask = |question: &&str| run_to(0, data, &["sql", "--format", "csv", "--map", "2025-07-01", question]).0;
    QUESTIONS.iter().map(ask).collect()
}

/// How a view is answered.
fn plan(data: &Path, view: &str) -> String {
    run_to(0, data, &["sql", "--format", "csv", &format!("explain select * from {view}")]).0
}

fn reads(plan: &str, table: &str) -> bool {
    plan.contains(&format!("TableScan: {table}"))
}

/// The same folder, as a program meets it that keeps nothing.
#[track_caller]
fn assert_as_if_nothing_were_kept(data: &Path) {
    let kept = answers(data);
    let (folder, aside) = (data.join("tables/projection"), data.join("aside"));
    std::fs::rename(&folder, &aside).unwrap();
    assert!(!reads(&plan(data, "statement"), "judged_statement"));
    let judged = answers(data);
    std::fs::rename(&aside, &folder).unwrap();
    for ((question, kept), judged) in QUESTIONS.iter().zip(kept).zip(judged) {
        assert!(kept.lines().count() > 10, "{question}: {kept}");
        assert_eq!(kept, judged, "{question}");
    }
}

fn send(http: &str, events: &[Value]) {
    for events in events.chunks(2000) {
        let lines: String = events.iter().map(|event| event.to_string() + "\n").collect();
        let answer = post(http, "/v1/events", "application/x-ndjson", lines.into_bytes()).unwrap();
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
}

/// The subject of a recognition loses its title by word of another area.
fn revoked_elsewhere(recognised: &Event) -> Value {
    let mut event = cloud_event(recognised);
    event["id"] = json!("revoked-elsewhere");
    event["type"] = json!("vn.lantoa.recognition.revoked.v1");
    let data = event["data"].as_object_mut().unwrap();
    data.retain(|name, _| !["parent_code", "area_name"].contains(&name.as_str()));
    data.extend(json!({ "step": "revoked", "area_level": "province", "area_code": "12" }).as_object().unwrap().clone());
    event
}

/// All ids that are in a ledger.
fn ledgers() -> String {
    let ids = Family::ALL.iter().map(|family| format!("select event_id from {}", family.stream().table()));
    format!("({})", ids.collect::<Vec<_>>().join(" union "))
}

fn is_individual(event: &Event) -> bool {
    let Facts::Recognition(facts) = &event.facts else { return false };
    facts.step == Some(Step::Recognised) && facts.subject_token.is_some() && event.envelope.supersedes.is_none()
}

#[test]
fn kept_views_answer_as_if_nothing_were_kept() {
    let nation = Nation::new(Plan { from_year: 2024, provinces: Some(vec!["24", "27"]), ..Plan::small() });
    let events: Vec<Event> = nation.events().collect();
    let recognised = events.iter().find(|event| is_individual(event)).unwrap();
    let (first, last) = events.split_at(events.len() - 40);
    let wire = |events: &[Event]| events.iter().map(cloud_event).collect::<Vec<_>>();

    let (log, data) = (Log::of_environment(), folder());
    let config = data.path().join("slow.toml");
    std::fs::write(&config, "[projector]\nprojection_age = 100000\n").unwrap();
    let slow = ["--config", config.to_str().unwrap(), "--empty"];
    let mut program = Program::up(&log, data.path(), &slow);
    send(&http_of(&program.ready()), &wire(first));
    // Only what is in the ledgers is kept at the next start: what a stop leaves on the log comes after it.
    let ids: BTreeSet<_> = first.iter().map(|event| &event.envelope.event_id).collect();
    until("the first events", || (count(data.path(), &ledgers()) == ids.len() as u64).then_some(()));
    program.stop();

    // What was there at the start is kept; what comes then has to be judged beside it.
    let mut program = Program::up(&log, data.path(), &slow);
    let http = http_of(&program.ready());
    let kept = |view: &str| reads(&plan(data.path(), view), view);
    until("the projections", || (kept("judged_statement") && kept("counted")).then_some(()));
    let counted_before = count(data.path(), "counted");
    send(&http, &wire(last));
    send(&http, &[revoked_elsewhere(recognised)]);
    until("the last event", || {
        (count(data.path(), "ledger_recognition where event_id = 'revoked-elsewhere'") == 1).then_some(())
    });
    program.stop();
    for (view, ledger) in [("judged_statement", "ledger_statement"), ("counted", "ledger_recognition")] {
        let plan = plan(data.path(), view);
        assert!(reads(&plan, view) && reads(&plan, ledger), "{plan}");
    }
    assert!(counted_before > 10);
    assert_as_if_nothing_were_kept(data.path());

    // Renewed, nothing is left to judge.
    let mut program = Program::up(&log, data.path(), &["--empty"]);
    program.ready();
    let current = |view: &str| {
        let plan = plan(data.path(), view);
        reads(&plan, view) && !plan.contains("TableScan: ledger_")
    };
    until("the renewed projections", || (current("judged_statement") && current("counted")).then_some(()));
    program.stop();
    assert_as_if_nothing_were_kept(data.path());

    // Made anew, they are the same; an answer as of another day does not use them.
    let (out, _) = run_to(0, data.path(), &["rebuild"]);
    assert_eq!(out.lines().filter(|line| line.ends_with("the same as before")).count(), 3, "{out}");
    assert!(current("judged_statement") && current("counted"));
    assert_as_if_nothing_were_kept(data.path());
    let as_of = ["sql", "--format", "csv", "--as-of", "2030-01-01", "explain select * from statement"];
    assert!(reads(&run_to(0, data.path(), &as_of).0, "ledger_statement"));
}
