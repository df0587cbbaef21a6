//! What a plan tells its scans once it knows that nobody asks for their order.

/// Nothing above needs the rows in order. A scan that works for the order it declares, and is given this by
/// `ExecutionPlan::with_new_state`, may stop doing so.
#[derive(Debug, Clone, Copy)]
pub struct AnyOrder;
