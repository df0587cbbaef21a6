//! Where one entity's rows end and the next one's begin, in rows sorted by entity.
//!
//! A run is a longest stretch of neighbours with equal keys. The keys of one batch say nothing of the next: whoever
//! feeds batches joins the last run of one with the first run of the next where their keys are equal.
//!
//! Neighbours are compared 64 at a time into a mask, a bit per pair that differs. The comparisons have no branch, so
//! runs of unforeseeable length cost one misprediction at most, not one per row.

use std::iter::FusedIterator;
use std::ops::Range;

/// Pairs of neighbours compared at once: the bits of a mask.
const BLOCK: usize = 64;

/// The runs of equal keys: ids or dictionary codes. A key unequal to itself (NaN) is a run of its own.
pub fn runs<K: PartialEq + Copy>(keys: &[K]) -> Runs<impl FnMut(usize, usize) -> bool> {
    runs_by(keys.len(), |row, next| keys[row] == keys[next])
}

/// The runs of `rows` rows, of which `same(i, i + 1)` says whether two neighbours have equal keys: for byte strings and
/// for keys of several columns. It is asked once per pair, in order.
pub fn runs_by<S: FnMut(usize, usize) -> bool>(rows: usize, same: S) -> Runs<S> {
    let mut runs = Runs { rows, start: 0, block: 0, edges: 0, same };
    runs.edges = runs.edges_of(0);
    runs
}

/// Iterator over runs: ranges of rows, contiguous, in order, none empty.
#[derive(Debug, Clone)]
pub struct Runs<S> {
    rows: usize,
    /// First row of the run being cut.
    start: usize,
    /// First pair of the block being read; pair i is rows i and i + 1.
    block: usize,
    /// The pairs of the block that differ and have not been used yet.
    edges: u64,
    same: S,
}

impl<S: FnMut(usize, usize) -> bool> Runs<S> {
    /// Which pairs of the block differ, the first as the lowest bit.
    #[inline]
    fn edges_of(&mut self, block: usize) -> u64 {
        let pairs = BLOCK.min(self.rows.saturating_sub(block + 1));
        (0..pairs).fold(0, |edges, pair| {
            let row = block + pair;
            edges | u64::from(!(self.same)(row, row + 1)) << pair
        })
    }
}

impl<S: FnMut(usize, usize) -> bool> Iterator for Runs<S> {
    type Item = Range<usize>;

    #[inline]
    fn next(&mut self) -> Option<Range<usize>> {
        while self.edges == 0 {
            self.block += BLOCK;
            if self.block + 1 >= self.rows {
                let run = self.start..self.rows;
                self.start = self.rows;
                return (!run.is_empty()).then_some(run);
            }
            self.edges = self.edges_of(self.block);
        }
        let end = self.block + self.edges.trailing_zeros() as usize + 1;
        self.edges &= self.edges - 1;
        let run = self.start..end;
        self.start = end;
        Some(run)
    }
}

impl<S: FnMut(usize, usize) -> bool> FusedIterator for Runs<S> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs by the definition: a row starts one if its key is not the key before it.
    fn literal<K: PartialEq>(keys: &[K]) -> Vec<Range<usize>> {
        let starts: Vec<usize> = (0..keys.len()).filter(|&row| row == 0 || keys[row] != keys[row - 1]).collect();
        let end = |run: usize| starts.get(run + 1).copied().unwrap_or(keys.len());
        starts.iter().enumerate().map(|(run, &start)| start..end(run)).collect()
    }

    #[test]
    fn edges_of_blocks_and_of_the_input_are_seen() {
        for rows in 0..300 {
            for edge in 0..=rows {
                let keys: Vec<u32> = (0..rows).map(|row| u32::from(row >= edge)).collect();
                assert_eq!(runs(&keys).collect::<Vec<_>>(), literal(&keys), "{rows} rows, edge at {edge}");
            }
        }
    }

    #[test]
    fn all_equal_is_one_run_and_all_different_are_single_rows() {
        assert!(runs(&[7i64; 200]).eq(std::iter::once(0..200)));
        let different: Vec<i64> = (0..200).collect();
        assert!(runs(&different).eq((0..200).map(|row| row..row + 1)));
    }

    #[test]
    fn byte_strings_are_compared_once_per_pair() {
        let keys = [b"ab".as_slice(), b"ab", b"a", b"", b"", b"c"];
        let mut asked = Vec::new();
        let found: Vec<_> = runs_by(keys.len(), |row, next| {
            asked.push((row, next));
            keys[row] == keys[next]
        })
        .collect();
        assert_eq!(found, [0..2, 2..3, 3..5, 5..6]);
        assert_eq!(asked, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
    }

    #[test]
    fn after_the_end_there_is_nothing_more() {
        let mut runs = runs(&[1u32, 1, 2]);
        assert_eq!(runs.by_ref().count(), 2);
        assert_eq!((runs.next(), runs.next()), (None, None));
    }

    proptest! {
        #[test]
        fn runs_are_those_of_the_definition(lengths in prop::collection::vec(1usize..100, 0..40), distinct in 1i64..4) {
            let run = |(key, &length): (usize, &usize)| std::iter::repeat_n(key as i64 % distinct, length);
            let keys: Vec<i64> = lengths.iter().enumerate().flat_map(run).collect();
            prop_assert_eq!(runs(&keys).collect::<Vec<_>>(), literal(&keys));
        }
    }
}
