//! Types that only catalogs use, and what stands for them.

use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType, ObjectName, ObjectNamePart};
use datafusion::sql::sqlparser::parser::Parser;

use super::reference::{folded, is_qualified_by_system};
use crate::model::Postgres;

/// What stands for a type of the catalogs.
pub(super) enum SystemType {
    /// An object identifier that is written as a name, such as `regclass`: the function that reads it.
    Reference(&'static str),
    /// A type that DataFusion has.
    Plain(DataType),
}

/// Object identifiers written as names, and the functions that print them.
const REFERENCES: &[(&str, &str)] = &[
    ("regclass", "regclassout"),
    ("regproc", "regprocout"),
    ("regtype", "regtypeout"),
    ("regnamespace", "regnamespaceout"),
    ("regrole", "regroleout"),
];

/// The function that prints what a reading function gives.
pub(super) fn printer(reader: &str) -> Option<&'static str> {
    REFERENCES.iter().find(|(name, _)| *name == reader).map(|(_, printer)| *printer)
}

/// What stands for a type; `None` for types that ordinary statements use.
pub(super) fn system_type(data_type: &DataType) -> Option<SystemType> {
    match data_type {
        DataType::Regclass => Some(SystemType::Reference("regclass")),
        DataType::Custom(name, modifiers) if modifiers.is_empty() => named(name),
        // Drivers ask for the type of `$1::oid[]`, and know it by that name alone.
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _)) if is_oid(element) => {
            Some(SystemType::Plain(data_type.clone()))
        }
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, size)) => {
            let element = match system_type(element)? {
                SystemType::Reference(_) => DataType::BigInt(None),
                SystemType::Plain(plain) => plain,
            };
            Some(SystemType::Plain(DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(element), *size))))
        }
        _ => None,
    }
}

/// Whether a type is `oid`.
pub fn is_oid(data_type: &DataType) -> bool {
    let DataType::Custom(name, modifiers) = data_type else { return false };
    let Some(ObjectNamePart::Identifier(last)) = name.0.last() else { return false };
    modifiers.is_empty() && (name.0.len() == 1 || is_qualified_by_system(name)) && folded(last) == "oid"
}

fn named(name: &ObjectName) -> Option<SystemType> {
    let Some(ObjectNamePart::Identifier(last)) = name.0.last() else { return None };
    let qualified = is_qualified_by_system(name);
    if name.0.len() > 1 && !qualified {
        return None;
    }
    let last = folded(last);
    if let Some((reader, _)) = REFERENCES.iter().find(|(reader, _)| *reader == last) {
        return Some(SystemType::Reference(reader));
    }
    let plain = match last.as_str() {
        "oid" | "xid" | "cid" => DataType::BigInt(None),
        "cardinal_number" => DataType::Int(None),
        "name" | "char" | "cstring" | "regprocedure" | "regoper" | "regoperator" | "regconfig" | "regdictionary"
        | "regcollation" | "aclitem" | "pg_node_tree" | "sql_identifier" | "character_data" | "yes_or_no" => {
            DataType::Text
        }
        _ if qualified => Parser::new(&Postgres).try_with_sql(&last).ok()?.parse_data_type().ok()?,
        _ => return None,
    };
    Some(SystemType::Plain(plain))
}
