//! Conversion: which share reached the next step.
//!
//! | input | `conversion_rate` | `conversion_summary` |
//! |---|---|---|
//! | NULL | row ignored | row ignored |
//! | no rows | NULL | n 0, reached 0, the rest NULL |
//! | one row, none or all reached | 0 or 1 | std_error 0, interval with width |

mod conversion_rate;
mod conversion_summary;

use super::function::Function;

/// The family's functions.
pub(super) fn functions() -> Vec<Function> {
    vec![conversion_rate::function(), conversion_summary::function()]
}

/// The heading of the family in the reference.
const FAMILY: &str = "Conversion";
