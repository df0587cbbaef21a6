//! What is known of customers who buy without a contract: how often, until when, and for how long they are known.

/// One customer's purchases, in any unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct History {
    /// Purchases after the first.
    pub repeats: f64,
    /// Time from the first purchase to the last; 0 without repeats.
    pub recency: f64,
    /// Time from the first purchase to the end of observation.
    pub age: f64,
}

impl History {
    /// Whether it can be: nothing negative, the last purchase not after the end, and repeats if and only if time passed before it.
    pub fn is_valid(&self) -> bool {
        let times = 0.0 <= self.recency && self.recency <= self.age && self.age.is_finite();
        times && self.repeats >= 0.0 && self.repeats.is_finite() && (self.repeats > 0.0) == (self.recency > 0.0)
    }
}

/// The histories of many customers, column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histories {
    /// Purchases after the first, customer by customer.
    pub repeats: Vec<f64>,
    /// Times from the first purchase to the last.
    pub recencies: Vec<f64>,
    /// Times from the first purchase to the end of observation.
    pub ages: Vec<f64>,
    /// Histories left out because they can't be.
    pub dropped: u64,
}

/// Equal histories with their number.
pub(super) struct Group {
    pub history: History,
    pub customers: f64,
}

impl Histories {
    /// Adds one. What can't be is counted, not added.
    pub fn insert(&mut self, history: History) {
        if !history.is_valid() {
            self.dropped += 1;
            return;
        }
        self.repeats.push(history.repeats);
        self.recencies.push(history.recency);
        self.ages.push(history.age);
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.repeats.extend_from_slice(&other.repeats);
        self.recencies.extend_from_slice(&other.recencies);
        self.ages.extend_from_slice(&other.ages);
        self.dropped += other.dropped;
    }

    /// How many.
    pub fn n(&self) -> u64 {
        self.repeats.len() as u64
    }

    /// How many have repeats.
    pub fn repeating(&self) -> u64 {
        self.repeats.iter().filter(|repeats| **repeats > 0.0).count() as u64
    }

    /// The different histories, in order: most customers of most companies bought once, many on the same day.
    pub(super) fn grouped(&self) -> Vec<Group> {
        let mut all: Vec<[f64; 3]> = (0..self.repeats.len())
            // Minus zero equals zero, but is not in its order.
            .map(|i| [self.repeats[i], self.recencies[i], self.ages[i]].map(|number| number + 0.0))
            .collect();
        all.sort_unstable_by(|a, b| a.partial_cmp(b).expect("valid histories hold no NaN"));
        let group = |equal: &[[f64; 3]]| {
            let [repeats, recency, age] = equal[0];
            Group { history: History { repeats, recency, age }, customers: equal.len() as f64 }
        };
        all.chunk_by(|a, b| a == b).map(group).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_histories_are_left_out() {
        let mut histories = Histories::default();
        let history = |repeats, recency, age| History { repeats, recency, age };
        let valid = [history(0.0, 0.0, 5.0), history(2.0, 3.0, 5.0), history(2.0, 5.0, 5.0), history(-0.0, 0.0, 5.0)];
        let invalid = [
            history(1.0, 0.0, 5.0),
            history(0.0, 1.0, 5.0),
            history(1.0, 6.0, 5.0),
            history(-1.0, 1.0, 5.0),
            history(f64::NAN, 1.0, 5.0),
            history(1.0, 1.0, f64::INFINITY),
        ];
        valid.into_iter().chain(invalid).for_each(|history| histories.insert(history));
        assert_eq!((histories.n(), histories.repeating(), histories.dropped), (4, 2, 6));
        let groups: Vec<f64> = histories.grouped().iter().map(|group| group.customers).collect();
        assert_eq!(groups, [2.0, 1.0, 1.0]);
    }
}
