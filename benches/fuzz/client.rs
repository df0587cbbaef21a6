//! A client that takes any answer, and knows when none comes.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Result;

/// How long an answer may take, before and after it is cancelled.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open connection.
pub struct Client {
    address: SocketAddr,
    socket: TcpStream,
    received: BytesMut,
    key: (i32, i32),
}

/// What an answer told.
#[derive(Debug, Default)]
pub struct Answer {
    /// SQLSTATE and message of the errors.
    pub errors: Vec<(String, String)>,
    /// The parameters of a statement that was described.
    pub parameters: usize,
    /// Whether it is whole.
    pub whole: bool,
}

impl Client {
    /// Opens a connection, within the time that an answer may take.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        let mut client = Self { address, socket, received: BytesMut::new(), key: (0, 0) };
        let mut startup = BytesMut::new();
        frontend::startup_message([("user", "fuzz"), ("database", "journeydb")], &mut startup)?;
        let answer = timeout(PATIENCE, client.ask(&startup, b"")).await??;
        if answer.whole { Ok(client) } else { Err("the connection was not opened".into()) }
    }

    /// Sends messages and reads up to ReadyForQuery; gives `copied` to a COPY that waits for rows. `None`: no answer came, not
    /// even after a cancel.
    pub async fn answer(&mut self, messages: &[u8], copied: &[u8]) -> Result<Option<Answer>> {
        if let Ok(answer) = timeout(PATIENCE, self.ask(messages, copied)).await {
            return answer.map(Some);
        }
        let mut request = BytesMut::new();
        frontend::cancel_request(self.key.0, self.key.1, &mut request);
        TcpStream::connect(self.address).await?.write_all(&request).await?;
        match timeout(PATIENCE, self.ask(b"", copied)).await {
            Ok(answer) => answer.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn ask(&mut self, messages: &[u8], copied: &[u8]) -> Result<Answer> {
        let mut answer = Answer::default();
        if self.socket.write_all(messages).await.is_err() {
            return Ok(answer);
        }
        while let Some(message) = self.next().await? {
            match message {
                Message::ErrorResponse(error) => {
                    let fields: Vec<_> =
                        error.fields().map(|field| Ok((field.type_(), field.value_bytes().to_vec()))).collect()?;
                    let field = |kind| fields.iter().find(|(found, _)| *found == kind).map(|(_, text)| text.as_slice());
                    let text = |kind| String::from_utf8_lossy(field(kind).unwrap_or_default()).into_owned();
                    answer.errors.push((text(b'C'), text(b'M')));
                }
                Message::ParameterDescription(parameters) => answer.parameters = parameters.parameters().count()?,
                Message::BackendKeyData(key) => self.key = (key.process_id(), key.secret_key()),
                Message::CopyInResponse(_) => {
                    let mut rows = BytesMut::new();
                    frontend::CopyData::new(copied)?.write(&mut rows);
                    frontend::copy_done(&mut rows);
                    self.socket.write_all(&rows).await?;
                }
                Message::ReadyForQuery(_) => {
                    answer.whole = true;
                    break;
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    async fn next(&mut self) -> Result<Option<Message>> {
        loop {
            if let Some(message) = Message::parse(&mut self.received)? {
                return Ok(Some(message));
            }
            match self.socket.read_buf(&mut self.received).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }
}
