//! Comparisons of rows, `(a, b) < (c, d)`, as comparisons of their parts.
//!
//! The engine compares them as structs, to which NULL is a value like others: `(1, NULL) = (1, 2)` is NULL, not false.
//!
//! ```text
//! (a, b) = (c, d)             ->      a = c AND b = d
//! (a, b) < (c, d)             ->      a < c OR a = c AND b < d
//! (a, b) IN ((c, d), ..)      ->      (a, b) = (c, d) OR ..
//! (a, b) IS NOT NULL          ->      a IS NOT NULL AND b IS NOT NULL
//! WHERE (a, b) IN (SELECT ..) ->      WHERE EXISTS (SELECT FROM (SELECT ..) WHERE ..)
//! ```

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query, Select, SetExpr,
    Statement, TableAlias, TableAliasColumnDef, TableFactor, UnaryOperator, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::Parser;

use super::identifier::fold;
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;

/// Puts comparisons of parts in the places of those of rows. 42601 for rows of different lengths.
pub(super) fn compare_parts(statement: &mut Statement) -> Result<()> {
    match statement.visit(&mut Rows) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Rows;

impl VisitorMut for Rows {
    type Break = Error;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        match select.selection.as_mut().map(members) {
            Some(Err(error)) => ControlFlow::Break(error),
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        match by_parts(expr) {
            Ok(Some(parts)) => {
                *expr = parts;
                ControlFlow::Continue(())
            }
            Ok(None) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

fn by_parts(expr: &Expr) -> Result<Option<Expr>> {
    use BinaryOperator::{And, Or};
    Ok(match expr {
        Expr::BinaryOp { left, op, right } => match (row(left), row(right)) {
            (Some(left), Some(right)) => compared(&left, op, &right)?,
            _ => None,
        },
        Expr::IsDistinctFrom(left, right) => match (row(left), row(right)) {
            (Some(left), Some(right)) => {
                let distinct = |(l, r): (Expr, Expr)| Expr::IsDistinctFrom(Box::new(l), Box::new(r));
                Some(joined(pairs(&left, &right)?.map(distinct).collect(), &Or))
            }
            _ => None,
        },
        Expr::IsNotDistinctFrom(left, right) => match (row(left), row(right)) {
            (Some(left), Some(right)) => {
                let alike = |(l, r): (Expr, Expr)| Expr::IsNotDistinctFrom(Box::new(l), Box::new(r));
                Some(joined(pairs(&left, &right)?.map(alike).collect(), &And))
            }
            _ => None,
        },
        Expr::IsNull(inner) => {
            row(inner).map(|row| joined(row.into_iter().map(|part| Expr::IsNull(Box::new(part))).collect(), &And))
        }
        Expr::IsNotNull(inner) => {
            row(inner).map(|row| joined(row.into_iter().map(|part| Expr::IsNotNull(Box::new(part))).collect(), &And))
        }
        Expr::InList { expr, list, negated } => match (row(expr), list.iter().map(row).collect::<Option<Vec<_>>>()) {
            (Some(wanted), Some(rows)) => {
                let equal = |row: &Vec<Expr>| -> Result<Expr> {
                    let parts = pairs(&wanted, row)?.map(|(l, r)| binary(l, BinaryOperator::Eq, r));
                    Ok(joined(parts.collect(), &And))
                };
                let found = joined(rows.iter().map(equal).collect::<Result<_>>()?, &Or);
                Some(if *negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(found) } } else { found })
            }
            _ => None,
        },
        _ => None,
    })
}

/// The parts of a row of more than one; ROW may have one.
fn row(expr: &Expr) -> Option<Vec<Expr>> {
    match expr {
        Expr::Tuple(parts) => Some(parts.clone()),
        Expr::Nested(inner) => row(inner),
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. })
            if name.0.len() == 1 && name.0[0].as_ident().is_some_and(|name| fold(name) == "row") =>
        {
            let part = |argument: &FunctionArg| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(part)) => Some(part.clone()),
                _ => None,
            };
            list.args.iter().map(part).collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty())
        }
        _ => None,
    }
}

fn compared(left: &[Expr], op: &BinaryOperator, right: &[Expr]) -> Result<Option<Expr>> {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, NotEq, Or};
    let part = |op: &BinaryOperator| {
        let op = op.clone();
        move |(l, r): (Expr, Expr)| binary(l, op.clone(), r)
    };
    Ok(match op {
        Eq => Some(joined(pairs(left, right)?.map(part(&Eq)).collect(), &And)),
        NotEq => Some(joined(pairs(left, right)?.map(part(&NotEq)).collect(), &Or)),
        Lt | LtEq | Gt | GtEq => {
            let strict = if matches!(op, Lt | LtEq) { Lt } else { Gt };
            let mut parts: Vec<_> = pairs(left, right)?.collect();
            let Some((l, r)) = parts.pop() else { return Ok(None) };
            Some(parts.into_iter().rev().fold(binary(l, op.clone(), r), |rest, (l, r)| {
                let equal = binary(binary(l.clone(), Eq, r.clone()), And, rest);
                binary(binary(l, strict.clone(), r), Or, equal)
            }))
        }
        _ => None,
    })
}

fn pairs<'p>(left: &'p [Expr], right: &'p [Expr]) -> Result<impl Iterator<Item = (Expr, Expr)> + 'p> {
    if left.len() != right.len() {
        return Err(Error::new(SqlState::SyntaxError, "unequal number of entries in row expressions"));
    }
    Ok(left.iter().cloned().zip(right.iter().cloned()))
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let operand = |expr: Expr| Box::new(if let Expr::Nested(_) = expr { expr } else { Expr::Nested(Box::new(expr)) });
    Expr::Nested(Box::new(Expr::BinaryOp { left: operand(left), op, right: operand(right) }))
}

/// Conditions joined as a tree that is as shallow as it can be: whatever walks it recurses.
fn joined(mut conditions: Vec<Expr>, op: &BinaryOperator) -> Expr {
    while conditions.len() > 1 {
        let mut next = Vec::with_capacity(conditions.len().div_ceil(2));
        let mut rest = conditions.into_iter();
        while let Some(left) = rest.next() {
            next.push(match rest.next() {
                Some(right) => binary(left, op.clone(), right),
                None => left,
            });
        }
        conditions = next;
    }
    conditions.pop().unwrap_or_else(|| Expr::Value(datafusion::sql::sqlparser::ast::Value::Null.into()))
}

/// `(a, b) IN (SELECT ..)` among the conditions of WHERE, where NULL and false are the same, as EXISTS.
fn members(condition: &mut Expr) -> Result<()> {
    match condition {
        Expr::Nested(inner) => members(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            members(left)?;
            members(right)
        }
        Expr::InSubquery { expr, subquery, negated: false } => {
            if let Some(row) = row(expr) {
                *condition = exists(&row, subquery.as_ref().clone())?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// EXISTS of a row among those of a query, whose columns are given names that nothing else has.
fn exists(row: &[Expr], members: Query) -> Result<Expr> {
    let mut query = template()?;
    let name = |at: usize| Ident::with_quote('"', format!("member #{at}"));
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Derived { subquery, alias, .. } = &mut from.relation
    {
        let columns = (0..row.len()).map(|at| TableAliasColumnDef { name: name(at), data_type: None });
        **subquery = members;
        *alias = Some(TableAlias {
            explicit: true,
            name: Ident::with_quote('"', "members #"),
            columns: columns.collect(),
            at: None,
        });
        let equal = row.iter().enumerate().map(|(at, part)| {
            let member = Expr::CompoundIdentifier(vec![Ident::with_quote('"', "members #"), name(at)]);
            binary(member, BinaryOperator::Eq, part.clone())
        });
        select.selection = Some(joined(equal.collect(), &BinaryOperator::And));
    }
    Ok(Expr::Exists { subquery: Box::new(query), negated: false })
}

fn template() -> Result<Query> {
    let parsed =
        Parser::new(&Postgres).try_with_sql("SELECT 1 FROM (SELECT 1) AS members").and_then(|mut p| p.parse_query());
    Ok(*parsed.map_err(datafusion::error::DataFusionError::from)?)
}
