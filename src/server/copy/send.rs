//! COPY TO STDOUT: each row a message, sent as the query gives them.

use bytes::{BufMut, BytesMut};
use futures::{FutureExt, StreamExt};
use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::copy::{CopyDone, CopyOutResponse, MESSAGE_TYPE_BYTE_COPY_DATA};

use super::super::codec::CopyWriter;
use super::super::connection::Connection;
use super::super::failure::Failure;
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;
use crate::statements::CopyOut;

impl Connection {
    /// Sends what a COPY gives. Waits while the client doesn't read; holds one batch and one buffer.
    pub(in crate::server) async fn copy_out(&mut self, copy: CopyOut) -> Result<(), Failure> {
        let mut rows = copy.rows;
        let writer = CopyWriter::new(&rows.schema(), copy.options, &self.time_zone())?;
        // A query that fails before its first row is answered with its error alone.
        let mut arrived = rows.next().await.transpose().map_err(Error::from)?;
        let (format, formats) = formats(writer.is_binary(), writer.width());
        self.wire.put(Message::CopyOutResponse(CopyOutResponse::new(format, formats.len() as i16, formats)))?;
        // The names of the columns are a message of their own; the signature stands before the first row, in its message.
        let mut signature = writer.is_binary();
        if !signature {
            message(self.wire.output(), |out| {
                writer.begin(out);
                Ok(())
            })?;
        }
        let mut count = 0;
        while let Some(batch) = arrived {
            let batch = writer.rows(&batch)?;
            for row in 0..batch.count {
                message(self.wire.output(), |out| {
                    if std::mem::take(&mut signature) {
                        writer.begin(out);
                    }
                    writer.row(&batch, row, out)
                })?;
                if self.wire.is_full() {
                    self.wire.flush().await?;
                }
            }
            count += batch.count as u64;
            let next = match rows.next().now_or_never() {
                Some(next) => next,
                None => {
                    // The query needs time: what is there already should not wait for it.
                    self.wire.flush().await?;
                    rows.next().await
                }
            };
            arrived = next.transpose().map_err(Error::from)?;
        }
        message(self.wire.output(), |out| {
            if signature {
                writer.begin(out);
            }
            writer.end(out);
            Ok(())
        })?;
        self.wire.put(Message::CopyDone(CopyDone::new()))?;
        self.complete(&Tag::counted("COPY", count))
    }
}

/// The format of a whole copy and of each of its columns, as the responses that begin one tell them.
pub(super) fn formats(binary: bool, columns: usize) -> (i8, Vec<i16>) {
    (i8::from(binary), vec![i16::from(binary); columns])
}

/// Appends bytes as a CopyData, or nothing where there are none or they can't be written.
fn message(out: &mut BytesMut, write: impl FnOnce(&mut BytesMut) -> Result<()>) -> Result<()> {
    let start = out.len();
    out.put_u8(MESSAGE_TYPE_BYTE_COPY_DATA);
    out.put_i32(0);
    let written = write(out).and_then(|()| {
        let too_long = |_| Error::new(SqlState::ProgramLimitExceeded, "a row of more than 2 GB does not fit");
        i32::try_from(out.len() - start - 1).map_err(too_long)
    });
    match written {
        Ok(length) if length > 4 => out[start + 1..start + 5].copy_from_slice(&length.to_be_bytes()),
        Ok(_) | Err(_) => out.truncate(start),
    }
    written.map(drop)
}
