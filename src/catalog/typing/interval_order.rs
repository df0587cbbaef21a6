//! Comparisons of intervals: by their length, in which a month has 30 days and a day 24 hours, as in Postgres. The engine
//! compares months first, then days, then the time, so that 25 hours are less than a day.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::kernels::cast::cast;
use arrow::datatypes::{DataType, DurationMicrosecondType, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::error::Error;
use crate::model::{LENGTH_DIGITS, interval_length};

/// Whether an expression is an interval.
pub(super) fn is_interval(expression: &Expr, inputs: &DFSchema) -> bool {
    expression.get_type(inputs).is_ok_and(|kind| matches!(kind, DataType::Interval(_) | DataType::Duration(_)))
}

/// What an interval is compared by; another expression as it is.
pub(super) fn by_length(expression: Expr, inputs: &DFSchema) -> Expr {
    match is_interval(&expression, inputs) {
        true => ScalarUDF::from(Length { signature: Signature::any(1, Volatility::Immutable) }).call(vec![expression]),
        false => expression,
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Length {
    signature: Signature,
}

impl ScalarUDFImpl for Length {
    fn name(&self) -> &str {
        "interval_length"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Decimal128(LENGTH_DIGITS, 0))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match &call.args[0] {
            ColumnarValue::Scalar(value) => {
                let lengths = lengths(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&lengths, 0)?))
            }
            ColumnarValue::Array(values) => Ok(ColumnarValue::Array(lengths(values)?)),
        }
    }
}

/// Microseconds.
fn lengths(values: &ArrayRef) -> Result<ArrayRef> {
    let lengths: Decimal128Array = match values.data_type() {
        DataType::Interval(_) => {
            let values = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            values.as_primitive::<IntervalMonthDayNanoType>().iter().map(|value| value.map(interval_length)).collect()
        }
        DataType::Duration(_) => {
            let values = cast(values, &DataType::Duration(TimeUnit::Microsecond))?;
            values.as_primitive::<DurationMicrosecondType>().iter().map(|value| value.map(i128::from)).collect()
        }
        DataType::Null => Decimal128Array::new_null(values.len()),
        other => return Err(Error::internal(format!("the length of {other}")).into()),
    };
    Ok(Arc::new(lengths.with_precision_and_scale(LENGTH_DIGITS, 0)?))
}
