//! The engine and its sessions: SQL in, answers out.
//!
//! In: one or more statements, of which the last may be a query and the others set what it stands on. Out: an
//! [`Answer`]. Guarantee: no statement changes anything; a statement sees one version of each table.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, SchemaProvider};
use datafusion::error::DataFusionError;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, Statement as PlanStatement};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use lantoa_schemas::clock::SharedClock;
use lantoa_schemas::projection::Projection;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::access::{Asker, Users};
use crate::answer::Answer;
use crate::area_functions;
use crate::asked::Asked;
use crate::catalog::{Desk, Granted, IndicatorOn, ReadState, standing};
use crate::config::Config;
use crate::count::Counters;
use crate::error::QueryError;
use crate::functions;
use crate::indicator::Remembered;
use crate::knowledge::{Knowledge, Present};
use crate::limits::{Queue, Shares, Spill};
use crate::postgres::PostgresConfig;
use crate::release::{Releases, Shelf};
use crate::schedule::History;
use crate::settings::{SettingError, Settings, Standing};
use crate::tables::{TableError, Tables};

mod ahead;
mod beside;
mod bound;
mod derive;
mod guard;
mod known;
mod learn;
mod notices;
mod prepared;
mod sitting;
mod under_way;
mod values;
mod yielding;

pub(crate) use bound::{Bound, Known, version_of};
pub use derive::Derivation;
pub(crate) use derive::as_filed;
pub use prepared::Described;
pub(crate) use sitting::Sitting;
pub(crate) use values::{Values, fill};

/// The engine cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the query engine cannot be opened")]
pub struct EngineError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// What `status` says of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableStatus {
    /// Its name.
    pub table: &'static str,
    /// Its newest version; `None` where nothing has been written yet.
    pub version: Option<u64>,
    /// Rows of that version.
    pub rows: u64,
    /// Files of that version.
    pub files: u64,
}

/// All that sessions share: tables, functions, memory. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Shared>);

struct Shared {
    tables: Arc<Tables>,
    remembered: Arc<Remembered>,
    runtime: Arc<RuntimeEnv>,
    config: Config,
    clock: SharedClock,
    counters: Counters,
    users: Users,
    releases: Arc<Releases>,
    queue: Queue,
    /// Of statements that are only described. They are done in a moment, and wait for no answer that is read slowly.
    describing: Queue,
    shares: Shares,
    /// Dropped after the runtime that writes there. `None` where the data folder cannot be written to.
    _spill: Option<Spill>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens the engine over a folder of tables, which need not exist yet.
    ///
    /// # Errors
    /// Where the folder's path or the limits cannot be used.
    pub fn open(config: Config, clock: SharedClock) -> std::result::Result<Self, EngineError> {
        let tables = Tables::of(&config.tables()).map_err(|error| EngineError(Box::new(error)))?;
        let spill = Spill::open(&config.spill()).inspect_err(|error| {
            let folder = config.spill();
            tracing::warn!(folder = %folder.display(), %error, "questions that need much memory use the system's own folder");
        });
        let spill = spill.ok();
        let disk = spill.as_ref().map_or_else(
            || DiskManagerBuilder::default().with_max_temp_directory_size(config.spill_bytes),
            |spill| spill.disk(config.spill_bytes),
        );
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_limit(config.memory_bytes, 1.0)
            .with_disk_manager_builder(disk)
            .build_arc()
            .map_err(|error| EngineError(Box::new(error)))?;
        let remembered = Arc::new(Remembered::new(config.remember_bytes, Arc::clone(&clock)));
        let (tables, counters) = (Arc::new(tables), Counters::default());
        let users = Users::open(config.users()).map_err(|error| EngineError(Box::new(error)))?;
        let queue = Queue::new(config.at_once, config.wait);
        let describing = Queue::new(config.at_once, config.wait);
        let shares = Shares::default();
        let releases = Arc::new(Releases::of(config.releases()));
        let shared = Shared {
            tables,
            remembered,
            runtime,
            config,
            clock,
            counters,
            users,
            releases,
            queue,
            describing,
            shares,
            _spill: spill,
        };
        Ok(Self(Arc::new(shared)))
    }

    /// Makes query's series known to the program's registry.
    pub fn register(&self, registry: &mut Registry) {
        self.0.counters.register(Arc::clone(&self.0.runtime.memory_pool), registry);
        self.0.remembered.lots_read.register(registry);
    }

    /// The parts of the role by name, each with what is wrong and what to do where it does not work.
    pub async fn ready(&self) -> Vec<(&'static str, std::result::Result<(), String>)> {
        let remedy = "see that the data folder can be read; the program's log says which file it is";
        let tables = self.status().await.map(drop).map_err(|error| {
            if let QueryError::Internal(cause) = &error {
                // The cause may name files: it is for the log, not for whoever asks.
                tracing::error!(%cause, "the tables cannot be read");
            }
            format!("{error}; {remedy}")
        });
        vec![("tables", tables)]
    }

    /// Who may ask.
    pub fn users(&self) -> &Users {
        &self.0.users
    }

    /// Somebody's session, which stands on the settings given.
    ///
    /// # Errors
    /// Where a setting cannot be taken.
    pub fn session(&self, asker: &Asker, settings: &Settings) -> std::result::Result<Session, SettingError> {
        let mut standing = Standing::default();
        for (name, value) in settings.given() {
            standing.take(name, value)?;
        }
        Ok(Session::new(self.clone(), asker.clone(), standing))
    }

    /// An error of a setting with all that could be right by the day asked for, maps that events have added among it.
    pub(crate) async fn explained(&self, error: SettingError, asker: &Asker, settings: &Settings) -> SettingError {
        let others = Settings { map: None, ..settings.clone() };
        // The maps of what they may read, and of nothing else.
        let Ok(session) = self.session(asker, &others) else { return error };
        match session.knowledge().await {
            Ok(knowledge) => error.listing(knowledge.history()),
            Err(_) => error,
        }
    }

    /// Version and rows of every table, in the order of their names.
    ///
    /// # Errors
    /// Where a table cannot be read.
    pub async fn status(&self) -> std::result::Result<Vec<TableStatus>, QueryError> {
        let state = self.state(Standing::default(), &self.shipped(), &self.0.runtime);
        let mut status = Vec::new();
        for table in self.0.tables.names() {
            let Some(snapshot) = self.0.tables.snapshot(table, &state).await else { continue };
            let snapshot = snapshot.map_err(internal)?;
            let crate::tables::Snapshot { version, rows, files, .. } = snapshot;
            status.push(TableStatus { table, version, rows, files });
        }
        Ok(status)
    }

    /// What identifies the rules that this build judges by: rows that were kept under other rules are not used.
    pub fn rules() -> &'static str {
        env!("LANTOA_RULES")
    }

    /// Looks at the ledgers as they are now, to make or renew a projection.
    ///
    /// # Errors
    /// Where a table cannot be read.
    pub async fn derive(&self, projection: &'static Projection) -> std::result::Result<Derivation, QueryError> {
        let session = Session::new(self.clone(), Asker::owner(), Standing::default());
        session.look_anew().await?;
        let reach = session.desk.reach_of(projection).await?;
        Ok(Derivation { session, projection, reach })
    }

    /// The releases of the data folder.
    pub fn releases(&self) -> &Arc<Releases> {
        &self.0.releases
    }

    /// The releases that somebody may know of.
    pub(crate) fn shelf(&self, asker: &Asker) -> Shelf {
        Shelf::of(Arc::clone(&self.0.releases), Arc::clone(&self.0.clock), asker)
    }

    /// The present instant, by the engine's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// The present day in Vietnam, by the engine's clock.
    pub(crate) fn today(&self) -> NaiveDate {
        self.0.clock.today()
    }

    /// Settings of the Postgres face.
    pub(crate) fn postgres(&self) -> &PostgresConfig {
        &self.0.config.postgres
    }

    /// Longest query text in bytes that is taken over HTTP.
    pub(crate) fn query_bytes(&self) -> usize {
        self.0.config.query_bytes
    }

    fn shipped(&self) -> Arc<Present> {
        Arc::new(Present::new(Arc::new(Knowledge::shipped(self.0.clock.today()))))
    }

    /// The shared runtime with the asker's share of the memory.
    fn runtime_of(&self, asker: &Asker) -> Arc<RuntimeEnv> {
        let all = Arc::clone(&self.0.runtime.memory_pool);
        let percent = usize::from(self.0.config.limits(asker.role).memory_percent);
        let share = self.0.shares.of(asker, all, self.0.config.memory_bytes / 100 * percent);
        let shared = RuntimeEnvBuilder::from_runtime_env(&self.0.runtime).with_memory_pool(share);
        shared.build_arc().unwrap_or_else(|error| {
            tracing::warn!(%error, "a session has no share of the memory of its own");
            Arc::clone(&self.0.runtime)
        })
    }

    fn state(&self, standing: Standing, present: &Arc<Present>, runtime: &Arc<RuntimeEnv>) -> SessionState {
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema("lantoa", "public")
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(true)
            .with_option_extension(standing);
        // So that errors say where they are.
        config.options_mut().sql_parser.collect_spans = true;
        if self.0.config.partitions > 0 {
            config = config.with_target_partitions(self.0.config.partitions);
        }
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(runtime))
            .with_default_features()
            .with_physical_optimizer_rule(Arc::new(yielding::YieldAfterJoins))
            .build();
        register(&mut state, present);
        state
    }
}

fn register(state: &mut SessionState, present: &Arc<Present>) {
    use datafusion::execution::FunctionRegistry;
    // A fresh state refuses no function: registering only fails for registries that are read-only.
    let refused = |error: &DataFusionError| tracing::error!(%error, "a function of the views could not be registered");
    for function in functions::all(present) {
        let _replaced = state.register_udf(Arc::new(function)).inspect_err(refused);
    }
    for function in functions::aggregates() {
        let _replaced = state.register_udaf(Arc::new(function)).inspect_err(refused);
    }
}

fn internal(error: TableError) -> QueryError {
    QueryError::Internal(Box::new(DataFusionError::External(Box::new(error))))
}

/// One asker's session: settings that hold from statement to statement. All clones are one session.
#[derive(Clone)]
pub struct Session {
    engine: Engine,
    asker: Asker,
    /// What the asker names is looked up here.
    context: SessionContext,
    /// What views are made of is looked up here; the same where the asker may see everything.
    whole: SessionContext,
    desk: Arc<Desk>,
    present: Arc<Present>,
    /// Statements of one session are planned one after another, so that each sees one version of each table.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// What the statements under way listen to.
    cancel: Arc<Mutex<CancellationToken>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let standing = self.standing();
        f.debug_struct("Session").field("asker", &self.asker).field("standing", &standing).finish_non_exhaustive()
    }
}

impl Session {
    fn new(engine: Engine, asker: Asker, standing: Standing) -> Self {
        let present = engine.shipped();
        let (tables, remembered) = (Arc::clone(&engine.0.tables), Arc::clone(&engine.0.remembered));
        let (shelf, history) = (engine.shelf(&asker), History::open(engine.0.config.schedule()));
        let desk = Arc::new(Desk::new(tables, Arc::clone(&present), remembered, shelf, history));
        let runtime = engine.runtime_of(&asker);
        let open = |schema: Arc<dyn SchemaProvider>, granted: Option<Arc<Granted>>| {
            let catalog = MemoryCatalogProvider::new();
            // A memory catalog takes every schema.
            let taken = catalog.register_schema("public", schema);
            debug_assert!(taken.is_ok());
            let context = SessionContext::new_with_state(engine.state(standing.clone(), &present, &runtime));
            context.register_catalog("lantoa", Arc::new(catalog) as Arc<dyn CatalogProvider>);
            for (name, function) in area_functions::all(&present) {
                context.register_udtf(name, function);
            }
            context.register_udtf("indicator_on", Arc::new(IndicatorOn::new(Arc::clone(&desk), granted)));
            context
        };
        let whole = open(Arc::clone(&desk) as _, None);
        let context = match asker.sees_everything() {
            true => whole.clone(),
            false => {
                let granted = Granted::new(Arc::clone(&desk), asker.clone(), Arc::clone(&present), whole.clone());
                let granted = Arc::new(granted);
                open(Arc::clone(&granted) as _, Some(granted))
            }
        };
        let weak = whole.state_weak_ref();
        desk.belong_to(ReadState::new(move || weak.upgrade().map(|state| state.read().clone())));
        let (turn, cancel) = Default::default();
        Self { engine, asker, context, whole, desk, present, turn, cancel }
    }

    /// Who asks here.
    pub fn asker(&self) -> &Asker {
        &self.asker
    }

    /// What ends the statements of this session that are under way, being planned or read, with
    /// [`QueryError::Cancelled`] once it is cancelled. Where none is, nothing happens: the next one begins afresh.
    pub fn cancel(&self) -> CancellationToken {
        self.cancel.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the next statement listens to.
    fn listen(&self) -> CancellationToken {
        let mut cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        if cancel.is_cancelled() {
            *cancel = CancellationToken::new();
        }
        cancel.clone()
    }

    /// Answers one or more statements separated by `;`: settings, and last a query. The rows are the last one's.
    ///
    /// # Errors
    /// Where a statement is not readable, would change something, or cannot be planned. Settings before it stay set.
    pub async fn sql(&self, text: &str) -> std::result::Result<Answer, QueryError> {
        self.sql_with(text, &Values::default(), text).await
    }

    /// The same with values for the parameters of the text; `spelled` has them written out, for the record of who asked what.
    pub(crate) async fn sql_with(
        &self,
        text: &str,
        values: &Values,
        spelled: &str,
    ) -> std::result::Result<Answer, QueryError> {
        let asked = Asked::new(&self.asker, spelled, self.engine.0.clock.now());
        let mut under_way = self.engine.0.counters.statement(asked);
        let (session, whole_text, values) = (self.clone(), text.to_owned(), Arc::clone(values));
        let work = async move { Ok((session.answer_all(&whole_text, &values).await?, ())) };
        match self.answer_within_limits(work).await.map(|(answer, ())| answer) {
            // A statement without rows, such as SET, is answered when it is done.
            Ok(answer) if answer.columns().fields().is_empty() => {
                under_way.answered();
                Ok(answer)
            }
            Ok(answer) => Ok(answer.counted(under_way)),
            Err(error) => {
                under_way.failed(&error);
                Err(error.in_text(text))
            }
        }
    }

    async fn answer_all(&self, text: &str, values: &Values) -> std::result::Result<Answer, QueryError> {
        let mut statements: Vec<Statement> = guard::read(text)?;
        statements.iter_mut().for_each(|statement| values::put_in(statement, values));
        let Some((last, before)) = statements.split_last() else {
            return Err(QueryError::Empty);
        };
        for statement in &statements {
            guard::check(statement)?;
        }
        if before.iter().any(|statement| !guard::is_setting(statement)) {
            return Err(QueryError::SeveralQueries);
        }
        let _turn = self.turn.lock().await;
        for statement in before {
            self.answer(statement).await?;
        }
        let answer = self.answer(last).await;
        self.desk.let_go();
        answer
    }

    /// The value of a setting, `None` where it sets no limit.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.standing().value(name)
    }

    fn standing(&self) -> Standing {
        standing(&self.whole.state())
    }

    async fn answer(&self, statement: &Statement) -> std::result::Result<Answer, QueryError> {
        self.look_anew().await?;
        let plan = self.context.state().statement_to_plan(statement.clone()).await;
        let plan = plan.map_err(|error| self.unplanned(error))?;
        match &plan {
            LogicalPlan::Statement(PlanStatement::SetVariable(set)) => self.set(&set.variable, &set.value)?,
            LogicalPlan::Statement(PlanStatement::ResetVariable(reset)) => self.set(&reset.variable, "")?,
            _ => return self.execute(statement, plan).await,
        }
        Ok(Answer::nothing())
    }

    /// Why a statement cannot be planned.
    fn unplanned(&self, error: DataFusionError) -> QueryError {
        guard::explained(error, &self.asker, &self.desk.nameable())
    }

    /// Runs the plan of a question.
    async fn execute(&self, statement: &Statement, plan: LogicalPlan) -> std::result::Result<Answer, QueryError> {
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        options.verify_plan(&plan).map_err(|_| guard::changes(statement, &plan))?;
        guard::check_plan(statement, &plan)?;
        known::check_indicators(&plan, self.present.get().catalogue())?;
        let rows = self.context.execute_logical_plan(plan).await?.execute_stream().await?;
        Ok(Answer::of(rows, self.context.clone()).with_notices(self.notices().await?))
    }

    fn set(&self, name: &str, value: &str) -> std::result::Result<(), SettingError> {
        let Some(setting) = name.strip_prefix("lantoa.") else {
            return Err(SettingError::of_others(name.to_owned()));
        };
        let mut standing = self.standing();
        standing.take(setting, value).map_err(|error| error.listing(self.present.get().history()))?;
        self.stand_on(standing);
        Ok(())
    }

    fn stand_on(&self, standing: Standing) {
        for context in [&self.context, &self.whole] {
            context.state_ref().write().config_mut().options_mut().extensions.insert(standing.clone());
        }
    }
}
