//! Frames of windows whose order the engine knows no distances in.
//!
//! A frame by RANGE holds what lies so far away in the order, and rows that are alike in it. The engine has that for numbers, texts
//! and moments. Intervals are ordered by their length, which is a number; of other types (`time`, `bytea`) only rows that are alike
//! can be asked for, which is what GROUPS says.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{ExprSchemable, WindowFrame, WindowFrameBound, WindowFrameUnits};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::interval_order::{by_length, is_interval};
use crate::error::{Error, SqlState};
use crate::model::{LENGTH_DIGITS, interval_length, read};

/// A call over a window, with a frame that the engine computes. 22013 for a distance below zero.
pub(super) fn framed(mut call: WindowFunction, inputs: &DFSchema) -> Result<WindowFunction> {
    let params = &mut call.params;
    let Some(first) = params.order_by.first() else { return Ok(call) };
    if params.window_frame.units == WindowFrameUnits::Range {
        let frame = std::mem::replace(&mut params.window_frame, WindowFrame::new(None));
        params.window_frame = if is_interval(&first.expr, inputs) {
            let (start, end) = (by_microseconds(frame.start_bound)?, by_microseconds(frame.end_bound)?);
            WindowFrame::new_bounds(WindowFrameUnits::Range, start, end)
        } else if first.expr.get_type(inputs).is_ok_and(|kind| !has_distances(&kind)) && !has_distance(&frame) {
            let count = |bound| without_distance(bound, &ScalarValue::UInt64(None));
            WindowFrame::new_bounds(WindowFrameUnits::Groups, count(frame.start_bound), count(frame.end_bound))
        } else {
            frame
        };
    }
    for sort in &mut params.order_by {
        sort.expr = by_length(std::mem::take(&mut sort.expr), inputs);
    }
    Ok(call)
}

/// Whether the engine computes frames by distance over values of a type.
fn has_distances(kind: &DataType) -> bool {
    !matches!(
        kind,
        DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
            | DataType::Struct(_)
    )
}

fn has_distance(frame: &WindowFrame) -> bool {
    let is_distance =
        |bound: &WindowFrameBound| !matches!(bound, WindowFrameBound::CurrentRow) && !bound.is_unbounded();
    is_distance(&frame.start_bound) || is_distance(&frame.end_bound)
}

/// A bound that says no distance, in the type that says none.
fn without_distance(bound: WindowFrameBound, none: &ScalarValue) -> WindowFrameBound {
    match bound {
        WindowFrameBound::Preceding(_) => WindowFrameBound::Preceding(none.clone()),
        WindowFrameBound::Following(_) => WindowFrameBound::Following(none.clone()),
        WindowFrameBound::CurrentRow => WindowFrameBound::CurrentRow,
    }
}

/// A bound among intervals, among their lengths.
fn by_microseconds(bound: WindowFrameBound) -> Result<WindowFrameBound> {
    match bound {
        WindowFrameBound::Preceding(distance) => Ok(WindowFrameBound::Preceding(length(distance)?)),
        WindowFrameBound::Following(distance) => Ok(WindowFrameBound::Following(length(distance)?)),
        WindowFrameBound::CurrentRow => Ok(bound),
    }
}

/// How long the interval is that a bound names by its text.
fn length(distance: ScalarValue) -> Result<ScalarValue> {
    let text = match &distance {
        ScalarValue::Utf8(Some(text)) => text,
        _ => return Ok(ScalarValue::Decimal128(None, LENGTH_DIGITS, 0)),
    };
    let length = match read(&Type::INTERVAL, text, "UTC")? {
        ScalarValue::IntervalMonthDayNano(Some(interval)) => interval_length(interval),
        other => return Err(Error::internal(format!("an interval was read as {other:?}")).into()),
    };
    match length {
        0.. => Ok(ScalarValue::Decimal128(Some(length), LENGTH_DIGITS, 0)),
        _ => {
            let message = "invalid preceding or following size in window function";
            Err(Error::new(SqlState::InvalidPrecedingOrFollowingSize, message).into())
        }
    }
}
