//! Selects that read a relation which never has rows (`pg_index`, `pg_trigger`, ...): what they compute is never
//! evaluated, so it need not be planned.
//!
//! Clients ask these relations the hardest questions: lateral functions, arrays of subqueries, subscripts.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, JoinOperator, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr,
    TableFactor, TableWithJoins, Value, Visit, Visitor,
};

use super::column_names::is_column;
use super::reference::system_relation;
use crate::catalog::postgres::rows::is_always_empty;

/// Whether a query is a select that never gives a row.
pub(super) fn is_vacant_query(query: &Query, common_tables: &[String]) -> bool {
    match query.body.as_ref() {
        SetExpr::Select(select) => is_vacant(select, common_tables),
        _ => false,
    }
}

/// Whether a select never gives a row: it reads a relation without rows, and does not count what it reads.
pub(super) fn is_vacant(select: &Select, common_tables: &[String]) -> bool {
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    ungrouped
        && select.having.is_none()
        && select.from.iter().any(|from| is_empty(from, common_tables))
        && !select.projection.iter().any(aggregates)
}

/// Leaves the columns of a vacant select and makes NULL of what it computes from them. Its columns have names already.
pub(super) fn vacate(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::ExprWithAlias { expr, .. } = item
            && !is_column(expr)
        {
            *expr = null();
        }
    }
    select.selection = Some(Expr::Value(Value::Boolean(false).into()));
}

/// The literal NULL.
pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

/// Whether the rows of a FROM item are none: one side of its inner joins is empty, or the side that others are joined to.
fn is_empty(from: &TableWithJoins, common_tables: &[String]) -> bool {
    let empty = |factor: &TableFactor| match factor {
        TableFactor::Table { name, args: None, .. } => {
            system_relation(name, common_tables).is_some_and(|(schema, name)| is_always_empty(schema, &name))
        }
        _ => false,
    };
    let mut none = empty(&from.relation);
    for join in &from.joins {
        match &join.join_operator {
            JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_) => {
                none |= empty(&join.relation);
            }
            JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => {}
            _ => return false,
        }
    }
    none
}

/// Whether a select item calls an aggregate function, which gives a row for no rows; those in subqueries are theirs.
fn aggregates(item: &SelectItem) -> bool {
    struct Finder {
        depth: usize,
    }
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function) if self.depth == 0 && is_aggregate(&function.name) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    item.visit(&mut Finder { depth: 0 }).is_break()
}

fn is_aggregate(name: &ObjectName) -> bool {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let all = all_default_aggregate_functions();
        all.iter().flat_map(|f| f.aliases().iter().cloned().chain([f.name().to_owned()])).collect()
    });
    let Some(ObjectNamePart::Identifier(Ident { value, .. })) = name.0.last() else { return false };
    NAMES.iter().any(|name| name.eq_ignore_ascii_case(value))
}
