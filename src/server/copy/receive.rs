//! COPY FROM STDIN: what the client sends becomes batches on the workers, and one commit when it says that it is done.
//!
//! Bytes go to the workers through a queue of one piece: while the table writes, nothing more is read from the socket, and
//! the client waits. Only the client's own CopyDone ends the rows; whatever else ends the copy stores nothing.

use std::pin::pin;

use arrow::record_batch::RecordBatch;
use bytes::{Bytes, BytesMut};
use datafusion::error::Result as EngineResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use pgwire::messages::copy::CopyInResponse;
use pgwire::messages::{PgWireBackendMessage as Message, PgWireFrontendMessage};
use tokio::sync::mpsc;

use super::super::codec::CopyReader;
use super::super::connection::Connection;
use super::super::failure::{Failure, Severity, error_response};
use super::super::wire::Wire;
use super::send::formats;
use crate::error::{Error, SqlState};
use crate::statements::{CopyFormat, CopyIn};

/// Small messages collect up to this many bytes before they go to the workers.
const PIECE: usize = 256 * 1024;

/// What goes to the workers.
enum Piece {
    Data(Bytes),
    /// The client is done.
    End,
}

impl Connection {
    /// Receives the rows that a COPY waits for and stores them.
    pub(in crate::server) async fn copy_in(&mut self, copy: CopyIn) -> Result<(), Failure> {
        let reader = CopyReader::new(&copy, &self.time_zone())?;
        let (format, formats) = formats(copy.options.format == CopyFormat::Binary, copy.columns.len());
        self.wire.put(Message::CopyInResponse(CopyInResponse::new(format, formats.len() as i16, formats)))?;
        self.wire.flush().await?;

        let (sender, pieces) = mpsc::channel(1);
        let tag = {
            let mut storing = pin!(self.session.copy_in(copy, rows(reader, pieces)));
            // An error in the rows is told at once, not when the client is done; what it still sends is passed over.
            tokio::select! {
                biased;
                stored = &mut storing => stored?,
                received = receive(&mut self.wire, sender) => {
                    received?;
                    storing.await?
                }
            }
        };
        self.complete(&tag)
    }
}

/// Reads messages up to the client's CopyDone.
async fn receive(wire: &mut Wire, sender: mpsc::Sender<Piece>) -> Result<(), Failure> {
    let mut collected = BytesMut::new();
    loop {
        let incoming = wire.next().await?.ok_or(Failure::Gone)?;
        match incoming.message? {
            PgWireFrontendMessage::CopyData(copied) => {
                collected.extend_from_slice(&copied.data);
                if collected.len() >= PIECE && sender.send(Piece::Data(collected.split().freeze())).await.is_err() {
                    // The table refused the rows, and says why.
                    return Ok(());
                }
            }
            PgWireFrontendMessage::CopyDone(_) => {
                let sent = sender.send(Piece::Data(collected.freeze())).await;
                if sent.is_ok() {
                    // A receiver that is gone says why.
                    let _ = sender.send(Piece::End).await;
                }
                return Ok(());
            }
            PgWireFrontendMessage::CopyFail(failed) => {
                let message = format!("COPY from stdin failed: {}", failed.message);
                return Err(Error::new(SqlState::QueryCanceled, message).into());
            }
            // Client libraries send these before they notice that their statement was a COPY; Postgres passes them over.
            PgWireFrontendMessage::Sync(_) | PgWireFrontendMessage::Flush(_) => {}
            PgWireFrontendMessage::Terminate(_) => return Err(Failure::Gone),
            _ => {
                let error = Error::new(SqlState::ProtocolViolation, "unexpected message during COPY from stdin");
                wire.put(Message::ErrorResponse(error_response(Severity::Error, &error)))?;
                return Err(Failure::protocol("terminating connection because protocol synchronization was lost"));
            }
        }
    }
}

/// The rows in the pieces that come. Pieces that end without their end are an error, so that nothing of them is stored.
fn rows(reader: CopyReader, pieces: mpsc::Receiver<Piece>) -> SendableRecordBatchStream {
    let schema = reader.schema();
    let state = Rows { reader, pieces, ended: false };
    let batches = futures::stream::unfold(Some(state), async |state| {
        let mut state = state?;
        match state.next().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(state))),
            Ok(None) => None,
            Err(error) => Some((EngineResult::Err(error.into()), None)),
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}

struct Rows {
    reader: CopyReader,
    pieces: mpsc::Receiver<Piece>,
    ended: bool,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        while !self.ended {
            if let Some(batch) = self.reader.next()? {
                return Ok(Some(batch));
            }
            match self.pieces.recv().await {
                Some(Piece::Data(bytes)) => self.reader.push(&bytes),
                Some(Piece::End) => {
                    self.ended = true;
                    return self.reader.finish();
                }
                None => return Err(Error::new(SqlState::QueryCanceled, "COPY from stdin ended before its end")),
            }
        }
        Ok(None)
    }
}
