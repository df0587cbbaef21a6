//! Results as Postgres prints them, for programs that show rows without a wire in between.

use arrow::array::timezone::Tz;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};
use crate::model::output::{Column, ColumnType};

/// Turns the batches of one result into text, value by value, in the text format of the wire.
pub struct Printed {
    kinds: Vec<ColumnType>,
    zone: Tz,
}

impl Printed {
    /// For results of a schema; `zone` is the session's TimeZone. 0A000 for a column that Postgres has no type for.
    pub fn of(schema: &Schema, zone: &str) -> Result<Self> {
        let zone = zone.parse().map_err(|_| Error::internal(format!("TimeZone \"{zone}\" is not known")))?;
        let kinds = schema.fields().iter().map(|field| ColumnType::of(field)).collect::<Result<_>>()?;
        Ok(Self { kinds, zone })
    }

    /// The rows of a batch; `None` is NULL.
    pub fn rows(&self, batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>> {
        let columns = batch.columns().iter().zip(&self.kinds);
        let columns: Vec<Column> =
            columns.map(|(array, kind)| Column::new(array, kind, self.zone)).collect::<Result<_>>()?;
        Ok((0..batch.num_rows()).map(|row| columns.iter().map(|column| column.text(row)).collect()).collect())
    }
}
