//! The embedded database and its sessions; the only maker of session states.

use std::path::Path;

use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::scalar::ScalarValue;

use crate::error::{Error, Result};
use crate::outcome::{Outcome, Prepared};
use crate::statements::Statement;

/// A database in a folder, or in memory.
#[derive(Clone)]
pub struct Database {}

impl Database {
    /// Opens the database in a folder, making it where the folder is empty or missing.
    pub async fn open(_path: impl AsRef<Path>) -> Result<Self> {
        Err(Error::internal("not built"))
    }

    /// A database that lives as long as its handles.
    pub async fn in_memory() -> Result<Self> {
        Err(Error::internal("not built"))
    }

    /// A session of its own: settings, search path and transaction shared with nobody.
    pub fn session(&self) -> Session {
        Session {}
    }
}

/// One connection's view of the database.
pub struct Session {}

/// Where a session stands with respect to transactions: the status byte of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Outside of a transaction block.
    Idle,
    /// Inside one.
    Open,
    /// Inside one that has failed: everything but its end is refused (25P02).
    Failed,
}

impl Session {
    /// Cuts SQL text into statements; a syntax error carries its position.
    pub fn parse(&self, _sql: &str) -> Result<Vec<Statement>> {
        Err(Error::internal("not built"))
    }

    /// Plans a statement far enough to know its parameters and columns. `hints` are the types a client declared, by parameter.
    pub async fn prepare(&self, _statement: &Statement, _hints: &[Option<DataType>]) -> Result<Prepared> {
        Err(Error::internal("not built"))
    }

    /// Runs a prepared statement with one value per parameter. Dropping the future or the returned stream stops it.
    pub async fn execute(&self, _prepared: &Prepared, _values: Vec<ScalarValue>) -> Result<Outcome> {
        Err(Error::internal("not built"))
    }

    /// The columns of a table, named as in SQL (`journey.interactions`, or by the search path).
    pub async fn table_schema(&self, _table: &str) -> Result<SchemaRef> {
        Err(Error::internal("not built"))
    }

    /// Adds rows to a table in one commit and counts them: columns are matched by name and cast to the table's types, absent
    /// ones are NULL. A row that breaks a constraint fails the whole call; [`Session::violations`] finds such rows first.
    pub async fn append(&self, _table: &str, _rows: SendableRecordBatchStream) -> Result<u64> {
        Err(Error::internal("not built"))
    }

    /// The rows of a batch that a table's NOT NULL and CHECK constraints refuse: index and reason, in order.
    pub async fn violations(&self, _table: &str, _rows: &RecordBatch) -> Result<Vec<(usize, Error)>> {
        Err(Error::internal("not built"))
    }

    /// Where the session stands with respect to transactions.
    pub fn transaction_status(&self) -> TransactionStatus {
        TransactionStatus::Idle
    }

    /// Marks the open transaction, if any, as failed; the server calls it when a statement ended in an error outside of `execute`.
    pub fn fail_transaction(&self) {}

    /// The value of a setting as SHOW prints it; `None` for an unknown name.
    pub fn setting(&self, _name: &str) -> Option<String> {
        None
    }

    /// Sets a setting as SET does: 42704 for an unknown name, 22023 for a value outside its domain.
    pub fn set(&self, _name: &str, _value: &str) -> Result<()> {
        Err(Error::internal("not built"))
    }

    /// The settings changed since the last call that the wire announces to the client (ParameterStatus), as (name, value).
    pub fn take_announcements(&self) -> Vec<(&'static str, String)> {
        vec![]
    }
}
