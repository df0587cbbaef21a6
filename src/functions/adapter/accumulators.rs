//! One group at a time: without GROUP BY, and over windows.

use std::collections::VecDeque;

use arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::Accumulator;

use super::aggregate::{Aggregate, answer};
use super::arguments::{Arguments, Constants};
use super::columns::{Reader, Writer};
use super::states::State;
use crate::error::Result;

/// The state of all rows so far.
#[derive(Debug)]
pub(super) struct Whole<A: Aggregate> {
    state: A::State,
    constants: Constants,
}

impl<A: Aggregate> Whole<A> {
    pub(super) fn new(constants: Constants) -> Self {
        Self { state: A::State::default(), constants }
    }
}

impl<A: Aggregate> Accumulator for Whole<A> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> PlanResult<()> {
        let arguments = Arguments::new(A::ENTRY, values)?;
        for row in 0..values[0].len() {
            A::insert(&mut self.state, &arguments.row(row))?;
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> PlanResult<()> {
        let mut reader = Reader::new(A::State::COLUMNS, states)?;
        for _ in 0..states[0].len() {
            self.state.merge(&A::State::read(&mut reader));
        }
        Ok(())
    }

    fn state(&mut self) -> PlanResult<Vec<ScalarValue>> {
        let mut writer = Writer::new(A::State::COLUMNS, 1);
        self.state.write(&mut writer);
        writer.finish().iter().map(|array| ScalarValue::try_from_array(array, 0)).collect()
    }

    fn evaluate(&mut self) -> PlanResult<ScalarValue> {
        Ok(answer::<A>(&self.state, &self.constants)?)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.state.heap_size()
    }
}

/// The states of the rows in a frame that loses rows at its start.
///
/// An answer merges the whole frame: taking a row out of a sum of squares again would cancel digits, and some states know
/// no such step. The time per answer grows with the frame.
#[derive(Debug)]
pub(super) struct Sliding<A: Aggregate> {
    rows: VecDeque<A::State>,
    constants: Constants,
}

impl<A: Aggregate> Sliding<A> {
    pub(super) fn new(constants: Constants) -> Self {
        Self { rows: VecDeque::new(), constants }
    }

    fn merged(&self) -> A::State {
        self.rows.iter().fold(A::State::default(), |mut all, row| {
            all.merge(row);
            all
        })
    }
}

impl<A: Aggregate> Accumulator for Sliding<A> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> PlanResult<()> {
        let arguments = Arguments::new(A::ENTRY, values)?;
        let states = (0..values[0].len()).map(|row| {
            let mut state = A::State::default();
            A::insert(&mut state, &arguments.row(row)).map(|()| state)
        });
        self.rows.extend(states.collect::<Result<Vec<_>>>()?);
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> PlanResult<()> {
        self.rows.drain(..values[0].len().min(self.rows.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> PlanResult<()> {
        let mut reader = Reader::new(A::State::COLUMNS, states)?;
        self.rows.extend((0..states[0].len()).map(|_| A::State::read(&mut reader)));
        Ok(())
    }

    fn state(&mut self) -> PlanResult<Vec<ScalarValue>> {
        Whole::<A> { state: self.merged(), constants: self.constants.clone() }.state()
    }

    fn evaluate(&mut self) -> PlanResult<ScalarValue> {
        Ok(answer::<A>(&self.merged(), &self.constants)?)
    }

    fn size(&self) -> usize {
        let heap: usize = self.rows.iter().map(State::heap_size).sum();
        size_of_val(self) + self.rows.capacity() * size_of::<A::State>() + heap
    }
}
