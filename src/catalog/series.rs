//! `generate_series(1, 3) AS n`: the alias of a function that gives one column names that column too, and from integers
//! comes a series of integers.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Query, Statement, TableAlias, TableAliasColumnDef, TableFactor, UnaryOperator,
    Value, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::identifier::fold;
use crate::model::Postgres;

/// Names the columns of series that have an alias, as Postgres does.
pub(super) fn name_series(statement: &mut Statement) {
    let _ = statement.visit(&mut Namer);
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table {
                name, args: Some(arguments), alias: alias @ Some(_), with_ordinality: false, ..
            } if name.0.len() == 1 && name.0[0].as_ident().map(fold).as_deref() == Some("generate_series") => {
                let integers = arguments.args.iter().all(is_integer);
                let alias = alias.take().map(with_column);
                match as_integers(factor) {
                    Ok(subquery) if integers => {
                        *factor = TableFactor::Derived { lateral: false, subquery, alias, sample: None };
                    }
                    _ => put_alias(factor, alias),
                }
            }
            TableFactor::UNNEST { alias, array_exprs, with_ordinality: false, .. } if array_exprs.len() == 1 => {
                *alias = alias.take().map(with_column);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn put_alias(factor: &mut TableFactor, given: Option<TableAlias>) {
    if let TableFactor::Table { alias, .. } = factor {
        *alias = given;
    }
}

fn with_column(mut alias: TableAlias) -> TableAlias {
    if alias.columns.is_empty() {
        alias.columns.push(TableAliasColumnDef { name: alias.name.clone(), data_type: None });
    }
    alias
}

/// The series as a query of integers.
fn as_integers(series: &TableFactor) -> Result<Box<Query>, ParserError> {
    let sql = format!("SELECT CAST(value AS INT) AS generate_series FROM {series}");
    Parser::new(&Postgres).try_with_sql(&sql)?.parse_query()
}

fn is_integer(argument: &FunctionArg) -> bool {
    let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument else { return false };
    let number = match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => expr,
        expr => expr,
    };
    match number {
        Expr::Value(value) => matches!(&value.value, Value::Number(digits, _) if digits.parse::<i32>().is_ok()),
        _ => false,
    }
}
