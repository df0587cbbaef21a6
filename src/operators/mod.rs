//! Our own steps of a physical plan, one folder each.
//!
//! | folder | what it does |
//! |---|---|
//! | [`pace`] | bounds how long its consumer works before the query can be cancelled or another one gets its turn |

pub mod pace;
