//! Views that are kept as tables: what can be read from them, and what has to be judged on the spot.
//!
//! In: a projection as the projector keeps it, and the ledgers as the statement sees them. Out: the view's rows. Guarantee:
//! the same as without a projection, whatever came since: buckets into which something new falls are judged anew.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray, RecordBatch, new_empty_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int32Type};
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::catalog::{CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList};
use datafusion::common::Result;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionStateBuilder;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionContext;
use lantoa_schemas::projection::{BUCKET, BUCKETS, Division, LogPart, PROJECTIONS, Projection, Reach};
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::views::{self, View};

use super::looked::Links;
use super::{Desk, FATE, ReadState, standing};
use crate::functions;
use crate::tables::Snapshot;

/// The view of first years.
const ADOPTERS: &str = "adopters";

/// How many events of subjects may be looked at in one pass. Bounds memory as long as one bucket is of fewer.
const SUBJECT_EVENTS_A_PASS: u64 = 500_000;

/// How many events may hang together with new ones before everything is judged anew.
const MOST_CHANGED: usize = 2000;

/// How many buckets may have to be judged anew before the whole view is: by then looking for them is no gain.
const MOST_TOUCHED: usize = BUCKETS as usize / 2;

/// For how many pairs of moments it is remembered which buckets changed between them.
const REMEMBERED: usize = 16;

/// Which buckets of which view were found to have changed between two moments: many questions see the same two.
#[derive(Debug, Default)]
pub(crate) struct TouchedBefore(Mutex<VecDeque<Between>>);

#[derive(Debug)]
struct Between {
    view: &'static str,
    then: Reach,
    now: Reach,
    buckets: Vec<i32>,
}

impl TouchedBefore {
    fn find(&self, view: &str, then: &Reach, now: &Reach) -> Option<Vec<i32>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|known| (known.view, &known.then, &known.now) == (view, then, now))?;
        Some(found.buckets.clone())
    }

    fn keep(&self, view: &'static str, then: &Reach, now: &Reach, buckets: &[i32]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.truncate(REMEMBERED - 1);
        known.push_front(Between { view, then: then.clone(), now: now.clone(), buckets: buckets.to_vec() });
    }
}

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
                self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(projection.view, kept);
            }
        }
        Ok(())
    }

    /// A view from its projection, and from the ledgers what came since; `None` where the ledgers have to be asked for
    /// all of it.
    pub(super) async fn kept_view(&self, view: &View) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(projection) = Projection::of(view.name) else { return Ok(None) };
        let Some((kept, touched)) = self.usable(projection).await?.filter(|(_, touched)| touched.len() <= MOST_TOUCHED)
        else {
            return Ok(None);
        };
        let mut plan = untouched(projection, kept, &touched)?;
        if !touched.is_empty() {
            let anew = self.in_buckets(projection, view, &touched).await?;
            let columns: Vec<Expr> = anew.schema().fields().iter().map(|field| col(field.name().as_str())).collect();
            plan = plan.project(columns)?.union(anew)?;
        }
        Ok(Some(Arc::new(ViewTable::new(plan.build()?, Some(view.sql.to_owned())))))
    }

    /// Whether anything is kept.
    pub(crate) fn keeps_any(&self) -> bool {
        !self.kept.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether all figures come from projections, but for those of few buckets, or there are none.
    pub(super) async fn keeps_figures(&self) -> Result<bool> {
        for projection in PROJECTIONS.iter().filter(|projection| projection.view != ADOPTERS) {
            if self.reach_of(projection).await? == Reach::default() {
                continue;
            }
            let usable = self.usable(projection).await?;
            if usable.is_none_or(|(_, touched)| touched.len() > MOST_TOUCHED) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Plans whose rows together are those of the view `adopters`. To be run one after another: all subjects at once take
    /// more memory than there may be.
    pub(super) async fn adopters(&self) -> Result<Vec<LogicalPlan>> {
        let (projection, view) = Projection::of(ADOPTERS).zip(views::named(ADOPTERS)).expect("the view is kept");
        let mut plans = Vec::new();
        let anew = match self.usable(projection).await? {
            Some((kept, touched)) => {
                plans.push(untouched(projection, kept, &touched)?.build()?);
                touched
            }
            None => (0..BUCKETS).collect(),
        };
        let state = self.state()?;
        let ledger = self.snapshot(Family::Recognition.stream().table(), &state).await?;
        let events = ledger.map_or(0, |ledger| ledger.rows) * anew.len() as u64 / BUCKETS as u64;
        let passes = events.div_ceil(SUBJECT_EVENTS_A_PASS).max(1) as usize;
        for part in anew.chunks(anew.len().div_ceil(passes).max(1)) {
            plans.push(self.in_buckets(projection, view, part).await?);
        }
        plans.into_iter().map(added_up).collect()
    }

    /// What is kept of a view, where it can be used, and the buckets of it that have to be judged anew.
    async fn usable(&self, projection: &Projection) -> Result<Option<(Snapshot, Vec<i32>)>> {
        let standing = standing(&self.state()?);
        if self.buckets.is_some() || standing.as_of.is_some() || standing.stated_by.is_some() {
            return Ok(None);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(projection.view).cloned();
        let Some(kept) = kept else { return Ok(None) };
        let now = self.reach_of(projection).await?;
        let Some(then) = rests_on(&kept, &now).await else { return Ok(None) };
        let touched = self.touched(projection, &then, &now).await?;
        Ok(Some((kept, touched)))
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

    /// The buckets whose rows what came since can have changed, in order.
    pub(crate) async fn touched(&self, projection: &Projection, then: &Reach, now: &Reach) -> Result<Vec<i32>> {
        let known = &self.tables.touched;
        if let Some(buckets) = known.find(projection.view, then, now) {
            return Ok(buckets);
        }
        let buckets = self.find_touched(projection, then, now).await?;
        known.keep(projection.view, then, now, &buckets);
        Ok(buckets)
    }

    async fn find_touched(&self, projection: &Projection, then: &Reach, now: &Reach) -> Result<Vec<i32>> {
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
            let table = family.stream().table();
            let Some(changed) = self.changed(family.stream(), then, &is_new).await? else {
                return Ok((0..BUCKETS).collect());
            };
            touched.extend(buckets(&self.answer(&fallen_into(table, projection.by, &changed)).await?));
            if projection.by == Division::Area && *family == Family::Recognition {
                // A title that was taken away is not counted, whichever area says so: a subject moves, and its area's code
                // changes.
                let lost = format!("SELECT subject_token FROM {table} WHERE step = 'revoked' AND ({changed})");
                if self.answer(&format!("{lost} LIMIT 1")).await?.num_rows() > 0 {
                    let told_of = format!("subject_token IN ({lost})");
                    touched.extend(buckets(&self.answer(&fallen_into(table, projection.by, &told_of)).await?));
                }
            }
        }
        Ok(touched.into_iter().collect())
    }

    /// The condition that an event is new, or that its fate may be another by what is new: all that hang together by
    /// corrections and retractions do. `None` where these are too many to be told apart.
    async fn changed(&self, stream: Stream, then: &Reach, is_new: &str) -> Result<Option<String>> {
        let links = self.links(stream).await?;
        // What waited for a new event begins a chain as well.
        let awaited = self.awaited(stream.table(), &links, is_new).await?;
        let awaited: HashSet<&str> = awaited.as_string::<i32>().iter().flatten().collect();
        let since = links.since(then);
        let links: Vec<(&str, &str, bool)> =
            since.map(|(event, target, is_new)| (event, target, is_new || awaited.contains(target))).collect();
        let mut beside: HashMap<&str, Vec<&str>> = HashMap::new();
        for (event, target, _) in &links {
            beside.entry(event).or_default().push(target);
            beside.entry(target).or_default().push(event);
        }
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = links.iter().filter(|(.., begins)| *begins).map(|(event, ..)| *event).collect();
        while let Some(event) = open.pop() {
            if found.insert(event) {
                open.extend(beside.get(event).into_iter().flatten());
            }
        }
        if found.len() > MOST_CHANGED {
            return Ok(None);
        }
        Ok(Some(match found.is_empty() {
            true => is_new.to_owned(),
            false => format!("{is_new} OR event_id IN ({})", quoted(found)),
        }))
    }

    /// New events that another one waited for.
    async fn awaited(&self, table: &str, links: &Links, is_new: &str) -> Result<ArrayRef> {
        let targets: HashSet<&str> = links.targets().collect();
        if targets.is_empty() {
            return Ok(new_empty_array(&DataType::Utf8));
        }
        let targets = match targets.len() {
            0..=MOST_CHANGED => quoted(targets),
            _ => format!(
                "SELECT coalesce(supersedes, retracts) FROM {table} WHERE supersedes IS NOT NULL OR retracts IS NOT NULL"
            ),
        };
        let query = format!("SELECT event_id FROM {table} WHERE ({is_new}) AND event_id IN ({targets})");
        Ok(cast(self.answer(&query).await?.column(0), &DataType::Utf8)?)
    }

    /// The plan of a view over what the ledgers have in some buckets.
    pub(crate) async fn in_buckets(
        &self,
        projection: &Projection,
        view: &View,
        buckets: &[i32],
    ) -> Result<LogicalPlan> {
        // What does not go by buckets is settled once for all of them.
        for family in projection.ledgers {
            let _settled = self.table(&format!("{FATE}{family}")).await?;
        }
        let desk = Arc::new(self.limited_to(projection.by, buckets));
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema("public", Arc::clone(&desk) as _)?;
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog("lantoa".to_owned(), Arc::new(catalog));
        let state = SessionStateBuilder::new_from_existing(self.state()?).with_catalog_list(Arc::new(catalogs)).build();
        let context = SessionContext::new_with_state(state);
        let weak = context.state_weak_ref();
        desk.belong_to(ReadState::new(move || weak.upgrade().map(|state| state.read().clone())));
        context.state().create_logical_plan(view.sql).await
    }

    /// The plan of a view over what the ledgers have in some buckets, with the bucket of each row in front.
    pub(crate) async fn to_keep(&self, projection: &Projection, buckets: &[i32]) -> Result<LogicalPlan> {
        let view = views::named(projection.view).expect("every projection is of a view");
        let plan = self.in_buckets(projection, view, buckets).await?;
        if projection.by == Division::Subject {
            return Ok(plan);
        }
        let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
        let bucket = bucket_of(projection.by).alias(BUCKET);
        LogicalPlanBuilder::from(plan).project([vec![bucket], columns].concat())?.build()
    }

    /// All rows of a question of our own.
    pub(super) async fn answer(&self, query: &str) -> Result<RecordBatch> {
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

/// Ids as a list in SQL.
fn quoted<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let ids: Vec<String> = ids.into_iter().map(|id| format!("'{}'", id.replace('\'', "''"))).collect();
    ids.join(", ")
}

fn is_new(part: &LogPart, from: i64) -> String {
    format!(
        "(log_cluster = '{}' AND log_generation = {} AND log_partition = {} AND log_offset >= {from})",
        part.cluster.replace('\'', "''"),
        part.generation,
        part.partition
    )
}

/// Asks for the buckets of events.
fn fallen_into(table: &str, by: Division, which: &str) -> String {
    let bucket = match by {
        Division::Area => "area_bucket(area_level, area_code, area_name)",
        Division::Subject => "subject_bucket(subject_token)",
    };
    format!("SELECT DISTINCT {bucket} AS bucket FROM {table} WHERE {which}")
}

/// The bucket of a ledger's row.
pub(super) fn bucket_of(by: Division) -> Expr {
    match by {
        Division::Area => functions::area_bucket().call(["area_level", "area_code", "area_name"].map(col).to_vec()),
        Division::Subject => functions::subject_bucket().call(vec![col("subject_token")]),
    }
}

/// The kept rows of the buckets that were not touched, with the view's columns.
fn untouched(projection: &Projection, kept: Snapshot, touched: &[i32]) -> Result<LogicalPlanBuilder> {
    let names: Vec<String> = kept.provider.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut plan = LogicalPlanBuilder::scan(projection.view, provider_as_source(kept.provider), None)?;
    if !touched.is_empty() {
        let touched = touched.iter().map(|bucket| lit(*bucket)).collect();
        plan = plan.filter(col(BUCKET).in_list(touched, true))?;
    }
    let names = names.iter().filter(|name| *name != BUCKET || projection.by == Division::Subject);
    plan.project(names.map(|name| col(name.as_str())).collect::<Vec<_>>())
}

/// Rows of the view `adopters` added up over the buckets of subjects.
fn added_up(plan: LogicalPlan) -> Result<LogicalPlan> {
    let keys = ["area_level", "area_code", "area_date", "model", "year"].map(col);
    let sums = ["recognised", "first_time", "kept", "revoked"].map(|name| sum(col(name)).alias(name));
    LogicalPlanBuilder::from(plan).aggregate(keys, sums)?.build()
}

fn buckets(rows: &RecordBatch) -> Vec<i32> {
    rows.column(0).as_primitive::<Int32Type>().iter().flatten().collect()
}
