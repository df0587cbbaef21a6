//! Names of objects: visibility without a schema, `regclass` and its kind, names of types, quoting.

use arrow::datatypes::DataType;
use datafusion::logical_expr::Volatility;

use super::signature::Kind::{Any, Int4, Oid, Relation, Text};
use super::signature::{Answer, Call, SystemFunction};
use crate::catalog::like_escape::with_backslashes;
use crate::catalog::postgres::listing;
use crate::catalog::postgres::relations::PG_CATALOG;
use crate::catalog::postgres::{keywords, types};
use crate::error::{Error, Result, SqlState};
use crate::model::type_functions;

pub(super) const FUNCTIONS: &[SystemFunction] = &[
    of_object("pg_table_is_visible", |call| {
        let relation = call.listing().relation(call.oid(0));
        Ok(relation.map(|r| resolve_bare(call, &r.name).is_some_and(|found| found.oid == r.oid)).into())
    }),
    of_object("pg_function_is_visible", |call| {
        Ok(call.listing().function(call.oid(0)).map(|f| is_searched(call, &f.entry.schema)).into())
    }),
    of_object("pg_type_is_visible", |call| Ok(types::by_oid(call.oid(0)).map(|_| true).into())),
    of_object("pg_collation_is_visible", |call| Ok(matches!(call.oid(0), 100 | 950 | 951).into())),
    of_object("pg_opclass_is_visible", |_| Ok(Answer::Null)),
    of_object("pg_opfamily_is_visible", |_| Ok(Answer::Null)),
    of_object("pg_operator_is_visible", |_| Ok(Answer::Null)),
    of_object("pg_statistics_obj_is_visible", |_| Ok(Answer::Null)),
    of_object("pg_is_other_temp_schema", |_| Ok(false.into())),
    SystemFunction {
        name: "format_type",
        required: &[Oid],
        optional: &[Int4],
        result: "text",
        strict: false,
        volatility: Volatility::Stable,
        answer: |call| {
            let modifier = call.integer(1).and_then(|m| i32::try_from(m).ok());
            Ok(call.integer(0).map(|_| types::format_type(call.oid(0), modifier)).into())
        },
    },
    reference("regclass", |call| {
        let named = call.relation(0)?.map(|relation| relation.oid);
        Ok(named.or_else(|| number(call)).into())
    }),
    reference("regtype", |call| referred(call, "type", |name| types::by_name(name).map(|t| t.oid))),
    reference("regnamespace", |call| referred(call, "schema", |name| call.listing().schema_named(name).map(|s| s.oid))),
    reference("regproc", |call| referred(call, "function", |name| function_named(call, name))),
    reference("regrole", |call| referred(call, "role", |name| call.listing().roles.named(name).map(|r| r.oid))),
    lookup("to_regclass", |call| Ok(resolve_relation(call, name(call)).map(|r| r.oid).into())),
    lookup("to_regtype", |call| Ok(types::by_name(name(call)).map(|t| t.oid).into())),
    lookup("to_regnamespace", |call| Ok(call.listing().schema_named(name(call)).map(|s| s.oid).into())),
    output("regclassout", |call| {
        Ok(printed(call, call.listing().relation(call.oid(0)).map(|r| relation_name(call, r))))
    }),
    output("regtypeout", |call| {
        let known = types::by_oid(call.oid(0));
        Ok(printed(call, known.map(|t| types::format_type(t.oid, None))))
    }),
    output("regprocout", |call| {
        let known = call.listing().function(call.oid(0)).map(|f| quote_identifier(&f.entry.name));
        Ok(printed(call, known))
    }),
    output("regnamespaceout", |call| {
        let schema = call.listing().schemas.iter().find(|s| s.oid == call.oid(0));
        Ok(printed(call, schema.map(|s| quote_identifier(&s.name))))
    }),
    output("regroleout", |call| {
        Ok(printed(call, call.listing().roles.get(call.oid(0)).map(|role| quote_identifier(&role.name))))
    }),
    SystemFunction {
        name: "pg_typeof",
        required: &[Any],
        optional: &[],
        result: "text",
        strict: false,
        volatility: Volatility::Stable,
        answer: |call| {
            let shown = types::of_arrow(&call.arguments[0].data_type());
            Ok(types::format_type(shown.oid, None).into())
        },
    },
    SystemFunction {
        name: "quote_ident",
        required: &[Text],
        optional: &[],
        result: "text",
        strict: true,
        volatility: Volatility::Stable,
        answer: |call| Ok(call.text(0).map(quote_identifier).into()),
    },
    SystemFunction {
        name: "format",
        required: &[Text],
        optional: &[Any; 8],
        result: "text",
        strict: false,
        volatility: Volatility::Immutable,
        answer: format,
    },
    SystemFunction {
        name: "like_escape",
        required: &[Text, Text],
        optional: &[],
        result: "text",
        strict: true,
        volatility: Volatility::Immutable,
        answer: like_escape,
    },
    SystemFunction {
        name: "quote_literal",
        required: &[Text],
        optional: &[],
        result: "text",
        strict: true,
        volatility: Volatility::Stable,
        answer: |call| Ok(call.text(0).map(quote_literal).into()),
    },
];

/// A pattern of LIKE with backslashes in place of another escape; 22025 for an escape of several characters.
fn like_escape(call: &Call) -> Result<Answer> {
    let invalid = || {
        Error::new(SqlState::InvalidEscapeSequence, "invalid escape string")
            .with_hint("an escape is empty or one character")
    };
    Ok(with_backslashes(name(call), call.text(1).unwrap_or_default()).ok_or_else(invalid)?.into())
}

/// `%s`, `%I` and `%L` stand for the next argument: as it is, as an identifier, as a literal; `%%` for itself. 22023 for any
/// other specifier, and where arguments are missing; 22004 for an identifier that is NULL.
fn format(call: &Call) -> Result<Answer> {
    let Some(template) = call.text(0) else { return Ok(Answer::Null) };
    let refuse = |message: String| Error::new(SqlState::InvalidParameterValue, message);
    let mut arguments = call.arguments[1..].iter();
    let mut next = || -> Result<Option<String>> {
        let argument = arguments.next().ok_or_else(|| refuse("too few arguments for format()".into()))?;
        let text = argument.cast_to(&DataType::Utf8).map_err(Error::from)?;
        Ok(if text.is_null() { None } else { Some(text.to_string()) })
    };
    let mut out = String::new();
    let mut letters = template.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('%') => out.push('%'),
            Some('s') => out += &next()?.unwrap_or_default(),
            Some('I') => {
                let null = || {
                    Error::new(SqlState::NullValueNotAllowed, "null values cannot be formatted as an SQL identifier")
                };
                out += &quote_identifier(&next()?.ok_or_else(null)?);
            }
            Some('L') => out += &next()?.map_or_else(|| "NULL".to_owned(), |text| quote_literal(&text)),
            Some(other) => return Err(refuse(format!("unrecognized format() type specifier \"{other}\""))),
            None => return Err(refuse("unterminated format() type specifier".into())),
        }
    }
    Ok(out.into())
}

fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A function of one OID that says whether its object is found by its bare name.
const fn of_object(name: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    SystemFunction {
        name,
        required: &[Oid],
        optional: &[],
        result: "bool",
        strict: true,
        volatility: Volatility::Stable,
        answer,
    }
}

/// What a cast to an object identifier type does: an OID stays, a name becomes the OID of its object.
const fn reference(name: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    SystemFunction {
        name,
        required: &[Relation],
        optional: &[],
        result: "oid",
        strict: true,
        volatility: Volatility::Stable,
        answer,
    }
}

/// The OID of the object of a name, or NULL.
const fn lookup(name: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    SystemFunction {
        name,
        required: &[Text],
        optional: &[],
        result: "oid",
        strict: true,
        volatility: Volatility::Stable,
        answer,
    }
}

/// How an object identifier is printed.
const fn output(name: &'static str, answer: fn(&Call) -> Result<Answer>) -> SystemFunction {
    SystemFunction {
        name,
        required: &[Oid],
        optional: &[],
        result: "text",
        strict: true,
        volatility: Volatility::Stable,
        answer,
    }
}

fn name<'a>(call: &'a Call) -> &'a str {
    call.text(0).unwrap_or_default()
}

/// The OID given as a number, as such or in text.
fn number(call: &Call) -> Option<u32> {
    call.text(0).map_or_else(|| Some(call.oid(0)), |text| text.trim().parse().ok())
}

/// The OID given, or that of the object named; 42704 without one.
fn referred(call: &Call, kind: &str, find: impl Fn(&str) -> Option<u32>) -> Result<Answer> {
    if let Some(oid) = number(call) {
        return Ok(oid.into());
    }
    let name = name(call);
    let missing = || Error::new(SqlState::UndefinedObject, format!("{kind} \"{name}\" does not exist"));
    Ok(find(&name.replace('"', "")).ok_or_else(missing)?.into())
}

/// The function of a name: one behind a type, or the first of those that have it.
fn function_named(call: &Call, name: &str) -> Option<u32> {
    let parts = identifiers(name);
    let (name, schema) = (parts.last()?, parts.len().checked_sub(2).map(|at| &parts[at]));
    if let behind_a_type @ 1.. = type_functions::oid(name) {
        return Some(behind_a_type);
    }
    let named = |f: &&listing::Function| {
        f.entry.name == *name && schema.map_or_else(|| is_searched(call, &f.entry.schema), |s| *s == f.entry.schema)
    };
    call.listing().functions.iter().find(named).map(|f| f.oid)
}

/// A name, or the number of what has none, or a dash for no object.
fn printed(call: &Call, name: Option<String>) -> Answer {
    let oid = call.oid(0);
    name.unwrap_or_else(|| if oid == 0 { "-".to_owned() } else { oid.to_string() }).into()
}

/// A relation's name as a query of this session can write it.
pub(super) fn relation_name(call: &Call, relation: &listing::Relation) -> String {
    let name = quote_identifier(&relation.name);
    let visible = resolve_bare(call, &relation.name).is_some_and(|found| found.oid == relation.oid);
    if visible { name } else { format!("{}.{name}", quote_identifier(&relation.schema)) }
}

/// The relation of a name as SQL writes it: `accounts`, `journey.accounts`, `"Odd name"`.
pub(super) fn resolve_relation<'a>(call: &'a Call, name: &str) -> Option<&'a listing::Relation> {
    match identifiers(name).as_slice() {
        [relation] => resolve_bare(call, relation),
        [.., schema, relation] => call.listing().relation_named(schema, relation),
        [] => None,
    }
}

/// The same for a session beside a call.
pub(super) fn named_relation<'a>(
    listing: &'a listing::Listing,
    session: &dyn super::SessionFacts,
    name: &str,
) -> Option<&'a listing::Relation> {
    match identifiers(name).as_slice() {
        [relation] => {
            searched(session.search_path()).iter().find_map(|schema| listing.relation_named(schema, relation))
        }
        [.., schema, relation] => listing.relation_named(schema, relation),
        [] => None,
    }
}

/// The relation a bare name means in this session.
fn resolve_bare<'a>(call: &'a Call, name: &str) -> Option<&'a listing::Relation> {
    searched(call.session.search_path()).iter().find_map(|schema| call.listing().relation_named(schema, name))
}

/// The schemas searched for bare names: the search path, after `pg_temp` and `pg_catalog` unless it places them.
pub(super) fn searched(mut path: Vec<String>) -> Vec<String> {
    if !path.iter().any(|schema| schema == PG_CATALOG) {
        path.insert(0, PG_CATALOG.to_owned());
    }
    crate::catalog::searched(path)
}

fn is_searched(call: &Call, schema: &str) -> bool {
    searched(call.session.search_path()).iter().any(|s| s == schema)
}

/// Cuts a qualified name into its parts, folded as identifiers are; none for what is no name. Blanks may stand around the parts.
fn identifiers(name: &str) -> Vec<String> {
    let mut parts = vec![];
    let mut rest = name.trim();
    loop {
        let Some((part, after)) = identifier(rest) else { return vec![] };
        parts.push(part);
        let after = after.trim_start();
        match after.strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if after.is_empty() => return parts,
            None => return vec![],
        }
    }
}

/// The identifier that a text begins with, and what comes after it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c.is_whitespace() || matches!(c, '.' | '"')).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_lowercase(), &text[end..]));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

/// A name as SQL writes it: in quotes unless it folds to itself.
pub fn quote_identifier(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && !keywords::needs_quotes(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_fold_unless_quoted() {
        assert_eq!(identifiers("Journey.Accounts"), ["journey", "accounts"]);
        assert_eq!(identifiers("\"My.Schema\".\"a\"\"b\""), ["My.Schema", "a\"b"]);
        assert_eq!(identifiers(" \"My\" . accounts\t"), ["My", "accounts"]);
        for no_name in ["", "a b", "a.", "\"a\" b", "\"a", "a\"b\""] {
            assert!(identifiers(no_name).is_empty(), "{no_name}");
        }
    }

    #[test]
    fn names_that_do_not_fold_to_themselves_are_quoted() {
        // As quote_ident() of PostgreSQL 15 answers.
        for (name, quoted) in [
            ("accounts", "accounts"),
            ("Accounts", "\"Accounts\""),
            ("a b", "\"a b\""),
            ("1a", "\"1a\""),
            ("select", "\"select\""),
            ("position", "\"position\""),
            ("type", "type"),
            ("a\"b", "\"a\"\"b\""),
        ] {
            assert_eq!(quote_identifier(name), quoted);
        }
    }
}
