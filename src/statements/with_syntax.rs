//! `WITH q AS (...)` before INSERT, UPDATE and DELETE, which the parser reads as a query: as the write that it is.
//!
//! The source of an INSERT takes the WITH. UPDATE and DELETE have no place for one: where they name its queries, these are put, as the
//! engine does with every WITH.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement, TableAlias, TableFactor, VisitMut, VisitorMut, With};

use crate::catalog::fold;

/// A write with the WITH before it taken in; other statements as they are. A recursive query stays before an UPDATE or DELETE.
pub(super) fn taken_in(statement: Statement) -> Statement {
    let Statement::Query(mut query) = statement else { return statement };
    match (query.with.take(), *query.body) {
        (Some(mut with), SetExpr::Insert(Statement::Insert(mut insert))) => {
            if let Some(source) = &mut insert.source {
                with.cte_tables.extend(source.with.take().into_iter().flat_map(|inner| inner.cte_tables));
                source.with = Some(with);
            }
            Statement::Insert(insert)
        }
        (Some(with), SetExpr::Update(mut write) | SetExpr::Delete(mut write)) if !with.recursive => {
            put(with, &mut write);
            write
        }
        (with, body) => Statement::Query(Box::new(Query { with, body: Box::new(body), ..*query })),
    }
}

/// Puts queries where a write names them.
fn put(with: With, write: &mut Statement) {
    let mut named = Named::default();
    for mut cte in with.cte_tables {
        let _ = cte.query.visit(&mut named);
        named.queries.insert(fold(&cte.alias.name), (cte.alias, cte.query));
    }
    let _ = write.visit(&mut named);
}

#[derive(Default)]
struct Named {
    queries: HashMap<String, (TableAlias, Box<Query>)>,
    /// The names that queries around the one that is visited give anew.
    hidden: Vec<Vec<String>>,
}

impl VisitorMut for Named {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let given = query.with.iter().flat_map(|with| &with.cte_tables).map(|cte| fold(&cte.alias.name));
        self.hidden.push(given.collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.hidden.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, args: None, .. } = factor
            && let [part] = name.0.as_slice()
            && let Some(name) = part.as_ident().map(fold)
            && !self.hidden.iter().flatten().any(|hidden| *hidden == name)
            && let Some((given, query)) = self.queries.get(&name)
        {
            let called = match alias.take() {
                Some(own) if own.columns.is_empty() => TableAlias { columns: given.columns.clone(), ..own },
                Some(own) => own,
                None => given.clone(),
            };
            let subquery = query.clone();
            *factor = TableFactor::Derived { lateral: false, subquery, alias: Some(called), sample: None };
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Statement;
    use super::super::statement::Form;

    fn parsed(sql: &str) -> String {
        match Statement::parse_all(sql).unwrap().remove(0).form() {
            Form::Sql(ast) => ast.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn queries_stand_where_a_write_names_them() {
        for (sql, expected) in [
            (
                "WITH q AS (SELECT 1 AS a) INSERT INTO t SELECT a FROM q",
                "INSERT INTO t WITH q AS (SELECT 1 AS a) SELECT a FROM q",
            ),
            (
                "WITH q (a) AS (SELECT 1), r AS (SELECT a FROM q) DELETE FROM t USING r AS x WHERE t.a = x.a",
                "DELETE FROM t USING (SELECT a FROM (SELECT 1) q (a)) AS x WHERE t.a = x.a",
            ),
            (
                "WITH q AS (SELECT 1 AS a) UPDATE t SET b = 2 WHERE a IN (WITH q AS (SELECT 3 AS a) SELECT a FROM q)",
                "UPDATE t SET b = 2 WHERE a IN (WITH q AS (SELECT 3 AS a) SELECT a FROM q)",
            ),
        ] {
            assert_eq!(parsed(sql), expected, "{sql}");
        }
    }
}
