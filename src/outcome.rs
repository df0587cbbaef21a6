//! What a statement gives back.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;

use crate::error::SqlState;
use crate::statements::{CopyIn, CopyOut};

/// The result of one statement.
pub enum Outcome {
    /// Rows, produced as they are read; dropping the stream stops the query.
    Rows(SendableRecordBatchStream),
    /// A command that answers with its tag alone.
    Done(Tag),
    /// Rows to be spelled in a format of COPY.
    CopyOut(CopyOut),
    /// Rows are to come, in a format of COPY: [`crate::Session::copy_in`] takes them.
    CopyIn(CopyIn),
}

/// A command tag as Postgres prints it: `INSERT 0 5`, `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The command in capitals.
    pub command: &'static str,
    /// The rows it touched, for the commands that say so.
    pub rows: Option<u64>,
}

impl Tag {
    /// A command that touches no rows.
    pub fn of(command: &'static str) -> Self {
        Self { command, rows: None }
    }

    /// A statement that gave rows: all but SHOW and EXPLAIN say how many.
    pub fn gave(command: &'static str, rows: u64) -> Self {
        Self { command, rows: (!matches!(command, "SHOW" | "EXPLAIN")).then_some(rows) }
    }

    /// A command that says how many rows it touched.
    pub fn counted(command: &'static str, rows: u64) -> Self {
        Self { command, rows: Some(rows) }
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.rows {
            Some(rows) if self.command == "INSERT" => write!(f, "INSERT 0 {rows}"),
            Some(rows) => write!(f, "{} {rows}", self.command),
            None => f.write_str(self.command),
        }
    }
}

/// What a statement says beside its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// The SQLSTATE: of the class of warnings, or of what would have been an error.
    pub state: SqlState,
    /// One line, lower case first and without a full stop, as of an error.
    pub message: String,
    /// Particulars, one a line.
    pub detail: Option<String>,
}

/// What another session said by NOTIFY, or this one itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The number of the session that said it.
    pub pid: i32,
    /// On which channel.
    pub channel: String,
    /// What.
    pub payload: String,
}

/// How much a notice matters; a client says by `client_min_messages` from where on it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What the client may want to know.
    Notice,
    /// What is probably a mistake of the client's.
    Warning,
}

impl Notice {
    /// For information: what was passed over, what was done besides.
    pub fn information(state: SqlState, message: impl Into<String>) -> Self {
        Self { severity: Severity::Notice, state, message: message.into(), detail: None }
    }

    /// For what is done as asked but probably was not meant.
    pub fn warning(state: SqlState, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, state, message: message.into(), detail: None }
    }

    /// Adds particulars.
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

impl Severity {
    /// The word the wire has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
        }
    }

    /// Whether a client is told whose `client_min_messages` is as given.
    pub(crate) fn reaches(self, least: &str) -> bool {
        match least {
            "error" => false,
            "warning" => self >= Self::Warning,
            _ => true,
        }
    }
}

/// A statement ready to run: what a client may learn of it before it binds values.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(crate) statement: crate::statements::Statement,
    pub(crate) parameters: Vec<Option<arrow::datatypes::FieldRef>>,
    pub(crate) schema: Option<SchemaRef>,
    pub(crate) tag: &'static str,
    pub(crate) binary: bool,
    pub(crate) keeper: Arc<crate::statements::Keeper>,
    /// What running it will fail with, because a constant in it can't be computed.
    pub(crate) fault: Option<crate::error::Error>,
}

impl Prepared {
    /// A command that takes no parameters and gives no rows.
    pub(crate) fn command(statement: crate::statements::Statement) -> Self {
        let keeper = Arc::default();
        Self { statement, parameters: vec![], schema: None, tag: "", binary: false, keeper, fault: None }
    }

    /// Fails where a constant in it can't be computed.
    pub(crate) fn check_constants(&self) -> crate::error::Result<()> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// The type of each parameter, `$1` first; `None` where nothing in the statement says.
    pub fn parameters(&self) -> &[Option<arrow::datatypes::FieldRef>] {
        &self.parameters
    }

    /// The columns of its rows; `None` for a command that answers with a tag.
    pub fn schema(&self) -> Option<&SchemaRef> {
        self.schema.as_ref()
    }

    /// The command its tag begins with, for a statement that gives rows.
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// Whether its rows go out in the binary format where the client doesn't choose one: those of a BINARY cursor.
    pub fn is_binary(&self) -> bool {
        self.binary
    }

    /// The statement it was made from.
    pub fn statement(&self) -> &crate::statements::Statement {
        &self.statement
    }
}
