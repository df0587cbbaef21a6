//! Lift: lifetime value and profitability, and what a treatment adds to them.
//!
//! | input | `clv`, `cp` | `clv_lift`, `cp_lift` | `_summary` |
//! |---|---|---|---|
//! | NULL value | not a term | row ignored | row ignored |
//! | NULL `treated` | | row ignored | row ignored |
//! | NULL `baseline` | | row counts unadjusted | row counts unadjusted |
//! | `baseline` the same in all rows | | changes nothing | changes nothing |
//! | no rows | NULL | NULL | n and n_control 0, the rest NULL |
//! | an arm empty | | NULL | only n, n_control and srm_p_value |
//! | an arm of one row | | the difference | no std_error, interval or p_value |
//! | neither arm varies | | the difference | std_error 0, intervals without width, no p_value |
//! | mean of control not above 0 | | the difference | no relative lift |
//! | mean of control that the data don't tell from 0 | | the difference | no Fieller's interval |
//! | NaN, infinity | error 22023 | error 22023 | error 22023 |
//! | a result beyond the type's range | error 22003 | error 22003 | error 22003 |

mod arms;
mod bg_nbd_summary;
mod clv;
mod clv_lift;
mod clv_lift_summary;
mod cp;
mod cp_lift;
mod cp_lift_summary;
mod gamma_gamma_summary;
mod mbg_nbd_summary;
mod pareto_nbd_summary;
mod purchases;

use super::function::Function;

/// The family's functions.
pub(super) fn functions() -> Vec<Function> {
    vec![
        clv::function(),
        cp::function(),
        clv_lift::function(),
        clv_lift_summary::function(),
        cp_lift::function(),
        cp_lift_summary::function(),
        bg_nbd_summary::function(),
        mbg_nbd_summary::function(),
        pareto_nbd_summary::function(),
        gamma_gamma_summary::function(),
    ]
}

/// The heading of the family in the reference.
const FAMILY: &str = "Lift";
