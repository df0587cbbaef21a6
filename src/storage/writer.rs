//! Writes rows into Parquet files.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use chrono::Utc;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::layout::{coded, layout};
use super::owners::Owners;
use super::placement::Placement;
use super::schema::{file_schema, to_file};
use super::snapshot::DataFile;
use super::sorter::Sorter;
use super::sorting::Sorting;
use super::statistics::Collector;
use crate::error::{Error, Result};

/// Where a file ends and the next begins: large enough that a table has few, small enough that a rewrite is cheap.
const FILE_ROWS: usize = 4 << 20;
const FILE_BYTES: usize = 128 << 20;

/// Where a file of a sorted table ends: several of them are read side by side, each in its order.
pub(super) const SORTED_FILE_ROWS: usize = 512 << 10;

/// Writes rows into as many files as they need.
pub(super) enum Writer {
    /// In the order in which they come.
    AsTheyCome(Box<Files>),
    /// In the order of the table.
    Sorted(Box<Sorter>),
}

impl Writer {
    pub fn new(target: Target) -> Result<Self> {
        Ok(match target.sorting.is_some() {
            true => Self::Sorted(Box::new(Sorter::start(target)?)),
            false => Self::AsTheyCome(Box::new(Files::new(target))),
        })
    }

    /// Adds rows whose columns are the target's.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        match self {
            Self::AsTheyCome(files) => files.write(batch).await,
            Self::Sorted(sorter) => sorter.write(batch).await,
        }
    }

    /// The files, complete and durable.
    pub async fn finish(self) -> Result<Drafts> {
        match self {
            Self::AsTheyCome(files) => files.finish().await,
            Self::Sorted(sorter) => sorter.finish().await,
        }
    }
}

/// Files under way.
pub(super) struct Files {
    open: Option<OpenFile>,
    placement: Placement,
    done: Drafts,
}

/// Where files go.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub store: Arc<dyn ObjectStore>,
    pub folder: Path,
    pub schema: SchemaRef,
    pub sorting: Option<Sorting>,
}

struct OpenFile {
    name: String,
    encoder: ArrowWriter<Vec<u8>>,
    upload: BufWriter,
    collector: Collector,
    rows: usize,
    /// The first column that rows are sorted by, in the last row.
    last: Option<ArrayRef>,
    sorted_by: Option<String>,
}

impl Files {
    pub fn new(target: Target) -> Self {
        Self { open: None, placement: Placement::default(), done: Drafts::none(target) }
    }

    /// Adds sorted rows. A file ends between two values of the first column that rows are sorted by, so that files never share
    /// one; NULL, which comes last and has no bounds, has files of its own.
    pub async fn write_sorted(&mut self, batch: RecordBatch, key: usize) -> Result<()> {
        let Drafts { target, owners, .. } = &mut self.done;
        self.placement.check(&batch, target.sorting.as_ref())?;
        if let Some(sorting) = &target.sorting {
            owners.add(&batch, sorting)?;
        }
        let known = batch.num_rows() - batch.column(key).null_count();
        for part in [batch.slice(0, known), batch.slice(known, batch.num_rows() - known)] {
            let continued = match &self.open {
                Some(file) if file.ends_before(&part, key) => file.continued_by(&part, key)?,
                _ => part.num_rows(),
            };
            self.append(part.slice(0, continued), Some(key)).await?;
            if continued < part.num_rows() {
                if let Some(file) = self.open.take() {
                    self.done.files.push(file.finish().await?);
                }
                self.append(part.slice(continued, part.num_rows() - continued), Some(key)).await?;
            }
        }
        Ok(())
    }

    /// Adds rows in the order in which they come.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        self.append(batch, None).await?;
        if let Some(file) = self.open.take_if(|file| file.is_full()) {
            self.done.files.push(file.finish().await?);
        }
        Ok(())
    }

    async fn append(&mut self, batch: RecordBatch, key: Option<usize>) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let file = match self.open.take() {
            Some(file) => file,
            None => OpenFile::begin(&self.done.target, &batch)?,
        };
        let last = key.map(|key| batch.column(key).slice(batch.num_rows() - 1, 1));
        let mut file = file.write(batch).await?;
        file.last = last;
        self.open = Some(file);
        Ok(())
    }

    /// The files, complete and durable.
    pub async fn finish(mut self) -> Result<Drafts> {
        if let Some(file) = self.open.take() {
            self.done.files.push(file.finish().await?);
        }
        Ok(self.done)
    }
}

impl OpenFile {
    fn begin(target: &Target, first: &RecordBatch) -> Result<Self> {
        // By time, so that rows are read in the order in which they came, before and after reopening.
        let name = format!("{:016x}-{}.parquet", Utc::now().timestamp_micros(), Uuid::new_v4());
        let path = target.folder.clone().join(name.as_str());
        let schema = file_schema(&target.schema);
        // Without Arrow's own schema beside Parquet's: it would tell other readers to make views of text.
        let options = ArrowWriterOptions::new()
            .with_properties(layout(&schema, target.sorting.as_ref(), first).map_err(encoding)?)
            .with_skip_arrow_metadata(true);
        Ok(Self {
            name,
            encoder: ArrowWriter::try_new_with_options(vec![], schema, options).map_err(encoding)?,
            upload: BufWriter::new(Arc::clone(&target.store), path).with_max_concurrency(1),
            collector: Collector::new(&target.schema)?,
            rows: 0,
            last: None,
            sorted_by: target.sorting.as_ref().map(|sorting| sorting.record().to_owned()),
        })
    }

    /// Encodes off the async threads: a batch takes milliseconds, a row group's end many.
    async fn write(mut self, batch: RecordBatch) -> Result<Self> {
        let mut file = off_thread(move || {
            self.rows += batch.num_rows();
            self.collector.add(&batch)?;
            self.encoder.write(&to_file(&batch)?).map_err(encoding)?;
            Ok(self)
        })
        .await?;
        file.ship().await?;
        Ok(file)
    }

    /// Whether a sorted file should end before the first row of another value.
    fn ends_before(&self, batch: &RecordBatch, key: usize) -> bool {
        let turns_null = self.last.as_ref().is_some_and(|last| last.is_valid(0)) && batch.column(key).null_count() > 0;
        self.rows >= SORTED_FILE_ROWS || turns_null
    }

    /// How many rows at the start of a batch have the same value of the column as the last one written.
    fn continued_by(&self, batch: &RecordBatch, key: usize) -> Result<usize> {
        let (Some(last), keys) = (&self.last, batch.column(key)) else {
            return Ok(0);
        };
        if batch.num_rows() == 0 || !not_distinct(last, &keys.slice(0, 1))?.value(0) {
            return Ok(0);
        }
        let runs = partition(std::slice::from_ref(keys))?.ranges();
        Ok(runs.first().map_or(0, |run| run.end))
    }

    fn is_full(&self) -> bool {
        self.rows >= FILE_ROWS || self.encoder.bytes_written() + self.encoder.in_progress_size() >= FILE_BYTES
    }

    async fn finish(self) -> Result<Arc<DataFile>> {
        let (mut file, coded) = off_thread(move || {
            let mut file = self;
            let footer = file.encoder.finish().map_err(encoding)?;
            Ok((file, coded(&footer)))
        })
        .await?;
        file.ship().await?;
        file.upload.shutdown().await?;
        let size = file.encoder.bytes_written();
        Ok(Arc::new(DataFile {
            path: file.name,
            size: size as u64,
            created: Utc::now().timestamp_millis(),
            statistics: Arc::new(file.collector.finish(size)?),
            sorted_by: file.sorted_by,
            coded,
            determined_by: None,
        }))
    }

    /// Sends on what is encoded.
    async fn ship(&mut self) -> Result<()> {
        let encoded = std::mem::take(self.encoder.inner_mut());
        if !encoded.is_empty() {
            self.upload.put(Bytes::from(encoded)).await?;
        }
        Ok(())
    }
}

/// Files that no commit names yet; removed when they are dropped, unless they were kept.
#[derive(Debug)]
pub(super) struct Drafts {
    target: Target,
    files: Vec<Arc<DataFile>>,
    owners: Owners,
}

impl Drafts {
    pub fn none(target: Target) -> Self {
        Self { target, files: vec![], owners: Owners::default() }
    }

    pub fn files(&self) -> &[Arc<DataFile>] {
        &self.files
    }

    /// Whom the contacts in their rows belong to.
    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Takes owners of rows that are in no draft.
    pub fn own(&mut self, owners: Owners) {
        self.owners.join(owners);
    }

    /// Takes another write's files in.
    pub fn join(&mut self, mut other: Drafts) {
        self.files.append(&mut other.files);
        self.owners.join(std::mem::take(&mut other.owners));
    }

    /// Removes those that nobody needs any more.
    pub fn retain(&mut self, needed: impl Fn(&DataFile) -> bool) {
        let (kept, gone) = std::mem::take(&mut self.files).into_iter().partition(|file| needed(file));
        self.files = kept;
        drop(Self { files: gone, target: self.target.clone(), owners: Owners::default() });
    }

    /// They belong to a commit now.
    pub fn keep(mut self) -> Owners {
        self.files.clear();
        std::mem::take(&mut self.owners)
    }
}

impl Drop for Drafts {
    /// In the background, and only as a courtesy: opening the database sweeps what stays behind.
    fn drop(&mut self) {
        let (files, Target { store, folder, .. }) = (std::mem::take(&mut self.files), self.target.clone());
        if let (false, Ok(runtime)) = (files.is_empty(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                for file in files {
                    let _ = store.delete(&folder.clone().join(file.path.as_str())).await;
                }
            });
        }
    }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?
}

fn encoding(error: parquet::errors::ParquetError) -> Error {
    Error::internal(format!("rows can't be encoded: {error}"))
}
