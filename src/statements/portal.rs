//! Portals: statements with their values, run step by step. A cursor of SQL and a portal of the protocol are one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use tokio::sync::Mutex;

use super::context::Context;
use super::cursor::{Cursor, Passed};
use super::dispatch;
use super::syntax::{Declare, Direction};
use crate::catalog::postgres::CursorFacts;
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared};

/// The name of the portal that the next one replaces.
const UNNAMED: &str = "";

/// A statement with its values, and how far it has run.
pub(crate) struct Portal {
    /// What it runs; `None` for an empty text.
    pub prepared: Option<Prepared>,
    /// For each column whether it goes out in the binary format.
    pub binary: Vec<bool>,
    /// Whether all do, because a DECLARE says BINARY.
    pub declared_binary: bool,
    /// The text that made it.
    text: String,
    scroll: bool,
    hold: bool,
    /// It no longer depends on the transaction that made it.
    held: AtomicBool,
    since: SystemTime,
    /// How many were made before it.
    made: u64,
    run: Arc<Mutex<Run>>,
}

/// How far a portal has run.
enum Run {
    /// Not at all; with a value for each parameter.
    Bound(Vec<ScalarValue>),
    /// A query.
    Open(Cursor),
    /// A command is done, or a query failed.
    Over,
}

impl Portal {
    /// One of the protocol: it goes forward and ends with its transaction. `binary` has a format for each column.
    pub fn bound(prepared: Option<Prepared>, text: &str, values: Vec<ScalarValue>, binary: Vec<bool>) -> Self {
        Self {
            prepared,
            binary,
            declared_binary: false,
            text: text.to_owned(),
            scroll: false,
            hold: false,
            held: AtomicBool::new(false),
            since: SystemTime::now(),
            made: 0,
            run: Arc::new(Mutex::new(Run::Bound(values))),
        }
    }

    /// One that DECLARE made of a query.
    pub(super) fn declared(query: Prepared, text: &str, values: Vec<ScalarValue>, declare: &Declare) -> Self {
        let columns = query.schema().map_or(0, |schema| schema.fields().len());
        Self {
            declared_binary: declare.binary,
            scroll: declare.scroll,
            hold: declare.hold,
            ..Self::bound(Some(query), text, values, vec![declare.binary; columns])
        }
    }

    /// The columns of its rows; `None` for a command that answers with a tag.
    pub fn schema(&self) -> Option<&SchemaRef> {
        self.prepared.as_ref().and_then(Prepared::schema)
    }

    /// Starts a query, which then stands before its first row; runs a command, whose outcome comes back. 55000 for one that
    /// is over, or that is running: a cursor can't be read by a portal that it reads from.
    pub(super) async fn start(&self, context: &Context) -> Result<Option<Outcome>> {
        let mut run = self.run.try_lock().map_err(|_| active())?;
        self.start_locked(context, &mut run).await
    }

    async fn start_locked(&self, context: &Context, run: &mut Run) -> Result<Option<Outcome>> {
        let values = match run {
            Run::Open(_) => return Ok(None),
            Run::Bound(values) => std::mem::take(values),
            Run::Over => return Err(over()),
        };
        *run = Run::Over;
        let Some(prepared) = &self.prepared else { return Err(over()) };
        match Box::pin(dispatch::execute(context.clone(), prepared.clone(), values)).await? {
            Outcome::Rows(stream) => {
                *run = Run::Open(Cursor::new(stream, self.scroll));
                Ok(None)
            }
            outcome => Ok(Some(outcome)),
        }
    }

    /// Runs a command, or gives rows of a query: as they are read, or at once where they are kept.
    pub(super) async fn fetch(&self, context: &Context, direction: Direction) -> Result<Outcome> {
        let mut run = self.run.try_lock().map_err(|_| active())?;
        if let Some(outcome) = self.start_locked(context, &mut run).await? {
            return Ok(outcome);
        }
        let Run::Open(cursor) = &mut *run else { return Err(over()) };
        let passed = cursor.step(direction, context.engine.runtime_env()).await?;
        Ok(Outcome::Rows(match passed {
            Passed::Next(most) => next_rows(Arc::clone(&self.run), cursor.schema(), most),
            Passed::Kept(spool, step) => step.rows(spool),
        }))
    }

    /// Starts a query with rows that are already coming, if `rows` has some for its values, and gives at most so many; nothing where it
    /// has started.
    pub(crate) fn start_with(
        &self,
        most: Option<u64>,
        rows: impl FnOnce(&Prepared, &[ScalarValue]) -> Result<Option<SendableRecordBatchStream>>,
    ) -> Result<Option<Outcome>> {
        let mut run = self.run.try_lock().map_err(|_| active())?;
        let (Run::Bound(values), Some(prepared)) = (&*run, &self.prepared) else { return Ok(None) };
        let Some(rows) = rows(prepared, values)? else { return Ok(None) };
        let cursor = Cursor::new(rows, self.scroll);
        let rows = next_rows(Arc::clone(&self.run), cursor.schema(), most.unwrap_or(u64::MAX));
        *run = Run::Open(cursor);
        Ok(Some(Outcome::Rows(rows)))
    }

    /// Moves a query, and counts the rows that a FETCH would have given.
    pub(super) async fn skip(&self, context: &Context, direction: Direction) -> Result<u64> {
        let mut run = self.run.try_lock().map_err(|_| active())?;
        self.start_locked(context, &mut run).await?;
        let Run::Open(cursor) = &mut *run else { return Err(over()) };
        cursor.skip(direction, context.engine.runtime_env()).await
    }

    /// Makes a cursor WITH HOLD independent of its transaction.
    pub(super) async fn keep(&self, context: &Context) -> Result<()> {
        if self.hold && !self.held.load(Ordering::Relaxed) {
            if let Run::Open(cursor) = &mut *self.run.lock().await {
                cursor.keep(context.engine.runtime_env()).await?;
            }
            self.held.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// The next rows of a query, at most so many, as they are read.
fn next_rows(run: Arc<Mutex<Run>>, schema: SchemaRef, most: u64) -> SendableRecordBatchStream {
    let rows = futures::stream::unfold((run, most), async |(run, most)| {
        let mut open = run.lock().await;
        let Run::Open(cursor) = &mut *open else { return None };
        let next = cursor.next(most).await;
        let left = match &next {
            Ok(None) => return None,
            Ok(Some(batch)) => most - batch.num_rows() as u64,
            Err(_) => {
                *open = Run::Over;
                0
            }
        };
        drop(open);
        Some((next.and_then(|batch| batch.ok_or_else(over)).map_err(Into::into), (run, left)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

fn over() -> Error {
    Error::new(SqlState::ObjectNotInPrerequisiteState, "portal cannot be run")
}

fn active() -> Error {
    Error::new(SqlState::ObjectNotInPrerequisiteState, "portal is running already")
}

/// The portals of a session, by name.
pub(crate) struct Portals {
    by_name: HashMap<String, Arc<Portal>>,
    made: u64,
    most: usize,
}

impl Portals {
    /// None yet, and at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { by_name: HashMap::new(), made: 0, most }
    }

    /// Keeps a portal under a name; 42P03 for a name that is taken, 53400 for one portal too many.
    pub fn add(&mut self, name: &str, portal: Portal) -> Result<Arc<Portal>> {
        if name != UNNAMED && self.by_name.contains_key(name) {
            return Err(Error::new(SqlState::DuplicateCursor, format!("cursor \"{name}\" already exists")));
        }
        if !self.by_name.contains_key(name) && self.by_name.len() >= self.most {
            let message = format!("a session may have {} portals", self.most);
            let error = Error::new(SqlState::ConfigurationLimitExceeded, message);
            return Err(error.with_hint("close some, or start the server with a larger max_portals"));
        }
        let portal = Arc::new(Portal { made: self.made, ..portal });
        self.made += 1;
        self.by_name.insert(name.to_owned(), Arc::clone(&portal));
        Ok(portal)
    }

    /// The portal of a name.
    pub fn find(&self, name: &str) -> Option<Arc<Portal>> {
        self.by_name.get(name).cloned()
    }

    /// The portal of a name as SQL asks for it; 34000 where there is none.
    pub(super) fn cursor(&self, name: &str) -> Result<Arc<Portal>> {
        let missing = || Error::new(SqlState::InvalidCursorName, format!("cursor \"{name}\" does not exist"));
        self.find(name).ok_or_else(missing)
    }

    /// Forgets a portal and stops its query; false where there is none.
    pub fn close(&mut self, name: &str) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// Forgets the unnamed portal, as a simple query does.
    pub fn close_unnamed(&mut self) {
        self.close(UNNAMED);
    }

    /// Forgets all.
    pub(super) fn close_all(&mut self) {
        self.by_name.clear();
    }

    /// Forgets those that end with the transaction: all but those held.
    pub fn end_transaction(&mut self) {
        self.end_since(0);
    }

    /// How many were made so far.
    pub(super) fn made(&self) -> u64 {
        self.made
    }

    /// Forgets those that were made after so many, but for those held.
    pub(super) fn end_since(&mut self, made: u64) {
        self.by_name.retain(|_, portal| portal.made < made || portal.held.load(Ordering::Relaxed));
    }

    /// All, in no order.
    pub(super) fn all(&self) -> Vec<Arc<Portal>> {
        self.by_name.values().cloned().collect()
    }

    /// What `pg_cursors` shows.
    pub fn facts(&self) -> Vec<CursorFacts> {
        let facts = self.by_name.iter().map(|(name, portal)| CursorFacts {
            name: name.clone(),
            statement: portal.text.clone(),
            is_holdable: portal.hold,
            is_binary: portal.declared_binary,
            is_scrollable: portal.scroll,
            since: portal.since,
        });
        facts.collect()
    }
}
