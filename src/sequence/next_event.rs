//! What comes after a chain of conditions, or before it: ClickHouse's `sequenceNextNode`.

/// The row next to a chain of conditions.
///
/// A chain is a base row that satisfies condition 1, whose neighbour satisfies condition 2, and so on over N rows,
/// going forward or backward in time. The answer is the neighbour of the last of them. No row is dropped, whatever it
/// satisfies, and ties stand in the caller's order.
///
/// Which chain: the first candidate for the base, in the order [`Base`] says, from which the whole chain is there.
/// (ClickHouse takes the first row that satisfies condition 1 and gives up if its chain breaks.) That chain alone
/// decides: where it runs to the end of the rows nothing is next, and no other is tried, for what follows the last
/// visit to a page is often nothing.
///
/// One look per candidate, N at most: O(n) in practice, O(n N) for n rows at worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextEvent {
    /// Which way the chain and its next row go.
    pub direction: Direction,
    /// Which rows may be the base, and in which order.
    pub base: Base,
    /// How many conditions the chain has: bits 0 to `chain - 1`, 64 at most. Of a chain of none the base itself is
    /// next.
    pub chain: usize,
    /// Bits that a base must have besides; 0 for none.
    pub required: u64,
}

/// Which way a chain goes from its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To later rows: the answer is what happened next.
    Forward,
    /// To earlier rows: the answer is what happened before.
    Backward,
}

/// Which rows may be the base of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The first row only. Going backward nothing is before it, and ClickHouse refuses the combination.
    Head,
    /// The last row only. Going forward nothing is after it, and ClickHouse refuses the combination.
    Tail,
    /// Every row, from the first on.
    FirstMatch,
    /// Every row, from the last back.
    LastMatch,
}

impl NextEvent {
    /// The index of the next row; `None` where there is no chain, or nothing next to it.
    pub fn run(&self, conditions: &[u64]) -> Option<usize> {
        let mut bases = 0..conditions.len();
        let begins = |&base: &usize| self.begins(conditions, base);
        let base = match self.base {
            Base::Head => bases.next().filter(begins),
            Base::Tail => bases.next_back().filter(begins),
            Base::FirstMatch => bases.find(begins),
            Base::LastMatch => bases.rfind(begins),
        }?;
        self.row(base, self.chain).filter(|&next| next < conditions.len())
    }

    /// Whether a row is the base of a chain.
    fn begins(&self, conditions: &[u64], base: usize) -> bool {
        let satisfies =
            |k: usize| self.row(base, k).and_then(|row| conditions.get(row)).is_some_and(|row| row >> k & 1 == 1);
        conditions[base] & self.required == self.required && (0..self.chain).all(satisfies)
    }

    /// The row `steps` rows from the base; none before the first.
    fn row(&self, base: usize, steps: usize) -> Option<usize> {
        match self.direction {
            Direction::Forward => base.checked_add(steps),
            Direction::Backward => base.checked_sub(steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Base::*;
    use Direction::*;

    /// Runs over rows written as letters, with one condition for each letter of the chain and a last one, required of
    /// the base, for the capital letters. Gives the letter next to the chain.
    fn next(rows: &str, direction: Direction, base: Base, chain: &str, capitals: bool) -> Option<char> {
        let conditions = |row: char| {
            let met = chain.chars().map(|letter| letter == row.to_ascii_lowercase()).chain([row.is_uppercase()]);
            met.enumerate().map(|(k, met)| u64::from(met) << k).sum()
        };
        let conditions: Vec<u64> = rows.chars().map(conditions).collect();
        let required = u64::from(capitals) << chain.len();
        let kernel = NextEvent { direction, base, chain: chain.len(), required };
        kernel.run(&conditions).and_then(|row| rows.chars().nth(row))
    }

    #[test]
    fn every_base_and_direction() {
        let rows = "abcabd";
        assert_eq!(next(rows, Forward, Head, "ab", false), Some('c'));
        assert_eq!(next(rows, Forward, Head, "b", false), None);
        assert_eq!(next(rows, Forward, FirstMatch, "ab", false), Some('c'));
        assert_eq!(next(rows, Forward, LastMatch, "ab", false), Some('d'));
        assert_eq!(next(rows, Backward, Tail, "db", false), Some('a'));
        assert_eq!(next(rows, Backward, Tail, "b", false), None);
        assert_eq!(next(rows, Backward, FirstMatch, "ba", false), None);
        assert_eq!(next(rows, Backward, LastMatch, "ba", false), Some('c'));
        assert_eq!(next(rows, Backward, Head, "a", false), None);
        assert_eq!(next(rows, Forward, Tail, "d", false), None);
    }

    /// The example of ClickHouse's documentation: what follows b, c in a, b, c, e, f.
    #[test]
    fn what_follows_a_chain() {
        assert_eq!(next("abcef", Forward, FirstMatch, "bc", false), Some('e'));
    }

    #[test]
    fn a_broken_chain_is_tried_again_at_the_next_candidate() {
        assert_eq!(next("axabc", Forward, FirstMatch, "ab", false), Some('c'));
        assert_eq!(next("abcax", Forward, LastMatch, "ab", false), Some('c'));
        assert_eq!(next("aabx", Forward, FirstMatch, "ab", false), Some('x'));
        assert_eq!(next("axabc", Forward, Head, "ab", false), None);
    }

    #[test]
    fn nothing_follows_the_last_row() {
        assert_eq!(next("abcab", Forward, LastMatch, "ab", false), None);
        assert_eq!(next("ab", Forward, FirstMatch, "ab", false), None);
        assert_eq!(next("", Forward, FirstMatch, "ab", false), None);
        assert_eq!(next("", Backward, Tail, "", false), None);
    }

    #[test]
    fn a_base_can_be_required_more_of() {
        assert_eq!(next("abcAbd", Forward, FirstMatch, "ab", true), Some('d'));
        assert_eq!(next("AbcAbd", Forward, FirstMatch, "ab", true), Some('c'));
        assert_eq!(next("abcAbd", Forward, Head, "ab", true), None);
        assert_eq!(next("xAyb", Forward, FirstMatch, "", true), Some('A'));
    }

    /// Every way to lay the chain over the rows, written out; then the first or the last base of those that fit.
    fn naive(kernel: NextEvent, conditions: &[u64]) -> Option<usize> {
        let n = conditions.len() as i64;
        let step = if kernel.direction == Forward { 1 } else { -1 };
        let row = |at: i64| if (0..n).contains(&at) { conditions[at as usize] } else { 0 };
        let fits = |base: i64| {
            row(base) & kernel.required == kernel.required
                && (0..kernel.chain as i64).all(|k| row(base + step * k) & 1 << k != 0)
        };
        let bases: Vec<i64> = (0..n).filter(|&base| fits(base)).collect();
        let base = match kernel.base {
            Head => bases.iter().find(|base| **base == 0),
            Tail => bases.iter().find(|base| **base == n - 1),
            FirstMatch => bases.iter().min(),
            LastMatch => bases.iter().max(),
        }?;
        let next = base + step * kernel.chain as i64;
        (0..n).contains(&next).then_some(next as usize)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn equals_the_definition(
            conditions in prop::collection::vec(0u64..16, 0..10),
            direction in prop::sample::select(vec![Forward, Backward]),
            base in prop::sample::select(vec![Head, Tail, FirstMatch, LastMatch]),
            chain in 0usize..4,
            required in prop::sample::select(vec![0u64, 8]),
        ) {
            let kernel = NextEvent { direction, base, chain, required };
            prop_assert_eq!(kernel.run(&conditions), naive(kernel, &conditions));
        }
    }
}
