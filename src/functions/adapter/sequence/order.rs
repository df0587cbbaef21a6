//! Puts the rows of a group into the order of time.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::array::{DynComparator, make_comparator};
use arrow::compute::SortOptions;

use super::rows::Rows;
use crate::error::Result;

/// The rows of one group: by time, then by mask, then by value.
#[derive(Debug, Clone, Copy)]
pub(in crate::functions) struct Ordered<'a> {
    pub times: &'a [i64],
    /// Bit k-1 is condition k.
    pub masks: &'a [u64],
    /// The number of each row among all rows, by which its value is found.
    pub numbers: &'a [u64],
}

/// Sorts one group after the other, in the same memory.
pub(super) struct Sorter<'r> {
    rows: &'r Rows,
    compare: DynComparator,
    sorted: Vec<(i64, u64, u64)>,
    times: Vec<i64>,
    masks: Vec<u64>,
    numbers: Vec<u64>,
}

impl<'r> Sorter<'r> {
    /// A sorter of these rows, which have these values, or none.
    pub fn new(rows: &'r Rows, values: &ArrayRef) -> Result<Self> {
        let compare: DynComparator = match values.is_empty() {
            true => Box::new(|_, _| Ordering::Equal),
            false => make_comparator(values, values, SortOptions::default())?,
        };
        let (sorted, times, masks, numbers) = Default::default();
        Ok(Self { rows, compare, sorted, times, masks, numbers })
    }

    /// The rows with these numbers in order.
    pub fn sort(&mut self, numbers: impl Iterator<Item = usize>) -> Ordered<'_> {
        let Self { rows, compare, sorted, times, masks, numbers: order } = self;
        sorted.clear();
        sorted.extend(numbers.map(|row| (rows.times[row], rows.masks[row], row as u64)));
        sorted.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| compare(a.2 as usize, b.2 as usize)));
        times.clear();
        masks.clear();
        order.clear();
        times.extend(sorted.iter().map(|row| row.0));
        masks.extend(sorted.iter().map(|row| row.1));
        order.extend(sorted.iter().map(|row| row.2));
        Ordered { times, masks, numbers: order }
    }
}
