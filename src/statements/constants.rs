//! Constants that can't be computed, such as `1 / 0`: Postgres computes them as it plans, so a client learns of them before it is
//! told of any columns. Immutable functions of constants are constants too, but not what CASE, AND, OR or coalesce may never ask
//! for.

use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};

use super::context::Context;
use crate::error::{Error, Result};

/// The class of SQLSTATEs that say something of a value.
const DATA_EXCEPTION: &str = "22";

/// The first error that the constants of a plan give.
pub(super) fn fault(context: &Context, plan: &LogicalPlan) -> Result<Option<Error>> {
    let mut fault = None;
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if part.short_circuits() {
                    return Ok(TreeNodeRecursion::Jump);
                }
                if !is_constant(part)? {
                    return Ok(TreeNodeRecursion::Continue);
                }
                fault = compute(context, part).err().filter(|error| error.state().code().starts_with(DATA_EXCEPTION));
                Ok(if fault.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Jump })
            })
        })
    })?;
    Ok(fault)
}

/// Whether an expression computes a value from constants alone. Casts of literals are none: a long VALUES is full of them.
fn is_constant(expression: &Expr) -> Result<bool> {
    let (mut varies, mut computes) = (false, false);
    expression.apply(|part| {
        match part {
            Expr::Literal(..) | Expr::Cast(_) | Expr::Alias(_) => {}
            Expr::BinaryExpr(_) | Expr::Negative(_) => computes = true,
            Expr::ScalarFunction(call) => {
                computes = true;
                varies = call.func.signature().volatility != Volatility::Immutable;
            }
            _ => varies = true,
        }
        varies |= part.short_circuits();
        Ok(if varies { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(computes && !varies)
}

fn compute(context: &Context, constant: &Expr) -> Result<()> {
    let expression = context.engine.create_physical_expr(constant.clone(), &DFSchema::empty())?;
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    expression.evaluate(&RecordBatch::try_new_with_options(Schema::empty().into(), vec![], &one_row)?)?;
    Ok(())
}
