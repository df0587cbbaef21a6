//! What sessions do.

use std::sync::Arc;

use super::cluster::DATABASE_OID;
use super::{Context, Rows};
use crate::activity::Seen;
use crate::catalog::JOURNEYDB;

/// What is shown of the statements of others to a user who is no owner: the words of Postgres.
const HIDDEN: &str = "<insufficient privilege>";

/// `pg_stat_activity`: the sessions under the columns of Postgres.
pub(super) fn sessions_of_postgres(context: &Context, rows: &mut Rows) {
    for session in context.session.activity().seen() {
        let client = session.client.as_ref();
        let user = user(context, &session);
        let address = client.and_then(|client| client.address);
        let (wait_type, wait) = session.wait.map(|wait| wait.words()).unzip();
        rows.push([
            ("datid", DATABASE_OID.into()),
            ("datname", (&context.listing.database).into()),
            ("pid", session.pid.into()),
            ("usesysid", context.listing.roles.named(&user).map(|role| role.oid).into()),
            ("usename", (&user).into()),
            ("application_name", (&session.application_name).into()),
            ("client_addr", address.map(|address| address.ip().to_string()).into()),
            ("client_port", address.map(|address| i32::from(address.port())).into()),
            ("backend_start", session.began.into()),
            ("xact_start", session.transaction_began.into()),
            ("query_start", session.statement_began.into()),
            ("state_change", session.changed.into()),
            ("wait_event_type", wait_type.into()),
            ("wait_event", wait.into()),
            ("state", session.state.words().into()),
            ("query", statement(context, &session, &user).unwrap_or_default().into()),
            ("backend_type", if client.is_some() { "client backend" } else { "embedded session" }.into()),
        ]);
    }
}

/// `pg_stat_session`, ours alone: what `journey.activity` shows.
pub(super) fn sessions(context: &Context, rows: &mut Rows) {
    for session in context.session.activity().seen() {
        let user = user(context, &session);
        let address = session.client.as_ref().and_then(|client| client.address);
        rows.push([
            ("pid", session.pid.into()),
            ("username", (&user).into()),
            ("application", (&session.application_name).into()),
            ("client", address.map(|address| address.to_string()).into()),
            ("state", session.state.words().into()),
            ("wait", session.wait.map(|wait| wait.words().1).into()),
            ("statement", statement(context, &session, &user).into()),
            ("rows", i64::try_from(session.rows).unwrap_or(i64::MAX).into()),
            ("memory_bytes", i64::try_from(session.memory).unwrap_or(i64::MAX).into()),
            ("session_began", session.began.into()),
            ("transaction_began", session.transaction_began.into()),
            ("statement_began", session.statement_began.into()),
            ("state_changed", session.changed.into()),
        ]);
    }
}

/// `pg_stat_database`: the one this is, as far as we count; the rest is NULL.
pub(super) fn database(context: &Context, rows: &mut Rows) {
    let activity = context.session.activity();
    rows.push([
        ("datid", DATABASE_OID.into()),
        ("datname", (&context.listing.database).into()),
        ("numbackends", activity.seen().len().into()),
        ("sessions", i64::try_from(activity.sessions_begun()).unwrap_or(i64::MAX).into()),
        ("tup_returned", i64::try_from(activity.rows_given()).unwrap_or(i64::MAX).into()),
        ("stats_reset", activity.opened().into()),
    ]);
}

fn user(context: &Context, session: &Seen) -> String {
    session.client.as_ref().map_or_else(|| context.listing.roles.name(JOURNEYDB), |client| client.user.clone())
}

/// The statement of a session as far as who asks may see it.
fn statement(context: &Context, session: &Seen, user: &str) -> Option<Arc<str>> {
    let may_see = user == context.session.identity().current.name
        || context.session.setting("is_superuser").as_deref() == Some("on");
    if may_see { session.statement.clone() } else { Some(HIDDEN.into()) }
}
