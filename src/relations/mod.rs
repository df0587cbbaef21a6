//! Table functions over a relation's rows. Most read them in the order of time: each reads its named arguments and plans the sequence
//! operator with a kernel of its own; the algorithms are in `sequence`. Those of `customers` plan aggregates, whose formulas are in
//! `stats`.
//!
//! | file | what |
//! |---|---|
//! | `planner` | finds their calls in FROM |
//! | `function` | the list |
//! | `entry` | what a function says of itself: signature, documentation |
//! | `call`, `input`, `rows`, `times`, `periods` | arguments: by name; the relation; entity and time; spans of time; the calendar |
//! | `customers` | forecasts of lifetime value |
//! | the others | one function each |

mod attribution;
mod call;
mod customers;
mod entry;
mod function;
mod funnel;
mod funnel_steps;
mod input;
mod paths;
mod periods;
mod planner;
mod retention_cohorts;
mod rows;
mod sessions;
mod state_intervals;
mod times;
mod transitions;

pub use entry::{Argument, Column, Entry};
pub use function::{TableFunction, table_functions};
pub use planner::Relations;
