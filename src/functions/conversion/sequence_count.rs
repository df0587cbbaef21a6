//! `sequence_count(pattern, at, condition [, ...])`: how often rows follow each other as a pattern says.

use std::mem;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::FAMILY;
use super::pattern::{self, COST, ERRORS, NULLS, PATTERN};
use super::steps::{AT, CONDITION};
use crate::error::Result;
use crate::functions::adapter::sequence::{Call, Kernel, Ordered, SequenceAggregate, sequence_aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::sequence::pattern::Pattern;

static ENTRY: Entry = Entry {
    name: "sequence_count",
    family: FAMILY,
    description: "How often rows follow each other in time as the pattern says: the first match, then the first behind its \
                  last row, and so on.",
    arguments: &[PATTERN, AT, CONDITION],
    returns: Returns::Count,
    nulls: NULLS,
    errors: ERRORS,
    cost: COST,
    source: "ClickHouse's sequenceCount, without its limit on steps.",
    example: "SELECT sequence_count('(?1).*(?2)', at, what = 'mail', what = 'visit') AS answered\n\
              FROM (VALUES (DATE '2026-01-01', 'mail'), (DATE '2026-01-02', 'visit'), (DATE '2026-01-05', 'mail'),\n             \
              (DATE '2026-01-06', 'mail'), (DATE '2026-01-08', 'visit')) AS t(at, what);",
    output: "\
+----------+
| answered |
+----------+
| 2        |
+----------+",
};

pub(super) fn function() -> Function {
    sequence_aggregate::<SequenceCount>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SequenceCount;

impl SequenceAggregate for SequenceCount {
    const ENTRY: &'static Entry = &ENTRY;

    fn kernel(call: &Call) -> Result<Box<dyn Kernel>> {
        Ok(Box::new(Counts { pattern: pattern::of(ENTRY.name, call)?, counts: Vec::new() }))
    }
}

#[derive(Debug)]
struct Counts {
    pattern: Pattern,
    counts: Vec<i64>,
}

impl Kernel for Counts {
    fn reads_every_row(&self) -> bool {
        false
    }

    fn run(&mut self, rows: Ordered<'_>) {
        self.counts.push(self.pattern.count(pattern::events(rows)) as i64);
    }

    fn finish(&mut self, _: &ArrayRef) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(mem::take(&mut self.counts))))
    }
}
