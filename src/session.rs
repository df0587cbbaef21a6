//! Sessions: one connection's view of the database each, and the only maker of engine states.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use arrow::datatypes::{FieldRef, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::TableReference;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;
use futures::TryStreamExt;
use futures::future::BoxFuture;

use crate::activity::{self, Activity, Backend, Block, Presence, Work};
use crate::catalog::postgres::{self, AdvisoryKey, AdvisoryMode, CursorFacts, PreparedFacts, SessionFacts};
use crate::catalog::{Catalog, Contents, SessionCatalog, SessionSequences, SystemSchemas};
use crate::config::{Configuration, Identity, Settings};
use crate::engine;
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Notice, Notification, Outcome, Prepared, Tag};
use crate::statements::{
    self, AdvisoryLocks, Channels, Constraints, Context, CopyIn, Portal, Portals, PreparedStatements, SessionObjects,
    Statement, Transaction, TransactionStatus,
};
use crate::storage::{CacheFacts, StatementMemory};
use crate::workers::Workers;

/// One connection's view of the database: its settings, search path and transaction are its own.
pub struct Session {
    database: Arc<Shared>,
    engine: SessionContext,
    system: Arc<SystemSchemas>,
    settings: Arc<RwLock<Settings>>,
    facts: Arc<Facts>,
    catalog: Arc<SessionCatalog>,
    presence: Presence,
    /// What its statements run with: temporary files of its own.
    runtime: RuntimeEnv,
    transaction: Arc<Mutex<Transaction>>,
    objects: Arc<SessionObjects>,
    notices: Arc<Mutex<Vec<Notice>>>,
}

/// What system functions may learn of a session.
struct Facts {
    catalog: Arc<Catalog>,
    settings: Arc<RwLock<Settings>>,
    transaction: Arc<Mutex<Transaction>>,
    objects: Arc<SessionObjects>,
    activity: Arc<Activity>,
    backend: Arc<Backend>,
    sequences: Arc<SessionSequences>,
}

impl SessionFacts for Facts {
    fn setting(&self, name: &str) -> Option<String> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).get(name).map(str::to_owned)
    }

    fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        statements::set_config(&self.settings, &self.transaction, name, value, local).map(drop)
    }

    fn notify(&self, channel: &str, payload: &str) -> Result<()> {
        self.objects.listener.notify(self.backend_pid(), channel, payload)?;
        // Outside of a block each statement is its own transaction.
        let transaction = self.transaction.lock().unwrap_or_else(PoisonError::into_inner);
        if transaction.status() == TransactionStatus::Idle {
            self.objects.listener.commit();
        }
        Ok(())
    }

    fn search_path(&self) -> Vec<String> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).search_path()
    }

    fn identity(&self) -> Identity {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).identity().clone()
    }

    fn backend_pid(&self) -> i32 {
        self.backend.pid()
    }

    fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    fn try_lock(&self, key: AdvisoryKey, mode: AdvisoryMode) -> bool {
        self.objects.locks.try_lock(key, mode)
    }

    fn lock(&self, key: AdvisoryKey, mode: AdvisoryMode) -> BoxFuture<'static, Result<()>> {
        let (objects, limit) = (Arc::clone(&self.objects), self.settings().time_limit("lock_timeout"));
        Box::pin(async move {
            let lock = objects.locks.lock(key, mode);
            match limit {
                None => lock.await,
                Some(limit) => tokio::time::timeout(limit, lock).await.unwrap_or_else(|_| {
                    Err(Error::new(SqlState::LockNotAvailable, "canceling statement due to lock timeout"))
                }),
            }
        })
    }

    fn unlock(&self, key: AdvisoryKey, shared: bool) -> bool {
        self.objects.locks.unlock(key, shared)
    }

    fn unlock_all(&self) {
        self.objects.locks.unlock_all();
    }

    fn cursors(&self) -> Vec<CursorFacts> {
        self.objects.portals().facts()
    }

    fn prepared_statements(&self) -> Vec<PreparedFacts> {
        self.objects.prepared().facts()
    }

    fn sequences(&self) -> Option<Arc<SessionSequences>> {
        Some(Arc::clone(&self.sequences))
    }

    fn column_cache(&self) -> CacheFacts {
        self.catalog.home().column_cache().facts()
    }
}

/// What all sessions of a database share.
pub(crate) struct Shared {
    pub catalog: Arc<Catalog>,
    pub contents: Arc<Contents>,
    pub workers: Arc<Workers>,
    /// Who listens to what.
    pub channels: Arc<Channels>,
    /// Who has locked which numbers.
    pub advisory_locks: Arc<AdvisoryLocks>,
    /// What every session's engine state is a copy of.
    pub engine: SessionState,
    /// Its sessions and what they do.
    pub activity: Arc<Activity>,
    /// What sessions begin with.
    pub configuration: RwLock<Arc<Configuration>>,
}

impl Shared {
    /// The settings of a new session.
    pub(crate) fn settings(&self) -> Settings {
        Settings::new(Arc::clone(&self.configuration.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Session {
    pub(crate) fn new(database: Arc<Shared>) -> Self {
        let settings = database.settings();
        let objects =
            Arc::new(SessionObjects::new(&settings, database.channels.clone(), database.advisory_locks.clone()));
        let settings = Arc::new(RwLock::new(settings));
        let transaction: Arc<Mutex<Transaction>> = Arc::default();
        let presence = database.activity.enter(settings.clone());
        let facts = Arc::new(Facts {
            catalog: database.catalog.clone(),
            settings: settings.clone(),
            transaction: transaction.clone(),
            objects: objects.clone(),
            activity: database.activity.clone(),
            backend: Arc::clone(&presence),
            sequences: Arc::new(SessionSequences::new(Arc::clone(database.catalog.home()))),
        });
        let catalog = Arc::new(SessionCatalog::new(database.catalog.clone()));
        let (seen, contents, block) = (catalog.clone(), database.contents.clone(), transaction.clone());
        let source: postgres::Source = Arc::new(move || {
            let moment = block.lock().unwrap_or_else(PoisonError::into_inner).moment();
            contents.listing(&moment.unwrap_or_else(|| seen.moment()))
        });
        let engine = engine::copy(&database.engine);
        for function in postgres::functions(source.clone(), facts.clone()) {
            engine.register_udf(function);
        }
        let system = Arc::new(SystemSchemas::new(source, facts.clone()));
        let disk_manager = DiskManager::builder().build();
        let disk_manager = Arc::new(disk_manager.expect("temporary folders are made when they are first used"));
        let runtime = RuntimeEnv { disk_manager, ..RuntimeEnv::clone(database.engine.runtime_env()) };
        let notices = Arc::default();
        Self { database, engine, system, settings, facts, catalog, presence, runtime, transaction, objects, notices }
    }

    /// Cuts SQL text into statements; text of only blanks and comments gives none. A syntax error carries its position.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        Statement::parse_all(sql)
    }

    /// Plans a statement far enough to know its parameters and columns. `hints` are the types a client declared, by parameter.
    pub async fn prepare(&self, statement: &Statement, hints: &[Option<FieldRef>]) -> Result<Prepared> {
        let _work = self.presence.work(statement.text());
        let planning = statements::prepare(self.context()?, statement.clone(), hints.to_vec());
        let prepared = self.database.workers.complete(planning).await;
        self.settle(prepared.map_err(|error| statement.place(error)))
    }

    /// Runs a prepared statement with one value per parameter. Dropping the future or the returned stream stops it;
    /// a commit that has begun is finished.
    pub async fn execute(&self, prepared: &Prepared, values: Vec<ScalarValue>) -> Result<Outcome> {
        let work = self.presence.work(prepared.statement().text());
        if let Some(rows) = self.settle(self.execute_again(prepared, &values))? {
            return Ok(self.watched(Outcome::Rows(rows), work));
        }
        let running = statements::execute(self.context()?, prepared.clone(), values);
        let outcome = self.database.workers.complete(running).await;
        let outcome = self.settle(outcome.map_err(|error| prepared.statement().place(error)))?;
        Ok(self.watched(outcome, work))
    }

    /// The rows of a statement that is at work until its last is taken; what fails on the way fails the open transaction too.
    fn watched(&self, outcome: Outcome, work: Work) -> Outcome {
        let Outcome::Rows(rows) = outcome else { return outcome };
        let (schema, transaction, settings) = (rows.schema(), self.transaction.clone(), self.settings.clone());
        let rows = activity::watched(rows, work).inspect_err(move |_| fail(&transaction, &settings));
        Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    /// Runs a portal, or runs it on, for at most so many rows; a command it runs to its end.
    pub(crate) async fn run(&self, portal: &Arc<Portal>, most: Option<u64>) -> Result<Outcome> {
        let work = self.presence.work(portal.prepared.as_ref().map_or("", |prepared| prepared.statement().text()));
        if portal.prepared.as_ref().is_some_and(|prepared| prepared.keeper.has_plan()) {
            let started = portal.start_with(most, |prepared, values| self.execute_again(prepared, values));
            if let Some(outcome) = self.settle(started)? {
                return Ok(self.watched(outcome, work));
            }
        }
        let running = statements::run(self.context()?, portal.clone(), most);
        let outcome = self.database.workers.complete(running).await;
        let outcome = self.settle(outcome.map_err(|error| match &portal.prepared {
            Some(prepared) => prepared.statement().place(error),
            None => error,
        }))?;
        Ok(self.watched(outcome, work))
    }

    /// A prepared statement with the columns that it has now, where those are of a cursor or of another statement.
    pub(crate) fn as_of_now(&self, prepared: Prepared) -> Prepared {
        statements::as_of_now(&self.objects, prepared)
    }

    /// Ends what a statement that was its own transaction leaves behind.
    pub(crate) fn end_statement(&self) {
        self.objects.end_transaction(true);
    }

    /// Its cursors and portals.
    pub(crate) fn portals(&self) -> MutexGuard<'_, Portals> {
        self.objects.portals()
    }

    /// Its prepared statements.
    pub(crate) fn prepared(&self) -> MutexGuard<'_, PreparedStatements> {
        self.objects.prepared()
    }

    /// Runs the plan that is kept with a statement, if there is one that holds.
    fn execute_again(&self, prepared: &Prepared, values: &[ScalarValue]) -> Result<Option<SendableRecordBatchStream>> {
        if !prepared.keeper.has_plan() {
            return Ok(None);
        }
        let moment = match self.transaction_status() {
            TransactionStatus::Idle => Some(self.catalog.moment()),
            TransactionStatus::Open => self.transaction().moment(),
            TransactionStatus::Failed => None,
        };
        let Some(moment) = moment else { return Ok(None) };
        let runtime = Arc::new(self.runtime()?);
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        prepared.keeper.again(&moment, &settings, values, runtime, &self.database.workers)
    }

    /// The columns of a table, named as in SQL (`journey.interactions`, or by the search path).
    pub async fn table_schema(&self, table: &str) -> Result<SchemaRef> {
        let context = self.context()?;
        let resolver = context.resolver();
        let relation = resolver.relation(&TableReference::parse_str(table))?;
        match resolver.moment().snapshot(relation) {
            Some(snapshot) => Ok(Arc::clone(snapshot.schema())),
            None => Err(Error::new(SqlState::WrongObjectType, format!("\"{table}\" is not a table"))),
        }
    }

    /// Adds rows to a table in one commit and counts them: columns are matched by name and cast to the table's types, absent
    /// ones are NULL. A row that breaks a constraint fails the whole call; [`Session::violations`] finds such rows first.
    pub async fn append(&self, table: &str, rows: SendableRecordBatchStream) -> Result<u64> {
        let _work = self.presence.work(&format!("append to {table}"));
        let (context, table) = (self.context()?, table.to_owned());
        let appending = async move { statements::append(&context, &table, rows).await };
        self.settle(self.database.workers.complete(appending).await)
    }

    /// Adds the rows that a COPY was waiting for, in one commit; they have the columns of [`CopyIn::schema`]. An error among
    /// them, or dropping the future, stores nothing.
    pub async fn copy_in(&self, copy: CopyIn, rows: SendableRecordBatchStream) -> Result<Tag> {
        let context = self.context()?;
        let work = async move { statements::append_copied(&context, copy, rows).await };
        self.settle(self.database.workers.complete(work).await)
    }

    /// The rows of a batch that a table's NOT NULL and CHECK constraints refuse: index and reason, in order. The batch has
    /// the table's columns in its order and types.
    pub async fn violations(&self, table: &str, rows: &RecordBatch) -> Result<Vec<(usize, Error)>> {
        let context = self.context()?;
        let resolver = context.resolver();
        let relation = resolver.relation(&TableReference::parse_str(table))?;
        // The table's own schema: a batch that promised NOT NULL could not hold the rows to be found.
        let schema = self.table_schema(table).await?;
        Constraints::of(&context, relation, schema)?.violations(rows)
    }

    /// Where the session stands with respect to transactions.
    pub fn transaction_status(&self) -> TransactionStatus {
        self.transaction().status()
    }

    /// Marks the open transaction, if any, as failed: for an error outside of this session's own calls, such as a timeout.
    pub fn fail_transaction(&self) {
        fail(&self.transaction, &self.settings);
        // A block may yet go back to a savepoint, and then needs what it had there.
        if self.transaction_status() == TransactionStatus::Idle {
            self.objects.end_transaction(false);
        }
    }

    /// Makes the following statements one transaction, up to [`Session::end_together`], unless a block is open. BEGIN
    /// among them takes it over, COMMIT and ROLLBACK end it, and an error takes all of it back.
    pub fn begin_together(&self) -> Result<()> {
        statements::open(&self.context()?, true);
        Ok(())
    }

    /// Commits what [`Session::begin_together`] began, unless one of the statements has ended it or taken it over.
    pub async fn end_together(&self) -> Result<()> {
        if !self.transaction().is_implicit() {
            return Ok(());
        }
        let context = self.context()?;
        let work = async move { statements::close(&context).await.map(|_| ()) };
        self.settle(self.database.workers.complete(work).await)
    }

    /// The value of a setting as SHOW prints it; `None` for an unknown name.
    pub fn setting(&self, name: &str) -> Option<String> {
        self.facts.setting(name)
    }

    /// The value of a setting that is a number, in its own unit.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).number(name)
    }

    /// A setting that limits time; `None` where it does not.
    pub(crate) fn time_limit(&self, name: &str) -> Option<Duration> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).time_limit(name)
    }

    /// Sets a setting as SET does: 42704 for an unknown name, 22023 for a value outside its domain.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        self.facts.set(name, Some(value), false)
    }

    /// Makes the session a user's, who has shown to be that.
    pub(crate) fn log_in(&self, identity: Identity) {
        self.settings.write().unwrap_or_else(PoisonError::into_inner).act_as(identity);
    }

    /// What others see of the session, and stop it by.
    pub(crate) fn backend(&self) -> &Arc<Backend> {
        &self.presence
    }

    /// Says that the session waits for its next statement: for whoever keeps rows of one that they read on later.
    pub(crate) fn rest(&self) {
        self.presence.rest(self.block());
    }

    fn block(&self) -> Block {
        match self.transaction_status() {
            TransactionStatus::Idle => Block::None,
            TransactionStatus::Open => Block::Open,
            TransactionStatus::Failed => Block::Failed,
        }
    }

    /// Sets a setting to what a client asked for when it connected; RESET goes back to it.
    pub fn start_with(&self, name: &str, value: &str) -> Result<()> {
        self.settings.write().unwrap_or_else(PoisonError::into_inner).start_with(name, value)
    }

    /// The settings changed since the last call that the wire announces to the client (ParameterStatus), as (name, value).
    pub fn take_announcements(&self) -> Vec<(&'static str, String)> {
        self.settings.write().unwrap_or_else(PoisonError::into_inner).take_announcements()
    }

    /// What statements said beside their results since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What came by NOTIFY on the channels that this session listens to since the last call.
    pub fn take_notifications(&self) -> Vec<Notification> {
        self.objects.listener.take()
    }

    /// Resolves when there is something to take.
    pub async fn notified(&self) {
        self.objects.listener.arrived().await;
    }

    /// What one statement may touch.
    fn context(&self) -> Result<Context> {
        let mut engine = self.engine.state();
        let zone = self.setting("TimeZone");
        engine.config_mut().options_mut().execution.time_zone = zone;
        Ok(Context {
            engine,
            runtime: Arc::new(self.runtime()?),
            catalog: self.catalog.clone(),
            system: self.system.clone(),
            settings: self.settings.clone(),
            transaction: self.transaction.clone(),
            workers: self.database.workers.clone(),
            objects: self.objects.clone(),
            backend_pid: self.facts.backend_pid(),
            notices: self.notices.clone(),
        })
    }

    /// What one statement may take of memory and disk.
    fn runtime(&self) -> Result<RuntimeEnv> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        let quota = settings.byte_limit("temp_file_limit").unwrap_or(u64::MAX);
        self.runtime.disk_manager.set_max_temp_directory_size(quota)?;
        let (limit, memory) = (settings.byte_limit("query_memory_limit"), self.database.catalog.home().memory());
        let memory = StatementMemory::new(Arc::clone(memory), limit, Arc::clone(self.presence.memory()));
        Ok(RuntimeEnv { memory_pool: Arc::new(memory), ..self.runtime.clone() })
    }

    /// An error fails the open transaction.
    fn settle<T>(&self, result: Result<T>) -> Result<T> {
        if result.is_err() {
            self.fail_transaction();
        }
        self.presence.stand(self.block());
        result
    }

    fn transaction(&self) -> MutexGuard<'_, Transaction> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails the open transaction; one that no BEGIN has begun ends, and its settings with it.
fn fail(transaction: &Mutex<Transaction>, settings: &RwLock<Settings>) {
    let before = transaction.lock().unwrap_or_else(PoisonError::into_inner).fail();
    if let Some(before) = before {
        settings.write().unwrap_or_else(PoisonError::into_inner).put_all_back(before);
    }
}
