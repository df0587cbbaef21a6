//! How long an interval is, in microseconds.

use std::sync::Arc;

use arrow::array::{AsArray, Decimal128Array};
use arrow::datatypes::{DataType, Decimal128Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Wide enough for the longest interval: 64 bits of months alone would not be.
const LENGTH: DataType = DataType::Decimal128(38, 0);

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

/// PostgreSQL's `interval_cmp_value`.
fn microseconds(interval: IntervalMonthDayNano) -> i128 {
    const PER_DAY: i128 = 86_400_000_000;
    const DAYS_PER_MONTH: i128 = 30;
    let days = i128::from(interval.months) * DAYS_PER_MONTH + i128::from(interval.days);
    days * PER_DAY + i128::from(interval.nanoseconds / 1000)
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
            intervals.as_primitive::<IntervalMonthDayNanoType>().unary::<_, Decimal128Type>(microseconds);
        Ok(ColumnarValue::Array(Arc::new(lengths.with_data_type(LENGTH))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `extract(epoch ...)` says otherwise of years; these are from comparisons in PostgreSQL 15.
    #[test]
    fn lengths_are_of_months_of_thirty_days() {
        let of = |months, days, nanoseconds| microseconds(IntervalMonthDayNano::new(months, days, nanoseconds));
        assert_eq!(of(1, 0, 0), of(0, 30, 0));
        assert_eq!(of(0, 1, 0), of(0, 0, 86_400_000_000_000));
        assert_eq!(of(12, 0, 0), of(0, 360, 0));
        assert!(of(1, -30, 1000) > 0 && of(i32::MAX, i32::MAX, i64::MAX) > of(i32::MAX, 0, 0));
    }
}
