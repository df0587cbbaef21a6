//! What stops a running statement: a cancel request, its timeout, a vanished client, shutdown, or a panic of its own.

use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use crate::activity::Backend;
use crate::error::{Error, SqlState};

/// How far the server's shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Shutdown {
    /// Not asked for.
    No,
    /// Idle connections close; running statements may finish.
    Draining,
    /// Running statements are stopped.
    Now,
}

/// The interrupts of one connection.
pub(super) struct Interrupts {
    shutdown: watch::Receiver<Shutdown>,
    /// A second handle of the connection's socket, to see it close while the first one is busy.
    socket: TcpStream,
}

impl Interrupts {
    /// For a socket, before it is split into its halves; returns the socket to use.
    pub fn new(socket: TcpStream, shutdown: watch::Receiver<Shutdown>) -> io::Result<(TcpStream, Self)> {
        let socket = socket.into_std()?;
        let twin = TcpStream::from_std(socket.try_clone()?)?;
        Ok((TcpStream::from_std(socket)?, Self { shutdown, socket: twin }))
    }

    /// Runs the handling of one message until it ends or is stopped. Stopping drops it, which stops the query behind it.
    pub async fn guard<T>(
        &self,
        backend: &Backend,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            result = AssertUnwindSafe(work).catch_unwind() => result.unwrap_or_else(|panic| Err(panicked(&*panic))),
            () = backend.cancelled() => {
                let message = "canceling statement due to user request";
                Err(Failure::Statement(Error::new(SqlState::QueryCanceled, message)))
            }
            () = self.client_gone() => Err(Failure::Gone),
            () = self.shutdown(Shutdown::Now) => Err(shut_down()),
            () = backend.ended() => Err(shut_down()),
        }
    }

    /// Resolves when the shutdown has come so far.
    pub async fn shutdown(&self, stage: Shutdown) {
        let reached = self.shutdown.clone().wait_for(|now| *now >= stage).await.is_ok();
        if !reached {
            // The server went without a shutdown: its runtime is ending, and so is this task.
            std::future::pending::<()>().await;
        }
    }

    /// Resolves when the client closed its end. The readiness `PRIORITY` contains the closing of the read side but not
    /// unread data, which a client may well have sent ahead.
    async fn client_gone(&self) {
        // An error means that the socket can't be watched any more, which is as good as closed.
        let _ = self.socket.ready(Interest::PRIORITY).await;
    }
}

/// What a connection is told at shutdown, and when its session is ended by another.
pub(super) fn shut_down() -> Failure {
    Failure::Fatal(Error::new(SqlState::AdminShutdown, "terminating connection due to administrator command"))
}

/// Runs a statement up to its deadline; 57014 after it.
pub(super) async fn until<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(deadline) = deadline else { return work.await };
    timeout_at(deadline, work).await.unwrap_or_else(|_| {
        Err(Failure::Statement(Error::new(SqlState::QueryCanceled, "canceling statement due to statement timeout")))
    })
}

/// The end of a statement that starts now.
pub(super) fn deadline(statement_timeout: Option<Duration>) -> Option<Instant> {
    Instant::now().checked_add(statement_timeout?)
}

/// A defect of ours: the client gets a number, the log says what it stands for.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Failure {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    tracing::error!(id, panic = text, "statement panicked");
    let error = Error::internal(format!("internal error {id}"));
    Failure::Statement(error.with_hint("this is a defect: report it with what the server's log says of this number"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::activity::{Activity, Client, Presence};

    /// The interrupts of the server's end of a connection, its client's end, and what announces a shutdown.
    async fn connected() -> (Interrupts, TcpStream, Presence, watch::Sender<Shutdown>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let (announce, shutdown) = watch::channel(Shutdown::No);
        let (_, interrupts) = Interrupts::new(socket, shutdown).unwrap();
        (interrupts, client, Arc::new(Activity::default()).enter(Arc::default()), announce)
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_with_a_number() {
        let (interrupts, _client, backend, _announce) = connected().await;
        let result = interrupts.guard::<()>(&backend, async { panic!("a defect") }).await;
        let Err(Failure::Statement(error)) = result else { panic!("the statement fails") };
        assert_eq!(error.state(), SqlState::InternalError);
        assert!(!error.message().contains("a defect"));
        assert!(interrupts.guard(&backend, async { Ok(()) }).await.is_ok());
    }

    #[tokio::test]
    async fn unread_data_is_no_reason_to_stop_but_a_closed_socket_is() {
        use tokio::io::AsyncWriteExt;
        let (interrupts, mut client, backend, _announce) = connected().await;
        client.write_all(b"sent ahead").await.unwrap();
        let short = interrupts.guard(&backend, async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        });
        assert!(short.await.is_ok());
        drop(client);
        assert!(matches!(
            interrupts.guard(&backend, std::future::pending::<Result<(), _>>()).await,
            Err(Failure::Gone)
        ));
    }

    #[tokio::test]
    async fn a_session_that_is_ended_stops_its_statement() {
        let (interrupts, _client, backend, _announce) = connected().await;
        backend.connect(Client { user: String::new(), address: None });
        assert!(backend.end());
        let ended = interrupts.guard(&backend, std::future::pending::<Result<(), _>>()).await;
        assert!(matches!(ended, Err(Failure::Fatal(error)) if error.state() == SqlState::AdminShutdown));
    }

    #[tokio::test]
    async fn running_statements_outlast_draining_only() {
        let (interrupts, _client, backend, announce) = connected().await;
        announce.send_replace(Shutdown::Draining);
        interrupts.shutdown(Shutdown::Draining).await;
        assert!(interrupts.guard(&backend, async { Ok(1) }).await.is_ok());
        announce.send_replace(Shutdown::Now);
        let stopped = interrupts.guard(&backend, std::future::pending::<Result<(), _>>()).await;
        assert!(matches!(stopped, Err(Failure::Fatal(error)) if error.state() == SqlState::AdminShutdown));
    }

    #[tokio::test]
    async fn a_statement_ends_at_its_deadline() {
        assert!(deadline(None).is_none());
        let soon = deadline(Some(Duration::from_millis(10)));
        let late = until(soon, async { std::future::pending::<Result<(), Failure>>().await }).await;
        assert!(matches!(late, Err(Failure::Statement(error)) if error.state() == SqlState::QueryCanceled));
    }
}
