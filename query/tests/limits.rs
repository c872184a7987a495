//! What a question may take: time, rows, memory, places; and how fast it ends when it is told to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use lantoa_query::access::Role;
use lantoa_query::{Asker, Config, Engine, Limits, Owner, QueryError, Session, Settings};
use lantoa_schemas::clock::SystemClock;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::registry::Registry;

use crate::fixture::Folder;

const ENDLESS: &str = "SELECT value FROM generate_series(1, 1000000000000)";
/// Gives its one row after years.
const LABOUR: &str = "SELECT sum(a.value * b.value) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b \
                      WHERE a.value <> b.value";
/// A cancelled statement has ended by then: 200 ms, and what a busy machine takes for all else.
const SOON: Duration = Duration::from_secs(2);

struct Desk {
    folder: Folder,
    engine: Engine,
}

fn desk(change: impl FnOnce(&mut Config)) -> Desk {
    let folder = Folder::empty();
    let mut config = Config::over(folder.path());
    change(&mut config);
    let engine = Engine::open(config, Arc::new(SystemClock)).unwrap();
    Desk { folder, engine }
}

impl Desk {
    fn session(&self, name: &str) -> Session {
        let asker = Asker { name: name.into(), role: Role::Analyst, ..Asker::owner() };
        self.engine.session(&asker, &Settings::default()).unwrap()
    }

    /// Memory that questions hold.
    fn held(&self) -> u64 {
        let mut registry = Registry::default();
        self.engine.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let line = text.lines().find(|line| line.starts_with("lantoa_query_memory_bytes ")).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// What ends an answer that does not end by itself.
async fn end(session: &Session, query: &str) -> QueryError {
    match session.sql(query).await {
        Err(error) => error,
        Ok(mut answer) => loop {
            match answer.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => return error,
                None => panic!("{query} has an end"),
            }
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cancelled_statement_ends_and_gives_its_memory_back() {
    let desk = desk(|_| {});
    for query in [ENDLESS, LABOUR] {
        let session = desk.session("lan");
        let (cancel, begun) = (session.cancel(), Instant::now());
        let cancelling = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            cancel.cancel();
        };
        let (ended, ()) = tokio::join!(end(&session, query), cancelling);
        assert!(matches!(ended, QueryError::Cancelled), "{query}: {ended}");
        assert!(begun.elapsed() < Duration::from_millis(300) + SOON, "{query}: {:?}", begun.elapsed());
        let deadline = Instant::now() + Duration::from_secs(20);
        while desk.held() > 0 {
            assert!(Instant::now() < deadline, "{query} still holds {} bytes", desk.held());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The session goes on, and a cancel while nothing is under way means nothing.
        session.cancel().cancel();
        assert_eq!(session.sql("SELECT 1").await.unwrap().collect().await.unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_statement_that_takes_too_long_is_ended() {
    let desk = desk(|config| {
        config.analyst = Limits { timeout: Duration::from_millis(1500), ..Limits::of(Role::Analyst) };
    });
    let begun = Instant::now();
    let ended = end(&desk.session("lan"), LABOUR).await;
    assert!(matches!(ended, QueryError::TimedOut { .. }), "{ended}");
    assert!(ended.to_string().contains("1.5 s") && ended.to_string().contains("[query.analyst] timeout"), "{ended}");
    assert!(begun.elapsed() < Duration::from_millis(1500) + SOON, "{:?}", begun.elapsed());
    // Time that the reader takes is not the statement's.
    let mut answer = desk.session("lan").sql("SELECT value FROM generate_series(1, 100000)").await.unwrap();
    answer.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(2000)).await;
    let rows: usize = answer.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum();
    assert!(rows > 50_000, "{rows}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_an_error_and_no_short_answer() {
    let of_analyst = Limits::of(Role::Analyst);
    let rows = desk(|config| config.analyst = Limits { rows: 100_000, ..of_analyst.clone() });
    let ended = end(&rows.session("lan"), ENDLESS).await.to_string();
    assert!(ended.contains("100000 rows") && ended.contains("[query.analyst] rows"), "{ended}");
    let whole = rows.session("lan").sql("SELECT value FROM generate_series(1, 100000)").await.unwrap();
    assert_eq!(whole.collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum::<usize>(), 100_000);
    let bytes = desk(|config| config.analyst = Limits { bytes: 1 << 20, ..of_analyst.clone() });
    let ended = end(&bytes.session("lan"), ENDLESS).await.to_string();
    assert!(ended.contains("1048576 bytes"), "{ended}");
}

#[tokio::test]
async fn who_asks_much_waits_for_their_own_and_others_go_on() {
    let desk = desk(|config| {
        config.wait = Duration::from_millis(100);
        config.analyst = Limits { at_once: 1, ..Limits::of(Role::Analyst) };
    });
    let held = desk.session("lan").sql(ENDLESS).await.unwrap();
    let refused = desk.session("lan").sql("SELECT 1").await.unwrap_err();
    assert_eq!(refused.owner(), Owner::Outside);
    assert!(refused.to_string().contains("1 questions of yours"), "{refused}");
    desk.session("minh").sql("SELECT 1").await.unwrap().collect().await.unwrap();
    drop(held);
    // The place is free once the task has seen that its reader is gone.
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Err(error) = desk.session("lan").sql("SELECT 1").await {
        assert!(Instant::now() < deadline, "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_on_is_given_up() {
    let desk = desk(|config| {
        config.unread = Duration::from_millis(100);
        config.analyst = Limits { at_once: 1, ..Limits::of(Role::Analyst) };
        config.wait = Duration::from_secs(20);
    });
    let session = desk.session("lan");
    let mut answer = session.sql(ENDLESS).await.unwrap();
    answer.next().await.unwrap().unwrap();
    // Its place is had by the next one while it is still held.
    session.sql("SELECT 1").await.unwrap().collect().await.unwrap();
    let mut last = None;
    while let Some(next) = answer.next().await {
        last = next.err();
    }
    assert!(matches!(last, Some(QueryError::Unread { .. })), "{last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_needs_much_more_than_its_share_spills_or_fails_and_others_go_on() {
    let desk = desk(|config| {
        config.memory_bytes = 64 << 20;
        config.partitions = 2;
        config.analyst = Limits { memory_percent: 25, ..Limits::of(Role::Analyst) };
    });
    let (session, other) = (desk.session("lan"), desk.session("minh"));
    // 16 MiB may be held, and each of these would take ten times as much; of them only the first cannot be put on the disk.
    let collected = "SELECT array_agg(value) FROM generate_series(1, 20000000)";
    let grouped = "SELECT value % 1000003 AS rest, array_agg(value) FROM generate_series(1, 6000000) GROUP BY rest";
    let sorted = "SELECT value, md5(CAST(value AS VARCHAR)) AS digest FROM generate_series(1, 2000000) ORDER BY digest";
    let small = "SELECT count(*) FROM area";
    for query in [collected, grouped, sorted] {
        let asked = async {
            match session.sql(query).await {
                Ok(answer) => answer.collect().await.map(drop),
                Err(error) => Err(error),
            }
        };
        let beside = async { other.sql(small).await.unwrap().collect().await.unwrap() };
        let (answered, beside) = tokio::join!(asked, beside);
        assert_eq!(beside[0].num_rows(), 1);
        match answered {
            Ok(()) => assert_ne!(query, collected),
            Err(QueryError::TooLarge { message }) => {
                let says = message.contains("[query.analyst] memory_percent") && message.contains("16.0 MB");
                assert!(query != collected || says, "{query}: {message}");
            }
            Err(other) => panic!("{query}: {other:?}"),
        }
    }
    other.sql(small).await.unwrap().collect().await.unwrap();
    let Desk { folder, engine } = desk;
    drop((session, other, engine));
    let spill = folder.path().join("spill");
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::fs::read_dir(&spill).unwrap().count() > 0 {
        assert!(Instant::now() < deadline, "what was put on the disk goes with the engine");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
