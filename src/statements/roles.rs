//! CREATE, ALTER and DROP ROLE, and membership: `GRANT role TO user`.

use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use datafusion::sql::sqlparser::ast::{
    AlterRoleOperation, CreateRole, Expr, Ident, ObjectName, Password, RoleOption, Value,
};

use super::context::{Context, Working};
use super::names;
use crate::catalog::{Block, Role, Roles, Verifier};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;

/// CREATE ROLE and CREATE USER.
pub(super) async fn create(context: &Context, create: &CreateRole) -> Result<Tag> {
    refuse_attributes(create)?;
    let mut block = context.block().await;
    block.state().require_database_owner(context.role(), "permission denied to create role")?;
    for name in &create.names {
        let name = single(name)?;
        refuse_reserved(&name)?;
        if block.state().record.roles.named(&name).is_some() {
            if create.if_not_exists {
                continue;
            }
            return Err(Error::new(SqlState::DuplicateObject, format!("role \"{name}\" already exists")));
        }
        let mut role = Role::new(block.take_oid(), &name, create.login.unwrap_or(false));
        role.verifier = create.password.as_ref().map(verifier).transpose()?.flatten();
        role.valid_until = create.valid_until.as_ref().map(instant).transpose()?.flatten();
        role.connection_limit = create.connection_limit.as_ref().map(connections).transpose()?.flatten();
        for group in create.in_role.iter().chain(&create.in_group) {
            role.member_of.push(block.state().record.roles.require(&role_name(context, group))?.oid);
        }
        block.state_mut().record.roles.add(role);
    }
    commit(context, block).await?;
    Ok(Tag::of("CREATE ROLE"))
}

/// ALTER ROLE and ALTER USER. Everybody may change their own password.
pub(super) async fn alter(context: &Context, name: &Ident, operation: &AlterRoleOperation) -> Result<Tag> {
    let name = role_name(context, name);
    let options = match operation {
        AlterRoleOperation::WithOptions { options } => options,
        AlterRoleOperation::RenameRole { role_name } => return rename(context, &name, &names::fold(role_name)).await,
        _ => {
            return Err(Error::unsupported("ALTER ROLE ... SET or RESET")
                .with_hint("its name, PASSWORD, LOGIN, VALID UNTIL and CONNECTION LIMIT can change"));
        }
    };
    let mut block = context.block().await;
    let role = block.state().record.roles.require(&name)?;
    let only_password = options.iter().all(|option| matches!(option, RoleOption::Password(_)));
    if !(role.oid == context.role() && only_password) {
        block.state().require_database_owner(context.role(), "permission denied to alter role")?;
    }
    if is_group_of_every_database(role) {
        return Err(required(&name, "altered"));
    }
    let role = block.state_mut().record.roles.require_mut(&name)?;
    for option in options {
        match option {
            RoleOption::Password(password) => role.verifier = verifier(password)?,
            RoleOption::Login(login) => role.login = *login,
            RoleOption::ValidUntil(until) => role.valid_until = instant(until)?,
            RoleOption::Inherit(true)
            | RoleOption::BypassRLS(false)
            | RoleOption::CreateDB(false)
            | RoleOption::CreateRole(false)
            | RoleOption::Replication(false)
            | RoleOption::SuperUser(false) => {}
            RoleOption::ConnectionLimit(limit) => role.connection_limit = connections(limit)?,
            other => return Err(refused(&other.to_string())),
        }
    }
    commit(context, block).await?;
    Ok(Tag::of("ALTER ROLE"))
}

/// ALTER ROLE ... RENAME TO: it stays who it is, with its password, its privileges and what it owns.
async fn rename(context: &Context, name: &str, new_name: &str) -> Result<Tag> {
    let mut block = context.block().await;
    block.state().require_database_owner(context.role(), "permission denied to rename role")?;
    let role = block.state().record.roles.require(name)?;
    if role.is_predefined() {
        return Err(required(name, "renamed"));
    }
    let acts = context.identity();
    if [acts.login.oid, acts.session.oid, acts.current.oid].contains(&role.oid) {
        return Err(Error::unsupported("renaming the role that the session acts as"));
    }
    refuse_reserved(new_name)?;
    let roles = &mut block.state_mut().record.roles;
    if roles.named(new_name).is_some() {
        return Err(Error::new(SqlState::DuplicateObject, format!("role \"{new_name}\" already exists")));
    }
    new_name.clone_into(&mut roles.require_mut(name)?.name);
    commit(context, block).await?;
    Ok(Tag::of("ALTER ROLE"))
}

fn refuse_reserved(name: &str) -> Result<()> {
    if name.starts_with("pg_") || matches!(name, "public" | "none") {
        return Err(Error::new(SqlState::ReservedName, format!("role name \"{name}\" is reserved")));
    }
    Ok(())
}

/// DROP ROLE and DROP USER: what was granted to it goes with it, what it owns is in the way.
pub(super) async fn drop(context: &Context, dropped: &[ObjectName], if_exists: bool) -> Result<Tag> {
    let mut block = context.block().await;
    block.state().require_database_owner(context.role(), "permission denied to drop role")?;
    for name in dropped {
        let name = single(name)?;
        let role = match block.state().record.roles.require(&name) {
            Err(_) if if_exists => continue,
            found => found?,
        };
        let oid = role.oid;
        if role.is_predefined() {
            return Err(required(&name, "dropped"));
        }
        let acts = context.identity();
        if [acts.login.oid, acts.session.oid, acts.current.oid].contains(&oid) {
            return Err(Error::new(SqlState::ObjectInUse, "current user cannot be dropped"));
        }
        refuse_owner(&block, oid, &name)?;
        let record = &mut block.state_mut().record;
        record.roles.remove(oid);
        let accesses = record.relations.iter_mut().map(|relation| &mut relation.access);
        let accesses = accesses.chain(record.schemas.iter_mut().map(|schema| &mut schema.access));
        accesses.for_each(|access| access.grants.retain(|grant| grant.grantee != oid));
    }
    commit(context, block).await?;
    Ok(Tag::of("DROP ROLE"))
}

/// `GRANT role TO member`.
pub(super) async fn grant(context: &Context, groups: &[String], members: &[String]) -> Result<Tag> {
    let mut block = context.block().await;
    block.state().require_database_owner(context.role(), "permission denied to grant a role")?;
    let roles = &mut block.state_mut().record.roles;
    for (group, member) in pairs(roles, groups, members)? {
        if roles.is_member(group.oid, member.oid) {
            let message = format!("role \"{}\" is a member of role \"{}\"", group.name, member.name);
            return Err(Error::new(SqlState::InvalidGrantOperation, message));
        }
        let member = roles.require_mut(&member.name)?;
        if !member.member_of.contains(&group.oid) {
            member.member_of.push(group.oid);
        }
    }
    commit(context, block).await?;
    Ok(Tag::of("GRANT ROLE"))
}

/// `REVOKE role FROM member`.
pub(super) async fn revoke(context: &Context, groups: &[String], members: &[String]) -> Result<Tag> {
    let mut block = context.block().await;
    block.state().require_database_owner(context.role(), "permission denied to revoke a role")?;
    let roles = &mut block.state_mut().record.roles;
    for (group, member) in pairs(roles, groups, members)? {
        roles.require_mut(&member.name)?.member_of.retain(|oid| *oid != group.oid);
    }
    commit(context, block).await?;
    Ok(Tag::of("REVOKE ROLE"))
}

/// The role that an identifier names, `CURRENT_USER` and its like included.
pub(super) fn role_name(context: &Context, ident: &Ident) -> String {
    let identity = context.identity();
    match (ident.quote_style, ident.value.to_ascii_lowercase().as_str()) {
        (None, "current_user" | "current_role" | "user") => identity.current.name,
        (None, "session_user") => identity.session.name,
        _ => names::fold(ident),
    }
}

/// Every change of roles leaves somebody who can make the next.
async fn commit(context: &Context, block: Working) -> Result<()> {
    block.state().record.roles.require_an_owner(&context.catalog.shared().state().record.roles)?;
    block.finish().await
}

fn pairs(roles: &Roles, groups: &[String], members: &[String]) -> Result<Vec<(Role, Role)>> {
    let mut pairs = Vec::new();
    for member in members {
        let member = roles.require(member)?;
        if member.is_predefined() {
            return Err(required(&member.name, "made a member of other roles or none"));
        }
        for group in groups {
            pairs.push((roles.require(group)?.clone(), member.clone()));
        }
    }
    Ok(pairs)
}

/// 2BP01 if a role owns anything.
fn refuse_owner(block: &Block, oid: u32, name: &str) -> Result<()> {
    let record = &block.state().record;
    let relations = record.relations.iter().filter(|relation| relation.access.owner == oid);
    let schemas = record.schemas.iter().filter(|schema| schema.access.owner == oid);
    let owned = schemas.map(|schema| format!("schema {}", schema.name));
    let owned: Vec<String> =
        owned.chain(relations.map(|relation| format!("{} {}", relation.kind(), relation.full_name()))).collect();
    if owned.is_empty() {
        return Ok(());
    }
    let message = format!("role \"{name}\" cannot be dropped because it owns {}", owned.join(", "));
    let hint = "drop them, or give them to another role with ALTER TABLE ... OWNER TO";
    Err(Error::new(SqlState::DependentObjectsStillExist, message).with_hint(hint))
}

/// `reader`, `writer` and `owner`, which stay what they are; whoever made the database is a user like others.
fn is_group_of_every_database(role: &Role) -> bool {
    role.is_predefined() && !role.login
}

fn required(name: &str, what: &str) -> Error {
    let message = format!("role \"{name}\" cannot be {what} because the database system requires it");
    Error::new(SqlState::DependentObjectsStillExist, message)
}

fn single(name: &ObjectName) -> Result<String> {
    match names::parts(name)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(Error::new(SqlState::SyntaxError, format!("\"{name}\" is not the name of a role"))),
    }
}

/// The verifier of `PASSWORD '...'`, none for `PASSWORD NULL`.
fn verifier(password: &Password) -> Result<Option<Verifier>> {
    match password {
        Password::NullPassword => Ok(None),
        Password::Password(password) => Ok(Some(Verifier::of(text(password, "PASSWORD")?)?)),
    }
}

/// The instant of VALID UNTIL in microseconds, none for `'infinity'`.
fn instant(until: &Expr) -> Result<Option<i64>> {
    let text = text(until, "VALID UNTIL")?;
    if text.eq_ignore_ascii_case("infinity") {
        return Ok(None);
    }
    let nanoseconds = string_to_timestamp_nanos(text).map_err(|_| {
        Error::new(
            SqlState::InvalidDatetimeFormat,
            format!("invalid input syntax for type timestamp with time zone: \"{text}\""),
        )
    })?;
    Ok(Some(nanoseconds.div_euclid(1000)))
}

fn text<'a>(value: &'a Expr, what: &str) -> Result<&'a str> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text.as_str()),
            Value::DollarQuotedString(text) => Some(text.value.as_str()),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| Error::new(SqlState::SyntaxError, format!("{what} takes a string in single quotes")))
}

fn refuse_attributes(create: &CreateRole) -> Result<()> {
    let attributes = [
        (create.superuser == Some(true), "SUPERUSER"),
        (create.create_db == Some(true), "CREATEDB"),
        (create.create_role == Some(true), "CREATEROLE"),
        (create.replication == Some(true), "REPLICATION"),
        (create.bypassrls == Some(true), "BYPASSRLS"),
        (create.inherit == Some(false), "NOINHERIT"),
        (!create.role.is_empty() || !create.user.is_empty() || !create.admin.is_empty(), "ROLE"),
    ];
    if let Some((_, attribute)) = attributes.iter().find(|(given, _)| *given) {
        return Err(refused(attribute));
    }
    Ok(())
}

/// `CONNECTION LIMIT`; -1 is none.
fn connections(limit: &Expr) -> Result<Option<u32>> {
    match limit.to_string().parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(limit) if u32::try_from(limit).is_ok() => Ok(u32::try_from(limit).ok()),
        _ => Err(Error::new(SqlState::InvalidParameterValue, format!("invalid connection limit: {limit}"))),
    }
}

fn refused(attribute: &str) -> Error {
    let hint = match attribute {
        "SUPERUSER" | "CREATEROLE" | "CREATEDB" => "members of the role owner may everything: IN ROLE owner",
        "ROLE" => "add members with GRANT role TO member",
        _ => "roles take PASSWORD, LOGIN, VALID UNTIL, CONNECTION LIMIT and IN ROLE",
    };
    Error::unsupported(format!("{attribute} of a role")).with_hint(hint)
}
