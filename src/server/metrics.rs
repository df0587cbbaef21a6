//! What the server counts, and the page of it in the text format of OpenMetrics, which Prometheus reads.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::activity::State;
use crate::database::Database;
use crate::error::SqlState;

/// The upper bounds of the histogram of durations, in seconds.
const BOUNDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// What every name begins with.
const PREFIX: &str = "journeydb";

/// What the server counts.
pub(super) struct Metrics {
    registry: Registry,
    connections: Counter,
    traffic: Traffic,
    statements: Family<Ended, Counter>,
    durations: Family<Command, Histogram, fn() -> Histogram>,
    rows: Family<Command, Counter>,
    errors: Family<Failed, Counter>,
    refused: Counter,
}

/// Bytes on all connections, as their clients sent and received them before and after encryption.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic {
    /// From clients.
    pub received: Counter,
    /// To clients.
    pub sent: Counter,
}

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As it should.
    Done,
    /// With an error.
    Failed,
    /// By a cancel or a timeout, or because its client left.
    Stopped,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    command: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Command {
    command: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failed {
    sqlstate: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Doing {
    state: &'static str,
}

impl Metrics {
    /// Counts from zero.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            connections: Counter::default(),
            traffic: Traffic::default(),
            statements: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
            rows: Family::default(),
            errors: Family::default(),
            refused: Counter::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("connections", "Connections accepted", metrics.connections.clone());
        registry.register("authentication_failures", "Logins refused", metrics.refused.clone());
        let (received, sent) = (metrics.traffic.received.clone(), metrics.traffic.sent.clone());
        registry.register_with_unit("received", "What clients sent", Unit::Bytes, received);
        registry.register_with_unit("sent", "What clients were sent", Unit::Bytes, sent);
        let ended = "Statements by command and outcome: done, failed, or stopped on their way";
        registry.register("statements", ended, metrics.statements.clone());
        let durations = "How long statements took, up to their last row sent, by command";
        registry.register_with_unit("statement_duration", durations, Unit::Seconds, metrics.durations.clone());
        registry.register("rows", "Rows that statements gave, took or changed, by command", metrics.rows.clone());
        registry.register("errors", "Errors that clients were told, by SQLSTATE", metrics.errors.clone());
        metrics
    }

    /// Counts a connection.
    pub fn accepted(&self) {
        self.connections.inc();
    }

    /// Where connections count their bytes.
    pub fn traffic(&self) -> Traffic {
        self.traffic.clone()
    }

    /// Counts a statement, with the rows that its tag tells.
    pub fn ended(&self, command: &str, outcome: Outcome, rows: Option<u64>, took: Duration) {
        let outcome = match outcome {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Stopped => "stopped",
        };
        let command = Command { command: command.to_owned() };
        self.statements.get_or_create(&Ended { command: command.command.clone(), outcome }).inc();
        self.durations.get_or_create(&command).observe(took.as_secs_f64());
        if let Some(rows) = rows {
            self.rows.get_or_create(&command).inc_by(rows);
        }
    }

    /// Counts an error that a client was told.
    pub fn told(&self, state: SqlState) {
        self.errors.get_or_create(&Failed { sqlstate: state.code() }).inc();
        if state == SqlState::InvalidPassword {
            self.refused.inc();
        }
    }

    /// The page.
    pub fn page(&self, database: &Database) -> String {
        let mut page = String::new();
        let written = encode_registry(&mut page, &self.registry)
            .and_then(|()| encode_registry(&mut page, &of_database(database)))
            .and_then(|()| encode_eof(&mut page));
        written.expect("a string takes all that is written to it");
        page
    }
}

/// What is read off a database when it is asked for.
fn of_database(database: &Database) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let facts = database.facts();
    let bytes = |bytes: u64| ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));

    let opened = ConstGauge::new(database.activity().opened().timestamp_micros() as f64 / 1e6);
    registry.register_with_unit("opened", "When the database was opened, since 1970", Unit::Seconds, opened);
    let sessions = Family::<Doing, Gauge>::default();
    let seen = database.activity().seen();
    for state in State::ALL {
        let count = seen.iter().filter(|session| session.client.is_some() && session.state == state).count();
        sessions.get_or_create(&Doing { state: state.words() }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("sessions", "Sessions of clients by what they do", sessions);
    let most = ConstGauge::new(database.settings().number("max_connections"));
    registry.register("sessions_limit", "Sessions that there may be", most);

    registry.register_with_unit("memory", "What queries hold of the memory", Unit::Bytes, bytes(facts.memory.queries));
    if let Some(limit) = facts.memory.limit {
        let about = "What queries and kept columns may hold together";
        registry.register_with_unit("memory_limit", about, Unit::Bytes, bytes(limit));
    }
    let spilled = ConstCounter::new(facts.spilled);
    registry.register_with_unit("spilled", "What queries put on disk for want of memory", Unit::Bytes, spilled);
    let columns = facts.columns;
    registry.register_with_unit("column_cache", "Decoded columns that are kept", Unit::Bytes, bytes(columns.used));
    let about = "Decoded columns that may be kept";
    registry.register_with_unit("column_cache_capacity", about, Unit::Bytes, bytes(columns.capacity));
    registry.register("column_cache_hits", "Columns found among the kept ones", ConstCounter::new(columns.hits));
    registry.register("column_cache_misses", "Columns that had to be decoded", ConstCounter::new(columns.misses));
    let (written, joined) = (ConstCounter::new(facts.commits.written), ConstCounter::new(facts.commits.joined));
    registry.register("table_versions_written", "Changes of a table's rows that were committed", written);
    registry.register("table_versions_joined", "Times that small files of a table became few", joined);
    registry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn statements_are_counted_by_command_outcome_and_duration() {
        let metrics = Metrics::new();
        metrics.ended("SELECT", Outcome::Done, Some(3), Duration::from_millis(1));
        metrics.ended("SELECT", Outcome::Done, Some(4), Duration::from_millis(700));
        metrics.ended("SELECT", Outcome::Stopped, None, Duration::from_secs(600));
        metrics.ended("COPY", Outcome::Failed, None, Duration::from_secs(1));
        metrics.told(SqlState::QueryCanceled);
        let page = metrics.page(&Database::in_memory().await.unwrap());
        for line in [
            "journeydb_statements_total{command=\"SELECT\",outcome=\"done\"} 2",
            "journeydb_statements_total{command=\"SELECT\",outcome=\"stopped\"} 1",
            "journeydb_statements_total{command=\"COPY\",outcome=\"failed\"} 1",
            "journeydb_statement_duration_seconds_bucket{le=\"0.001\",command=\"SELECT\"} 1",
            "journeydb_statement_duration_seconds_bucket{le=\"0.5\",command=\"SELECT\"} 1",
            "journeydb_statement_duration_seconds_bucket{le=\"1.0\",command=\"SELECT\"} 2",
            "journeydb_statement_duration_seconds_bucket{le=\"120.0\",command=\"SELECT\"} 2",
            "journeydb_statement_duration_seconds_bucket{le=\"+Inf\",command=\"SELECT\"} 3",
            "journeydb_statement_duration_seconds_count{command=\"SELECT\"} 3",
            "journeydb_rows_total{command=\"SELECT\"} 7",
            "journeydb_errors_total{sqlstate=\"57014\"} 1",
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
