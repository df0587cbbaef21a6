//! What a plan tells its scan once nothing reads a column for its own sake.

/// Asks the source of a plan, by way of [`with_new_state`], to leave out a column of its own, because another one determines it and
/// what is above needs only to see rows of one value of that other side by side. A source that knows both to be so of all its rows
/// answers with a plan that gives the other columns in the same order of rows.
///
/// [`with_new_state`]: datafusion::physical_plan::ExecutionPlan::with_new_state
#[derive(Debug, Clone, Copy)]
pub struct Determined {
    /// The column to leave out.
    pub column: usize,
    /// The one that determines it.
    pub by: usize,
}
