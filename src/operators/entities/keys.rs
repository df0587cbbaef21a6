//! Where one entity's rows end and the next one's begin: in sorted rows, wherever a key differs from the one before.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray};
use arrow::compute::kernels::cmp::{distinct, not_distinct};
use arrow::datatypes::{Int32Type, Int64Type};

use crate::error::Result;

/// The longest stretches of rows with equal keys, in order; NULL equals NULL.
pub fn runs(keys: &[ArrayRef]) -> Result<Vec<Range<usize>>> {
    let rows = keys.first().map_or(0, |key| key.len());
    let keys = keys.iter().map(Key::of).collect::<Result<Vec<_>>>()?;
    // A byte per pair of neighbours: a loop without branches, which compilers turn into vector code.
    let mut differ = vec![0_u8; rows.saturating_sub(1)];
    keys.iter().for_each(|key| key.mark(&mut differ));
    let mut edges = marked(&differ);
    if keys.iter().any(|key| matches!(key, Key::Codes(..))) {
        // The last key mostly tells.
        edges.retain(|pair| keys.iter().rev().any(|key| key.differs(*pair as usize)));
    }
    let starts = std::iter::once(0).chain(edges.iter().map(|pair| *pair as usize + 1));
    let ends = edges.iter().map(|pair| *pair as usize + 1).chain([rows]);
    Ok(starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect())
}

/// The stretches of two rows and more with equal keys at one time, in order.
pub fn ties(keys: &[ArrayRef], times: &[i64]) -> Result<Vec<Range<usize>>> {
    let mut pairs = equal_neighbours(times);
    if pairs.is_empty() {
        return Ok(vec![]);
    }
    let keys = keys.iter().map(Key::of).collect::<Result<Vec<_>>>()?;
    pairs.retain(|pair| !keys.iter().any(|key| key.differs(*pair as usize)));
    let mut ties: Vec<Range<usize>> = vec![];
    for pair in pairs.into_iter().map(|pair| pair as usize) {
        match ties.last_mut().filter(|tie| tie.end == pair + 1) {
            Some(tie) => tie.end = pair + 2,
            None => ties.push(pair..pair + 2),
        }
    }
    Ok(ties)
}

/// The pairs of neighbours that are equal, by the first of the two.
pub fn equal_neighbours(numbers: &[i64]) -> Vec<u32> {
    let next = numbers.iter().skip(1);
    let equal: Vec<u8> = numbers.iter().zip(next).map(|(one, next)| u8::from(one == next)).collect();
    marked(&equal)
}

/// Whether a row equals the first row of others; NULL equals NULL.
pub fn same(one: &[ArrayRef], others: &[ArrayRef]) -> Result<bool> {
    for (one, other) in one.iter().zip(others) {
        if !not_distinct(one, &other.slice(0, 1))?.value(0) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One key of rows, as its neighbours are compared.
enum Key<'a> {
    Numbers(&'a [i64]),
    /// Equal codes are equal values; different ones mostly are not, but a dictionary may hold a value twice.
    Codes(&'a [i32], &'a StringViewArray),
    /// Whether neighbours differ.
    Compared(BooleanArray),
}

impl<'a> Key<'a> {
    fn of(key: &'a ArrayRef) -> Result<Self> {
        if let Some(numbers) = key.as_primitive_opt::<Int64Type>().filter(|numbers| numbers.null_count() == 0) {
            return Ok(Self::Numbers(numbers.values()));
        }
        if let Some(codes) = key.as_dictionary_opt::<Int32Type>()
            && let Some(values) = codes.values().as_string_view_opt()
            && codes.null_count() + values.null_count() == 0
        {
            return Ok(Self::Codes(codes.keys().values(), values));
        }
        let pairs = key.len().saturating_sub(1);
        let next = if pairs > 0 { key.slice(1, pairs) } else { key.slice(0, 0) };
        Ok(Self::Compared(distinct(&key.slice(0, pairs), &next)?))
    }

    fn mark(&self, differ: &mut [u8]) {
        match self {
            Self::Numbers(numbers) => mark(numbers, differ),
            Self::Codes(codes, _) => mark(codes, differ),
            Self::Compared(unequal) => unequal.values().set_indices().for_each(|pair| differ[pair] = 1),
        }
    }

    fn differs(&self, pair: usize) -> bool {
        match self {
            Self::Numbers(numbers) => numbers[pair] != numbers[pair + 1],
            Self::Codes(codes, values) => !are_equal(values, codes[pair] as usize, codes[pair + 1] as usize),
            Self::Compared(unequal) => unequal.value(pair),
        }
    }
}

fn mark<N: PartialEq>(numbers: &[N], differ: &mut [u8]) {
    let next = numbers.iter().skip(1);
    differ.iter_mut().zip(numbers.iter().zip(next)).for_each(|(differ, (one, next))| *differ |= u8::from(one != next));
}

/// Where bytes are set; without a branch that a run's length would decide.
fn marked(set: &[u8]) -> Vec<u32> {
    let mut places = vec![0; set.len() + 1];
    let mut count = 0;
    for (place, set) in set.iter().enumerate() {
        places[count] = place as u32;
        count += usize::from(*set);
    }
    places.truncate(count);
    places
}

/// Whether two entries are equal. A view begins with the text's length and its first four bytes, and holds texts of up to
/// twelve bytes whole.
fn are_equal(values: &StringViewArray, one: usize, other: usize) -> bool {
    const WITHIN: u32 = 12;
    let (view, others) = (values.views()[one], values.views()[other]);
    match view as u32 {
        _ if view as u64 != others as u64 => false,
        ..=WITHIN => view == others,
        _ => values.value(one) == values.value(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int32Array, Int64Array};
    use proptest::prelude::*;

    use super::*;

    /// By the definition: a row starts a run if a key is not the one before it.
    fn literal(keys: &[Vec<Option<i64>>]) -> Vec<Range<usize>> {
        let rows = keys[0].len();
        let starts = (0..rows).filter(|row| *row == 0 || keys.iter().any(|key| key[*row] != key[row - 1]));
        let starts: Vec<usize> = starts.collect();
        let end = |run: usize| starts.get(run + 1).copied().unwrap_or(rows);
        starts.iter().enumerate().map(|(run, start)| *start..end(run)).collect()
    }

    fn plain_times(times: &[i64]) -> Vec<Option<i64>> {
        times.iter().copied().map(Some).collect()
    }

    /// As texts, short ones and ones that begin alike, in a dictionary that holds every one of them twice.
    fn as_codes(key: &[Option<i64>]) -> ArrayRef {
        let text = |entry| match entry % 4 {
            short @ 0..2 => format!("value {short}"),
            long => format!("value number {long}"),
        };
        let values: StringViewArray = (0..8).map(|entry| Some(text(entry))).collect();
        let keys = key.iter().enumerate().map(|(row, key)| key.map(|key| key as i32 + 4 * (row % 2) as i32));
        Arc::new(DictionaryArray::try_new(keys.collect::<Int32Array>(), Arc::new(values)).unwrap())
    }

    proptest! {
        #[test]
        fn runs_are_those_of_the_definition(
            rows in prop::collection::vec((0i64..4, prop::option::weighted(0.9, 0i64..4)), 0..200),
            run in 1usize..9,
        ) {
            let long = rows.iter().flat_map(|row| std::iter::repeat_n(*row, run));
            let (one, two): (Vec<Option<i64>>, Vec<Option<i64>>) = long.map(|(one, two)| (Some(one), two)).unzip();
            let plain = |key: &[Option<i64>]| Arc::new(key.iter().copied().collect::<Int64Array>()) as ArrayRef;
            let expected = if one.is_empty() { vec![] } else { literal(&[one.clone(), two.clone()]) };
            let times: Vec<i64> = (0..one.len() as i64).map(|row| row / 3).collect();
            let tied = if one.is_empty() { vec![] } else { literal(&[one.clone(), two.clone(), plain_times(&times)]) };
            let tied: Vec<Range<usize>> = tied.into_iter().filter(|run| run.len() > 1).collect();
            for keys in [[plain(&one), plain(&two)], [as_codes(&one), plain(&two)], [as_codes(&one), as_codes(&two)]] {
                prop_assert_eq!(&runs(&keys).unwrap(), &expected);
                prop_assert_eq!(&ties(&keys, &times).unwrap(), &tied);
            }
        }
    }
}
