//! Clauses that the engine's planner passes over or takes otherwise than Postgres: refused, because the answer
//! would be a wrong one.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query, Select, SetExpr, SetOperator,
    SetQuantifier, Statement, TableFactor, Visit, Visitor,
};

use super::identifier::fold;
use crate::error::{Error, Result, SqlState};

/// 0A000 if a statement holds such a clause; 42601 for a subquery without columns where a value stands.
pub(super) fn refuse_ignored(statement: &Statement) -> Result<()> {
    match statement.visit(&mut Finder) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Finder;

impl Visitor for Finder {
    type Break = Error;

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        match factor {
            TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } => {
                ControlFlow::Break(Error::unsupported("TABLESAMPLE").with_hint("use WHERE random() < 0.1"))
            }
            TableFactor::Table { name, args: Some(_), with_ordinality: true, .. } if !is_of_catalogs(name) => {
                let error = Error::unsupported("WITH ORDINALITY of a function");
                ControlFlow::Break(error.with_hint("use row_number() OVER (ORDER BY ...) in a subquery"))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        refuse_counted(&query.body)?;
        match &query.fetch {
            Some(fetch) if fetch.with_ties || fetch.percent => {
                ControlFlow::Break(Error::unsupported("FETCH WITH TIES").with_hint("use WHERE rank() OVER (...) <= n"))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Error> {
        let message = match expression {
            Expr::Subquery(query) if has_no_columns(&query.body) => "subquery must return only one column",
            Expr::InSubquery { subquery, .. } if has_no_columns(&subquery.body) => "subquery has too few columns",
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(Error::new(SqlState::SyntaxError, message))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        match select.into {
            Some(_) => {
                ControlFlow::Break(Error::unsupported("SELECT INTO").with_hint("use CREATE TABLE ... AS SELECT"))
            }
            None => select.from.iter().try_for_each(|from| from.joins.iter().try_for_each(refuse_merged_column)),
        }
    }
}

/// Whether a query gives rows without columns, of whose first the engine asks the type.
fn has_no_columns(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.projection.is_empty(),
        SetExpr::Query(query) => has_no_columns(&query.body),
        SetExpr::SetOperation { left, .. } => has_no_columns(left),
        _ => false,
    }
}

/// Whether a function is one of the catalogs, whose statements are adapted to what the engine knows.
fn is_of_catalogs(name: &ObjectName) -> bool {
    let schema = name.0.first().and_then(ObjectNamePart::as_ident).map(fold);
    name.0.len() > 1 && matches!(schema.as_deref(), Some("pg_catalog" | "information_schema"))
}

/// The engine finds out which rows the other side has, not how many of each.
fn refuse_counted(body: &SetExpr) -> ControlFlow<Error> {
    let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { return ControlFlow::Continue(()) };
    if matches!(op, SetOperator::Except | SetOperator::Intersect) && *set_quantifier == SetQuantifier::All {
        let error = Error::unsupported(format!("{op} ALL"));
        return ControlFlow::Break(error.with_hint("number equal rows with row_number() and leave ALL out"));
    }
    refuse_counted(left)?;
    refuse_counted(right)
}

/// The column that USING or NATURAL merges is the left side's to the engine, so it would be NULL for rows that only the
/// right side of a RIGHT or FULL join has; in Postgres it is whichever side has the row.
fn refuse_merged_column(join: &Join) -> ControlFlow<Error> {
    match &join.join_operator {
        JoinOperator::Right(JoinConstraint::Using(_) | JoinConstraint::Natural)
        | JoinOperator::RightOuter(JoinConstraint::Using(_) | JoinConstraint::Natural)
        | JoinOperator::FullOuter(JoinConstraint::Using(_) | JoinConstraint::Natural) => {
            let error = Error::unsupported("a RIGHT or FULL join with USING or NATURAL");
            ControlFlow::Break(error.with_hint("join ON a.k = b.k and select coalesce(a.k, b.k)"))
        }
        _ => ControlFlow::Continue(()),
    }
}
