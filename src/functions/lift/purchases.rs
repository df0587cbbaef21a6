//! What the purchase models' summaries share: their arguments, and how a fit is told.

use crate::error::Result;
use crate::functions::adapter::{Row, Writer};
use crate::functions::entry::{Argument, Column, Kind};
use crate::stats::customer_base::fit::{PurchaseModel, fit};
use crate::stats::customer_base::histories::{Histories, History};

pub(super) const ARGUMENTS: &[Argument] = &[
    Argument::required("x", Kind::Number, "Purchases of a customer after the first, one row each; 0 of most."),
    Argument::required(
        "t_x",
        Kind::Number,
        "Time from the customer's first purchase to the last, in any unit; 0 without repeats.",
    ),
    Argument::required("t", Kind::Number, "Time from the first purchase to the end of observation, in the same unit."),
];

pub(super) const NULLS: &str = "a row with a NULL is ignored; one that can't be (negative, a last purchase after the end, repeats without \
                                time or time without repeats) is counted in `dropped`. Without repeats there is nothing to fit, and where \
                                no maximum is found there are no parameters. At the boundary of the model, as where nobody seems to leave, \
                                the parameters are those at which the search came to rest, and have no standard errors.";
pub(super) const ERRORS: &str = "none of its own.";
pub(super) const COST: &str = "24 bytes per customer, kept until the group is answered; then about twenty steps over all different \
                               histories.";

/// The columns of a summary, with the names of its parameters and of their standard errors.
pub(super) const fn columns(parameters: [&'static str; 4], errors: [&'static str; 4]) -> [Column; 12] {
    [
        Column::count("n", "customers"),
        Column::count("repeating", "customers who bought again"),
        Column::count("dropped", "rows that can't be"),
        Column::number(parameters[0], "shape of the rates of buying"),
        Column::number(parameters[1], "their inverse scale, in the unit of time"),
        Column::number(parameters[2], LEAVING),
        Column::number(parameters[3], LEAVING),
        Column::number(errors[0], ERROR),
        Column::number(errors[1], ERROR),
        Column::number(errors[2], ERROR),
        Column::number(errors[3], ERROR),
        Column::number("log_likelihood", "the log-likelihood at its maximum"),
    ]
}

const LEAVING: &str = "parameter of how customers leave";
const ERROR: &str = "standard error, by the delta method from the logarithm's";

/// Adds the row's customer.
pub(super) fn insert(state: &mut Histories, row: &Row) -> Result<()> {
    if let (Some(repeats), Some(recency), Some(age)) = (row.number(0)?, row.number(1)?, row.number(2)?) {
        state.insert(History { repeats, recency, age });
    }
    Ok(())
}

/// Writes the fit of a model.
pub(super) fn summary<M: PurchaseModel>(state: &Histories, answer: &mut Writer) {
    let fitted = fit::<M>(state);
    let parameters = fitted.as_ref().map(|fitted| fitted.model.parameters());
    let errors = fitted.as_ref().and_then(|fitted| fitted.std_errors(fitted.model.parameters()));
    answer.count(state.n());
    answer.count(state.repeating());
    answer.count(state.dropped);
    (0..4).for_each(|i| answer.number(parameters.map(|parameters| parameters[i])));
    (0..4).for_each(|i| answer.number(errors.map(|errors| errors[i])));
    answer.number(fitted.map(|fitted| fitted.ln_likelihood));
}
