//! Gives the errors that DataFusion and Arrow raise themselves their SQLSTATE.
//!
//! By type where the type says enough, else by the words of the message: those change with releases, so every row of
//! `WORDS` has a test that provokes it.

use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;

use super::{Error, SqlState};

/// The crate's error for one of DataFusion's.
pub(super) fn classify(error: &DataFusionError) -> Error {
    let root = error.find_root();
    if let DataFusionError::External(inner) = root
        && let Some(own) = inner.downcast_ref::<Error>()
    {
        return own.clone();
    }
    let message = one_line(&message_of(root));
    let state = state_of(root, &message);
    Error::new(state, message)
}

/// The text of the root error without the engine's own prefixes.
fn message_of(root: &DataFusionError) -> String {
    match root {
        DataFusionError::Plan(text) | DataFusionError::Execution(text) | DataFusionError::NotImplemented(text) => {
            text.clone()
        }
        DataFusionError::SQL(parser, _) => {
            parser.to_string().trim_start_matches("sql parser error: ").trim_start_matches("ParserError: ").to_owned()
        }
        DataFusionError::ArrowError(arrow, _) => match arrow.as_ref() {
            ArrowError::CastError(text)
            | ArrowError::ComputeError(text)
            | ArrowError::ParseError(text)
            | ArrowError::InvalidArgumentError(text)
            | ArrowError::ArithmeticOverflow(text) => text.clone(),
            ArrowError::DivideByZero => "division by zero".to_owned(),
            other => other.to_string(),
        },
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, .. } => format!("column \"{}\" does not exist", field.flat_name()),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

fn state_of(root: &DataFusionError, message: &str) -> SqlState {
    match root {
        DataFusionError::SQL(..) => SqlState::SyntaxError,
        DataFusionError::NotImplemented(_) => by_words(message).unwrap_or(SqlState::FeatureNotSupported),
        DataFusionError::ResourcesExhausted(_) => SqlState::OutOfMemory,
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { .. } => SqlState::UndefinedColumn,
            SchemaError::AmbiguousReference { .. } => SqlState::AmbiguousColumn,
            SchemaError::DuplicateQualifiedField { .. } | SchemaError::DuplicateUnqualifiedField { .. } => {
                SqlState::DuplicateColumn
            }
        },
        DataFusionError::ArrowError(arrow, _) => match arrow.as_ref() {
            ArrowError::DivideByZero => SqlState::DivisionByZero,
            ArrowError::ArithmeticOverflow(_) => SqlState::NumericValueOutOfRange,
            ArrowError::CastError(_) => by_words(message).unwrap_or(SqlState::InvalidTextRepresentation),
            ArrowError::ParseError(_) => SqlState::InvalidDatetimeFormat,
            ArrowError::ComputeError(_) | ArrowError::InvalidArgumentError(_) => {
                by_words(message).unwrap_or(SqlState::InvalidParameterValue)
            }
            ArrowError::IoError(..) => SqlState::IoError,
            _ => SqlState::InternalError,
        },
        DataFusionError::IoError(_) | DataFusionError::ObjectStore(_) => SqlState::IoError,
        DataFusionError::Plan(_) => by_words(message).unwrap_or(SqlState::SyntaxError),
        DataFusionError::Execution(_) => by_words(message).unwrap_or(SqlState::InvalidParameterValue),
        _ => by_words(message).unwrap_or(SqlState::InternalError),
    }
}

/// Message fragments of DataFusion 55 and Arrow 59, and what they mean; the first that fits counts.
const WORDS: &[(&str, SqlState)] = &[
    ("Invalid function", SqlState::UndefinedFunction),
    ("No function matches", SqlState::UndefinedFunction),
    ("failed to match any signature", SqlState::UndefinedFunction),
    ("Cannot coerce", SqlState::UndefinedFunction),
    ("Cannot infer common", SqlState::UndefinedFunction),
    ("non-boolean predicate", SqlState::DatatypeMismatch),
    ("not found", SqlState::UndefinedTable),
    ("could not be resolved from available columns", SqlState::GroupingError),
    ("must be in GROUP BY", SqlState::GroupingError),
    ("Aggregate functions are not allowed", SqlState::GroupingError),
    ("Scalar subquery returned more than one row", SqlState::CardinalityViolation),
    ("is too large to store in a Decimal", SqlState::NumericValueOutOfRange),
    ("Can't cast value", SqlState::NumericValueOutOfRange),
    ("Overflow", SqlState::NumericValueOutOfRange),
    ("non-nullable but contains null", SqlState::NotNullViolation),
    ("Regular expression did not compile", SqlState::InvalidRegularExpression),
    ("Unsupported SQL type", SqlState::UndefinedObject),
    ("was not provided a value for execution", SqlState::UndefinedParameter),
];

fn by_words(message: &str) -> Option<SqlState> {
    WORDS.iter().find(|(words, _)| message.contains(words)).map(|(_, state)| *state)
}

/// The first line of a message: clients show one, and the engine appends backtraces and candidate lists to some.
pub(super) fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
