//! Merges sorted streams by runs: it finds how far one stream goes before the next one has its say, and passes that on at once.
//!
//! The engine's own merge makes a comparable key of every row and picks row by row. Here the usual case is one stream of nearly
//! all rows beside a few of some: what lies between two rows of the few costs a binary search, and where it is long nothing is
//! copied.

use std::cmp::Ordering;

use arrow::array::{DynComparator, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, interleave_record_batch};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt, stream};

/// From so many rows on a run is passed on as a batch of its own, without copying it.
const LONG: usize = 1024;

/// Streams of the same columns, each sorted by some of them (ascending, NULL last), as one that is.
pub(super) fn merged(
    streams: Vec<SendableRecordBatchStream>,
    keys: Vec<usize>,
    batch_size: usize,
) -> impl Stream<Item = Result<RecordBatch>> + Send {
    let count = streams.len();
    let inputs = streams.into_iter().map(|rows| Input { rows, batch: None, row: 0 }).collect();
    let orders = std::iter::repeat_with(|| std::iter::repeat_with(|| None).take(count).collect()).take(count).collect();
    let merge = Merge {
        inputs,
        orders,
        keys,
        batch_size,
        started: false,
        sources: vec![],
        places: vec![None; count],
        picks: vec![],
    };
    stream::try_unfold(merge, |mut merge| async move { Ok(merge.next().await?.map(|batch| (batch, merge))) })
}

struct Merge {
    inputs: Vec<Input>,
    /// How the batch of one input compares to that of another, once that was asked.
    orders: Vec<Vec<Option<Order>>>,
    keys: Vec<usize>,
    batch_size: usize,
    started: bool,
    /// The batches that picked rows come from, and the place of each input's current one among them.
    sources: Vec<RecordBatch>,
    places: Vec<Option<usize>>,
    /// Rows that will go out next: source and row.
    picks: Vec<(usize, usize)>,
}

struct Input {
    rows: SendableRecordBatchStream,
    /// None at the end.
    batch: Option<RecordBatch>,
    /// The first row that has not gone out.
    row: usize,
}

/// Compares a row of one batch with a row of another.
struct Order(Vec<DynComparator>);

impl Order {
    fn of(&self, left: usize, right: usize) -> Ordering {
        self.0.iter().map(|column| column(left, right)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl Merge {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if !std::mem::replace(&mut self.started, true) {
            for input in 0..self.inputs.len() {
                self.advance(input).await?;
            }
        }
        loop {
            let Some((first, second)) = self.least()? else { return self.picked() };
            let rows = self.run(first, second)?;
            let input = &self.inputs[first];
            let Some(batch) = &input.batch else { return self.picked() };
            let (from, end) = (input.row, input.row + rows);
            let ends = end == batch.num_rows();
            if rows >= LONG {
                if !self.picks.is_empty() {
                    return self.picked();
                }
                let long = batch.slice(from, rows);
                self.inputs[first].row = end;
                if ends {
                    self.advance(first).await?;
                }
                return Ok(Some(long));
            }
            let place = match self.places[first] {
                Some(place) => place,
                None => {
                    self.sources.push(batch.clone());
                    *self.places[first].insert(self.sources.len() - 1)
                }
            };
            self.picks.extend((from..end).map(|row| (place, row)));
            self.inputs[first].row = end;
            if ends {
                self.advance(first).await?;
            }
            if self.picks.len() >= self.batch_size {
                return self.picked();
            }
        }
    }

    /// Brings an input's next rows.
    async fn advance(&mut self, input: usize) -> Result<()> {
        self.places[input] = None;
        for other in 0..self.inputs.len() {
            self.orders[input][other] = None;
            self.orders[other][input] = None;
        }
        let Input { rows, batch, row } = &mut self.inputs[input];
        (*batch, *row) = (None, 0);
        while let Some(next) = rows.next().await {
            let next = next?;
            if next.num_rows() > 0 {
                *batch = Some(next);
                break;
            }
        }
        Ok(())
    }

    /// The input whose next row comes first, and the one that would come first without it.
    fn least(&mut self) -> Result<Option<(usize, Option<usize>)>> {
        let (mut first, mut second) = (None, None);
        for input in 0..self.inputs.len() {
            if self.inputs[input].batch.is_none() {
                continue;
            }
            if self.is_before(input, first)? {
                second = first.replace(input);
            } else if self.is_before(input, second)? {
                second = Some(input);
            }
        }
        Ok(first.map(|first| (first, second)))
    }

    fn is_before(&mut self, input: usize, other: Option<usize>) -> Result<bool> {
        let Some(other) = other else { return Ok(true) };
        let (row, others) = (self.inputs[input].row, self.inputs[other].row);
        Ok(self.order(input, other)?.of(row, others).is_lt())
    }

    /// How many rows of an input come before the next one of another: one at least.
    fn run(&mut self, first: usize, second: Option<usize>) -> Result<usize> {
        let row = self.inputs[first].row;
        let rows = self.inputs[first].batch.as_ref().map_or(0, RecordBatch::num_rows) - row;
        let Some(second) = second else { return Ok(rows) };
        let head = self.inputs[second].row;
        let order = self.order(first, second)?;
        let comes = |at: usize| order.of(row + at, head).is_le();
        if comes(rows - 1) {
            return Ok(rows);
        }
        let mut step = 1;
        while step < rows && comes(step) {
            step *= 2;
        }
        // Those at half a step come, those at a step don't.
        let (mut low, mut high) = (step / 2, step.min(rows - 1));
        while low + 1 < high {
            let middle = low + (high - low) / 2;
            if comes(middle) { low = middle } else { high = middle }
        }
        Ok(high)
    }

    fn order(&mut self, left: usize, right: usize) -> Result<&Order> {
        if self.orders[left][right].is_none() {
            let column = |input: usize, key: usize| self.inputs[input].batch.as_ref().map(|batch| batch.column(key));
            let options = SortOptions { descending: false, nulls_first: false };
            let columns = self.keys.iter().filter_map(|key| Some((column(left, *key)?, column(right, *key)?)));
            let columns = columns.map(|(left, right)| make_comparator(left, right, options));
            self.orders[left][right] = Some(Order(columns.collect::<Result<_, _>>()?));
        }
        Ok(self.orders[left][right].get_or_insert_with(|| Order(vec![])))
    }

    /// The rows picked so far.
    fn picked(&mut self) -> Result<Option<RecordBatch>> {
        if self.picks.is_empty() {
            return Ok(None);
        }
        let sources: Vec<&RecordBatch> = self.sources.iter().collect();
        let batch = interleave_record_batch(&sources, &self.picks)?;
        self.sources.clear();
        self.picks.clear();
        self.places.fill(None);
        Ok(Some(batch))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, AsArray, Int64Array, StringViewArray};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
    use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
    use futures::TryStreamExt;
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<u8>, Option<i64>);

    fn schema() -> SchemaRef {
        let nullable = |name: &str, data_type| Field::new(name, data_type, true);
        Arc::new(Schema::new(vec![nullable("n", DataType::Int64), nullable("a", DataType::Utf8View)]))
    }

    fn in_batches(rows: &[Row], size: usize) -> SendableRecordBatchStream {
        let batches = rows.chunks(size).map(|rows| {
            let numbers: Int64Array = rows.iter().map(|(_, n)| *n).collect();
            let texts: StringViewArray = rows.iter().map(|(a, _)| a.map(|a| format!("{a:03}"))).collect();
            Ok(RecordBatch::try_new(schema(), vec![Arc::new(numbers), Arc::new(texts)])?)
        });
        Box::pin(RecordBatchStreamAdapter::new(schema(), stream::iter(batches.collect::<Vec<_>>())))
    }

    fn place(row: &Row) -> (bool, Option<u8>, bool, Option<i64>) {
        (row.0.is_none(), row.0, row.1.is_none(), row.1)
    }

    async fn check(mut inputs: Vec<Vec<Row>>, size: usize, batch_size: usize) {
        inputs.iter_mut().for_each(|rows| rows.sort_by_key(place));
        let mut expected = inputs.concat();
        expected.sort_by_key(place);
        let streams = inputs.iter().map(|rows| in_batches(rows, size)).collect();
        let batches: Vec<RecordBatch> = merged(streams, vec![1, 0], batch_size).try_collect().await.unwrap();
        let rows = batches.iter().flat_map(|batch| {
            let (n, a) =
                (batch.column(0).as_primitive::<Int64Type>().clone(), batch.column(1).as_string_view().clone());
            (0..batch.num_rows()).map(move |row| {
                let account = a.is_valid(row).then(|| a.value(row).parse().unwrap());
                (account, n.is_valid(row).then(|| n.value(row)))
            })
        });
        assert_eq!(rows.collect::<Vec<Row>>(), expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_merge_is_a_sort_of_all(
            inputs in proptest::collection::vec(
                proptest::collection::vec((proptest::option::of(0..20_u8), proptest::option::of(0..5_i64)), 0..80), 0..6),
            size in prop_oneof![Just(1_usize), Just(3), Just(50)],
            batch_size in prop_oneof![Just(1_usize), Just(7), Just(8192)],
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(check(inputs, size, batch_size));
        }
    }

    #[tokio::test]
    async fn long_runs_go_out_as_they_are() {
        let large: Vec<Row> = (0..10_000).map(|n| (Some((n / 50) as u8), Some(n))).collect();
        let small: Vec<Row> = [5, 70, 71, 199].map(|account| (Some(account), Some(-1))).to_vec();
        check(vec![large.clone(), small.clone()], 4096, 8192).await;
        check(vec![small, large], 4096, 8192).await;
    }
}
