//! GRANT and REVOKE, and who owns an object.

use datafusion::sql::sqlparser::ast::{
    Action, AlterSchema, AlterSchemaOperation, Grant, GrantObjects, Grantee, GranteeName, GranteesType, ObjectName,
    Owner, Privileges, Revoke,
};

use super::context::Context;
use super::{names, roles};
use crate::catalog::{Access, Block, PUBLIC, Privilege, RelationRecord};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;

/// GRANT: of roles to roles, or of privileges on tables, views and schemas.
pub(super) async fn grant(context: &Context, grant: &Grant) -> Result<Tag> {
    let Grant { privileges, objects, grantees, with_grant_option, as_grantor, granted_by, current_grants } = grant;
    if *with_grant_option {
        return Err(
            Error::unsupported("WITH GRANT OPTION").with_hint("who owns an object grants what may be done with it")
        );
    }
    if as_grantor.is_some() || granted_by.is_some() || current_grants.is_some() {
        return Err(Error::unsupported("GRANT on behalf of another role"));
    }
    let Some(objects) = objects else {
        return roles::grant(context, &granted_roles(privileges)?, &role_names(context, grantees)?).await;
    };
    change(context, privileges, objects, grantees, Access::grant).await?;
    Ok(Tag::of("GRANT"))
}

/// REVOKE: the reverse.
pub(super) async fn revoke(context: &Context, revoke: &Revoke) -> Result<Tag> {
    // CASCADE and RESTRICT differ for grants that were passed on, of which there are none.
    let Revoke { privileges, objects, grantees, granted_by, cascade: _ } = revoke;
    if granted_by.is_some() {
        return Err(Error::unsupported("REVOKE on behalf of another role"));
    }
    let Some(objects) = objects else {
        return roles::revoke(context, &granted_roles(privileges)?, &role_names(context, grantees)?).await;
    };
    change(context, privileges, objects, grantees, Access::revoke).await?;
    Ok(Tag::of("REVOKE"))
}

async fn change(
    context: &Context,
    privileges: &Privileges,
    objects: &GrantObjects,
    grantees: &[Grantee],
    apply: fn(&mut Access, u32, &[Privilege]),
) -> Result<()> {
    let mut block = context.block().await;
    let grantees = grantees.iter().map(|grantee| grantee_oid(context, &block, grantee)).collect::<Result<Vec<_>>>()?;
    match objects {
        GrantObjects::Schemas(schemas) => {
            let privileges = listed(privileges, &Privilege::SCHEMA, "schema")?;
            for name in schemas {
                let name = names::schema(name)?;
                let schema = block.state().record.schemas.iter().position(|schema| schema.name == name);
                let missing = || Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"));
                let at = schema.ok_or_else(missing)?;
                block.state().require_schema_owner(context.role(), &block.state().record.schemas[at])?;
                let access = &mut block.state_mut().record.schemas[at].access;
                grantees.iter().for_each(|grantee| apply(access, *grantee, &privileges));
            }
        }
        objects => {
            let privileges = listed(privileges, &Privilege::TABLE, "table")?;
            for relation in relations(context, &block, objects)? {
                if !block.state().record.roles.owns(context.role(), &relation.access) {
                    let message = format!("permission denied for {} {}", relation.kind(), relation.name);
                    return Err(Error::new(SqlState::InsufficientPrivilege, message).with_hint("only its owner grants"));
                }
                let record = block.state_mut().record.relation_mut(&relation.schema, &relation.name);
                let record = record.ok_or_else(|| Error::internal("a relation vanished from its own change"))?;
                grantees.iter().for_each(|grantee| apply(&mut record.access, *grantee, &privileges));
            }
        }
    }
    block.finish().await
}

/// `ALTER TABLE ... OWNER TO`, for tables and views.
pub(super) fn give_relation(
    context: &Context,
    block: &mut Block,
    relation: RelationRecord,
    owner: &Owner,
) -> Result<RelationRecord> {
    let owner = new_owner(context, block, owner)?;
    let record = block.state_mut().record.relation_mut(&relation.schema, &relation.name);
    let record = record.ok_or_else(|| Error::internal("a relation vanished from its own change"))?;
    record.access.give_to(owner);
    Ok(record.clone())
}

/// ALTER SCHEMA: `OWNER TO`, and nothing else.
pub(super) async fn alter_schema(context: &Context, alter: &AlterSchema) -> Result<Tag> {
    let [AlterSchemaOperation::OwnerTo { owner }] = alter.operations.as_slice() else {
        return Err(Error::unsupported("ALTER SCHEMA other than OWNER TO"));
    };
    let name = names::schema(&alter.name)?;
    let mut block = context.block().await;
    let found = block.state().record.schemas.iter().position(|schema| schema.name == name);
    let missing = || Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"));
    let at = match found {
        None if alter.if_exists => return Ok(Tag::of("ALTER SCHEMA")),
        found => found.ok_or_else(missing)?,
    };
    block.state().require_schema_owner(context.role(), &block.state().record.schemas[at])?;
    let owner = new_owner(context, &block, owner)?;
    block.state_mut().record.schemas[at].access.give_to(owner);
    block.finish().await?;
    Ok(Tag::of("ALTER SCHEMA"))
}

/// Who gives an object away must be a member of the role that gets it, or own the database.
fn new_owner(context: &Context, block: &Block, owner: &Owner) -> Result<u32> {
    let identity = context.identity();
    let name = match owner {
        Owner::Ident(ident) => names::fold(ident),
        Owner::CurrentRole | Owner::CurrentUser => identity.current.name,
        Owner::SessionUser => identity.session.name,
    };
    let roles = &block.state().record.roles;
    let owner = roles.require(&name)?.oid;
    if roles.is_owner(context.role()) || roles.is_member(context.role(), owner) {
        return Ok(owner);
    }
    Err(Error::new(SqlState::InsufficientPrivilege, format!("must be member of role \"{name}\"")))
}

/// The tables and views that a GRANT names.
fn relations(context: &Context, block: &Block, objects: &GrantObjects) -> Result<Vec<RelationRecord>> {
    let named = |name: &ObjectName| {
        let reference = names::reference(name)?;
        let found = block.state().find(reference.schema(), reference.table(), &context.search_path());
        found.cloned().ok_or_else(|| names::missing(block.state(), &reference))
    };
    match objects {
        GrantObjects::Tables(tables) | GrantObjects::Views(tables) => tables.iter().map(named).collect(),
        GrantObjects::AllTablesInSchema { schemas } => {
            let mut all = Vec::new();
            for schema in schemas {
                let schema = names::schema(schema)?;
                block.require_schema(&schema)?;
                all.extend(block.state().record.relations.iter().filter(|r| r.schema == schema).cloned());
            }
            Ok(all)
        }
        other => Err(Error::unsupported(format!("GRANT ON {other}"))
            .with_hint("privileges are granted on tables, views and schemas")),
    }
}

/// The privileges that a GRANT lists, of those there are for a kind of object.
fn listed(privileges: &Privileges, all: &[Privilege], object: &str) -> Result<Vec<Privilege>> {
    let Privileges::Actions(actions) = privileges else { return Ok(all.to_vec()) };
    actions
        .iter()
        .map(|action| {
            let privilege = match action {
                Action::Select { columns: None } => Privilege::Select,
                Action::Insert { columns: None } => Privilege::Insert,
                Action::Update { columns: None } => Privilege::Update,
                Action::Delete => Privilege::Delete,
                Action::Truncate => Privilege::Truncate,
                Action::Usage => Privilege::Usage,
                Action::Create { obj_type: None } => Privilege::Create,
                other => return Err(Error::unsupported(format!("GRANT {other}"))),
            };
            if all.contains(&privilege) {
                return Ok(privilege);
            }
            let message = format!("invalid privilege type {} for {object}", privilege.name());
            Err(Error::new(SqlState::InvalidGrantOperation, message))
        })
        .collect()
}

/// The roles of a `GRANT role TO ...`.
fn granted_roles(privileges: &Privileges) -> Result<Vec<String>> {
    let Privileges::Actions(actions) = privileges else {
        return Err(Error::new(SqlState::SyntaxError, "GRANT ALL needs something to be ON"));
    };
    let role = |action: &Action| match action {
        Action::Role { role } => Ok(names::parts(role)?.join(".")),
        other => Err(Error::new(SqlState::SyntaxError, format!("GRANT {other} needs something to be ON"))),
    };
    actions.iter().map(role).collect()
}

fn role_names(context: &Context, grantees: &[Grantee]) -> Result<Vec<String>> {
    let name = |grantee: &Grantee| match grantee.grantee_type {
        GranteesType::Public => Err(Error::unsupported("a role that everybody is a member of")),
        _ => grantee_name(context, grantee),
    };
    grantees.iter().map(name).collect()
}

fn grantee_oid(context: &Context, block: &Block, grantee: &Grantee) -> Result<u32> {
    if grantee.grantee_type == GranteesType::Public {
        return Ok(PUBLIC);
    }
    Ok(block.state().record.roles.require(&grantee_name(context, grantee)?)?.oid)
}

fn grantee_name(context: &Context, grantee: &Grantee) -> Result<String> {
    match &grantee.name {
        Some(GranteeName::ObjectName(name)) => match name.0.as_slice() {
            [part] => Ok(part.as_ident().map(|ident| roles::role_name(context, ident)).unwrap_or_default()),
            _ => Err(Error::new(SqlState::SyntaxError, format!("\"{name}\" is not the name of a role"))),
        },
        _ => Err(Error::new(SqlState::SyntaxError, "GRANT and REVOKE take the names of roles")),
    }
}
