//! A call: its two relations and what is read of each.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, cast};

use super::kernel::Reads;
use crate::error::Result;
use crate::operators::sequence::{Beside, Sequence, SequenceArguments};
use crate::relations::call::Call;
use crate::relations::rows::EntityRows;

pub(super) fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let touches = EntityRows::of(&mut call, "touches", "touched_at", "contact_id")?;
    let conversions = EntityRows::of(&mut call, "conversions", "converted_at", "contact_id")?;
    let touch = call.expression("touch", touches.input.schema())?;
    let conversion = call.expression("conversion", conversions.input.schema())?;
    let lookback = call.interval("lookback", "90 days")?;
    let half_life = call.interval("half_life", "7 days")?;
    // Entities and times of both are compared in the types of the touches.
    let (rows, others) = (touches.input.schema(), conversions.input.schema());
    let as_touched = |expression: Expr, touch: &Expr| {
        let wanted = touch.get_type(rows)?;
        let is_so = expression.get_type(others)? == wanted;
        Ok::<_, DataFusionError>(if is_so { expression } else { cast(expression, wanted) })
    };
    let entity =
        conversions.entity.into_iter().zip(&touches.entity).map(|((key, _), (touched, _))| as_touched(key, touched));
    let at = as_touched(conversions.at, &touches.at)?;
    // Months have no fixed length: where the lookback may have some, each conversion says when its own begins.
    let starts = match &lookback {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _) if span.months == 0 => None,
        _ => Some(at.clone() - lookback.clone()),
    };
    let reads = Reads {
        touch: touch.is_some(),
        conversion: conversion.is_some(),
        starts: starts.is_some(),
        reset: call.flag("reset")?,
    };
    let beside = Beside {
        entity: entity.collect::<Result<_, _>>()?,
        at,
        slots: [conversion, starts].into_iter().flatten().map(|expression| vec![expression]).collect(),
        input: conversions.input.clone(),
    };
    let arguments = SequenceArguments {
        entity: touches.entity,
        at: touches.at,
        tiebreak: touch.iter().cloned().collect(),
        slots: touch.into_iter().map(|touch| vec![touch]).collect(),
        constants: vec![lookback, half_life],
    };
    Ok(Sequence::plan_beside(Arc::new(reads), arguments, touches.input, beside)?)
}
