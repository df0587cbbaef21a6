//! What the kernels read: the rows of one entity, as columns.

/// The code of a state that is NULL. A row without a state counts as absent wherever states are read.
pub const NULL_STATE: u32 = u32::MAX;

/// One entity's rows in the caller's order, which is by time and then by tiebreak columns.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    /// When each row happened, ascending, in one unit throughout; equal times are ties.
    pub times: &'a [i64],
    /// Which conditions hold in each row: bit k-1 is condition k, and NULL is false.
    pub conditions: &'a [u64],
}
