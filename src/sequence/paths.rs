//! Paths: the states an entity went through, as sequences of codes.

use super::events::{Events, NULL_STATE};

/// Which rows make a path, and how it is shortened. The default is one path per entity with every row in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PathSettings {
    /// Whether a state that repeats in neighbouring rows counts once.
    pub collapse: bool,
    /// How many codes a path may have; no bound where there is none.
    pub max_length: Option<usize>,
    /// Which of them stay where a path has more.
    pub keep: Keep,
    /// A path starts at a row with any of these bits; 0 starts it at the first row there is.
    pub start: u64,
    /// A path ends at a row with any of these bits; 0 ends it at the last row there is.
    pub end: u64,
    /// A pause longer than this, in the unit of the times, ends a path; no pause does where there is none.
    pub gap: Option<i64>,
}

/// Which end of a path that is too long stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Keep {
    /// The codes it begins with: what people do from here.
    #[default]
    First,
    /// The codes it ends with: how people came here.
    Last,
}

/// Cuts an entity's rows into paths.
///
/// Rows without a state ([`NULL_STATE`]) are passed over, as if they were not there. Among the others, a path begins at
/// the first row that may start it, and ends with the first row from there on that may end it (both may be the same
/// row), or before a pause longer than `gap`, or with the last row. Starts inside a path belong to it. After a path the
/// next one begins in the same way, so an entity has any number of paths, and none where no row may start one. Costs
/// O(n).
#[derive(Debug, Clone)]
pub struct Paths {
    settings: PathSettings,
    codes: Vec<u32>,
}

/// One path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<'a> {
    /// The codes of its states, as far as `max_length` lets them stay.
    pub codes: &'a [u32],
    /// How many there were before, repeats collapsed if they are.
    pub length: usize,
    /// Its first row.
    pub start: usize,
    /// Its last row.
    pub end: usize,
    /// Whether a row that may end it did.
    pub reached_end: bool,
}

impl Path<'_> {
    /// Whether codes were left out.
    pub fn truncated(&self) -> bool {
        self.codes.len() < self.length
    }
}

impl Paths {
    /// Paths under these settings.
    pub fn new(settings: PathSettings) -> Self {
        Self { settings, codes: Vec::new() }
    }

    /// Calls back with the paths of one entity, in order. `states` has a code for every row; times are read only with a
    /// `gap`, conditions only with a `start` or an `end`, and may be empty else.
    pub fn run(&mut self, events: Events<'_>, states: &[u32], mut visit: impl FnMut(Path<'_>)) {
        let PathSettings { collapse, start, end, gap, .. } = self.settings;
        let meets = |bits: u64, row: usize| bits != 0 && events.conditions[row] & bits != 0;
        let mut open: Option<(usize, usize)> = None;
        for (row, &state) in states.iter().enumerate().filter(|(_, state)| **state != NULL_STATE) {
            if let (Some(path), Some(gap)) = (open, gap)
                && events.times[row].saturating_sub(events.times[path.1]) > gap
            {
                visit(self.path(path, false));
                open = None;
            }
            let first = match open {
                Some((first, _)) => first,
                None if start != 0 && !meets(start, row) => continue,
                None => {
                    self.codes.clear();
                    row
                }
            };
            if !collapse || self.codes.last() != Some(&state) {
                self.codes.push(state);
            }
            open = Some((first, row));
            if meets(end, row) {
                visit(self.path((first, row), true));
                open = None;
            }
        }
        if let Some(path) = open {
            visit(self.path(path, false));
        }
    }

    fn path(&self, (start, end): (usize, usize), reached_end: bool) -> Path<'_> {
        let length = self.codes.len();
        let stay = self.settings.max_length.unwrap_or(length).min(length);
        let codes = match self.settings.keep {
            Keep::First => &self.codes[..stay],
            Keep::Last => &self.codes[length - stay..],
        };
        Path { codes, length, start, end, reached_end }
    }
}

#[cfg(test)]
mod tests;
