//! `next_event(direction, base, at, value, condition [, ...])`: what follows, or precedes, a chain of rows.

use std::mem;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::take;

use super::FAMILY;
use super::steps::{AT, CONDITION};
use crate::error::Result;
use crate::functions::adapter::sequence::{Call, Kernel, Ordered, SequenceAggregate, sequence_aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::sequence::next_event::{Base, Direction, NextEvent};

static ENTRY: Entry = Entry {
    name: "next_event",
    family: FAMILY,
    description: "What follows a chain of rows, or precedes it. A chain is a base row that satisfies condition 1, whose \
                  neighbour satisfies condition 2, and so on; the answer is the value of the neighbour of its last row. \
                  Rows of one time stand in the order of their conditions, those that satisfy the earlier ones alone \
                  first, then of their values.",
    arguments: &[
        Argument::required(
            "direction",
            Kind::Word(&["forward", "backward"]),
            "`forward`: the chain and the answer go on to later rows; `backward`: to earlier ones. A constant.",
        ),
        Argument::required(
            "base",
            Kind::Word(&["head", "tail", "first_match", "last_match"]),
            "Which row may be the base: `head`, the first row only; `tail`, the last row only; `first_match` and \
             `last_match`, any row, and the first or the last that begins a whole chain is. A constant.",
        ),
        AT,
        Argument::required("value", Kind::Any, "What the answer says of the row, of any type."),
        CONDITION,
    ],
    returns: Returns::OneOf("value"),
    nulls: "a condition that is NULL is false; a row without `at` is left out. NULL where there is no chain, where no row is \
            next to it, where the value there is NULL, and without rows.",
    errors: "22023 where `direction` or `base` varies by row or is no such word.",
    cost: "24 bytes and the value per row, kept until the group is answered, and a sort of each group by time.",
    source: "ClickHouse's sequenceNextNode, whose base condition is a part of condition 1 here, and which gives up where the \
             first candidate's chain breaks.",
    example: "SELECT next_event('forward', 'first_match', at, page, page = 'home', page = 'price') AS then\n\
              FROM (VALUES (TIMESTAMP '2026-01-01 09:00:00', 'home'), (TIMESTAMP '2026-01-01 09:01:00', 'price'),\n             \
              (TIMESTAMP '2026-01-01 09:02:00', 'contact')) AS t(at, page);",
    output: "\
+---------+
| then    |
+---------+
| contact |
+---------+",
};

pub(super) fn function() -> Function {
    sequence_aggregate::<Next>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Next;

impl SequenceAggregate for Next {
    const ENTRY: &'static Entry = &ENTRY;

    fn kernel(call: &Call) -> Result<Box<dyn Kernel>> {
        let direction = match call.word(0)? {
            "backward" => Direction::Backward,
            _ => Direction::Forward,
        };
        let base = match call.word(1)? {
            "tail" => Base::Tail,
            "first_match" => Base::FirstMatch,
            "last_match" => Base::LastMatch,
            _ => Base::Head,
        };
        let next = NextEvent { direction, base, chain: call.conditions(), required: 0 };
        Ok(Box::new(Neighbours { next, numbers: Vec::new() }))
    }
}

#[derive(Debug)]
struct Neighbours {
    next: NextEvent,
    /// By group, the number of the row that is next.
    numbers: Vec<Option<u64>>,
}

impl Kernel for Neighbours {
    fn reads_every_row(&self) -> bool {
        true
    }

    fn run(&mut self, rows: Ordered<'_>) {
        self.numbers.push(self.next.run(rows.masks).map(|row| rows.numbers[row]));
    }

    fn finish(&mut self, values: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(values, &UInt64Array::from(mem::take(&mut self.numbers)), None)?)
    }
}
