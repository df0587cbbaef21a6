//! Transitions: how often each state follows each other one.

use super::events::NULL_STATE;

/// Counts of transitions between states with codes from 0, as a square matrix.
///
/// A transition leads from a row to the entity's next row, into the same state too. Rows without a state
/// ([`NULL_STATE`]) are passed over: `a, NULL, b` is one transition, from a to b. Takes 8 bytes per pair of states; for
/// too many states for that, [`each_transition`] leaves the counting to the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transitions {
    states: usize,
    counts: Vec<u64>,
}

impl Transitions {
    /// No transitions yet, between so many states.
    pub fn new(states: usize) -> Self {
        Self { states, counts: vec![0; states * states] }
    }

    /// Makes room for states that came up since, so that there are at least so many.
    pub fn grow(&mut self, states: usize) {
        if states > self.states {
            let mut grown = Self::new(states);
            grown.merge(self);
            *self = grown;
        }
    }

    /// Adds one entity's rows by the codes of their states, each [`NULL_STATE`] or less than the number of states.
    pub fn run(&mut self, states: &[u32]) {
        let Self { states: width, counts } = self;
        each_transition(states, |from, to| counts[from as usize * *width + to as usize] += 1);
    }

    /// Takes back what [`Transitions::run`] added for the same rows.
    pub fn take_back(&mut self, states: &[u32]) {
        let Self { states: width, counts } = self;
        each_transition(states, |from, to| counts[from as usize * *width + to as usize] -= 1);
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.grow(other.states);
        for (from, to, count) in other.cells() {
            self.counts[from as usize * self.states + to as usize] += count;
        }
    }

    /// How often one state followed another.
    pub fn count(&self, from: u32, to: u32) -> u64 {
        self.counts[from as usize * self.states + to as usize]
    }

    /// The transitions that occurred, as from, to and how often, in that order.
    pub fn cells(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        let cell = |(at, &count): (usize, &u64)| ((at / self.states) as u32, (at % self.states) as u32, count);
        self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(cell)
    }
}

/// Calls back with every transition of one entity, in row order, as the codes of the two states.
pub fn each_transition(states: &[u32], mut visit: impl FnMut(u32, u32)) {
    let mut states = states.iter().copied().filter(|&state| state != NULL_STATE);
    let Some(mut from) = states.next() else { return };
    for to in states {
        visit(from, to);
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const N: u32 = NULL_STATE;

    fn counted(states: usize, entities: &[&[u32]]) -> Vec<(u32, u32, u64)> {
        let mut transitions = Transitions::new(states);
        entities.iter().for_each(|rows| transitions.run(rows));
        transitions.cells().collect()
    }

    #[test]
    fn neighbours_are_counted_within_an_entity() {
        assert_eq!(counted(3, &[&[0, 1, 0, 1], &[2], &[], &[2, 2]]), [(0, 1, 2), (1, 0, 1), (2, 2, 1)]);
    }

    #[test]
    fn rows_without_a_state_are_passed_over() {
        assert_eq!(counted(2, &[&[N, 0, N, N, 1, N], &[N], &[N, N], &[1, N]]), [(0, 1, 1)]);
    }

    #[test]
    fn growing_keeps_what_was_counted() {
        let mut transitions = Transitions::default();
        transitions.run(&[N, N]);
        transitions.grow(2);
        transitions.run(&[0, 1]);
        transitions.grow(1);
        transitions.grow(5);
        transitions.run(&[4, 0, 1]);
        assert_eq!((transitions.count(0, 1), transitions.count(4, 0), transitions.count(1, 4)), (2, 1, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn equals_the_definition(
            entities in prop::collection::vec(prop::collection::vec(prop_oneof![0u32..4, Just(N)], 0..12), 0..6),
            cut in 0usize..6,
        ) {
            let mut pairs = Vec::new();
            for rows in &entities {
                for (i, &from) in rows.iter().enumerate() {
                    let next = rows[i + 1..].iter().find(|to| **to != N);
                    pairs.extend(next.filter(|_| from != N).map(|&to| (from, to)));
                }
            }
            let (left, right) = entities.split_at(cut.min(entities.len()));
            let mut none = Transitions::new(4);
            entities.iter().for_each(|rows| none.run(rows));
            entities.iter().for_each(|rows| none.take_back(rows));
            prop_assert_eq!(none.cells().count(), 0);
            let (mut merged, mut other) = (Transitions::new(2), Transitions::new(4));
            merged.grow(4);
            left.iter().for_each(|rows| merged.run(rows));
            right.iter().for_each(|rows| other.run(rows));
            merged.merge(&other);
            for (from, to) in (0..4).flat_map(|from| (0..4).map(move |to| (from, to))) {
                let expected = pairs.iter().filter(|pair| **pair == (from, to)).count();
                prop_assert_eq!(merged.count(from, to), expected as u64);
            }
            prop_assert_eq!(merged.cells().map(|cell| cell.2).sum::<u64>(), pairs.len() as u64);
        }
    }
}
