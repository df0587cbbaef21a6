//! The arguments of a call: typed columns, read row by row, and constants.

use std::fmt::Display;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast as cast_array;
use arrow::datatypes::{DataType, Schema};
use datafusion::common::{ScalarValue, cast};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

use crate::error::{Error, Result};
use crate::functions::entry::{Argument, Entry, Kind};
use crate::functions::span::Span;
use crate::model::instant;

const MICROSECONDS_PER_DAY: f64 = 86_400_000_000.0;

/// The columns of one batch of calls.
pub(crate) struct Arguments<'a> {
    entry: &'static Entry,
    columns: Vec<Values<'a>>,
}

enum Values<'a> {
    Number(&'a Float64Array),
    Boolean(&'a BooleanArray),
    Instant(&'a TimestampMicrosecondArray),
    Time(Int64Array),
    Group(&'a StringArray),
    /// Said once for all rows, or read by other means.
    Elsewhere,
}

impl<'a> Arguments<'a> {
    /// Reads a batch whose arguments were cast as the entry asks.
    pub(super) fn new(entry: &'static Entry, arrays: &'a [ArrayRef]) -> Result<Self> {
        let read = |(i, array): (usize, &'a ArrayRef)| {
            Ok(match entry.argument(i).map(|argument| argument.kind) {
                Some(Kind::Number | Kind::Share) => Values::Number(cast::as_float64_array(array)?),
                Some(Kind::Boolean) => Values::Boolean(cast::as_boolean_array(array)?),
                Some(Kind::Instant) => Values::Instant(cast::as_timestamp_microsecond_array(array)?),
                Some(Kind::Time) => Values::Time(times(array)?),
                Some(Kind::Group) => Values::Group(cast::as_string_array(array)?),
                Some(Kind::Span | Kind::Text | Kind::Word(_) | Kind::Any) | None => Values::Elsewhere,
            })
        };
        Ok(Self { entry, columns: arrays.iter().enumerate().map(read).collect::<Result<_>>()? })
    }

    /// One row of the batch.
    pub(super) fn row(&self, index: usize) -> Row<'_> {
        Row { arguments: self, index }
    }
}

/// Times as whole numbers of the resolution they have.
pub(super) fn times(array: &ArrayRef) -> Result<Int64Array> {
    Ok(cast::as_int64_array(&cast_array(array, &DataType::Int64)?)?.clone())
}

/// The arguments of one call.
pub(crate) struct Row<'a> {
    arguments: &'a Arguments<'a>,
    index: usize,
}

impl Row<'_> {
    /// The number given for an argument; `None` for NULL and where it was left out. NaN and infinity are refused: no KPI
    /// has a meaning with them, and they come from a division that Postgres would have refused.
    pub(crate) fn number(&self, argument: usize) -> Result<Option<f64>> {
        match self.arguments.columns.get(argument) {
            Some(Values::Number(array)) if array.is_valid(self.index) => {
                let value = array.value(self.index);
                if value.is_finite() { Ok(Some(value)) } else { Err(self.refuse(argument, "a finite number", value)) }
            }
            _ => Ok(None),
        }
    }

    /// The boolean given for an argument.
    pub(crate) fn boolean(&self, argument: usize) -> Option<bool> {
        match self.arguments.columns.get(argument) {
            Some(Values::Boolean(array)) if array.is_valid(self.index) => Some(array.value(self.index)),
            _ => None,
        }
    }

    /// The instant given for an argument, in microseconds.
    pub(crate) fn instant(&self, argument: usize) -> Option<i64> {
        match self.arguments.columns.get(argument) {
            Some(Values::Instant(array)) if array.is_valid(self.index) => Some(array.value(self.index)),
            _ => None,
        }
    }

    /// The time given for an argument, in the resolution it has.
    pub(crate) fn time(&self, argument: usize) -> Option<i64> {
        match self.arguments.columns.get(argument) {
            Some(Values::Time(array)) if array.is_valid(self.index) => Some(array.value(self.index)),
            _ => None,
        }
    }

    /// The group given for an argument.
    pub(crate) fn group(&self, argument: usize) -> Option<&str> {
        match self.arguments.columns.get(argument) {
            Some(Values::Group(array)) if array.is_valid(self.index) => Some(array.value(self.index)),
            _ => None,
        }
    }

    /// Which of the booleans from an argument on are true: bit k is the k-th of them.
    pub(crate) fn conditions(&self, first: usize) -> u64 {
        let given = first..self.arguments.columns.len();
        given.enumerate().map(|(k, argument)| u64::from(self.boolean(argument) == Some(true)) << k).sum()
    }

    /// The error for a value outside an argument's domain (22023).
    pub(crate) fn refuse(&self, argument: usize, expected: &str, got: f64) -> Error {
        let entry = self.arguments.entry;
        Error::argument(entry.name, entry.arguments[argument].name, expected, got)
    }
}

/// What a call says once for all rows: its [`Kind::Share`] and [`Kind::Span`] arguments, and how many arguments it gives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Constants {
    values: Vec<Option<f64>>,
}

impl Constants {
    /// Reads the constants of a call, refusing those that vary by row, shares outside of 0 to 1, and spans of nothing.
    pub(super) fn of(entry: &'static Entry, expressions: &[Arc<dyn PhysicalExpr>]) -> Result<Self> {
        let constants = expressions.iter().enumerate().map(|(i, expression)| match entry.argument(i) {
            Some(argument) if argument.kind == Kind::Share => share(entry, argument, expression),
            Some(argument) if argument.kind == Kind::Span => days(entry, argument, expression),
            _ => Ok(None),
        });
        Ok(Self { values: constants.collect::<Result<_>>()? })
    }

    /// The share, or the length in days, given for an argument; `None` where it was left out.
    pub(crate) fn get(&self, argument: usize) -> Option<f64> {
        self.values.get(argument).copied().flatten()
    }

    /// How many arguments the call gives from this one on.
    pub(crate) fn given_from(&self, argument: usize) -> usize {
        self.values.len().saturating_sub(argument)
    }

    /// The confidence level given for an argument, or the usual one.
    pub(crate) fn level(&self, argument: usize) -> f64 {
        self.get(argument).unwrap_or(0.95)
    }
}

/// The value of one share: `None` for NULL, which an optional one may be, so that a later argument can be given.
fn share(entry: &Entry, argument: &Argument, expression: &Arc<dyn PhysicalExpr>) -> Result<Option<f64>> {
    let refuse = |expected: &str, got: &dyn Display| Err(Error::argument(entry.name, argument.name, expected, got));
    match constant(expression) {
        Some(ScalarValue::Float64(Some(value))) if value > 0.0 && value < 1.0 => Ok(Some(value)),
        Some(ScalarValue::Float64(None)) if !argument.required => Ok(None),
        Some(value) => refuse("strictly between 0 and 1", &value),
        None => refuse("a constant", expression),
    }
}

/// The length of a span in days; `None` for NULL where it may be left out.
fn days(entry: &Entry, argument: &Argument, expression: &Arc<dyn PhysicalExpr>) -> Result<Option<f64>> {
    match constant(expression) {
        Some(ScalarValue::IntervalMonthDayNano(None)) if !argument.required => Ok(None),
        Some(value) => {
            let length =
                Span::of(entry.name, argument.name, &value)?.positive(entry.name, argument.name, &instant())?;
            Ok(Some(length as f64 / MICROSECONDS_PER_DAY))
        }
        None => Err(Error::argument(entry.name, argument.name, "a constant", expression)),
    }
}

/// The value of an expression that is the same for all rows.
pub(super) fn constant(expression: &Arc<dyn PhysicalExpr>) -> Option<ScalarValue> {
    let no_columns = RecordBatch::new_empty(Arc::new(Schema::empty()));
    match expression.evaluate(&no_columns) {
        Ok(ColumnarValue::Scalar(value)) => Some(value),
        _ => None,
    }
}
