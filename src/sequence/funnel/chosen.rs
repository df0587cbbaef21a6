//! What the searches answer: how far the best chain comes, and which rows it is made of.

use std::cmp::{Ordering, Reverse};
use std::ops::Range;

use super::plan::steps_of;

/// Where in a stream a chain is looked for.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    /// The moments that may belong to it.
    pub moments: Range<usize>,
    /// Those of them that may open it.
    pub openers: Range<usize>,
}

/// How far the best chain of a stretch comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub level: u32,
    /// From step 1 to the latest required step.
    pub duration: u64,
    /// When step 1 was reached; in any order, when the first step was.
    pub start: i64,
    /// When the latest required step was reached.
    pub end: i64,
    /// The latest instant at which the window of a chain of this level ends.
    pub until: i64,
    pub ended: Ended,
}

/// Where a search came to its end, because no chain could go on or because it was told to stop.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ended {
    /// The first moment whose rows, those chosen apart, are free for another attempt.
    pub moment: usize,
    /// The exclusions whose rows at that moment ended it.
    pub barring: u64,
}

impl Found {
    /// Nothing yet.
    pub const NOTHING: Self = Self {
        level: 0,
        duration: u64::MAX,
        start: i64::MAX,
        end: i64::MAX,
        until: i64::MIN,
        ended: Ended { moment: 0, barring: 0 },
    };

    /// Another chain: the higher level, then the shorter, then the earlier is kept.
    pub fn meet(&mut self, level: u32, start: i64, end: i64, until: i64) {
        let until = if level == self.level { until.max(self.until) } else { until };
        let new = Self { level, duration: end.abs_diff(start), start, end, until, ended: self.ended };
        match new.rank(self) {
            Ordering::Greater => *self = new,
            _ if level == self.level => self.until = until,
            _ => {}
        }
    }

    /// Greater where the chain is the one to choose.
    pub fn rank(&self, other: &Self) -> Ordering {
        let key = |found: &Self| (found.level, Reverse((found.duration, found.start)));
        key(self).cmp(&key(other))
    }
}

/// The row chosen for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    /// Its place among those of the entity.
    pub place: u32,
    /// Its number among the entity's rows.
    pub index: u32,
    /// Its moment, and its number among the rows of the streams.
    pub moment: usize,
    pub row: usize,
}

/// By step, the row chosen for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Chosen(pub Vec<Option<Choice>>);

impl Chosen {
    /// Whether these rows are to be told rather than others of the same level, duration and start: step by step the
    /// earlier place, a missing one last; then step by step the earlier row.
    pub fn precedes(&self, other: &Self) -> bool {
        let by_row = || self.compare(other, |choice| choice.index);
        self.compare(other, |choice| choice.place).then_with(by_row).is_lt()
    }

    /// The last moment at which one of these steps was chosen.
    pub fn last_moment(&self, steps: u64) -> Option<usize> {
        steps_of(steps).filter_map(|step| Some(self.0[step - 1]?.moment)).max()
    }

    fn compare(&self, other: &Self, by: fn(&Choice) -> u32) -> Ordering {
        let key = |choice: &Option<Choice>| choice.as_ref().map_or(u32::MAX, by);
        self.0.iter().map(key).cmp(other.0.iter().map(key))
    }
}
