//! The arguments of a call: typed columns, read row by row, and constants.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::Schema;
use datafusion::common::{ScalarValue, cast};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;

use crate::error::{Error, Result};
use crate::functions::entry::{Entry, Kind};

/// The columns of one batch of calls.
pub(crate) struct Arguments<'a> {
    entry: &'static Entry,
    columns: Vec<Values<'a>>,
}

enum Values<'a> {
    Number(&'a Float64Array),
    Boolean(&'a BooleanArray),
    Instant(&'a TimestampMicrosecondArray),
    /// Left out, which for an optional argument a constant NULL says too: one can then still give a later one.
    Absent,
}

impl<'a> Arguments<'a> {
    /// Reads a batch whose arguments were cast as the entry asks.
    pub(super) fn new(entry: &'static Entry, arrays: &'a [ArrayRef], absent: &[bool]) -> Result<Self> {
        let read = |(i, array): (usize, &'a ArrayRef)| {
            Ok(match entry.arguments[i].kind {
                _ if absent.get(i).is_some_and(|&absent| absent) => Values::Absent,
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

    /// Whether the call has the argument at all, be it NULL in this row.
    pub(crate) fn has(&self, argument: usize) -> bool {
        !matches!(self.arguments.columns.get(argument), None | Some(Values::Absent))
    }

    /// The error for a value outside an argument's domain (22023).
    pub(crate) fn refuse(&self, argument: usize, expected: &str, got: f64) -> Error {
        let entry = self.arguments.entry;
        Error::argument(entry.name, entry.arguments[argument].name, expected, got)
    }
}

/// What a call says once for all rows: its [`Kind::Share`] arguments, and which arguments it leaves out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shares {
    values: Vec<Option<f64>>,
    pub(super) absent: Vec<bool>,
}

impl Shares {
    /// Reads the constants of a call, refusing shares that vary by row or lie outside of 0 to 1.
    pub(super) fn of(entry: &'static Entry, expressions: &[Arc<dyn PhysicalExpr>]) -> Result<Self> {
        let mut shares = Self::default();
        for (argument, expression) in entry.arguments.iter().zip(expressions) {
            let constant = constant(expression);
            shares.absent.push(!argument.required && constant.as_ref().is_some_and(ScalarValue::is_null));
            shares.values.push(match (argument.kind, constant) {
                (Kind::Share, Some(ScalarValue::Float64(value))) => {
                    let outside = |value: &f64| value.is_nan() || *value <= 0.0 || *value >= 1.0;
                    if let Some(value) = value.filter(outside) {
                        return Err(Error::argument(entry.name, argument.name, "strictly between 0 and 1", value));
                    }
                    if value.is_none() && argument.required {
                        return Err(Error::argument(entry.name, argument.name, "strictly between 0 and 1", "NULL"));
                    }
                    value
                }
                (Kind::Share, _) => {
                    return Err(Error::argument(entry.name, argument.name, "a constant", expression));
                }
                _ => None,
            });
        }
        Ok(shares)
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

/// The value of an expression that needs no row.
fn constant(expression: &Arc<dyn PhysicalExpr>) -> Option<ScalarValue> {
    let no_columns = RecordBatch::new_empty(Arc::new(Schema::empty()));
    match expression.evaluate(&no_columns) {
        Ok(ColumnarValue::Scalar(value)) => Some(value),
        _ => None,
    }
}
