//! The functions behind types: what reads and writes their values, numbered as in PostgreSQL 15. Drivers recognise arrays,
//! and types they can read in binary, by these.

use std::sync::LazyLock;

use datafusion::logical_expr::Volatility;

use super::listing::{Argument, FunctionEntry, FunctionKind};
use super::relations::PG_CATALOG;

/// What `regproc` prints for no function.
const NONE: &str = "-";

/// One line of `type_functions.txt`.
struct TypeFunction {
    oid: u32,
    name: &'static str,
    volatility: Volatility,
    result: u32,
    arguments: Vec<u32>,
}

/// The OID of a function behind a type; 0 for `-` and for names of others.
pub fn oid(name: &str) -> u32 {
    all().iter().find(|function| function.name == name).map_or(0, |function| function.oid)
}

/// The name of a function behind a type, `-` for none (OID 0).
pub fn name(oid: u32) -> Option<&'static str> {
    if oid == 0 {
        return Some(NONE);
    }
    all().iter().find(|function| function.oid == oid).map(|function| function.name)
}

/// The functions as listings show them.
pub fn entries() -> impl Iterator<Item = FunctionEntry> {
    all().iter().map(|function| FunctionEntry {
        schema: PG_CATALOG.to_owned(),
        name: function.name.to_owned(),
        kind: FunctionKind::Scalar,
        volatility: function.volatility,
        arguments: function.arguments.iter().map(|type_oid| argument(*type_oid)).collect(),
        result: function.result,
        comment: Some("I/O".to_owned()),
        oid: Some(function.oid),
    })
}

fn argument(type_oid: u32) -> Argument {
    Argument { name: String::new(), type_oid, optional: false, variadic: false }
}

fn all() -> &'static [TypeFunction] {
    static ALL: LazyLock<Vec<TypeFunction>> =
        LazyLock::new(|| include_str!("type_functions.txt").lines().map(read).collect());
    &ALL
}

/// Reads a line: OID, name, volatility, result, arguments by commas.
fn read(line: &'static str) -> TypeFunction {
    let words: Vec<&'static str> = line.split(' ').collect();
    let number = |text: &str| text.parse::<u32>().expect("type_functions.txt has numbers where numbers belong");
    TypeFunction {
        oid: number(words[0]),
        name: words[1],
        volatility: match words[2] {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        result: number(words[3]),
        arguments: words[4].split(',').map(number).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::postgres::types;

    #[test]
    fn every_type_has_its_functions() {
        for pg_type in types::types() {
            assert!(oid(&pg_type.input) > 0, "{}", pg_type.input);
            assert!(pg_type.receive == NONE || oid(&pg_type.receive) > 0, "{}", pg_type.receive);
        }
    }

    #[test]
    fn they_are_numbered_as_in_postgres() {
        // SELECT 'array_in'::regproc::oid, 'boolrecv'::regproc::oid in PostgreSQL 15.
        assert_eq!((oid("array_in"), oid("boolrecv"), oid("-"), oid("nosuch")), (750, 2436, 0, 0));
        assert_eq!((name(750), name(0), name(999_999)), (Some("array_in"), Some("-"), None));
    }

    #[test]
    fn their_types_are_listed() {
        for entry in entries() {
            let all = entry.arguments.iter().map(|a| a.type_oid).chain([entry.result]);
            all.for_each(|oid| assert!(types::by_oid(oid).is_some(), "{oid} of {}", entry.name));
        }
    }
}
