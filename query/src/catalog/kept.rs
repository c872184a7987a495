//! Views that are kept as tables: what can be read from them, and what has to be judged on the spot.
//!
//! In: a projection as the projector keeps it, and the ledgers as the statement sees them. Out: the view's rows. Guarantee:
//! the same as without a projection, whatever came since: buckets into which something new falls are judged anew.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion::catalog::{CatalogProvider, TableProvider};
use datafusion::catalog::{CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList};
use datafusion::common::Result;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionContext;
use lantoa_schemas::projection::{BUCKET, BUCKETS, LogPart, PROJECTIONS, Projection, Reach};
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::views::{self, View};

use super::{Desk, standing};
use crate::tables::Snapshot;

/// How many buckets may have to be judged anew before the whole view is: by then looking for them is no gain.
const MOST_TOUCHED: usize = BUCKETS as usize / 2;

impl Desk {
    /// Sees the projections as they are now. To be done before any ledger is seen: so none is ahead of its ledgers.
    pub(crate) async fn see_projections(&self) -> Result<()> {
        if self.buckets.is_some() {
            return Ok(());
        }
        let state = self.state()?;
        for projection in PROJECTIONS {
            let kept = self.tables.kept(projection, &state).await;
            let kept = kept.inspect_err(|error| {
                // What is kept only saves time; without it the ledgers are asked.
                tracing::warn!(view = projection.view, %error, "what is kept of a view cannot be read and is not used");
            });
            if let Ok(Some(kept)) = kept {
                self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(projection.view, kept);
            }
        }
        Ok(())
    }

    /// A view from its projection, and from the ledgers what came since; `None` where the ledgers have to be asked for
    /// all of it.
    pub(super) async fn from_kept(&self, view: &View) -> Result<Option<Arc<dyn TableProvider>>> {
        let standing = standing(&self.state()?);
        let known = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(view.name).cloned();
        let (Some(projection), Some(kept)) = (Projection::of(view.name), known) else { return Ok(None) };
        if self.buckets.is_some() || standing.as_of.is_some() || standing.stated_by.is_some() {
            return Ok(None);
        }
        let now = self.reach_of(projection).await?;
        let Some(then) = rests_on(&kept, &now).await else { return Ok(None) };
        let touched = self.touched(projection, &then, &now).await?;
        if touched.len() > MOST_TOUCHED {
            return Ok(None);
        }
        let anew = match touched.is_empty() {
            true => None,
            false => Some(self.in_buckets(view, &touched).await?),
        };
        let columns: Vec<Expr> = match &anew {
            Some(anew) => anew.schema().fields().iter().map(|field| col(field.name().as_str())).collect(),
            None => {
                let schema = kept.provider.schema();
                schema.fields().iter().filter(|f| f.name() != BUCKET).map(|f| col(f.name().as_str())).collect()
            }
        };
        let mut plan = LogicalPlanBuilder::scan(view.name, provider_as_source(kept.provider), None)?;
        if !touched.is_empty() {
            let touched = touched.iter().map(|bucket| lit(*bucket)).collect();
            plan = plan.filter(col(BUCKET).in_list(touched, true))?;
        }
        plan = plan.project(columns)?;
        if let Some(anew) = anew {
            plan = plan.union(anew)?;
        }
        Ok(Some(Arc::new(ViewTable::new(plan.build()?, Some(view.sql.to_owned())))))
    }

    /// How far the ledgers go that a projection rests on, as this statement sees them.
    pub(crate) async fn reach_of(&self, projection: &Projection) -> Result<Reach> {
        let mut reach = Reach::default();
        for family in projection.rests_on() {
            for (part, next) in self.reach(family.stream()).await?.parts() {
                reach.extend(part.clone(), next);
            }
        }
        Ok(reach)
    }

    async fn reach(&self, stream: Stream) -> Result<Arc<Reach>> {
        let state = self.state()?;
        let Some(snapshot) = self.snapshot(stream.table(), &state).await? else { return Ok(Arc::default()) };
        let reach = snapshot.reach.get_or_try_init(|| async {
            if snapshot.rows == 0 {
                return Ok(Arc::default());
            }
            let query = format!(
                "SELECT log_cluster, log_generation, log_partition, max(log_offset) + 1 FROM {} GROUP BY 1, 2, 3",
                stream.table()
            );
            let rows = self.answer(&query).await?;
            let clusters = arrow::compute::cast(rows.column(0), &arrow::datatypes::DataType::Utf8)?;
            let clusters = clusters.as_string::<i32>();
            let numbers = |at: usize| rows.column(at).as_primitive::<Int32Type>();
            let nexts = rows.column(3).as_primitive::<Int64Type>();
            let parts = (0..rows.num_rows()).map(|row| {
                let part = LogPart {
                    stream,
                    cluster: clusters.value(row).to_owned(),
                    generation: numbers(1).value(row),
                    partition: numbers(2).value(row),
                };
                (part, nexts.value(row))
            });
            Ok::<_, datafusion::common::DataFusionError>(Arc::new(parts.collect::<Reach>()))
        });
        reach.await.cloned()
    }

    /// The buckets whose rows what came since can have changed, in order.
    pub(crate) async fn touched(&self, projection: &Projection, then: &Reach, now: &Reach) -> Result<Vec<i32>> {
        let changes_all = |part: &LogPart| part.stream == Family::Reference.stream();
        if now.since(then).any(|(part, _)| changes_all(part)) {
            return Ok((0..BUCKETS).collect());
        }
        let mut touched = BTreeSet::new();
        for family in projection.ledgers {
            let since: Vec<_> = now.since(then).filter(|(part, _)| part.stream == family.stream()).collect();
            if since.is_empty() {
                continue;
            }
            if !then.parts().any(|(part, next)| part.stream == family.stream() && next > 0) {
                return Ok((0..BUCKETS).collect());
            }
            let is_new = since.iter().map(|(part, from)| is_new(part, *from)).collect::<Vec<_>>().join(" OR ");
            let mut here = buckets(&self.answer(&fallen_into(family.stream(), &is_new)).await?);
            if *family == Family::Recognition {
                let decided = self.answer(&changing(family.stream(), &is_new)).await?.num_rows() > 0;
                let lost = revocations(&is_new, if decided { &here } else { &[] });
                let any = format!("SELECT subject_token FROM ({lost}) LIMIT 1");
                if self.answer(&any).await?.num_rows() > 0 {
                    here.extend(buckets(&self.answer(&where_told_of(&lost)).await?));
                }
            }
            touched.extend(here);
        }
        Ok(touched.into_iter().collect())
    }

    /// The plan of a view over what the ledgers have in some buckets.
    pub(crate) async fn in_buckets(&self, view: &View, buckets: &[i32]) -> Result<LogicalPlan> {
        let desk = Arc::new(self.limited_to(buckets));
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema("public", Arc::clone(&desk) as _)?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog("lantoa".to_owned(), Arc::new(catalog));
        let state = SessionStateBuilder::new_from_existing(self.state()?).with_catalog_list(Arc::new(catalogs)).build();
        let context = SessionContext::new_with_state(state);
        let weak = context.state_weak_ref();
        desk.belong_to(Box::new(move || weak.upgrade().map(|state| state.read().clone())));
        context.state().create_logical_plan(view.sql).await
    }

    /// The plan of a view over what the ledgers have in some buckets, with the bucket of each row in front.
    pub(crate) async fn to_keep(&self, projection: &Projection, buckets: &[i32]) -> Result<LogicalPlan> {
        let view = views::named(projection.view).expect("every projection is of a view");
        let plan = self.in_buckets(view, buckets).await?;
        let area = ["area_level", "area_code", "area_name"].map(col).to_vec();
        let bucket = crate::functions::area_bucket().call(area).alias(BUCKET);
        let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        LogicalPlanBuilder::from(plan).project([vec![bucket], columns].concat())?.build()
    }

    /// All rows of a question of our own.
    async fn answer(&self, query: &str) -> Result<RecordBatch> {
        let state = self.state()?;
        let plan = state.create_physical_plan(&state.create_logical_plan(query).await?).await?;
        let columns = plan.schema();
        Ok(concat_batches(&columns, &collect(plan, state.task_ctx()).await?)?)
    }
}

/// How far a projection rests on the ledgers as they are; `None` where it is ahead of them, rests on nothing that they
/// have, or was never finished.
async fn rests_on(kept: &Snapshot, now: &Reach) -> Option<Reach> {
    let mut then = Reach::default();
    for (part, next) in now.parts() {
        let rests = kept.rests_on(part).await.inspect_err(|error| {
            tracing::warn!(%error, "how far a projection goes cannot be read: the ledgers are asked");
        });
        if let Some(rests) = rests.ok()? {
            if rests > next {
                return None;
            }
            then.extend(part.clone(), rests);
        }
    }
    (then != Reach::default()).then_some(then)
}

fn is_new(part: &LogPart, from: i64) -> String {
    format!(
        "(log_cluster = '{}' AND log_generation = {} AND log_partition = {} AND log_offset >= {from})",
        part.cluster.replace('\'', "''"),
        part.generation,
        part.partition
    )
}

/// Asks for the buckets of new events, and of those that name one of them from elsewhere: such as waited for it.
fn fallen_into(stream: Stream, is_new: &str) -> String {
    let table = stream.table();
    format!(
        "WITH new AS (SELECT event_id, area_level, area_code, area_name FROM {table} WHERE {is_new})
        SELECT area_bucket(area_level, area_code, area_name) AS bucket FROM new
        UNION
        SELECT area_bucket(area_level, area_code, area_name)
        FROM {table}
        WHERE supersedes IN (SELECT event_id FROM new) OR retracts IN (SELECT event_id FROM new)"
    )
}

/// Asks whether anything new decides the fate of another event: it changes one, or is what a change waited for.
fn changing(stream: Stream, is_new: &str) -> String {
    let table = stream.table();
    format!(
        "WITH new AS (SELECT event_id, supersedes, retracts FROM {table} WHERE {is_new})
        SELECT event_id FROM new WHERE supersedes IS NOT NULL OR retracts IS NOT NULL
        UNION ALL
        SELECT event_id
        FROM {table}
        WHERE supersedes IN (SELECT event_id FROM new) OR retracts IN (SELECT event_id FROM new)
        LIMIT 1"
    )
}

/// Asks for the subjects that may have lost a title, or got it back: those of new revocations, and of all in the buckets
/// in which something decides the fate of others, for of these only the bucket is known.
fn revocations(is_new: &str, decided: &[i32]) -> String {
    let table = Family::Recognition.stream().table();
    let decided = decided.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    let decided = match decided.is_empty() {
        true => String::new(),
        false => format!(" OR area_bucket(area_level, area_code, area_name) IN ({decided})"),
    };
    format!(
        "SELECT subject_token FROM {table} WHERE step = 'revoked' AND subject_token IS NOT NULL AND (({is_new}){decided})"
    )
}

/// Asks for the buckets that tell of subjects, wherever: a subject moves, and its area's code changes.
fn where_told_of(subjects: &str) -> String {
    format!(
        "SELECT DISTINCT area_bucket(area_level, area_code, area_name) AS bucket FROM {} WHERE subject_token IN ({subjects})",
        Family::Recognition.stream().table()
    )
}

fn buckets(rows: &RecordBatch) -> Vec<i32> {
    rows.column(0).as_primitive::<Int32Type>().iter().flatten().collect()
}
