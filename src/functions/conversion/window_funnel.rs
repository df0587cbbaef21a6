//! `window_funnel(within, mode, at, condition [, ...])`: how many steps were reached in time.

use std::mem;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};

use super::FAMILY;
use super::steps::{AT, CONDITION};
use crate::error::{Error, Result, SqlState};
use crate::functions::WindowEnds;
use crate::functions::adapter::sequence::{Call, Kernel, Ordered, SequenceAggregate, sequence_aggregate};
use crate::functions::entry::{Argument, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::sequence::funnel::{Events, Funnel, Mode, Settings, Window};

static ENTRY: Entry = Entry {
    name: "window_funnel",
    family: FAMILY,
    description: "How many steps were reached in time: the largest k such that different rows satisfy conditions 1 to k, in \
                  the order of time, the last of them within the window from the first. Rows of one instant may be taken in \
                  either order. A later start rescues an earlier one that came to nothing.",
    arguments: &[
        Argument::required(
            "within",
            Kind::Span,
            "How long after the row of step 1 the others may come, that instant included. A constant. Months are calendar \
             months in UTC, and an attempt that begins later never ends earlier.",
        ),
        Argument::required(
            "mode",
            Kind::Word(&["ordered", "strict", "any", "increase", "reuse"]),
            "`ordered`: as above; `strict`: no other row between; `any`: steps in any order; `increase`: times strictly \
             increasing; `reuse`: one row may fill several steps. A constant.",
        ),
        AT,
        CONDITION,
    ],
    returns: Returns::Integer,
    nulls: "a condition that is NULL is false; a row without `at` is left out. 0 without rows.",
    errors: "22023 where `within` or `mode` varies by row, `within` is NULL or negative, or `mode` is no such word.",
    cost: "24 bytes per row that satisfies a condition, in mode `strict` per row, kept until the group is answered, and a \
           sort of each group by time.",
    source: "ClickHouse's windowFunnel, made exact; what it does by default is `reuse` here.",
    example: "SELECT contact, window_funnel(INTERVAL '7 days', 'ordered', at, what = 'visit', what = 'trial', what = 'buy') AS level\n\
              FROM (VALUES ('ann', DATE '2026-01-01', 'visit'), ('ann', DATE '2026-01-03', 'trial'),\n             \
              ('ann', DATE '2026-01-08', 'buy'), ('bob', DATE '2026-01-02', 'visit'),\n             \
              ('bob', DATE '2026-02-10', 'trial')) AS t(contact, at, what)\n\
              GROUP BY contact ORDER BY contact;",
    output: "\
+---------+-------+
| contact | level |
+---------+-------+
| ann     | 3     |
| bob     | 1     |
+---------+-------+",
};

pub(super) fn function() -> Function {
    sequence_aggregate::<WindowFunnel>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct WindowFunnel;

impl SequenceAggregate for WindowFunnel {
    const ENTRY: &'static Entry = &ENTRY;

    fn kernel(call: &Call) -> Result<Box<dyn Kernel>> {
        let (within, at) = (call.span(0)?, call.at_type());
        let mode = match call.word(1)? {
            "strict" => Mode::Strict,
            "any" => Mode::Any,
            "increase" => Mode::Increase,
            "reuse" => Mode::Reuse,
            _ => Mode::Ordered,
        };
        let window = match within.is_fixed() {
            true => Window::Fixed(within.fixed(ENTRY.name, "within", at)?),
            false => Window::PerRow,
        };
        let settings = Settings { mode, ..Settings::new(call.conditions(), window) };
        let refused = |error| Error::new(SqlState::InvalidParameterValue, format!("{}: {error}", ENTRY.name));
        let funnel = Funnel::new(settings).map_err(refused)?;
        let openers = if mode == Mode::Any { u64::MAX } else { 1 };
        let calendar = (!within.is_fixed()).then(|| WindowEnds::new(within, at.clone(), openers));
        Ok(Box::new(Levels { funnel, calendar, reads_every_row: mode == Mode::Strict, levels: Vec::new() }))
    }
}

#[derive(Debug)]
struct Levels {
    funnel: Funnel,
    /// For windows of months.
    calendar: Option<WindowEnds>,
    /// Rows of no step are in the way of a strict attempt only.
    reads_every_row: bool,
    levels: Vec<i32>,
}

impl Kernel for Levels {
    fn reads_every_row(&self) -> bool {
        self.reads_every_row
    }

    fn run(&mut self, rows: Ordered<'_>) {
        let ends = self.calendar.as_mut().map(|calendar| calendar.of(rows.times, rows.masks));
        let events = Events { times: rows.times, steps: rows.masks, ends, ..Events::default() };
        self.levels.push(self.funnel.level(events) as i32);
    }

    fn finish(&mut self, _: &ArrayRef) -> Result<ArrayRef> {
        Ok(Arc::new(Int32Array::from(mem::take(&mut self.levels))))
    }
}
