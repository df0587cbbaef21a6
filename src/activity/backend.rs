//! One session as others see it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::text::presentable;
use crate::config::Settings;

/// What a session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs a statement.
    Active,
    /// It waits for the next one.
    Idle,
    /// It waits inside of a transaction block.
    IdleInTransaction,
    /// It waits inside of a block that failed.
    IdleInTransactionAborted,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Idle, Self::IdleInTransaction, Self::IdleInTransactionAborted];

    /// The words of Postgres for it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Idle => "idle",
            Self::IdleInTransaction => "idle in transaction",
            Self::IdleInTransactionAborted => "idle in transaction (aborted)",
        }
    }
}

/// Where a session stands with respect to transaction blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Block {
    /// Outside of one.
    #[default]
    None,
    /// Inside of one.
    Open,
    /// Inside of one that failed.
    Failed,
}

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The client's next message.
    ClientRead,
    /// The client to read what it asked for.
    ClientWrite,
}

impl Wait {
    /// Postgres' `wait_event_type` and `wait_event`.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::ClientRead => ("Client", "ClientRead"),
            Self::ClientWrite => ("Client", "ClientWrite"),
        }
    }
}

/// Who is at the other end of a session's connection.
#[derive(Debug, Clone)]
pub struct Client {
    /// The user that it opened the session as.
    pub user: String,
    /// Where it is.
    pub address: Option<SocketAddr>,
}

/// One session: what it does, and what stops it.
#[derive(Debug)]
pub struct Backend {
    pid: i32,
    key: [u8; 4],
    began: DateTime<Utc>,
    settings: Arc<RwLock<Settings>>,
    /// What its statements hold of the memory, in bytes.
    memory: Arc<AtomicU64>,
    /// Rows that its statement gave so far.
    rows: AtomicU64,
    /// Rows that the statements of all sessions gave.
    all_rows: Arc<AtomicU64>,
    cancel: Notify,
    end: Notify,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    client: Option<Client>,
    active: bool,
    block: Block,
    wait: Option<Wait>,
    statement: Option<Arc<str>>,
    transaction_began: Option<DateTime<Utc>>,
    statement_began: Option<DateTime<Utc>>,
    changed: Option<DateTime<Utc>>,
}

/// A session at a moment.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its number.
    pub pid: i32,
    /// Its client; an embedded session has none.
    pub client: Option<Client>,
    /// The name that its program gives itself.
    pub application_name: String,
    /// What it does.
    pub state: State,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// The statement that it runs, or ran last.
    pub statement: Option<Arc<str>>,
    /// When the session began.
    pub began: DateTime<Utc>,
    /// When its transaction began, if it is in one.
    pub transaction_began: Option<DateTime<Utc>>,
    /// When the statement began.
    pub statement_began: Option<DateTime<Utc>>,
    /// When its state changed last.
    pub changed: DateTime<Utc>,
    /// Rows that the statement gave so far.
    pub rows: u64,
    /// What its statements hold of the memory, in bytes.
    pub memory: u64,
}

impl Backend {
    pub(super) fn new(pid: i32, settings: Arc<RwLock<Settings>>, all_rows: Arc<AtomicU64>) -> Self {
        Self {
            pid,
            key: rand::random(),
            began: Utc::now(),
            settings,
            memory: Arc::default(),
            rows: AtomicU64::default(),
            all_rows,
            cancel: Notify::new(),
            end: Notify::new(),
            now: Mutex::default(),
        }
    }

    /// Its number, Postgres' process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// What a client must show to cancel its statement.
    pub fn key(&self) -> [u8; 4] {
        self.key
    }

    /// Where its statements count what they hold of the memory.
    pub fn memory(&self) -> &Arc<AtomicU64> {
        &self.memory
    }

    /// Says who is at the other end of its connection.
    pub fn connect(&self, client: Client) {
        self.now().client = Some(client);
    }

    /// The user that its connection was opened as; `None` for an embedded session.
    pub fn user(&self) -> Option<String> {
        self.now().client.as_ref().map(|client| client.user.clone())
    }

    /// Stops the statement that runs; does nothing between statements. Whether there is a connection to hear it.
    pub fn cancel(&self) -> bool {
        self.cancel.notify_waiters();
        self.now().client.is_some()
    }

    /// Resolves when the statement is to stop.
    pub async fn cancelled(&self) {
        self.cancel.notified().await;
    }

    /// Ends the session. Whether there is a connection to hear it.
    pub fn end(&self) -> bool {
        let connected = self.now().client.is_some();
        if connected {
            self.end.notify_one();
        }
        connected
    }

    /// Resolves, once, when the session is to end.
    pub async fn ended(&self) {
        self.end.notified().await;
    }

    /// Begins a statement, which lasts until the work is dropped.
    pub fn work(self: &Arc<Self>, statement: &str) -> Work {
        let size = self.settings.read().unwrap_or_else(PoisonError::into_inner).byte_limit("track_activity_query_size");
        let statement: Arc<str> = presentable(statement, size.unwrap_or(0) as usize).into();
        self.rows.store(0, Ordering::Relaxed);
        let work = Work { backend: Arc::clone(self), statement };
        work.go_on();
        work
    }

    /// Notes whether the session is in a transaction block.
    pub fn stand(&self, block: Block) {
        self.now().block = block;
    }

    /// Waits for the next statement, in a block or outside of one.
    pub fn rest(&self, block: Block) {
        let mut now = self.now();
        now.block = block;
        now.stop();
    }

    /// Does something during which the session waits.
    pub async fn waiting<T>(&self, wait: Wait, work: impl Future<Output = T>) -> T {
        struct Waiting<'a>(&'a Backend);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.now().wait = None;
            }
        }
        self.now().wait = Some(wait);
        let _waiting = Waiting(self);
        work.await
    }

    /// The session as it is now.
    pub fn seen(&self) -> Seen {
        let now = self.now();
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        let state = match (now.active, now.block) {
            (true, _) => State::Active,
            (false, Block::None) => State::Idle,
            (false, Block::Open) => State::IdleInTransaction,
            (false, Block::Failed) => State::IdleInTransactionAborted,
        };
        Seen {
            pid: self.pid,
            application_name: settings.get("application_name").unwrap_or_default().to_owned(),
            state,
            wait: now.wait.or((!now.active && now.client.is_some()).then_some(Wait::ClientRead)),
            client: now.client.clone(),
            statement: now.statement.clone(),
            began: self.began,
            transaction_began: now.transaction_began,
            statement_began: now.statement_began,
            changed: now.changed.unwrap_or(self.began),
            rows: self.rows.load(Ordering::Relaxed),
            memory: self.memory.load(Ordering::Relaxed),
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    fn stop(&mut self) {
        if self.active {
            self.active = false;
            self.changed = Some(Utc::now());
        }
        if self.block == Block::None {
            self.transaction_began = None;
        }
    }
}

/// A statement that runs.
#[derive(Debug)]
pub struct Work {
    backend: Arc<Backend>,
    statement: Arc<str>,
}

impl Work {
    /// Says that the session is at it, again where it rested in between.
    pub fn go_on(&self) {
        let mut now = self.backend.now();
        if now.active && now.statement.as_ref().is_some_and(|running| Arc::ptr_eq(running, &self.statement)) {
            return;
        }
        let at = Utc::now();
        now.active = true;
        now.changed = Some(at);
        now.statement_began = Some(at);
        now.transaction_began.get_or_insert(at);
        now.statement = Some(Arc::clone(&self.statement));
    }

    /// Counts rows that it gave.
    pub fn gave(&self, rows: usize) {
        self.backend.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.backend.all_rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut now = self.backend.now();
        if now.statement.as_ref().is_some_and(|running| Arc::ptr_eq(running, &self.statement)) {
            now.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend() -> Arc<Backend> {
        Arc::new(Backend::new(1, Arc::default(), Arc::default()))
    }

    #[test]
    fn a_session_is_active_while_it_works() {
        let backend = backend();
        assert_eq!(backend.seen().state, State::Idle);
        let work = backend.work("SELECT 1");
        work.gave(3);
        let seen = backend.seen();
        assert_eq!((seen.state, seen.rows, seen.statement.as_deref()), (State::Active, 3, Some("SELECT 1")));
        assert!(seen.transaction_began.is_some() && seen.statement_began.is_some());
        drop(work);
        let seen = backend.seen();
        assert_eq!((seen.state, seen.statement.as_deref()), (State::Idle, Some("SELECT 1")));
        assert_eq!(seen.transaction_began, None);
    }

    #[test]
    fn a_transaction_lasts_longer_than_its_statements() {
        let backend = backend();
        drop(backend.work("BEGIN"));
        let work = backend.work("BEGIN");
        backend.rest(Block::Open);
        drop(work);
        let seen = backend.seen();
        assert_eq!(seen.state, State::IdleInTransaction);
        let began = seen.transaction_began;
        assert!(began.is_some());
        drop(backend.work("SELECT 1"));
        assert_eq!(backend.seen().transaction_began, began);
        backend.rest(Block::Failed);
        assert_eq!(backend.seen().state, State::IdleInTransactionAborted);
        backend.rest(Block::None);
        assert_eq!((backend.seen().state, backend.seen().transaction_began), (State::Idle, None));
    }

    #[test]
    fn a_statement_that_was_put_aside_goes_on() {
        let backend = backend();
        let aside = backend.work("FETCH");
        backend.rest(Block::Open);
        assert_eq!(backend.seen().state, State::IdleInTransaction);
        let other = backend.work("SELECT 1");
        aside.go_on();
        drop(other);
        assert_eq!((backend.seen().state, backend.seen().statement.as_deref()), (State::Active, Some("FETCH")));
    }

    #[tokio::test]
    async fn a_session_waits_as_long_as_what_it_waits_for() {
        let backend = backend();
        let _work = backend.work("SELECT 1");
        backend.waiting(Wait::ClientWrite, async { assert_eq!(backend.seen().wait, Some(Wait::ClientWrite)) }).await;
        assert_eq!(backend.seen().wait, None);
    }
}
