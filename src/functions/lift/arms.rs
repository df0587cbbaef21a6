//! What the functions of lift share: their arguments, how a row enters its arm, and the summary of the arms.

use crate::error::Result;
use crate::functions::adapter::{Constants, Row, Writer};
use crate::functions::entry::{Argument, Column, Kind, LEVEL};
use crate::stats::difference::Arms;

const VALUE: Argument = Argument::required("value", Kind::Number, "The outcome of a customer, one row each.");
const TREATED: Argument =
    Argument::required("treated", Kind::Boolean, "Whether the customer was in the treated arm; false for control.");
const BASELINE: Argument = Argument::optional(
    "baseline",
    Kind::Number,
    "A value of the customer from before the assignment, which takes out what it explains (CUPED). It must not depend on \
     the treatment. A row where it is NULL counts unadjusted.",
);
const EXPECTED_SHARE: Argument = Argument::optional(
    "expected_share",
    Kind::Share,
    "Share of customers that the assignment sends to the treated arm, a constant; .5 by default.",
);

/// Rows at which the always-valid interval is least wide.
const ALWAYS_VALID_TUNED_AT: f64 = 5000.0;

/// Arguments of the plain functions.
pub(super) const ARGUMENTS: &[Argument] = &[VALUE, TREATED, BASELINE];
/// Arguments of the summaries.
pub(super) const SUMMARY_ARGUMENTS: &[Argument] = &[VALUE, TREATED, BASELINE, LEVEL, EXPECTED_SHARE];

pub(super) const NULLS: &str = "a row without value or `treated` is ignored; one without `baseline` counts unadjusted. \
                                NULL where an arm is empty.";
pub(super) const SUMMARY_NULLS: &str = "a row without value or `treated` is ignored; one without `baseline` counts \
                                        unadjusted. No lift where an arm is empty; no standard error where one has fewer than two \
                                        rows; no p-value where neither varies; no relative lift where the control arm's mean \
                                        is not above 0, and no Fieller's interval where that mean may be 0.";
pub(super) const SUMMARY_ERRORS: &str = "22023 where `level` or `expected_share` is not a constant strictly between 0 and 1; 22003 beyond the type's range.";
pub(super) const COST: &str = "constant time per row, 144 bytes per group.";
pub(super) const SOURCE: &str = "Deng, Xu, Kohavi & Walker (2013), Improving the sensitivity of online controlled experiments by \
                                 utilizing pre-experiment data.";
pub(super) const SUMMARY_SOURCE: &str = "Welch (1947), The generalization of Student's problem; CUPED: Deng, Xu, Kohavi & Walker \
                                         (2013); relative lift by the delta method and by Fieller (1954); the always-valid interval by \
                                         Howard, Ramdas, McAuliffe & Sekhon (2021) with Robbins' mixture, least wide at 5,000 rows.";

/// The columns of a summary, with the KPI's name for the lift.
pub(super) const fn columns(lift: &'static str) -> [Column; 15] {
    [
        Column::count("n", "rows of the treated arm"),
        Column::count("n_control", "rows of the control arm"),
        Column::number(lift, "mean of the treated arm minus mean of the control arm"),
        Column::number("std_error", "its standard error, variances not pooled"),
        Column::number("ci_low", "lower end of its interval"),
        Column::number("ci_high", "upper end of its interval"),
        Column::number("p_value", "two-sided p-value of no difference"),
        Column::number("relative_lift", "the lift as a share of the control arm's mean"),
        Column::number("relative_ci_low", "lower end of its interval"),
        Column::number("relative_ci_high", "upper end of its interval"),
        Column::number(
            "fieller_ci_low",
            "lower end of Fieller's interval of the relative lift, right also where control's mean is hardly known",
        ),
        Column::number("fieller_ci_high", "upper end of it; both NULL where it has no end, as control's mean may be 0"),
        Column::number(
            "always_valid_ci_low",
            "lower end of an interval of the lift that holds however often one looks",
        ),
        Column::number("always_valid_ci_high", "upper end of it"),
        Column::number("srm_p_value", "p-value of the arms having their expected sizes; below .001 distrust the lift"),
    ]
}

/// Adds the row to its arm.
pub(super) fn insert(state: &mut Arms, row: &Row) -> Result<()> {
    if let (Some(value), Some(treated)) = (row.number(0)?, row.boolean(1)) {
        state.insert(treated, value, row.number(2)?);
    }
    Ok(())
}

/// Writes the difference of the arms.
pub(super) fn difference(state: &Arms, answer: &mut Writer) {
    answer.number(state.difference().map(|difference| difference.estimate));
}

/// Writes the summary of the arms.
pub(super) fn summary(state: &Arms, constants: &Constants, answer: &mut Writer) {
    let level = constants.level(3);
    let difference = state.difference();
    let interval = difference.and_then(|difference| difference.interval(level));
    let relative = difference.and_then(|difference| difference.relative(level));
    let relative_interval = relative.and_then(|relative| relative.interval);
    let fieller = relative.and(difference).and_then(|difference| difference.fieller(level));
    let always_valid = difference.and_then(|difference| difference.always_valid(level, ALWAYS_VALID_TUNED_AT));
    answer.count(state.treated.n());
    answer.count(state.control.n());
    answer.number(difference.map(|difference| difference.estimate));
    answer.number(difference.and_then(|difference| difference.std_error));
    answer.number(interval.map(|interval| interval.low));
    answer.number(interval.map(|interval| interval.high));
    answer.number(difference.and_then(|difference| difference.p_value()));
    answer.number(relative.map(|relative| relative.estimate));
    answer.number(relative_interval.map(|interval| interval.low));
    answer.number(relative_interval.map(|interval| interval.high));
    answer.number(fieller.map(|interval| interval.low));
    answer.number(fieller.map(|interval| interval.high));
    answer.number(always_valid.map(|interval| interval.low));
    answer.number(always_valid.map(|interval| interval.high));
    answer.number(state.sample_ratio_p_value(constants.get(4).unwrap_or(0.5)));
}
