//! Every setting that changes something, in the order of the alphabet.

use super::{Category, Context, Kind, POSTGRES_VERSION, Setting, Unit};
use Category::{Connections, Formats, Journey, Memory, Monitoring, Preset, Sessions, Time, Transactions};

const fn setting(
    category: Category,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { name, kind, default, scope: Context::User, category, announced: false, about }
}

/// The wire tells clients of its changes.
const fn announced(
    category: Category,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { announced: true, ..setting(category, name, kind, default, about) }
}

/// It holds for the whole server.
const fn of_server(
    category: Category,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { scope: Context::Server, ..setting(category, name, kind, default, about) }
}

/// Owners alone may set it.
const fn of_owners(
    category: Category,
    name: &'static str,
    kind: Kind,
    default: &'static str,
    about: &'static str,
) -> Setting {
    Setting { scope: Context::Owner, ..setting(category, name, kind, default, about) }
}

/// The most that Postgres' quantities count.
const MOST: i64 = i32::MAX as i64;

/// The most kilobytes: a pebibyte.
const MOST_BYTES: i64 = 1 << 40;

const TIME_LIMIT: Kind = Kind::Quantity(Unit::Milliseconds, 0, MOST);

/// Those that change something, in the order of the alphabet.
pub(super) const OWN: &[Setting] = &[
    announced(Monitoring, "application_name", Kind::Text, "", "The name of the client program, for the logs."),
    of_server(
        Connections,
        "authentication_timeout",
        Kind::Quantity(Unit::Milliseconds, 1, MOST),
        "10s",
        "A client that has not opened its session by then is let go.",
    ),
    setting(Formats, "bytea_output", Kind::OneOf(&[&["hex"]]), "hex", "How bytea is printed."),
    announced(Formats, "client_encoding", Kind::Encoding, "UTF8", "The encoding of text on the wire: always UTF-8."),
    setting(
        Monitoring,
        "client_min_messages",
        Kind::OneOf(&[
            &["notice"],
            &["debug5"],
            &["debug4"],
            &["debug3"],
            &["debug2"],
            &["debug1"],
            &["log"],
            &["warning"],
            &["error"],
        ]),
        "notice",
        "The least severe message sent to the client.",
    ),
    of_server(
        Memory,
        "column_cache_size",
        Kind::Quantity(Unit::Kilobytes, 0, MOST_BYTES),
        "1GB",
        "Decoded columns that are kept in memory for the next question; 0 keeps none.",
    ),
    announced(
        Formats,
        "DateStyle",
        Kind::OneOf(&[
            &["ISO, MDY", "ISO", "ISO,MDY", "MDY"],
            &["ISO, YMD", "ISO,YMD", "YMD"],
            &["ISO, DMY", "ISO,DMY", "DMY"],
        ]),
        "ISO, MDY",
        "How dates are printed: always ISO 8601.",
    ),
    setting(
        Transactions,
        "default_transaction_isolation",
        Kind::OneOf(&[&["read committed"], &["repeatable read"], &["serializable"], &["read uncommitted"]]),
        "read committed",
        "The isolation of a new transaction.",
    ),
    announced(
        Transactions,
        "default_transaction_read_only",
        Kind::Switch,
        "off",
        "Whether a new transaction refuses writes.",
    ),
    setting(
        Formats,
        "extra_float_digits",
        Kind::Integer(-15, 3),
        "1",
        "Accepted for drivers; floats are always exact.",
    ),
    setting(
        Time,
        "idle_in_transaction_session_timeout",
        TIME_LIMIT,
        "0",
        "A session that asks nothing for so long inside of a transaction ends (25P03); 0 means no limit.",
    ),
    setting(
        Time,
        "idle_session_timeout",
        TIME_LIMIT,
        "0",
        "A session that asks nothing for so long outside of a transaction ends (57P05); 0 means no limit.",
    ),
    announced(Preset, "integer_datetimes", Kind::Fixed, "on", "Times are whole microseconds."),
    announced(Formats, "IntervalStyle", Kind::OneOf(&[&["postgres"]]), "postgres", "How intervals are printed."),
    announced(Preset, "is_superuser", Kind::Fixed, "on", "Whether the user owns the database."),
    setting(
        Journey,
        "journey.as_of",
        Kind::Instant,
        "",
        "The instant at which open journeys are censored; rows after it are ignored. Empty: the latest time in the journey tables.",
    ),
    setting(
        Journey,
        "journey.confidence_level",
        Kind::Fraction,
        "0.95",
        "The confidence level of intervals in the KPI views.",
    ),
    setting(
        Journey,
        "journey.period",
        Kind::OneOf(&[&["month"], &["day"], &["week"], &["quarter"], &["year"]]),
        "month",
        "The length of a period in the KPI views.",
    ),
    of_owners(
        Monitoring,
        "log_min_duration_statement",
        Kind::Quantity(Unit::Milliseconds, -1, MOST),
        "-1",
        "Statements that take at least so long are logged; 0 logs all, -1 none.",
    ),
    setting(
        Transactions,
        "lock_timeout",
        TIME_LIMIT,
        "0",
        "A statement that waits longer for another transaction's rows fails (55P03); 0 means no limit.",
    ),
    of_server(
        Connections,
        "max_connections",
        Kind::Integer(1, 262_143),
        "100",
        "The most sessions at a time; the next one is refused (53300).",
    ),
    of_server(
        Connections,
        "max_connections_per_user",
        Kind::Integer(0, 262_143),
        "0",
        "The most sessions of one user who is no owner at a time; the next one is refused (53300); 0 means no limit.",
    ),
    setting(
        Preset,
        "max_identifier_length",
        Kind::Fixed,
        "63",
        "The longest identifier Postgres keeps; ours may be longer.",
    ),
    of_server(
        Sessions,
        "max_message_size",
        Kind::Quantity(Unit::Kilobytes, 16, 1 << 20),
        "64MB",
        "The longest message of an open session; a longer one ends it (54000).",
    ),
    of_server(
        Connections,
        "max_opening_connections",
        Kind::Integer(1, 262_143),
        "128",
        "The most connections that have not opened their session yet; the oldest of them makes room for the next.",
    ),
    of_server(
        Sessions,
        "max_portals",
        Kind::Integer(1, MOST),
        "256",
        "The most portals of a session; the next one is refused (53400).",
    ),
    of_server(
        Sessions,
        "max_prepared_statements",
        Kind::Integer(1, MOST),
        "5000",
        "The most prepared statements of a session; the next one is refused (53400).",
    ),
    of_server(
        Sessions,
        "max_statement_length",
        Kind::Quantity(Unit::Kilobytes, 1, 1 << 20),
        "8MB",
        "The longest text of statements; a longer one is refused (54000).",
    ),
    of_server(
        Memory,
        "memory_limit",
        Kind::Quantity(Unit::Kilobytes, 0, MOST_BYTES),
        "0",
        "What queries and kept columns may hold together; 0 means no limit. What can goes on on disk beyond it, what cannot ends (53200).",
    ),
    setting(
        Connections,
        "password_encryption",
        Kind::OneOf(&[&["scram-sha-256"]]),
        "scram-sha-256",
        "How passwords are kept.",
    ),
    of_owners(
        Memory,
        "query_memory_limit",
        Kind::Quantity(Unit::Kilobytes, 0, MOST_BYTES),
        "0",
        "What one statement may hold of memory_limit; 0 means all of it. What can goes on on disk beyond it, what cannot ends (53200).",
    ),
    setting(Preset, "role", Kind::Fixed, "none", "The role that SET ROLE took on."),
    setting(
        Formats,
        "search_path",
        Kind::Text,
        "public, journey, kpi",
        "The schemas a bare name is looked up in, in order.",
    ),
    announced(Preset, "server_encoding", Kind::Fixed, "UTF8", "The encoding of stored text."),
    announced(Preset, "server_version", Kind::Fixed, POSTGRES_VERSION, "The PostgreSQL version we behave as."),
    setting(Preset, "server_version_num", Kind::Fixed, "150000", "The same as a number."),
    announced(Preset, "session_authorization", Kind::Fixed, "journeydb", "The user of the session."),
    announced(
        Formats,
        "standard_conforming_strings",
        Kind::OneOf(&[&["on", "true", "1"]]),
        "on",
        "Backslashes in plain strings are ordinary characters.",
    ),
    setting(
        Time,
        "statement_timeout",
        TIME_LIMIT,
        "0",
        "A statement that runs longer is cancelled (57014); 0 means no limit.",
    ),
    of_server(
        Connections,
        "superuser_reserved_connections",
        Kind::Integer(0, 262_143),
        "3",
        "How many of the sessions are kept for owners (53300 for others).",
    ),
    of_server(
        Connections,
        "tcp_keepalives_count",
        Kind::Integer(0, 127),
        "6",
        "How often it is asked before it is taken for gone; 0 leaves it to the system.",
    ),
    of_server(
        Connections,
        "tcp_keepalives_idle",
        Kind::Quantity(Unit::Milliseconds, 0, MOST),
        "1min",
        "A client that was silent for so long is asked whether it is still there; 0 leaves it to the system.",
    ),
    of_server(
        Connections,
        "tcp_keepalives_interval",
        Kind::Quantity(Unit::Milliseconds, 0, MOST),
        "10s",
        "How long its answer is waited for before it is asked again; 0 leaves it to the system.",
    ),
    of_owners(
        Memory,
        "temp_file_limit",
        Kind::Quantity(Unit::Kilobytes, -1, MOST_BYTES),
        "100GB",
        "What a session may write to temporary files at a time; beyond it a statement ends (53400); -1 means no limit.",
    ),
    announced(
        Formats,
        "TimeZone",
        Kind::TimeZone,
        "UTC",
        "The time zone timestamps with time zone are read and printed in.",
    ),
    of_server(
        Monitoring,
        "track_activity_query_size",
        Kind::Quantity(Unit::Kilobytes, 1, 1 << 10),
        "1kB",
        "How much of a statement journey.activity and the log show.",
    ),
    setting(
        Transactions,
        "transaction_isolation",
        Kind::OneOf(&[&["read committed"], &["repeatable read"], &["serializable"], &["read uncommitted"]]),
        "read committed",
        "The isolation of the current transaction.",
    ),
    setting(
        Transactions,
        "transaction_read_only",
        Kind::Switch,
        "off",
        "Whether the current transaction refuses writes.",
    ),
    setting(
        Time,
        "transaction_timeout",
        TIME_LIMIT,
        "0",
        "A session whose transaction block lasts longer ends (25P04); 0 means no limit.",
    ),
];
