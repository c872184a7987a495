//! The table `schedule_run`: what the schedule noted, for whoever sees the ledgers, and for nobody else.

use chrono::{DateTime, Utc};
use lantoa_query::access::Role;
use lantoa_query::format::{Format, write};
use lantoa_query::schedule::{History, Run, Status};
use lantoa_query::{Asker, Config, Engine, QueryError, Settings};

use crate::fixture::Folder;

const RUNS: &str = "SELECT job, scheduled_at, started_at, status, caught_up, attempts, release, files, error, by_hand \
                    FROM schedule_run ORDER BY scheduled_at";

fn run(at: &str, status: Status) -> Run {
    let at: DateTime<Utc> = at.parse().unwrap();
    let ran = status != Status::Skipped;
    Run {
        job: "learning-week".to_owned(),
        scheduled_at: at,
        started_at: ran.then_some(at),
        ended_at: ran.then_some(at),
        status,
        caught_up: ran,
        by_hand: false,
        attempts: u32::from(ran),
        release: ran.then(|| "LLW-2025@1.0.0".to_owned()),
        files: if ran { 4 } else { 0 },
        folder: ran.then(|| "reports/LLW-2025@1.0.0".to_owned()),
        error: None,
    }
}

async fn asked(engine: &Engine, role: Role, area: Option<&str>) -> Result<String, QueryError> {
    let asker = Asker { name: "lan".into(), role, area: area.map(Into::into), ..Asker::owner() };
    let session = engine.session(&asker, &Settings::default()).unwrap();
    let mut out = Vec::new();
    write(session.sql(RUNS).await?, Format::Csv, &mut out).await.unwrap();
    Ok(String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn what_ran_is_a_table_for_those_who_see_the_ledgers() {
    let folder = Folder::empty();
    let engine = folder.engine();
    let header = "job,scheduled_at,started_at,status,caught_up,attempts,release,files,error,by_hand\n";
    assert_eq!(asked(&engine, Role::Admin, None).await.unwrap(), header);
    let history = History::open(Config::over(folder.path()).schedule());
    let runs = [run("2024-10-20T23:00:00Z", Status::Skipped), run("2025-10-20T23:00:00Z", Status::Done)];
    history.append(&runs).unwrap();
    let all = asked(&engine, Role::Admin, None).await.unwrap();
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(lines.len(), 3, "{all}");
    assert!(
        lines[1].starts_with("learning-week,2024-10-20") && lines[1].ends_with(",,skipped,false,0,,0,,false"),
        "{all}"
    );
    assert!(lines[2].starts_with("learning-week,2025-10-20"), "{all}");
    assert!(lines[2].ends_with(",done,true,1,LLW-2025@1.0.0,4,,false"), "{all}");
    assert_eq!(asked(&engine, Role::Analyst, None).await.unwrap(), all);
    assert_eq!(asked(&engine, Role::Analyst, Some("24")).await.unwrap(), header, "it is of no area");
    assert!(matches!(asked(&engine, Role::Reader, None).await, Err(QueryError::Release(_))));
}
