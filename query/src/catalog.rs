//! What a session can name in SQL, planned when it is named.
//!
//! In: the tables, the session's knowledge and its settings. Out: ledger tables as those settings let them be seen, fate
//! tables, views (from what is kept of them, where it may be used), the tables that stand on the session's map, reference
//! tables, what releases there are, what ran by the clock. Guarantee: between two calls of [`Desk::renew`] a table always
//! answers with the same version, so that a statement which reads it twice agrees with itself; and all that rests on the
//! ledgers rests on the same settings. Under a release all comes from what it has stored, and whoever sees releases alone
//! has nothing else, whichever way they ask.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use chrono::NaiveDate;
use datafusion::catalog::SchemaProvider;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::memory::MemTable;
use datafusion::datasource::{TableProvider, ViewTable, provider_as_source};
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, lit};
use lantoa_schemas::projection::Division;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::views::{self, VIEWS};
use lantoa_schemas::vocabulary::Vocabulary;

use crate::fate::{FateTable, changes_of};
use crate::indicator::{Basis, ON_A_MAP, Remembered, StandingFigures, StandingTable, Table};
use crate::knowledge::Present;
use crate::reference_tables;
use crate::release::ground::Ground;
use crate::release::{ON_EVERY_MAP, ON_ONE_MAP, Release, ReleaseError, Shelf, TABLE as RELEASES};
use crate::schedule::{self, History};
use crate::settings::Standing;
use crate::tables::{Snapshot, Tables};

mod divided;
mod granted;
pub(crate) mod kept;
pub(crate) mod looked;
mod on_map;

use divided::Divided;
pub(crate) use on_map::IndicatorOn;

pub(crate) use granted::Granted;

/// A ledger as of the day asked for, whatever sources had said by then: what chains of corrections are settled over.
const RECORDED: &str = "recorded_";
/// A ledger in full, where [`LEDGER`] is limited to some buckets: for what is not local to an area.
const EVERYWHERE: &str = "everywhere_";
/// Which events of a family are not in force.
const FATE: &str = "fate_";
/// A family's events.
const LEDGER: &str = "ledger_";

/// How to read the state of a session, as long as there is one.
#[derive(Clone)]
pub(crate) struct ReadState(Arc<dyn Fn() -> Option<SessionState> + Send + Sync>);

impl ReadState {
    pub(crate) fn new(read: impl Fn() -> Option<SessionState> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The state as it is now.
    pub(crate) fn read(&self) -> Result<SessionState> {
        (self.0)().ok_or_else(|| DataFusionError::Internal("the session of the statement has ended".to_owned()))
    }
}

impl fmt::Debug for ReadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadState")
    }
}

/// The one schema of a session.
pub(crate) struct Desk {
    tables: Arc<Tables>,
    present: Arc<Present>,
    remembered: Arc<Remembered>,
    shelf: Shelf,
    history: History,
    /// The session's own state, held weakly: the state holds this schema.
    state: OnceLock<ReadState>,
    pinned: Mutex<HashMap<String, Arc<dyn TableProvider>>>,
    /// The version of each table that the statement sees.
    seen: Mutex<HashMap<String, Snapshot>>,
    /// What all tables of one statement that stand on one map share, by the map.
    figures: Mutex<HashMap<Option<NaiveDate>, Arc<StandingFigures>>>,
    /// The projections that the statement sees, by view.
    kept: Mutex<HashMap<&'static str, Snapshot>>,
    /// The buckets that ledgers are limited to; `None` for all, as for everybody who asks.
    buckets: Option<(Division, Vec<i32>)>,
    /// The ledgers by bucket, where somebody has divided them.
    divided: Mutex<Option<Arc<Divided>>>,
    /// What the statement reads.
    ground: Mutex<Ground>,
    /// How often what is named was let go of: what is made of an earlier look is not kept for a later one.
    looks: AtomicU64,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("tables", &self.tables).finish_non_exhaustive()
    }
}

impl Desk {
    pub(crate) fn new(
        tables: Arc<Tables>,
        present: Arc<Present>,
        remembered: Arc<Remembered>,
        shelf: Shelf,
        history: History,
    ) -> Self {
        Self {
            tables,
            present,
            remembered,
            shelf,
            history,
            state: OnceLock::new(),
            pinned: Mutex::default(),
            seen: Mutex::default(),
            figures: Mutex::default(),
            kept: Mutex::default(),
            buckets: None,
            divided: Mutex::default(),
            ground: Mutex::default(),
            looks: AtomicU64::default(),
        }
    }

    /// The same versions of all tables, with ledgers that are limited to some buckets.
    fn limited_to(&self, by: Division, buckets: &[i32]) -> Self {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        let fates = pinned.iter().filter(|(name, _)| name.starts_with(FATE));
        let fates = fates.map(|(name, table)| (name.clone(), Arc::clone(table))).collect();
        let tables = Arc::clone(&self.tables);
        let (present, remembered) = (Arc::clone(&self.present), Arc::clone(&self.remembered));
        let limited = Self::new(tables, present, remembered, self.shelf.clone(), self.history.clone());
        let divided = Mutex::new(self.divided());
        let buckets = Some((by, buckets.to_vec()));
        Self { seen: Mutex::new(seen), pinned: Mutex::new(fates), buckets, divided, ..limited }
    }

    /// Says how to read the session's state, once.
    pub(crate) fn belong_to(&self, state: ReadState) {
        self.state.get_or_init(|| state);
    }

    /// Lets go of the versions that the last statement saw.
    pub(crate) fn renew(&self) {
        self.unpin();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.divided.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Lets go of figures and plans, once a statement is planned: a session that asks nothing more would keep figures of
    /// old versions, which nobody counts.
    pub(crate) fn let_go(&self) {
        self.unpin();
        self.figures.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn unpin(&self) {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        self.looks.fetch_add(1, Ordering::Relaxed);
        pinned.clear();
    }

    /// Says what the next statement reads.
    pub(crate) fn read(&self, ground: Ground) {
        *self.ground.lock().unwrap_or_else(PoisonError::into_inner) = ground;
        // Whoever still lists tables for the last statement may have named some since.
        self.unpin();
    }

    /// What the statement reads.
    pub(crate) fn ground(&self) -> Ground {
        self.ground.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plans views anew, because settings have changed, over the versions that were seen.
    pub(crate) fn plan_anew(&self) {
        self.unpin();
    }

    /// What the asker may name: where nothing can be read yet, what a release has.
    pub(crate) fn nameable(&self) -> Vec<String> {
        match self.ground() {
            Ground::Ledgers | Ground::Release(..) => self.table_names(),
            Ground::Nothing(_) => {
                let stored = ON_EVERY_MAP.into_iter().chain(ON_ONE_MAP).chain(reference_tables::NAMES);
                stored.chain([RELEASES]).map(str::to_owned).collect()
            }
        }
    }

    fn divided(&self) -> Option<Arc<Divided>> {
        self.divided.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read_state(&self) -> Result<&ReadState> {
        let without = || DataFusionError::Internal("the schema belongs to no session".to_owned());
        self.state.get().ok_or_else(without)
    }

    fn state(&self) -> Result<SessionState> {
        self.read_state()?.read()
    }

    fn pinned(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Keeps what was made first at one look, so that two readers of one statement share it.
    fn pin(&self, name: &str, look: u64, provider: Arc<dyn TableProvider>) -> Arc<dyn TableProvider> {
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if self.looks.load(Ordering::Relaxed) != look {
            return provider;
        }
        Arc::clone(pinned.entry(name.to_owned()).or_insert(provider))
    }

    async fn make(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        // From it one chooses what to read, so that it does not depend on what is read.
        if name == RELEASES {
            return self.shelf.table().await.map(Some);
        }
        match self.ground() {
            Ground::Ledgers => self.make_of_ledgers(name).await,
            Ground::Release(release, _) => self.of_release(&release, name, standing(&self.state()?).map),
            Ground::Nothing(error) if self.is_known(name) => Err(DataFusionError::External(Box::new(error))),
            Ground::Nothing(_) => Ok(None),
        }
    }

    /// A table of a release; what it does not have is refused, whatever the ledgers would say of it.
    fn of_release(
        &self,
        release: &Release,
        name: &str,
        map: Option<NaiveDate>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = release.table(name, map, self.present.get().history())?;
        if table.is_none() && self.is_known(name) {
            let (table, holds) = (name.to_owned(), release.names().join(", "));
            let error = ReleaseError::NotStored { table, release: release.manifest().reference(), holds };
            return Err(DataFusionError::External(Box::new(error)));
        }
        Ok(table)
    }

    /// `indicator` of the release that the statement reads, on a map; `None` where it reads the ledgers.
    fn released_indicator(&self, map: Option<NaiveDate>) -> Result<Option<Arc<dyn TableProvider>>> {
        match self.ground() {
            Ground::Ledgers => Ok(None),
            Ground::Release(release, _) => self.of_release(&release, "indicator", map),
            Ground::Nothing(error) => Err(DataFusionError::External(Box::new(error))),
        }
    }

    /// Whether something of a name is made of the ledgers, listed or not.
    fn is_known(&self, name: &str) -> bool {
        let parts = [FATE, RECORDED, EVERYWHERE];
        views::named(name).is_some()
            || Table::named(name).is_some()
            || reference_tables::NAMES.contains(&name)
            || name == schedule::TABLE
            || self.tables.names().contains(&name)
            || parts.iter().any(|part| name.starts_with(part))
    }

    async fn make_of_ledgers(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(view) = views::named(name) {
            if let Some(kept) = self.kept_view(view).await? {
                return Ok(Some(kept));
            }
            let plan = self.state()?.create_logical_plan(view.sql).await?;
            return Ok(Some(Arc::new(ViewTable::new(plan, Some(view.sql.to_owned())))));
        }
        if let Some(rows) = reference_tables::rows(name, &self.present.get()) {
            let rows = rows?;
            return Ok(Some(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?)));
        }
        if name == schedule::TABLE {
            return self.schedule_runs().await.map(Some);
        }
        if let Some(table) = Table::named(name) {
            let adopters = if table == Table::Adoption { self.adopters().await? } else { Vec::new() };
            let figures = self.figures(standing(&self.state()?).map).await?;
            return Ok(Some(Arc::new(StandingTable::new(table, figures, adopters))));
        }
        if let Some(family) = name.strip_prefix(FATE) {
            return self.fate(family).await;
        }
        if let (Some((_, buckets)), Some(divided)) = (&self.buckets, self.divided())
            && let Some(table) = divided.table(name, buckets)?
        {
            return Ok(Some(table));
        }
        let state = self.state()?;
        let standing = standing(&state);
        let ledger = |family: &str| format!("{LEDGER}{family}");
        let (table, standing, buckets) = match (name.strip_prefix(RECORDED), name.strip_prefix(EVERYWHERE)) {
            (Some(family), _) => (ledger(family), Standing { stated_by: None, ..standing }, None),
            (None, Some(family)) => (ledger(family), standing, None),
            (None, None) => (name.to_owned(), standing, self.buckets.as_ref().filter(|_| name.starts_with(LEDGER))),
        };
        let Some(snapshot) = self.snapshot(&table, &state).await? else {
            return Ok(None);
        };
        seen(&table, snapshot, &standing, buckets).map(Some)
    }

    /// The version of a table that this statement sees.
    pub(crate) async fn snapshot(&self, table: &str, state: &SessionState) -> Result<Option<Snapshot>> {
        if let Some(seen) = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(table) {
            return Ok(Some(seen.clone()));
        }
        let Some(snapshot) = self.tables.snapshot(table, state).await else {
            return Ok(None);
        };
        let snapshot = snapshot.map_err(|error| DataFusionError::External(Box::new(error)))?;
        // What was read first stays, so that two readers of one statement agree.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(seen.entry(table.to_owned()).or_insert(snapshot).clone()))
    }

    /// The figures on the map of a day, or each on its own.
    async fn figures(&self, map: Option<NaiveDate>) -> Result<Arc<StandingFigures>> {
        let state = self.state()?;
        let knowledge = self.present.get();
        let mut versions = Vec::with_capacity(Stream::ALL.len());
        for stream in Stream::ALL {
            versions.push(self.snapshot(stream.table(), &state).await?.and_then(|snapshot| snapshot.version));
        }
        // All days of one map are one map.
        let standing = standing(&state);
        let map = map.map(|day| knowledge.history().map_on(day));
        let basis = Basis { versions, standing: Standing { map, ..standing }, today: knowledge.today() };
        let (planner, remembered) = (self.read_state()?.clone(), Arc::clone(&self.remembered));
        let figures = StandingFigures::new(planner, knowledge, basis, remembered);
        let mut shared = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(shared.entry(map).or_insert_with(|| Arc::new(figures))))
    }

    /// The figures on the session's map, where projections give them; to be made before anybody asks for them.
    pub(crate) async fn figures_to_make(&self) -> Result<Option<Arc<StandingFigures>>> {
        if !self.keeps_figures().await? {
            return Ok(None);
        }
        self.figures(standing(&self.state()?).map).await.map(Some)
    }

    async fn schedule_runs(&self) -> Result<Arc<dyn TableProvider>> {
        let history = self.history.clone();
        let runs = tokio::task::spawn_blocking(move || history.read()).await;
        let runs = runs.map_err(|broken| DataFusionError::External(Box::new(broken)))?;
        let rows = schedule::rows(&runs.map_err(|error| DataFusionError::External(Box::new(error)))?)?;
        Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?))
    }

    async fn fate(&self, family: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(of) = Family::parse(family) else { return Ok(None) };
        let state = self.state()?;
        let changes = state.create_logical_plan(&changes_of(of, &format!("{RECORDED}{family}"))).await?;
        Ok(Some(Arc::new(FateTable::new(changes, standing(&state).stated_by))))
    }
}

#[async_trait]
impl SchemaProvider for Desk {
    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self.ground() {
            Ground::Ledgers => {
                let views = VIEWS.iter().filter(|view| view.listed).map(|view| view.name).chain(ON_A_MAP);
                let others = reference_tables::NAMES.into_iter().chain([schedule::TABLE]);
                views.chain(others).chain(self.tables.names()).map(str::to_owned).collect()
            }
            Ground::Release(release, _) => {
                // What it has on another map alone is no part of a list, and says why where it is named.
                let map = self.state().ok().and_then(|state| standing(&state).map);
                release.names_on(map, self.present.get().history())
            }
            Ground::Nothing(_) => Vec::new(),
        };
        names.push(RELEASES.to_owned());
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let look = self.looks.load(Ordering::Relaxed);
        if let Some(pinned) = self.pinned(name) {
            return Ok(Some(pinned));
        }
        Ok(self.make(name).await?.map(|provider| self.pin(name, look, provider)))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|known| known == name)
    }
}

/// The settings that a session's answers stand on.
pub(crate) fn standing(state: &SessionState) -> Standing {
    state.config_options().extensions.get::<Standing>().cloned().unwrap_or_default()
}

/// A table with the contract's columns and the rows that the settings leave.
fn seen(
    table: &str,
    snapshot: Snapshot,
    standing: &Standing,
    buckets: Option<&(Division, Vec<i32>)>,
) -> Result<Arc<dyn TableProvider>> {
    let has = |column: &str| snapshot.provider.schema().column_with_name(column).is_some();
    // A table that an earlier release made has what came since at its end, and one of a later release has more.
    let known = snapshot.columns.fields().iter().map(|field| field.name());
    let whole = snapshot.provider.schema().fields().iter().map(|field| field.name()).eq(known);
    let mut limits = limits(standing, |column| snapshot.columns.column_with_name(column).is_some());
    if let Some((by, buckets)) = buckets {
        let wanted = buckets.iter().map(|bucket| lit(*bucket)).collect();
        limits.push(kept::bucket_of(*by).in_list(wanted, false));
    }
    if whole && limits.is_empty() {
        return Ok(snapshot.provider);
    }
    let mut columns = Vec::with_capacity(snapshot.columns.fields().len());
    for field in snapshot.columns.fields() {
        // A table of an older release lacks what was added since: nobody has said anything there.
        let missing = || Ok::<_, DataFusionError>(lit(ScalarValue::try_from(field.data_type())?).alias(field.name()));
        columns.push(if has(field.name()) { col(field.name().as_str()) } else { missing()? });
    }
    let plan = LogicalPlanBuilder::scan(table, provider_as_source(snapshot.provider), None)?.project(columns)?;
    let plan = limits.into_iter().try_fold(plan, |plan, limit| plan.filter(limit))?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// Conditions of the settings on a table with such columns.
fn limits(standing: &Standing, has: impl Fn(&str) -> bool) -> Vec<Expr> {
    let mut limits = Vec::new();
    let recorded = ["recorded", "received"].into_iter().find(|column| has(column));
    if let (Some(as_of), Some(recorded)) = (standing.as_of, recorded) {
        let end = as_of.end_micros();
        limits.push(col(recorded).lt(lit(ScalarValue::TimestampMicrosecond(Some(end), Some("UTC".into())))));
    }
    if let (Some(day), true) = (standing.stated_by, has("stated_on") && has("retracts")) {
        let day = lit(ScalarValue::Date32(Some(lantoa_schemas::event::days_since_epoch(day))));
        let told_on = crate::functions::partial_last_day().call(vec![col("stated_on")]);
        // A retraction without a date of its own takes back our record, not what the source had told.
        let undated_retraction = col("stated_on").is_null().and(col("retracts").is_not_null());
        limits.push(told_on.lt_eq(day).or(undated_retraction));
    }
    limits
}

#[cfg(test)]
mod tests;
