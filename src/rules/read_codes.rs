//! Has sequence functions, totals and conditions of aggregates read text as dictionaries from sources that hold it so. Twenty million rows with text ids: entities
//! are found by comparing numbers in place of texts, conditions computed per entry in place of per row.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use crate::operators::{aggregates, sequence, totals};

/// See the module.
#[derive(Debug, Default)]
pub struct ReadCodes;

impl PhysicalOptimizerRule for ReadCodes {
    fn name(&self) -> &str {
        "ReadCodes"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(|node| {
            for in_codes in [sequence::in_codes, totals::in_codes, aggregates::in_codes] {
                if let Some(coded) = in_codes(&node)?
                    && keeps_order(&node, &coded)?
                {
                    return Ok(Transformed::yes(coded));
                }
            }
            Ok(Transformed::no(node))
        });
        Ok(plan?.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether rows come and go in the order in which they did. A filter over codes says less of its rows than one over texts: that a
/// column is constant, by which an order may have been one.
fn keeps_order(node: &Arc<dyn ExecutionPlan>, coded: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    for (child, required) in coded.children().into_iter().zip(coded.required_input_ordering()) {
        if let Some(required) = required
            && !child.equivalence_properties().ordering_satisfy_requirement(required.into_single())?
        {
            return Ok(false);
        }
    }
    match node.output_ordering() {
        Some(order) => coded.equivalence_properties().ordering_satisfy(order.clone()),
        None => Ok(true),
    }
}
