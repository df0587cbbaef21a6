//! Where one entity's rows end and the next one's begin: in sorted rows, wherever a key differs from the one before.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringViewArray};
use arrow::compute::kernels::cmp::{distinct, not_distinct};
use arrow::datatypes::{Int32Type, Int64Type};

use crate::error::Result;

/// The longest stretches of rows with equal keys, in order; NULL equals NULL.
pub fn runs(keys: &[ArrayRef]) -> Result<Vec<Range<usize>>> {
    let rows = keys.first().map_or(0, |key| key.len());
    // A byte per pair of neighbours: loops without branches, which compilers turn into vector code.
    let mut differ = vec![0_u8; rows.saturating_sub(1)];
    for key in keys {
        match (key.as_dictionary_opt::<Int32Type>(), key.as_primitive_opt::<Int64Type>()) {
            (Some(codes), _) if codes.null_count() == 0 && codes.values().null_count() == 0 => {
                of_codes(codes, &mut differ)?
            }
            (_, Some(numbers)) if numbers.null_count() == 0 => of_numbers(numbers.values(), &mut differ),
            _ => of_any(key, &mut differ)?,
        }
    }
    Ok(cut(&differ, rows))
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

fn of_numbers<N: PartialEq>(numbers: &[N], differ: &mut [u8]) {
    let next = numbers.iter().skip(1);
    differ.iter_mut().zip(numbers.iter().zip(next)).for_each(|(differ, (one, next))| *differ |= u8::from(one != next));
}

/// Equal codes are equal values; different ones mostly are not, but a dictionary may hold a value twice.
fn of_codes(codes: &DictionaryArray<Int32Type>, differ: &mut [u8]) -> Result<()> {
    let keys = codes.keys().values();
    let Some(values) = codes.values().as_string_view_opt() else {
        return of_any(&(std::sync::Arc::new(codes.clone()) as ArrayRef), differ);
    };
    let mut changes = vec![0_u8; differ.len()];
    of_numbers(keys, &mut changes);
    each_edge(&changes, |pair| {
        if differ[pair] == 0 && !are_equal(values, keys[pair], keys[pair + 1]) {
            differ[pair] = 1;
        }
    });
    Ok(())
}

fn are_equal(values: &StringViewArray, one: i32, other: i32) -> bool {
    values.value(one as usize) == values.value(other as usize)
}

fn of_any(key: &ArrayRef, differ: &mut [u8]) -> Result<()> {
    let pairs = differ.len();
    if pairs > 0 {
        let unequal = distinct(&key.slice(0, pairs), &key.slice(1, pairs))?;
        unequal.values().set_indices().for_each(|pair| differ[pair] = 1);
    }
    Ok(())
}

/// The stretches between pairs that differ.
fn cut(differ: &[u8], rows: usize) -> Vec<Range<usize>> {
    let mut runs = Vec::with_capacity(rows / 8);
    let mut start = 0;
    each_edge(differ, |pair| {
        runs.push(start..pair + 1);
        start = pair + 1;
    });
    if start < rows {
        runs.push(start..rows);
    }
    runs
}

/// Calls for each pair that differs, in order.
#[inline(always)]
fn each_edge(differ: &[u8], mut edge: impl FnMut(usize)) {
    let (blocks, rest) = differ.as_chunks::<8>();
    for (block, pairs) in blocks.iter().enumerate() {
        let mut set = u64::from_le_bytes(*pairs);
        while set != 0 {
            edge(block * 8 + set.trailing_zeros() as usize / 8);
            set &= set - 1;
        }
    }
    for (at, _) in rest.iter().enumerate().filter(|(_, differs)| **differs != 0) {
        edge(blocks.len() * 8 + at);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::array::{Int32Array, Int64Array};
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

    /// As texts in a dictionary that holds every one of them twice.
    fn as_codes(key: &[Option<i64>]) -> ArrayRef {
        let values: StringViewArray = (0..8).map(|entry| Some(format!("value number {}", entry % 4))).collect();
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
            for keys in [[plain(&one), plain(&two)], [as_codes(&one), plain(&two)], [as_codes(&one), as_codes(&two)]] {
                prop_assert_eq!(&runs(&keys).unwrap(), &expected);
            }
        }
    }
}
