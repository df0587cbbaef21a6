//! A value as a field of a DataRow.

use bytes::{BufMut, BytesMut};

use super::binary;
use super::parameter::Format;
use crate::error::{Error, Result, SqlState};
use crate::model::output::{Column, text};

/// Appends a value as a field of a DataRow: its length (-1 for NULL), then its bytes.
pub fn write_field(column: &Column, row: usize, format: Format, out: &mut BytesMut) -> Result<()> {
    if column.is_null(row) {
        out.put_i32(-1);
        return Ok(());
    }
    let start = out.len();
    out.put_i32(0);
    match format {
        Format::Text => text::write(column, row, out),
        Format::Binary => binary::write(column, row, out)?,
    }
    let length = i32::try_from(out.len() - start - 4)
        .map_err(|_| Error::new(SqlState::ProgramLimitExceeded, "a value of more than 2 GB does not fit a row"))?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
