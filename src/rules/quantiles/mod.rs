//! Quantiles of one column together: `percentile_cont` of .25, .5 and .75 collects the values once, not three times, and finds
//! the quartiles in halves of what the median has parted. It interpolates as Postgres does; the engine's own rounds the way
//! between two values to a millionth.
//!
//! | file | what it is for |
//! |---|---|
//! | `rule` | puts one call of our function in the place of the engine's over the same rows |
//! | `function` | the function, and its values where there are no groups |
//! | `groups` | its values by group |
//! | `select` | the quantiles of values |

mod function;
mod groups;
mod rule;
mod select;

pub use rule::Quantiles;
