//! What the session that asks has.

use std::time::{SystemTime, UNIX_EPOCH};

use super::builder::Value;
use super::{Context, Rows};
use crate::catalog::postgres::types::format_type;

/// `pg_cursors`: cursors, and portals of the protocol, which are cursors too.
pub(super) fn cursors(context: &Context, rows: &mut Rows) {
    for cursor in context.session.cursors() {
        rows.push([
            ("name", cursor.name.into()),
            ("statement", cursor.statement.into()),
            ("is_holdable", cursor.is_holdable.into()),
            ("is_binary", cursor.is_binary.into()),
            ("is_scrollable", cursor.is_scrollable.into()),
            ("creation_time", instant(cursor.since)),
        ]);
    }
}

/// `pg_prepared_statements`: a plan is made at every run, for the values of that run.
pub(super) fn prepared_statements(context: &Context, rows: &mut Rows) {
    for statement in context.session.prepared_statements() {
        let types = statement.parameter_types.iter().map(|oid| format_type(*oid, None)).collect();
        rows.push([
            ("name", statement.name.into()),
            ("statement", statement.statement.into()),
            ("prepare_time", instant(statement.since)),
            ("parameter_types", Value::Texts(types)),
            ("from_sql", statement.from_sql.into()),
            ("generic_plans", 0.into()),
            ("custom_plans", i64::try_from(statement.runs).unwrap_or(i64::MAX).into()),
        ]);
    }
}

/// Microseconds since 1970.
fn instant(time: SystemTime) -> Value {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Value::Int(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
