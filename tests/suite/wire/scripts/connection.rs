//! A connection that sends and reads single messages.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{backend, frontend as client};

/// A server that says nothing for so long has nothing to say.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection after its startup message.
pub(super) struct Connection {
    server: SocketAddr,
    socket: TcpStream,
    received: BytesMut,
    /// Its process and its key, which cancel what it does.
    key: Option<(i32, i32)>,
}

impl Connection {
    pub async fn open(server: SocketAddr, parameters: &[(&str, &str)]) -> Self {
        let mut socket = TcpStream::connect(server).await.unwrap();
        let mut startup = BytesMut::new();
        frontend::startup_message(parameters.iter().copied(), &mut startup).unwrap();
        socket.write_all(&startup).await.unwrap();
        Self { server, socket, received: BytesMut::new(), key: None }
    }

    /// Sends the messages of lines together.
    pub async fn send(&mut self, lines: &[String]) {
        let mut messages = BytesMut::new();
        lines.iter().for_each(|line| client::encode(line, &mut messages));
        // A server that has closed the connection is found out when its answers are read.
        let _ = self.socket.write_all(&messages).await;
    }

    /// What arrives up to messages of these kinds, in their order; less where the server waits for more, or ends the
    /// connection.
    pub async fn until(&mut self, kinds: &[&str]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut wanted = kinds;
        while let Some((next, later)) = wanted.split_first() {
            let message = match timeout(PATIENCE, self.next()).await {
                Ok(Some(message)) => message,
                Ok(None) => {
                    seen.push("Closed".to_owned());
                    break;
                }
                Err(_) => {
                    seen.push("Nothing".to_owned());
                    break;
                }
            };
            let kind = backend::kind(&message);
            if kind == *next {
                wanted = later;
            } else if kind == "ReadyForQuery" && !wanted.contains(&kind) {
                wanted = &[];
            }
            if let Message::BackendKeyData(key) = &message {
                self.key = Some((key.process_id(), key.secret_key()));
            }
            seen.extend(backend::shown(&message));
        }
        // Settings are announced in any order.
        let announces = |line: &String| line.starts_with("ParameterStatus");
        seen.chunk_by_mut(|one, other| announces(one) && announces(other)).for_each(<[String]>::sort);
        seen
    }

    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = Message::parse(&mut self.received).unwrap() {
                return Some(message);
            }
            match self.socket.read_buf(&mut self.received).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Asks the server, by a connection of its own, to cancel what this one does.
    pub async fn cancel(&self) {
        let (process, key) = self.key.expect("a connection that started has a key");
        let mut request = BytesMut::new();
        frontend::cancel_request(process, key, &mut request);
        let mut socket = TcpStream::connect(self.server).await.unwrap();
        socket.write_all(&request).await.unwrap();
        // The server closes the connection once it has done so.
        let _ = socket.read_buf(&mut request).await;
    }
}
