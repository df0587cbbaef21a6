//! Selects that read a relation which never has rows (`pg_trigger`, `pg_inherits`, ...), or keys and foreign
//! keys where no table of the database has one: what they compute is never evaluated, so it need not be planned.
//!
//! Clients ask these relations the hardest questions: lateral functions, arrays of subqueries, subscripts.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use datafusion::functions_aggregate::all_default_aggregate_functions;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, DataType, Expr, GroupByExpr, Ident, Join, JoinConstraint, JoinOperator,
    ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, TableFactor, TableWithJoins, UnaryOperator, Value,
    ValueWithSpan, Visit, Visitor,
};

use super::column_names::is_column;
use super::reference::{folded, system_relation};
use crate::catalog::output_names::output_name;
use crate::catalog::postgres::rows::{Absent, is_always_empty};

/// What a statement's names mean, as far as it matters to what has no rows.
pub(super) struct Surroundings {
    /// The names that WITH gives to queries.
    pub common_tables: Vec<String>,
    /// What the database has none of.
    pub absent: Absent,
}

/// Whether a query is a select that never gives a row.
pub(super) fn is_vacant_query(query: &Query, within: &Surroundings) -> bool {
    match query.body.as_ref() {
        SetExpr::Select(select) => is_vacant(select, within),
        _ => false,
    }
}

/// Whether a select never gives a row: it reads a relation without rows, or constraints of kinds that there are none of, and
/// does not count what it reads.
pub(super) fn is_vacant(select: &Select, within: &Surroundings) -> bool {
    let counts = !is_grouped(select) && (select.having.is_some() || select.projection.iter().any(aggregates));
    !counts
        && (select.from.iter().any(|from| is_empty(from, within))
            || select.selection.as_ref().is_some_and(|condition| asks_for_absent_keys(condition, within.absent)))
}

/// Leaves the columns of a vacant select and makes NULL of what it computes from them; how its relations are joined, and
/// functions among them, no longer matter. Its columns have names already.
pub(super) fn vacate(select: &mut Select) {
    let mut functions = vec![];
    // A merged column of USING has no other name.
    if !select.from.iter().flat_map(|from| &from.joins).any(merges) {
        let factors = std::mem::take(&mut select.from).into_iter().flat_map(factors);
        let (kept, gone): (Vec<_>, Vec<_>) = factors.partition(is_relation);
        functions = gone.iter().filter_map(alias).collect();
        select.from = kept.into_iter().map(|relation| TableWithJoins { relation, joins: vec![] }).collect();
    }
    for item in &mut select.projection {
        match item {
            SelectItem::ExprWithAlias { expr, .. } if !is_column(expr) || is_of(expr, &functions) => {
                *expr = typed_null(expr);
            }
            SelectItem::UnnamedExpr(expr) if is_of(expr, &functions) => {
                let alias = Ident::with_quote('"', output_name(expr));
                *item = SelectItem::ExprWithAlias { expr: null(), alias };
            }
            _ => {}
        }
    }
    select.group_by = GroupByExpr::Expressions(vec![], vec![]);
    select.having = None;
    select.selection = Some(Expr::Value(Value::Boolean(false).into()));
}

/// The literal NULL.
pub(super) fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

/// NULL in the type of an expression, where that is plain to see.
fn typed_null(expr: &Expr) -> Expr {
    let data_type = match expr {
        Expr::Cast { data_type, .. } => data_type.clone(),
        Expr::Case { conditions, .. } if !conditions.is_empty() => return typed_null(&conditions[0].result),
        Expr::Value(ValueWithSpan { value: Value::Number(..), .. }) => DataType::Int(None),
        Expr::Value(ValueWithSpan { value: Value::Boolean(_), .. })
        | Expr::UnaryOp { op: UnaryOperator::Not, .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_) => DataType::Boolean,
        Expr::BinaryOp { op: BinaryOperator::Eq | BinaryOperator::NotEq | BinaryOperator::And, .. } => {
            DataType::Boolean
        }
        _ => return null(),
    };
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(null()), data_type, array: false, format: None }
}

fn is_grouped(select: &Select) -> bool {
    !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty())
}

/// Whether the rows of a FROM item are none: one side of its inner joins is empty, or the side that others are joined to.
fn is_empty(from: &TableWithJoins, within: &Surroundings) -> bool {
    let empty = |factor: &TableFactor| match factor {
        TableFactor::Table { name, args: None, .. } => {
            let read = system_relation(name, &within.common_tables);
            read.is_some_and(|(schema, name)| is_always_empty(schema, &name) || within.absent.empties(schema, &name))
        }
        TableFactor::Derived { subquery, .. } => is_vacant_query(subquery, within),
        TableFactor::NestedJoin { table_with_joins, .. } => is_empty(table_with_joins, within),
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

/// Whether a condition asks `pg_constraint` for kinds of keys that there are none of (`contype = 'f'`).
fn asks_for_absent_keys(condition: &Expr, absent: Absent) -> bool {
    let is_kind = |expr: &Expr| match expr {
        Expr::Identifier(name) => folded(name) == "contype",
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|part| folded(part) == "contype"),
        _ => false,
    };
    let is_absent = |expr: &Expr| match expr {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(kind), .. }) => match kind.as_str() {
            "x" => true,
            "f" => absent.references,
            "p" | "u" => absent.keys,
            _ => false,
        },
        _ => false,
    };
    match condition {
        Expr::Nested(inner) => asks_for_absent_keys(inner, absent),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            asks_for_absent_keys(left, absent) || asks_for_absent_keys(right, absent)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => is_kind(left) && is_absent(right),
        Expr::InList { expr, list, negated: false } => is_kind(expr) && list.iter().all(is_absent),
        _ => false,
    }
}

/// Leaves out the branches of a CASE that are for kinds of types that there are none of: domains, composites, enumerations,
/// ranges (`CASE WHEN typtype = 'd' THEN ..`).
pub(super) fn skip_branches(expr: &mut Expr) {
    let Expr::Case { operand: None, conditions, else_result, .. } = expr else { return };
    let absent = conditions.iter().find(|when| asks_for_absent_type(&when.condition)).map(|when| sample(&when.result));
    conditions.retain(|when| !asks_for_absent_type(&when.condition));
    if conditions.is_empty() {
        match absent.flatten() {
            // What there is none of is of a type all the same.
            Some(result) => conditions.push(CaseWhen { condition: Expr::Value(Value::Boolean(false).into()), result }),
            None => *expr = else_result.take().map_or_else(null, |otherwise| *otherwise),
        }
    }
}

/// A literal of the type that a result has, if there is one in it.
fn sample(result: &Expr) -> Option<Expr> {
    match result {
        Expr::Value(_) => Some(result.clone()),
        Expr::Nested(inner) => sample(inner),
        Expr::Case { conditions, .. } => sample(&conditions.first()?.result),
        Expr::Subquery(query) => match query.body.as_ref() {
            SetExpr::Select(select) => match select.projection.first()? {
                SelectItem::UnnamedExpr(given) | SelectItem::ExprWithAlias { expr: given, .. } => sample(given),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn asks_for_absent_type(condition: &Expr) -> bool {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return false };
    let is_kind = match left.as_ref() {
        Expr::Identifier(name) => folded(name) == "typtype",
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|part| folded(part) == "typtype"),
        _ => false,
    };
    is_kind
        && matches!(right.as_ref(), Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(kind), .. }) if matches!(kind.as_str(), "c" | "d" | "e" | "m" | "r"))
}

/// What stands in a FROM item, joins and parentheses taken apart.
fn factors(from: TableWithJoins) -> Vec<TableFactor> {
    let parts = std::iter::once(from.relation).chain(from.joins.into_iter().map(|join| join.relation));
    let open = |factor| match factor {
        TableFactor::NestedJoin { table_with_joins, alias: None } => factors(*table_with_joins),
        factor => vec![factor],
    };
    parts.flat_map(open).collect()
}

/// Whether a FROM item stands for itself: no function, nothing that looks at its neighbours.
fn is_relation(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Table { args: None, .. } | TableFactor::Derived { lateral: false, .. })
}

fn alias(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } => {
            alias.as_ref().map(|alias| folded(&alias.name))
        }
        _ => None,
    }
}

/// Whether an expression is a column of one of some FROM items, or all of it.
fn is_of(expr: &Expr, aliases: &[String]) -> bool {
    match expr {
        Expr::Identifier(name) => aliases.contains(&folded(name)),
        Expr::CompoundIdentifier(parts) => parts.first().is_some_and(|first| aliases.contains(&folded(first))),
        _ => false,
    }
}

fn merges(join: &Join) -> bool {
    let constraint = match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::CrossJoin(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint) => constraint,
        _ => return true,
    };
    matches!(constraint, JoinConstraint::Using(_) | JoinConstraint::Natural)
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
