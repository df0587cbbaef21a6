//! Reads files on a thread of its own, a few chunks ahead of what takes the rows in, and sets refused rows aside.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use journeydb::{Error, Result};

use super::chunk::{Chunk, Layout};
use super::files::Reading;
use super::fit::{Fitted, fit};
use super::mapping::Mapping;
use super::rejects::Rejects;

/// Chunks read ahead: enough to keep the reader busy while a batch is written.
const AHEAD: usize = 2;

/// One chunk with its rows in the table's types.
pub struct Portion {
    file: usize,
    layout: Layout,
    chunk: Chunk,
    fitted: Fitted,
}

impl Portion {
    /// The rows in the table's types, those to be refused among them.
    pub fn rows(&self) -> &RecordBatch {
        &self.fitted.rows
    }

    /// Indices of the rows whose values all fit their columns.
    pub fn sound(&self) -> Vec<usize> {
        let mut faults = self.fitted.faults.iter().map(|(row, _)| *row).peekable();
        (0..self.rows().num_rows()).filter(|row| faults.next_if_eq(row).is_none()).collect()
    }
}

/// The rows of a load, on their way from the files to the table.
pub struct Intake {
    files: Vec<PathBuf>,
    portions: mpsc::Receiver<Portion>,
    reader: Option<JoinHandle<Result<BTreeSet<String>>>>,
    rejects: Rejects,
    progress: ProgressBar,
}

impl Intake {
    /// Starts to read files for a table with this schema.
    pub fn start(
        files: Vec<PathBuf>,
        reading: Reading,
        mapping: Mapping,
        table: SchemaRef,
        rejects: Rejects,
    ) -> Result<Self> {
        let mut size = 0;
        for file in &files {
            size += std::fs::metadata(file)?.len();
        }
        let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta} left");
        let progress = ProgressBar::new(size);
        progress.set_style(style.map_err(|error| Error::internal(error.to_string()))?);
        let (sender, portions) = mpsc::channel(AHEAD);
        let reader = Reader { files: files.clone(), reading, mapping, table, progress: progress.clone(), sender };
        let reader = Some(tokio::task::spawn_blocking(move || reader.run()));
        Ok(Self { files, portions, reader, rejects, progress })
    }

    /// The next rows; `None` once every file was read to its end. Fields without a column are named then.
    pub async fn next(&mut self) -> Result<Option<Portion>> {
        if let Some(portion) = self.portions.recv().await {
            return Ok(Some(portion));
        }
        if let Some(reader) = self.reader.take() {
            // A reader that broke off must not look like one that came to the end.
            let ignored = reader.await.map_err(|error| Error::internal(format!("the reader stopped: {error}")))??;
            if !ignored.is_empty() {
                let names = ignored.into_iter().collect::<Vec<_>>().join(", ");
                self.progress.suspend(|| eprintln!("note: fields that feed no column were left out: {names}"));
            }
        }
        Ok(None)
    }

    /// Sets aside the rows of a portion that can't be loaded, `refused` among them, and gives the others.
    pub fn keep(&mut self, portion: Portion, refused: Vec<(usize, String)>) -> Result<RecordBatch> {
        let Portion { file, layout, chunk, fitted } = portion;
        let mut kept = vec![true; fitted.rows.num_rows()];
        let mut rejects = Vec::new();
        for (row, reason) in fitted.faults.into_iter().chain(refused) {
            if std::mem::replace(&mut kept[row], false) {
                rejects.push(chunk.reject(row, reason)?);
            }
        }
        rejects.extend(chunk.malformed);
        rejects.sort_by_key(|reject| reject.line);
        for reject in &rejects {
            if let Some(named) = self.rejects.take(&self.files[file], &layout, reject)? {
                self.progress.suspend(|| eprintln!("rejected {named}"));
            }
        }
        if rejects.len() as u64 > 0 {
            self.progress.set_message(format!("{} rejected", self.rejects.count()));
        }
        Ok(filter_record_batch(&fitted.rows, &BooleanArray::from(kept))?)
    }

    /// Ends the load: the number of rejects and the files that keep them.
    pub fn finish(self) -> Result<(u64, Vec<PathBuf>)> {
        self.progress.finish_and_clear();
        let count = self.rejects.count();
        Ok((count, self.rejects.finish()?))
    }
}

struct Reader {
    files: Vec<PathBuf>,
    reading: Reading,
    mapping: Mapping,
    table: SchemaRef,
    progress: ProgressBar,
    sender: mpsc::Sender<Portion>,
}

impl Reader {
    /// Reads the files in order; gives the fields that feed no column.
    fn run(self) -> Result<BTreeSet<String>> {
        let (mut ignored, mut before) = (BTreeSet::new(), 0);
        for (file, path) in self.files.iter().enumerate() {
            let mut source = self.reading.open(path, &self.mapping)?;
            while let Some(chunk) = source.next()? {
                let fitted = fit(&chunk.columns, &self.table)?;
                self.progress.set_position(before + source.bytes_read());
                if self.sender.blocking_send(Portion { file, layout: source.layout(), chunk, fitted }).is_err() {
                    return Ok(ignored);
                }
            }
            before += source.bytes_read();
            // A reject file that is loaded again has these in front of its fields.
            ignored.extend(source.ignored().into_iter().filter(|name| !name.starts_with("rejected_")));
        }
        Ok(ignored)
    }
}
