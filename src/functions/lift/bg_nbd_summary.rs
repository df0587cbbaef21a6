//! `bg_nbd_summary(x, t_x, t)`: who still buys, and how often, by BG/NBD.

use super::FAMILY;
use super::purchases::{self, ARGUMENTS, COST, ERRORS, NULLS};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, Returns};
use crate::functions::function::Function;
use crate::stats::customer_base::bg_nbd::BgNbd;
use crate::stats::customer_base::histories::Histories;

static COLUMNS: [Column; 12] =
    purchases::columns(["r", "alpha", "a", "b"], ["r_std_error", "alpha_std_error", "a_std_error", "b_std_error"]);

static ENTRY: Entry = Entry {
    name: "bg_nbd_summary",
    family: FAMILY,
    description: "Fits BG/NBD to customers who buy without a contract: while alive a customer buys at a rate that is gamma distributed over customers (`r`, `alpha`), and leaves after a repeat with a probability that is beta distributed (`a`, `b`). By maximum likelihood, without a penalty. clv_forecast applies it.",
    arguments: ARGUMENTS,
    returns: Returns::Summary(&COLUMNS),
    nulls: NULLS,
    errors: ERRORS,
    cost: COST,
    source: "Fader, Hardie & Lee (2005), Counting your customers the easy way: an alternative to the Pareto/NBD model.",
    example: "SELECT s['n'] AS n, round(s['r'], 3) AS r, round(s['alpha'], 3) AS alpha, round(s['a'], 3) AS a, round(s['b'], 3) AS b, round(s['r_std_error'], 3) AS r_std_error\n\
              FROM (SELECT bg_nbd_summary(x, t_x, t) AS s\n      \
              FROM (VALUES (0, 0, 39, 60), (0, 0, 30, 30), (1, 1, 39, 10), (1, 10, 35, 8),\n                   \
              (2, 30, 39, 4), (2, 5, 35, 5), (3, 20, 38, 3), (4, 12, 36, 2), (6, 35, 38, 2), (10, 36, 37, 1), (5, 4, 33, 1), (15, 38, 39, 1)) AS h(x, t_x, t, customers)\n      \
              JOIN generate_series(1, 60) AS copy(i) ON copy.i <= h.customers);",
    output: "\
+-----+-------+-------+-------+-------+-------------+
| n   | r     | alpha | a     | b     | r_std_error |
+-----+-------+-------+-------+-------+-------------+
| 127 | 0.106 | 1.346 | 0.906 | 1.222 | 0.024       |
+-----+-------+-------+-------+-------+-------------+",
};

pub(super) fn function() -> Function {
    aggregate::<BgNbdSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BgNbdSummary;

impl Aggregate for BgNbdSummary {
    type State = Histories;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Histories, row: &Row) -> Result<()> {
        purchases::insert(state, row)
    }

    fn evaluate(state: &Histories, _: &Constants, answer: &mut Writer) {
        purchases::summary::<BgNbd>(state, answer);
    }
}
