//! Expressions computed, visited and moved.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::PhysicalExpr;

use crate::error::Result;

/// The values for a batch's rows.
pub fn evaluate(expression: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<ArrayRef> {
    Ok(expression.evaluate(batch)?.into_array(batch.num_rows())?)
}

/// Calls for each expression until told to stop: an operator's `apply_expressions`.
pub fn visit<'a>(
    expressions: impl IntoIterator<Item = &'a Arc<dyn PhysicalExpr>>,
    f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> datafusion::common::Result<TreeNodeRecursion>,
) -> datafusion::common::Result<TreeNodeRecursion> {
    for expression in expressions {
        if f(expression)? == TreeNodeRecursion::Stop {
            return Ok(TreeNodeRecursion::Stop);
        }
    }
    Ok(TreeNodeRecursion::Continue)
}

/// The expression over a batch in which its columns stand elsewhere.
pub fn with_places(
    expression: Arc<dyn PhysicalExpr>,
    place: impl Fn(&Column) -> usize,
) -> datafusion::common::Result<Arc<dyn PhysicalExpr>> {
    let moved = expression.transform(|e| match e.downcast_ref::<Column>() {
        Some(column) => {
            let moved: Arc<dyn PhysicalExpr> = Arc::new(Column::new(column.name(), place(column)));
            Ok(Transformed::yes(moved))
        }
        None => Ok(Transformed::no(e)),
    });
    Ok(moved?.data)
}
