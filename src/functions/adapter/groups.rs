//! Many groups at once: one state each in a vector, so that GROUP BY a million contacts makes no million objects.

use arrow::array::{Array, ArrayRef, BooleanArray};
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::aggregate::Aggregate;
use super::arguments::{Arguments, Constants};
use super::columns::{Reader, Writer};
use super::states::State;

/// The states of all groups, by group number.
pub(super) struct Groups<A: Aggregate> {
    states: Vec<A::State>,
    /// Sum of their heap sizes, kept up to date because `size` is asked for with every batch.
    heap: usize,
    constants: Constants,
}

impl<A: Aggregate> Groups<A> {
    pub(super) fn new(constants: Constants) -> Self {
        Self { states: Vec::new(), heap: 0, constants }
    }

    fn grow(&mut self, groups: usize) {
        self.states.resize_with(groups, A::State::default);
    }

    /// Changes one group's state, and counts the bytes it thereby takes.
    fn change<R>(&mut self, group: usize, by: impl FnOnce(&mut A::State) -> R) -> R {
        let state = &mut self.states[group];
        let before = state.heap_size();
        let done = by(state);
        self.heap = self.heap + state.heap_size() - before;
        done
    }

    /// Takes the states of the first groups out; those behind them move up.
    fn emit(&mut self, emit_to: EmitTo) -> Vec<A::State> {
        let states = emit_to.take_needed(&mut self.states);
        self.heap -= states.iter().map(State::heap_size).sum::<usize>();
        states
    }
}

impl<A: Aggregate> GroupsAccumulator for Groups<A> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> PlanResult<()> {
        self.grow(total_num_groups);
        let arguments = Arguments::new(A::ENTRY, values)?;
        for (row, &group) in group_indices.iter().enumerate() {
            if passes(opt_filter, row) {
                self.change(group, |state| A::insert(state, &arguments.row(row)))?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> PlanResult<()> {
        self.grow(total_num_groups);
        let mut reader = Reader::new(A::State::COLUMNS, values)?;
        for &group in group_indices {
            let other = A::State::read(&mut reader);
            self.change(group, |state| state.merge(&other));
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> PlanResult<ArrayRef> {
        let states = self.emit(emit_to);
        states.iter().try_for_each(A::check)?;
        let mut writer = Writer::of_answers(A::ENTRY, states.len());
        states.iter().for_each(|state| A::evaluate(state, &self.constants, &mut writer));
        Ok(writer.finish_answers(A::ENTRY)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> PlanResult<Vec<ArrayRef>> {
        let states = self.emit(emit_to);
        let mut writer = Writer::new(A::State::COLUMNS, states.len());
        states.iter().for_each(|state| state.write(&mut writer));
        Ok(writer.finish())
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> PlanResult<Vec<ArrayRef>> {
        let arguments = Arguments::new(A::ENTRY, values)?;
        let rows = values[0].len();
        let mut writer = Writer::new(A::State::COLUMNS, rows);
        for row in 0..rows {
            let mut state = A::State::default();
            if passes(opt_filter, row) {
                A::insert(&mut state, &arguments.row(row))?;
            }
            state.write(&mut writer);
        }
        Ok(writer.finish())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.states.capacity() * size_of::<A::State>() + self.heap
    }
}

/// Whether FILTER lets a row through: only where it is true, not where it is NULL.
fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}
