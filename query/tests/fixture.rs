//! Tables in a temporary folder, written as the projector writes them: Delta tables with the contract's columns.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::json::ReaderBuilder;
use chrono::{DateTime, Utc};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, ensure_table_uri};
use lantoa_query::{Config, Engine};
use lantoa_schemas::clock::FixedClock;
use lantoa_schemas::stream::{Family, OUTCOME_TABLE, Stream};
use lantoa_schemas::table::{outcome_table, stream_table};
use serde_json::{Map, Value, json};

/// The articles, in the order in which the fixture records them.
pub const ARTICLES: [&str; 5] = ["bac-giang-2022", "tra-bong-2018", "thanh-hoa-2020", "ha-giang-2024", "kon-tum-2022"];

/// When the articles were recorded.
pub const RECORDED: &str = "2026-01-10T02:00:00Z";

/// A data folder that is gone when this is dropped.
pub struct Folder {
    folder: tempfile::TempDir,
    offset: i64,
}

impl Folder {
    /// A folder without tables.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), offset: 0 }
    }

    /// A folder with the five articles, event ids `<article>/<row>` from 1.
    pub async fn with_articles() -> Self {
        let mut folder = Self::empty();
        for article in ARTICLES {
            folder.append(Family::Statement.stream(), article_rows(article)).await;
        }
        folder
    }

    /// An engine over the folder, on 2026-02-01.
    pub fn engine(&self) -> Engine {
        self.engine_on("2026-02-01T03:00:00Z")
    }

    /// An engine over the folder, at an instant.
    pub fn engine_on(&self, now: &str) -> Engine {
        let today: DateTime<Utc> = now.parse().unwrap();
        Engine::open(Config::over(self.folder.path()), Arc::new(FixedClock(today))).unwrap()
    }

    /// The folder's path.
    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Appends events in one commit, the log's offsets following on; columns not named are null.
    pub async fn append(&mut self, stream: Stream, rows: Vec<Value>) {
        let schema = stream_table(stream);
        let rows: Vec<Value> = rows.into_iter().map(|row| self.placed(row)).collect();
        let mut decoder = ReaderBuilder::new(Arc::clone(&schema)).build_decoder().unwrap();
        decoder.serialize(&rows).unwrap();
        let batch = decoder.flush().unwrap().unwrap();
        self.commit(stream.table(), batch).await;
    }

    /// Appends rows of `outcome` in one commit, the log's offsets following on; `bytes` are in hexadecimal.
    pub async fn append_outcomes(&mut self, rows: Vec<Value>) {
        let rows: Vec<Value> = rows.into_iter().map(|row| self.placed(row)).collect();
        let mut decoder = ReaderBuilder::new(outcome_table()).build_decoder().unwrap();
        decoder.serialize(&rows).unwrap();
        let batch = decoder.flush().unwrap().unwrap();
        self.commit(OUTCOME_TABLE, batch).await;
    }

    /// Appends rows that have the table's columns already, in one commit.
    pub async fn append_batch(&self, stream: Stream, batch: RecordBatch) {
        self.commit(stream.table(), batch).await;
    }

    fn placed(&mut self, row: Value) -> Value {
        let mut placed = json!({
            "event_type": "vn.lantoa.test.v1", "schema_version": 1, "recorded": RECORDED, "sender": "test",
            "log_cluster": "test", "log_generation": 0, "log_partition": 0, "log_offset": self.offset,
        });
        self.offset += 1;
        placed.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
        placed
    }

    async fn commit(&self, table: &str, batch: RecordBatch) {
        let folder = self.folder.path().join("tables").join(table);
        std::fs::create_dir_all(&folder).unwrap();
        let url = ensure_table_uri(folder.to_str().unwrap()).unwrap();
        let mut delta = DeltaTable::try_from_url(url).await.unwrap();
        if delta.version().is_none() {
            let columns: StructType = batch.schema().as_ref().try_into_kernel().unwrap();
            delta = delta.create().with_columns(columns.fields().cloned()).await.unwrap();
        }
        let mut writer = RecordBatchWriter::for_table(&delta).unwrap();
        writer.write(batch).await.unwrap();
        writer.flush_and_commit(&mut delta).await.unwrap();
    }
}

/// An event of the family statement: the fields of one of the article's rows with some of them changed.
pub fn changed(article: &str, row: usize, changes: Value) -> Value {
    let mut event = article_rows(article).swap_remove(row - 1);
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event
}

/// What other provinces printed, as events `reported/<row>` from 1.
pub fn reported_rows() -> Vec<Value> {
    article_rows("reported")
}

/// The rows of an article as events.
pub fn article_rows(article: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/{article}.csv", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let rows = reader.records().enumerate().map(|(at, record)| {
        let record = record.unwrap();
        let mut row = Map::new();
        row.insert("event_id".into(), format!("{article}/{}", at + 1).into());
        for (column, cell) in header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            let value = match column {
                "numerator" | "denominator" | "sessions" => json!(cell.parse::<i64>().unwrap()),
                _ => json!(cell),
            };
            row.insert(column.to_owned(), value);
        }
        Value::Object(row)
    });
    rows.collect()
}
