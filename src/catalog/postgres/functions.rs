//! The system functions of Postgres that clients and KPI views call.
//!
//! | file | functions about |
//! |---|---|
//! | `session` | the server, the session and its settings |
//! | `locks` | advisory locks |
//! | `activity` | other sessions: cancelled and ended |
//! | `names` | names of objects: visibility, `regclass`, `format_type`, quoting |
//! | `definitions` | the SQL that makes an object, comments, sizes |
//! | `privileges` | what a role may do |
//! | `arrays` | bounds of arrays |
//! | `expand` | an array as rows |
//! | `patterns` | texts cut where a regular expression matches |
//! | `json` | `json_build_object` |
//! | `sequences` | `nextval` and its kin |
//! | `sleep` | `pg_sleep` |
//! | `signature` | what a system function is made of |
//!
//! They are stable, one answer a statement, but for `set_config`.

mod activity;
mod arrays;
mod definitions;
mod expand;
mod json;
mod locks;
mod names;
mod patterns;
mod privileges;
mod sequences;
mod session;
mod signature;
mod sleep;

use std::sync::Arc;
use std::time::SystemTime;

use datafusion::logical_expr::ScalarUDF;
use futures::future::BoxFuture;

pub use self::expand::EXPAND;
pub use self::locks::{AdvisoryKey, AdvisoryMode};
pub use self::names::quote_identifier;
use self::signature::SystemFunction;
use super::listing::{FunctionEntry, Source};
use super::relations::{INFORMATION_SCHEMA, PG_CATALOG};
use super::signatures::function_entries;
use super::type_functions;
use crate::activity::Activity;
use crate::catalog::SessionSequences;
use crate::config::{Identity, Settings};
use crate::storage::CacheFacts;

/// What system functions ask of the session they run in.
pub trait SessionFacts: Send + Sync {
    /// The value of a setting as SHOW prints it; `None` for an unknown name.
    fn setting(&self, name: &str) -> Option<String>;
    /// Every setting as it is now.
    fn settings(&self) -> Settings;
    /// Sets a setting as SET does, or resets it; `local`: up to the end of the transaction.
    fn set(&self, name: &str, value: Option<&str>, local: bool) -> crate::Result<()>;
    /// Tells the sessions that listen to a channel when the transaction commits.
    fn notify(&self, channel: &str, payload: &str) -> crate::Result<()>;
    /// The schemas in which bare names are looked up, in order, without those that are always searched.
    fn search_path(&self) -> Vec<String>;
    /// Who asks.
    fn identity(&self) -> Identity;
    /// The number of the connection, which also cancels it.
    fn backend_pid(&self) -> i32;
    /// Takes an advisory lock if it is free.
    fn try_lock(&self, key: AdvisoryKey, mode: AdvisoryMode) -> bool;
    /// Takes an advisory lock when it is free.
    fn lock(&self, key: AdvisoryKey, mode: AdvisoryMode) -> BoxFuture<'static, crate::Result<()>>;
    /// Gives back an advisory lock of the session once; false where it has none.
    fn unlock(&self, key: AdvisoryKey, shared: bool) -> bool;
    /// Gives back the advisory locks of the session.
    fn unlock_all(&self);
    /// The sequences as the session asks them; none where there is no session.
    fn sequences(&self) -> Option<Arc<SessionSequences>>;
    /// Its cursors and portals.
    fn cursors(&self) -> Vec<CursorFacts>;
    /// Its prepared statements.
    fn prepared_statements(&self) -> Vec<PreparedFacts>;
    /// The sessions of the database.
    fn activity(&self) -> Arc<Activity>;
    /// The decoded columns that the database keeps in memory.
    fn column_cache(&self) -> CacheFacts;
}

/// A cursor, as `pg_cursors` shows it.
#[derive(Debug, Clone)]
pub struct CursorFacts {
    /// Its name.
    pub name: String,
    /// The text that made it.
    pub statement: String,
    /// Whether it outlives its transaction.
    pub is_holdable: bool,
    /// Whether its rows go out in the binary format.
    pub is_binary: bool,
    /// Whether it can go back.
    pub is_scrollable: bool,
    /// When it was made.
    pub since: SystemTime,
}

/// A prepared statement, as `pg_prepared_statements` shows it.
#[derive(Debug, Clone)]
pub struct PreparedFacts {
    /// Its name.
    pub name: String,
    /// The text that made it.
    pub statement: String,
    /// When it was made.
    pub since: SystemTime,
    /// The OIDs of its parameters' types.
    pub parameter_types: Vec<u32>,
    /// Whether PREPARE made it, and not the protocol.
    pub from_sql: bool,
    /// How often it ran.
    pub runs: u64,
}

/// The system functions, bound to a session; register them by their plain names.
pub fn functions(source: Source, session: Arc<dyn SessionFacts>) -> Vec<ScalarUDF> {
    session::started();
    let counting = sequences::counting(Arc::clone(&source), Arc::clone(&session));
    let functions = all().map(|function| function.bind(Arc::clone(&source), Arc::clone(&session)));
    let apart = [expand::expand_array(), json::json_build_object(), sleep::pg_sleep()];
    functions.chain(apart).chain(locks::waiting(Arc::clone(&session))).chain(counting).collect()
}

/// The system functions as listings show them.
pub fn system_function_entries() -> Vec<FunctionEntry> {
    let apart = [json::json_build_object(), sleep::pg_sleep()].map(Arc::new);
    let entries = all()
        .map(SystemFunction::entry)
        .chain(locks::waiting_entries())
        .chain(sequences::counting_entries())
        .chain(type_functions::entries());
    let of_standard = function_entries(INFORMATION_SCHEMA, &[Arc::new(expand::expand_array())], &[]);
    entries.chain(function_entries(PG_CATALOG, &apart, &[])).chain(of_standard).collect()
}

fn all() -> impl Iterator<Item = &'static SystemFunction> {
    [
        session::FUNCTIONS,
        locks::FUNCTIONS,
        activity::FUNCTIONS,
        names::FUNCTIONS,
        definitions::FUNCTIONS,
        privileges::FUNCTIONS,
        arrays::FUNCTIONS,
        patterns::FUNCTIONS,
        sequences::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}
