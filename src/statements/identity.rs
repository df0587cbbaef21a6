//! SET ROLE and SET SESSION AUTHORIZATION: as whom a session acts.

use std::sync::PoisonError;

use datafusion::sql::sqlparser::ast::{
    ContextModifier, Ident, SetSessionAuthorizationParam, SetSessionAuthorizationParamKind,
};

use super::context::Context;
use super::names;
use crate::catalog::{Role, Roles};
use crate::config::Identity;
use crate::error::{Error, Result, SqlState};

/// SET ROLE: as a role that the session's user is a member of; NONE is back to the user.
pub(super) fn set_role(context: &Context, scope: Option<ContextModifier>, role: Option<&Ident>) -> Result<()> {
    if matches!(scope, Some(ContextModifier::Local)) {
        return Err(Error::unsupported("SET LOCAL ROLE").with_hint("SET ROLE, and RESET ROLE after"));
    }
    let identity = context.identity();
    let current = match role {
        None => identity.session.clone(),
        Some(role) => {
            let state = context.state();
            let roles = &state.record.roles;
            let role = known(roles, role)?;
            let session = identity.session.oid;
            if !roles.is_owner(session) && !roles.is_member(session, role.oid) {
                let message = format!("permission denied to set role \"{}\"", role.name);
                return Err(Error::new(SqlState::InsufficientPrivilege, message));
            }
            roles.principal(role)
        }
    };
    act_as(context, Identity { current, ..identity });
    Ok(())
}

/// SET SESSION AUTHORIZATION: as anybody, for who logged in as an owner of the database.
pub(super) fn set_session(context: &Context, to: &SetSessionAuthorizationParam) -> Result<()> {
    let SetSessionAuthorizationParamKind::User(user) = &to.kind else {
        reset_session(context);
        return Ok(());
    };
    let state = context.state();
    let roles = &state.record.roles;
    let login = context.identity().login;
    let user = known(roles, user)?;
    if user.oid != login.oid && !roles.is_owner(login.oid) {
        return Err(Error::new(SqlState::InsufficientPrivilege, "permission denied to set session authorization"));
    }
    let session = roles.principal(user);
    act_as(context, Identity { login, session: session.clone(), current: session });
    Ok(())
}

/// Back to who logged in.
pub(super) fn reset_session(context: &Context) {
    act_as(context, Identity::of(context.identity().login));
}

fn known<'a>(roles: &'a Roles, name: &Ident) -> Result<&'a Role> {
    let name = names::fold(name);
    let missing = || Error::new(SqlState::InvalidParameterValue, format!("role \"{name}\" does not exist"));
    roles.named(&name).ok_or_else(missing)
}

fn act_as(context: &Context, identity: Identity) {
    context.settings.write().unwrap_or_else(PoisonError::into_inner).act_as(identity);
}
