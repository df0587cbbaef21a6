//! One connection: a message in, its answer or an error out, until either side ends it.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use pgwire::messages::response::{CommandComplete, NotificationResponse, ReadyForQuery, TransactionStatus as Status};
use pgwire::messages::startup::ParameterStatus;
use pgwire::messages::{PgWireBackendMessage as Message, PgWireFrontendMessage};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout};
use tracing::Instrument;

use super::backends::{Backends, Registration};
use super::failure::{Failure, Severity, error_response, notice_response};
use super::interrupt::{Interrupts, Shutdown, deadline, shut_down, until};
use super::startup::{self, Opening};
use super::wire::Wire;
use crate::database::Database;
use crate::error::{Error, SqlState};
use crate::outcome::Tag;
use crate::session::Session;
use crate::statements::TransactionStatus;

/// A client that has not finished the startup by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long a client that doesn't read can hold up its last message.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the connections of a server share.
#[derive(Clone)]
pub(super) struct Shared {
    /// Makes the sessions.
    pub database: Database,
    /// The running connections.
    pub backends: Arc<Backends>,
    /// One permit for each session there may be.
    pub places: Arc<Semaphore>,
    /// How far the shutdown has come.
    pub shutdown: watch::Receiver<Shutdown>,
}

/// Serves a socket from its first byte to its last.
pub(super) async fn serve(socket: TcpStream, shared: Shared) {
    let registration = shared.backends.register();
    let peer = socket.peer_addr().map(|peer| peer.to_string()).unwrap_or_default();
    let span = tracing::info_span!("connection", pid = registration.pid, peer);
    serve_registered(socket, &registration, &shared).instrument(span).await;
}

async fn serve_registered(socket: TcpStream, registration: &Registration, shared: &Shared) {
    // An answer may take several writes; held back until the client acknowledges the first, each costs 40 ms.
    if let Err(error) = socket.set_nodelay(true) {
        return tracing::warn!(%error, "connection refused");
    }
    let interrupts = Interrupts::new(socket, registration.cancel.clone(), shared.shutdown.clone());
    let (socket, interrupts) = match interrupts {
        Ok(both) => both,
        Err(error) => return tracing::warn!(%error, "connection refused"),
    };
    let mut wire = Wire::new(socket);
    match handshake(&mut wire, registration, shared, &interrupts).await {
        Ok(None) => {}
        Ok(Some((session, _place))) => {
            tracing::info!("connection opened");
            let mut connection = Connection { wire, session, skipping: false, deadline: None };
            if let Err(failure) = connection.converse(&interrupts).await {
                dismiss(&mut connection.wire, failure).await;
            }
            tracing::info!("connection closed");
        }
        Err(failure) => dismiss(&mut wire, failure).await,
    }
}

/// Brings a connection to its first ReadyForQuery; `None` where it wants no session.
async fn handshake(
    wire: &mut Wire,
    registration: &Registration,
    shared: &Shared,
    interrupts: &Interrupts,
) -> Result<Option<(Session, OwnedSemaphorePermit)>, Failure> {
    let opening = tokio::select! {
        opening = timeout(HANDSHAKE, startup::open(wire)) => opening.unwrap_or(Err(Failure::Gone))?,
        () = interrupts.shutdown(Shutdown::Draining) => return Err(shut_down()),
    };
    let startup = match opening {
        Opening::Session(startup) => startup,
        Opening::Cancel(request) => {
            shared.backends.cancel(request.pid, &request.secret_key.to_bytes());
            return Ok(None);
        }
        Opening::Nothing => return Ok(None),
    };
    let full = |_| {
        let error = Error::new(SqlState::TooManyConnections, "sorry, too many clients already");
        Failure::Fatal(error.with_hint("close a connection, or start the server with -c max_connections=MORE"))
    };
    let place = shared.places.clone().try_acquire_owned().map_err(full)?;
    let session = shared.database.session();
    startup::apply(&startup, &session)?;
    startup::greet(&startup, &session, registration, wire)?;
    Ok(Some((session, place)))
}

/// Tells a client why its connection ends.
async fn dismiss(wire: &mut Wire, failure: Failure) {
    let (Failure::Fatal(error) | Failure::Statement(error)) = failure else { return };
    tracing::info!(sqlstate = error.state().code(), "connection ended: {}", error.message());
    if wire.put(Message::ErrorResponse(error_response(Severity::Fatal, &error))).is_ok() {
        // A client that has gone or doesn't read misses the message; there is nobody else to tell.
        let _ = timeout(FAREWELL, wire.flush()).await;
    }
}

/// One connection's state.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) session: Session,
    /// After an error of the extended protocol: everything up to the next Sync is passed over.
    skipping: bool,
    /// When the statement of the extended protocol that is under way must end.
    deadline: Option<Instant>,
}

impl Connection {
    /// Answers messages until the client leaves.
    async fn converse(&mut self, interrupts: &Interrupts) -> Result<(), Failure> {
        self.ready().await?;
        loop {
            let idle = self.session.transaction_status() == TransactionStatus::Idle;
            let incoming = tokio::select! {
                incoming = self.wire.next() => incoming?,
                () = self.session.notified(), if idle => {
                    self.tell_notifications()?;
                    self.wire.flush().await?;
                    continue;
                }
                () = interrupts.shutdown(Shutdown::Draining) => return Err(shut_down()),
            };
            let Some(incoming) = incoming else { return Ok(()) };
            let result = match incoming.message {
                Ok(PgWireFrontendMessage::Terminate(_)) => return Ok(()),
                Ok(message) if self.skipping && !matches!(message, PgWireFrontendMessage::Sync(_)) => Ok(()),
                Ok(message) => interrupts.guard(self.answer(message)).await,
                Err(error) => Err(error.into()),
            };
            match result {
                Ok(()) => {}
                Err(Failure::Statement(error)) => self.fail(&error, incoming.extended).await?,
                Err(end) => return Err(end),
            }
        }
    }

    async fn answer(&mut self, message: PgWireFrontendMessage) -> Result<(), Failure> {
        match message {
            PgWireFrontendMessage::Query(query) => {
                self.simple_query(&query.query).await?;
                self.ready().await
            }
            PgWireFrontendMessage::Sync(_) => {
                self.skipping = false;
                match self.session.end_together().await {
                    Ok(()) => self.ready().await,
                    // Nothing is left to be skipped.
                    Err(error) => self.fail(&error, false).await,
                }
            }
            PgWireFrontendMessage::Flush(_) => self.wire.flush().await,
            // What a client still sends of a COPY that failed is passed over, as in Postgres.
            PgWireFrontendMessage::CopyData(_)
            | PgWireFrontendMessage::CopyDone(_)
            | PgWireFrontendMessage::CopyFail(_) => Ok(()),
            message => {
                // The first message of a statement starts its time, as in Postgres.
                self.deadline = self.deadline.or_else(|| deadline(self.session.setting("statement_timeout")));
                until(self.deadline, self.extended(message)).await
            }
        }
    }

    async fn extended(&mut self, message: PgWireFrontendMessage) -> Result<(), Failure> {
        match message {
            PgWireFrontendMessage::Parse(message) => self.parse(message).await,
            PgWireFrontendMessage::Bind(message) => self.bind(message),
            PgWireFrontendMessage::Describe(message) => self.describe(message),
            PgWireFrontendMessage::Execute(message) => self.execute(message).await,
            PgWireFrontendMessage::Close(message) => self.close(message),
            _ => Err(Failure::protocol("unexpected message")),
        }
    }

    /// Ends a round: what changed in the settings, where the transaction stands, and everything that was put is sent.
    async fn ready(&mut self) -> Result<(), Failure> {
        self.deadline = None;
        let status = match self.session.transaction_status() {
            TransactionStatus::Idle => Status::Idle,
            TransactionStatus::Open => Status::Transaction,
            TransactionStatus::Failed => Status::Error,
        };
        if status == Status::Idle {
            self.session.end_statement();
            self.tell_notifications()?;
        }
        for (name, value) in self.session.take_announcements() {
            self.wire.put(Message::ParameterStatus(ParameterStatus::new(name.to_owned(), value)))?;
        }
        self.wire.put(Message::ReadyForQuery(ReadyForQuery::new(status)))?;
        self.wire.flush().await
    }

    async fn fail(&mut self, error: &Error, extended: bool) -> Result<(), Failure> {
        tracing::debug!(sqlstate = error.state().code(), "statement failed");
        self.session.fail_transaction();
        self.tell_notices()?;
        self.wire.put(Message::ErrorResponse(error_response(Severity::Error, error)))?;
        if extended {
            self.skipping = true;
            self.wire.flush().await
        } else {
            self.ready().await
        }
    }

    /// Tells that a statement is done.
    pub(super) fn complete(&mut self, tag: &Tag, began: Clock) -> Result<(), Failure> {
        self.deadline = None;
        let milliseconds = began.elapsed().as_secs_f64() * 1e3;
        tracing::debug!(tag = tag.command, rows = tag.rows, milliseconds, "statement done");
        self.tell_notices()?;
        self.wire.put(Message::CommandComplete(CommandComplete::new(tag.to_string())))
    }

    /// Tells what came by NOTIFY.
    fn tell_notifications(&mut self) -> Result<(), Failure> {
        for told in self.session.take_notifications() {
            let message = NotificationResponse::new(told.pid, told.channel, told.payload);
            self.wire.put(Message::NotificationResponse(message))?;
        }
        Ok(())
    }

    /// Tells what the statement said beside its result.
    fn tell_notices(&mut self) -> Result<(), Failure> {
        for notice in self.session.take_notices() {
            self.wire.put(Message::NoticeResponse(notice_response(&notice)))?;
        }
        Ok(())
    }

    /// The zone instants are read and printed in.
    pub(super) fn time_zone(&self) -> String {
        self.session.setting("TimeZone").unwrap_or_default()
    }
}
