//! The crate's one error type and the SQLSTATE each error carries.
//!
//! An [`Error`] is made where the mistake is known (a function's argument, a missing table) and travels through
//! DataFusion as `DataFusionError::External`; [`Error::from`] finds it again, and gives the errors that DataFusion
//! raises itself a state in `classify`.

mod classify;
mod sqlstate;
mod suggestion;
mod words;

pub use sqlstate::SqlState;

use datafusion::error::DataFusionError;

/// The result type of everything that can fail in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in one line, with the SQLSTATE a Postgres client expects and, where we know one, what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    state: SqlState,
    message: String,
    detail: Option<Box<str>>,
    hint: Option<Box<str>>,
    /// What was being done: the line and column of a COPY.
    context: Option<Box<str>>,
    /// Where in the SQL text, as a 1-based count of characters.
    position: Option<usize>,
    /// The same as a 1-based line and column, until the text is at hand: see [`Error::in_text`].
    place: Option<(u32, u32)>,
    subject: Option<Box<Subject>>,
}

/// The object of the database that an error is about, for clients that ask for it by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// The constraint, where it has a name.
    pub constraint: Option<String>,
}

impl Error {
    /// An error with a state and a message of one line, lower case first and without a full stop, as Postgres writes them.
    pub fn new(state: SqlState, message: impl Into<String>) -> Self {
        Self {
            state,
            message: message.into(),
            detail: None,
            hint: None,
            context: None,
            position: None,
            place: None,
            subject: None,
        }
    }

    /// An argument outside its domain (22023): names the function, the argument, what was expected and what came.
    pub fn argument(function: &str, argument: &str, expected: &str, got: impl std::fmt::Display) -> Self {
        Self::new(SqlState::InvalidParameterValue, format!("{function}: {argument} must be {expected}, got {got}"))
    }

    /// A valid request for something this release does not do (0A000).
    pub fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(SqlState::FeatureNotSupported, format!("{what} is not supported"))
    }

    /// A broken assumption of our own (XX000); never the user's mistake.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(SqlState::InternalError, message)
    }

    /// Adds particulars, one a line: the key that is there already, the objects that depend on another.
    pub fn with_detail(mut self, detail: impl Into<Box<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds what the user can do about it.
    pub fn with_hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what was being done, such as the line and column of a COPY.
    pub fn with_context(mut self, context: impl Into<Box<str>>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Adds what it is about.
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(Box::new(subject));
        self
    }

    /// Adds the place in the SQL text, as a 1-based count of characters.
    pub fn at(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Adds the place in the SQL text, as a 1-based line and column.
    pub(crate) fn at_place(mut self, line: u64, column: u64) -> Self {
        self.place = u32::try_from(line).ok().zip(u32::try_from(column).ok());
        self
    }

    /// Turns a line and column, which is all the planner knows, into a count of characters of the text it planned.
    pub(crate) fn in_text(mut self, sql: &str) -> Self {
        if let Some((line, column)) = self.place.take() {
            self.position = self.position.or(position(sql, line.into(), column.into()));
        }
        self
    }

    /// The SQLSTATE.
    pub fn state(&self) -> SqlState {
        self.state
    }

    /// The message, one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Particulars, one a line.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What to do about it, where known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What was being done, where that helps to find the mistake.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// What it is about, where that is a table or a part of one.
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_deref()
    }

    /// The place in the SQL text, where known.
    pub fn position(&self) -> Option<usize> {
        self.position
    }
}

/// A line and column as a count of characters, all from 1; `None` for the unknown place 0:0.
fn position(sql: &str, line: u64, column: u64) -> Option<usize> {
    let lines_before = usize::try_from(line).ok()?.checked_sub(1)?;
    let column = usize::try_from(column).ok()?;
    let before: usize = sql.split_inclusive('\n').take(lines_before).map(|line| line.chars().count()).sum();
    Some((before + column).min(sql.chars().count() + 1))
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(context) = &self.context {
            write!(f, " in {context}")?;
        }
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        classify::classify(&error)
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        DataFusionError::External(Box::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(SqlState::IoError, error.to_string())
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::new(SqlState::IoError, words::one_line(&error.to_string()))
    }
}
