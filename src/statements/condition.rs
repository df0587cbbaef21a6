//! Conditions on one row at a time, CHECK and the WHERE of COPY: computed as a query over the table would compute them.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DFSchemaRef;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast::{self, Visit, Visitor};
use datafusion::sql::sqlparser::parser::Parser;

use super::context::Context;
use super::query;
use crate::catalog::postgres::quote_identifier;
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;

/// Where a condition stands, as messages say it.
pub(super) struct Clause {
    /// The word before it.
    pub word: &'static str,
    /// What it is.
    pub called: &'static str,
}

/// A condition on the rows of a table with a name and columns. 42804 where it is not of type boolean, 0A000 with a subquery, 42803
/// with an aggregate.
pub(super) fn compiled(
    context: &Context,
    table: &str,
    columns: &SchemaRef,
    condition: &str,
    clause: &Clause,
) -> Result<Arc<dyn PhysicalExpr>> {
    let select = format!("SELECT {condition} FROM {}", quote_identifier(table));
    let parsed = Parser::parse_sql(&Postgres, &select).map_err(DataFusionError::from)?.pop();
    let select = parsed.ok_or_else(|| Error::internal("a condition that is none"))?;
    if select.visit(&mut Queries(0)).is_break() {
        let message = format!("cannot use subquery in {}", clause.called);
        return Err(Error::new(SqlState::FeatureNotSupported, message));
    }
    let resolver = context.resolver().for_rows(table, columns);
    let (verdict, columns) = match query::coerced(context, resolver.plan(select)?)? {
        LogicalPlan::Projection(mut selected)
            if selected.expr.len() == 1 && matches!(selected.input.as_ref(), LogicalPlan::TableScan(_)) =>
        {
            (selected.expr.remove(0).unalias(), Arc::clone(selected.input.schema()))
        }
        _ => {
            let message = format!("aggregate and window functions are not allowed in a {}", clause.called);
            return Err(Error::new(SqlState::GroupingError, message));
        }
    };
    let given = verdict.get_type(columns.as_ref())?;
    if !matches!(given, DataType::Boolean | DataType::Null) {
        let message = format!("argument of {} must be type boolean, not type {given}", clause.word);
        return Err(Error::new(SqlState::DatatypeMismatch, message));
    }
    let verdict = settled(context, verdict, &columns)?;
    Ok(context.engine.create_physical_expr(verdict, &columns)?)
}

/// An expression as of this statement: what `now()` is, is settled by this alone.
pub(super) fn settled(context: &Context, expression: Expr, columns: &DFSchemaRef) -> Result<Expr> {
    let moment = SimplifyContext::builder()
        .with_schema(Arc::clone(columns))
        .with_config_options(Arc::clone(context.engine.config_options()))
        .with_query_execution_start_time(context.engine.execution_props().query_execution_start_time);
    Ok(ExprSimplifier::new(moment.build()).simplify(expression)?)
}

/// Finds a query within the query.
struct Queries(usize);

impl Visitor for Queries {
    type Break = ();

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
