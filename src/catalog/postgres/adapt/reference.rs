//! Which statements are catalog statements.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, ObjectName, ObjectNamePart, Query, Statement, Visit, Visitor,
};

use super::system_types::system_type;
use crate::catalog::postgres::relations::{INFORMATION_SCHEMA, PG_CATALOG, definition};

/// Whether a query reads system relations, calls functions or operators by their system schema, or casts to a type
/// that only catalogs use.
pub fn is_catalog_statement(statement: &Statement) -> bool {
    if !matches!(statement, Statement::Query(_) | Statement::Explain { .. }) {
        return false;
    }
    let common_tables = common_tables(statement);
    statement.visit(&mut Finder { common_tables }).is_break()
}

/// The names that WITH gives to queries of a statement: they stand before relations.
pub(super) fn common_tables(statement: &Statement) -> Vec<String> {
    struct Collector(Vec<String>);
    impl Visitor for Collector {
        type Break = ();
        fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
            let tables = query.with.iter().flat_map(|with| &with.cte_tables);
            self.0.extend(tables.map(|table| folded(&table.alias.name)));
            ControlFlow::Continue(())
        }
    }
    let mut collector = Collector(vec![]);
    let _ = statement.visit(&mut collector);
    collector.0
}

/// The system relation that a name in a FROM clause means. Bare names mean `pg_catalog` first, as in Postgres.
pub(super) fn system_relation(name: &ObjectName, common_tables: &[String]) -> Option<(&'static str, String)> {
    let parts = parts(name)?;
    match parts.as_slice() {
        [relation] if common_tables.contains(relation) => None,
        [relation] => definition(PG_CATALOG, relation).map(|d| (d.schema, relation.clone())),
        [.., schema, relation] => system_schema(schema).map(|schema| (schema, relation.clone())),
        [] => None,
    }
}

/// Whether a function or type is named by its system schema.
pub(super) fn is_qualified_by_system(name: &ObjectName) -> bool {
    parts(name).is_some_and(|parts| matches!(parts.as_slice(), [schema, _] if system_schema(schema).is_some()))
}

pub(super) fn system_schema(name: &str) -> Option<&'static str> {
    [PG_CATALOG, INFORMATION_SCHEMA].into_iter().find(|schema| *schema == name)
}

/// An identifier as Postgres keeps it: folded to lower case unless quoted.
pub(super) fn folded(identifier: &Ident) -> String {
    if identifier.quote_style.is_some() { identifier.value.clone() } else { identifier.value.to_lowercase() }
}

fn parts(name: &ObjectName) -> Option<Vec<String>> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(identifier) => Some(folded(identifier)),
        ObjectNamePart::Function(_) => None,
    };
    name.0.iter().map(part).collect()
}

struct Finder {
    common_tables: Vec<String>,
}

impl Visitor for Finder {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        found(system_relation(name, &self.common_tables).is_some())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        found(match expr {
            Expr::Function(function) => is_qualified_by_system(&function.name),
            Expr::Cast { data_type, .. } => system_type(data_type).is_some(),
            Expr::BinaryOp { op: BinaryOperator::PGCustomBinaryOperator(parts), .. } => {
                matches!(parts.as_slice(), [schema, _] if system_schema(schema).is_some())
            }
            _ => false,
        })
    }
}

fn found(found: bool) -> ControlFlow<()> {
    if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;
    use crate::model::Postgres;

    #[test]
    fn names_decide_not_text() {
        let is = |sql: &str| is_catalog_statement(&Parser::parse_sql(&Postgres, sql).unwrap()[0]);
        for sql in [
            "SELECT 1 FROM pg_class",
            "SELECT 1 FROM a JOIN b ON a.x = (SELECT max(oid) FROM PG_Catalog.pg_type)",
            "SELECT * FROM shop.information_schema.tables",
            "SELECT pg_catalog.version()",
            "SELECT 'a'::regclass",
            "SELECT x OPERATOR(pg_catalog.~) 'a' FROM t",
            "EXPLAIN SELECT 1 FROM pg_tables",
        ] {
            assert!(is(sql), "{sql}");
        }
        for sql in [
            "SELECT 'pg_catalog.pg_class' AS pg_class",
            "SELECT pg_class FROM accounts",
            "SELECT 1 FROM journey.pg_class",
            "SELECT 1 FROM pg_orders",
            "WITH pg_class AS (SELECT 1) SELECT * FROM pg_class",
            "SELECT current_setting('journey.as_of', true)",
            "SELECT x::numeric(12,2), y::text, '2026-01-01'::timestamptz FROM t",
            "CREATE TABLE pg_class (a int)",
        ] {
            assert!(!is(sql), "{sql}");
        }
    }
}
