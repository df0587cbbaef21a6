//! Which numbers are of double precision to Postgres, too: the engine has doubles where Postgres has numerics, of literals with a
//! point and of the mean of integers. They round differently: doubles halfway between two integers go to the even one, numerics
//! away from zero.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;

/// Functions that Postgres has for both, and whose answer is of their argument's type.
const OF_EITHER: [&str; 10] =
    ["abs", "ceil", "coalesce", "floor", "greatest", "least", "nullif", "round", "signum", "trunc"];

/// Whether an expression, which is a double or a real here, is one in Postgres; `below` are the plans whose columns it reads.
pub(super) fn is_double(expression: &Expr, below: &[&LogicalPlan]) -> bool {
    let double = |part: &Expr| is_double(part, below);
    match expression {
        Expr::Column(column) => below.iter().any(|plan| is_double_of(column, plan)),
        Expr::Literal(value, _) => matches!(value, ScalarValue::Float32(_)),
        Expr::Cast(cast) => cast.field.data_type().is_floating(),
        Expr::Alias(alias) => is_double(&alias.expr, below),
        Expr::Negative(inner) => is_double(inner, below),
        Expr::BinaryExpr(binary) => double(&binary.left) || double(&binary.right),
        Expr::Case(case) => {
            let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            thens.chain(case.else_expr.as_deref()).any(double)
        }
        Expr::ScalarFunction(call) if OF_EITHER.contains(&call.name()) => call.args.iter().any(double),
        // Of an integer these are double precision, of a numeric numeric.
        Expr::ScalarFunction(call) if ["exp", "ln", "log", "power", "sqrt"].contains(&call.name()) => {
            call.args.iter().any(double) || call.args.iter().any(|argument| is_integer(argument, below))
        }
        Expr::AggregateFunction(call) => of_aggregate(call.func.name(), &call.params.args, below),
        Expr::WindowFunction(call) => of_aggregate(call.fun.name(), &call.params.args, below),
        Expr::ScalarSubquery(subquery) => {
            let column = subquery.subquery.schema().columns().into_iter().next();
            column.is_some_and(|column| is_double_of(&column, &subquery.subquery))
        }
        _ => true,
    }
}

/// Sums, means and what measures spread are numeric of integers and numerics.
fn of_aggregate(name: &str, arguments: &[Expr], below: &[&LogicalPlan]) -> bool {
    const OF_ITS_ARGUMENT: [&str; 13] = [
        "avg",
        "first_value",
        "lag",
        "last_value",
        "lead",
        "max",
        "min",
        "nth_value",
        "stddev",
        "stddev_pop",
        "sum",
        "var",
        "var_pop",
    ];
    match arguments.first() {
        Some(argument) if OF_ITS_ARGUMENT.contains(&name) => !is_integer(argument, below) && is_double(argument, below),
        _ => true,
    }
}

fn is_integer(expression: &Expr, below: &[&LogicalPlan]) -> bool {
    below.iter().any(|plan| expression.get_type(plan.schema()).is_ok_and(|kind| kind.is_integer()))
}

/// Whether a column of a plan is one.
fn is_double_of(column: &Column, plan: &LogicalPlan) -> bool {
    let Some(at) = plan.schema().maybe_index_of_column(column) else { return false };
    plan.schema().field(at).data_type().is_floating() && is_double_at(at, plan)
}

fn is_double_at(at: usize, plan: &LogicalPlan) -> bool {
    let inputs = plan.inputs();
    let of_input = |at: usize| inputs.first().is_some_and(|input| is_double_at(at, input));
    match plan {
        LogicalPlan::TableScan(scan) => match scan.source.get_logical_plan() {
            Some(view) => is_double_at(scan.projection.as_ref().map_or(at, |kept| kept[at]), &view),
            None => true,
        },
        LogicalPlan::Projection(projection) => is_double(&projection.expr[at], &inputs),
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Distinct(_) | LogicalPlan::Union(_) => of_input(at),
        LogicalPlan::Aggregate(aggregate) => match at.checked_sub(aggregate.group_expr.len()) {
            Some(at) => aggregate.aggr_expr.get(at).is_none_or(|call| is_double(call, &inputs)),
            None => is_double(&aggregate.group_expr[at], &inputs),
        },
        LogicalPlan::Window(window) => match at.checked_sub(window.input.schema().fields().len()) {
            Some(at) => window.window_expr.get(at).is_none_or(|call| is_double(call, &inputs)),
            None => of_input(at),
        },
        LogicalPlan::Values(values) => values.values.iter().any(|row| is_double(&row[at], &[])),
        _ if inputs.is_empty() => true,
        other => {
            let column = Column::from(other.schema().qualified_field(at));
            inputs.iter().any(|input| is_double_of(&column, input))
        }
    }
}

/// `round(x)` of a double: to the nearest integer, halves to the even one.
pub(super) fn round_to_even(number: Expr) -> Expr {
    ScalarUDF::from(RoundToEven { signature: Signature::any(1, Volatility::Immutable) }).call(vec![number])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RoundToEven {
    signature: Signature,
}

impl ScalarUDFImpl for RoundToEven {
    fn name(&self) -> &str {
        "round"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match &call.args[0] {
            ColumnarValue::Scalar(number) => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&rounded(&number.to_array()?)?, 0)?))
            }
            ColumnarValue::Array(numbers) => Ok(ColumnarValue::Array(rounded(numbers)?)),
        }
    }
}

fn rounded(numbers: &ArrayRef) -> Result<ArrayRef> {
    let numbers = cast(numbers, &DataType::Float64)?;
    let numbers: &Float64Array = numbers.as_primitive::<Float64Type>();
    Ok(Arc::new(numbers.unary::<_, Float64Type>(f64::round_ties_even)))
}
