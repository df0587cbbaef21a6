//! Decodes columns of a file, row group by row group, in the types that the table has; text that lies in the file as a
//! dictionary stays one.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, new_null_array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::error::DataFusionError;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

use super::column_cache::ColumnCache;
use super::file_bytes::FileBytes;
use super::snapshot::DataFile;
use crate::error::{Error, Result};

/// Rows of a piece: the engine's batches, so that pieces are passed on as they are.
pub(super) const PIECE: usize = 8192;

/// The type of text columns as codes.
pub(super) fn codes() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View))
}

/// A file whose columns are to be decoded.
#[derive(Debug, Clone)]
pub(super) struct ColumnReader {
    store: Arc<dyn ObjectStore>,
    file: PartitionedFile,
    /// The columns of the table.
    schema: SchemaRef,
    footer: Arc<ParquetMetaData>,
}

impl ColumnReader {
    /// Reads the footer, unless it is kept.
    pub async fn open(
        store: Arc<dyn ObjectStore>,
        file: PartitionedFile,
        schema: SchemaRef,
        cache: &ColumnCache,
    ) -> Result<Self> {
        let path = file.path().clone();
        let footer = match cache.footer(&path) {
            Some(footer) => footer,
            None => {
                let mut reader = bytes_of(&store, &file);
                let read = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await;
                let footer = Arc::clone(read.map_err(broken)?.metadata());
                cache.keep_footer(path, Arc::clone(&footer));
                footer
            }
        };
        Ok(Self { store, file, schema, footer })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The row groups that belong to it, with their rows: those that begin in its range, if it has one.
    pub fn groups(&self) -> Vec<(usize, usize)> {
        let groups = self.footer.row_groups().iter().enumerate().filter(|(_, group)| {
            let Some(range) = &self.file.range else {
                return true;
            };
            let first = group.column(0);
            let start = first.dictionary_page_offset().unwrap_or_else(|| first.data_page_offset());
            (range.start..range.end).contains(&start)
        });
        groups.map(|(index, group)| (index, group.num_rows() as usize)).collect()
    }

    /// The columns of a row group, in pieces of [`PIECE`] rows.
    pub fn decode(&self, group: usize, columns: &[usize]) -> Result<BoxStream<'static, Result<Vec<ArrayRef>>>> {
        let options = ArrowReaderOptions::new().with_schema(self.file_schema()?);
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(&self.footer), options).map_err(broken)?;
        let names: Vec<&str> = columns.iter().map(|column| self.schema.field(*column).name().as_str()).collect();
        let roots =
            metadata.schema().fields().iter().enumerate().filter(|(_, field)| names.contains(&field.name().as_str()));
        let mask = ProjectionMask::roots(metadata.parquet_schema(), roots.map(|(index, _)| index));
        let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(bytes_of(&self.store, &self.file), metadata);
        let batches = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(PIECE).build();
        let mut wanted: Vec<Wanted> = columns.iter().map(|column| Wanted::new(self.schema.field(*column))).collect();
        let pieces = batches.map_err(broken)?.map_err(broken).map(move |batch| {
            let batch = batch?;
            wanted.iter_mut().map(|wanted| wanted.of(batch.column_by_name(&wanted.name), batch.num_rows())).collect()
        });
        Ok(pieces.boxed())
    }

    /// What the file is read as: its own types but for text.
    fn file_schema(&self) -> Result<SchemaRef> {
        let own = ArrowReaderMetadata::try_new(Arc::clone(&self.footer), ArrowReaderOptions::new()).map_err(broken)?;
        let coded = |name: &str| self.file.extension::<Arc<DataFile>>().is_some_and(|file| file.is_coded(name));
        let fields = own.schema().fields().iter().map(|field| {
            let is_text =
                self.schema.field_with_name(field.name()).is_ok_and(|field| *field.data_type() == DataType::Utf8View);
            let read_as = match (is_text && matches!(field.data_type(), DataType::Utf8), coded(field.name())) {
                (false, _) => return Arc::clone(field),
                // The reader has no dictionaries of views.
                (true, true) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
                (true, false) => DataType::Utf8View,
            };
            Arc::new(field.as_ref().clone().with_data_type(read_as))
        });
        Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }
}

/// One column on its way from the file's type to the table's.
struct Wanted {
    name: String,
    data_type: DataType,
    /// The last dictionary's entries, as read and as views: pieces of a row group share it.
    entries: Option<(ArrayData, ArrayRef)>,
}

impl Wanted {
    fn new(field: &Field) -> Self {
        Self { name: field.name().clone(), data_type: field.data_type().clone(), entries: None }
    }

    /// The values as the table has them, or as a dictionary of those; NULL in a file that lacks the column.
    fn of(&mut self, column: Option<&ArrayRef>, rows: usize) -> Result<ArrayRef> {
        let Some(column) = column else {
            return Ok(new_null_array(&self.data_type, rows));
        };
        Ok(match column.as_dictionary_opt::<Int32Type>() {
            Some(dictionary) => {
                let entries = self.views_of(dictionary.values())?;
                Arc::new(dictionary.with_values(entries))
            }
            None if column.data_type() == &self.data_type => Arc::clone(column),
            None => cast(column, &self.data_type)?,
        })
    }

    fn views_of(&mut self, entries: &ArrayRef) -> Result<ArrayRef> {
        let read = entries.to_data();
        if let Some((last, views)) = &self.entries
            && last.ptr_eq(&read)
        {
            return Ok(Arc::clone(views));
        }
        let views = cast(entries, &DataType::Utf8View)?;
        self.entries = Some((read, Arc::clone(&views)));
        Ok(views)
    }
}

/// A piece in the type that is wanted: a dictionary as it is, or its values.
pub(super) fn in_type(piece: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if piece.data_type() == wanted {
        return Ok(Arc::clone(piece));
    }
    match piece.as_dictionary_opt::<Int32Type>() {
        Some(dictionary) => Ok(take(dictionary.values(), dictionary.keys(), None)?),
        None => Ok(cast(piece, wanted)?),
    }
}

fn bytes_of(store: &Arc<dyn ObjectStore>, file: &PartitionedFile) -> FileBytes {
    FileBytes { store: Arc::clone(store), path: file.path().clone(), length: file.object_meta.size }
}

fn broken(error: ParquetError) -> Error {
    DataFusionError::from(error).into()
}
