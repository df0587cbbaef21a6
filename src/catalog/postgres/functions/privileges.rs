//! What a role may do, answered by the same decision that lets it or refuses.
//!
//! Each function asks of the current user, or with one more argument in front, of another: by name, by OID, or `public`.

use datafusion::logical_expr::Volatility;

use super::signature::Kind::{Relation as Named, Text};
use super::signature::{Answer, Call, Kind, SystemFunction};
use crate::catalog::{Access, PUBLIC, Privilege};
use crate::error::{Error, Result, SqlState};

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    privilege("has_table_privilege", &[Named, Text], &[Text], table),
    privilege("has_any_column_privilege", &[Named, Text], &[Text], table),
    privilege("has_column_privilege", &[Named, Text, Text], &[Text], column),
    privilege("has_schema_privilege", &[Named, Text], &[Text], schema),
    privilege("has_database_privilege", &[Named, Text], &[Text], database),
    privilege("has_function_privilege", &[Named, Text], &[Text], function),
    privilege("pg_has_role", &[Named, Text], &[Text], member),
];

const fn privilege(
    name: &'static str,
    required: &'static [Kind],
    optional: &'static [Kind],
    answer: fn(&Call) -> Result<Answer>,
) -> SystemFunction {
    SystemFunction { name, required, optional, result: "bool", strict: true, volatility: Volatility::Stable, answer }
}

fn table(call: &Call) -> Result<Answer> {
    let (role, at) = asked(call, 2)?;
    let Some(relation) = call.relation(at)? else { return Ok(Answer::Null) };
    any(call.text(at + 1), |word, grantable| {
        let known = Privilege::TABLE.into_iter().find(|privilege| privilege.name() == word);
        match (known, word) {
            (Some(privilege), _) => Ok(may(call, role, privilege, &relation.access, grantable)),
            (None, "REFERENCES" | "TRIGGER") => Ok(call.listing().roles.owns(role, &relation.access)),
            _ => Err(unrecognized(word)),
        }
    })
}

/// Privileges are of whole tables: a column has its table's.
fn column(call: &Call) -> Result<Answer> {
    let (role, at) = asked(call, 3)?;
    let Some(relation) = call.relation(at)? else { return Ok(Answer::Null) };
    let name = call.text(at + 1).unwrap_or_default();
    let number = name.parse().is_ok_and(|number: usize| (1..=relation.columns.len()).contains(&number));
    if !number && !relation.columns.iter().any(|column| column.name == name) {
        let message = format!("column \"{name}\" of relation \"{}\" does not exist", relation.name);
        return Err(Error::new(SqlState::UndefinedColumn, message));
    }
    any(call.text(at + 2), |word, grantable| match word {
        "SELECT" => Ok(may(call, role, Privilege::Select, &relation.access, grantable)),
        "INSERT" => Ok(may(call, role, Privilege::Insert, &relation.access, grantable)),
        "UPDATE" => Ok(may(call, role, Privilege::Update, &relation.access, grantable)),
        "REFERENCES" => Ok(call.listing().roles.owns(role, &relation.access)),
        _ => Err(unrecognized(word)),
    })
}

fn schema(call: &Call) -> Result<Answer> {
    let (role, at) = asked(call, 2)?;
    let found = match number(call, at) {
        Some(oid) => call.listing().schemas.iter().find(|schema| schema.oid == oid),
        None => {
            let name = call.text(at).unwrap_or_default();
            let missing = || Error::new(SqlState::InvalidSchemaName, format!("schema \"{name}\" does not exist"));
            Some(call.listing().schema_named(name).ok_or_else(missing)?)
        }
    };
    let Some(schema) = found else { return Ok(Answer::Null) };
    any(call.text(at + 1), |word, grantable| {
        let known = Privilege::SCHEMA.into_iter().find(|privilege| privilege.name() == word);
        Ok(may(call, role, known.ok_or_else(|| unrecognized(word))?, &schema.access, grantable))
    })
}

/// Who is in the database may use it and make temporary tables in it; its owners make schemas.
fn database(call: &Call) -> Result<Answer> {
    let (role, at) = asked(call, 2)?;
    any(call.text(at + 1), |word, grantable| match word {
        "CONNECT" | "TEMPORARY" | "TEMP" if !grantable => Ok(true),
        "CONNECT" | "TEMPORARY" | "TEMP" | "CREATE" => Ok(call.listing().roles.is_owner(role)),
        _ => Err(unrecognized(word)),
    })
}

/// Everybody may call every function: what it reads is checked as what it is.
fn function(call: &Call) -> Result<Answer> {
    let (role, at) = asked(call, 2)?;
    any(call.text(at + 1), |word, grantable| match word {
        "EXECUTE" => Ok(!grantable || call.listing().roles.is_owner(role)),
        _ => Err(unrecognized(word)),
    })
}

fn member(call: &Call) -> Result<Answer> {
    let (role, at) = asked(call, 2)?;
    let of = role_at(call, at)?;
    let roles = &call.listing().roles;
    any(call.text(at + 1), |word, grantable| match word {
        "MEMBER" | "USAGE" | "SET" if grantable => Ok(roles.is_owner(role)),
        "MEMBER" | "USAGE" | "SET" => Ok(roles.is_owner(role) || roles.is_member(role, of)),
        _ => Err(unrecognized(word)),
    })
}

/// Of whom a call asks, and where its other arguments begin; one of `plain` arguments asks of the current user.
fn asked(call: &Call, plain: usize) -> Result<(u32, usize)> {
    match call.arguments.len() > plain {
        true => Ok((role_at(call, 0)?, 1)),
        false => Ok((call.session.identity().current.oid, 0)),
    }
}

fn role_at(call: &Call, at: usize) -> Result<u32> {
    match (number(call, at), call.text(at)) {
        (Some(oid), _) => Ok(oid),
        (None, Some("public")) => Ok(PUBLIC),
        (None, name) => Ok(call.listing().roles.require(name.unwrap_or_default())?.oid),
    }
}

/// An argument that is an OID, or its digits.
fn number(call: &Call, at: usize) -> Option<u32> {
    let digits = call.text(at).and_then(|text| text.parse().ok());
    digits.or_else(|| u32::try_from(call.integer(at)?).ok())
}

/// Whether one of `SELECT, UPDATE WITH GRANT OPTION` holds.
fn any(words: Option<&str>, holds: impl Fn(&str, bool) -> Result<bool>) -> Result<Answer> {
    let mut found = false;
    for word in words.unwrap_or_default().split(',') {
        let word = word.trim().to_uppercase();
        let (plain, grantable) = match word.strip_suffix(" WITH GRANT OPTION") {
            Some(plain) => (plain.trim_end(), true),
            None => (word.as_str(), false),
        };
        found |= holds(plain, grantable)?;
    }
    Ok(found.into())
}

/// Only owners grant.
fn may(call: &Call, role: u32, privilege: Privilege, access: &Access, grantable: bool) -> bool {
    let roles = &call.listing().roles;
    match (role, grantable) {
        (PUBLIC, _) => !grantable && access.grants(&[], privilege),
        (_, true) => roles.owns(role, access),
        (_, false) => roles.may(role, privilege, access),
    }
}

fn unrecognized(word: &str) -> Error {
    Error::new(SqlState::InvalidParameterValue, format!("unrecognized privilege type: \"{word}\""))
}
