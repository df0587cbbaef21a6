//! Roles, what they are members of, and what was granted to them.

use super::{Context, Rows};
use crate::catalog::postgres::listing::{Listing, RelationKind};
use crate::catalog::postgres::rows::builder::Value;
use crate::catalog::{Access, JOURNEYDB, PUBLIC, Privilege, Role};

/// What stands in the place of a password that is nobody's business.
const HIDDEN: &str = "********";

/// `pg_roles`.
pub(super) fn roles(context: &Context, rows: &mut Rows) {
    push_roles(context.listing, rows, |_| HIDDEN.into());
}

/// `pg_authid`: the same with verifiers; for owners of the database alone.
pub(super) fn authorization_ids(context: &Context, rows: &mut Rows) {
    push_roles(context.listing, rows, verifier);
}

fn push_roles(listing: &Listing, rows: &mut Rows, password: fn(&Role) -> Value) {
    for role in listing.roles.iter() {
        let owner = listing.roles.is_owner(role.oid);
        rows.push([
            ("oid", role.oid.into()),
            ("rolname", (&role.name).into()),
            ("rolsuper", owner.into()),
            ("rolinherit", true.into()),
            ("rolcreaterole", owner.into()),
            ("rolcreatedb", false.into()),
            ("rolcanlogin", role.login.into()),
            ("rolreplication", false.into()),
            ("rolbypassrls", owner.into()),
            ("rolconnlimit", role.connection_limit.map_or(-1, i64::from).into()),
            ("rolpassword", password(role)),
            ("rolvaliduntil", role.valid_until.into()),
        ]);
    }
}

fn verifier(role: &Role) -> Value {
    role.verifier.as_ref().map(|verifier| verifier.text()).into()
}

/// `pg_user`: the roles that may log in.
pub(super) fn users(context: &Context, rows: &mut Rows) {
    push_users(context.listing, rows, |_| HIDDEN.into());
}

/// `pg_shadow`: the same with verifiers; for owners of the database alone.
pub(super) fn shadow(context: &Context, rows: &mut Rows) {
    push_users(context.listing, rows, verifier);
}

fn push_users(listing: &Listing, rows: &mut Rows, password: fn(&Role) -> Value) {
    for role in listing.roles.iter().filter(|role| role.login) {
        let owner = listing.roles.is_owner(role.oid);
        rows.push([
            ("usename", (&role.name).into()),
            ("usesysid", role.oid.into()),
            ("usecreatedb", false.into()),
            ("usesuper", owner.into()),
            ("userepl", false.into()),
            ("usebypassrls", owner.into()),
            ("passwd", password(role)),
            ("valuntil", role.valid_until.into()),
        ]);
    }
}

/// `pg_group`: the roles that may not log in, with their members.
pub(super) fn groups(context: &Context, rows: &mut Rows) {
    for group in context.listing.roles.iter().filter(|role| !role.login) {
        let members = context.listing.roles.iter().filter(|role| role.member_of.contains(&group.oid));
        let members: Vec<i64> = members.map(|role| role.oid.into()).collect();
        rows.push([("groname", (&group.name).into()), ("grosysid", group.oid.into()), ("grolist", members.into())]);
    }
}

/// `pg_auth_members`.
pub(super) fn members(context: &Context, rows: &mut Rows) {
    for role in context.listing.roles.iter() {
        for group in &role.member_of {
            rows.push([
                ("roleid", (*group).into()),
                ("member", role.oid.into()),
                ("grantor", JOURNEYDB.into()),
                ("admin_option", false.into()),
            ]);
        }
    }
}

/// `enabled_roles`: those whose privileges the session has.
pub(super) fn enabled(context: &Context, rows: &mut Rows) {
    for oid in context.listing.roles.closure(context.session.identity().current.oid) {
        rows.push([("role_name", context.listing.roles.name(oid).into())]);
    }
}

/// `applicable_roles`: which of them it has as a member of which.
pub(super) fn applicable(context: &Context, rows: &mut Rows) {
    let roles = &context.listing.roles;
    for member in roles.closure(context.session.identity().current.oid) {
        for group in roles.get(member).into_iter().flat_map(|role| &role.member_of) {
            rows.push([
                ("grantee", roles.name(member).into()),
                ("role_name", roles.name(*group).into()),
                ("is_grantable", "NO".into()),
            ]);
        }
    }
}

/// `table_privileges`: what is known to the session of who may do what.
pub(super) fn table_privileges(context: &Context, rows: &mut Rows) {
    push_table_privileges(context, rows, true);
}

/// `role_table_grants`: the same without what everybody may.
pub(super) fn role_table_grants(context: &Context, rows: &mut Rows) {
    push_table_privileges(context, rows, false);
}

fn push_table_privileges(context: &Context, rows: &mut Rows, with_public: bool) {
    let roles = &context.listing.roles;
    let enabled = roles.closure(context.session.identity().current.oid);
    for relation in context.listing.user_relations() {
        let all = if relation.kind == RelationKind::Table { &Privilege::TABLE[..] } else { &[Privilege::Select] };
        let owner = relation.access.owner;
        for (grantee, privileges) in granted(&relation.access, all) {
            let shown = enabled.contains(&owner) || enabled.contains(&grantee) || (with_public && grantee == PUBLIC);
            if !shown || (grantee == PUBLIC && !with_public) {
                continue;
            }
            for privilege in privileges {
                rows.push([
                    ("grantor", roles.name(owner).into()),
                    ("grantee", if grantee == PUBLIC { "PUBLIC".into() } else { roles.name(grantee).into() }),
                    ("table_catalog", (&context.listing.database).into()),
                    ("table_schema", (&relation.schema).into()),
                    ("table_name", (&relation.name).into()),
                    ("privilege_type", privilege.name().into()),
                    ("is_grantable", if grantee == owner { "YES" } else { "NO" }.into()),
                    ("with_hierarchy", if privilege == Privilege::Select { "YES" } else { "NO" }.into()),
                ]);
            }
        }
    }
}

/// An object's `aclitem`s, such as `reader=r/owner`; NULL as long as nothing was granted, as in Postgres.
pub(super) fn acl(listing: &Listing, access: &Access, all: &[Privilege]) -> Value {
    if access.grants.is_empty() {
        return Value::Null;
    }
    let name = |oid: u32| if oid == PUBLIC { String::new() } else { quoted(&listing.roles.name(oid)) };
    let item = |(grantee, privileges): (u32, Vec<Privilege>)| {
        let letters: String = privileges.into_iter().map(Privilege::letter).collect();
        format!("{}={letters}/{}", name(grantee), name(access.owner))
    };
    granted(access, all).map(item).collect::<Vec<_>>().into()
}

/// What the owner may do, which is all, and then what others were granted.
fn granted(access: &Access, all: &[Privilege]) -> impl Iterator<Item = (u32, Vec<Privilege>)> {
    let others = access.grants.iter().map(|grant| (grant.grantee, grant.privileges.iter().copied().collect()));
    std::iter::once((access.owner, all.to_vec())).chain(others)
}

/// The name of a role as `aclitem` writes it.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
