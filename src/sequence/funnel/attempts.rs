//! What comes out of a funnel: attempts, with the rows they are made of.

/// How an attempt stands at the instant of observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Every required step was reached.
    Converted,
    /// Not converted, and without the exclusions the level would be higher.
    Excluded,
    /// Neither of these, and an attempt of this level has its window still open.
    InWindow,
    /// None of these: its window has passed.
    Dropped,
    /// No row of step 1 (in any order: of any step).
    NotEntered,
}

/// One attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// How many required steps were reached.
    pub level: u32,
    /// How it stands.
    pub status: Status,
    /// For each step the row chosen for it, counted from the entity's first; `None` where the step was not reached or an
    /// optional step is missing.
    pub rows: &'a [Option<u32>],
}

/// Attempts of one entity or of many, kept by column.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    levels: Vec<u32>,
    statuses: Vec<Status>,
    rows: Vec<Option<u32>>,
}

impl Attempts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Forgets them and keeps the memory.
    pub fn clear(&mut self) {
        self.levels.clear();
        self.statuses.clear();
        self.rows.clear();
    }

    /// The attempts in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = Attempt<'_>> {
        let steps = self.rows.len().checked_div(self.len()).unwrap_or(0);
        let told = self.levels.iter().zip(&self.statuses).enumerate();
        told.map(move |(i, (&level, &status))| Attempt { level, status, rows: &self.rows[i * steps..(i + 1) * steps] })
    }

    /// Adds an attempt; all have the same number of steps.
    pub(super) fn push(&mut self, level: u32, status: Status, rows: &[Option<u32>]) {
        self.levels.push(level);
        self.statuses.push(status);
        self.rows.extend_from_slice(rows);
    }

    /// Adds one of other attempts.
    pub(super) fn push_from(&mut self, others: &Self, which: usize) {
        let steps = others.rows.len() / others.len();
        self.push(others.levels[which], others.statuses[which], &others.rows[which * steps..(which + 1) * steps]);
    }
}
