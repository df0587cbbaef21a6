//! Models that reward places on the path: each place has a share, the touches in no such place share the rest.

use super::model::Path;

/// What a model gives to each place. They sum to 1.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shares {
    pub(super) first: f64,
    pub(super) lead: f64,
    pub(super) opportunity: f64,
    pub(super) last: f64,
    pub(super) rest: f64,
}

/// The shares laid on the touches of one path: a few touches that hold a place, and one weight for each of the others.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// The weight of a touch that holds no place.
    pub(super) each: f64,
    holders: [Holder; 4],
    held: usize,
}

/// A touch that holds one place or more.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holder {
    /// Its row in the path.
    pub(super) touch: usize,
    /// Its weight, all its places together.
    pub(super) weight: f64,
}

impl Shares {
    /// A touch that holds two places gets both shares. What nobody can get (a milestone without a touch, the rest where
    /// every touch holds a place) is left out and the others are scaled to sum 1.
    pub(super) fn split(&self, path: &Path<'_>) -> Split {
        let mut split = Split::default();
        let Some(last) = path.touches.len().checked_sub(1) else { return split };
        split.hold(0, self.first);
        if self.lead > 0.0 || self.opportunity > 0.0 {
            for (reached, share) in [(path.milestones.lead, self.lead), (path.milestones.opportunity, self.opportunity)]
            {
                if let Some(touch) = reached.and_then(|at| holder_of(at, path)) {
                    split.hold(touch, share);
                }
            }
        }
        split.hold(last, self.last);
        split.normalise(path.touches.len(), self.rest);
        split
    }
}

/// The touch that holds a milestone reached at an instant: the last one at or before it. Nobody holds a milestone
/// reached before the first touch of the window, nor one reached after the conversion, which was no step towards it.
fn holder_of(at: i64, path: &Path<'_>) -> Option<usize> {
    if at > path.conversion {
        return None;
    }
    path.touches.partition_point(|&touch| touch <= at).checked_sub(1)
}

impl Split {
    /// The same weight for every touch.
    pub(super) fn even(weight: f64) -> Self {
        Self { each: weight, ..Self::default() }
    }

    /// The touches that hold a place, each once.
    pub(super) fn holders(&self) -> &[Holder] {
        &self.holders[..self.held]
    }

    /// Writes the weights of all touches of the path.
    pub(super) fn fill(&self, weights: &mut [f64]) {
        weights.fill(self.each);
        for holder in self.holders() {
            weights[holder.touch] = holder.weight;
        }
    }

    fn hold(&mut self, touch: usize, share: f64) {
        if share == 0.0 {
            return;
        }
        match self.holders[..self.held].iter_mut().find(|holder| holder.touch == touch) {
            Some(holder) => holder.weight += share,
            None => {
                self.holders[self.held] = Holder { touch, weight: share };
                self.held += 1;
            }
        }
    }

    fn normalise(&mut self, touches: usize, rest: f64) {
        let holders = &mut self.holders[..self.held];
        let others = touches - holders.len();
        let held: f64 = holders.iter().map(|holder| holder.weight).sum();
        let total = if others > 0 { held + rest } else { held };
        for holder in holders {
            holder.weight /= total;
        }
        self.each = if others > 0 { rest / total / others as f64 } else { 0.0 };
    }
}
