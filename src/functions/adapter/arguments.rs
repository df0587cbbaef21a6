//! The arguments of a call: typed columns, read row by row, and constants.

use std::fmt::Display;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::Schema;
use datafusion::common::{ScalarValue, cast};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

use crate::error::{Error, Result};
use crate::functions::entry::{Argument, Entry, Kind};

/// The columns of one batch of calls.
pub(crate) struct Arguments<'a> {
    entry: &'static Entry,
    columns: Vec<Values<'a>>,
}

enum Values<'a> {
    Number(&'a Float64Array),
    Boolean(&'a BooleanArray),
    Instant(&'a TimestampMicrosecondArray),
}

impl<'a> Arguments<'a> {
    /// Reads a batch whose arguments were cast as the entry asks.
    pub(super) fn new(entry: &'static Entry, arrays: &'a [ArrayRef]) -> Result<Self> {
        let read = |(i, array): (usize, &'a ArrayRef)| {
            Ok(match entry.arguments[i].kind {
                Kind::Number | Kind::Share => Values::Number(cast::as_float64_array(array)?),
                Kind::Boolean => Values::Boolean(cast::as_boolean_array(array)?),
                Kind::Instant => Values::Instant(cast::as_timestamp_microsecond_array(array)?),
            })
        };
        Ok(Self { entry, columns: arrays.iter().enumerate().map(read).collect::<Result<_>>()? })
    }

    /// One row of the batch.
    pub(super) fn row(&self, index: usize) -> Row<'_> {
        Row { arguments: self, index }
    }
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

    /// The error for a value outside an argument's domain (22023).
    pub(crate) fn refuse(&self, argument: usize, expected: &str, got: f64) -> Error {
        let entry = self.arguments.entry;
        Error::argument(entry.name, entry.arguments[argument].name, expected, got)
    }
}

/// The [`Kind::Share`] arguments of a call, which it says once for all rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares {
    values: Vec<Option<f64>>,
}

impl Shares {
    /// Reads the constants of a call, refusing shares that vary by row or lie outside of 0 to 1.
    pub(super) fn of(entry: &'static Entry, expressions: &[Arc<dyn PhysicalExpr>]) -> Result<Self> {
        let shares = entry.arguments.iter().zip(expressions).map(|(argument, expression)| match argument.kind {
            Kind::Share => share(entry, argument, expression),
            _ => Ok(None),
        });
        Ok(Self { values: shares.collect::<Result<_>>()? })
    }

    /// The share given for an argument; `None` where it was left out.
    pub(crate) fn get(&self, argument: usize) -> Option<f64> {
        self.values.get(argument).copied().flatten()
    }

    /// The confidence level given for an argument, or the usual one.
    pub(crate) fn level(&self, argument: usize) -> f64 {
        self.get(argument).unwrap_or(0.95)
    }
}

/// The value of one share: `None` for NULL, which an optional one may be, so that a later argument can be given.
fn share(entry: &Entry, argument: &Argument, expression: &Arc<dyn PhysicalExpr>) -> Result<Option<f64>> {
    let refuse = |expected: &str, got: &dyn Display| Err(Error::argument(entry.name, argument.name, expected, got));
    let no_columns = RecordBatch::new_empty(Arc::new(Schema::empty()));
    match expression.evaluate(&no_columns) {
        Ok(ColumnarValue::Scalar(ScalarValue::Float64(Some(value)))) if value > 0.0 && value < 1.0 => Ok(Some(value)),
        Ok(ColumnarValue::Scalar(ScalarValue::Float64(None))) if !argument.required => Ok(None),
        Ok(ColumnarValue::Scalar(value)) => refuse("strictly between 0 and 1", &value),
        _ => refuse("a constant", expression),
    }
}
