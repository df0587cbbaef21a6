//! The rows of a whole result, kept to be read again: in memory, or on disk where they are many.

use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::{DataFusionError, Result as EngineResult};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::SpillFile;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};

use crate::error::{Error, Result};

/// Rows of more bytes go to disk: far above what a page of a report holds, little beside what a query may take.
const IN_MEMORY: usize = 16 << 20;

/// The rows of a result.
pub(super) struct Spool {
    schema: SchemaRef,
    /// For each batch the rows before it, and at the end all of them.
    starts: Vec<u64>,
    batches: Batches,
    /// What the batches take of the memory, or of the disk, is given back with them.
    _held: Held,
}

enum Batches {
    InMemory(Vec<RecordBatch>),
    OnDisk(Arc<Mutex<FileReader<File>>>),
}

enum Held {
    Memory { _reservation: MemoryReservation },
    Disk { _file: Arc<dyn SpillFile> },
}

impl Spool {
    /// Reads a result to its end. 53200 where neither memory nor disk has room for it.
    pub async fn collect(mut rows: SendableRecordBatchStream, runtime: &RuntimeEnv) -> Result<Self> {
        let schema = rows.schema();
        let reservation = MemoryConsumer::new("cursor").register(&runtime.memory_pool);
        let (mut starts, mut batches) = (vec![0], Vec::new());
        while let Some(batch) = rows.try_next().await? {
            if batch.num_rows() == 0 {
                continue;
            }
            let batch = compact(&batch)?;
            starts.push(starts[starts.len() - 1] + batch.num_rows() as u64);
            let bytes = batch.get_array_memory_size();
            let fits = reservation.size() + bytes <= IN_MEMORY && reservation.try_grow(bytes).is_ok();
            batches.push(batch);
            if !fits {
                return Self::on_disk(schema, starts, batches, rows, runtime).await;
            }
        }
        Ok(Self {
            schema,
            starts,
            batches: Batches::InMemory(batches),
            _held: Held::Memory { _reservation: reservation },
        })
    }

    /// Goes on where memory ended.
    async fn on_disk(
        schema: SchemaRef,
        mut starts: Vec<u64>,
        batches: Vec<RecordBatch>,
        mut rows: SendableRecordBatchStream,
        runtime: &RuntimeEnv,
    ) -> Result<Self> {
        let file = runtime.disk_manager.create_tmp_file("the rows of a cursor")?;
        let mut writer = FileWriter::try_new_buffered(file.open_writer()?, &schema)?;
        for batch in batches {
            writer.write(&batch)?;
        }
        while let Some(batch) = rows.try_next().await? {
            if batch.num_rows() > 0 {
                starts.push(starts[starts.len() - 1] + batch.num_rows() as u64);
                writer.write(&compact(&batch)?)?;
            }
        }
        let mut writer = writer.into_inner()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        writer.finish()?;
        let path = file.path().ok_or_else(|| Error::internal("a temporary file without a name"))?;
        let reader = FileReader::try_new(File::open(path)?, None)?;
        let batches = Batches::OnDisk(Arc::new(Mutex::new(reader)));
        Ok(Self { schema, starts, batches, _held: Held::Disk { _file: file } })
    }

    /// How many rows there are.
    pub fn total(&self) -> u64 {
        self.starts[self.starts.len() - 1]
    }

    /// Some of the rows, counted from 0, in order.
    pub fn rows(self: Arc<Self>, rows: Range<u64>) -> SendableRecordBatchStream {
        let parts = self.parts(&rows);
        self.stream(parts, Ok)
    }

    /// Some of the rows, the last one first.
    pub fn rows_backward(self: Arc<Self>, rows: Range<u64>) -> SendableRecordBatchStream {
        let mut parts = self.parts(&rows);
        parts.reverse();
        self.stream(parts, |batch| {
            let backward = UInt64Array::from_iter_values((0..batch.num_rows() as u64).rev());
            Ok(take_record_batch(&batch, &backward)?)
        })
    }

    /// The batches that hold some of the rows, and which of theirs those are.
    fn parts(&self, rows: &Range<u64>) -> Vec<(usize, Range<u64>)> {
        let first = self.starts.partition_point(|start| *start <= rows.start).saturating_sub(1);
        let bounds = self.starts.windows(2).enumerate().skip(first);
        bounds
            .take_while(|(_, bounds)| bounds[0] < rows.end)
            .map(|(at, bounds)| (at, rows.start.max(bounds[0]) - bounds[0]..rows.end.min(bounds[1]) - bounds[0]))
            .filter(|(_, part)| !part.is_empty())
            .collect()
    }

    fn stream(
        self: Arc<Self>,
        parts: Vec<(usize, Range<u64>)>,
        arrange: fn(RecordBatch) -> EngineResult<RecordBatch>,
    ) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let rows = futures::stream::iter(parts).then(move |(at, part)| {
            let spool = Arc::clone(&self);
            async move {
                let batch = spool.batch(at).await?;
                arrange(batch.slice(part.start as usize, (part.end - part.start) as usize))
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    async fn batch(&self, at: usize) -> EngineResult<RecordBatch> {
        let reader = match &self.batches {
            Batches::InMemory(batches) => return Ok(batches[at].clone()),
            Batches::OnDisk(reader) => Arc::clone(reader),
        };
        let read = move || {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            reader.set_index(at)?;
            let batch = reader.next().ok_or_else(|| Error::internal("a batch of a cursor went missing"))?;
            Ok(batch?)
        };
        tokio::task::spawn_blocking(read).await.map_err(|error| DataFusionError::External(Box::new(error)))?
    }
}

/// Texts of a filtered batch refer into the unfiltered buffers, which would be kept, and written, with them.
fn compact(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()) as ArrayRef,
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()) as ArrayRef,
        _ => Arc::clone(column),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &options)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::datatypes::{Field, Int64Type, Schema};

    use super::*;

    /// Rows 0.. in batches of given sizes; each has a text of some bytes too.
    async fn spooled(sizes: &[u64], bytes: usize) -> Arc<Spool> {
        let fields = vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8View, false)];
        let schema = Arc::new(Schema::new(fields));
        let mut next = 0;
        let batches: Vec<_> = sizes
            .iter()
            .map(|size| {
                let numbers = Int64Array::from_iter_values((next..next + size).map(|n| n as i64));
                let texts =
                    StringViewArray::from_iter_values((next..next + size).map(|n| format!("{n}{}", "x".repeat(bytes))));
                next += size;
                Ok(RecordBatch::try_new(schema.clone(), vec![Arc::new(numbers), Arc::new(texts)]).unwrap())
            })
            .collect();
        let stream = RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches));
        Arc::new(Spool::collect(Box::pin(stream), &RuntimeEnv::default()).await.unwrap())
    }

    async fn numbers(rows: SendableRecordBatchStream) -> Vec<i64> {
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
    }

    #[tokio::test]
    async fn any_rows_are_read_in_both_orders() {
        for (bytes, on_disk) in [(1, false), (1 << 20, true)] {
            let spool = spooled(&[3, 0, 1, 20, 5], bytes).await;
            assert_eq!(matches!(spool.batches, Batches::OnDisk(..)), on_disk);
            assert_eq!(spool.total(), 29);
            for (start, end) in [(0, 29), (0, 0), (2, 4), (3, 4), (4, 24), (28, 29), (29, 29), (7, 26)] {
                let expected: Vec<i64> = (start..end).map(|n| n as i64).collect();
                assert_eq!(numbers(spool.clone().rows(start..end)).await, expected, "{start}..{end}");
                let backward: Vec<i64> = expected.into_iter().rev().collect();
                assert_eq!(numbers(spool.clone().rows_backward(start..end)).await, backward, "{start}..{end}");
            }
        }
    }

    #[tokio::test]
    async fn of_no_rows_there_are_none() {
        let spool = spooled(&[], 1).await;
        assert_eq!(spool.total(), 0);
        assert!(numbers(spool.rows(0..0)).await.is_empty());
    }
}
