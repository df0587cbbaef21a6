//! Gives the errors that DataFusion and Arrow raise themselves their SQLSTATE, by type where the type says enough, else by
//! the words of the message, and the text that Postgres has for them where it has one.

use arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use super::words::{by_words, one_line};
use super::{Error, SqlState, suggestion};

/// The crate's error for one of DataFusion's.
pub(super) fn classify(error: &DataFusionError) -> Error {
    let root = error.find_root();
    let classified = match root {
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => return own.clone(),
            None => by_words(&inner.to_string(), SqlState::InternalError),
        },
        DataFusionError::SchemaError(schema, _) => of_schema(schema),
        DataFusionError::ArrowError(arrow, _) => of_arrow(arrow),
        DataFusionError::SQL(parser, _) => {
            Error::new(SqlState::SyntaxError, one_line(parser.to_string().trim_start_matches("sql parser error: ")))
        }
        DataFusionError::Plan(text) => by_words(text, SqlState::SyntaxError),
        DataFusionError::Execution(text) => by_words(text, SqlState::InvalidParameterValue),
        DataFusionError::NotImplemented(text) => by_words(text, SqlState::FeatureNotSupported),
        DataFusionError::ResourcesExhausted(text) => exhausted(text),
        DataFusionError::IoError(error) => of_io(&error.to_string()),
        DataFusionError::ObjectStore(error) => Error::new(SqlState::IoError, one_line(&error.to_string())),
        other => by_words(&other.to_string(), SqlState::InternalError),
    };
    match error.diagnostic().and_then(|diagnostic| diagnostic.span) {
        Some(span) => classified.at_place(span.start.line, span.start.column),
        None => classified,
    }
}

/// A statement reserved more memory than it may, or than there is.
fn exhausted(text: &str) -> Error {
    let limit = if text.contains("the statement may hold") { "query_memory_limit" } else { "memory_limit" };
    let hint = format!("ask for less at once, or raise {limit}");
    Error::new(SqlState::OutOfMemory, one_line(text)).with_hint(hint)
}

/// A statement's temporary files outgrew their quota, which the engine tells as trouble of the disk.
fn of_io(text: &str) -> Error {
    if text.contains("The used disk space during the spilling process has exceeded") {
        let error = Error::new(SqlState::ConfigurationLimitExceeded, "temporary file size exceeds temp_file_limit");
        return error.with_hint("ask for less at once, or raise temp_file_limit");
    }
    Error::new(SqlState::IoError, one_line(text))
}

fn of_schema(error: &SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => missing_column(field, valid_fields),
        SchemaError::AmbiguousReference { field } => {
            Error::new(SqlState::AmbiguousColumn, format!("column reference \"{}\" is ambiguous", field.name))
                .with_hint("write its table in front of it")
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Error::new(SqlState::DuplicateColumn, format!("column \"{name}\" specified more than once"))
        }
    }
}

fn missing_column(missing: &Column, valid: &[Column]) -> Error {
    let column = match &missing.relation {
        Some(table) if !valid.iter().any(|column| column.relation.as_ref() == Some(table)) => {
            let message = format!("missing FROM-clause entry for table \"{}\"", table.table());
            return Error::new(SqlState::UndefinedTable, message);
        }
        Some(table) => format!("{}.{}", table.table(), missing.name),
        None => format!("\"{}\"", missing.name),
    };
    let error = Error::new(SqlState::UndefinedColumn, format!("column {column} does not exist"));
    let names: Vec<&str> = valid.iter().map(|column| column.name.as_str()).collect();
    const LISTED: usize = 12;
    match suggestion::nearest(&missing.name, &names) {
        Some(near) => error.with_hint(format!("perhaps you meant \"{near}\"")),
        None if names.is_empty() => error,
        None if names.len() <= LISTED => error.with_hint(format!("the columns are {}", names.join(", "))),
        None => {
            let more = names.len() - LISTED;
            error.with_hint(format!("the columns are {} and {more} more", names[..LISTED].join(", ")))
        }
    }
}

fn of_arrow(error: &ArrowError) -> Error {
    match error {
        ArrowError::DivideByZero => Error::new(SqlState::DivisionByZero, "division by zero"),
        ArrowError::ArithmeticOverflow(text) => by_words(text, SqlState::NumericValueOutOfRange),
        ArrowError::CastError(text) => by_words(text, SqlState::InvalidTextRepresentation),
        ArrowError::ParseError(text) => by_words(text, SqlState::InvalidDatetimeFormat),
        ArrowError::ComputeError(text) | ArrowError::InvalidArgumentError(text) => {
            by_words(text, SqlState::InvalidParameterValue)
        }
        ArrowError::IoError(text, _) => of_io(text),
        other => Error::new(SqlState::InternalError, one_line(&other.to_string())),
    }
}
