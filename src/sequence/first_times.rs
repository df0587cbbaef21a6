//! What an entity's rows say about each of up to 64 conditions at once: when it was first true, how often, and the sum
//! of a value where it was. One pass takes the place of a filtered aggregate per condition.
//!
//! Bit `k` of a row's conditions is condition `k`, counted from 0, false where it is NULL. The answer for condition `k`
//! goes to element `k` of the caller's slice, whose length is the number of conditions; bits beyond it are ignored. A
//! value that is NULL does not count: the caller clears the bit of its row.

use crate::stats::sum::Sum;

/// Sets `first[k]` to the time of the first row that satisfies condition `k` and returns the conditions that some row
/// satisfies; the elements of the others stay as they were.
///
/// Times ascend, so the first row is the earliest, and rows at one time give the same answer in any order. Rows after
/// the one that satisfies the last condition missing are not read.
pub fn first_times(times: &[i64], conditions: &[u64], first: &mut [i64]) -> u64 {
    let asked = lowest_bits(first.len());
    let mut met = 0;
    for (&time, &conditions) in times.iter().zip(conditions) {
        let news = conditions & asked & !met;
        if news != 0 {
            for_each_bit(news, |k| first[k] = time);
            met |= news;
            if met == asked {
                break;
            }
        }
    }
    met
}

/// Adds 1 to `counts[k]` for each row that satisfies condition `k`.
pub fn counts(conditions: &[u64], counts: &mut [u64]) {
    let asked = lowest_bits(counts.len());
    for &conditions in conditions {
        for_each_bit(conditions & asked, |k| counts[k] += 1);
    }
}

/// Adds to `sums[k]` the value of each row that satisfies condition `k`, and their number.
pub fn sums(values: &[f64], conditions: &[u64], sums: &mut [Sum]) {
    let asked = lowest_bits(sums.len());
    for (&value, &conditions) in values.iter().zip(conditions) {
        for_each_bit(conditions & asked, |k| sums[k].insert(value));
    }
}

fn lowest_bits(n: usize) -> u64 {
    if n < 64 { (1 << n) - 1 } else { u64::MAX }
}

#[inline]
fn for_each_bit(mut bits: u64, mut act: impl FnMut(usize)) {
    while bits != 0 {
        act(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_condition_never_true_is_not_met() {
        let mut first = [7; 3];
        assert_eq!(first_times(&[10, 10, 20], &[0b001, 0b100, 0b101], &mut first), 0b101);
        assert_eq!(first, [10, 7, 10]);
        assert_eq!(first_times(&[], &[], &mut first), 0);
    }

    #[test]
    fn an_amount_and_its_refund_leave_the_others() {
        let mut answer = [Sum::default(); 2];
        sums(&[1e17, 0.5, -1e17, 2.0], &[0b01, 0b11, 0b01, 0b10], &mut answer);
        assert_eq!(answer.map(|sum| sum.value()), [Some(0.5), Some(2.5)]);
        assert_eq!(answer.map(|sum| sum.n), [3, 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// A filtered aggregate per condition, which is what the pass stands for.
        #[test]
        fn each_condition_is_as_if_asked_alone(
            mut rows in prop::collection::vec((0i64..20, any::<u64>(), any::<u64>(), -50i32..50), 0..40),
            asked in 0usize..=64,
        ) {
            rows.sort_by_key(|row| row.0);
            let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
            let conditions: Vec<u64> = rows.iter().map(|row| row.1 & row.2).collect();
            let values: Vec<f64> = rows.iter().map(|row| f64::from(row.3) / 8.0).collect();
            let (mut first, mut count, mut sum) = (vec![0; asked], vec![0; asked], vec![Sum::default(); asked]);
            let met = first_times(&times, &conditions, &mut first);
            counts(&conditions, &mut count);
            sums(&values, &conditions, &mut sum);
            for k in 0..64 {
                let satisfies = |&row: &usize| k < asked && conditions[row] >> k & 1 == 1;
                let holds: Vec<usize> = (0..rows.len()).filter(satisfies).collect();
                prop_assert_eq!(met >> k & 1 == 1, !holds.is_empty());
                if k < asked {
                    let earliest = holds.iter().map(|&row| times[row]).min();
                    prop_assert_eq!(first[k], earliest.unwrap_or(0));
                    prop_assert_eq!(count[k], holds.len() as u64);
                    prop_assert_eq!(sum[k].n, holds.len() as u64);
                    let total = (!holds.is_empty()).then(|| holds.iter().map(|&row| values[row]).sum::<f64>());
                    prop_assert_eq!(sum[k].value(), total);
                }
            }
        }
    }
}
