//! A question's wish for text as dictionaries.

/// Asks the source of a plan, by way of [`with_new_state`], for text columns as dictionaries with 32-bit keys, as far as it
/// holds them so. A source that does answers with a plan whose schema says which ones they are.
///
/// [`with_new_state`]: datafusion::physical_plan::ExecutionPlan::with_new_state
#[derive(Debug, Clone, Copy)]
pub struct AsCodes;
