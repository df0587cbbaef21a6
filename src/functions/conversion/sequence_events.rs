//! `sequence_events(pattern, at, condition [, ...])`: when the rows of a pattern's first match happened.

use std::mem;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};

use super::FAMILY;
use super::pattern::{self, COST, ERRORS, PATTERN};
use super::steps::{AT, CONDITION};
use crate::error::Result;
use crate::functions::adapter::sequence::{Call, Kernel, Ordered, SequenceAggregate, sequence_aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::sequence::pattern::Pattern;

static ENTRY: Entry = Entry {
    name: "sequence_events",
    family: FAMILY,
    description: "When the rows of the pattern's first match happened: one time for each `(?N)`, in the pattern's order. \
                  Where it doesn't match, those of the longest beginning that does: fewer times say how far it came.",
    arguments: &[PATTERN, AT, CONDITION],
    returns: Returns::ListOf("at"),
    nulls: "a condition that is NULL is false; a row without `at` is left out. An empty array where nothing matches.",
    errors: ERRORS,
    cost: COST,
    source: "ClickHouse's sequenceMatchEvents. Of all matches the one whose rows are earliest is the first.",
    example: "SELECT sequence_events('(?1).*(?2)', at, what = 'mail', what = 'visit') AS times\n\
              FROM (VALUES (TIMESTAMP '2026-01-01 09:00:00', 'mail'), (TIMESTAMP '2026-01-01 12:30:00', 'visit'),\n             \
              (TIMESTAMP '2026-01-02 09:00:00', 'visit')) AS t(at, what);",
    output: "\
+--------------------------------------------+
| times                                      |
+--------------------------------------------+
| [2026-01-01T09:00:00, 2026-01-01T12:30:00] |
+--------------------------------------------+",
};

pub(super) fn function() -> Function {
    sequence_aggregate::<SequenceEvents>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SequenceEvents;

impl SequenceAggregate for SequenceEvents {
    const ENTRY: &'static Entry = &ENTRY;

    fn kernel(call: &Call) -> Result<Box<dyn Kernel>> {
        let (times, lengths) = Default::default();
        Ok(Box::new(Chains { pattern: pattern::of(ENTRY.name, call)?, at: call.at_type().clone(), times, lengths }))
    }
}

#[derive(Debug)]
struct Chains {
    pattern: Pattern,
    at: DataType,
    times: Vec<i64>,
    lengths: Vec<usize>,
}

impl Kernel for Chains {
    fn reads_every_row(&self) -> bool {
        false
    }

    fn run(&mut self, rows: Ordered<'_>) {
        let chain = self.pattern.events(pattern::events(rows));
        self.times.extend(chain.rows.iter().map(|&row| rows.times[row]));
        self.lengths.push(chain.rows.len());
    }

    fn finish(&mut self, _: &ArrayRef) -> Result<ArrayRef> {
        let offsets = OffsetBuffer::from_lengths(mem::take(&mut self.lengths));
        let times = cast(&Int64Array::from(mem::take(&mut self.times)), &self.at)?;
        let field = Arc::new(Field::new_list_field(self.at.clone(), true));
        Ok(Arc::new(ListArray::try_new(field, offsets, times, None)?))
    }
}
