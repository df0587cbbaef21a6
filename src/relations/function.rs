//! The list of all table functions.

use datafusion::logical_expr::LogicalPlan;

use super::call::Call;
use super::customers::{clv_forecast, clv_model};
use super::entry::Entry;
use super::{attribution, funnel, funnel_steps, paths, retention_cohorts, sessions, state_intervals, transitions};
use crate::error::Result;

/// A table function and its entry in the reference.
#[derive(Debug, Clone, Copy)]
pub struct TableFunction {
    /// What it is.
    pub entry: &'static Entry,
    pub(super) plan: fn(Call<'_>) -> Result<LogicalPlan>,
}

/// Every table function, family by family.
pub fn table_functions() -> Vec<TableFunction> {
    vec![
        funnel::function(),
        funnel_steps::function(),
        transitions::function(),
        paths::function(),
        retention_cohorts::function(),
        state_intervals::function(),
        sessions::function(),
        attribution::function(),
        clv_forecast::function(),
        clv_model::function(),
    ]
}
