//! The values of groups.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Float64Type;
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::function::{fields, list};
use super::select::{Place, quantiles};

/// See the module.
pub(super) struct Groups {
    places: Vec<Place>,
    values: Vec<Vec<f64>>,
    /// Values that there is room for, over all groups.
    room: usize,
}

impl Groups {
    pub fn new(places: Vec<Place>) -> Self {
        Self { places, values: vec![], room: 0 }
    }

    fn add(&mut self, group: usize, values: impl IntoIterator<Item = f64>) {
        let group = &mut self.values[group];
        let before = group.capacity();
        group.extend(values);
        self.room += group.capacity() - before;
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<Vec<f64>> {
        let taken = emit_to.take_needed(&mut self.values);
        self.room = self.values.iter().map(Vec::capacity).sum();
        taken
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.values.resize_with(groups, Vec::new);
        let values = values[0].as_primitive::<Float64Type>();
        let counts = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        for (row, group) in group_indices.iter().enumerate().filter(|(row, _)| values.is_valid(*row) && counts(*row)) {
            self.add(*group, [values.value(row)]);
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let mut columns = vec![vec![]; self.places.len()];
        for mut values in self.take(emit_to) {
            let told = quantiles(&mut values, &self.places);
            columns.iter_mut().zip(told).for_each(|(column, value)| column.push(value));
        }
        let columns = columns.into_iter().map(|column| Arc::new(Float64Array::from(column)) as ArrayRef);
        Ok(Arc::new(StructArray::try_new(fields(self.places.len()), columns.collect(), None)?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.take(emit_to);
        let offsets = OffsetBuffer::from_lengths(groups.iter().map(Vec::len));
        Ok(vec![list(Float64Array::from_iter_values(groups.into_iter().flatten()), offsets)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        self.values.resize_with(groups, Vec::new);
        for (values, group) in states[0].as_list::<i32>().iter().zip(group_indices) {
            if let Some(values) = values {
                self.add(*group, values.as_primitive::<Float64Type>().iter().flatten());
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<Float64Type>();
        let counts = |row: usize| filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
        let kept = |row: usize| values.is_valid(row) && counts(row);
        let offsets = OffsetBuffer::from_lengths((0..values.len()).map(|row| usize::from(kept(row))));
        let one_each = (0..values.len()).filter(|row| kept(*row)).map(|row| values.value(row));
        Ok(vec![list(Float64Array::from_iter_values(one_each), offsets)])
    }

    fn size(&self) -> usize {
        self.values.capacity() * size_of::<Vec<f64>>() + self.room * size_of::<f64>()
    }
}
