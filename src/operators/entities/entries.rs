//! What holds of a dictionary's entries, computed once for all batches that share it: those of one file do.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, DictionaryArray, Int32Array};
use arrow::datatypes::{Int32Type, Schema};
use arrow::record_batch::RecordBatch;

use crate::error::Result;

/// Dictionaries remembered: partitions that read different files share an expression.
const REMEMBERED: usize = 16;

/// The last dictionaries and what holds of them, the newest first.
#[derive(Debug)]
pub(super) struct Entries<T> {
    last: VecDeque<(ArrayData, T)>,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { last: VecDeque::new() }
    }
}

impl<T: Clone> Entries<T> {
    /// What is computed from a batch of one column, with a row for each entry and a last one for NULL. `index` is the
    /// dictionary's column in the schema.
    pub fn of(
        &mut self,
        dictionary: &DictionaryArray<Int32Type>,
        schema: &Schema,
        index: usize,
        compute: impl FnOnce(&RecordBatch) -> Result<T>,
    ) -> Result<T> {
        let values = dictionary.values().to_data();
        if let Some((_, known)) = self.last.iter().find(|(last, _)| last.ptr_eq(&values)) {
            return Ok(known.clone());
        }
        let keys: Int32Array = (0..values.len() as i32).map(Some).chain([None]).collect();
        let column: ArrayRef = Arc::new(DictionaryArray::try_new(keys, Arc::clone(dictionary.values()))?);
        let field = schema.field(index).clone().with_nullable(true);
        let computed = compute(&RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column])?)?;
        self.last.truncate(REMEMBERED - 1);
        self.last.push_front((values, computed.clone()));
        Ok(computed)
    }
}

/// A column as a dictionary of few entries, if it is one. Batches of a file share theirs, so it may have more than one batch has
/// rows; with many more, the way by the entries would not pay.
pub(super) fn few_entries(column: &ArrayRef) -> Option<&DictionaryArray<Int32Type>> {
    const PER_ROW: usize = 8;
    column
        .as_dictionary_opt::<Int32Type>()
        .filter(|dictionary| dictionary.values().len() < PER_ROW.saturating_mul(dictionary.len()))
}

/// Joins what holds of each row's entry to the row.
pub fn by_entry<T: Copy + Default, U>(entries: &[T], keys: &[i32], rows: &mut [U], join: impl Fn(&mut U, T)) {
    // In a table that a byte can't leave, no look-up is checked against the end.
    const BYTE: usize = 1 << u8::BITS;
    let rows = rows.iter_mut().zip(keys);
    if entries.len() > BYTE {
        return rows.for_each(|(row, key)| join(row, entries[*key as usize]));
    }
    let mut table = [T::default(); BYTE];
    table[..entries.len()].copy_from_slice(entries);
    rows.for_each(|(row, key)| join(row, table[*key as u8 as usize]));
}
