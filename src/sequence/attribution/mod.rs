//! Multi-touch attribution: which touches a conversion is credited to, and how much of it each touch gets.
//!
//! 1. `windows` gives each conversion its touches, a range of rows.
//! 2. `Model` says how much of the conversion each touch of the range gets.
//! 3. `CreditByCode` takes both steps at once where only a sum per channel, content or team is asked for.
//!
//! | degenerate input | result |
//! |---|---|
//! | a conversion without a touch in its window | an empty range: its value stays unattributed |
//! | one touch | it gets everything, by every model |
//! | a milestone nobody holds, or no touch left for the rest | the other weights are scaled so that they sum to 1 |
//! | several conversions at one instant | each has its full window, with `reset` too |
//! | a window that starts after its conversion | empty |
//!
//! Times are in one unit, and so are the lookback and the half-life. Equal times keep the order of the rows: the first
//! touch is the first row of the window and the last touch its last row.

mod credit;
mod decay;
mod model;
mod shares;
#[cfg(test)]
mod tests;
mod windows;

pub use credit::{CreditByCode, Entity};
pub use model::{Milestones, Model, Path};
pub use windows::{Lookback, Windows, windows};
