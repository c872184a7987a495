//! The record of who asked what.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use lantoa_query::access::Role;
use lantoa_query::{Asker, Settings};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::fixture::Folder;

/// The fields of every event of the record, as texts.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Fields>>>);

#[derive(Clone, Debug, Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }
}

impl Subscriber for Told {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "lantoa::asked" && *metadata.level() == Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn every_question_is_told_once_however_it_ended() {
    let told = Told::default();
    let _subscribed = tracing::subscriber::set_default(told.clone());
    let folder = Folder::with_articles().await;
    let engine = folder.engine();
    let lan = Asker { name: "lan".into(), role: Role::Analyst, ..Asker::owner() }.through("http");
    let session = engine.session(&lan, &Settings::default()).unwrap();
    let endless = "SELECT value FROM generate_series(1, 1000000000000)";

    session.sql("SELECT event_id\n  FROM statement").await.unwrap().collect().await.unwrap();
    session.sql("SET lantoa.map = '2025-07-01'").await.unwrap();
    session.sql("SELECT subject_token FROM ledger_recognition").await.unwrap_err();
    let mut left = session.sql(endless).await.unwrap();
    left.next().await.unwrap().unwrap();
    drop(left);
    let mut cancelled = session.sql(endless).await.unwrap();
    session.cancel().cancel();
    while let Some(Ok(_)) = cancelled.next().await {}
    drop(cancelled);
    // What the program asks of itself is no part of it.
    engine.session(&Asker::owner(), &Settings::default()).unwrap().sql("SELECT 1").await.unwrap();

    let told = told.0.lock().unwrap().clone();
    let of = |name| told.iter().map(|fields| fields.of(name).unwrap_or("-").to_owned()).collect::<Vec<_>>();
    assert_eq!(of("outcome"), ["answered", "answered", "failed", "given_up", "cancelled"]);
    assert_eq!(of("fault"), ["-", "-", "asker", "asker", "asker"]);
    assert_eq!(told[0].of("text"), Some("SELECT event_id   FROM statement"));
    assert_eq!(told[0].of("rows"), Some("82"));
    assert!(told[0].of("bytes").unwrap().parse::<u64>().unwrap() > 82, "{:?}", told[0]);
    assert!(told[0].of("seconds").unwrap().parse::<f64>().unwrap() > 0.0);
    assert_eq!(told[0].of("started"), Some("2026-02-01T03:00:00.000Z"));
    for fields in &told {
        let who = ["user", "role", "face"].map(|name| fields.of(name));
        assert_eq!(who, [Some("lan"), Some("analyst"), Some("http")]);
    }
}
