//! Our own steps of a physical plan, one folder each.
//!
//! | folder | what it does |
//! |---|---|
//! | [`aggregates`] | the engine's aggregates, with conditions on text computed once per entry |
//! | `entities` | what operators over rows sorted by entity share |
//! | [`pace`] | bounds how long its consumer works before the query can be cancelled or another one gets its turn |
//! | [`sequence`] | runs a function over each entity's rows in the order of time |
//! | [`totals`] | adds up groups of neighbouring rows |

pub mod aggregates;
mod entities;
pub mod pace;
pub mod sequence;
pub mod totals;
