//! Intervals are compared as Postgres compares them: by their length, of which a month has thirty days and a day has 24 hours.
//!
//! The engine compares months, then days, then the rest: `1 month` is more than `40 days`, and `1 day` is not `24 hours`. Where
//! intervals are compared, the rule puts their length, a number, in their place:
//!
//! ```text
//! a < b, a IN (b, c), JOIN ON a = b      length(a) < length(b), ...
//! ORDER BY a, OVER (ORDER BY a)          ORDER BY length(a)
//! min(a)                                 first_value(a ORDER BY length(a))
//! GROUP BY a, SELECT DISTINCT a          GROUP BY length(a), and first_value(a) for a
//! ```
//!
//! What is shown is one of the values, as in Postgres, not the length.
//!
//! | file | what |
//! |---|---|
//! | `rule` | the rule |
//! | `groups` | groups by intervals |
//! | `length` | the function |

mod groups;
mod length;
mod rule;

pub use rule::CompareIntervals;
