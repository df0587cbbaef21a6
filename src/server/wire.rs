//! The socket of a connection with its two buffers.

use bytes::BytesMut;
use pgwire::messages::PgWireBackendMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::failure::Failure;
use super::frame::{self, Incoming};
use crate::error::Error;

/// Answers collect up to this many bytes before they are sent: large enough to make the cost of a send vanish, small
/// enough to be nothing in memory.
const FLUSH_AT: usize = 64 * 1024;

/// Room made for each read.
const READ_AT_LEAST: usize = 8 * 1024;

/// Reads and writes whole messages. Dropping a future of it between two awaits tears no message: what was begun is
/// completed by the next flush.
pub(super) struct Wire {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    input: BytesMut,
    output: BytesMut,
    started: bool,
}

impl Wire {
    /// Over a connected socket that has sent nothing yet.
    pub fn new(socket: TcpStream) -> Self {
        let (reader, writer) = socket.into_split();
        Self { reader, writer, input: BytesMut::new(), output: BytesMut::new(), started: false }
    }

    /// From here on messages have a type byte: the startup message has come.
    pub fn start(&mut self) {
        self.started = true;
    }

    /// The next message; `None` when the client closed the connection.
    pub async fn next(&mut self) -> Result<Option<Incoming>, Failure> {
        loop {
            if let Some(incoming) = frame::next(&mut self.input, self.started)? {
                return Ok(Some(incoming));
            }
            if self.input.is_empty() {
                // Not the buffer of a long message that was here before.
                self.input = BytesMut::new();
            }
            self.input.reserve(READ_AT_LEAST);
            if self.reader.read_buf(&mut self.input).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Whether the client is known to have sent a Sync next.
    pub fn ends_round(&self) -> bool {
        self.input.first() == Some(&b'S')
    }

    /// Adds a message to what the next flush sends.
    pub fn put(&mut self, message: PgWireBackendMessage) -> Result<(), Failure> {
        let whole = self.output.len();
        message.encode(&mut self.output).map_err(|error| {
            self.output.truncate(whole);
            Failure::Statement(Error::internal(format!("an answer could not be encoded: {error}")))
        })
    }

    /// What the next flush sends; rows are written straight into it, whole ones only.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Whether enough has collected to be sent.
    pub fn is_full(&self) -> bool {
        self.output.len() >= FLUSH_AT
    }

    /// Sends what has collected; waits while the client doesn't read.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        let oversized = self.output.len() > 4 * FLUSH_AT;
        self.writer.write_all_buf(&mut self.output).await?;
        if oversized {
            self.output = BytesMut::new();
        }
        Ok(())
    }
}
