//! Makes integer arithmetic fail (22003) where its result doesn't fit its type.
//!
//! The engine's `+`, `-` and `*` wrap around: `9223372036854775807 + 1` is -9223372036854775808. Its physical expressions
//! have a switch for that, but constants are folded before a physical rule could turn it on, and each kind of plan node
//! keeps its expressions elsewhere. So the rule replaces the operators while the plan is still logical. Division is checked
//! by the engine itself, and so is the arithmetic of numerics and times.

use std::sync::Arc;

use arrow::array::{ArrayRef, Datum};
use arrow::compute::kernels::numeric::{add, mul, neg, sub};
use arrow::datatypes::{DataType, FieldRef};
use arrow::error::ArrowError;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use recursive::recursive;

use super::expressions::rewrite;
use crate::error::{Error, SqlState};

/// See the module.
#[derive(Debug)]
pub struct CheckOverflow {
    add: Arc<ScalarUDF>,
    subtract: Arc<ScalarUDF>,
    multiply: Arc<ScalarUDF>,
    negate: Arc<ScalarUDF>,
}

impl Default for CheckOverflow {
    fn default() -> Self {
        let function = |operation| Arc::new(ScalarUDF::from(Checked::new(operation)));
        Self {
            add: function(Operation::Add),
            subtract: function(Operation::Subtract),
            multiply: function(Operation::Multiply),
            negate: function(Operation::Negate),
        }
    }
}

impl AnalyzerRule for CheckOverflow {
    fn name(&self) -> &str {
        "check_overflow"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, |expression, inputs| self.check(expression, inputs))
    }
}

impl CheckOverflow {
    fn check(&self, expression: Expr, inputs: &DFSchema) -> Transformed<Expr> {
        let is_integer = |e: &Expr| is_checked(e) || e.get_type(inputs).is_ok_and(|t| t.is_integer());
        match expression {
            Expr::BinaryExpr(binary) => match self.of(binary.op) {
                Some(function) if is_integer(&binary.left) && is_integer(&binary.right) => {
                    Transformed::yes(function.call(vec![*binary.left, *binary.right]))
                }
                _ => Transformed::no(Expr::BinaryExpr(binary)),
            },
            Expr::Negative(operand) if is_integer(&operand) => Transformed::yes(self.negate.call(vec![*operand])),
            other => Transformed::no(other),
        }
    }

    fn of(&self, operator: Operator) -> Option<&ScalarUDF> {
        match operator {
            Operator::Plus => Some(&self.add),
            Operator::Minus => Some(&self.subtract),
            Operator::Multiply => Some(&self.multiply),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Negate,
}

/// One operator as a function: EXPLAIN shows it in front of its operands, column names show it between them, as before.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operation: Operation,
    signature: Signature,
}

impl Checked {
    fn new(operation: Operation) -> Self {
        let operands = if operation == Operation::Negate { 1 } else { 2 };
        Self { operation, signature: Signature::any(operands, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Add => "+",
            Operation::Subtract | Operation::Negate => "-",
            Operation::Multiply => "*",
        }
    }

    /// That of the engine's own expression. The operands are not cloned for it: a chain of them would be at every link.
    #[recursive]
    fn schema_name(&self, operands: &[Expr]) -> Result<String> {
        Ok(match operands {
            [left, right] => format!("{} {} {}", left.schema_name(), self.name(), right.schema_name()),
            _ => format!("(- {})", operands[0].schema_name()),
        })
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, operands: &[DataType]) -> Result<DataType> {
        Ok(operands[0].clone())
    }

    fn return_field_from_args(&self, operands: ReturnFieldArgs) -> Result<FieldRef> {
        let fields = operands.arg_fields;
        let nullable = fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(fields[0].as_ref().clone().with_name(self.name()).with_nullable(nullable)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (self.operation, call.args.as_slice()) {
            (Operation::Add, [left, right]) => checked(left, right, add),
            (Operation::Subtract, [left, right]) => checked(left, right, sub),
            (Operation::Multiply, [left, right]) => checked(left, right, mul),
            (Operation::Negate, [operand]) => checked(operand, operand, |operand, _| neg(operand.get().0)),
            _ => Err(Error::internal(format!("{} has too few operands", self.name())).into()),
        }
    }

    fn output_ordering(&self, operands: &[ExprProperties]) -> Result<SortProperties> {
        Ok(match (self.operation, operands) {
            (Operation::Add, [left, right]) => left.sort_properties.add(&right.sort_properties),
            (Operation::Subtract, [left, right]) => left.sort_properties.sub(&right.sort_properties),
            (Operation::Negate, [operand]) => -operand.sort_properties,
            _ => SortProperties::Unordered,
        })
    }
}

/// Whether an expression is the result of such a function, and so an integer: the engine would ask all its operands.
fn is_checked(expression: &Expr) -> bool {
    matches!(expression, Expr::ScalarFunction(call) if call.func.inner().is::<Checked>())
}

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<ArrayRef, ArrowError>;

fn checked(left: &ColumnarValue, right: &ColumnarValue, kernel: Kernel) -> Result<ColumnarValue> {
    apply(left, right, kernel).map_err(|error| match error.find_root() {
        DataFusionError::ArrowError(arrow, _) if matches!(**arrow, ArrowError::ArithmeticOverflow(_)) => {
            out_of_range(&left.data_type()).into()
        }
        _ => error,
    })
}

/// What Postgres says of a value that doesn't fit an integer type.
fn out_of_range(integer: &DataType) -> Error {
    let name = match integer {
        DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        other => other.to_string(),
    };
    Error::new(SqlState::NumericValueOutOfRange, format!("{name} out of range"))
}
