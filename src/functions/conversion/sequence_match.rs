//! `sequence_match(pattern, at, condition [, ...])`: whether rows follow each other as a pattern says.

use std::mem;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};

use super::FAMILY;
use super::pattern::{self, COST, ERRORS, NULLS, PATTERN};
use super::steps::{AT, CONDITION};
use crate::error::Result;
use crate::functions::adapter::sequence::{Call, Kernel, Ordered, SequenceAggregate, sequence_aggregate};
use crate::functions::entry::{Entry, Returns};
use crate::functions::function::Function;
use crate::sequence::pattern::Pattern;

static ENTRY: Entry = Entry {
    name: "sequence_match",
    family: FAMILY,
    description: "Whether rows follow each other in time as the pattern says.",
    arguments: &[PATTERN, AT, CONDITION],
    returns: Returns::Boolean,
    nulls: NULLS,
    errors: ERRORS,
    cost: COST,
    source: "ClickHouse's sequenceMatch, without its limit on steps.",
    example: "SELECT contact, sequence_match('(?1)(?t<=172800)(?2)', at, what = 'trial', what = 'buy') AS quick\n\
              FROM (VALUES ('ann', DATE '2026-01-01', 'trial'), ('ann', DATE '2026-01-03', 'buy'),\n             \
              ('bob', DATE '2026-01-01', 'trial'), ('bob', DATE '2026-01-09', 'buy')) AS t(contact, at, what)\n\
              GROUP BY contact ORDER BY contact;",
    output: "\
+---------+-------+
| contact | quick |
+---------+-------+
| ann     | true  |
| bob     | false |
+---------+-------+",
};

pub(super) fn function() -> Function {
    sequence_aggregate::<SequenceMatch>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SequenceMatch;

impl SequenceAggregate for SequenceMatch {
    const ENTRY: &'static Entry = &ENTRY;

    fn kernel(call: &Call) -> Result<Box<dyn Kernel>> {
        Ok(Box::new(Matches { pattern: pattern::of(ENTRY.name, call)?, matches: Vec::new() }))
    }
}

#[derive(Debug)]
struct Matches {
    pattern: Pattern,
    matches: Vec<bool>,
}

impl Kernel for Matches {
    fn reads_every_row(&self) -> bool {
        false
    }

    fn run(&mut self, rows: Ordered<'_>) {
        self.matches.push(self.pattern.is_match(pattern::events(rows)));
    }

    fn finish(&mut self, _: &ArrayRef) -> Result<ArrayRef> {
        Ok(Arc::new(BooleanArray::from(mem::take(&mut self.matches))))
    }
}
