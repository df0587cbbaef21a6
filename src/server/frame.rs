//! Bytes from a client to messages.
//!
//! A message is decoded only when it is whole, within its own bytes and up to a size, so that a length a client made up
//! allocates nothing and a short message can't eat into the next.

use std::panic::catch_unwind;

use bytes::{Buf, BytesMut};
use pgwire::messages::{DecodeContext, PgWireFrontendMessage, ProtocolVersion, SslNegotiationMetaMessage};

use super::failure::Failure;
use crate::error::{Error, Result, SqlState};

/// The longest message before a connection has started, and of those after that carry no more than a name, as in Postgres.
const LONGEST_OF_SHORT: usize = 10_000;

/// A whole message, or what is wrong inside of it.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The message; an error here concerns it alone.
    pub message: Result<PgWireFrontendMessage>,
    /// Whether it is of the extended protocol, where an error skips to the next Sync.
    pub extended: bool,
}

/// Takes the next message off the input; `None` until it is whole. `longest`: how long one may be, once the startup message
/// has come.
pub(super) fn next(input: &mut BytesMut, longest: Option<usize>) -> Result<Option<Incoming>, Failure> {
    let started = longest.is_some();
    let header = usize::from(started);
    if input.len() < header + 4 {
        return Ok(None);
    }
    let length = match usize::try_from((&input[header..]).get_i32()) {
        Ok(length) if length >= 4 => length,
        _ => return Err(Failure::protocol("invalid message length")),
    };
    let short = !started || matches!(input[0], b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'c');
    if short && length > LONGEST_OF_SHORT {
        return Err(Failure::protocol("invalid message length"));
    }
    if let Some(longest) = longest.filter(|longest| length > *longest) {
        let message = format!("a message of {length} bytes exceeds the limit of {longest}");
        let hint = "send less at once, or start the server with a larger max_message_size";
        return Err(Failure::Fatal(Error::new(SqlState::ProgramLimitExceeded, message).with_hint(hint)));
    }
    if input.len() < header + length {
        return Ok(None);
    }
    let mut frame = input.split_to(header + length);
    let kind = if started { frame[0] } else { 0 };
    let message = match text_of(kind, &frame).map(std::str::from_utf8) {
        Some(Err(_)) => {
            Err(Error::new(SqlState::CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\""))
        }
        _ => Ok(decode(&mut frame, started)?),
    };
    Ok(Some(Incoming { message, extended: matches!(kind, b'P' | b'B' | b'D' | b'E' | b'C' | b'H' | b'S') }))
}

/// The SQL text of a message that has one; pgwire would read it with every broken letter replaced.
fn text_of(kind: u8, frame: &[u8]) -> Option<&[u8]> {
    let body = frame.get(5..)?;
    match kind {
        b'Q' => Some(body),
        b'P' => {
            let name = body.iter().position(|&byte| byte == 0)?;
            let text = body[name + 1..].iter().position(|&byte| byte == 0)?;
            Some(&body[..name + 1 + text])
        }
        _ => None,
    }
}

fn decode(frame: &mut BytesMut, started: bool) -> Result<PgWireFrontendMessage, Failure> {
    // With 3.2 the key of a cancel request is read as the bytes it is, whatever its length.
    let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_2);
    context.awaiting_frontend_startup = !started;
    context.awaiting_frontend_ssl = !started;
    let mut message = decode_within(frame, &context)?;
    if matches!(message, PgWireFrontendMessage::SslNegotiation(SslNegotiationMetaMessage::None)) {
        context.awaiting_frontend_ssl = false;
        message = decode_within(frame, &context)?;
    }
    if frame.is_empty() { Ok(message) } else { Err(Failure::protocol("invalid message format")) }
}

/// pgwire's decoders panic on a body shorter than it says.
fn decode_within(frame: &mut BytesMut, context: &DecodeContext) -> Result<PgWireFrontendMessage, Failure> {
    let decoded = catch_unwind(std::panic::AssertUnwindSafe(|| PgWireFrontendMessage::decode(frame, context)));
    match decoded {
        Ok(Ok(Some(message))) => Ok(message),
        Ok(Err(error)) => Err(Failure::protocol(format!("invalid message: {error}").to_lowercase())),
        Ok(Ok(None)) | Err(_) => Err(Failure::protocol("invalid message format")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const MOST: Option<usize> = Some(1 << 20);

    fn input(kind: u8, body: &[u8]) -> BytesMut {
        let mut input = BytesMut::from(&[kind][..]);
        input.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
        input.extend_from_slice(body);
        input
    }

    #[test]
    fn a_message_waits_until_it_is_whole() {
        let whole = input(b'Q', b"select 1\0");
        for cut in 0..whole.len() {
            assert!(next(&mut BytesMut::from(&whole[..cut]), MOST).unwrap().is_none());
        }
        let incoming = next(&mut whole.clone(), MOST).unwrap().unwrap();
        assert!(matches!(incoming.message, Ok(PgWireFrontendMessage::Query(query)) if query.query == "select 1"));
    }

    #[test]
    fn a_made_up_length_is_an_error_before_it_is_an_allocation() {
        let mut huge = BytesMut::from(&b"Q\x7f\xff\xff\xff"[..]);
        assert!(matches!(next(&mut huge, MOST), Err(Failure::Fatal(e)) if e.state() == SqlState::ProgramLimitExceeded));
        let mut negative = BytesMut::from(&b"Q\xff\xff\xff\xff"[..]);
        assert!(
            matches!(next(&mut negative, MOST), Err(Failure::Fatal(e)) if e.state() == SqlState::ProtocolViolation)
        );
        let mut startup = BytesMut::from(&b"\x00\x01\x00\x00"[..]);
        assert!(next(&mut startup, None).is_err());
    }

    #[test]
    fn a_body_shorter_than_it_says_breaks_nothing_else() {
        // Bind: one parameter of 100 bytes, of which none follows.
        let mut bytes = input(b'B', b"\0\0\0\0\0\x01\0\0\0\x64");
        bytes.extend_from_slice(&input(b'S', b""));
        assert!(matches!(next(&mut bytes, MOST), Err(Failure::Fatal(e)) if e.state() == SqlState::ProtocolViolation));
        assert!(next(&mut input(b'S', b"trailing"), MOST).is_err());
        assert!(next(&mut input(b'?', b""), MOST).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_whole_messages_up_to_an_error(
            messages in vec((any::<u8>(), vec(any::<u8>(), 0..40)), 1..5),
            changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in any::<prop::sample::Index>(),
            started in any::<bool>(),
        ) {
            let mut bytes = BytesMut::new();
            for (kind, body) in messages {
                // Half of them are of a kind that there is.
                let kind = if kind < 128 { b"QPBEDCSHXdcfp"[usize::from(kind) % 13] } else { kind };
                bytes.extend_from_slice(&input(kind, &body));
            }
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
            let longest = started.then_some(1 << 20);
            loop {
                let before = bytes.clone();
                match next(&mut bytes, longest) {
                    Ok(Some(_)) => prop_assert!(before.ends_with(&bytes) && bytes.len() + 4 <= before.len()),
                    Ok(None) => {
                        prop_assert_eq!(bytes, before);
                        break;
                    }
                    Err(_) => break,
                }
            }
        }
    }

    #[test]
    fn text_that_is_not_utf8_fails_its_statement_only() {
        let incoming = next(&mut input(b'Q', b"select '\xe4'\0"), MOST).unwrap().unwrap();
        assert_eq!(incoming.message.unwrap_err().state(), SqlState::CharacterNotInRepertoire);
        let incoming = next(&mut input(b'P', b"\0select '\xe4'\0\0\0"), MOST).unwrap().unwrap();
        assert!(incoming.message.is_err() && incoming.extended);
    }
}
