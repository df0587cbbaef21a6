//! The stream: measures how long its consumer works, and pauses it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream};
use futures::{Stream, StreamExt};

/// How long a consumer works before it pauses: long beside the microsecond that a pause costs, short beside the second in
/// which a cancelled query has to stop, because a worker may run a handful of tasks before it looks for cancelled ones.
const TURN: Duration = Duration::from_millis(2);

/// How long a consumer should work on one slice. Longer than a turn, because the engine's nested loop join is about three
/// times slower on probe batches under 745 rows (it then pairs them with several build rows at once): at this length it
/// gets longer ones for build sides of up to some ten thousand rows.
const SLICE: Duration = Duration::from_millis(100);

/// How much longer a slice may be than the one before it: rows that are dear may follow rows that were cheap.
const GROWTH: f64 = 16.0;

pub(super) struct PaceStream {
    input: SendableRecordBatchStream,
    /// When the consumer was last let go on after a pause.
    turn: Option<Instant>,
    /// `None` passes batches on as they come.
    slicer: Option<Slicer>,
}

impl PaceStream {
    pub(super) fn whole(input: SendableRecordBatchStream) -> Self {
        Self { input, turn: None, slicer: None }
    }

    pub(super) fn sliced(input: SendableRecordBatchStream) -> Self {
        Self { input, turn: None, slicer: Some(Slicer::default()) }
    }
}

impl Stream for PaceStream {
    type Item = Result<RecordBatch>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let now = Instant::now();
        if let Some(slicer) = &mut this.slicer {
            slicer.came_back(now);
        }
        if now - *this.turn.get_or_insert(now) >= TURN {
            this.turn = None;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(slice) = this.slicer.as_mut().and_then(Slicer::next) {
            return Poll::Ready(Some(Ok(slice)));
        }
        let polled = this.input.poll_next_unpin(context);
        match (polled, &mut this.slicer) {
            (Poll::Pending, _) => {
                this.turn = None;
                Poll::Pending
            }
            (Poll::Ready(Some(Ok(batch))), Some(slicer)) => Poll::Ready(Some(Ok(slicer.first_of(batch)))),
            (ready, _) => ready,
        }
    }
}

impl RecordBatchStream for PaceStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

/// Cuts batches into slices that the consumer works on for about [`SLICE`], where rows are cheap enough.
struct Slicer {
    /// The rows of the next slice: from one, because nothing is known of the consumer yet.
    rows: usize,
    /// What is left of the input's batch.
    rest: Option<RecordBatch>,
    /// When the last slice was handed over, and its rows.
    handed: Option<(Instant, usize)>,
}

impl Default for Slicer {
    fn default() -> Self {
        Self { rows: 1, rest: None, handed: None }
    }
}

impl Slicer {
    /// The consumer asks for more: it has done its work on the last slice. A consumer that waited for a slow reader looks
    /// busy too; the slices it gets then are short until it is fast again, and no longer.
    fn came_back(&mut self, now: Instant) {
        let Some((at, rows)) = self.handed.take() else { return };
        let worked = (now - at).max(Duration::from_nanos(1));
        let factor = SLICE.div_duration_f64(worked).min(GROWTH);
        // A slice that the batch cut short proves nothing of longer ones, except that it took too long itself.
        if factor < 1.0 || rows == self.rows {
            self.rows = ((rows as f64 * factor) as usize).max(1);
        }
    }

    fn first_of(&mut self, batch: RecordBatch) -> RecordBatch {
        let rows = self.rows.min(batch.num_rows());
        let slice = batch.slice(0, rows);
        let left = batch.num_rows() - rows;
        self.rest = (left > 0).then(|| batch.slice(rows, left));
        self.handed = Some((Instant::now(), rows));
        slice
    }

    fn next(&mut self) -> Option<RecordBatch> {
        let rest = self.rest.take()?;
        Some(self.first_of(rest))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use futures::stream;
    use futures::task::noop_waker;

    use super::*;

    fn batches(count: usize, rows: i64) -> SendableRecordBatchStream {
        let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, false)]));
        let array = Arc::new(Int64Array::from_iter_values(0..rows));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![array]).unwrap();
        Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(vec![batch; count].into_iter().map(Ok))))
    }

    /// The rows of each batch that a consumer gets who works `work` on each, and how often it was paused.
    fn consume(mut stream: PaceStream, work: Duration) -> (Vec<usize>, usize) {
        let waker = noop_waker();
        let (mut rows, mut pauses) = (Vec::new(), 0);
        loop {
            match Pin::new(&mut stream).poll_next(&mut Context::from_waker(&waker)) {
                Poll::Ready(Some(batch)) => rows.push(batch.unwrap().num_rows()),
                Poll::Ready(None) => return (rows, pauses),
                Poll::Pending => {
                    pauses += 1;
                    continue;
                }
            }
            std::thread::sleep(work);
        }
    }

    #[test]
    fn a_fast_consumer_soon_gets_whole_batches() {
        let (rows, _) = consume(PaceStream::sliced(batches(3, 100)), Duration::ZERO);
        assert_eq!(rows, [1, 16, 83, 100, 100]);
    }

    #[test]
    fn a_slow_consumer_gets_single_rows_and_a_pause_after_each() {
        let (rows, pauses) = consume(PaceStream::sliced(batches(1, 5)), SLICE * 2);
        assert_eq!(rows, [1; 5]);
        assert_eq!(pauses, 5);
    }

    #[test]
    fn slices_shrink_again_when_the_work_grows() {
        let mut slicer = Slicer { rows: 64, ..Slicer::default() };
        let start = Instant::now();
        slicer.handed = Some((start, 64));
        slicer.came_back(start + SLICE * 2);
        assert_eq!(slicer.rows, 32);
    }

    #[test]
    fn a_short_batch_says_nothing_of_longer_ones() {
        let mut slicer = Slicer { rows: 64, ..Slicer::default() };
        let start = Instant::now();
        slicer.handed = Some((start, 3));
        slicer.came_back(start);
        assert_eq!(slicer.rows, 64);
    }

    #[test]
    fn whole_batches_are_passed_on_with_pauses() {
        let (rows, pauses) = consume(PaceStream::whole(batches(6, 7)), TURN);
        assert_eq!(rows, [7; 6]);
        assert_eq!(pauses, 6);
    }

    #[test]
    fn rows_keep_their_order() {
        let waker = noop_waker();
        let mut stream = PaceStream::sliced(batches(1, 100));
        let mut seen = Vec::new();
        loop {
            match Pin::new(&mut stream).poll_next(&mut Context::from_waker(&waker)) {
                Poll::Ready(Some(batch)) => {
                    let batch = batch.unwrap();
                    let values = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
                    seen.extend(values.values().iter().copied());
                }
                Poll::Ready(None) => break,
                Poll::Pending => continue,
            }
        }
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }
}
