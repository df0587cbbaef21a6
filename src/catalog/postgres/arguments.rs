//! What functions take, for parameters among their arguments: `substr('abc', $1)` has an `integer`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::FieldRef;
use datafusion::sql::sqlparser::parser::Parser;

use super::functions::system_function_entries;
use super::relations::field;
use super::types;
use crate::model::{Postgres, column_type};

/// The types of a call's arguments by their places; `None` for any type, and for text, which is what nothing is said of.
pub type ArgumentTypes = Vec<Option<FieldRef>>;

/// The types that PostgreSQL 15 gives to parameters, where all arguments are some, of a function with so many.
pub fn argument_types(name: &str, count: usize) -> Option<&'static ArgumentTypes> {
    static TYPES: LazyLock<HashMap<(String, usize), ArgumentTypes>> = LazyLock::new(|| {
        // What is recorded is more exact: `pg_advisory_lock` takes one bigint or two integers.
        of_system_functions().chain(include_str!("arguments.txt").lines().map(recorded)).collect()
    });
    TYPES.get(&(name.to_owned(), count))
}

fn of_system_functions() -> impl Iterator<Item = ((String, usize), ArgumentTypes)> {
    system_function_entries().into_iter().flat_map(|entry| {
        let types: ArgumentTypes = entry.arguments.iter().map(|argument| known(argument.type_oid)).collect();
        let required = entry.arguments.iter().filter(|argument| !argument.optional).count();
        (required..=types.len()).map(move |count| ((entry.name.clone(), count), types[..count].to_vec()))
    })
}

/// Relations are named by texts, too.
fn known(type_oid: u32) -> Option<FieldRef> {
    let pg_type =
        types::by_oid(type_oid).filter(|pg_type| matches!(pg_type.name.as_str(), "bool" | "int4" | "int8" | "oid"))?;
    Some(Arc::new(field("", pg_type, true)))
}

/// Reads a line of `arguments.txt`: the name, then the type of each argument.
fn recorded(line: &str) -> ((String, usize), ArgumentTypes) {
    let (name, types) = line.split_once(' ').expect("arguments.txt has a blank after the name");
    let types: ArgumentTypes = types.split(' ').map(named).collect();
    ((name.to_owned(), types.len()), types)
}

fn named(name: &str) -> Option<FieldRef> {
    if name == "any" {
        return None;
    }
    let parsed = Parser::new(&Postgres).try_with_sql(name).and_then(|mut parser| parser.parse_data_type());
    let sql = parsed.expect("arguments.txt names types as SQL does");
    Some(Arc::new(column_type(&sql).expect("arguments.txt has types that columns may have")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oids(name: &str, count: usize) -> Vec<u32> {
        let types = argument_types(name, count).unwrap();
        types.iter().map(|kind| kind.as_deref().map_or(0, types::type_oid)).collect()
    }

    #[test]
    fn types_are_those_of_postgres() {
        assert_eq!(oids("substr", 3), [0, 23, 23]);
        assert_eq!(oids("pg_cancel_backend", 1), [23]);
        assert_eq!(oids("pg_terminate_backend", 2), [23, 20]);
        assert_eq!(oids("pg_get_indexdef", 3), [26, 23, 16]);
        assert_eq!(oids("current_setting", 2), [0, 16]);
        assert_eq!(oids("pg_advisory_lock", 1), [20]);
        assert_eq!(oids("pg_advisory_lock", 2), [23, 23]);
        assert_eq!(oids("round", 2), [1700, 23]);
        assert_eq!(oids("age", 2), [1184, 1184]);
        assert!(argument_types("substr", 5).is_none());
    }
}
