//! Levers: what an investment in content, teams and channels returns.
//!
//! | input | `roi` |
//! |---|---|
//! | NULL | NULL |
//! | cost 0 or below | NULL: there is nothing to return on |
//! | NaN, infinity | error 22023 |

mod roi;

use super::function::Function;

/// The family's functions.
pub(super) fn functions() -> Vec<Function> {
    vec![roi::function()]
}

/// The heading of the family in the reference.
const FAMILY: &str = "Levers";
