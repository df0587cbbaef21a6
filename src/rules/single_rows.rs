//! Subqueries of one row for each row outside, as aggregates: of others the engine makes no joins.
//!
//! ```text
//! (SELECT a FROM u WHERE u.k = t.k ORDER BY b LIMIT 1)   ->   (SELECT first_value(a ORDER BY b) FROM u WHERE u.k = t.k)
//! (SELECT a FROM u WHERE u.k = t.k)                      ->   CASE WHEN (SELECT count(*) FROM u WHERE u.k = t.k) > 1
//!                                                                  THEN <21000> ELSE (SELECT first_value(a) ..) END
//! ```
//!
//! Only subqueries that use outer columns are concerned; the engine runs the others by themselves.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::config::ConfigOptions;
use datafusion::functions_aggregate::count::count;
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, FetchType, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, SkipType, SortExpr, Subquery, Volatility, lit, when,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;

use crate::error::{Error, SqlState};

/// See the module.
#[derive(Debug, Default)]
pub struct SingleRows;

impl AnalyzerRule for SingleRows {
    fn name(&self) -> &str {
        "single_rows"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let changed = plan.transform_up_with_subqueries(|node| {
            let names = NamePreserver::new(&node);
            node.map_expressions(|expression| {
                let name = names.save(&expression);
                let changed = expression.transform_down(|part| match part {
                    Expr::ScalarSubquery(subquery) if !subquery.outer_ref_columns.is_empty() => of_one_row(subquery),
                    part => Ok(Transformed::no(part)),
                })?;
                Ok(changed.update_data(|expression| name.restore(expression)))
            })
        });
        Ok(changed?.data)
    }
}

fn of_one_row(subquery: Subquery) -> Result<Transformed<Expr>> {
    if let Some(first) = first_of(&subquery.subquery)? {
        return Ok(Transformed::yes(Expr::ScalarSubquery(with_plan(&subquery, first))));
    }
    if !may_have_rows(&subquery.subquery) {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let rows = aggregated(&subquery.subquery, count(lit(1i64)))?;
    let value = Expr::Column(subquery.subquery.schema().columns().swap_remove(0));
    let kind = subquery.subquery.schema().field(0).data_type().clone();
    let first = aggregated(&subquery.subquery, first_value(value, vec![]))?;
    let too_many = Expr::ScalarSubquery(with_plan(&subquery, rows)).gt(lit(1i64));
    let checked = when(too_many, MoreThanOne::of(kind)).otherwise(Expr::ScalarSubquery(with_plan(&subquery, first)))?;
    Ok(Transformed::new(checked, true, datafusion::common::tree_node::TreeNodeRecursion::Jump))
}

fn with_plan(subquery: &Subquery, plan: LogicalPlan) -> Subquery {
    Subquery { subquery: Arc::new(plan), ..subquery.clone() }
}

fn aggregated(plan: &Arc<LogicalPlan>, aggregate: Expr) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(Arc::clone(plan)).aggregate(Vec::<Expr>::new(), [aggregate])?.build()
}

/// Whether the rows of a plan are those of a table, and may be many.
fn may_have_rows(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => may_have_rows(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => may_have_rows(&alias.input),
        LogicalPlan::Filter(filter) => may_have_rows(&filter.input),
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::Join(join) => may_have_rows(&join.left) && may_have_rows(&join.right),
        _ => false,
    }
}

/// A plan of the first row, by the order, as an aggregate; `None` for any other plan.
fn first_of(plan: &Arc<LogicalPlan>) -> Result<Option<LogicalPlan>> {
    let LogicalPlan::Limit(limit) = plan.as_ref() else { return Ok(None) };
    if !matches!((limit.get_skip_type()?, limit.get_fetch_type()?), (SkipType::Literal(0), FetchType::Literal(Some(1))))
    {
        return Ok(None);
    }
    // What isn't given, but ordered by, is dropped above the sort.
    let (given, below) = match limit.input.as_ref() {
        LogicalPlan::Projection(projection) if matches!(projection.input.as_ref(), LogicalPlan::Sort(_)) => {
            (projection.expr[0].clone(), &projection.input)
        }
        _ => (Expr::Column(limit.input.schema().columns().swap_remove(0)), &limit.input),
    };
    let (order, rows): (Vec<SortExpr>, _) = match below.as_ref() {
        LogicalPlan::Sort(sort) => (sort.expr.clone(), &sort.input),
        _ => (Vec::new(), below),
    };
    if !may_have_rows(rows) {
        return Ok(None);
    }
    let (qualifier, field) = plan.schema().qualified_field(0);
    let first = first_value(given.unalias(), order);
    let name = first.schema_name().to_string();
    let first = aggregated(rows, first)?;
    let named = Expr::Column(Column::new_unqualified(name)).alias_qualified(qualifier.cloned(), field.name());
    Ok(Some(LogicalPlanBuilder::from(first).project([named])?.build()?))
}

/// 21000, where a row is asked for it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct MoreThanOne {
    kind: DataType,
    signature: Signature,
}

impl MoreThanOne {
    fn of(kind: DataType) -> Expr {
        ScalarUDF::from(Self { kind, signature: Signature::nullary(Volatility::Volatile) }).call(vec![])
    }
}

impl ScalarUDFImpl for MoreThanOne {
    fn name(&self) -> &str {
        "more_than_one_row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.kind.clone())
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if call.number_rows == 0 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from(&self.kind)?));
        }
        let message = "more than one row returned by a subquery used as an expression";
        Err(Error::new(SqlState::CardinalityViolation, message).into())
    }
}
