//! The rows of a query, and where among them a client stands.
//!
//! A cursor that only goes forward holds the batch it stands in and nothing else: the query behind it computes a few batches ahead
//! and waits. One that can go back keeps all rows (`spool`) when it is first read.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::EmptyRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};

use super::spool::Spool;
use super::syntax::Direction;
use crate::error::{Error, Result, SqlState};

/// The rows of a query, and a place among them.
pub(super) struct Cursor {
    schema: SchemaRef,
    scroll: bool,
    rows: Rows,
    /// 0 before the first row, n on the nth, one more than there are behind the last.
    position: u64,
}

enum Rows {
    /// As they come: a row that was passed is gone.
    Coming { stream: SendableRecordBatchStream, rest: Option<RecordBatch>, ended: bool },
    /// All of them.
    Kept(Arc<Spool>),
}

/// What a step passes.
pub(super) enum Passed {
    /// The next rows, at most so many: [`Cursor::next`] gives them.
    Next(u64),
    /// These; the cursor stands behind them already.
    Kept(Arc<Spool>, Step),
}

impl Cursor {
    /// Before the first row of a query; `scroll`: it can go back.
    pub fn new(stream: SendableRecordBatchStream, scroll: bool) -> Self {
        let schema = stream.schema();
        Self { schema, scroll, rows: Rows::Coming { stream, rest: None, ended: false }, position: 0 }
    }

    /// The columns of its rows.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Goes where a FETCH says. 55000 for a way back where there is none.
    pub async fn step(&mut self, direction: Direction, runtime: &RuntimeEnv) -> Result<Passed> {
        if self.scroll {
            self.keep(runtime).await?;
        }
        match &self.rows {
            Rows::Coming { .. } => self.step_forward(direction).await,
            Rows::Kept(spool) => {
                let step = Step::of(direction, self.position, spool.total());
                self.position = step.to;
                Ok(Passed::Kept(Arc::clone(spool), step))
            }
        }
    }

    /// Goes where a MOVE says, and counts the rows that a FETCH would have given.
    pub async fn skip(&mut self, direction: Direction, runtime: &RuntimeEnv) -> Result<u64> {
        match direction {
            Direction::Relative(0) => return Ok(u64::from(self.stands_on_row())),
            // From where it began there is nothing to go back over.
            Direction::Backward(None) if self.position == 0 && !self.ended() => return Ok(0),
            _ => {}
        }
        match self.step(direction, runtime).await? {
            Passed::Next(most) => self.pass(most).await,
            Passed::Kept(_, step) => Ok(step.count),
        }
    }

    /// The next rows of one that only goes forward, at most so many; `None` at the end.
    pub async fn next(&mut self, most: u64) -> Result<Option<RecordBatch>> {
        let Rows::Coming { stream, rest, ended } = &mut self.rows else { return Ok(None) };
        while !*ended && most > 0 {
            let batch = match rest.take() {
                Some(batch) => Some(batch),
                None => stream.try_next().await?,
            };
            let Some(batch) = batch else {
                *ended = true;
                break;
            };
            let rows = usize::try_from(most).unwrap_or(usize::MAX).min(batch.num_rows());
            if rows < batch.num_rows() {
                *rest = Some(batch.slice(rows, batch.num_rows() - rows));
            }
            if rows > 0 {
                self.position += rows as u64;
                return Ok(Some(batch.slice(0, rows)));
            }
        }
        Ok(None)
    }

    /// Makes the rows that are still to come independent of the query: it is read to its end.
    pub async fn keep(&mut self, runtime: &RuntimeEnv) -> Result<()> {
        let Rows::Coming { stream, rest, ended: false } = &mut self.rows else { return Ok(()) };
        let schema = Arc::clone(&self.schema);
        let stream = std::mem::replace(stream, Box::pin(EmptyRecordBatchStream::new(Arc::clone(&schema))));
        let all = futures::stream::iter(rest.take().map(Ok)).chain(stream);
        let all = RecordBatchStreamAdapter::new(schema, all);
        let spool = Arc::new(Spool::collect(Box::pin(all), runtime).await?);
        self.rows = if self.scroll {
            Rows::Kept(spool)
        } else {
            let total = spool.total();
            Rows::Coming { stream: spool.rows(0..total), rest: None, ended: false }
        };
        Ok(())
    }

    async fn step_forward(&mut self, direction: Direction) -> Result<Passed> {
        let here = self.position + u64::from(self.ended());
        let ahead = match direction {
            Direction::Forward(count) => return Ok(Passed::Next(count.unwrap_or(u64::MAX))),
            Direction::Relative(0) if !self.stands_on_row() => return Ok(Passed::Next(0)),
            Direction::Absolute(0) if here == 0 => return Ok(Passed::Next(0)),
            Direction::Relative(ahead) => u64::try_from(ahead).unwrap_or(0),
            Direction::Absolute(row) => u64::try_from(row).unwrap_or(0).saturating_sub(here),
            Direction::Backward(_) => 0,
        };
        if ahead == 0 {
            return Err(Error::new(SqlState::ObjectNotInPrerequisiteState, "cursor can only scan forward")
                .with_hint("Declare it with SCROLL option to enable backward scan."));
        }
        self.pass(ahead - 1).await?;
        Ok(Passed::Next(1))
    }

    /// Lets rows pass, and counts them.
    async fn pass(&mut self, most: u64) -> Result<u64> {
        let mut passed = 0;
        while let Some(batch) = self.next(most - passed).await? {
            passed += batch.num_rows() as u64;
        }
        Ok(passed)
    }

    fn ended(&self) -> bool {
        match &self.rows {
            Rows::Coming { ended, .. } => *ended,
            Rows::Kept(spool) => self.position > spool.total(),
        }
    }

    fn stands_on_row(&self) -> bool {
        self.position > 0 && !self.ended()
    }
}

/// A step among rows that are all there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The first of the rows passed, in the order of the result, from 1.
    first: u64,
    count: u64,
    /// They are given the last one first.
    backward: bool,
    /// Where it ends.
    to: u64,
}

impl Step {
    /// The rows passed.
    pub fn rows(&self, spool: Arc<Spool>) -> SendableRecordBatchStream {
        let rows = self.first - 1..self.first - 1 + self.count;
        if self.backward { spool.rows_backward(rows) } else { spool.rows(rows) }
    }

    fn of(direction: Direction, from: u64, total: u64) -> Self {
        let row = |to: i128| {
            let to = to.clamp(0, i128::from(total) + 1) as u64;
            let on_row = (1..=total).contains(&to);
            Self { first: to.max(1), count: on_row.into(), backward: false, to }
        };
        let (from_here, last) = (i128::from(from), i128::from(total));
        match direction {
            Direction::Forward(count) => {
                let to = count.map_or(total + 1, |count| from.saturating_add(count).min(total + 1));
                Self { first: from + 1, count: to.min(total) - from.min(total), backward: false, to }
            }
            Direction::Backward(count) => {
                let to = count.map_or(0, |count| from.saturating_sub(count));
                Self { first: to.max(1), count: from.saturating_sub(to.max(1)), backward: true, to }
            }
            Direction::Absolute(number) if number < 0 => row(last + 1 + i128::from(number)),
            Direction::Absolute(number) => row(number.into()),
            Direction::Relative(distance) => row(from_here + i128::from(distance)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows passed, in the order given, and the place at the end.
    fn step(direction: Direction, from: u64) -> (Vec<u64>, u64) {
        let step = Step::of(direction, from, 5);
        let mut rows: Vec<u64> = (step.first..step.first + step.count).collect();
        if step.backward {
            rows.reverse();
        }
        (rows, step.to)
    }

    #[test]
    fn steps_pass_the_rows_that_postgres_gives() {
        use Direction::{Absolute, Backward, Forward, Relative};
        for (direction, from, rows, to) in [
            (Forward(Some(1)), 0, vec![1], 1),
            (Forward(Some(2)), 3, vec![4, 5], 5),
            (Forward(Some(3)), 3, vec![4, 5], 6),
            (Forward(None), 0, vec![1, 2, 3, 4, 5], 6),
            (Forward(None), 6, vec![], 6),
            (Forward(Some(1)), 5, vec![], 6),
            (Backward(Some(1)), 6, vec![5], 5),
            (Backward(Some(2)), 6, vec![5, 4], 4),
            (Backward(Some(1)), 1, vec![], 0),
            (Backward(Some(9)), 4, vec![3, 2, 1], 0),
            (Backward(None), 6, vec![5, 4, 3, 2, 1], 0),
            (Backward(None), 0, vec![], 0),
            (Absolute(3), 0, vec![3], 3),
            (Absolute(3), 5, vec![3], 3),
            (Absolute(-1), 0, vec![5], 5),
            (Absolute(-5), 0, vec![1], 1),
            (Absolute(-6), 4, vec![], 0),
            (Absolute(6), 0, vec![], 6),
            (Absolute(0), 3, vec![], 0),
            (Relative(2), 1, vec![3], 3),
            (Relative(-1), 6, vec![5], 5),
            (Relative(-3), 2, vec![], 0),
            (Relative(9), 2, vec![], 6),
            (Relative(0), 2, vec![2], 2),
            (Relative(0), 0, vec![], 0),
            (Relative(0), 6, vec![], 6),
        ] {
            assert_eq!(step(direction, from), (rows, to), "{direction:?} from {from}");
        }
        let none = Step::of(Forward(None), 0, 0);
        assert_eq!((none.count, none.to), (0, 1));
    }
}
