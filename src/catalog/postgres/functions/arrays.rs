//! Bounds of arrays, which start at 1.

use arrow::array::Array;
use datafusion::logical_expr::Volatility;
use datafusion::scalar::ScalarValue;

use super::signature::Kind::{Any, Int4};
use super::signature::{Answer, Call, SystemFunction};
use crate::error::Result;

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    bound("array_upper", |call| Ok(length(call).into())),
    bound("array_lower", |call| Ok(length(call).map(|_| 1i64).into())),
];

const fn bound(name: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    SystemFunction {
        name,
        required: &[Any, Int4],
        optional: &[],
        result: "int4",
        strict: true,
        volatility: Volatility::Stable,
        answer,
    }
}

/// Elements of the first dimension; `None` for an empty array, for what is no array and for other dimensions.
fn length(call: &Call) -> Option<i64> {
    let ScalarValue::List(list) = &call.arguments[0] else { return None };
    let first = call.integer(1) == Some(1);
    let length = (!list.is_empty()).then(|| list.value_length(0)).filter(|length| *length > 0);
    length.filter(|_| first).map(i64::from)
}
