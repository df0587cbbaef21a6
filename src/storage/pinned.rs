//! Keeps the version that a query reads while it is read: as long as anything may still open one of its files, none is removed.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::DefaultParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use object_store::ObjectStore;
use parquet::arrow::async_reader::AsyncFileReader;

use super::snapshot::Snapshot;

/// Opens a version's files. A scan holds it from planning to its last row.
#[derive(Debug)]
pub(super) struct PinnedFiles {
    files: DefaultParquetFileReaderFactory,
    _at: Arc<Snapshot>,
}

impl PinnedFiles {
    pub fn new(store: Arc<dyn ObjectStore>, at: Arc<Snapshot>) -> Self {
        Self { files: DefaultParquetFileReaderFactory::new(store), _at: at }
    }
}

impl ParquetFileReaderFactory for PinnedFiles {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        self.files.create_reader(partition, file, metadata_size_hint, metrics)
    }
}
