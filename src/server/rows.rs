//! A result's rows, encoded and sent as they come.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::datatypes::Schema;
use bytes::{BufMut, BytesMut};
use datafusion::execution::SendableRecordBatchStream;
use futures::{FutureExt, StreamExt};
use pgwire::messages::data::{FieldDescription, RowDescription};

use super::codec::{Format, write_field};
use super::failure::Failure;
use super::wire::Wire;
use crate::error::{Error, Result, SqlState};
use crate::model::output::{Column, ColumnType};

const DATA_ROW: u8 = b'D';

/// More columns than Postgres allows in a result, whose messages count them in 16 bits.
const MOST_COLUMNS: usize = 1664;

/// The columns of a result as the client knows them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    columns: Arc<[(String, ColumnType)]>,
}

impl Columns {
    /// The wire types of a schema; 0A000 where one has none, before any row is sent.
    pub fn of(schema: &Schema) -> Result<Self> {
        if schema.fields().len() > MOST_COLUMNS {
            let message = format!("a result can have at most {MOST_COLUMNS} columns");
            return Err(Error::new(SqlState::ProgramLimitExceeded, message));
        }
        let columns = schema.fields().iter().map(|field| Ok((field.name().clone(), ColumnType::of(field)?)));
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether a client that was told of these can read rows of the others: digits of a numeric may differ.
    pub fn agree(&self, others: &Self) -> bool {
        let mut pairs = self.columns.iter().zip(others.columns.iter());
        self.len() == others.len() && pairs.all(|((a, one), (b, other))| a == b && one.postgres == other.postgres)
    }

    /// The message that describes them; `formats` has one for each.
    pub fn description(&self, formats: &[Format]) -> RowDescription {
        let fields = self.columns.iter().zip(formats).map(|((name, kind), format)| {
            // No table and column of the catalog is told: results are computed.
            FieldDescription::new(name.clone(), 0, 0, kind.postgres.oid(), kind.size(), kind.modifier, format.code())
        });
        RowDescription::new(fields.collect())
    }
}

/// A result on its way to the client.
pub(super) struct Rows {
    stream: SendableRecordBatchStream,
    columns: Columns,
    formats: Vec<Format>,
    zone: Tz,
}

/// A batch, ready to be written.
struct Batch {
    columns: Vec<Column>,
    rows: usize,
}

impl Rows {
    /// The rows of a stream; `formats` has one for each column, `zone` is the session's TimeZone.
    pub fn new(stream: SendableRecordBatchStream, columns: Columns, formats: Vec<Format>, zone: &str) -> Result<Self> {
        let zone = zone.parse().map_err(|_| Error::internal(format!("TimeZone \"{zone}\" is not known")))?;
        Ok(Self { stream, columns, formats, zone })
    }

    /// Sends the rows and counts them. Waits while the client doesn't read; holds one batch and one buffer.
    pub async fn send(&mut self, wire: &mut Wire) -> Result<u64, Failure> {
        let mut sent = 0;
        while let Some(batch) = self.next_batch(wire).await? {
            for row in 0..batch.rows {
                batch.write(row, &self.formats, wire.output())?;
                if wire.is_full() {
                    wire.flush().await?;
                }
            }
            sent += batch.rows as u64;
        }
        Ok(sent)
    }

    async fn next_batch(&mut self, wire: &mut Wire) -> Result<Option<Batch>, Failure> {
        let arrived = match self.stream.next().now_or_never() {
            Some(arrived) => arrived,
            None => {
                // The query needs time: what is there already should not wait for it.
                wire.flush().await?;
                self.stream.next().await
            }
        };
        let Some(batch) = arrived.transpose().map_err(Error::from)? else { return Ok(None) };
        let columns = batch.columns().iter().zip(self.columns.columns.iter());
        let columns = columns.map(|(array, (_, kind))| Column::new(array, kind, self.zone)).collect::<Result<_>>()?;
        Ok(Some(Batch { columns, rows: batch.num_rows() }))
    }
}

impl Batch {
    /// Appends a row as a DataRow, or nothing where a value can't be written.
    fn write(&self, row: usize, formats: &[Format], out: &mut BytesMut) -> Result<()> {
        let start = out.len();
        out.put_u8(DATA_ROW);
        out.put_i32(0);
        out.put_i16(self.columns.len() as i16);
        let mut fields = self.columns.iter().zip(formats);
        let written = fields.try_for_each(|(column, format)| write_field(column, row, *format, out)).and_then(|()| {
            let too_long = |_| Error::new(SqlState::ProgramLimitExceeded, "a row of more than 2 GB does not fit");
            i32::try_from(out.len() - start - 1).map_err(too_long)
        });
        match written {
            Ok(length) => out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes()),
            Err(_) => out.truncate(start),
        }
        written.map(drop)
    }
}
