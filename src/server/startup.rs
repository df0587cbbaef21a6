//! From the first byte of a connection to its first ReadyForQuery.

use std::collections::BTreeMap;

use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::response::{GssEncResponse, SslResponse};
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, ParameterStatus, SecretKey, Startup,
};
use pgwire::messages::{PgWireFrontendMessage, SslNegotiationMetaMessage};

use super::failure::Failure;
use super::tls::Tls;
use super::wire::Wire;
use crate::config::SETTINGS;
use crate::error::{Error, SqlState};
use crate::session::Session;

/// Protocol 3.0, the newest we speak, as NegotiateProtocolVersion spells it.
const PROTOCOL: i32 = Startup::PROTOCOL_VERSION_3_0;

/// What a new connection wants.
pub(super) enum Opening {
    /// A session.
    Session(Startup),
    /// To cancel the statement of another connection.
    Cancel(CancelRequest),
    /// Nothing: it closed.
    Nothing,
}

/// Reads up to the startup message. Where encryption can't be had the client is told so, and goes on without or leaves.
pub(super) async fn open(wire: &mut Wire, tls: Option<&Tls>) -> Result<Opening, Failure> {
    if wire.begins_with_tls().await? {
        wire.secure(tls.ok_or(Failure::Gone)?, true).await?;
    }
    // A client asks for each kind of encryption at most once.
    for _ in 0..3 {
        let Some(incoming) = wire.next().await? else { return Ok(Opening::Nothing) };
        match incoming.message? {
            PgWireFrontendMessage::SslNegotiation(SslNegotiationMetaMessage::PostgresSsl(_)) => {
                let tls = tls.filter(|_| !wire.is_secure());
                let answer = if tls.is_some() { SslResponse::Accept } else { SslResponse::Refuse };
                wire.put(Message::SslResponse(answer))?;
                wire.flush().await?;
                if let Some(tls) = tls {
                    wire.secure(tls, false).await?;
                }
            }
            PgWireFrontendMessage::SslNegotiation(_) => {
                wire.put(Message::GssEncResponse(GssEncResponse::Refuse))?;
                wire.flush().await?;
            }
            PgWireFrontendMessage::Startup(startup) => {
                wire.start();
                return Ok(Opening::Session(startup));
            }
            PgWireFrontendMessage::CancelRequest(cancel) => return Ok(Opening::Cancel(cancel)),
            _ => break,
        }
    }
    Err(Failure::protocol("expected a startup message"))
}

/// Who the client says it is.
pub(super) fn user(startup: &Startup) -> Result<&str, Failure> {
    match startup.parameters.get("user") {
        Some(user) if !user.is_empty() => Ok(user),
        _ => {
            let message = "no user name specified in the startup message";
            Err(Failure::Fatal(Error::new(SqlState::InvalidAuthorizationSpecification, message)))
        }
    }
}

/// Applies what the client asked for to its session; like Postgres, a setting that is unknown or refused ends the
/// connection.
pub(super) fn apply(startup: &Startup, session: &Session) -> Result<(), Failure> {
    let parameters = &startup.parameters;
    if parameters.get("replication").is_some_and(|value| !matches!(value.as_str(), "false" | "off" | "no" | "0")) {
        return Err(Failure::Fatal(Error::unsupported("replication")));
    }
    for (name, value) in settings(parameters)? {
        session.start_with(&name, &value).map_err(Failure::Fatal)?;
    }
    Ok(())
}

/// Tells the client what it needs to know and that it may begin.
pub(super) fn greet(startup: &Startup, session: &Session, wire: &mut Wire) -> Result<(), Failure> {
    let options: Vec<String> = startup.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    if startup.protocol_number_minor > 0 || !options.is_empty() {
        wire.put(Message::NegotiateProtocolVersion(NegotiateProtocolVersion::new(PROTOCOL, options)))?;
    }
    wire.put(Message::Authentication(Authentication::Ok))?;
    for setting in SETTINGS.iter().filter(|setting| setting.announced) {
        let value = session.setting(setting.name).unwrap_or_default();
        wire.put(Message::ParameterStatus(ParameterStatus::new(setting.name.to_owned(), value)))?;
    }
    session.take_announcements();
    let backend = session.backend();
    let key = SecretKey::I32(i32::from_be_bytes(backend.key()));
    wire.put(Message::BackendKeyData(BackendKeyData::new(backend.pid(), key)))
}

/// The settings in a startup message: those of `options` first, so that a parameter of its own wins.
fn settings(parameters: &BTreeMap<String, String>) -> Result<Vec<(String, String)>, Failure> {
    let mut settings = match parameters.get("options") {
        Some(options) => command_line(options)?,
        None => vec![],
    };
    let reserved = |name: &str| matches!(name, "user" | "database" | "options" | "replication");
    let named = parameters.iter().filter(|(name, _)| !reserved(name) && !name.starts_with("_pq_."));
    settings.extend(named.map(|(name, value)| (name.clone(), value.clone())));
    Ok(settings)
}

/// `-c name=value`, `-cname=value` and `--name=value`, cut at spaces that no backslash precedes.
fn command_line(options: &str) -> Result<Vec<(String, String)>, Failure> {
    let refuse = |word: &str| {
        let message = format!("invalid command-line argument in options: {word}");
        Failure::Fatal(Error::new(SqlState::SyntaxError, message).with_hint("use -c name=value"))
    };
    let mut settings = Vec::new();
    let mut words = words(options).into_iter();
    while let Some(word) = words.next() {
        let assignment = match (word.strip_prefix("-c"), word.strip_prefix("--")) {
            (Some(""), _) => words.next().ok_or_else(|| refuse(&word))?,
            (Some(assignment), _) | (None, Some(assignment)) => assignment.to_owned(),
            (None, None) => return Err(refuse(&word)),
        };
        let (name, value) = assignment.split_once('=').ok_or_else(|| refuse(&assignment))?;
        // Dashes in names stand for underscores, as on Postgres' own command line.
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn words(options: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = options.chars();
    while let Some(letter) = letters.next() {
        let last = words.len() - 1;
        match letter {
            '\\' => words[last].extend(letters.next()),
            letter if letter.is_ascii_whitespace() => words.push(String::new()),
            letter => words[last].push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings_of(parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        let parameters = parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        settings(&parameters).unwrap()
    }

    #[test]
    fn options_are_read_as_a_command_line() {
        let found = settings_of(&[
            ("user", "me"),
            ("database", "d"),
            ("_pq_.x", "y"),
            ("options", r"-c statement_timeout=5s -cDateStyle=ISO --search-path=a,\ b"),
            ("TimeZone", "Europe/Berlin"),
        ]);
        let expected =
            [("statement_timeout", "5s"), ("DateStyle", "ISO"), ("search_path", "a, b"), ("TimeZone", "Europe/Berlin")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn other_options_are_refused() {
        for options in ["-c", "-c name", "-B 100", "name=value"] {
            assert!(matches!(command_line(options), Err(Failure::Fatal(_))), "{options}");
        }
    }
}
