//! A sequence function over rows without what their entity belongs to.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_plan::ExecutionPlan;

use super::exec::SequenceExec;

/// The same function over rows without the account that their contact belongs to, if the plan is one that doesn't give it.
pub fn without_owner(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(sequence) = plan.downcast_ref::<SequenceExec>() else {
        return Ok(None);
    };
    Ok(sequence.without_owner()?.map(|sequence| Arc::new(sequence) as Arc<dyn ExecutionPlan>))
}
