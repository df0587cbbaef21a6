//! Retention by cohort: in which periods after its first start an entity came back.

use super::events::Events;

/// Finds an entity's cohort and the ages at which it returned.
///
/// The cohort is the period of the first row that starts; an age is the number of periods from there to a row that
/// returns. A return is strictly later than the first start, as in [`retention`](super::retention): the start itself is
/// no return, nor is a row at the same time. So age 0 is a return within the period of the start, and where every row
/// both starts and returns, it says whether there was a second one. Whether a cohort's age is complete is for the
/// caller to say. Costs O(n).
#[derive(Debug, Clone)]
pub struct Cohorts {
    start: u64,
    returned: u64,
    ages: Vec<u64>,
}

/// When an entity started and came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cohort<'a> {
    /// The period of its first start.
    pub period: i64,
    /// The ages at which it returned, in periods, each once, ascending.
    pub ages: &'a [u64],
}

impl Cohorts {
    /// Cohorts whose entities start with a row that has any of the bits `start`, and return with one that has any of
    /// the bits `returned`.
    pub fn new(start: u64, returned: u64) -> Self {
        Self { start, returned, ages: Vec::new() }
    }

    /// The cohort of one entity; `None` where it never starts. `periods` numbers the period of each row and ascends
    /// with the times.
    pub fn run(&mut self, events: Events<'_>, periods: &[i64]) -> Option<Cohort<'_>> {
        let start = events.conditions.iter().position(|conditions| conditions & self.start != 0)?;
        let (time, period) = (events.times[start], periods[start]);
        // Every row writes its age, and those that bring a new one move on: no branch depends on a row.
        self.ages.resize(self.ages.len().max(periods.len()), 0);
        let (mut found, mut latest) = (0, None);
        let rows = start + 1..periods.len();
        let later = events.times[rows.clone()].iter().zip(&events.conditions[rows.clone()]).zip(&periods[rows]);
        for ((&at, &conditions), returned) in later {
            let age = returned.abs_diff(period);
            let new = (at > time) & (conditions & self.returned != 0) & (latest != Some(age));
            self.ages[found] = age;
            found += usize::from(new);
            latest = if new { Some(age) } else { latest };
        }
        Some(Cohort { period, ages: &self.ages[..found] })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Rows as time, period and conditions; start is bit 1, return bit 2.
    fn cohort(rows: &[(i64, i64, u64)]) -> Option<(i64, Vec<u64>)> {
        let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let periods: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let conditions: Vec<u64> = rows.iter().map(|row| row.2).collect();
        let events = Events { times: &times, conditions: &conditions };
        Cohorts::new(1, 2).run(events, &periods).map(|cohort| (cohort.period, cohort.ages.to_vec()))
    }

    #[test]
    fn ages_count_from_the_first_start() {
        let rows = [(1, 7, 2), (2, 7, 1), (3, 7, 2), (4, 8, 1), (5, 9, 2), (6, 9, 2), (7, 12, 3)];
        assert_eq!(cohort(&rows), Some((7, vec![0, 2, 5])));
    }

    #[test]
    fn the_start_is_no_return() {
        assert_eq!(cohort(&[(1, 7, 3)]), Some((7, vec![])));
        assert_eq!(cohort(&[(1, 7, 3), (1, 7, 2)]), Some((7, vec![])));
        assert_eq!(cohort(&[(1, 7, 3), (2, 7, 3)]), Some((7, vec![0])));
    }

    #[test]
    fn without_a_start_there_is_no_cohort() {
        assert_eq!(cohort(&[(1, 7, 2), (2, 8, 2)]), None);
        assert_eq!(cohort(&[]), None);
    }

    #[test]
    fn the_ends_of_the_number_range() {
        let rows = [(i64::MIN, i64::MIN, 1), (i64::MAX, i64::MAX, 2)];
        assert_eq!(cohort(&rows), Some((i64::MIN, vec![u64::MAX])));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn equals_the_definition(mut rows in prop::collection::vec((-9i64..9, 0u64..4), 0..12), width in 1i64..4) {
            rows.sort_by_key(|row| row.0);
            let rows: Vec<(i64, i64, u64)> = rows.iter().map(|row| (row.0, row.0.div_euclid(width), row.1)).collect();
            let start = rows.iter().filter(|row| row.2 & 1 != 0).map(|row| row.0).min();
            let expected = start.map(|start| {
                let returns = rows.iter().filter(|row| row.2 & 2 != 0 && row.0 > start);
                let ages: BTreeSet<i64> = returns.map(|row| row.1 - start.div_euclid(width)).collect();
                (start.div_euclid(width), ages.into_iter().map(|age| age as u64).collect::<Vec<_>>())
            });
            prop_assert_eq!(cohort(&rows), expected);
        }
    }
}
