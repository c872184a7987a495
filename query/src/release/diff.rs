//! What one release has that another has not.
//!
//! In: two releases, the earlier first. Out: a row for every figure of `indicator` that is new, changed or withdrawn, on
//! each map that both have, with both sides and the events that did it. Guarantee: figures are compared, and nothing else:
//! a changed remark beside a figure is no change of it.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use futures::StreamExt;

use super::cause::{CAUSES, Causes};
use super::{ON_EVERY_MAP, Reference, Release, ReleaseError, StoredTable};
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

impl Engine {
    /// What `later` has that `earlier` has not, and what it has otherwise.
    ///
    /// # Errors
    /// Where one of them is not there or cannot be read.
    pub async fn diff_releases(&self, earlier: &Reference, later: &Reference) -> Result<Answer, QueryError> {
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
        let mut rows: Vec<RecordBatch> = Vec::new();
        let (maps, notices) = maps(&earlier, &later);
        for map in maps {
            rows.extend(self.diff_on(&earlier, &later, map).await?);
        }
        let columns = match rows.first() {
            Some(batch) => batch.schema(),
            None => return Err(no_map(&earlier, &later)),
        };
        let rows = futures::stream::iter(rows.into_iter().map(Ok)).boxed();
        Ok(Answer::made_of(columns, rows).with_notices(notices))
    }

    async fn diff_on(&self, earlier: &Release, later: &Release, map: &str) -> Result<Vec<RecordBatch>, QueryError> {
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
        let mut rows = Vec::with_capacity(changed.len() + 1);
        for batch in changed {
            let events: ArrayRef = Arc::new(causes.of_rows(&batch)?.into_iter().collect::<StringArray>());
            let values = batch.columns().iter().cloned().chain([events]).collect();
            rows.push(RecordBatch::try_new(Arc::clone(&columns), values).map_err(QueryError::internal)?);
        }
        // The columns are told where nothing differs, too.
        rows.push(RecordBatch::new_empty(columns));
        Ok(rows)
    }
}

fn with_events(columns: &SchemaRef) -> SchemaRef {
    let nullable = columns.fields().iter().map(|field| Field::new(field.name(), field.data_type().clone(), true));
    let events = Field::new("events", DataType::Utf8, true);
    Arc::new(Schema::new(nullable.chain([events]).collect::<Vec<_>>()))
}

/// The maps that both have, and what has to be said beside the figures.
fn maps<'a>(earlier: &Release, later: &'a Release) -> (Vec<&'a str>, Vec<String>) {
    let (earlier, later) = (earlier.manifest(), later.manifest());
    let mut notices = Vec::new();
    for (one, other) in [(earlier, later), (later, earlier)] {
        let alone: Vec<&str> = one.maps.iter().filter(|map| !other.maps.contains(map)).map(String::as_str).collect();
        if !alone.is_empty() {
            notices.push(format!("only {} has the map {}, which is not compared", one.reference(), alone.join(", ")));
        }
    }
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
    let shared = later.maps.iter().filter(|map| earlier.maps.contains(map)).map(String::as_str).collect();
    (shared, notices)
}

fn no_map(earlier: &Release, later: &Release) -> QueryError {
    let (earlier, later) = (earlier.manifest(), later.manifest());
    let (release, map, maps) = (later.reference(), earlier.maps.join(", "), later.maps.join(", "));
    ReleaseError::NoMap { release, map, maps }.into()
}
