//! The socket of a connection with its two buffers.

use std::sync::Arc;

use bytes::BytesMut;
use pgwire::messages::PgWireBackendMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::failure::Failure;
use super::frame::{self, Incoming};
use crate::activity::{Backend, Wait};
use crate::error::Error;

/// Answers collect up to this many bytes before they are sent: large enough to make the cost of a send vanish, small
/// enough to be nothing in memory.
const FLUSH_AT: usize = 64 * 1024;

/// The longest message of a client that may yet turn out to be nobody: Postgres' longest answer to a request for proof.
const LONGEST_BEFORE_ADMISSION: usize = 65_535;

/// Room made for each read.
const READ_AT_LEAST: usize = 8 * 1024;

/// Reads and writes whole messages. Dropping a future of it between two awaits tears no message: what was begun is
/// completed by the next flush.
pub(super) struct Wire {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    input: BytesMut,
    output: BytesMut,
    /// The longest message, once the startup message has come.
    longest: Option<usize>,
    /// Who waits while the client doesn't read.
    backend: Option<Arc<Backend>>,
}

impl Wire {
    /// Over a connected socket that has sent nothing yet.
    pub fn new(socket: TcpStream) -> Self {
        let (reader, writer) = socket.into_split();
        Self { reader, writer, input: BytesMut::new(), output: BytesMut::new(), longest: None, backend: None }
    }

    /// From here on messages have a type byte: the startup message has come. They are short until the client is admitted.
    pub fn start(&mut self) {
        self.longest = Some(LONGEST_BEFORE_ADMISSION);
    }

    /// From here on messages may be so long.
    pub fn admit(&mut self, longest: usize) {
        self.longest = Some(longest);
    }

    /// Lets a session be seen to wait while its client doesn't read.
    pub fn belongs_to(&mut self, backend: Arc<Backend>) {
        self.backend = Some(backend);
    }

    /// The next message; `None` when the client closed the connection.
    pub async fn next(&mut self) -> Result<Option<Incoming>, Failure> {
        loop {
            if let Some(incoming) = frame::next(&mut self.input, self.longest)? {
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
        let writing = self.writer.write_all_buf(&mut self.output);
        match &self.backend {
            Some(backend) => backend.waiting(Wait::ClientWrite, writing).await?,
            None => writing.await?,
        }
        if oversized {
            self.output = BytesMut::new();
        }
        Ok(())
    }
}
