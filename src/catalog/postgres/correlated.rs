//! Subqueries over system relations that DataFusion can't decorrelate, evaluated row by row.
//!
//! DataFusion turns a correlated scalar subquery into a join, which works where it aggregates and is correlated by
//! equality alone. Catalog queries are full of others: `(SELECT collname FROM pg_collation, pg_type WHERE ..)`. Catalogs
//! are small, so such a subquery becomes a function of the outer columns it uses, which plans the subquery once and runs
//! that plan for each distinct set of values. Only subqueries that read nothing but system relations are concerned.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::datatypes::{DataType, FieldRef};
use async_trait::async_trait;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::datasource::source_as_provider;
use datafusion::error::Result;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Subquery, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionConfig;
use datafusion::scalar::ScalarValue;

use super::provider::SystemTable;
use crate::error::{Error, SqlState};

/// The rule; it stands before DataFusion's own, so that they see the function.
#[derive(Debug, Default)]
pub struct EvaluateCorrelated;

impl AnalyzerRule for EvaluateCorrelated {
    fn name(&self) -> &str {
        "evaluate_correlated"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| {
            node.map_expressions(|expr| {
                expr.transform_up(|expr| match expr {
                    Expr::ScalarSubquery(subquery) if is_concerned(&subquery)? => evaluated(subquery),
                    expr => Ok(Transformed::no(expr)),
                })
            })
        })
        .map(|transformed| transformed.data)
    }
}

/// Whether a subquery uses outer columns and reads system relations alone.
fn is_concerned(subquery: &Subquery) -> Result<bool> {
    if subquery.outer_ref_columns.is_empty() {
        return Ok(false);
    }
    let mut system_only = true;
    subquery.subquery.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            system_only &= provider.downcast_ref::<SystemTable>().is_some();
        }
        Ok(if system_only { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    })?;
    Ok(system_only)
}

/// The subquery as a function of its outer columns.
fn evaluated(subquery: Subquery) -> Result<Transformed<Expr>> {
    let columns: Vec<Expr> = subquery.outer_ref_columns.iter().map(inner_of_outer).collect();
    let function = Evaluate {
        result: Arc::clone(&subquery.subquery.schema().fields()[0]),
        outer: subquery.outer_ref_columns,
        plan: subquery.subquery,
        signature: Signature::variadic_any(Volatility::Volatile),
    };
    let function = Arc::new(AsyncScalarUDF::new(Arc::new(function)).into_scalar_udf());
    Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, columns))))
}

/// An outer column as the outer query itself names it.
fn inner_of_outer(expr: &Expr) -> Expr {
    match expr {
        Expr::OuterReferenceColumn(_, column) => Expr::Column(column.clone()),
        other => other.clone(),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Evaluate {
    plan: Arc<LogicalPlan>,
    outer: Vec<Expr>,
    result: FieldRef,
    signature: Signature,
}

impl Hash for Evaluate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.plan.hash(state);
    }
}

impl ScalarUDFImpl for Evaluate {
    fn name(&self) -> &str {
        "correlated_subquery"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.result.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(self.result.as_ref().clone().with_nullable(true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(Error::internal("a correlated subquery was called without being awaited").into())
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for Evaluate {
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        if args.number_rows == 0 {
            return Ok(ColumnarValue::Array(arrow::array::new_empty_array(self.result.data_type())));
        }
        let bound = Bound::plan(self).await?;
        let mut known: HashMap<Vec<ScalarValue>, ScalarValue> = HashMap::new();
        let mut values = Vec::with_capacity(args.number_rows);
        for row in 0..args.number_rows {
            let outer = columns.iter().map(|column| ScalarValue::try_from_array(column, row));
            let outer = outer.collect::<Result<Vec<_>>>()?;
            let value = match known.get(&outer) {
                Some(value) => value.clone(),
                None => {
                    let value = bound.value(outer.clone(), self.result.data_type()).await?;
                    known.insert(outer, value.clone());
                    value
                }
            };
            values.push(value);
        }
        Ok(ColumnarValue::Array(ScalarValue::iter_to_array(values)?))
    }
}

/// A subquery planned once, in which functions stand for the outer columns.
struct Bound {
    plan: Arc<dyn ExecutionPlan>,
    outer: Arc<Mutex<Vec<ScalarValue>>>,
}

impl Bound {
    async fn plan(subquery: &Evaluate) -> Result<Self> {
        let outer: Arc<Mutex<Vec<ScalarValue>>> = Arc::default();
        let functions = subquery.outer.iter().enumerate().map(|(at, column)| {
            let (Expr::OuterReferenceColumn(field, _), outer) = (column, outer.clone()) else { return column.clone() };
            let signature = Signature::nullary(Volatility::Volatile);
            let function = OuterValue { outer, at, data_type: field.data_type().clone(), signature };
            Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(function)), vec![]))
        });
        let functions: Vec<Expr> = functions.collect();
        let bind = |expr: Expr| match subquery.outer.iter().position(|column| *column == expr) {
            Some(at) => Transformed::yes(functions[at].clone()),
            None => Transformed::no(expr),
        };
        let plan = subquery.plan.as_ref().clone().transform_up_with_subqueries(|node| {
            // A lateral item, such as unnest() of an outer column, depends on nothing any more.
            let node = match node {
                LogicalPlan::Subquery(lateral) => Arc::unwrap_or_clone(lateral.subquery),
                node => node,
            };
            node.map_expressions(|expr| expr.transform_up(|expr| Ok(bind(expr))))
        })?;
        Ok(Self { plan: state().create_physical_plan(&plan.data).await?, outer })
    }

    /// The subquery's one value for the values of the outer columns; NULL without a row, 21000 for more than one.
    async fn value(&self, outer: Vec<ScalarValue>, result: &DataType) -> Result<ScalarValue> {
        *self.outer.lock().unwrap_or_else(PoisonError::into_inner) = outer;
        let batches = collect(reset_plan_states(self.plan.clone())?, state().task_ctx()).await?;
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        if rows > 1 {
            let message = "more than one row returned by a subquery used as an expression";
            return Err(Error::new(SqlState::CardinalityViolation, message).into());
        }
        match batches.iter().find(|batch| batch.num_rows() == 1) {
            Some(batch) => ScalarValue::try_from_array(batch.column(0), 0)?.cast_to(result),
            None => ScalarValue::try_from(result),
        }
    }
}

/// The value of an outer column in the row at hand; volatile, so that nothing computes it ahead.
#[derive(Debug)]
struct OuterValue {
    outer: Arc<Mutex<Vec<ScalarValue>>>,
    at: usize,
    data_type: DataType,
    signature: Signature,
}

impl PartialEq for OuterValue {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && Arc::ptr_eq(&self.outer, &other.outer)
    }
}

impl Eq for OuterValue {}

impl Hash for OuterValue {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.at.hash(state);
    }
}

impl ScalarUDFImpl for OuterValue {
    fn name(&self) -> &str {
        "outer_value"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.data_type.clone())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let outer = self.outer.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ColumnarValue::Scalar(outer.get(self.at).cloned().unwrap_or(ScalarValue::Null)))
    }
}

/// Plans subqueries: in one partition, since there is nothing to gain from more.
fn state() -> &'static SessionState {
    static STATE: LazyLock<SessionState> = LazyLock::new(|| {
        let mut state = SessionStateBuilder::new()
            .with_config(SessionConfig::new().with_target_partitions(1))
            .with_default_features()
            .build();
        state.add_analyzer_rule(Arc::new(EvaluateCorrelated));
        state
    });
    &STATE
}
