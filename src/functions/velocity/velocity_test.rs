//! `velocity_test(compared, started_at, ended_at [, observed_until])`: whether groups take the same time.

use super::FAMILY;
use super::spell::{COST, ENDED_AT, OBSERVED_UNTIL, STARTED_AT};
use crate::error::{Error, Result, SqlState};
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Column, Entry, Kind, Returns};
use crate::functions::function::Function;
use crate::stats::log_rank::log_rank;
use crate::stats::spells::{GroupedSpells, Spells};

/// The test's time and memory grow with the square of the groups.
const MOST_GROUPS: usize = 100;

static ENTRY: Entry = Entry {
    name: "velocity_test",
    family: FAMILY,
    description: "Whether spells of different groups (tracks, arms, channels) end at the same rate, by the log-rank test. It sees \
                  best a rate that is higher throughout, and hardly one that is higher first and lower later: look at \
                  velocity_quantile too.",
    arguments: &[
        Argument::required(
            "compared",
            Kind::Group,
            "The group that the row is of: a track, an arm, whether a touch took place.",
        ),
        STARTED_AT,
        ENDED_AT,
        OBSERVED_UNTIL,
    ],
    returns: Returns::Summary(&[
        Column::count("n", "spells, open ones included"),
        Column::count("open", "spells whose end was not seen"),
        Column::count("dropped", "rows left out because they end, or were watched last, before they start"),
        Column::count("groups", "groups that have spells"),
        Column::number("chi_squared", "the statistic"),
        Column::number("degrees_of_freedom", "one less than the groups of which anybody was left at the first end"),
        Column::number("p_value", "probability of a statistic as large where all groups are alike"),
    ]),
    nulls: "a row without `compared` or `started_at` is ignored, one without `ended_at` is open. No statistic where fewer than two \
            groups have anybody left at the first end, nor without ends.",
    errors: "22023 of more than 100 groups.",
    cost: COST,
    source: "Mantel (1966), Evaluation of survival data and two new rank order statistics arising in its consideration; Peto & Peto \
             (1972); variance of ties is hypergeometric.",
    example: "SELECT s['n'] AS n, round(s['chi_squared'], 4) AS chi_squared, s['degrees_of_freedom'] AS df,\n       \
              round(s['p_value'], 4) AS p_value\n\
              FROM (SELECT velocity_test(track, DATE '2026-01-01', ended_at) AS s\n      \
              FROM (VALUES ('economics', DATE '2026-01-05'), ('economics', DATE '2026-01-07'), ('economics', DATE '2026-01-09'),\n                   \
              ('technical', DATE '2026-01-08'), ('technical', DATE '2026-01-12'), ('technical', NULL)) AS t(track, ended_at));",
    output: "\
+---+-------------+-----+---------+
| n | chi_squared | df  | p_value |
+---+-------------+-----+---------+
| 6 | 2.5567      | 1.0 | 0.1098  |
+---+-------------+-----+---------+",
};

pub(super) fn function() -> Function {
    aggregate::<VelocityTest>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct VelocityTest;

impl Aggregate for VelocityTest {
    type State = GroupedSpells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut GroupedSpells, row: &Row) -> Result<()> {
        if let (Some(group), Some(started)) = (row.group(0), row.instant(1)) {
            state.insert(group, started, row.instant(2), row.instant(3));
        }
        Ok(())
    }

    fn check(state: &GroupedSpells) -> Result<()> {
        let groups = state.groups.len();
        if groups <= MOST_GROUPS {
            return Ok(());
        }
        let message = format!("velocity_test: it compares at most {MOST_GROUPS} groups, got {groups}");
        Err(Error::new(SqlState::InvalidParameterValue, message).with_hint("compare fewer, or wider ones"))
    }

    fn evaluate(state: &GroupedSpells, _: &Constants, answer: &mut Writer) {
        let all = |of: fn(&Spells) -> u64| state.groups.values().map(of).sum();
        let test = log_rank(&state.durations());
        answer.count(state.n());
        answer.count(all(Spells::open));
        answer.count(all(|spells| spells.dropped));
        answer.count(all(|spells| u64::from(spells.n() > 0)));
        answer.number(test.as_ref().map(|test| test.chi_squared));
        answer.number(test.as_ref().map(|test| test.degrees_of_freedom as f64));
        answer.number(test.map(|test| test.p_value));
    }
}
