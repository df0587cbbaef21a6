//! An operator's batches as the engine reads them.

use std::future::Future;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;
use futures::stream::try_unfold;

use crate::error::{Error, Result};

/// One partition's answer.
pub trait Answer: Send + 'static {
    /// The next batch; none after the last.
    fn next(&mut self) -> impl Future<Output = Result<Option<RecordBatch>>> + Send;
}

/// The stream of an answer's batches, which have this schema.
pub fn into_stream<A: Answer>(answer: A, schema: SchemaRef) -> SendableRecordBatchStream {
    let batches = try_unfold(answer, async |mut answer| {
        let next = answer.next().await?;
        Ok::<_, Error>(next.map(|batch| (batch, answer)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches.map_err(Into::into)))
}
