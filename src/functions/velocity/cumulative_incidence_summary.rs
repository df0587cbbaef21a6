//! `cumulative_incidence_summary(occurred, started_at, ended_at [, observed_until] [, level])`: how many come to one outcome among
//! several.

use super::FAMILY;
use super::spell::{COST, ENDED_AT, OBSERVED_UNTIL, STARTED_AT};
use crate::error::Result;
use crate::functions::adapter::{Aggregate, Constants, Row, Writer, aggregate};
use crate::functions::entry::{Argument, Column, Entry, Kind, LEVEL, Returns};
use crate::functions::function::Function;
use crate::stats::incidence::{CompetingSpells, Incidence};

static ENTRY: Entry = Entry {
    name: "cumulative_incidence_summary",
    family: FAMILY,
    description: "The share that comes to one outcome among several (won, lost, churned) by the last end that was seen, by \
                  Aalen-Johansen: whoever comes to another outcome never will, and whoever is open still may. The shares of all \
                  outcomes and of those who wait add up to 1, which 1 less Kaplan-Meier's do not. For the share by a day, give the start plus \
                  so many days as `observed_until`.",
    arguments: &[
        Argument::required("occurred", Kind::Boolean, "Whether the end is the outcome in question, and not another."),
        STARTED_AT,
        ENDED_AT,
        OBSERVED_UNTIL,
        LEVEL,
    ],
    returns: Returns::Summary(&[
        Column::count("n", "spells, open ones included"),
        Column::count("events", "spells that ended with the outcome"),
        Column::count("competing", "spells that ended with another"),
        Column::count("open", "spells whose end was not seen"),
        Column::count("dropped", "rows left out because they end, or were watched last, before they start"),
        Column::number("incidence", "share that comes to the outcome by the last end that was seen"),
        Column::number("std_error", "standard error of the share"),
        Column::number("ci_low", "lower end of the interval of the share"),
        Column::number("ci_high", "upper end of the interval of the share"),
        Column::number("median", "days by which half of those who come to the outcome by then had"),
    ]),
    nulls: "a row without `started_at` is ignored, one without `ended_at` is open. An end whose `occurred` is NULL is another \
            outcome. Without rows the share is NULL; at 0 and 1 it has no interval; where nobody came to the outcome there is no \
            median.",
    errors: "22023 where `level` is not a constant strictly between 0 and 1.",
    cost: COST,
    source: "Aalen & Johansen (1978); variance by the delta method (Marubini & Valsecchi 1995); log-log interval (Choudhury \
             2002), as SAS and Stata give it.",
    example: "SELECT s['n'] AS n, s['events'] AS won, s['competing'] AS lost, s['open'] AS open, s['incidence'] AS incidence,\n       \
              s['median'] AS median\n\
              FROM (SELECT cumulative_incidence_summary(won, DATE '2026-01-01', ended_at, DATE '2026-01-31') AS s\n      \
              FROM (VALUES (true, DATE '2026-01-11'), (false, DATE '2026-01-16'), (NULL, NULL), (true, DATE '2026-01-26'))\n        \
              AS t(won, ended_at));",
    output: "\
+---+-----+------+------+-----------+--------+
| n | won | lost | open | incidence | median |
+---+-----+------+------+-----------+--------+
| 4 | 2   | 1    | 1    | 0.5       | 10.0   |
+---+-----+------+------+-----------+--------+",
};

pub(super) fn function() -> Function {
    aggregate::<CumulativeIncidenceSummary>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CumulativeIncidenceSummary;

impl Aggregate for CumulativeIncidenceSummary {
    type State = CompetingSpells;
    const ENTRY: &'static Entry = &ENTRY;

    fn insert(state: &mut CompetingSpells, row: &Row) -> Result<()> {
        if let Some(started) = row.instant(1) {
            state.insert(row.boolean(0) == Some(true), started, row.instant(2), row.instant(3));
        }
        Ok(())
    }

    fn evaluate(state: &CompetingSpells, constants: &Constants, answer: &mut Writer) {
        let CompetingSpells { own, others } = state;
        let n = own.n() + others.n();
        let incidence = Incidence::of(state.durations());
        let interval = incidence.interval(constants.level(4));
        answer.count(n);
        answer.count(own.closed.len() as u64);
        answer.count(others.closed.len() as u64);
        answer.count(own.open() + others.open());
        answer.count(own.dropped + others.dropped);
        answer.number((n > 0).then(|| incidence.share()));
        answer.number((n > 0).then(|| incidence.variance.sqrt()));
        answer.number(interval.map(|interval| interval.low));
        answer.number(interval.map(|interval| interval.high));
        answer.number(incidence.median());
    }
}
