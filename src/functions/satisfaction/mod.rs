//! Satisfaction: PPP, CSAT, NPS and CES.
//!
//! | input | `ppp_score` | `csat_rescale` | `csat` | `nps` | `_summary` |
//! |---|---|---|---|---|---|
//! | NULL | counts as 0 | NULL | row ignored | row ignored | row ignored |
//! | no rows | | | NULL | NULL | n 0, the rest NULL |
//! | one row | | | the score | -100, 0 or 100 | csat: no std_error, no interval |
//! | all equal | | | the score | -100, 0 or 100 | std_error 0; csat: interval without width, nps: with |
//! | outside the scale | error 22023 | error 22023 | any scale is taken | error 22023 | as the aggregate |
//! | NaN, infinity | error 22023 | error 22023 | error 22023 | error 22023 | error 22023 |
//!
//! `ces` and `ces_summary` take what `csat` and its summary take, on a scale of 1 to 7: a score outside of it is error 22023.

mod ces;
mod ces_summary;
mod csat;
mod csat_rescale;
mod csat_summary;
mod nps;
mod nps_summary;
mod ppp_score;

use super::function::Function;

/// The family's functions.
pub(super) fn functions() -> Vec<Function> {
    vec![
        ppp_score::function(),
        csat::function(),
        csat_summary::function(),
        csat_rescale::function(),
        nps::function(),
        nps_summary::function(),
        ces::function(),
        ces_summary::function(),
    ]
}

/// The heading of the family in the reference.
const FAMILY: &str = "Satisfaction";
