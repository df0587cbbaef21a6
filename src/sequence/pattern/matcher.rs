//! The pattern as its callers see it: compiled once, then run on every entity.

use super::bits::Bits;
use super::chains::Chains;
use super::syntax::{PatternError, parse};
use crate::sequence::events::Events;

/// A compiled pattern, with the memory it needs while it runs.
#[derive(Debug, Clone)]
pub struct Pattern {
    bits: Option<Bits>,
    /// Whether the bits tell all: nothing is timed.
    untimed: bool,
    chains: Chains,
    rows: Vec<usize>,
}

/// The rows that matched `(?N)`, in the first match or the beginning of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain<'a> {
    /// Row indices, one for each `(?N)` that was matched, in the pattern's order.
    pub rows: &'a [usize],
    /// Whether the whole pattern matched.
    pub complete: bool,
}

impl Pattern {
    /// Reads a pattern over `conditions` conditions (64 at most). Its seconds are `unit_per_second` units of the times;
    /// `within`, in that unit, bounds a match from its first row to its last, and a negative one lets nothing match.
    ///
    /// An error says where the text stops being a pattern, or names a condition that there is not.
    ///
    /// A pattern without any row, such as `.*`, reads as `.`: it matches at every row, as ClickHouse counts it.
    pub fn new(text: &str, conditions: usize, unit_per_second: i64, within: Option<i64>) -> Result<Self, PatternError> {
        let places = parse(text, conditions, unit_per_second)?;
        let untimed = within.is_none() && places.iter().all(|place| !place.after.is_timed());
        Ok(Self { bits: Bits::new(&places), untimed, chains: Chains::new(&places, within), rows: Vec::new() })
    }

    /// Whether the pattern matches anywhere. An entity without rows never matches.
    pub fn is_match(&mut self, events: Events<'_>) -> bool {
        match &self.bits {
            Some(bits) if self.untimed => bits.is_match(events.conditions),
            Some(bits) if !bits.is_match(events.conditions) => false,
            _ => self.chains.count_up_to(1, events) == 1,
        }
    }

    /// How many matches there are that don't overlap: the first, then the first behind its last row, and so on.
    pub fn count(&mut self, events: Events<'_>) -> u64 {
        match &self.bits {
            Some(bits) if self.untimed => bits.count(events.conditions),
            Some(bits) if !bits.is_match(events.conditions) => 0,
            _ => self.chains.count_up_to(u64::MAX, events),
        }
    }

    /// The rows that matched `(?N)` in the first match. Where there is none, in the first match of the longest
    /// beginning of the pattern that has one and ends with a `(?N)`, as ClickHouse's `sequenceMatchEvents` answers;
    /// `within` bounds it too.
    pub fn events(&mut self, events: Events<'_>) -> Chain<'_> {
        let complete = self.chains.first(events, &mut self.rows);
        Chain { rows: &self.rows, complete }
    }
}
