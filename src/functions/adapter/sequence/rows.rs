//! What is kept of rows: times, masks of conditions and values, side by side.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeListArray, UInt32Array, UInt64Array, new_empty_array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Field, Int64Type, UInt64Type};
use datafusion::common::cast::{as_boolean_array, as_large_list_array};

use super::call::Call;
use crate::error::Result;
use crate::functions::adapter::arguments::times;

/// Rows in the order they came.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub times: Vec<i64>,
    /// Bit k-1 is condition k.
    pub masks: Vec<u64>,
    /// The values, batch after batch; nothing where the function has none.
    values: Vec<ArrayRef>,
    /// Bytes of the values, kept up to date because `size` is asked for with every batch.
    value_bytes: usize,
}

impl Rows {
    /// Adds those rows of a batch that count, and returns their places in it: rows that have a time, pass the filter, and
    /// satisfy a condition unless `every` row is wanted.
    pub fn insert(
        &mut self,
        call: &Call,
        arrays: &[ArrayRef],
        filter: Option<&BooleanArray>,
        every: bool,
    ) -> Result<Vec<u32>> {
        let at = times(&arrays[call.at()])?;
        let masks = masks(&arrays[call.first_condition()..], at.len())?;
        let passes = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        let counts = |row: usize| at.is_valid(row) && (every || masks[row] != 0) && passes(row);
        let counted: Vec<u32> = (0..at.len()).filter(|&row| counts(row)).map(|row| row as u32).collect();
        self.times.extend(counted.iter().map(|&row| at.value(row as usize)));
        self.masks.extend(counted.iter().map(|&row| masks[row as usize]));
        if let Some(value) = call.value() {
            self.push(compact(take(&arrays[value], &UInt32Array::from(counted.clone()), None)?));
        }
        Ok(counted)
    }

    /// Adds the rows of states, one after the other, and returns how many each has.
    pub fn merge(&mut self, states: &[ArrayRef]) -> Result<Vec<usize>> {
        let lists = states.iter().map(|state| as_large_list_array(state)).collect::<Result<Vec<_>, _>>()?;
        let [times, masks, values @ ..] = lists.as_slice() else { unreachable!("a state has times and masks") };
        self.times.extend_from_slice(items(times).as_primitive::<Int64Type>().values());
        self.masks.extend_from_slice(items(masks).as_primitive::<UInt64Type>().values());
        values.iter().for_each(|values| self.push(items(values)));
        Ok(times.offsets().lengths().collect())
    }

    /// The columns of a state.
    pub fn state_fields(value: Option<&DataType>) -> Vec<Field> {
        let list = |name, item: &DataType| {
            Field::new(name, DataType::LargeList(Arc::new(Field::new_list_field(item.clone(), true))), true)
        };
        let value = value.map(|value| list("values", value));
        [list("times", &DataType::Int64), list("masks", &DataType::UInt64)].into_iter().chain(value).collect()
    }

    /// States of the rows with these numbers, so many to each state in turn.
    pub fn states(&self, call: &Call, rows: &[usize], lengths: impl Iterator<Item = usize>) -> Result<Vec<ArrayRef>> {
        let offsets = std::iter::once(0).chain(lengths.scan(0, |end, length| {
            *end += length as i64;
            Some(*end)
        }));
        let offsets = OffsetBuffer::new(ScalarBuffer::from_iter(offsets));
        let list = |items: ArrayRef| -> Result<ArrayRef> {
            let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
            Ok(Arc::new(LargeListArray::try_new(field, offsets.clone(), items, None)?))
        };
        let times: Int64Array = rows.iter().map(|&row| self.times[row]).collect();
        let masks: UInt64Array = rows.iter().map(|&row| self.masks[row]).collect();
        let mut states = vec![list(Arc::new(times))?, list(Arc::new(masks))?];
        if call.value().is_some() {
            states.push(list(take(&self.values(call)?, &numbers(rows), None)?)?);
        }
        Ok(states)
    }

    /// The values by row; none where the function has none.
    pub fn values(&self, call: &Call) -> Result<ArrayRef> {
        let batches: Vec<&dyn Array> = self.values.iter().map(AsRef::as_ref).collect();
        Ok(match batches.as_slice() {
            [] => new_empty_array(call.value_type().unwrap_or(&DataType::Null)),
            [_] => Arc::clone(&self.values[0]),
            batches => concat(batches)?,
        })
    }

    /// Keeps the rows with these numbers alone.
    pub fn keep(&mut self, call: &Call, rows: &[usize]) -> Result<()> {
        let mut kept = Self {
            times: rows.iter().map(|&row| self.times[row]).collect(),
            masks: rows.iter().map(|&row| self.masks[row]).collect(),
            ..Self::default()
        };
        if call.value().is_some() {
            kept.push(compact(take(&self.values(call)?, &numbers(rows), None)?));
        }
        *self = kept;
        Ok(())
    }

    /// Bytes on the heap.
    pub fn heap_size(&self) -> usize {
        let arrays = self.values.capacity() * size_of::<ArrayRef>() + self.value_bytes;
        self.times.capacity() * size_of::<i64>() + self.masks.capacity() * size_of::<u64>() + arrays
    }

    fn push(&mut self, values: ArrayRef) {
        if !values.is_empty() {
            self.value_bytes += values.get_array_memory_size();
            self.values.push(values);
        }
    }
}

/// The masks of a batch's rows; a condition that is NULL does not hold.
fn masks(conditions: &[ArrayRef], rows: usize) -> Result<Vec<u64>> {
    let mut masks = vec![0; rows];
    for (k, condition) in conditions.iter().enumerate() {
        let condition = as_boolean_array(condition)?;
        let holds = match condition.nulls() {
            Some(valid) => condition.values() & valid.inner(),
            None => condition.values().clone(),
        };
        holds.set_indices().for_each(|row| masks[row] |= 1 << k);
    }
    Ok(masks)
}

/// The items of all lists, one after the other.
fn items(lists: &LargeListArray) -> ArrayRef {
    let offsets = lists.offsets();
    let from = offsets[0] as usize;
    lists.values().slice(from, offsets[offsets.len() - 1] as usize - from)
}

fn numbers(rows: &[usize]) -> UInt64Array {
    rows.iter().map(|&row| row as u64).collect()
}

/// The same values without those that were not taken: views share the buffers they were taken from.
fn compact(values: ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Utf8View => Arc::new(values.as_string_view().gc()),
        DataType::BinaryView => Arc::new(values.as_binary_view().gc()),
        _ => values,
    }
}
