//! The functions behind types as listings show them.

use super::listing::{Argument, FunctionEntry, FunctionKind};
use super::relations::PG_CATALOG;
use crate::model::type_functions::all;

/// All of them.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::postgres::types;
    use crate::model::type_functions::{NONE, oid};

    #[test]
    fn every_type_has_its_functions() {
        for pg_type in types::types() {
            assert!(oid(&pg_type.input) > 0, "{}", pg_type.input);
            assert!(pg_type.receive == NONE || oid(&pg_type.receive) > 0, "{}", pg_type.receive);
        }
    }

    #[test]
    fn their_types_are_listed() {
        for entry in entries() {
            let all = entry.arguments.iter().map(|a| a.type_oid).chain([entry.result]);
            all.for_each(|oid| assert!(types::by_oid(oid).is_some(), "{oid} of {}", entry.name));
        }
    }
}
