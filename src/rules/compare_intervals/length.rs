//! How long an interval is, in microseconds.

use std::sync::Arc;

use arrow::array::{AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::model::{LENGTH_DIGITS, interval_length};

const LENGTH: DataType = DataType::Decimal128(LENGTH_DIGITS, 0);

/// The length of an expression, if that is an interval.
pub(super) fn length(expression: Expr, inputs: &DFSchema) -> Expr {
    if is_interval(&expression, inputs) { of(expression) } else { expression }
}

/// The length of an interval.
pub(super) fn of(interval: Expr) -> Expr {
    let signature = Signature::exact(vec![DataType::Interval(IntervalUnit::MonthDayNano)], Volatility::Immutable);
    ScalarUDF::from(Length { signature }).call(vec![interval])
}

/// Whether an expression is an interval.
pub(super) fn is_interval(expression: &Expr, inputs: &DFSchema) -> bool {
    expression.get_type(inputs).is_ok_and(|kind| kind == DataType::Interval(IntervalUnit::MonthDayNano))
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
        Ok(LENGTH)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let intervals = call.args[0].to_array(call.number_rows)?;
        let lengths: Decimal128Array =
            intervals.as_primitive::<IntervalMonthDayNanoType>().unary::<_, Decimal128Type>(interval_length);
        Ok(ColumnarValue::Array(Arc::new(lengths.with_data_type(LENGTH))))
    }
}
