//! `gamma_gamma_summary(x, mean_value)`: what customers spend on a purchase, by Gamma-Gamma.

use super::FAMILY;
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Column, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::customer_base::gamma_gamma::Spending;

static ENTRY: Entry = Entry {
    name: "gamma_gamma_summary",
    family: FAMILY,
    description: "Fits Gamma-Gamma to what customers spend: a customer's purchases are gamma distributed (`p`) about a mean of the \
                  customer's own, whose inverse is gamma distributed over customers (`q`, `gamma`). Believe it where `correlation` is \
                  below .3: what customers spend must have nothing to do with how often they buy. Where `q` is at most 1, customers \
                  have no common mean. clv_forecast applies it.",
    arguments: &[
        Argument::required("x", Kind::Number, "Purchases of a customer after the first, one row each."),
        Argument::required("mean_value", Kind::Number, "Their mean value; NULL where there are none."),
    ],
    returns: Returns::Summary(&[
        Column::count("n", "customers with repeats"),
        Column::count("dropped", "customers with repeats whose mean value is not above 0"),
        Column::number("p", "shape of a customer's purchases"),
        Column::number("q", "shape of customers"),
        Column::number("gamma", "scale, in the unit of money"),
        Column::number("p_std_error", "standard error, by the delta method from the logarithm's"),
        Column::number("q_std_error", "the same of `q`"),
        Column::number("gamma_std_error", "the same of `gamma`"),
        Column::number("log_likelihood", "the log-likelihood at its maximum"),
        Column::number("correlation", "Pearson's, of repeats and their mean value"),
    ]),
    nulls: "a row without `x` or `mean_value`, or with an `x` of 0, is ignored. Fewer than three customers, and those of whom no \
            maximum is found, have no parameters. At the boundary of the model, as where all spend the same, there are no standard \
            errors.",
    errors: "none of its own.",
    cost: "16 bytes per customer with repeats, kept until the group is answered; then about twenty steps over all of them.",
    source: "Fader & Hardie (2013), The Gamma-Gamma model of monetary value.",
    example: "SELECT s['n'] AS n, round(s['p'], 3) AS p, round(s['q'], 3) AS q, round(s['gamma'], 3) AS gamma,\n       \
              round(s['p_std_error'], 2) AS p_std_error, round(s['correlation'], 3) AS correlation\n\
              FROM (SELECT gamma_gamma_summary(x, mean_value) AS s FROM (VALUES (6, 21), (4, 77), (4, 20), (2, 19), (2, 36), (1, 38), (1, 9), (1, 16),\n                   \
              (2, 19), (5, 31), (4, 66), (6, 17), (4, 25), (4, 22)) AS t(x, mean_value));",
    output: "\
+----+-------+-------+--------+-------------+-------------+
| n  | p     | q     | gamma  | p_std_error | correlation |
+----+-------+-------+--------+-------------+-------------+
| 14 | 6.502 | 5.431 | 20.436 | 7.79        | 0.15        |
+----+-------+-------+--------+-------------+-------------+",
};

pub(super) fn function() -> Function {
    aggregate::<GammaGammaSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct GammaGammaSummary;

impl Aggregate for GammaGammaSummary {
    type State = Spending;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Spending, row: &Row) -> Result<()> {
        match (row.number(0)?, row.number(1)?) {
            (Some(repeats), Some(value)) if repeats != 0.0 => state.insert(repeats, value),
            _ => {}
        }
        Ok(())
    }

    fn evaluate(state: &Spending, _: &Constants, answer: &mut Writer) {
        let fitted = state.fit();
        let model = fitted.as_ref().map(|fitted| fitted.model);
        let errors = fitted.as_ref().and_then(|fitted| fitted.std_errors(fitted.model.parameters()));
        answer.count(state.n());
        answer.count(state.dropped);
        (0..3).for_each(|i| answer.number(model.map(|model| model.parameters()[i])));
        (0..3).for_each(|i| answer.number(errors.map(|errors| errors[i])));
        answer.number(fitted.map(|fitted| fitted.ln_likelihood));
        answer.number(state.correlation());
    }
}
