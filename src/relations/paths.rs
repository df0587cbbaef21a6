//! `paths(input, state => expression, ...)`: the states each entity went through, as one text.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, StringViewBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{LogicalPlan, cast, lit};

use super::call::Call;
use super::entry::{AT, Argument, Column, ENTITY, Entry, INPUT, TIEBREAK};
use super::function::TableFunction;
use super::rows::EntityRows;
use super::times::{Span, times};
use crate::error::Result;
use crate::operators::sequence::{Codes, Entity, Keeper, Kernel, Sequence, SequenceArguments, SequenceFunction, Slot};
use crate::sequence::events::Events;
use crate::sequence::paths::{Keep, PathSettings, Paths};

/// What stands between two states.
const SEPARATOR: &str = " > ";

const ENTRY: Entry = Entry {
    name: "paths",
    family: "conversion",
    description: "The states each entity went through, one row per path, written `email > web > call`. A path is all rows of an \
                  entity unless `starts`, `ends` or `gap` cut it.",
    arguments: &[
        INPUT,
        Argument::required("state", "expression", "The state of a row; it is written as text."),
        ENTITY,
        AT,
        TIEBREAK,
        Argument::optional(
            "repeats",
            "boolean",
            "Whether a state that repeats in neighbouring rows is written each time.",
        ),
        Argument::optional("starts", "condition", "A path begins at the first such row; at the first row by default."),
        Argument::optional("ends", "condition", "A path ends with the first such row; with the last row by default."),
        Argument::optional("gap", "interval", "A pause longer than this ends a path; none does by default."),
        Argument::optional("max_length", "number", "How many states are written; all by default."),
        Argument::optional("keep", "text", "Which of them where there are more: the `first` (default) or the `last`."),
        Argument::optional("outcome", "expression", "What the column `outcome` takes from the path's last row."),
    ],
    columns: &[
        Column::of("(entity)", "as given", "The entity's column or columns, under their own names."),
        Column::of("number", "bigint", "The path's number within the entity, from 1."),
        Column::of("path", "text", "Its states."),
        Column::of("length", "bigint", "How many states it has, those left out included."),
        Column::of("truncated", "boolean", "Whether max_length left some out."),
        Column::of("started_at", "as at", "The time of its first row."),
        Column::of("ended_at", "as at", "The time of its last row."),
        Column::of("ended", "boolean", "Whether a row that satisfies `ends` ended it."),
        Column::of("outcome", "as outcome", "With `outcome`: its value in the path's last row."),
    ],
    nulls: "rows without entity or time are left out, and rows without a state are passed over. Rows of one instant stand in \
            the order of the tiebreak, then of their states.",
    errors: "42883 for an unknown argument; 42804 for a condition that is none; 22023 for a gap that is negative or has months.",
    cost: "linear in the rows, after sorting them by entity and time where they are not sorted.",
    source: "PostHog's and Amplitude's paths; nothing is grouped or cut unless the call says so.",
    example: "SELECT path, count(*) AS people FROM paths((SELECT * FROM (VALUES ('ann', TIMESTAMP '2025-01-01', 'email'), \
              ('ann', TIMESTAMP '2025-01-02', 'web'), ('ann', TIMESTAMP '2025-01-03', 'web'), \
              ('bob', TIMESTAMP '2025-01-01', 'email'), ('bob', TIMESTAMP '2025-01-02', 'web')) \
              AS t(contact_id, occurred_at, channel)), state => channel) GROUP BY path;",
    output: "\
+-------------+--------+
| path        | people |
+-------------+--------+
| email > web | 2      |
+-------------+--------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let EntityRows { input, entity, at, mut tiebreak } = EntityRows::read(&mut call, "contact_id")?;
    let schema = Arc::clone(input.schema());
    let state = cast(call.column("state", "state", &schema)?, DataType::Utf8View);
    let (starts, ends) = (call.conditions("starts", &schema)?, call.conditions("ends", &schema)?);
    for (argument, conditions) in [("starts", &starts), ("ends", &ends)] {
        if conditions.len() > 1 {
            return Err(call.invalid(argument, "one condition", format!("{} conditions", conditions.len())));
        }
    }
    let gap = if call.gives("gap") { call.interval("gap", "")? } else { lit(ScalarValue::IntervalMonthDayNano(None)) };
    let max_length = match call.numbers("max_length")?.as_slice() {
        [] => None,
        [length] if *length > 0 => Some(*length as usize),
        other => return Err(call.invalid("max_length", "one whole number from 1", format!("{other:?}"))),
    };
    let keep = call.word("keep", &[("first", Keep::First), ("last", Keep::Last)])?.unwrap_or_default();
    let outcome = call.expression("outcome", &schema)?;
    // Other columns have to be in the same order as the states; without them the kernel orders states alone, and a relation
    // that is sorted by entity and time needs no sort.
    if !starts.is_empty() || !ends.is_empty() || outcome.is_some() {
        tiebreak.push(state.clone());
    }
    let written = Written {
        repeats: call.flag("repeats")?,
        max_length,
        keep,
        starts: starts.len(),
        ends: ends.len(),
        outcome: outcome.is_some(),
    };
    let mut slots = vec![vec![state], [starts, ends].concat()];
    slots.extend(outcome.map(|outcome| vec![outcome]));
    let arguments = SequenceArguments { entity, at, tiebreak, slots, constants: vec![gap] };
    Ok(Sequence::plan(Arc::new(written), arguments, input)?)
}

const STATE: usize = 0;
const CUTS: usize = 1;
const OUTCOME: usize = 2;

/// What the call writes out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Written {
    repeats: bool,
    max_length: Option<usize>,
    keep: Keep,
    /// One condition or none.
    starts: usize,
    ends: usize,
    outcome: bool,
}

impl SequenceFunction for Written {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::Code, Slot::Conditions(self.starts + self.ends)];
        slots.extend(self.outcome.then_some(Slot::Kept));
        slots
    }

    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field> {
        let mut columns = vec![
            Field::new("number", DataType::Int64, false),
            Field::new("path", DataType::Utf8View, false),
            Field::new("length", DataType::Int64, false),
            Field::new("truncated", DataType::Boolean, false),
            Field::new("started_at", at.clone(), false),
            Field::new("ended_at", at.clone(), false),
            Field::new("ended", DataType::Boolean, false),
        ];
        columns.extend(self.outcome.then(|| Field::new("outcome", slots[OUTCOME].clone(), true)));
        columns
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>> {
        let gap = match &constants[0] {
            ScalarValue::IntervalMonthDayNano(None) => None,
            given => Some(Span::of(ENTRY.name, "gap", given)?.fixed(ENTRY.name, "gap", at)?),
        };
        let paths = Paths::new(PathSettings {
            collapse: !self.repeats,
            max_length: self.max_length,
            keep: self.keep,
            start: if self.starts > 0 { 1 } else { 0 },
            end: if self.ends > 0 { 1 << self.starts } else { 0 },
            gap,
        });
        let outcome = self.outcome.then(|| slots[OUTCOME].clone());
        Ok(Box::new(Writer { paths, at: at.clone(), outcome, ordered: vec![], answer: Columns::default() }))
    }
}

struct Writer {
    paths: Paths,
    at: DataType,
    outcome: Option<DataType>,
    ordered: Vec<u32>,
    answer: Columns,
}

/// The columns of the answer so far.
#[derive(Default)]
struct Columns {
    number: Vec<i64>,
    /// The states of all paths, and where each path's end.
    states: Vec<u32>,
    ends: Vec<usize>,
    length: Vec<i64>,
    truncated: Vec<bool>,
    started: Vec<i64>,
    ended_at: Vec<i64>,
    ended: Vec<bool>,
    outcome: Keeper,
}

impl Kernel for Writer {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        let Self { paths, ordered, answer, outcome, .. } = self;
        let times = entity.times();
        let mut number = 0;
        let events = Events { times, conditions: entity.masks(CUTS) };
        paths.run(events, entity.codes_in_order(STATE, ordered), |path| {
            number += 1;
            answer.number.push(number);
            answer.states.extend_from_slice(path.codes);
            answer.ends.push(answer.states.len());
            answer.length.push(path.length as i64);
            answer.truncated.push(path.truncated());
            answer.started.push(times[path.start]);
            answer.ended_at.push(times[path.end]);
            answer.ended.push(path.reached_end);
            if outcome.is_some() {
                answer.outcome.push(entity, OUTCOME, Some(path.end));
            }
        });
        Ok(number as usize)
    }

    fn take(&mut self, codes: &Codes) -> Result<Vec<ArrayRef>> {
        let mut answer = std::mem::take(&mut self.answer);
        let all: Vec<u32> = (0..codes.count(STATE) as u32).collect();
        let names = codes.values(STATE, &all)?;
        let names = names.as_string_view();
        let (mut path, mut text, mut start) = (StringViewBuilder::new(), String::new(), 0);
        for end in answer.ends {
            text.clear();
            for (place, state) in answer.states[start..end].iter().enumerate() {
                text.push_str(if place > 0 { SEPARATOR } else { "" });
                text.push_str(names.value(*state as usize));
            }
            path.append_value(&text);
            start = end;
        }
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(answer.number)),
            Arc::new(path.finish()),
            Arc::new(Int64Array::from(answer.length)),
            Arc::new(BooleanArray::from(answer.truncated)),
            times(answer.started, &self.at)?,
            times(answer.ended_at, &self.at)?,
            Arc::new(BooleanArray::from(answer.ended)),
        ];
        if let Some(outcome) = &self.outcome {
            columns.push(answer.outcome.take(outcome)?);
        }
        Ok(columns)
    }
}
