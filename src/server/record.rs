//! What is told of each statement when it ends: it is counted for `metrics`, and logged where it failed or was slow.
//!
//! The log has a statement's text as `journey.activity` shows it: without passwords, cut where it is long, values that were
//! bound left out. Messages that quote values of rows and parameters stay between server and client.

use std::time::{Duration, Instant};

use super::connection::Connection;
use super::failure::Failure;
use super::metrics::Outcome;
use crate::error::{Error, SqlState};
use crate::outcome::Tag;
use crate::statements::Statement;

/// A statement that is under way.
pub(super) struct Running {
    command: String,
    began: Instant,
}

impl Connection {
    /// Begins a statement, or what prepares it. What is told of it is told of the session's statement, so one of the session's
    /// calls must follow, or [`crate::activity::Backend::work`].
    pub(super) fn begin(&mut self, statement: &Statement) {
        self.running = Some(Running { command: statement.command(), began: Instant::now() });
    }

    /// The statement is done.
    pub(super) fn done(&mut self, tag: &Tag) {
        let Some(Running { command, began }) = self.running.take() else { return };
        let took = began.elapsed();
        self.metrics.ended(&command, Outcome::Done, tag.rows, took);
        let least = u64::try_from(self.session.number("log_min_duration_statement")).ok().map(Duration::from_millis);
        if least.is_some_and(|least| took >= least) {
            let (milliseconds, statement) = (milliseconds(took), self.statement());
            tracing::info!(command, milliseconds, rows = tag.rows, statement, "statement done");
        }
    }

    /// What the client asked for failed, and it is told why.
    pub(super) fn failed(&mut self, error: &Error) {
        self.metrics.told(error.state());
        let sqlstate = error.state().code();
        let reason = (!quotes_values(error.state())).then(|| error.message());
        let Some(Running { command, began }) = self.running.take() else {
            return tracing::info!(sqlstate, error = reason, "request failed");
        };
        let took = began.elapsed();
        let stopped = error.state() == SqlState::QueryCanceled;
        self.metrics.ended(&command, if stopped { Outcome::Stopped } else { Outcome::Failed }, None, took);
        let (milliseconds, statement) = (milliseconds(took), self.statement());
        if error.state() == SqlState::InternalError {
            tracing::error!(sqlstate, error = reason, command, milliseconds, statement, "statement failed");
        } else {
            tracing::info!(sqlstate, error = reason, command, milliseconds, statement, "statement failed");
        }
    }

    /// The connection ends, and with it the statement that is under way.
    pub(super) fn ended_with(&mut self, failure: &Failure) {
        let Some(Running { command, began }) = self.running.take() else { return };
        let (took, statement) = (began.elapsed(), self.statement());
        self.metrics.ended(&command, Outcome::Stopped, None, took);
        let sqlstate = match failure {
            Failure::Statement(error) | Failure::Fatal(error) => Some(error.state().code()),
            Failure::Gone => None,
        };
        tracing::info!(
            sqlstate,
            command,
            milliseconds = milliseconds(took),
            statement,
            "statement lost its connection"
        );
    }

    /// The text of the statement under way, as others may see it.
    fn statement(&self) -> String {
        self.session.backend().seen().statement.as_deref().unwrap_or_default().to_owned()
    }
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// Data exceptions quote the value that is wrong, integrity constraint violations the row.
fn quotes_values(state: SqlState) -> bool {
    matches!(&state.code()[..2], "22" | "23")
}
