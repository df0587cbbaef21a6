//! `mbg_nbd_summary(x, t_x, t)`: who still buys, and how often, by MBG/NBD.

use super::FAMILY;
use super::purchases::{self, ARGUMENTS, COST, ERRORS, NULLS};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, Returns};
use crate::functions::function::Function;
use crate::stats::customer_base::histories::Histories;
use crate::stats::customer_base::mbg_nbd::MbgNbd;

static COLUMNS: [Column; 12] =
    purchases::columns(["r", "alpha", "a", "b"], ["r_std_error", "alpha_std_error", "a_std_error", "b_std_error"]);

static ENTRY: Entry = Entry {
    name: "mbg_nbd_summary",
    family: FAMILY,
    description: "Fits MBG/NBD to customers who buy without a contract: as bg_nbd_summary, but a customer may leave after the first purchase too, so that those without repeats are not all alive.",
    arguments: ARGUMENTS,
    returns: Returns::Summary(&COLUMNS),
    nulls: NULLS,
    errors: ERRORS,
    cost: COST,
    source: "Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis.",
    example: "SELECT s['n'] AS n, round(s['r'], 3) AS r, round(s['alpha'], 3) AS alpha, round(s['a'], 3) AS a, round(s['b'], 3) AS b, round(s['r_std_error'], 3) AS r_std_error\n\
              FROM (SELECT mbg_nbd_summary(x, t_x, t) AS s\n      \
              FROM (VALUES (0, 0, 39, 60), (0, 0, 30, 30), (1, 1, 39, 10), (1, 10, 35, 8),\n                   \
              (2, 30, 39, 4), (2, 5, 35, 5), (3, 20, 38, 3), (4, 12, 36, 2), (6, 35, 38, 2), (10, 36, 37, 1), (5, 4, 33, 1), (15, 38, 39, 1)) AS h(x, t_x, t, customers)\n      \
              JOIN generate_series(1, 60) AS copy(i) ON copy.i <= h.customers);",
    output: "\
+-----+-------+-------+-------+-------+-------------+
| n   | r     | alpha | a     | b     | r_std_error |
+-----+-------+-------+-------+-------+-------------+
| 127 | 2.011 | 9.072 | 1.247 | 0.538 | 1.476       |
+-----+-------+-------+-------+-------+-------------+",
};

pub(super) fn function() -> Function {
    aggregate::<MbgNbdSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MbgNbdSummary;

impl Aggregate for MbgNbdSummary {
    type State = Histories;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Histories, row: &Row) -> Result<()> {
        purchases::insert(state, row)
    }

    fn evaluate(state: &Histories, _: &Constants, answer: &mut Writer) {
        purchases::summary::<MbgNbd>(state, answer);
    }
}
