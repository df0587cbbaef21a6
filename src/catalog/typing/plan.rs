//! Goes over a plan as it comes from SQL: its expressions, then the columns of its nodes anew.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, Subquery, Union, Values, cast, lit};
use datafusion::scalar::ScalarValue;

use super::expression::{Scope, retype};
use super::interval_order::by_length;
use super::unions::alike;

/// A plan whose expressions have the types that Postgres gives them. Plan nodes of our own read their arguments themselves
/// and stay as they are, with what is below them; so do recursive queries, whose working table has its columns already. `zone` is the session's.
pub(in crate::catalog) fn as_in_postgres(plan: LogicalPlan, zone: &str) -> Result<LogicalPlan> {
    typed(plan, true, &[], zone)
}

/// An expression that stands in no plan.
pub(in crate::catalog) fn as_in_postgres_alone(expression: Expr, inputs: &DFSchemaRef, zone: &str) -> Result<Expr> {
    let scope = Scope { inputs, below: &[], outer: &[], narrow: false, counts_rows: false, zone };
    Ok(expression.transform_up(|e| retype(e, &scope))?.data)
}

fn typed(plan: LogicalPlan, narrow: bool, outer: &[DFSchemaRef], zone: &str) -> Result<LogicalPlan> {
    if matches!(plan, LogicalPlan::Extension(_) | LogicalPlan::RecursiveQuery(_)) {
        return Ok(plan);
    }
    // The rows of an INSERT are cast to the table's types as they stand.
    let narrow = narrow && !matches!(plan, LogicalPlan::Dml(_));
    let mut beside = outer.to_vec();
    let plan = plan.map_children(|child| {
        let child = typed(child, narrow, &beside, zone)?;
        // What is LATERAL reads the columns of what stands left of it.
        beside.push(Arc::clone(child.schema()));
        Ok(Transformed::yes(child))
    });
    let plan = plan?.data;
    let inputs = Arc::new(merge_schema(&plan.inputs()));
    let below: Vec<LogicalPlan> = plan.inputs().into_iter().cloned().collect();
    let below: Vec<&LogicalPlan> = below.iter().collect();
    let counts_rows = matches!(plan, LogicalPlan::Limit(_));
    let scope = Scope { inputs: &inputs, below: &below, outer, narrow, counts_rows, zone };
    let names = NamePreserver::new(&plan);
    let is_sort = matches!(plan, LogicalPlan::Sort(_));
    let plan = plan.map_expressions(|expression| {
        let name = names.save(&expression);
        let retyped = expression.transform_up(|e| retype(in_subquery(e, &scope)?, &scope))?;
        let retyped = if is_sort { retyped.update_data(|e| by_length(e, &inputs)) } else { retyped };
        Ok(retyped.update_data(|e| name.restore(e)))
    });
    match plan?.data {
        LogicalPlan::Values(values) => Ok(LogicalPlan::Values(narrowed(values)?)),
        LogicalPlan::Union(union) => Ok(LogicalPlan::Union(Union::try_new_with_loose_types(alike(union.inputs)?)?)),
        plan => signed(plan.recompute_schema()?),
    }
}

/// An expression with its subquery's plan typed.
fn in_subquery(mut expression: Expr, scope: &Scope<'_>) -> Result<Expr> {
    let subquery: Option<&mut Subquery> = match &mut expression {
        Expr::ScalarSubquery(subquery) => Some(subquery),
        Expr::Exists(exists) => Some(&mut exists.subquery),
        Expr::InSubquery(within) => Some(&mut within.subquery),
        Expr::SetComparison(comparison) => Some(&mut comparison.subquery),
        _ => None,
    };
    if let Some(subquery) = subquery {
        let mut outer = scope.outer.to_vec();
        outer.push(Arc::clone(scope.inputs));
        let plan = typed(subquery.subquery.as_ref().clone(), scope.narrow, &outer, scope.zone)?;
        subquery.subquery = Arc::new(plan);
    }
    Ok(expression)
}

/// VALUES whose bigint columns became columns of integers.
fn narrowed(mut values: Values) -> Result<Values> {
    let empty = DFSchema::empty();
    let mut fields = Vec::with_capacity(values.schema.fields().len());
    for (at, (qualifier, field)) in values.schema.iter().enumerate() {
        let is_integer = |row: &Vec<Expr>| {
            Ok::<_, DataFusionError>(is_null(&row[at]) || row[at].get_type(&empty)? == DataType::Int32)
        };
        let integers = *field.data_type() == DataType::Int64
            && values.values.iter().map(is_integer).collect::<Result<Vec<_>>>()?.into_iter().all(|integer| integer);
        fields.push(match integers {
            true => {
                let nulls = values.values.iter_mut().map(|row| &mut row[at]).filter(|value| is_null(value));
                nulls.for_each(|null| *null = lit(ScalarValue::Int32(None)));
                (qualifier.cloned(), Arc::new(field.as_ref().clone().with_data_type(DataType::Int32)))
            }
            false => (qualifier.cloned(), Arc::clone(field)),
        });
    }
    values.schema = Arc::new(DFSchema::new_with_metadata(fields, Default::default())?);
    Ok(values)
}

fn is_null(value: &Expr) -> bool {
    match value {
        Expr::Literal(value, _) => value.is_null(),
        Expr::Cast(cast) => is_null(&cast.expr),
        _ => false,
    }
}

/// Ranks and counts that the engine gives as unsigned numbers, which Postgres has not, as bigint; `ntile` as integer.
fn signed(plan: LogicalPlan) -> Result<LogicalPlan> {
    let unsigned = |field: &Arc<Field>| *field.data_type() == DataType::UInt64;
    if !matches!(plan, LogicalPlan::Window(_) | LogicalPlan::Aggregate(_))
        || !plan.schema().fields().iter().any(unsigned)
    {
        return Ok(plan);
    }
    let columns = plan.schema().iter().enumerate().map(|(at, (qualifier, field))| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let kind = if is_ntile(&plan, at) { DataType::Int32 } else { DataType::Int64 };
        match unsigned(field) {
            true => cast(column, kind).alias_qualified(qualifier.cloned(), field.name()),
            false => column,
        }
    });
    let columns = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

fn is_ntile(plan: &LogicalPlan, column: usize) -> bool {
    let LogicalPlan::Window(window) = plan else { return false };
    let function = column.checked_sub(window.input.schema().fields().len()).and_then(|at| window.window_expr.get(at));
    matches!(function, Some(Expr::WindowFunction(call)) if call.fun.name() == "ntile")
}
