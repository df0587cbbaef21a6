//! One connection: a message in, its answer or an error out, until either side ends it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use pgwire::messages::response::{CommandComplete, NotificationResponse, ReadyForQuery, TransactionStatus as Status};
use pgwire::messages::startup::ParameterStatus;
use pgwire::messages::{PgWireBackendMessage as Message, PgWireFrontendMessage};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tracing::{Instrument, field};

use super::auth::{self, Delays};
use super::failure::{Failure, Severity, error_response, notice_response};
use super::interrupt::{Interrupts, Shutdown, deadline, shut_down, until};
use super::metrics::Metrics;
use super::places::{Openings, Place, Places};
use super::record::Running;
use super::startup::{self, Opening};
use super::tls::Tls;
use super::wire::Wire;
use crate::activity::Client;
use crate::config::Settings;
use crate::database::Database;
use crate::error::{Error, SqlState};
use crate::outcome::Tag;
use crate::session::Session;
use crate::statements::{Statement, TransactionStatus};

/// The longest that a client may take to open its session, where no limit is set.
const A_DAY: Duration = Duration::from_secs(86_400);

/// How long a client that doesn't read can hold up its last message.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the connections of a server share.
#[derive(Clone)]
pub(super) struct Shared {
    /// Makes the sessions.
    pub database: Database,
    /// The sessions there may be.
    pub places: Arc<Places>,
    /// The connections that have none yet.
    pub openings: Arc<Openings>,
    /// What a connection may take.
    pub limits: Limits,
    /// How far the shutdown has come.
    pub shutdown: watch::Receiver<Shutdown>,
    /// The certificate, where connections can be encrypted.
    pub tls: Option<Tls>,
    /// Whether connections that are not encrypted are refused.
    pub tls_required: bool,
    /// How long wrong passwords wait.
    pub delays: Arc<Delays>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// What one connection may take.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// How a client that went without a word is found out.
    pub keepalive: TcpKeepalive,
    /// How long it may take to open its session.
    pub opening: Duration,
    /// Its longest message, in bytes.
    pub message: usize,
    /// Its longest text of statements, in bytes.
    pub statement: usize,
}

impl Limits {
    /// What the settings say.
    pub fn new(settings: &Settings) -> Self {
        let number = |name| usize::try_from(settings.number(name)).unwrap_or_default();
        Self {
            keepalive: keepalive(settings),
            opening: settings.time_limit("authentication_timeout").unwrap_or(Duration::MAX),
            message: number("max_message_size") * 1024,
            statement: number("max_statement_length") * 1024,
        }
    }
}

/// What is nothing is left to the system.
fn keepalive(settings: &Settings) -> TcpKeepalive {
    let mut keepalive = TcpKeepalive::new();
    if let Some(idle) = settings.time_limit("tcp_keepalives_idle") {
        keepalive = keepalive.with_time(idle);
    }
    if let Some(interval) = settings.time_limit("tcp_keepalives_interval") {
        keepalive = keepalive.with_interval(interval);
    }
    #[cfg(unix)]
    if let Some(count) = u32::try_from(settings.number("tcp_keepalives_count")).ok().filter(|count| *count > 0) {
        keepalive = keepalive.with_retries(count);
    }
    keepalive
}

/// Serves a socket from its first byte to its last.
pub(super) async fn serve(socket: TcpStream, shared: Shared) {
    let client = socket.peer_addr().ok();
    let (pid, user, database) = (field::Empty, field::Empty, field::Empty);
    let span = tracing::info_span!("connection", pid, client = client.map(field::display), user, database);
    serve_from(socket, client, &shared).instrument(span).await;
}

async fn serve_from(socket: TcpStream, client: Option<SocketAddr>, shared: &Shared) {
    let prepared = prepare(&socket, shared).and_then(|()| Interrupts::new(socket, shared.shutdown.clone()));
    let (socket, interrupts) = match prepared {
        Ok(both) => both,
        Err(error) => return tracing::warn!(%error, "connection refused"),
    };
    let mut wire = Wire::new(socket, shared.metrics.traffic());
    match handshake(&mut wire, client, shared, &interrupts).await {
        Ok(None) => {}
        Ok(Some((session, _place))) => {
            let opened = Instant::now();
            let mut connection = Connection {
                wire,
                session,
                limits: shared.limits.clone(),
                metrics: shared.metrics.clone(),
                running: None,
                skipping: false,
                deadline: None,
                transaction_end: None,
            };
            if let Err(failure) = connection.converse(&interrupts).await {
                connection.ended_with(&failure);
                dismiss(&mut connection.wire, failure, &shared.metrics).await;
            }
            tracing::info!(seconds = opened.elapsed().as_secs_f64(), "connection closed");
        }
        Err(failure) => dismiss(&mut wire, failure, &shared.metrics).await,
    }
}

/// Sets what a connection's socket does by itself.
fn prepare(socket: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    // An answer may take several writes; held back until the client acknowledges the first, each costs 40 ms.
    socket.set_nodelay(true)?;
    SockRef::from(socket).set_tcp_keepalive(&shared.limits.keepalive)
}

/// Brings a connection to its first ReadyForQuery; `None` where it wants no session.
async fn handshake(
    wire: &mut Wire,
    client: Option<SocketAddr>,
    shared: &Shared,
    interrupts: &Interrupts,
) -> Result<Option<(Session, Place)>, Failure> {
    let opened = shared.openings.enter();
    let deadline = Instant::now() + shared.limits.opening.min(A_DAY);
    let opening = tokio::select! {
        opening = timeout_at(deadline, startup::open(wire, shared.tls.as_ref())) => opening.unwrap_or(Err(Failure::Gone))?,
        () = opened.crowded_out() => return Err(Failure::Gone),
        () = interrupts.shutdown(Shutdown::Draining) => return Err(shut_down()),
    };
    let startup = match opening {
        Opening::Session(startup) => startup,
        Opening::Cancel(request) => {
            shared.database.activity().cancel_with(request.pid, &request.secret_key.to_bytes());
            return Ok(None);
        }
        Opening::Nothing => return Ok(None),
    };
    let user = startup::user(&startup)?.to_owned();
    if shared.tls_required && !wire.is_secure() {
        let message = "this server takes encrypted connections only";
        let error = Error::new(SqlState::InvalidAuthorizationSpecification, message);
        return Err(Failure::Fatal(error.with_hint("connect with sslmode=require")));
    }
    let roles = shared.database.roles();
    // A socket without a peer is one whose client has gone.
    let from: IpAddr = client.ok_or(Failure::Gone)?.ip();
    let identity = tokio::select! {
        identity = auth::log_in(wire, &user, from, &roles, &shared.delays, deadline) => identity?,
        () = opened.crowded_out() => return Err(Failure::Gone),
        () = interrupts.shutdown(Shutdown::Draining) => return Err(shut_down()),
    };
    let session = shared.database.session();
    let (span, database) = (tracing::Span::current(), startup.parameters.get("database"));
    span.record("pid", session.backend().pid()).record("user", &user).record("database", database.map(String::as_str));
    tracing::info!(role = identity.login.name, tls = wire.is_secure(), "connection opened");
    session.log_in(identity);
    startup::apply(&startup, &session)?;
    let owner = session.setting("is_superuser").as_deref() == Some("on");
    let limit = roles.named(&user).and_then(|role| role.connection_limit);
    let place = shared.places.take(&user, owner, limit).map_err(Failure::Fatal)?;
    session.backend().connect(Client { user, address: client });
    wire.belongs_to(Arc::clone(session.backend()));
    wire.admit(shared.limits.message);
    startup::greet(&startup, &session, wire)?;
    Ok(Some((session, place)))
}

/// Tells a client why its connection ends.
async fn dismiss(wire: &mut Wire, failure: Failure, metrics: &Metrics) {
    let (Failure::Fatal(error) | Failure::Statement(error)) = failure else { return };
    metrics.told(error.state());
    tracing::info!(sqlstate = error.state().code(), error = error.message(), "connection refused or ended");
    if wire.put(Message::ErrorResponse(error_response(Severity::Fatal, &error))).is_ok() {
        // A client that has gone or doesn't read misses the message; there is nobody else to tell.
        let _ = timeout(FAREWELL, wire.flush()).await;
    }
}

/// One connection's state.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) session: Session,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    /// The statement that is under way.
    pub(super) running: Option<Running>,
    /// After an error of the extended protocol: everything up to the next Sync is passed over.
    skipping: bool,
    /// When the statement of the extended protocol that is under way must end.
    deadline: Option<Instant>,
    /// When the transaction block that is open must end.
    transaction_end: Option<Instant>,
}

impl Connection {
    /// Answers messages until the client leaves.
    async fn converse(&mut self, interrupts: &Interrupts) -> Result<(), Failure> {
        self.ready().await?;
        let backend = Arc::clone(self.session.backend());
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
                () = self.session.backend().ended() => return Err(shut_down()),
                failure = idled(&self.session) => return Err(failure),
                failure = outlasted(self.transaction_end) => return Err(failure),
            };
            let transaction_end = self.transaction_end;
            let Some(incoming) = incoming else { return Ok(()) };
            let result = match incoming.message {
                Ok(PgWireFrontendMessage::Terminate(_)) => return Ok(()),
                Ok(message) if self.skipping && !matches!(message, PgWireFrontendMessage::Sync(_)) => Ok(()),
                Ok(message) => tokio::select! {
                    result = interrupts.guard(&backend, self.answer(message)) => result,
                    failure = outlasted(transaction_end) => Err(failure),
                },
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
                self.deadline = self.deadline.or_else(|| deadline(self.session.time_limit("statement_timeout")));
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

    /// The statements of a text; 54000 for one that is too long.
    pub(super) fn parse_text(&self, sql: &str) -> crate::error::Result<Vec<Statement>> {
        if sql.len() > self.limits.statement {
            let text = format!("a text of {} bytes exceeds max_statement_length", sql.len());
            let error = Error::new(SqlState::ProgramLimitExceeded, text);
            return Err(error.with_hint("send fewer statements at once, and values by COPY"));
        }
        self.session.parse(sql)
    }

    /// Ends a round: what changed in the settings, where the transaction stands, and everything that was put is sent.
    async fn ready(&mut self) -> Result<(), Failure> {
        (self.deadline, self.running) = (None, None);
        self.session.rest();
        let status = match self.session.transaction_status() {
            TransactionStatus::Idle => Status::Idle,
            TransactionStatus::Open => Status::Transaction,
            TransactionStatus::Failed => Status::Error,
        };
        if status == Status::Idle {
            self.session.end_statement();
            self.tell_notifications()?;
            self.transaction_end = None;
        } else {
            let end = || deadline(self.session.time_limit("transaction_timeout"));
            self.transaction_end = self.transaction_end.or_else(end);
        }
        for (name, value) in self.session.take_announcements() {
            self.wire.put(Message::ParameterStatus(ParameterStatus::new(name.to_owned(), value)))?;
        }
        self.wire.put(Message::ReadyForQuery(ReadyForQuery::new(status)))?;
        self.wire.flush().await
    }

    async fn fail(&mut self, error: &Error, extended: bool) -> Result<(), Failure> {
        self.failed(error);
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
    pub(super) fn complete(&mut self, tag: &Tag) -> Result<(), Failure> {
        self.deadline = None;
        self.done(tag);
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

/// Resolves when a session has waited for too long for its next statement.
async fn idled(session: &Session) -> Failure {
    let (name, state, what) = match session.transaction_status() {
        TransactionStatus::Idle => ("idle_session_timeout", SqlState::IdleSessionTimeout, "idle-session timeout"),
        TransactionStatus::Open | TransactionStatus::Failed => (
            "idle_in_transaction_session_timeout",
            SqlState::IdleInTransactionSessionTimeout,
            "idle-in-transaction timeout",
        ),
    };
    match session.time_limit(name) {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
    Failure::Fatal(Error::new(state, format!("terminating connection due to {what}")))
}

/// Resolves when a transaction block has lasted for too long.
async fn outlasted(end: Option<Instant>) -> Failure {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
    Failure::Fatal(Error::new(SqlState::TransactionTimeout, "terminating connection due to transaction timeout"))
}
