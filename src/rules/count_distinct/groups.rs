//! Gives every text a number, the same in all groups, and lets the engine count different numbers per group.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr_common::binary_map::OutputType;
use datafusion::physical_expr_common::binary_view_map::ArrowBytesViewMap;

/// Different texts per group. The state is a list of texts: numbers mean nothing elsewhere.
pub(super) struct TextGroups {
    numbers: Numbers,
    counted: Box<dyn GroupsAccumulator>,
}

impl TextGroups {
    /// Over the engine's groups of numbers.
    pub fn new(counted: Box<dyn GroupsAccumulator>) -> Self {
        Self { numbers: Numbers::default(), counted }
    }
}

impl GroupsAccumulator for TextGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        groups: usize,
    ) -> Result<()> {
        self.counted.update_batch(&[self.numbers.of(&values[0])], group_indices, filter, groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.counted.evaluate(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let numbers = self.counted.state(emit_to)?;
        let texts = self.numbers.texts(matches!(emit_to, EmitTo::All));
        let lists = numbers[0].as_list::<i32>();
        let texts = take(&texts, lists.values(), None)?;
        let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        Ok(vec![Arc::new(ListArray::new(field, lists.offsets().clone(), texts, lists.nulls().cloned()))])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], groups: usize) -> Result<()> {
        let lists = values[0].as_list::<i32>();
        let numbers = self.numbers.of(lists.values());
        let field = Arc::new(Field::new_list_field(DataType::UInt32, true));
        let numbers = ListArray::new(field, lists.offsets().clone(), numbers, lists.nulls().cloned());
        self.counted.merge_batch(&[Arc::new(numbers)], group_indices, groups)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        // The batch's own rows serve as numbers.
        let rows = UInt32Array::new((0..values[0].len() as u32).collect(), values[0].nulls().cloned());
        let numbers = self.counted.convert_to_state(&[Arc::new(rows)], filter)?;
        let lists = numbers[0].as_list::<i32>();
        let texts = take(&values[0], lists.values(), None)?;
        let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        Ok(vec![Arc::new(ListArray::new(field, lists.offsets().clone(), texts, lists.nulls().cloned()))])
    }

    fn size(&self) -> usize {
        self.numbers.texts.size() + self.counted.size()
    }
}

/// Numbers for texts, from 0 in the order in which they come.
struct Numbers {
    texts: ArrowBytesViewMap<u32>,
    next: u32,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { texts: ArrowBytesViewMap::new(OutputType::Utf8View), next: 0 }
    }
}

impl Numbers {
    /// The number of every row's text; NULL for NULL.
    fn of(&mut self, texts: &ArrayRef) -> ArrayRef {
        let Self { texts: known, next } = self;
        let mut numbers = Vec::with_capacity(texts.len());
        let number = |_: Option<&[u8]>| {
            *next += 1;
            *next - 1
        };
        known.insert_if_new(texts, number, |number| numbers.push(number));
        Arc::new(UInt32Array::new(numbers.into(), texts.nulls().cloned()))
    }

    /// The texts, by their numbers; `last` if they are not needed any more.
    fn texts(&mut self, last: bool) -> ArrayRef {
        let texts = std::mem::take(self).texts.into_state();
        if !last {
            self.of(&texts);
        }
        texts
    }
}
