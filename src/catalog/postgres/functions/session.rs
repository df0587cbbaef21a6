//! The server, the session and its settings.

use std::sync::LazyLock;

use datafusion::logical_expr::Volatility;

use super::names::searched;
use super::signature::Kind::{Boolean, Int4, Oid, Text};
use super::signature::{Answer, Call, SystemFunction};
use crate::catalog::PG_TEMP;
use crate::config::POSTGRES_VERSION;
use crate::error::{Error, Result, SqlState};

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    fact("version", "text", |_| Ok(version().into())),
    fact("current_database", "name", |call| Ok(call.listing().database.clone().into())),
    fact("current_catalog", "name", |call| Ok(call.listing().database.clone().into())),
    fact("current_schema", "name", |call| Ok(existing_schemas(call).into_iter().next().into())),
    fact("current_user", "name", |call| Ok(call.session.identity().current.name.into())),
    fact("current_role", "name", |call| Ok(call.session.identity().current.name.into())),
    fact("session_user", "name", |call| Ok(call.session.identity().session.name.into())),
    fact("user", "name", |call| Ok(call.session.identity().current.name.into())),
    fact("pg_backend_pid", "int4", |call| Ok(i64::from(call.session.backend_pid()).into())),
    fact("pg_postmaster_start_time", "timestamptz", |_| Ok(started().into())),
    fact("pg_conf_load_time", "timestamptz", |_| Ok(started().into())),
    fact("getdatabaseencoding", "name", |_| Ok("UTF8".into())),
    fact("pg_is_in_recovery", "bool", |_| Ok(false.into())),
    fact("pg_my_temp_schema", "oid", |call| {
        Ok(call.listing().temporary_schema().map_or(0, |schema| schema.oid).into())
    }),
    SystemFunction {
        name: "current_schemas",
        required: &[Boolean],
        optional: &[],
        result: "_name",
        strict: true,
        volatility: Volatility::Stable,
        answer: current_schemas,
    },
    SystemFunction {
        name: "current_setting",
        required: &[Text],
        optional: &[Boolean],
        result: "text",
        strict: true,
        volatility: Volatility::Stable,
        answer: current_setting,
    },
    SystemFunction {
        name: "set_config",
        required: &[Text, Text],
        optional: &[Boolean],
        result: "text",
        strict: false,
        volatility: Volatility::Volatile,
        answer: set_config,
    },
    SystemFunction {
        name: "pg_notify",
        required: &[Text, Text],
        optional: &[],
        result: "void",
        strict: false,
        volatility: Volatility::Volatile,
        answer: notify,
    },
    SystemFunction {
        name: "pg_get_userbyid",
        required: &[Oid],
        optional: &[],
        result: "name",
        strict: true,
        volatility: Volatility::Stable,
        answer: user_by_id,
    },
    SystemFunction {
        name: "pg_encoding_to_char",
        required: &[Int4],
        optional: &[],
        result: "name",
        strict: true,
        volatility: Volatility::Stable,
        answer: |call| Ok(if call.integer(0) == Some(6) { "UTF8" } else { "" }.into()),
    },
    SystemFunction {
        name: "pg_char_to_encoding",
        required: &[Text],
        optional: &[],
        result: "int4",
        strict: true,
        volatility: Volatility::Stable,
        answer: |call| {
            let utf8 = call.text(0).is_some_and(|name| matches!(name.to_ascii_uppercase().as_str(), "UTF8" | "UTF-8"));
            Ok(if utf8 { 6i64 } else { -1 }.into())
        },
    },
    SystemFunction {
        name: "pg_tablespace_location",
        required: &[Oid],
        optional: &[],
        result: "text",
        strict: true,
        volatility: Volatility::Stable,
        answer: |_| Ok("".into()),
    },
];

/// A function without arguments.
const fn fact(name: &'static str, result: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    SystemFunction { name, required: &[], optional: &[], result, strict: true, volatility: Volatility::Stable, answer }
}

/// Starts as PostgreSQL's does: clients read the version from it. Then our own.
fn version() -> String {
    format!("PostgreSQL {POSTGRES_VERSION} (JourneyDB {})", env!("CARGO_PKG_VERSION"))
}

/// When the database was opened, in microseconds.
pub(super) fn started() -> i64 {
    static STARTED: LazyLock<i64> = LazyLock::new(|| chrono::Utc::now().timestamp_micros());
    *STARTED
}

/// The schemas of the search path that exist.
fn existing_schemas(call: &Call) -> Vec<String> {
    existing(call, call.session.search_path())
}

fn existing(call: &Call, path: Vec<String>) -> Vec<String> {
    let existing = |name: &String| match name.as_str() {
        PG_TEMP => call.listing().temporary_schema(),
        name => call.listing().schema_named(name),
    };
    path.iter().filter_map(existing).map(|schema| schema.name.clone()).collect()
}

fn current_schemas(call: &Call) -> Result<Answer> {
    let path = call.session.search_path();
    Ok(Answer::Texts(existing(call, if call.boolean(0) == Some(true) { searched(path) } else { path })))
}

/// 42704 for an unknown setting, unless the second argument says to answer NULL.
fn current_setting(call: &Call) -> Result<Answer> {
    let name = call.text(0).unwrap_or_default();
    match call.session.setting(name) {
        Some(value) => Ok(value.into()),
        None if call.boolean(1) == Some(true) => Ok(Answer::Null),
        None => Err(Error::new(SqlState::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""))),
    }
}

/// Sets a setting, for the session or for the transaction, and answers its new value; NULL resets it.
fn set_config(call: &Call) -> Result<Answer> {
    let missing = || Error::new(SqlState::NullValueNotAllowed, "SET requires parameter name");
    let name = call.text(0).ok_or_else(missing)?;
    call.session.set(name, call.text(1), call.boolean(2) == Some(true))?;
    Ok(call.session.setting(name).into())
}

/// NOTIFY; NULL is the empty text.
fn notify(call: &Call) -> Result<Answer> {
    call.session.notify(call.text(0).unwrap_or_default(), call.text(1).unwrap_or_default())?;
    Ok("".into())
}

fn user_by_id(call: &Call) -> Result<Answer> {
    Ok(call.listing().roles.name(call.oid(0)).into())
}
