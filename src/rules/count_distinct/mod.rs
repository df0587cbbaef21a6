//! Counts different texts per group: the engine's own `count(DISTINCT text)` keeps an accumulator per group and cuts every
//! batch into one piece for each, which costs most of a query that counts people per channel and month.
//!
//! | file | what |
//! |---|---|
//! | `rule` | puts our function in the place of the engine's |
//! | `function` | the function: the engine's, but for groups |
//! | `groups` | the groups: texts become numbers, which the engine counts well |

mod function;
mod groups;
mod rule;

pub use rule::CountDistinct;
