//! Batches to the bytes of a COPY, as PostgreSQL 15 writes them.

use arrow::array::timezone::Tz;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::{BufMut, BytesMut};

use super::super::field::write_field;
use super::super::parameter::Format;
use super::binary;
use crate::error::{Error, Result};
use crate::model::output::{Column, ColumnType, text};
use crate::statements::{CopyFormat, CopyHeader, CopyOptions};

/// Writes rows as COPY spells them: what comes first, each row, what comes last.
pub struct CopyWriter {
    options: CopyOptions,
    columns: Vec<OutColumn>,
    zone: Tz,
    /// The bytes that can't stand as they are.
    special: [bool; 256],
}

struct OutColumn {
    name: String,
    kind: ColumnType,
    always_quoted: bool,
}

/// A batch whose rows are written one by one.
pub struct CopyRows {
    columns: Vec<Column>,
    /// How many they are.
    pub count: usize,
}

impl CopyWriter {
    /// For rows of a schema; `zone` is the session's TimeZone. 0A000 for a column that Postgres has no type for.
    pub fn new(schema: &Schema, options: CopyOptions, zone: &str) -> Result<Self> {
        let zone = zone.parse().map_err(|_| Error::internal(format!("TimeZone \"{zone}\" is not known")))?;
        let columns = schema.fields().iter().map(|field| {
            let (name, kind) = (field.name().clone(), ColumnType::of(field)?);
            let always_quoted = options.force_quote.contains(&name);
            Ok(OutColumn { name, kind, always_quoted })
        });
        let columns = columns.collect::<Result<_>>()?;
        let mut special = [false; 256];
        let bytes: &[u8] = match options.format {
            CopyFormat::Text => &[options.delimiter, b'\\', 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d],
            CopyFormat::Csv => &[options.delimiter, options.quote, b'\n', b'\r'],
            CopyFormat::Binary => &[],
        };
        bytes.iter().for_each(|&byte| special[usize::from(byte)] = true);
        Ok(Self { options, columns, zone, special })
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// Whether bytes are no text.
    pub fn is_binary(&self) -> bool {
        self.options.format == CopyFormat::Binary
    }

    /// Appends what comes before the first row: the names of the columns, or the signature.
    pub fn begin(&self, out: &mut BytesMut) {
        if self.is_binary() {
            return out.put_slice(binary::HEADER);
        }
        if self.options.header != CopyHeader::Absent {
            for (at, column) in self.columns.iter().enumerate() {
                if at > 0 {
                    out.put_u8(self.options.delimiter);
                }
                let start = out.len();
                out.put_slice(column.name.as_bytes());
                self.spell(start, false, out);
            }
            out.put_u8(b'\n');
        }
    }

    /// The rows of a batch.
    pub fn rows(&self, batch: &RecordBatch) -> Result<CopyRows> {
        let columns = batch.columns().iter().zip(&self.columns);
        let columns =
            columns.map(|(array, column)| Column::new(array, &column.kind, self.zone)).collect::<Result<_>>()?;
        Ok(CopyRows { columns, count: batch.num_rows() })
    }

    /// Appends a row; 22008 for a date before what the binary format holds.
    pub fn row(&self, rows: &CopyRows, row: usize, out: &mut BytesMut) -> Result<()> {
        if self.is_binary() {
            out.put_i16(self.columns.len() as i16);
            return rows.columns.iter().try_for_each(|column| write_field(column, row, Format::Binary, out));
        }
        for (at, (column, told)) in rows.columns.iter().zip(&self.columns).enumerate() {
            if at > 0 {
                out.put_u8(self.options.delimiter);
            }
            if column.is_null(row) {
                out.put_slice(self.options.null.as_bytes());
                continue;
            }
            let start = out.len();
            text::write(column, row, out);
            self.spell(start, told.always_quoted, out);
        }
        out.put_u8(b'\n');
        Ok(())
    }

    /// Appends what comes after the last row.
    pub fn end(&self, out: &mut BytesMut) {
        if self.is_binary() {
            out.put_i16(binary::TRAILER);
        }
    }

    /// Makes what was written since `start` a value that reads back as it is.
    fn spell(&self, start: usize, always_quoted: bool, out: &mut BytesMut) {
        let special = out[start..].iter().any(|&byte| self.special[usize::from(byte)]);
        match self.options.format {
            CopyFormat::Text if special => self.escape(start, out),
            CopyFormat::Csv => {
                let value = &out[start..];
                let confusing = value == self.options.null.as_bytes() || (self.columns.len() == 1 && value == b"\\.");
                if special || always_quoted || confusing {
                    self.quote(start, out);
                }
            }
            CopyFormat::Text | CopyFormat::Binary => {}
        }
    }

    fn escape(&self, start: usize, out: &mut BytesMut) {
        let value = out.split_off(start);
        for &byte in &value {
            let letter = match byte {
                0x08 => b'b',
                0x09 => b't',
                0x0a => b'n',
                0x0b => b'v',
                0x0c => b'f',
                0x0d => b'r',
                other => other,
            };
            if self.special[usize::from(byte)] {
                out.put_u8(b'\\');
            }
            out.put_u8(letter);
        }
    }

    fn quote(&self, start: usize, out: &mut BytesMut) {
        let value = out.split_off(start);
        out.put_u8(self.options.quote);
        for &byte in &value {
            if byte == self.options.quote || byte == self.options.escape {
                out.put_u8(self.options.escape);
            }
            out.put_u8(byte);
        }
        out.put_u8(self.options.quote);
    }
}
