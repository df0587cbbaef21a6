//! One group at a time: without GROUP BY, and over windows.

use std::ops::Range;

use arrow::array::ArrayRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::Accumulator;

use super::aggregate::Kernel;
use super::call::Call;
use super::order::Sorter;
use super::rows::Rows;

/// All rows so far. A frame that loses rows at its start forgets them.
#[derive(Debug)]
pub(super) struct Whole {
    call: Call,
    kernel: Box<dyn Kernel>,
    rows: Rows,
}

impl Whole {
    pub fn new(call: Call, kernel: Box<dyn Kernel>) -> Self {
        Self { call, kernel, rows: Rows::default() }
    }

    fn all(&self) -> Range<usize> {
        0..self.rows.times.len()
    }
}

impl Accumulator for Whole {
    fn update_batch(&mut self, values: &[ArrayRef]) -> PlanResult<()> {
        self.rows.insert(&self.call, values, None, self.kernel.reads_every_row())?;
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> PlanResult<()> {
        let gone = Rows::default().insert(&self.call, values, None, self.kernel.reads_every_row())?.len();
        let left: Vec<usize> = self.all().skip(gone).collect();
        Ok(self.rows.keep(&self.call, &left)?)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> PlanResult<()> {
        self.rows.merge(states)?;
        Ok(())
    }

    fn state(&mut self) -> PlanResult<Vec<ScalarValue>> {
        let all: Vec<usize> = self.all().collect();
        let states = self.rows.states(&self.call, &all, std::iter::once(all.len()))?;
        states.iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn evaluate(&mut self) -> PlanResult<ScalarValue> {
        let values = self.rows.values(&self.call)?;
        let mut sorter = Sorter::new(&self.rows, &values)?;
        self.kernel.run(sorter.sort(0..self.rows.times.len()));
        ScalarValue::try_from_array(&self.kernel.finish(&values)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.heap_size()
    }
}
