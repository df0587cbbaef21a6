//! The socket of a connection with its two buffers, encrypted or not.

use std::sync::Arc;

use bytes::BytesMut;
use pgwire::messages::PgWireBackendMessage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::failure::Failure;
use super::frame::{self, Incoming};
use super::metrics::Traffic;
use super::tls::{self, Tls};
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
    transport: Transport,
    input: BytesMut,
    output: BytesMut,
    traffic: Traffic,
    /// The longest message, once the startup message has come.
    longest: Option<usize>,
    /// Who waits while the client doesn't read.
    backend: Option<Arc<Backend>>,
    /// What a login can be bound to, where the transport has it.
    end_point: Option<Arc<[u8]>>,
}

/// How bytes go.
enum Transport {
    /// As they are.
    Plain(TcpStream),
    /// Encrypted.
    Secure(Box<TlsStream<TcpStream>>),
    /// Not at all: encryption was agreed on, and failed.
    Closed,
}

/// The first byte of a handshake of TLS, which no message of the protocol begins with.
const TLS_HANDSHAKE: u8 = 0x16;

impl Wire {
    /// Over a connected socket that has sent nothing yet; its bytes are counted.
    pub fn new(socket: TcpStream, traffic: Traffic) -> Self {
        Self {
            transport: Transport::Plain(socket),
            input: BytesMut::new(),
            output: BytesMut::new(),
            traffic,
            longest: None,
            backend: None,
            end_point: None,
        }
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

    /// Whether it is encrypted.
    pub fn is_secure(&self) -> bool {
        matches!(self.transport, Transport::Secure(_))
    }

    /// What a login can be bound to.
    pub fn end_point(&self) -> Option<Arc<[u8]>> {
        self.end_point.clone()
    }

    /// Whether the client begins with TLS at once, without asking; waits for its first byte.
    pub async fn begins_with_tls(&self) -> Result<bool, Failure> {
        let Transport::Plain(socket) = &self.transport else { return Ok(false) };
        let mut first = [0];
        Ok(socket.peek(&mut first).await? == 1 && first[0] == TLS_HANDSHAKE)
    }

    /// Encrypts from here on. What came before in plain text may be of somebody in between, who would have it taken for
    /// the client's: it is refused. `direct`: the client did not ask, so it must name the protocol in the handshake.
    pub async fn secure(&mut self, tls: &Tls, direct: bool) -> Result<(), Failure> {
        if !self.input.is_empty() {
            return Err(Failure::protocol("received unencrypted data after SSL request"));
        }
        let Transport::Plain(socket) = std::mem::replace(&mut self.transport, Transport::Closed) else {
            return Err(Failure::Gone);
        };
        let (stream, end_point) = tls.accept(socket).await.map_err(|error| {
            tracing::info!(%error, "TLS handshake failed");
            Failure::Gone
        })?;
        if direct && !tls::speaks_postgres(&stream) {
            tracing::info!("TLS without a request must name the protocol by ALPN");
            return Err(Failure::Gone);
        }
        self.end_point = end_point;
        self.transport = Transport::Secure(Box::new(stream));
        Ok(())
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
            let read = match &mut self.transport {
                Transport::Plain(socket) => socket.read_buf(&mut self.input).await?,
                Transport::Secure(stream) => stream.read_buf(&mut self.input).await?,
                Transport::Closed => 0,
            };
            if read == 0 {
                return Ok(None);
            }
            self.traffic.received.inc_by(read as u64);
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
        let size = self.output.len();
        let (transport, output) = (&mut self.transport, &mut self.output);
        let writing = async {
            match transport {
                Transport::Plain(socket) => socket.write_all_buf(output).await,
                Transport::Secure(stream) => {
                    stream.write_all_buf(output).await?;
                    stream.flush().await
                }
                Transport::Closed => Err(std::io::ErrorKind::NotConnected.into()),
            }
        };
        match &self.backend {
            Some(backend) => backend.waiting(Wait::ClientWrite, writing).await?,
            None => writing.await?,
        }
        self.traffic.sent.inc_by(size as u64);
        if size > 4 * FLUSH_AT {
            self.output = BytesMut::new();
        }
        Ok(())
    }
}
