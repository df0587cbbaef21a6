//! Puts rows of one entity and one instant into the order of the tiebreak.
//!
//! Inputs are sorted by entity and time, as tables keep them. Ties are few, so they are put in order here: asking the engine for
//! the whole order would sort all rows. A batch waits for the next one, because its last tie may go on there.

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{SortOptions, cast, concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};

use super::prepare::Side;
use crate::error::Result;
use crate::operators::entities::{evaluate, runs, same, ties};

/// The ties of one partition.
#[derive(Debug)]
pub(super) struct Ties {
    side: Side,
    /// What has come and not gone: one batch, or parts of one tie that is longer than a batch.
    waiting: Vec<RecordBatch>,
}

impl Ties {
    pub fn new(side: Side) -> Self {
        Self { side, waiting: vec![] }
    }

    /// Takes a batch and gives the one before it, in order.
    pub fn next(&mut self, batch: RecordBatch) -> Result<Option<RecordBatch>> {
        let Some(last) = self.waiting.last() else {
            self.waiting.push(batch);
            return Ok(None);
        };
        let places = self.places(&batch)?;
        if !same(&self.places(&last.slice(last.num_rows() - 1, 1))?, &places)? {
            let done = self.rest();
            self.waiting.push(batch);
            return done;
        }
        let first = runs(&places)?.first().map_or(0, |run| run.end);
        self.waiting.push(batch.slice(0, first));
        if first == batch.num_rows() {
            return Ok(None);
        }
        let done = self.rest();
        self.waiting.push(batch.slice(first, batch.num_rows() - first));
        done
    }

    /// What still waits, in order.
    pub fn rest(&mut self) -> Result<Option<RecordBatch>> {
        let waiting = std::mem::take(&mut self.waiting);
        match waiting.as_slice() {
            [] => Ok(None),
            [batch] => self.ordered(batch).map(Some),
            [first, ..] => self.ordered(&concat_batches(&first.schema(), &waiting)?).map(Some),
        }
    }

    /// Bytes that wait.
    pub fn size(&self) -> usize {
        self.waiting.iter().skip(1).map(RecordBatch::get_array_memory_size).sum()
    }

    fn places(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let mut places = self.side.entity.iter().map(|key| evaluate(key, batch)).collect::<Result<Vec<_>>>()?;
        places.push(cast(&evaluate(&self.side.at, batch)?, &DataType::Int64)?);
        Ok(places)
    }

    fn ordered(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let places = self.places(batch)?;
        let [keys @ .., times] = places.as_slice() else {
            return Ok(batch.clone());
        };
        let tied = ties(keys, times.as_primitive::<Int64Type>().values())?;
        if tied.is_empty() {
            return Ok(batch.clone());
        }
        let rows: UInt32Array = tied.iter().flat_map(|run| run.start as u32..run.end as u32).collect();
        let few = take_record_batch(batch, &rows)?;
        let ties = self.side.tiebreak.iter().map(|tie| evaluate(tie, &few)).collect::<Result<Vec<_>>>()?;
        let options = SortOptions { descending: false, nulls_first: false };
        let fields = ties.iter().map(|tie| SortField::new_with_options(tie.data_type().clone(), options));
        let ties = RowConverter::new(fields.collect())?.convert_columns(&ties)?;
        let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
        let mut from = 0;
        for run in tied {
            let mut places: Vec<usize> = (from..from + run.len()).collect();
            from += run.len();
            places.sort_by(|one, other| ties.row(*one).cmp(&ties.row(*other)));
            order[run].iter_mut().zip(places).for_each(|(row, place)| *row = rows.value(place));
        }
        Ok(take_record_batch(batch, &UInt32Array::from(order))?)
    }
}
