//! Matching by bits (Baeza-Yates & Gonnet 1992, "A new approach to text searching"), as if nothing were timed.
//!
//! Bit k says that places 0 to k are filled, the last of them by the row just read or, where any rows may follow, by an
//! earlier one. A row moves every bit one place up, provided that it can fill that place. No branch depends on a row.

use super::syntax::{Gap, Place};

/// A pattern of at most 64 places, without its times: what matches nothing here matches nothing with them either.
#[derive(Debug, Clone)]
pub(super) struct Bits {
    /// By byte of a row's conditions, as far as they matter: for every value of that byte the places it can fill.
    fillable: Vec<[u64; 256]>,
    /// The places that stay filled while other rows pass.
    lasting: u64,
    last: u64,
}

impl Bits {
    /// `None` where there are too many places.
    pub(super) fn new(places: &[Place]) -> Option<Self> {
        if places.len() > 64 {
            return None;
        }
        let bytes = places.iter().filter_map(|place| place.condition).max().map_or(1, |bit| bit as usize / 8 + 1);
        let mut fillable = vec![[0; 256]; bytes];
        for (k, place) in places.iter().enumerate() {
            let (byte, bit) = place.condition.map_or((0, None), |bit| (bit as usize / 8, Some(bit % 8)));
            for (value, fillable) in fillable[byte].iter_mut().enumerate() {
                *fillable |= u64::from(bit.is_none_or(|bit| value >> bit & 1 == 1)) << k;
            }
        }
        let lasts = |k: &usize| places[k + 1].after != Gap::Adjacent;
        let lasting = (0..places.len() - 1).filter(lasts).fold(0, |lasting, k| lasting | 1 << k);
        Some(Self { fillable, lasting, last: 1 << (places.len() - 1) })
    }

    /// Whether there is a match.
    pub(super) fn is_match(&self, conditions: &[u64]) -> bool {
        let mut filled = 0;
        conditions.iter().any(|&row| {
            filled = self.after(filled, row);
            filled & self.last != 0
        })
    }

    /// The number of matches that don't overlap.
    pub(super) fn count(&self, conditions: &[u64]) -> u64 {
        let (mut filled, mut count) = (0, 0);
        for &row in conditions {
            filled = self.after(filled, row);
            let complete = filled & self.last != 0;
            count += u64::from(complete);
            filled = if complete { 0 } else { filled };
        }
        count
    }

    /// What is filled after one more row. A row without a condition changes nothing.
    fn after(&self, filled: u64, row: u64) -> u64 {
        let bytes = self.fillable.iter().zip(row.to_le_bytes());
        let fillable = bytes.fold(0, |places, (table, byte)| places | table[usize::from(byte)]);
        let after = (filled << 1 | 1) & fillable | filled & self.lasting;
        if row == 0 { filled } else { after }
    }
}
