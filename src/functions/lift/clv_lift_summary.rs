//! `clv_lift_summary(value, treated [, baseline] [, level] [, expected_share])`: what a treatment adds to lifetime value, with its
//! uncertainty.

use super::FAMILY;
use super::arms::{self, COST, SUMMARY_ARGUMENTS, SUMMARY_ERRORS, SUMMARY_NULLS, SUMMARY_SOURCE};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Column, Entry, Returns};
use crate::functions::function::Function;
use crate::stats::difference::Arms;

static COLUMNS: [Column; 15] = arms::columns("clv_lift");

static ENTRY: Entry = Entry {
    name: "clv_lift_summary",
    family: FAMILY,
    description: "What a randomised treatment adds to lifetime value per customer, with Welch's interval and p-value, the \
                  relative lift, and a check that the arms have the sizes they were meant to.",
    arguments: SUMMARY_ARGUMENTS,
    returns: Returns::Summary(&COLUMNS),
    nulls: SUMMARY_NULLS,
    errors: SUMMARY_ERRORS,
    cost: COST,
    source: SUMMARY_SOURCE,
    example: "SELECT s['n'] AS n, s['n_control'] AS n_control, round(s['clv_lift'], 4) AS clv_lift,\n       \
              round(s['std_error'], 4) AS std_error, round(s['p_value'], 4) AS p_value,\n       \
              round(s['relative_lift'], 4) AS relative_lift, round(s['srm_p_value'], 4) AS srm_p_value\n\
              FROM (SELECT clv_lift_summary(clv, treated, before) AS s\n      \
              FROM (VALUES (12, true, 10), (9, true, 8), (15, true, 11), (20, true, 17), (7, true, 6), (18, true, 13),\n                   \
              (8, false, 9), (11, false, 10), (5, false, 6), (14, false, 12)) AS t(clv, treated, before));",
    output: "\
+---+-----------+----------+-----------+---------+---------------+-------------+
| n | n_control | clv_lift | std_error | p_value | relative_lift | srm_p_value |
+---+-----------+----------+-----------+---------+---------------+-------------+
| 6 | 4         | 1.7871   | 0.6741    | 0.0292  | 0.1651        | 0.5271      |
+---+-----------+----------+-----------+---------+---------------+-------------+",
};

pub(super) fn function() -> Function {
    aggregate::<ClvLiftSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ClvLiftSummary;

impl Aggregate for ClvLiftSummary {
    type State = Arms;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut Arms, row: &Row) -> Result<()> {
        arms::insert(state, row)
    }

    fn evaluate(state: &Arms, constants: &Constants, answer: &mut Writer) {
        arms::summary(state, constants, answer);
    }
}
