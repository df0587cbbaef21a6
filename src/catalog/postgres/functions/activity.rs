//! Other sessions and the server: what cancels and ends them, and has the server read its files anew.

use std::sync::Arc;

use datafusion::logical_expr::Volatility;

use super::signature::Kind::{Int4, Int8};
use super::signature::{Answer, Call, SystemFunction};
use crate::activity::Backend;
use crate::error::{Error, Result, SqlState};

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    SystemFunction {
        name: "pg_cancel_backend",
        required: &[Int4],
        optional: &[],
        result: "bool",
        strict: true,
        volatility: Volatility::Volatile,
        answer: |call| signal(call, "cancel the statement", Backend::cancel),
    },
    SystemFunction {
        name: "pg_terminate_backend",
        required: &[Int4],
        optional: &[Int8],
        result: "bool",
        strict: true,
        volatility: Volatility::Volatile,
        answer: |call| signal(call, "end the session", Backend::end),
    },
    SystemFunction {
        name: "pg_reload_conf",
        required: &[],
        optional: &[],
        result: "bool",
        strict: true,
        volatility: Volatility::Volatile,
        answer: reload,
    },
];

/// Has the server read its certificate anew; 42501 unless an owner asks.
fn reload(call: &Call) -> Result<Answer> {
    if !call.session.identity().current.owner {
        return Err(Error::new(SqlState::InsufficientPrivilege, "permission denied for function pg_reload_conf"));
    }
    call.session.activity().reload();
    Ok(true.into())
}

/// Whether there is such a connection; 42501 for one of another user, unless an owner asks.
fn signal(call: &Call, what: &str, signal: fn(&Backend) -> bool) -> Result<Answer> {
    let backend = call.integer(0).and_then(|pid| call.session.activity().backend(i32::try_from(pid).ok()?));
    let Some(backend): Option<Arc<Backend>> = backend else { return Ok(false.into()) };
    let own = backend.user().is_none_or(|user| user == call.session.identity().current.name);
    if !own && call.session.setting("is_superuser").as_deref() != Some("on") {
        let error = Error::new(SqlState::InsufficientPrivilege, format!("permission denied to {what} of another user"));
        return Err(error.with_hint("owners may"));
    }
    Ok(signal(&backend).into())
}
