//! Sessions: runs of an entity's rows with no long pause between neighbours.

/// Cuts an entity's rows into sessions: a row more than `gap` after the one before it starts a new one, a row exactly
/// `gap` after belongs to the same. Ties always belong together, unless the gap is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sessions {
    gap: i64,
}

/// One session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Its number within the entity, from 1.
    pub number: u64,
    /// Its first row.
    pub start: usize,
    /// Its last row.
    pub end: usize,
}

impl Sessions {
    /// Sessions with pauses of at most `gap`, in the unit of the times.
    pub fn new(gap: i64) -> Self {
        Self { gap }
    }

    /// The sessions of one entity, in order; its times ascend.
    pub fn run(self, times: &[i64]) -> impl Iterator<Item = Session> {
        let mut start = 0;
        times.chunk_by(move |before, after| after.saturating_sub(*before) <= self.gap).zip(1..).map(
            move |(rows, number)| {
                let session = Session { number, start, end: start + rows.len() - 1 };
                start += rows.len();
                session
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sessions(gap: i64, times: &[i64]) -> Vec<(u64, usize, usize)> {
        Sessions::new(gap).run(times).map(|session| (session.number, session.start, session.end)).collect()
    }

    #[test]
    fn a_longer_pause_starts_another() {
        assert_eq!(sessions(30, &[0, 30, 60, 91, 91, 200]), [(1, 0, 2), (2, 3, 4), (3, 5, 5)]);
        assert_eq!(sessions(0, &[1, 1, 2]), [(1, 0, 1), (2, 2, 2)]);
        assert_eq!(sessions(-1, &[1, 1]), [(1, 0, 0), (2, 1, 1)]);
        assert_eq!(sessions(30, &[]), []);
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        assert_eq!(sessions(5, &[i64::MIN, i64::MAX]), [(1, 0, 0), (2, 1, 1)]);
        assert_eq!(sessions(i64::MAX, &[i64::MIN, i64::MAX]), [(1, 0, 1)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// A row's number is one more than the number of long pauses before it.
        #[test]
        fn equals_the_definition(mut times in prop::collection::vec(0i64..20, 0..12), gap in -1i64..8) {
            times.sort_unstable();
            let pauses = |row: usize| times[..=row].windows(2).filter(|pair| pair[1] - pair[0] > gap).count() as u64;
            let found = sessions(gap, &times);
            prop_assert_eq!(found.iter().map(|session| session.2 + 1 - session.1).sum::<usize>(), times.len());
            for row in 0..times.len() {
                let holding: Vec<_> = found.iter().filter(|session| (session.1..=session.2).contains(&row)).collect();
                prop_assert_eq!(holding.len(), 1);
                prop_assert_eq!(holding[0].0, pauses(row) + 1);
            }
        }
    }
}
