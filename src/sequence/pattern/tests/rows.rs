//! Rows and patterns as the tests write them.

use super::super::{Pattern, PatternError};
use crate::sequence::events::Events;

/// Rows as times and conditions.
#[derive(Debug)]
pub struct Rows {
    pub times: Vec<i64>,
    pub conditions: Vec<u64>,
}

impl Rows {
    /// A row per value and time, with condition k for the k-th of the values.
    pub fn of_values(rows: &[(char, i64)], values: &str) -> Self {
        let bit = |value| values.chars().enumerate().filter(|(_, v)| *v == value).map(|(k, _)| 1 << k).sum();
        Self { times: rows.iter().map(|row| row.1).collect(), conditions: rows.iter().map(|row| bit(row.0)).collect() }
    }

    /// As a pattern reads them.
    pub fn events(&self) -> Events<'_> {
        Events { times: &self.times, conditions: &self.conditions }
    }
}

/// A pattern over so many conditions, times in seconds.
pub fn compiled(text: &str, conditions: usize) -> Result<Pattern, PatternError> {
    Pattern::new(text, conditions, 1, None)
}
