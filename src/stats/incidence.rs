//! How many come to one outcome among several, and when: the Aalen-Johansen estimate of cumulative incidence (Aalen & Johansen
//! 1978).
//!
//! Kaplan-Meier would take a deal that was lost as one that is still waiting to be won, and promise more than will ever come.
//! Here whoever comes to another outcome is out of the race.

use super::interval::Interval;
use super::special::normal_quantile;
use super::spells::Spells;

/// An incidence this close to half of the whole has reached it.
const TIE: f64 = 1e-9;

/// How an observation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the outcome in question.
    Outcome,
    /// With another.
    Other,
    /// With none yet.
    Open,
}

/// The estimated share that has come to the outcome, as a step function of time until the last end that was seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Incidence {
    /// Times at which the outcome was seen, in order, with the share that has come to it by then.
    pub steps: Vec<(f64, f64)>,
    /// Variance of the last of these shares.
    pub variance: f64,
}

/// One time at which ends of either kind were seen.
struct Ends {
    time: f64,
    at_risk: f64,
    /// Ends of all kinds, and those with the outcome.
    all: f64,
    own: f64,
    /// The share without an end just before.
    waiting: f64,
    /// The share that has come to the outcome from this time on.
    incidence: f64,
}

impl Incidence {
    /// The estimate from durations (finite and not negative), each with its end.
    pub fn of(durations: impl IntoIterator<Item = (f64, End)>) -> Self {
        let ends = ends(durations.into_iter().collect());
        let steps = ends.iter().filter(|at| at.own > 0.0).map(|at| (at.time, at.incidence)).collect();
        Self { steps, variance: variance(&ends) }
    }

    /// The share that has come to the outcome by the last end that was seen; 0 where nobody has.
    pub fn share(&self) -> f64 {
        self.steps.last().map_or(0.0, |(_, share)| share.min(1.0))
    }

    /// The log-log interval of [`share`](Self::share), which stays within 0 to 1 (Choudhury 2002); `None` at 0 and 1.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        let share = self.share();
        let factor = (normal_quantile(0.5 + level / 2.0) * self.variance.sqrt() / (share * share.ln())).exp();
        (share > 0.0 && share < 1.0 - TIE).then(|| Interval { low: share.powf(1.0 / factor), high: share.powf(factor) })
    }

    /// The first time by which half of those who have come to the outcome by the end had; `None` where nobody has.
    pub fn median(&self) -> Option<f64> {
        let half = self.share() / 2.0;
        self.steps.iter().find(|(_, share)| *share >= half - TIE).map(|(time, _)| *time)
    }
}

fn ends(mut durations: Vec<(f64, End)>) -> Vec<Ends> {
    durations.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut at_risk = durations.len() as f64;
    let (mut waiting, mut incidence) = (1.0, 0.0);
    let mut ends = Vec::new();
    for tied in durations.chunk_by(|a, b| a.0 == b.0) {
        let count = |ended: fn(End) -> bool| tied.iter().filter(|(_, end)| ended(*end)).count() as f64;
        let (all, own) = (count(|end| end != End::Open), count(|end| end == End::Outcome));
        if all > 0.0 {
            incidence += waiting * own / at_risk;
            ends.push(Ends { time: tied[0].0, at_risk, all, own, waiting, incidence });
            waiting *= (at_risk - all) / at_risk;
        }
        at_risk -= tied.len() as f64;
    }
    ends
}

/// The delta method's variance of the last share (Marubini & Valsecchi 1995, "Analysing Survival Data from Clinical Trials and
/// Observational Studies", 10.2).
fn variance(ends: &[Ends]) -> f64 {
    let last = ends.last().map_or(0.0, |at| at.incidence);
    let term = |at: &Ends| {
        let Ends { at_risk: n, all, own, waiting, .. } = *at;
        let to_come = last - at.incidence;
        // Where all who are left end at once nothing is to come, and the first term is 0.
        let before = if all < n { to_come * to_come * all / (n * (n - all)) } else { 0.0 };
        before + waiting * waiting * own * (n - own) / (n * n * n) - 2.0 * to_come * waiting * own / (n * n)
    };
    ends.iter().map(term).fold(0.0, |sum, term| sum + term).max(0.0)
}

/// Spells that end with the outcome in question, and all others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompetingSpells {
    /// Those that end with the outcome; none of them is without an end.
    pub own: Spells,
    /// Those that end otherwise, and those without an end. Their latest instant is that of all.
    pub others: Spells,
}

impl CompetingSpells {
    /// Adds one spell.
    pub fn insert(&mut self, outcome: bool, started: i64, ended: Option<i64>, observed_until: Option<i64>) {
        if outcome && ended.is_some() {
            self.own.insert(started, ended, observed_until);
            self.others.latest = self.others.latest.max(self.own.latest);
        } else {
            self.others.insert(started, ended, observed_until);
        }
    }

    /// Adds another's spells.
    pub fn merge(&mut self, other: &Self) {
        self.own.merge(&other.own);
        self.others.merge(&other.others);
    }

    /// Durations in days with how they ended.
    pub fn durations(&self) -> impl Iterator<Item = (f64, End)> {
        let ended = |end: End| move |(days, seen): (f64, bool)| (days, if seen { end } else { End::Open });
        self.own.durations().map(ended(End::Outcome)).chain(self.others.durations().map(ended(End::Other)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::special::tests::assert_close;
    use crate::stats::survival::Curve;

    /// The data of tests/golden/incidence.py: days, and won, lost or open.
    const DEALS: &[(u32, u8)] = &[
        (2, 1),
        (3, 2),
        (5, 1),
        (5, 1),
        (6, 0),
        (8, 2),
        (9, 2),
        (9, 2),
        (11, 1),
        (12, 0),
        (13, 1),
        (15, 2),
        (18, 1),
        (20, 0),
        (21, 1),
        (24, 2),
        (27, 0),
        (30, 1),
        (33, 2),
        (36, 0),
    ];

    fn deals(outcome: u8) -> Incidence {
        Incidence::of(DEALS.iter().map(|&(days, end)| (f64::from(days), ended(end, outcome))))
    }

    fn ended(end: u8, outcome: u8) -> End {
        match end {
            0 => End::Open,
            end if end == outcome => End::Outcome,
            _ => End::Other,
        }
    }

    /// tests/golden/incidence.py
    #[test]
    fn deals_equal_the_reference() {
        let won = deals(1);
        assert_close(won.share(), 0.48037037037037034, 1e-12);
        assert_close(won.variance.sqrt(), 0.12747285320260232, 1e-9);
        let interval = won.interval(0.95).unwrap();
        assert_close(interval.low, 0.22528972315398021, 1e-9);
        assert_close(interval.high, 0.6971865523291609, 1e-9);
        assert_eq!(won.median(), Some(13.0));
        let lost = deals(2);
        assert_close(lost.share(), 0.42837037037037023, 1e-12);
        assert_close(lost.variance.sqrt(), 0.12641848945645467, 1e-9);
        assert_eq!(lost.median(), Some(15.0));
    }

    /// tests/golden/incidence.py
    #[test]
    fn deals_seen_for_ten_days_equal_the_reference() {
        let seen = |&(days, end): &(u32, u8)| (f64::from(days.min(10)), ended(if days <= 10 { end } else { 0 }, 1));
        let won = Incidence::of(DEALS.iter().map(seen));
        assert_close(won.share(), 0.15, 1e-12);
        assert_close(won.variance.sqrt(), 0.07984359711335656, 1e-9);
        let interval = won.interval(0.95).unwrap();
        assert_close(interval.low, 0.03733079193656955, 1e-9);
        assert_close(interval.high, 0.33466442649005357, 1e-9);
    }

    #[test]
    fn degenerate_samples_are_decided() {
        for none in [vec![], vec![(3.0, End::Open)], vec![(3.0, End::Other)]] {
            let none = Incidence::of(none);
            assert!(none.variance.is_sign_positive(), "minus zero would be printed");
            assert_eq!((none.share(), none.variance, none.interval(0.95), none.median()), (0.0, 0.0, None, None));
        }
        let all = Incidence::of([(0.0, End::Outcome), (4.0, End::Outcome)]);
        assert_eq!((all.share(), all.variance, all.interval(0.95), all.median()), (1.0, 0.0, None, Some(0.0)));
    }

    #[test]
    fn an_open_spell_lasts_until_the_latest_instant_of_all() {
        const DAY: i64 = 86_400_000_000;
        let mut spells = CompetingSpells::default();
        spells.insert(false, 0, None, None);
        spells.insert(true, 2 * DAY, Some(9 * DAY), None);
        spells.insert(true, 3 * DAY, None, None);
        spells.insert(false, 0, Some(DAY), None);
        spells.insert(true, 0, Some(5 * DAY), Some(4 * DAY));
        let mut durations: Vec<_> = spells.durations().collect();
        durations.sort_by(|a, b| a.0.total_cmp(&b.0));
        let expected = [(1.0, End::Other), (4.0, End::Open), (6.0, End::Open), (7.0, End::Outcome), (9.0, End::Open)];
        assert_eq!(durations, expected);
    }

    fn rows() -> impl Strategy<Value = Vec<(f64, u8)>> {
        prop::collection::vec((0u32..30).prop_map(f64::from).prop_flat_map(|days| (Just(days), 0u8..4)), 0..60)
    }

    proptest! {
        /// Every spell comes to one of the outcomes, or waits.
        #[test]
        fn shares_and_survival_sum_to_one(rows in rows()) {
            let of = |outcome| Incidence::of(rows.iter().map(|&(days, end)| (days, ended(end, outcome)))).share();
            let waiting = Curve::of(rows.iter().map(|&(days, end)| (days, end > 0)));
            let waiting = waiting.steps.last().map_or(1.0, |step| step.survival);
            prop_assert!((of(1) + of(2) + of(3) + waiting - 1.0).abs() < 1e-12);
        }

        /// Without another outcome it is what Kaplan-Meier leaves over, with Greenwood's variance.
        #[test]
        fn a_single_outcome_is_kaplan_meiers(rows in rows()) {
            let one = Incidence::of(rows.iter().map(|&(days, end)| (days, ended(end.min(1), 1))));
            let curve = Curve::of(rows.iter().map(|&(days, end)| (days, end > 0)));
            if let Some(last) = curve.steps.last().filter(|last| last.survival > 0.0) {
                prop_assert!((one.share() - (1.0 - last.survival)).abs() < 1e-12);
                let greenwood = last.survival * last.survival * last.greenwood;
                prop_assert!((one.variance - greenwood).abs() < 1e-12, "{} is not {}", one.variance, greenwood);
            }
        }

        /// Without open spells it is a share with the binomial variance.
        #[test]
        fn complete_data_give_the_plain_share(mut rows in rows()) {
            rows.retain(|(_, end)| *end > 0);
            let own = rows.iter().filter(|(_, end)| *end == 1).count() as f64;
            let found = Incidence::of(rows.iter().map(|&(days, end)| (days, ended(end, 1))));
            let (n, p) = (rows.len().max(1) as f64, own / rows.len().max(1) as f64);
            prop_assert!((found.share() - p).abs() < 1e-12);
            prop_assert!((found.variance - p * (1.0 - p) / n).abs() < 1e-12, "{} of {}", found.variance, p * (1.0 - p) / n);
        }

        #[test]
        fn order_and_merging_do_not_matter(
            rows in prop::collection::vec((any::<bool>(), 0i64..9, prop::option::of(0i64..9), prop::option::of(0i64..9)), 0..20),
            cut in 0usize..20,
        ) {
            let of = |rows: &[(bool, i64, Option<i64>, Option<i64>)]| {
                let mut spells = CompetingSpells::default();
                rows.iter().for_each(|&(outcome, started, ended, until)| spells.insert(outcome, started, ended, until));
                spells
            };
            let (first, second) = rows.split_at(cut.min(rows.len()));
            let mut merged = of(second);
            merged.merge(&of(first));
            prop_assert_eq!(Incidence::of(merged.durations()), Incidence::of(of(&rows).durations()));
        }
    }
}
