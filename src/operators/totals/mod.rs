//! `GROUP BY` what rows are sorted by, for plain totals: one pass that compares neighbours, no hash table, and all filtered
//! aggregates of a value at once.
//!
//! ```text
//! SELECT account_id, min(occurred_at) FILTER (WHERE channel = 'web'), min(occurred_at) FILTER (WHERE channel = 'call'), ...
//!
//! AggregateExec      a hash per row, then per aggregate a filter, a copy of what it leaves, and a pass over that
//! TotalsExec         per row its conditions as bits, and one minimum per bit that is set
//! ```
//!
//! | file | what |
//! |---|---|
//! | `exec` | which aggregates it takes over, and the plan node |
//! | `stream` | cuts batches into groups |
//! | `total` | the totals themselves: count, sum, min, max |

mod exec;
mod stream;
mod total;

pub use exec::{in_codes, in_totals, picking, without_owner};
