//! What one release has that another has not.
//!
//! In: two releases, the earlier first. Out: a row for every figure of `indicator` that is new, changed or withdrawn, on
//! each map that both have, with both sides and the events that did it. Guarantee: figures are compared, and nothing else:
//! a changed remark beside a figure is no change of it. For a screen `brief` says less of each.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use futures::StreamExt;

use super::brief::in_brief;
use super::cause::{CAUSES, Causes, Named};
use super::reader::on;
use super::{Manifest, ON_EVERY_MAP, Reference, Release, ReleaseError, StoredTable};
use crate::answer::Answer;
use crate::error::QueryError;
use crate::session::Engine;

/// What makes two rows of `indicator` the same cell.
const CELL: &str = "key_of(
    area_level, area_code, area_from, CASE WHEN area_code IS NULL THEN area_name END, year, indicator, subject_scope, base,
    span
)";

/// What a cell says.
const FIGURES: &str = "key_of(
    numerator, numerator_precision, denominator, rate_percent, printed_percent, percent_low, percent_high, derivation,
    target_percent, target_year
)";

/// The figures that differ.
fn question(map: &str) -> String {
    let side = |table: &str| {
        format!(
            "SELECT
                *, {CELL} AS cell, {FIGURES} AS figures,
                coalesce(rate_percent, CASE WHEN percent_low = percent_high THEN percent_low END) AS percent
            FROM {table}"
        )
    };
    let either = |column: &str| format!("coalesce(later.{column}, earlier.{column}) AS {column}");
    let keys = ["area_level", "area_code", "area_name", "year", "indicator", "subject_scope", "base", "span"];
    let keys = keys.map(either).join(", ");
    let both = |column: &str, name: &str| format!("earlier.{column} AS from_{name}, later.{column} AS to_{name}");
    let figures = [
        ("numerator", "numerator"),
        ("denominator", "denominator"),
        ("percent", "percent"),
        ("printed_percent", "printed"),
        ("derivation", "derivation"),
        ("target_percent", "target"),
    ];
    let figures = figures.map(|(column, name)| both(column, name)).join(", ");
    format!(
        "WITH earlier AS ({earlier}), later AS ({later})
        SELECT * FROM (
            SELECT
                CASE WHEN earlier.cell IS NULL THEN 'new' WHEN later.cell IS NULL THEN 'withdrawn' ELSE 'changed' END
                    AS change,
                '{map}' AS map, {keys}, {figures}
            FROM earlier
            FULL JOIN later ON later.cell = earlier.cell
            WHERE earlier.cell IS NULL OR later.cell IS NULL OR later.figures <> earlier.figures
        ) AS differing
        ORDER BY indicator, year, area_level, area_code NULLS FIRST, area_name, subject_scope, base, span, change",
        earlier = side("earlier_indicator"),
        later = side("later_indicator"),
    )
}

/// A comparison.
#[derive(Debug)]
pub struct Diff {
    /// At least the columns of one map.
    differing: Vec<Differing>,
    notices: Vec<String>,
}

/// Figures that differ on a map.
#[derive(Debug)]
pub(super) struct Differing {
    pub(super) rows: RecordBatch,
    /// Of each in short what did it.
    pub(super) causes: Vec<Option<String>>,
}

impl Diff {
    /// A row for each figure that differs, with all columns.
    pub fn whole(self) -> Answer {
        answer(self.differing.into_iter().map(|part| part.rows).collect(), self.notices)
    }

    /// The same in the few columns that a screen has place for: of each figure the first that changed of it.
    ///
    /// # Errors
    /// Where the program is at fault.
    pub fn brief(self) -> Result<Answer, QueryError> {
        Ok(answer(in_brief(&self.differing)?, self.notices))
    }
}

fn answer(rows: Vec<RecordBatch>, notices: Vec<String>) -> Answer {
    let columns = rows.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    Answer::made_of(columns, futures::stream::iter(rows.into_iter().map(Ok)).boxed()).with_notices(notices)
}

impl Engine {
    /// What `later` has that `earlier` has not, and what it has otherwise: on all maps that both have, or on those that
    /// are named, each by any of its days or `None` for each figure on its own.
    ///
    /// # Errors
    /// Where one of them is not there, has not such a map, or cannot be read.
    pub async fn diff_releases(
        &self,
        earlier: &Reference,
        later: &Reference,
        on_maps: &[Option<NaiveDate>],
    ) -> Result<Diff, QueryError> {
        let opened = {
            let (releases, earlier, later) = (Arc::clone(self.releases()), earlier.clone(), later.clone());
            let open = move || {
                let open = |reference: &Reference| releases.open(&releases.find(reference, None)?);
                Ok::<_, ReleaseError>((open(&earlier)?, open(&later)?))
            };
            tokio::task::spawn_blocking(open).await
        };
        let opened = opened.map_err(|broken| {
            QueryError::internal(datafusion::error::DataFusionError::ExecutionJoin(Box::new(broken)))
        })?;
        let (earlier, later) = opened?;
        let knowledge = later.knowledge(self.today())?;
        let named: Vec<String> = on_maps.iter().map(|map| on(*map, knowledge.history())).collect();
        let mut notices = Vec::new();
        let maps = if named.is_empty() { shared(&earlier, &later, &mut notices)? } else { named };
        notices.extend(beside(&earlier, &later));
        let mut differing = Vec::new();
        for map in &maps {
            for release in [&earlier, &later].map(|release| release.manifest()) {
                if !release.maps.contains(map) {
                    return Err(no_map(release, map));
                }
            }
            differing.extend(self.diff_on(&earlier, &later, map).await?);
        }
        Ok(Diff { differing, notices })
    }

    async fn diff_on(&self, earlier: &Release, later: &Release, map: &str) -> Result<Vec<Differing>, QueryError> {
        let knowledge = Arc::new(later.knowledge(self.today())?);
        let day: Option<NaiveDate> = map.parse().ok();
        let table = |release: &Release, name: &str| -> Result<Arc<dyn TableProvider>, QueryError> {
            let none =
                || ReleaseError::Damaged { file: release.manifest().reference(), why: format!("has no table {name}") };
            Ok(release.table(name, day, knowledge.history())?.ok_or_else(none)?)
        };
        let tables = vec![
            ("earlier_indicator", table(earlier, "indicator")?),
            ("later_indicator", table(later, "indicator")?),
            ("earlier_statement", table(earlier, "statement")?),
            ("later_statement", table(later, "statement")?),
        ];
        let context = self.beside(Arc::clone(&knowledge), tables)?;
        let changed = context.sql(&question(map)).await?;
        let columns = with_events(changed.schema().inner());
        let changed = changed.collect().await?;
        let causes = context.sql(CAUSES).await?.collect().await?;
        let causes = Causes::of(&causes, &knowledge, day)?;
        let mut differing = Vec::with_capacity(changed.len() + 1);
        for batch in changed {
            let named = causes.of_rows(&batch)?;
            let text = |read: fn(&Named) -> Option<&str>| -> ArrayRef {
                Arc::new(named.iter().map(read).collect::<StringArray>())
            };
            let told = [
                text(|named| named.events.as_deref()),
                text(|named| named.source.as_deref()),
                text(|named| named.stated_on.as_deref()),
            ];
            let values = batch.columns().iter().cloned().chain(told).collect();
            let rows = RecordBatch::try_new(Arc::clone(&columns), values).map_err(QueryError::internal)?;
            differing.push(Differing { rows, causes: named.into_iter().map(|named| named.short).collect() });
        }
        // The columns are told where nothing differs, too.
        differing.push(Differing { rows: RecordBatch::new_empty(columns), causes: Vec::new() });
        Ok(differing)
    }
}

fn with_events(columns: &SchemaRef) -> SchemaRef {
    let nullable = columns.fields().iter().map(|field| Field::new(field.name(), field.data_type().clone(), true));
    let told = ["events", "event_source", "event_stated_on"].map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(nullable.chain(told).collect::<Vec<_>>()))
}

/// The maps that both have; which only one has is said beside the figures.
fn shared(earlier: &Release, later: &Release, notices: &mut Vec<String>) -> Result<Vec<String>, QueryError> {
    let (earlier, later) = (earlier.manifest(), later.manifest());
    for (one, other) in [(earlier, later), (later, earlier)] {
        let alone: Vec<&str> = one.maps.iter().filter(|map| !other.maps.contains(map)).map(String::as_str).collect();
        if !alone.is_empty() {
            notices.push(format!("only {} has the map {}, which is not compared", one.reference(), alone.join(", ")));
        }
    }
    let shared: Vec<String> = later.maps.iter().filter(|map| earlier.maps.contains(map)).cloned().collect();
    if shared.is_empty() { Err(no_map(later, &earlier.maps.join(", "))) } else { Ok(shared) }
}

/// What else has to be said beside the figures.
fn beside(earlier: &Release, later: &Release) -> Vec<String> {
    let (earlier, later) = (earlier.manifest(), later.manifest());
    let mut notices = Vec::new();
    if earlier.catalogue != later.catalogue {
        notices.push(format!("the catalogue changed from {} to {}", earlier.catalogue, later.catalogue));
    }
    let file = |tables: &[StoredTable], view: &str| {
        tables.iter().find(|of| of.table == view && of.map.is_none()).map(|of| of.sha256.clone())
    };
    // Files of two versions of the program differ by the version that is in them.
    let differs = |view: &&str| file(&earlier.tables, view) != file(&later.tables, view);
    let others: Vec<&str> = ON_EVERY_MAP.into_iter().filter(differs).collect();
    if earlier.program == later.program && !others.is_empty() {
        notices.push(format!("beside figures of indicator, rows of {} differ", others.join(", ")));
    }
    notices
}

fn no_map(of: &Manifest, map: &str) -> QueryError {
    let (release, map, maps) = (of.reference(), map.to_owned(), of.maps.join(", "));
    ReleaseError::NoMap { release, map, maps }.into()
}
