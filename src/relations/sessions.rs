//! `sessions(input [, gap => interval] ...)`: visits, told by the pauses between them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlan;

use super::call::Call;
use super::entry::{AT, Argument, Column, ENTITY, Entry, INPUT};
use super::function::TableFunction;
use super::rows::EntityRows;
use super::times::{Span, times};
use crate::error::Result;
use crate::operators::sequence::{Codes, Entity, Kernel, Sequence, SequenceArguments, SequenceFunction, Slot};
use crate::sequence::sessions;

const ENTRY: Entry = Entry {
    name: "sessions",
    family: "levers",
    description: "Cuts each entity's rows into sessions: a row more than `gap` after the one before it starts a new one.",
    arguments: &[
        INPUT,
        Argument::optional("gap", "interval", "The longest pause within a session, inclusive; 30 minutes by default."),
        ENTITY,
        AT,
    ],
    columns: &[
        Column::of("(entity)", "as given", "The entity's column or columns, under their own names."),
        Column::of("session", "bigint", "The session's number within the entity, from 1."),
        Column::of("started_at", "as at", "The time of its first row."),
        Column::of("ended_at", "as at", "The time of its last row."),
        Column::of("events", "bigint", "How many rows it has."),
    ],
    nulls: "rows without entity or time are left out. Rows of one instant belong together.",
    errors: "42883 for an unknown argument; 42804 if `gap` is no interval; 22023 if it is negative or has months, whose \
             length varies.",
    cost: "linear in the rows, after sorting them by entity and time where they are not sorted.",
    source: "Google Analytics' and Snowplow's definition of a session, with the boundary inclusive.",
    example: "SELECT * FROM sessions((SELECT * FROM (VALUES ('ann', TIMESTAMP '2025-01-01T10:00:00'), \
              ('ann', TIMESTAMP '2025-01-01T10:30:00'), ('ann', TIMESTAMP '2025-01-01T11:00:01')) \
              AS t(contact_id, occurred_at))) ORDER BY session;",
    output: "\
+------------+---------+---------------------+---------------------+--------+
| contact_id | session | started_at          | ended_at            | events |
+------------+---------+---------------------+---------------------+--------+
| ann        | 1       | 2025-01-01T10:00:00 | 2025-01-01T10:30:00 | 2      |
| ann        | 2       | 2025-01-01T11:00:01 | 2025-01-01T11:00:01 | 1      |
+------------+---------+---------------------+---------------------+--------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let EntityRows { input, entity, at, .. } = EntityRows::read(&mut call, "contact_id")?;
    let gap = call.interval("gap", "30 minutes")?;
    let arguments = SequenceArguments { entity, at, tiebreak: vec![], slots: vec![], constants: vec![gap] };
    Ok(Sequence::plan(Arc::new(Sessions), arguments, input)?)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sessions;

impl SequenceFunction for Sessions {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        vec![]
    }

    fn answer(&self, at: &DataType, _: &[DataType]) -> Vec<Field> {
        vec![
            Field::new("session", DataType::Int64, false),
            Field::new("started_at", at.clone(), false),
            Field::new("ended_at", at.clone(), false),
            Field::new("events", DataType::Int64, false),
        ]
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, _: &[DataType]) -> Result<Box<dyn Kernel>> {
        let gap = Span::of(ENTRY.name, "gap", &constants[0])?.fixed(ENTRY.name, "gap", at)?;
        Ok(Box::new(Cutter {
            sessions: sessions::Sessions::new(gap),
            at: at.clone(),
            number: vec![],
            started: vec![],
            ended: vec![],
            events: vec![],
        }))
    }
}

struct Cutter {
    sessions: sessions::Sessions,
    at: DataType,
    number: Vec<i64>,
    started: Vec<i64>,
    ended: Vec<i64>,
    events: Vec<i64>,
}

impl Kernel for Cutter {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        let (rows, before) = (entity.times(), self.number.len());
        for session in self.sessions.run(rows) {
            self.number.push(session.number as i64);
            self.started.push(rows[session.start]);
            self.ended.push(rows[session.end]);
            self.events.push((session.end - session.start + 1) as i64);
        }
        Ok(self.number.len() - before)
    }

    fn take(&mut self, _: &Codes) -> Result<Vec<ArrayRef>> {
        let count = |counts: &mut Vec<i64>| Arc::new(Int64Array::from(std::mem::take(counts))) as ArrayRef;
        Ok(vec![
            count(&mut self.number),
            times(std::mem::take(&mut self.started), &self.at)?,
            times(std::mem::take(&mut self.ended), &self.at)?,
            count(&mut self.events),
        ])
    }
}
