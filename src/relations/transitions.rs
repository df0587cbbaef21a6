//! `transitions(input, state => expression, ...)`: how often each state follows each other.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, col};

use super::call::Call;
use super::entry::{AT, Argument, Column, ENTITY, Entry, INPUT, TIEBREAK};
use super::function::TableFunction;
use super::rows::EntityRows;
use crate::error::Result;
use crate::operators::sequence::{
    Codes, Entities, Entity, Kernel, NULL_CODE, Sequence, SequenceArguments, SequenceFunction, Slot,
};
use crate::sequence::transitions;

const ENTRY: Entry = Entry {
    name: "transitions",
    family: "conversion",
    description: "Counts how often a row of one state is followed by a row of another, or of the same, within an entity.",
    arguments: &[
        INPUT,
        Argument::required(
            "state",
            "expression",
            "The state of a row: a column or expression of few different values.",
        ),
        ENTITY,
        AT,
        TIEBREAK,
    ],
    columns: &[
        Column::of("from_state", "as state", "The state of a row."),
        Column::of("to_state", "as state", "The state of the entity's next row."),
        Column::of("transitions", "bigint", "How often that happened."),
    ],
    nulls: "rows without entity or time are left out, and so are rows without a state: a, NULL, b is one transition. Rows of \
            one instant follow each other by their tiebreak, then by their state.",
    errors: "42883 for an unknown argument, 42703 for an unknown column.",
    cost: "linear in the rows, after sorting them by entity and time where they are not sorted; 8 bytes per pair of states.",
    source: "A first-order Markov chain's counts.",
    example: "SELECT * FROM transitions((SELECT * FROM (VALUES ('ann', TIMESTAMP '2025-01-01', 'email'), \
              ('ann', TIMESTAMP '2025-01-02', 'web'), ('ann', TIMESTAMP '2025-01-03', 'email'), \
              ('bob', TIMESTAMP '2025-01-01', 'email'), ('bob', TIMESTAMP '2025-01-02', 'web')) \
              AS t(contact_id, occurred_at, channel)), state => channel) ORDER BY from_state;",
    output: "\
+------------+----------+-------------+
| from_state | to_state | transitions |
+------------+----------+-------------+
| email      | web      | 2           |
| web        | email    | 1           |
+------------+----------+-------------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let EntityRows { input, entity, at, tiebreak } = EntityRows::read(&mut call, "contact_id")?;
    let state = call.column("state", "state", input.schema())?;
    let arguments = SequenceArguments { entity, at, tiebreak, slots: vec![vec![state]], constants: vec![] };
    let counted = Sequence::plan(Arc::new(Transitions), arguments, input)?;
    // Each partition has counts of its own.
    let total = LogicalPlanBuilder::from(counted)
        .aggregate([col("from_state"), col("to_state")], [sum(col("transitions")).alias("transitions")])?;
    Ok(total.build()?)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Transitions;

impl SequenceFunction for Transitions {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::Code]
    }

    fn is_total(&self) -> bool {
        true
    }

    fn answer(&self, _: &DataType, slots: &[DataType]) -> Vec<Field> {
        vec![
            Field::new("from_state", Slot::plain(&slots[0]), false),
            Field::new("to_state", Slot::plain(&slots[0]), false),
            Field::new("transitions", DataType::Int64, false),
        ]
    }

    fn kernel(&self, _: &[ScalarValue], _: &DataType, _: &[DataType]) -> Result<Box<dyn Kernel>> {
        Ok(Box::<Counter>::default())
    }
}

#[derive(Default)]
struct Counter {
    counts: transitions::Transitions,
    /// An entity's states where rows of one instant have to be put in order.
    ordered: Vec<u32>,
}

impl Kernel for Counter {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        self.counts.grow(entity.meaning().count(0));
        self.counts.run(entity.codes_in_order(0, &mut self.ordered));
        Ok(0)
    }

    /// Counts every pair of neighbours and takes back what crosses from one entity to the next: entities have few rows, and a loop
    /// for each ends where no branch foresees it.
    fn run_all(&mut self, entities: &Entities<'_>) -> Result<bool> {
        let all = entities.all();
        let states = all.codes(0);
        self.counts.grow(all.meaning().count(0));
        if states.iter().fold(false, |any, state| any | (*state == NULL_CODE)) {
            return Ok(false);
        }
        self.counts.run(states);
        entities.edges().for_each(|edge| self.counts.take_back(&states[edge - 1..=edge]));
        for entity in entities.tied() {
            self.counts.take_back(entity.codes(0));
            self.counts.run(entity.codes_in_order(0, &mut self.ordered));
        }
        Ok(true)
    }

    fn take(&mut self, codes: &Codes) -> Result<Vec<ArrayRef>> {
        let (mut from, mut to, mut count) = (vec![], vec![], vec![]);
        for (before, after, times) in self.counts.cells() {
            from.push(before);
            to.push(after);
            count.push(times as i64);
        }
        self.counts = transitions::Transitions::default();
        Ok(vec![codes.values(0, &from)?, codes.values(0, &to)?, Arc::new(Int64Array::from(count))])
    }
}
