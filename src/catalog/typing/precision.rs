//! `timestamp(0)`: moments of fewer digits than microseconds. The engine passes over the number.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

/// Says of the field of a cast how many digits of a second its moments have.
pub(in crate::catalog) const PRECISION: &str = "postgres.precision";

/// Digits of a microsecond.
const MOST: u32 = 6;

/// Microseconds from 1970 to 2000, which Postgres counts and rounds from.
const EPOCH: i64 = 946_684_800_000_000;

/// How many digits of a second a type keeps; `None` where it keeps all.
pub(super) fn digits(field: &Field) -> Option<u32> {
    field.metadata().get(PRECISION)?.parse().ok().filter(|digits| *digits < MOST)
}

/// A moment with so many digits of a second.
pub(super) fn rounded(moment: Expr, digits: u32) -> Expr {
    ScalarUDF::from(Rounded { digits, signature: Signature::any(1, Volatility::Immutable) }).call(vec![moment])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Rounded {
    digits: u32,
    signature: Signature,
}

impl ScalarUDFImpl for Rounded {
    fn name(&self) -> &str {
        "round_moment"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match &call.args[0] {
            ColumnarValue::Scalar(moment) => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&self.of(&moment.to_array()?)?, 0)?))
            }
            ColumnarValue::Array(moments) => Ok(ColumnarValue::Array(self.of(moments)?)),
        }
    }
}

impl Rounded {
    fn of(&self, moments: &ArrayRef) -> Result<ArrayRef> {
        let DataType::Timestamp(_, zone) = moments.data_type() else { return Ok(Arc::clone(moments)) };
        let moments = cast(moments, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
        let unit = 10i64.pow(MOST - self.digits);
        let rounded =
            moments.as_primitive::<TimestampMicrosecondType>().unary::<_, TimestampMicrosecondType>(|moment| {
                let since = moment.saturating_sub(EPOCH);
                // Halves go away from the year 2000.
                let half = if since < 0 { -unit / 2 } else { unit / 2 };
                (since.saturating_add(half) / unit * unit).saturating_add(EPOCH)
            });
        Ok(Arc::new(rounded.with_timezone_opt(zone.clone())))
    }
}
