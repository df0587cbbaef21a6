//! The messages of a login, and as whom the session acts after it.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use pgwire::messages::startup::{Authentication, PasswordMessageFamily};
use pgwire::messages::{PgWireBackendMessage as Message, PgWireFrontendMessage};
use tokio::time::{Instant, sleep, timeout_at};

use super::delays::Delays;
use super::scram::{Exchange, PLAIN, PLUS, Refusal};
use crate::catalog::Roles;
use crate::config::Identity;
use crate::error::{Error, SqlState};
use crate::server::failure::Failure;
use crate::server::wire::Wire;

/// The random bytes of our part of a nonce, as many as PostgreSQL takes.
const NONCE: usize = 18;

/// Finds out who a client is, until a deadline. As long as the database has no users everybody is who made it.
pub(in crate::server) async fn log_in(
    wire: &mut Wire,
    user: &str,
    from: IpAddr,
    roles: &Roles,
    delays: &Delays,
    deadline: Instant,
) -> Result<Identity, Failure> {
    if !roles.have_users() {
        return Ok(Identity::default());
    }
    let shown = timeout_at(deadline, show_password(wire, user, roles)).await.unwrap_or(Err(Failure::Gone))?;
    match roles.named(user) {
        Some(role) if shown => Ok(Identity::of(roles.principal(role))),
        _ => {
            let delay = delays.failed(from);
            tracing::info!(user, %from, "wrong password, or no such user");
            sleep(delay).await;
            let message = format!("password authentication failed for user \"{user}\"");
            Err(Failure::Fatal(Error::new(SqlState::InvalidPassword, message)))
        }
    }
}

/// Whether the client shows that it has the user's password. It is asked in the same way whether there is such a user or
/// not.
async fn show_password(wire: &mut Wire, user: &str, roles: &Roles) -> Result<bool, Failure> {
    let end_point = wire.end_point();
    let mechanisms = if end_point.is_some() { vec![PLUS, PLAIN] } else { vec![PLAIN] };
    let offered = mechanisms.iter().map(|name| (*name).to_owned()).collect();
    put(wire, Authentication::SASL(offered)).await?;

    let mut first = response(wire).await?;
    let mechanism = take_text(&mut first).ok_or_else(malformed)?;
    if !mechanisms.contains(&mechanism.as_str()) {
        return Err(Failure::protocol("client selected an invalid SASL authentication mechanism"));
    }
    let length = first.try_get_i32().map_err(|_| malformed())?;
    if usize::try_from(length) != Ok(first.len()) {
        return Err(malformed());
    }
    let nonce = STANDARD.encode(rand::random::<[u8; NONCE]>());
    let keys = roles.keys(user, chrono::Utc::now().timestamp_micros());
    let exchange = match Exchange::begin(&mechanism, end_point.as_deref(), &first, keys, &nonce) {
        Ok(exchange) => exchange,
        Err(refusal) => return refused(refusal),
    };
    put(wire, Authentication::SASLContinue(exchange.challenge().to_owned().into())).await?;

    let last = response(wire).await?;
    match exchange.finish(&last) {
        Ok(proof) => {
            wire.put(Message::Authentication(Authentication::SASLFinal(proof.into())))?;
            Ok(true)
        }
        Err(refusal) => refused(refusal),
    }
}

fn refused(refusal: Refusal) -> Result<bool, Failure> {
    match refusal {
        Refusal::Denied => Ok(false),
        Refusal::Malformed(what) => {
            tracing::info!(what, "malformed SCRAM message");
            Err(malformed())
        }
        Refusal::Intercepted => {
            let error = Error::new(SqlState::InvalidAuthorizationSpecification, "SCRAM channel binding check failed");
            Err(Failure::Fatal(error.with_hint("somebody may stand between you and the server")))
        }
    }
}

fn malformed() -> Failure {
    Failure::protocol("malformed SCRAM message")
}

async fn put(wire: &mut Wire, request: Authentication) -> Result<(), Failure> {
    wire.put(Message::Authentication(request))?;
    wire.flush().await
}

/// The client's next message, which must be its part of the exchange; who leaves has not tried a password.
async fn response(wire: &mut Wire) -> Result<Bytes, Failure> {
    let incoming = wire.next().await?.ok_or(Failure::Gone)?;
    match incoming.message? {
        PgWireFrontendMessage::PasswordMessageFamily(PasswordMessageFamily::Raw(body)) => Ok(body.freeze()),
        _ => Err(Failure::protocol("expected a SASL response")),
    }
}

/// Text up to a zero byte.
fn take_text(bytes: &mut Bytes) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let text = bytes.split_to(end);
    bytes.advance(1);
    String::from_utf8(text.to_vec()).ok()
}
