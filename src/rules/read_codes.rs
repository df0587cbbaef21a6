//! Has sequence functions read text as dictionaries from sources that hold it so. Twenty million rows with text ids: entities
//! are found by comparing numbers in place of texts, conditions computed per entry in place of per row.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;

use crate::operators::{sequence, totals};

/// See the module.
#[derive(Debug, Default)]
pub struct ReadCodes;

impl PhysicalOptimizerRule for ReadCodes {
    fn name(&self) -> &str {
        "ReadCodes"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = plan.transform_up(|node| {
            let coded = match sequence::in_codes(&node)? {
                None => totals::in_codes(&node)?,
                coded => coded,
            };
            Ok(match coded {
                Some(coded) => Transformed::yes(coded),
                None => Transformed::no(node),
            })
        });
        Ok(plan?.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}
