//! `pareto_nbd_summary(x, t_x, t)`: who still buys, and how often, by Pareto/NBD.

use super::FAMILY;
use super::purchases::{self, ARGUMENTS, COST, ERRORS, NULLS};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, Returns};
use crate::functions::function::Function;
use crate::stats::customer_base::histories::Histories;
use crate::stats::customer_base::pareto_nbd::ParetoNbd;

static COLUMNS: [Column; 12] = purchases::columns(
    ["r", "alpha", "s", "beta"],
    ["r_std_error", "alpha_std_error", "s_std_error", "beta_std_error"],
);

static ENTRY: Entry = Entry {
    name: "pareto_nbd_summary",
    family: FAMILY,
    description: "Fits Pareto/NBD to customers who buy without a contract: while alive a customer buys at a rate that is gamma distributed over customers (`r`, `alpha`), and leaves at any time, at a rate that is gamma distributed (`s`, `beta`).",
    arguments: ARGUMENTS,
    returns: Returns::Summary(&COLUMNS),
    nulls: NULLS,
    errors: ERRORS,
    cost: COST,
    source: "Schmittlein, Morrison & Colombo (1987), Counting your customers: who are they and what will they do next? Computed as by Fader & Hardie (2005).",
    example: "SELECT s['n'] AS n, round(s['r'], 3) AS r, round(s['alpha'], 3) AS alpha, round(s['s'], 3) AS s, round(s['beta'], 3) AS beta\n\
              FROM (SELECT pareto_nbd_summary(x, t_x, t) AS s\n      \
              FROM (VALUES (0, 0, 39, 60), (0, 0, 30, 30), (1, 1, 39, 10), (1, 10, 35, 8),\n                   \
              (2, 30, 39, 4), (2, 5, 35, 5), (3, 20, 38, 3), (4, 12, 36, 2), (6, 35, 38, 2), (10, 36, 37, 1), (5, 4, 33, 1), (15, 38, 39, 1)) AS h(x, t_x, t, customers)\n      \
              JOIN generate_series(1, 60) AS copy(i) ON copy.i <= h.customers);",
    output: "\
+-----+-------+--------+-------+------+
| n   | r     | alpha  | s     | beta |
+-----+-------+--------+-------+------+
| 127 | 0.774 | 10.245 | 0.869 | 3.35 |
+-----+-------+--------+-------+------+",
};

pub(super) fn function() -> Function {
    aggregate::<ParetoNbdSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ParetoNbdSummary;

impl Aggregate for ParetoNbdSummary {
    type State = Histories;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Histories, row: &Row) -> Result<()> {
        purchases::insert(state, row)
    }

    fn evaluate(state: &Histories, _: &Constants, answer: &mut Writer) {
        purchases::summary::<ParetoNbd>(state, answer);
    }
}
