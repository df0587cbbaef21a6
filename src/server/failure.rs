//! How the handling of a message can fail, and what the client is told.

use pgwire::messages::response::{ErrorResponse, NoticeResponse};

use crate::error::{Error, SqlState};
use crate::outcome::Notice;

/// How far a failure reaches.
#[derive(Debug)]
pub(super) enum Failure {
    /// The statement failed; the connection goes on.
    Statement(Error),
    /// The connection ends after the client was told.
    Fatal(Error),
    /// The client has gone; nobody is left to tell.
    Gone,
}

impl Failure {
    /// A message that breaks the protocol so that the next one can't be trusted.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::Fatal(Error::new(SqlState::ProtocolViolation, message))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Statement(error)
    }
}

/// The only I/O of a connection is its socket.
impl From<std::io::Error> for Failure {
    fn from(_: std::io::Error) -> Self {
        Self::Gone
    }
}

/// The severities a client is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum Severity {
    /// The statement failed.
    Error,
    /// The connection ends.
    Fatal,
}

/// The message that tells the client of an error.
pub(super) fn error_response(severity: Severity, error: &Error) -> ErrorResponse {
    let severity = match severity {
        Severity::Error => "ERROR",
        Severity::Fatal => "FATAL",
    };
    let mut fields = fields(severity, error.state(), error.message());
    fields.extend(error.detail().map(|detail| (b'D', printable(detail))));
    fields.extend(error.hint().map(|hint| (b'H', printable(hint))));
    fields.extend(error.context().map(|context| (b'W', printable(context))));
    fields.extend(error.position().map(|position| (b'P', position.to_string())));
    if let Some(subject) = error.subject() {
        fields.extend([(b's', printable(&subject.schema)), (b't', printable(&subject.table))]);
        fields.extend(subject.column.iter().map(|column| (b'c', printable(column))));
        fields.extend(subject.constraint.iter().map(|constraint| (b'n', printable(constraint))));
    }
    ErrorResponse::new(fields)
}

/// The message that tells the client of something beside the result.
pub(super) fn notice_response(notice: &Notice) -> NoticeResponse {
    let mut fields = fields(notice.severity.word(), notice.state, &notice.message);
    fields.extend(notice.detail.as_deref().map(|detail| (b'D', printable(detail))));
    NoticeResponse::new(fields)
}

fn fields(severity: &str, state: SqlState, message: &str) -> Vec<(u8, String)> {
    vec![
        (b'S', severity.to_owned()),
        (b'V', severity.to_owned()),
        (b'C', state.code().to_owned()),
        (b'M', printable(message)),
    ]
}

/// Fields end at a zero byte, which a value quoted in a message may hold.
fn printable(text: &str) -> String {
    text.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_an_error_is_sent() {
        let error = Error::new(SqlState::UndefinedColumn, "column \"a\0b\" does not exist")
            .with_hint("use b")
            .with_context("COPY t, line 3")
            .at(8);
        let fields = error_response(Severity::Error, &error).fields;
        let field = |code| fields.iter().find(|(c, _)| *c == code).map(|(_, text)| text.as_str());
        assert_eq!(field(b'S'), Some("ERROR"));
        assert_eq!(field(b'C'), Some("42703"));
        assert_eq!(field(b'M'), Some("column \"ab\" does not exist"));
        assert_eq!(field(b'H'), Some("use b"));
        assert_eq!(field(b'W'), Some("COPY t, line 3"));
        assert_eq!(field(b'P'), Some("8"));
    }
}
