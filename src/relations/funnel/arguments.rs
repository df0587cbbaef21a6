//! Reads a call: what is written out becomes settings, what is computed becomes arguments of the operator.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlan, lit};

use super::kernel::Told;
use crate::error::Result;
use crate::operators::sequence::{Sequence, SequenceArguments};
use crate::relations::call::Call;
use crate::relations::rows::EntityRows;
use crate::sequence::funnel::{Entry, Exclusion, Mode, Settings, Window};

pub(super) fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let mut rows = EntityRows::read(&mut call, "contact_id")?;
    let schema = Arc::clone(rows.input.schema());
    let steps = call.conditions("steps", &schema)?;
    let (excluded, ranges) = call.ranged_conditions("exclude", &schema)?;
    let within = call.interval("within", "30 days")?;
    let grace = call.gives("grace").then(|| call.interval("grace", "")).transpose()?;
    let modes = [
        ("ordered", Mode::Ordered),
        ("strict", Mode::Strict),
        ("any", Mode::Any),
        ("increase", Mode::Increase),
        ("reuse", Mode::Reuse),
    ];
    let entries = [("best", Entry::Best), ("first", Entry::First), ("each", Entry::Each)];
    let mode = call.word("mode", &modes)?.unwrap_or_default();
    let entry = call.word("entry", &entries)?.unwrap_or_default();
    let optional = call.numbers("optional")?;
    if let Some(step) = optional.iter().find(|step| !(1..=64).contains(*step)) {
        return Err(call.invalid("optional", &format!("steps of the funnel, 1 to {}", steps.len()), step));
    }
    let hold = call.columns("hold", &schema)?;
    let id = call.expression("id", &schema)?;
    let settings = Settings {
        mode,
        entry,
        excludes: ranges.into_iter().map(|between| Exclusion { between }).collect(),
        optional: optional.iter().fold(0, |steps, step| steps | 1 << (step - 1)),
        grace: grace.is_some().then_some(0),
        ..Settings::new(steps.len(), Window::Fixed(0))
    };
    settings.check().map_err(|error| call.refuse(error))?;

    let as_of = rows.observe(&mut call)?;
    let EntityRows { input, entity, at, tiebreak } = rows;
    let told = Told::new(settings, hold.len(), id.is_some());
    let mut slots = vec![steps, excluded];
    slots.extend(hold.into_iter().map(|held| vec![held]));
    slots.extend(id.map(|id| vec![id]));
    let grace = grace.unwrap_or_else(|| lit(ScalarValue::IntervalMonthDayNano(None)));
    let constants = vec![within, grace, as_of];
    let arguments = SequenceArguments { entity, at, tiebreak, slots, constants };
    Ok(Sequence::plan(Arc::new(told), arguments, input)?)
}
