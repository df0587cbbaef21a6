//! Scalar subqueries give NULL where they find no row, whatever their column says.
//!
//! The engine takes a subquery's nullability from its column: of `(SELECT 1 WHERE false)` it knows that it is not NULL, and
//! answers `IS NULL` with false. So the column of a subquery that may have no row goes through a function whose answer may be
//! NULL; that it is volatile keeps the optimizer from computing it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, Projection, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Subquery, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

use super::expressions::rewrite;
use crate::error::Error;

/// See the module.
#[derive(Debug, Default)]
pub struct NullableSubqueries;

impl AnalyzerRule for NullableSubqueries {
    fn name(&self) -> &str {
        "nullable_subqueries"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, |expression, _| match expression {
            Expr::ScalarSubquery(subquery) if claims_a_value(&subquery.subquery) => match nullable(&subquery) {
                Ok(plan) => Transformed::yes(Expr::ScalarSubquery(Subquery { subquery: Arc::new(plan), ..subquery })),
                Err(_) => Transformed::no(Expr::ScalarSubquery(subquery)),
            },
            other => Transformed::no(other),
        })
    }
}

/// Whether a subquery's column is never NULL, though the subquery may have no row.
fn claims_a_value(plan: &LogicalPlan) -> bool {
    let fields = plan.schema().fields();
    fields.len() == 1 && !fields[0].is_nullable() && !has_one_row(plan)
}

/// Whether a plan always has its one row: an aggregate of all rows.
fn has_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => has_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => has_one_row(&alias.input),
        LogicalPlan::EmptyRelation(empty) => empty.produce_one_row,
        _ => false,
    }
}

fn nullable(subquery: &Subquery) -> Result<LogicalPlan> {
    let (qualifier, field) = subquery.subquery.schema().qualified_field(0);
    let function = ScalarUDF::from(MayBeNull { signature: Signature::any(1, Volatility::Volatile) });
    let value = function.call(vec![Expr::Column(Column::from((qualifier, field)))]);
    let value = value.alias_qualified(qualifier.cloned(), field.name());
    Ok(LogicalPlan::Projection(Projection::try_new(vec![value], Arc::clone(&subquery.subquery))?))
}

/// A value as it is, of which nothing says that it is not NULL.
#[derive(Debug, PartialEq, Eq, Hash)]
struct MayBeNull {
    signature: Signature,
}

impl ScalarUDFImpl for MayBeNull {
    fn name(&self) -> &str {
        "may_be_null"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types[0].clone())
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::clone(&call.arg_fields[0]).with_nullable(true)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut values = call.args.into_iter();
        values.next().ok_or_else(|| Error::internal("may_be_null without a value").into())
    }
}
