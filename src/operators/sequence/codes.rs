//! A sequence function over text as dictionaries.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;

use super::exec::SequenceExec;
use super::function::Slot;
use super::prepare::{Arguments, Side};
use crate::operators::entities::{Types, input_in_codes};

/// The same function over text as dictionaries, if the plan is one and its source has any.
pub fn in_codes(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(sequence) = plan.downcast_ref::<SequenceExec>() else {
        return Ok(None);
    };
    let Some(input) = input_in_codes(sequence.input())? else {
        return Ok(None);
    };
    let rows = coded(&sequence.arguments().rows, &Types { plain: &sequence.input().schema(), coded: &input.schema() })?;
    let beside = match sequence.beside() {
        Some((side, plain)) => Some(match input_in_codes(plain)? {
            Some(input) => (coded(side, &Types { plain: &plain.schema(), coded: &input.schema() })?, input),
            None => (side.clone(), Arc::clone(plain)),
        }),
        None => None,
    };
    let arguments = Arguments { rows, ..sequence.arguments().clone() };
    Ok(Some(Arc::new(sequence.with_input(arguments, input, beside)?)))
}

/// What is read of rows: entities and values of few kinds by their codes, all else by value.
fn coded(side: &Side, types: &Types<'_>) -> Result<Side> {
    let slots = side.slots.iter().map(|(kind, slot)| match kind {
        Slot::Code => Ok((*kind, types.kept(slot)?)),
        _ => Ok((*kind, types.decoded(slot)?)),
    });
    Ok(Side {
        entity: types.kept(&side.entity)?,
        owner: types.kept(&side.owner)?,
        promised: side.promised,
        at: types.decode(Arc::clone(&side.at))?,
        tiebreak: types.decoded(&side.tiebreak)?,
        slots: slots.collect::<Result<_>>()?,
    })
}
