//! Tells scans that nothing above needs their rows in order. A scan of a sorted table may have to merge files for the order it
//! declares; a count or a sum shouldn't wait for that.
//!
//! It goes down from the root and keeps in mind whether the order is wanted: an operator may ask for one, and one that passes its
//! input's order on wants it where its own consumer does. A limit wants it always: it may be what is left of a sort that the
//! scan made needless.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::limit::GlobalLimitExec;

use crate::model::AnyOrder;

/// See the module.
#[derive(Debug, Default)]
pub struct ReleaseOrder;

impl PhysicalOptimizerRule for ReleaseOrder {
    fn name(&self) -> &str {
        "ReleaseOrder"
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        release(plan, false)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn release(node: Arc<dyn ExecutionPlan>, wanted: bool) -> Result<Arc<dyn ExecutionPlan>> {
    let wanted = wanted || node.fetch().is_some() || node.is::<GlobalLimitExec>();
    if node.children().is_empty() {
        let released = if wanted { None } else { node.with_new_state(Arc::new(AnyOrder)) };
        return Ok(released.unwrap_or(node));
    }
    let (asked, kept) = (node.required_input_ordering(), node.maintains_input_order());
    let children = node.children().into_iter().cloned().zip(asked).zip(kept);
    let children = children.map(|((child, asked), kept)| release(child, asked.is_some() || wanted && kept));
    let children = children.collect::<Result<Vec<_>>>()?;
    replace_children_if_necessary(node, children)
}
