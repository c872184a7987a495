//! Receipts: what became of everything that somebody sent under one key.
//!
//! In: the key. Out: the manifest, and of its rows how many are where, as the tables say it now. Guarantee: once all is
//! committed, the four numbers add up to what was sent, and none of them changes any more, whatever comes later: rows are
//! judged as they were when they came.
//!
//! The same content may have been sent several times under one key. The first manifest on the log is the receipt; those
//! after it are in `outcome`, and only counted. Rows that the first sending refused and a later one did not are not the
//! receipt's.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use lantoa_schemas::sql::{instant, quoted};
use lantoa_schemas::stream::{Family, OUTCOME_TABLE, Stream};
use lantoa_schemas::vocabulary::Vocabulary;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Asker;
use crate::error::QueryError;
use crate::session::{Engine, Session};
use crate::settings::Settings;

/// Longest key that is looked for, in bytes. Keys are UUIDs.
const MAX_KEY: usize = 128;

/// How long before its manifest a row may have come that belongs to it: where the log took rows and not the manifest, its
/// sender sent them again. Of earlier ones `outcome` tells, and they are duplicates. A bound, so that of a large ledger only
/// the files of those days are read.
const BEFORE_ITS_MANIFEST: Duration = Duration::days(1);

/// How many sources rows may have before all statements are looked at for what they replaced.
const MOST_SOURCES: usize = 50;

/// How many ids are looked for at once.
const IDS_AT_ONCE: usize = 500;

/// What became of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Its key.
    pub receipt: String,
    /// Who sent it.
    pub sender: Option<String>,
    /// The way in: `http` or `file`.
    pub via: Option<String>,
    /// Name of the file.
    pub name: Option<String>,
    /// When it was taken in.
    #[schema(value_type = String, format = DateTime)]
    pub recorded: DateTime<Utc>,
    /// SHA-256 of the content, hexadecimal.
    pub content_hash: Option<String>,
    /// Rows sent. None where the content could not be read as a whole.
    pub sent: i64,
    /// How often the same came again since: nothing was changed by that.
    pub sent_again: i64,
    /// Whether all rows are where they belong. Until then those are missing that are still on their way.
    pub committed: bool,
    /// How many rows became what.
    pub rows: Rows,
    /// The tables that have them.
    pub tables: Vec<InTable>,
    /// What the corrected rows replaced, in the order of the rows.
    pub changes: Vec<Change>,
}

/// Rows by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceiptRows)]
pub struct Rows {
    /// In a ledger, and new.
    pub accepted: i64,
    /// In no ledger anew, because the event was there already.
    pub duplicate: i64,
    /// In a ledger, in the place of what was said before: by its id, or by other figures of the same source.
    pub corrected: i64,
    /// Refused.
    pub rejected: i64,
}

/// Rows of a receipt in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceiptTable)]
pub struct InTable {
    /// Name of the table.
    pub table: String,
    /// A version of it that has them.
    pub version: Option<u64>,
    /// How many.
    pub rows: i64,
}

/// A row that replaced another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceiptChange)]
pub struct Change {
    /// The row of the receipt.
    pub row: i64,
    /// Id of its event.
    pub event_id: String,
    /// Id of the event that it replaced.
    pub replaces: String,
}

/// The receipt of a key, for whoever asks; `None` where there is none for them, or not yet.
///
/// # Errors
/// Where the tables cannot be read, or are not the asker's to read.
pub async fn find(engine: &Engine, asker: &Asker, key: &str) -> Result<Option<Receipt>, QueryError> {
    if key.is_empty() || key.len() > MAX_KEY {
        return Ok(None);
    }
    let now = engine.session(asker, &Settings::default())?;
    let Some(manifest) = Manifest::find(&now, key).await? else { return Ok(None) };
    let found = Found::look(&now, key, manifest.recorded).await?;
    let in_ledgers: Vec<&Place> = found.in_ledgers.iter().take(count(manifest.accepted)).collect();
    let stored = in_ledgers.len() as i64;
    let duplicate = (found.repeated.len() as i64).min(manifest.accepted - stored);
    let replaced = replaced_by_figures(engine, asker, key, &manifest, &in_ledgers).await?;
    let there = superseded(&now, manifest.recorded, &in_ledgers).await?;
    let changes: Vec<Change> = in_ledgers
        .iter()
        .filter_map(|place| {
            // What would replace an event that is not there replaces nothing.
            let is_there = |other: &String| there.get(&place.table).is_some_and(|ids| ids.contains(other));
            let replaces = place.supersedes.clone().filter(is_there);
            let replaces = replaces.or_else(|| replaced.get(&place.event_id).cloned())?;
            Some(Change { row: place.row, event_id: place.event_id.clone(), replaces })
        })
        .collect();
    let corrected = changes.len() as i64;
    let rows = Rows { accepted: stored - corrected, duplicate, corrected, rejected: manifest.rejected };
    let committed = stored + duplicate == manifest.accepted && found.refused >= manifest.rejects_kept;
    let mut in_tables: BTreeMap<&str, i64> = BTreeMap::new();
    in_ledgers.iter().for_each(|place| *in_tables.entry(place.table.as_str()).or_default() += 1);
    let others = [(OUTCOME_TABLE, duplicate), (Stream::Reject.table(), found.refused.min(manifest.rejects_kept))];
    in_tables.extend(others.into_iter().filter(|(_, rows)| *rows > 0));
    // A version that is looked up after the rows has them.
    let versions = engine.status().await?;
    let version = |table: &str| versions.iter().find(|known| known.table == table).and_then(|known| known.version);
    let tables =
        in_tables.into_iter().map(|(table, rows)| InTable { table: table.to_owned(), version: version(table), rows });
    Ok(Some(Receipt {
        receipt: key.to_owned(),
        sent: manifest.sent,
        sent_again: found.sent_again,
        committed,
        rows,
        tables: tables.collect(),
        changes,
        sender: manifest.sender,
        via: manifest.via,
        name: manifest.name,
        recorded: manifest.recorded,
        content_hash: manifest.content_hash,
    }))
}

fn count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// What ingest wrote before it answered.
struct Manifest {
    sender: Option<String>,
    via: Option<String>,
    name: Option<String>,
    recorded: DateTime<Utc>,
    content_hash: Option<String>,
    sent: i64,
    accepted: i64,
    rejected: i64,
    rejects_kept: i64,
}

impl Manifest {
    async fn find(session: &Session, key: &str) -> Result<Option<Self>, QueryError> {
        let query = format!(
            "SELECT sender, via, name, content_hash, recorded, sent, accepted, rejected, rejects_kept FROM {} \
             WHERE receipt = {}",
            Stream::Receipt.table(),
            quoted(key)
        );
        for batch in session.sql(&query).await?.collect().await? {
            let instants = cast(batch.column(4), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
            let instants = instants.map_err(unreadable)?;
            let instants = instants.as_primitive::<TimestampMicrosecondType>();
            let numbers = [5, 6, 7, 8].map(|at: usize| numbers(&batch, at));
            let [sent, accepted, rejected, kept] = numbers;
            let (sent, accepted, rejected, kept) = (sent?, accepted?, rejected?, kept?);
            let texts = [0, 1, 2, 3].map(|at: usize| texts(&batch, at));
            let [senders, vias, names, hashes] = texts;
            let (senders, vias, names, hashes) = (senders?, vias?, names?, hashes?);
            if batch.num_rows() == 0 {
                continue;
            }
            return Ok(Some(Self {
                sender: text(&senders, 0),
                via: text(&vias, 0),
                name: text(&names, 0),
                content_hash: text(&hashes, 0),
                recorded: DateTime::from_timestamp_micros(instants.value(0)).unwrap_or_default(),
                sent: number(&sent, 0).unwrap_or_default(),
                accepted: number(&accepted, 0).unwrap_or_default(),
                rejected: number(&rejected, 0).unwrap_or_default(),
                rejects_kept: number(&kept, 0).unwrap_or_default(),
            }));
        }
        Ok(None)
    }
}

/// Where a row is.
struct Place {
    table: String,
    row: i64,
    event_id: String,
    supersedes: Option<String>,
}

/// What the tables have under a key.
struct Found {
    /// Rows of the first sending, in their order.
    in_ledgers: Vec<Place>,
    /// Rows whose event was there already.
    repeated: BTreeSet<i64>,
    /// Rejects that are kept.
    refused: i64,
    /// Manifests after the first.
    sent_again: i64,
}

impl Found {
    async fn look(session: &Session, key: &str, recorded: DateTime<Utc>) -> Result<Self, QueryError> {
        let key = quoted(key);
        let (from, to) = (instant(recorded - BEFORE_ITS_MANIFEST), instant(recorded));
        let ledgers = Family::ALL.iter().map(|family| {
            let table = family.stream().table();
            format!(
                "SELECT '{table}' AS place, receipt_row, event_id, supersedes, recorded <= {to} AS is_its FROM {table} \
                 WHERE receipt = {key} AND recorded >= {from}"
            )
        });
        let (reject, receipt) = (Stream::Reject, Stream::Receipt);
        let others = [
            format!(
                "SELECT '{}', receipt_row, event_id, CAST(NULL AS VARCHAR), recorded <= {to} FROM {} WHERE receipt = {key}",
                reject.table(),
                reject.table()
            ),
            format!(
                "SELECT topic, receipt_row, event_id, CAST(NULL AS VARCHAR), true FROM {OUTCOME_TABLE} \
                 WHERE outcome = 'duplicate' AND (receipt = {key} OR topic = '{}' AND event_id = {key})",
                receipt.topic()
            ),
        ];
        let query = ledgers.chain(others).collect::<Vec<_>>().join(" UNION ALL ");
        let mut looking = Looking::default();
        for batch in session.sql(&query).await?.collect().await? {
            looking.take(&batch)?;
        }
        Ok(looking.found())
    }
}

/// Rows as they are read.
#[derive(Default)]
struct Looking {
    in_ledgers: BTreeMap<i64, Place>,
    /// Rows that are in a ledger, whichever sending brought them there.
    stored: HashSet<i64>,
    /// Rows that the first sending refused.
    refused_rows: HashSet<i64>,
    refused: i64,
    repeated: BTreeSet<i64>,
    sent_again: i64,
}

impl Looking {
    fn take(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        let (places, ids, superseded) = (texts(batch, 0)?, texts(batch, 2)?, texts(batch, 3)?);
        let rows = numbers(batch, 1)?;
        let its = cast(batch.column(4), &DataType::Boolean).map_err(unreadable)?;
        let its = its.as_boolean();
        for at in 0..batch.num_rows() {
            let (Some(table), row) = (text(&places, at), number(&rows, at)) else { continue };
            let is_its = its.is_valid(at) && its.value(at);
            match (table.as_str(), row) {
                (place, _) if place == Stream::Receipt.topic() => self.sent_again += 1,
                (place, _) if place == Stream::Reject.topic() => {}
                (place, row) if place == Stream::Reject.table() => {
                    self.refused += i64::from(is_its);
                    self.refused_rows.extend(row.filter(|_| is_its));
                }
                (place, Some(row)) if Stream::of_topic(place).is_some() => {
                    self.repeated.insert(row);
                }
                (_, Some(row)) => {
                    self.stored.insert(row);
                    if is_its {
                        let event_id = text(&ids, at).unwrap_or_default();
                        let supersedes = text(&superseded, at);
                        self.in_ledgers.insert(row, Place { table, row, event_id, supersedes });
                    }
                }
                (_, None) => {}
            }
        }
        Ok(())
    }

    fn found(self) -> Found {
        let Self { in_ledgers, stored, refused_rows, refused, mut repeated, sent_again } = self;
        // What is in a ledger came again with a later sending, and what was refused at first did so for the first time.
        repeated.retain(|row| !stored.contains(row) && !refused_rows.contains(row));
        Found { in_ledgers: in_ledgers.into_values().collect(), repeated, refused, sent_again }
    }
}

/// Of the events that rows supersede by id those that were in the same ledger when the rows came, by table.
async fn superseded(
    session: &Session,
    recorded: DateTime<Utc>,
    places: &[&Place],
) -> Result<BTreeMap<String, HashSet<String>>, QueryError> {
    let mut named: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for place in places {
        if let Some(other) = &place.supersedes {
            named.entry(place.table.as_str()).or_default().insert(quoted(other));
        }
    }
    let to = instant(recorded);
    let mut there: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for (table, ids) in named {
        let ids: Vec<String> = ids.into_iter().collect();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let listed = ids.join(", ");
            let query = format!("SELECT event_id FROM {table} WHERE event_id IN ({listed}) AND recorded <= {to}");
            for batch in session.sql(&query).await?.collect().await? {
                let column = texts(&batch, 0)?;
                let found = (0..batch.num_rows()).filter_map(|at| text(&column, at));
                there.entry(table.to_owned()).or_default().extend(found);
            }
        }
    }
    Ok(there)
}

/// The statements of a receipt that say other figures than their source had said before under the same key, each with the
/// event that it replaced: as it was when they came, whatever was corrected or taken back since.
async fn replaced_by_figures(
    engine: &Engine,
    asker: &Asker,
    key: &str,
    manifest: &Manifest,
    places: &[&Place],
) -> Result<BTreeMap<String, String>, QueryError> {
    let table = Family::Statement.stream().table();
    if !places.iter().any(|place| place.table == table) {
        return Ok(BTreeMap::new());
    }
    let as_of = Some(rfc3339(manifest.recorded));
    let then = engine.session(asker, &Settings { as_of, ..Settings::default() })?;
    let from = instant(manifest.recorded - BEFORE_ITS_MANIFEST);
    let own = format!("FROM {table} WHERE receipt = {} AND recorded >= {from}", quoted(key));
    let query = format!("SELECT DISTINCT source {own} LIMIT {}", MOST_SOURCES + 1);
    let mut sources = Vec::new();
    for batch in then.sql(&query).await?.collect().await? {
        let column = texts(&batch, 0)?;
        sources.extend((0..batch.num_rows()).map(|at| text(&column, at)));
    }
    // The source is a part of the key, and by it most of a large ledger need not be looked at.
    let of_sources = match sources.into_iter().collect::<Option<Vec<String>>>() {
        Some(sources) if (1..=MOST_SOURCES).contains(&sources.len()) => {
            let listed = sources.iter().map(|source| quoted(source)).collect::<Vec<_>>().join(", ");
            format!("source IN ({listed})")
        }
        _ => "true".to_owned(),
    };
    let query = REPLACED.replace("{own}", &own).replace("{of_sources}", &of_sources);
    let mut replaced = BTreeMap::new();
    for batch in then.sql(&query).await?.collect().await? {
        let (ids, others) = (texts(&batch, 0)?, texts(&batch, 1)?);
        let rows = (0..batch.num_rows()).filter_map(|at| Some((text(&ids, at)?, text(&others, at)?)));
        replaced.extend(rows);
    }
    Ok(replaced)
}

/// The rule of `judged_statement`, for the keys of some rows alone: other figures than the last ones under the key replace
/// what stood before them.
const REPLACED: &str = "
    WITH
    compared AS (
        SELECT
            event_id, natural_key, recorded, log_generation, log_partition, log_offset,
            figures IS DISTINCT FROM lag(figures) OVER under_key AS is_news
        FROM keyed_statement
        WHERE
            stands AND {of_sources}
            AND natural_key IN (
                SELECT natural_key FROM keyed_statement WHERE {of_sources} AND event_id IN (SELECT event_id {own})
            )
        WINDOW under_key AS (
            PARTITION BY natural_key ORDER BY recorded, log_generation, log_partition, log_offset
        )
    ),
    settled AS (
        SELECT
            *,
            last_value(CASE WHEN is_news THEN event_id END) IGNORE NULLS OVER (
                PARTITION BY natural_key ORDER BY recorded, log_generation, log_partition, log_offset
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS standing_event
        FROM compared
    ),
    followed AS (
        SELECT
            event_id, is_news,
            lag(standing_event) OVER (
                PARTITION BY natural_key ORDER BY recorded, log_generation, log_partition, log_offset
            ) AS replaced_event
        FROM settled
    )
    SELECT event_id, replaced_event
    FROM followed
    WHERE is_news AND replaced_event IS NOT NULL AND event_id IN (SELECT event_id {own})";

fn rfc3339(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn texts(batch: &RecordBatch, at: usize) -> Result<ArrayRef, QueryError> {
    cast(batch.column(at), &DataType::Utf8).map_err(unreadable)
}

fn numbers(batch: &RecordBatch, at: usize) -> Result<ArrayRef, QueryError> {
    cast(batch.column(at), &DataType::Int64).map_err(unreadable)
}

fn text(column: &ArrayRef, row: usize) -> Option<String> {
    let column = column.as_string::<i32>();
    column.is_valid(row).then(|| column.value(row).to_owned())
}

fn number(column: &ArrayRef, row: usize) -> Option<i64> {
    let column = column.as_primitive::<Int64Type>();
    column.is_valid(row).then(|| column.value(row))
}

fn unreadable(error: arrow::error::ArrowError) -> QueryError {
    QueryError::from(datafusion::error::DataFusionError::from(error))
}
