//! Which bare names in a query mean queries that WITH names, and never the relation of that name.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Statement, Visit, Visitor};

use super::identifier::fold;

/// The names that WITH gives in a statement and under which no relation is read: `WITH t AS (SELECT * FROM s) SELECT * FROM t` hides
/// `t`, `WITH t AS (SELECT * FROM t) SELECT * FROM t` doesn't.
pub(super) fn hidden_names(statement: &Statement) -> HashSet<String> {
    let mut scopes = Scopes::default();
    let _ = statement.visit(&mut scopes);
    &scopes.given - &scopes.free
}

#[derive(Default)]
struct Scopes {
    /// From the outermost query to the one that is visited.
    open: Vec<Scope>,
    given: HashSet<String>,
    free: HashSet<String>,
}

/// A query, and the queries that its WITH names. They are told apart by where they lie in memory.
struct Scope {
    query: usize,
    named: Vec<(String, usize)>,
    recursive: bool,
}

impl Scopes {
    fn is_hidden(&self, name: &str) -> bool {
        self.open.iter().enumerate().any(|(at, scope)| {
            // A query that WITH names sees those before it, and itself if it is recursive.
            let within = self.open.get(at + 1).and_then(|inner| scope.place(inner.query));
            let seen = within.map_or(scope.named.len(), |place| place + usize::from(scope.recursive));
            scope.named[..seen].iter().any(|(named, _)| named == name)
        })
    }
}

impl Scope {
    fn place(&self, query: usize) -> Option<usize> {
        self.named.iter().position(|(_, named)| *named == query)
    }
}

impl Visitor for Scopes {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let address = |query: &Query| std::ptr::from_ref(query) as usize;
        let named = query.with.iter().flat_map(|with| &with.cte_tables);
        let named: Vec<_> = named.map(|cte| (fold(&cte.alias.name), address(&cte.query))).collect();
        self.given.extend(named.iter().map(|(name, _)| name.clone()));
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        self.open.push(Scope { query: address(query), named, recursive });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.open.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if let [part] = name.0.as_slice()
            && let Some(name) = part.as_ident().map(fold)
            && !self.is_hidden(&name)
        {
            self.free.insert(name);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::parser::Parser;

    use super::hidden_names;
    use crate::model::Postgres;

    #[test]
    fn a_name_is_hidden_where_it_only_means_a_query() {
        for (sql, hidden) in [
            ("SELECT * FROM t", &[][..]),
            ("WITH t AS (SELECT 1) SELECT * FROM t", &["t"]),
            ("WITH t AS (SELECT * FROM t) SELECT * FROM t", &[]),
            ("WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t", &["t"]),
            ("WITH t AS (SELECT * FROM s.t) SELECT * FROM t", &["t"]),
            ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM b", &["a"]),
            ("SELECT * FROM t, (WITH t AS (SELECT 1) SELECT * FROM t) AS u", &[]),
            ("WITH t AS (SELECT 1) SELECT (SELECT max(a) FROM t) FROM (SELECT * FROM t) AS u", &["t"]),
        ] {
            let statement = Parser::parse_sql(&Postgres, sql).unwrap().remove(0);
            let mut found: Vec<_> = hidden_names(&statement).into_iter().collect();
            found.sort();
            assert_eq!(found, hidden, "{sql}");
        }
    }
}
