//! `interval * number` and `interval / number`, which the engine has not.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, IntervalMonthDayNanoArray};
use arrow::datatypes::{DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};

use crate::error::{Error, SqlState};

const DAYS_PER_MONTH: f64 = 30.0;
const NANOSECONDS_PER_DAY: f64 = 86_400e9;

/// An interval, times a number or divided by it.
pub(super) fn scale(interval: Expr, number: Expr, divide: bool) -> Expr {
    let interval = cast(interval, DataType::Interval(IntervalUnit::MonthDayNano));
    ScalarUDF::from(Scale { divide, signature: signature() }).call(vec![interval, cast(number, DataType::Float64)])
}

fn signature() -> Signature {
    Signature::exact(vec![DataType::Interval(IntervalUnit::MonthDayNano), DataType::Float64], Volatility::Immutable)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Scale {
    divide: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Scale {
    fn name(&self) -> &str {
        if self.divide { "interval_div" } else { "interval_mul" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Interval(IntervalUnit::MonthDayNano))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&call.args)?;
        let intervals = arrays[0].as_primitive::<IntervalMonthDayNanoType>();
        let numbers = arrays[1].as_primitive::<Float64Type>();
        let scaled = intervals.iter().zip(numbers).map(|pair| match pair {
            (Some(interval), Some(number)) => self.scaled(interval, number).map(Some),
            _ => Ok(None),
        });
        let scaled = scaled.collect::<Result<IntervalMonthDayNanoArray, Error>>()?;
        Ok(ColumnarValue::Array(Arc::new(scaled) as ArrayRef))
    }
}

impl Scale {
    /// As `interval_mul` of PostgreSQL: what a fraction of a month leaves goes into days, that of a day into time. Rounded to
    /// microseconds.
    fn scaled(&self, interval: IntervalMonthDayNano, number: f64) -> Result<IntervalMonthDayNano, Error> {
        if self.divide && number == 0.0 {
            return Err(Error::new(SqlState::DivisionByZero, "division by zero"));
        }
        let times = |part: f64| if self.divide { part / number } else { part * number };
        let (months, days) = (times(interval.months.into()), times(interval.days.into()));
        let rest_of_months = round_to_microseconds((months - months.trunc()) * DAYS_PER_MONTH);
        let rest_of_days =
            round_to_microseconds(days - days.trunc() + rest_of_months - rest_of_months.trunc()) * NANOSECONDS_PER_DAY;
        let nanoseconds = times(interval.nanoseconds as f64) + rest_of_days;
        let microseconds = (nanoseconds / 1000.0).round_ties_even();
        let out_of_range = || Error::new(SqlState::DatetimeFieldOverflow, "interval out of range");
        let whole = |part: f64| -> Option<i32> { (part.abs() < f64::from(i32::MAX)).then_some(part as i32) };
        if !microseconds.is_finite() || microseconds.abs() >= i64::MAX as f64 / 1000.0 {
            return Err(out_of_range());
        }
        Ok(IntervalMonthDayNano::new(
            whole(months.trunc()).ok_or_else(out_of_range)?,
            whole(days.trunc() + rest_of_months.trunc()).ok_or_else(out_of_range)?,
            microseconds as i64 * 1000,
        ))
    }
}

/// Days to the microsecond: products of fractions end just below a whole day otherwise.
fn round_to_microseconds(days: f64) -> f64 {
    const MICROSECONDS_PER_DAY: f64 = 86_400e6;
    (days * MICROSECONDS_PER_DAY).round_ties_even() / MICROSECONDS_PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(months: i32, days: i32, seconds: i64, number: f64, divide: bool) -> (i32, i32, f64) {
        let function = Scale { divide, signature: signature() };
        let scaled = function.scaled(IntervalMonthDayNano::new(months, days, seconds * 1_000_000_000), number).unwrap();
        (scaled.months, scaled.days, scaled.nanoseconds as f64 / 1e9)
    }

    /// Read off PostgreSQL 15.
    #[test]
    fn parts_go_over_into_smaller_ones() {
        assert_eq!(scaled(0, 1, 0, 2.0, false), (0, 2, 0.0));
        assert_eq!(scaled(0, 1, 0, 1.5, false), (0, 1, 43_200.0));
        assert_eq!(scaled(1, 0, 0, 1.5, false), (1, 15, 0.0));
        assert_eq!(scaled(12, 0, 0, 0.1, false), (1, 6, 0.0));
        assert_eq!(scaled(0, 0, 129_600, 1.5, true), (0, 0, 86_400.0));
        assert_eq!(scaled(1, 0, 0, 4.0, true), (0, 7, 43_200.0));
        assert_eq!(scaled(0, -1, 0, 0.5, false), (0, 0, -43_200.0));
        let zero = Scale { divide: true, signature: signature() }.scaled(IntervalMonthDayNano::new(1, 0, 0), 0.0);
        assert_eq!(zero.unwrap_err().state(), SqlState::DivisionByZero);
        let huge = Scale { divide: false, signature: signature() }.scaled(IntervalMonthDayNano::new(1, 0, 0), 1e300);
        assert_eq!(huge.unwrap_err().state(), SqlState::DatetimeFieldOverflow);
    }
}
