//! Which steps the rows of one place can fill: rows that nothing orders are a matching, not a sequence.
//!
//! With one row, or where no row satisfies several steps, it is a look at a mask. Else steps and distinct rows are matched
//! by augmenting paths (Kuhn 1955), at most `steps` rows per step: the others add nothing.

use super::plan::{bit, steps_of, through};

/// How the rows of a place can be shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sharing {
    /// At most one step can be filled.
    #[default]
    Single,
    /// Whatever some row satisfies can be filled: no row satisfies several steps, or a row may fill several.
    Free,
    /// A row that satisfies several steps fills one.
    Matched,
}

/// The rows of one place.
#[derive(Debug, Default)]
pub(super) struct Ties {
    sharing: Sharing,
    /// The steps that some row satisfies.
    steps: u64,
    /// The rows worth looking at: the steps they satisfy, and what the caller calls them.
    masks: Vec<u64>,
    names: Vec<u32>,
    /// How many rows there are.
    rows: usize,
    matching: Matching,
}

impl Ties {
    /// Reads a place of which only the satisfied steps matter.
    pub fn read_mask(&mut self, sharing: Sharing, steps: u64) {
        (self.sharing, self.steps, self.rows) = (sharing, steps, 0);
        self.masks.clear();
    }

    /// Reads a place row by row, for a funnel of so many steps.
    pub fn read(&mut self, sharing: Sharing, steps: usize, rows: impl Iterator<Item = (u32, u64)>) {
        self.read_mask(sharing, 0);
        self.names.clear();
        // A step with as many rows as there are steps finds a free one among them, whatever the others take.
        let (mut seen, mut plenty) = ([0u8; 64], 0);
        for (name, mask) in rows {
            self.rows += 1;
            self.steps |= mask;
            let scarce = mask & through(steps) & !plenty;
            if scarce == 0 {
                continue;
            }
            self.masks.push(mask);
            self.names.push(name);
            for step in steps_of(scarce) {
                seen[step - 1] += 1;
                if usize::from(seen[step - 1]) == steps {
                    plenty |= bit(step);
                }
            }
        }
    }

    /// The steps that some row satisfies.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether all these steps can be filled.
    pub fn fill(&mut self, steps: u64) -> bool {
        steps & !self.steps == 0
            && match self.sharing {
                Sharing::Single => steps.count_ones() <= 1,
                Sharing::Free => true,
                Sharing::Matched => self.matching.saturates(&self.masks, steps),
            }
    }

    /// `must` and, one after the other in their order, those of `may` that can be filled as well; `None` where `must`
    /// can't be.
    pub fn pick(&mut self, must: u64, may: u64) -> Option<u64> {
        if !self.fill(must) {
            return None;
        }
        let mut picked = must;
        for step in steps_of(may & self.steps) {
            if self.fill(picked | bit(step)) {
                picked |= bit(step);
            }
        }
        Some(picked)
    }

    /// As `pick`, but so that every row fills a step. Rows and steps that can each be matched can be matched at once
    /// (Mendelsohn & Dulmage 1958).
    pub fn cover(&mut self, must: u64, may: u64) -> Option<u64> {
        let matching = &mut self.matching;
        let mut covers = |steps: u64, spare: u64| {
            matching.saturates(&self.masks, steps) && matching.size(&self.masks, steps | spare) == self.rows
        };
        if !covers(must, may) {
            return None;
        }
        let (mut picked, mut spare) = (must, may);
        for step in steps_of(may) {
            spare &= !bit(step);
            if covers(picked | bit(step), spare) {
                picked |= bit(step);
            }
        }
        Some(picked)
    }

    /// Tells for each of these steps, which can be filled, the row that fills it: in their order, each the first row that
    /// leaves the later ones theirs.
    pub fn assign(&mut self, steps: u64, mut tell: impl FnMut(usize, u32)) {
        let mut later = steps;
        for step in steps_of(steps) {
            later &= !bit(step);
            for row in 0..self.masks.len() {
                let mask = self.masks[row];
                if mask & bit(step) == 0 {
                    continue;
                }
                if self.sharing == Sharing::Matched {
                    self.masks[row] = 0;
                    if !self.matching.saturates(&self.masks, later) {
                        self.masks[row] = mask;
                        continue;
                    }
                }
                tell(step, self.names[row]);
                break;
            }
        }
    }
}

/// A matching of steps with distinct rows, in buffers that serve the next.
#[derive(Debug, Default)]
pub(super) struct Matching {
    /// By row, the step it fills, or 0.
    filled: Vec<usize>,
    tried: Vec<bool>,
}

impl Matching {
    /// Whether each of these steps gets a row of its own; `masks` are the steps that each row satisfies.
    pub fn saturates(&mut self, masks: &[u64], steps: u64) -> bool {
        self.extends(masks, steps, 0).is_some()
    }

    /// The most of these steps that get a row of their own.
    pub fn size(&mut self, masks: &[u64], steps: u64) -> usize {
        self.extends(masks, 0, steps).unwrap_or(0)
    }

    /// The most steps of `may` that get a row of their own beside all of `must`; `None` where `must` don't.
    pub fn extends(&mut self, masks: &[u64], must: u64, may: u64) -> Option<usize> {
        self.filled.clear();
        self.filled.resize(masks.len(), 0);
        let all = steps_of(must).all(|step| self.add(masks, step));
        all.then(|| steps_of(may).filter(|&step| self.add(masks, step)).count())
    }

    /// Adds a step if it can be without losing another.
    fn add(&mut self, masks: &[u64], step: usize) -> bool {
        self.tried.clear();
        self.tried.resize(masks.len(), false);
        self.augment(masks, step)
    }

    fn augment(&mut self, masks: &[u64], step: usize) -> bool {
        for row in 0..masks.len() {
            if masks[row] & bit(step) == 0 || self.tried[row] {
                continue;
            }
            self.tried[row] = true;
            if self.filled[row] == 0 || self.augment(masks, self.filled[row]) {
                self.filled[row] = step;
                return true;
            }
        }
        false
    }
}
