//! Retention: which conditions were met after the first condition first was.

use super::events::Events;

/// What retention needs to know of an entity: when condition 1 was first met, and every other one last. Rows may come
/// in any order and from several places.
///
/// Element 1 of the answer says whether condition 1 was met, element k whether condition k was met at a time strictly
/// after condition 1 first was: at the same time is not after. (ClickHouse's `retention` asks only that both were met,
/// whenever.) Without condition 1 every element is false.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retention {
    /// The first time of condition 1.
    pub first: Option<i64>,
    /// By condition, its last time; the earliest time there is, which is after no other, where it was never met. As long
    /// as the conditions met so far need.
    pub last: Vec<i64>,
}

impl Retention {
    /// Adds a row and the conditions it satisfies: bit k-1 is condition k. Costs a few instructions for each.
    pub fn insert(&mut self, time: i64, conditions: u64) {
        self.reach(u64::BITS as usize - conditions.leading_zeros() as usize);
        if conditions & 1 == 1 {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
        }
        let mut met = conditions;
        while met != 0 {
            let last = &mut self.last[met.trailing_zeros() as usize];
            *last = time.max(*last);
            met &= met - 1;
        }
    }

    /// Adds another's rows, over the same conditions.
    pub fn merge(&mut self, other: &Self) {
        self.reach(other.last.len());
        self.first = [self.first, other.first].into_iter().flatten().min();
        for (last, other) in self.last.iter_mut().zip(&other.last) {
            *last = (*last).max(*other);
        }
    }

    /// The elements of the answer as bits: bit k-1 is element k.
    pub fn finish(&self) -> u64 {
        let Some(first) = self.first else { return 0 };
        let later = self.last.iter().enumerate().skip(1).filter(|(_, last)| **last > first);
        later.fold(1, |elements, (k, _)| elements | 1 << k)
    }

    fn reach(&mut self, conditions: usize) {
        if conditions > self.last.len() {
            self.last.resize(conditions, i64::MIN);
        }
    }
}

/// The same of an entity whose rows are all at hand and ascend in time, without a state. One pass, no branches.
pub fn retention(events: Events<'_>) -> u64 {
    let (mut first, mut met) = (i64::MAX, 0);
    for (&time, &conditions) in events.times.iter().zip(events.conditions) {
        met |= conditions & if time > first { u64::MAX } else { 1 };
        first = if conditions & 1 == 1 { first.min(time) } else { first };
    }
    met
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: element k asks for a row of condition k after the first of condition 1.
    fn naive(rows: &[(i64, u64)], conditions: usize) -> u64 {
        let times = |k: usize| rows.iter().filter(move |row| row.1 >> k & 1 == 1).map(|row| row.0);
        let Some(first) = times(0).min() else { return 0 };
        let element = |k: usize| k == 0 || times(k).any(|time| time > first);
        (0..conditions).filter(|&k| element(k)).map(|k| 1 << k).sum()
    }

    fn state(rows: &[(i64, u64)]) -> Retention {
        let mut state = Retention::default();
        rows.iter().for_each(|&(time, conditions)| state.insert(time, conditions));
        state
    }

    #[test]
    fn order_matters() {
        // b@1 a@2, where ClickHouse answers [1, 1].
        assert_eq!(state(&[(1, 0b10), (2, 0b01)]).finish(), 0b01);
        assert_eq!(state(&[(1, 0b01), (2, 0b10)]).finish(), 0b11);
        assert_eq!(state(&[(1, 0b01), (1, 0b10)]).finish(), 0b01);
        assert_eq!(state(&[(1, 0b01), (1, 0b10), (5, 0b11)]).finish(), 0b11);
        assert_eq!(state(&[(1, 0b10), (2, 0b100)]).finish(), 0);
        assert_eq!(state(&[]).finish(), 0);
    }

    #[test]
    fn the_ends_of_time_are_times() {
        assert_eq!(state(&[(i64::MAX, 0b01), (i64::MIN, 0b10)]).finish(), 0b01);
        assert_eq!(state(&[(i64::MIN, 0b01), (i64::MAX, 0b10)]).finish(), 0b11);
        assert_eq!(state(&[(i64::MIN, 0b11)]).finish(), 0b01);
        assert_eq!(state(&[(0, 1 << 63 | 1), (1, 1 << 63)]).finish(), 1 << 63 | 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn equals_the_definition(rows in prop::collection::vec((0i64..6, 0u64..16), 0..12), cut in 0usize..12) {
            let expected = naive(&rows, 4);
            let (left, right) = rows.split_at(cut.min(rows.len()));
            let mut merged = state(left);
            merged.merge(&state(right));
            prop_assert_eq!(merged.finish(), expected);
            prop_assert_eq!(&merged, &state(&rows));
            let mut sorted = rows.clone();
            sorted.sort_by_key(|row| row.0);
            let (times, conditions): (Vec<_>, Vec<_>) = sorted.into_iter().unzip();
            prop_assert_eq!(retention(Events { times: &times, conditions: &conditions }), expected);
        }
    }
}
