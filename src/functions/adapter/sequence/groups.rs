//! Many groups at once: the rows of all of them in the same vectors, told apart by a number.

use std::mem;

use arrow::array::{ArrayRef, BooleanArray};
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::aggregate::Kernel;
use super::call::Call;
use super::order::Sorter;
use super::rows::Rows;
use crate::error::Result;

/// The rows of all groups.
pub(super) struct Groups {
    call: Call,
    kernel: Box<dyn Kernel>,
    rows: Rows,
    /// By row, its group.
    groups: Vec<usize>,
    /// How many groups there are, those without rows among them.
    count: usize,
}

impl Groups {
    pub fn new(call: Call, kernel: Box<dyn Kernel>) -> Self {
        Self { call, kernel, rows: Rows::default(), groups: Vec::new(), count: 0 }
    }

    fn leaving(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.count,
            EmitTo::First(groups) => groups,
        }
    }

    /// The numbers of the rows of the first groups: those of group g lie from `ends[g - 1]`, or 0, to `ends[g]`.
    fn by_group(&self, groups: usize) -> (Vec<usize>, Vec<usize>) {
        let mut ends = vec![0; groups];
        let rows = || self.groups.iter().enumerate().filter(|(_, group)| **group < groups);
        rows().for_each(|(_, group)| ends[*group] += 1);
        let mut total = 0;
        for end in &mut ends {
            // Where its rows begin, until they are counted again as they are laid down.
            total += mem::replace(end, total);
        }
        let mut numbers = vec![0; total];
        for (row, group) in rows() {
            numbers[ends[*group]] = row;
            ends[*group] += 1;
        }
        (ends, numbers)
    }

    /// Forgets the first groups; those behind them move up.
    fn forget(&mut self, groups: usize) -> Result<()> {
        self.count -= groups;
        let left: Vec<usize> = (0..self.groups.len()).filter(|&row| self.groups[row] >= groups).collect();
        self.groups = left.iter().map(|&row| self.groups[row] - groups).collect();
        self.rows.keep(&self.call, &left)
    }
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> PlanResult<()> {
        let counted = self.rows.insert(&self.call, values, opt_filter, self.kernel.reads_every_row())?;
        self.groups.extend(counted.iter().map(|&row| group_indices[row as usize]));
        self.count = total_num_groups;
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> PlanResult<()> {
        let lengths = self.rows.merge(values)?;
        let groups = group_indices.iter().zip(lengths);
        self.groups.extend(groups.flat_map(|(&group, rows)| std::iter::repeat_n(group, rows)));
        self.count = total_num_groups;
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> PlanResult<ArrayRef> {
        let leaving = self.leaving(emit_to);
        let (ends, numbers) = self.by_group(leaving);
        let values = self.rows.values(&self.call)?;
        let mut sorter = Sorter::new(&self.rows, &values)?;
        let mut start = 0;
        for end in ends {
            self.kernel.run(sorter.sort(numbers[start..end].iter().copied()));
            start = end;
        }
        let answers = self.kernel.finish(&values)?;
        self.forget(leaving)?;
        Ok(answers)
    }

    fn state(&mut self, emit_to: EmitTo) -> PlanResult<Vec<ArrayRef>> {
        let leaving = self.leaving(emit_to);
        let (ends, numbers) = self.by_group(leaving);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let states = self.rows.states(&self.call, &numbers, ends.iter().zip(starts).map(|(end, start)| end - start))?;
        self.forget(leaving)?;
        Ok(states)
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> PlanResult<Vec<ArrayRef>> {
        let mut rows = Rows::default();
        let counted = rows.insert(&self.call, values, opt_filter, self.kernel.reads_every_row())?;
        let all: Vec<usize> = (0..counted.len()).collect();
        let mut counted = counted.into_iter().map(|row| row as usize).peekable();
        let lengths = (0..values[0].len()).map(|row| usize::from(counted.next_if_eq(&row).is_some()));
        Ok(rows.states(&self.call, &all, lengths)?)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.heap_size() + self.groups.capacity() * size_of::<usize>()
    }
}
