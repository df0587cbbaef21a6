//! Time to an event when some have not had it yet: the Kaplan-Meier estimate (Kaplan & Meier 1958).
//!
//! Leaving the unfinished out would count only the quick; counting them as finished would invent ends. Here each is at
//! risk until it was last seen and then leaves without an event.

use super::interval::Interval;
use super::special::normal_quantile;

/// Survival this close to a quantile's level has reached it: products of fractions miss a level they equal by rounding, and
/// two different estimates from fewer than a hundred million rows lie farther apart.
const TIE: f64 = 1e-9;

/// Half the width, as a share, of the stretch of the curve whose slope stands for the density at a quantile.
const DENSITY_WINDOW: f64 = 0.05;

/// The estimated share that has not had the event yet, as a step function of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// The times at which events were seen, in order.
    pub steps: Vec<Step>,
    /// The longest time that anybody was observed.
    pub observed_until: f64,
}

/// The mean time up to a horizon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The mean of the smaller of time and horizon: the area under the curve.
    pub mean: f64,
    /// Its standard error, by Greenwood's sums of the area that each step cuts (Klein & Moeschberger 2003, 4.5).
    pub std_error: f64,
}

/// One time at which events were seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The time, in the unit of the durations.
    pub time: f64,
    /// How many were under observation just before; an event and a last observation at the same time count the event first.
    pub at_risk: u64,
    /// How many had the event.
    pub events: u64,
    /// The estimate from this time on.
    pub survival: f64,
    /// Greenwood's sum of `d / (n (n - d))` up to this time; infinite where the curve reaches 0.
    pub greenwood: f64,
}

impl RestrictedMean {
    /// By the normal distribution; without width where the standard error is 0.
    pub fn interval(&self, level: f64) -> Interval {
        Interval::around(self.mean, normal_quantile(0.5 + level / 2.0) * self.std_error)
    }
}

impl Curve {
    /// The curve of durations (finite and not negative), each with whether the event was seen at its end.
    pub fn of(durations: impl IntoIterator<Item = (f64, bool)>) -> Self {
        let mut durations: Vec<(f64, bool)> = durations.into_iter().collect();
        durations.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut at_risk = durations.len() as u64;
        let observed_until = durations.last().map_or(0.0, |(time, _)| *time);
        let (mut survival, mut greenwood) = (1.0, 0.0);
        let mut steps = Vec::new();
        for tied in durations.chunk_by(|a, b| a.0 == b.0) {
            let events = tied.iter().filter(|(_, event)| *event).count() as u64;
            if events > 0 {
                let (n, d) = (at_risk as f64, events as f64);
                survival *= (n - d) / n;
                greenwood += d / (n * (n - d));
                steps.push(Step { time: tied[0].0, at_risk, events, survival, greenwood });
            }
            at_risk -= tied.len() as u64;
        }
        Self { steps, observed_until }
    }

    /// The estimate at a time: 1 before the first event.
    pub fn survival_at(&self, time: f64) -> f64 {
        let passed = self.steps.partition_point(|step| step.time <= time);
        self.steps[..passed].last().map_or(1.0, |step| step.survival)
    }

    /// The first time by which a share `p` (strictly between 0 and 1) has had the event; `None` where so many were never
    /// seen to.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        self.reaching(p).map(|step| step.time)
    }

    /// Ends of the interval of a quantile (Brookmeyer & Crowley 1982): the times at which the lower and the upper end of
    /// the curve's own interval pass the level. Either is `None` where it does not.
    pub fn quantile_interval(&self, p: f64, level: f64) -> (Option<f64>, Option<f64>) {
        let z = normal_quantile(0.5 + level / 2.0);
        let passing = |end: fn(Interval) -> f64| {
            let passes = |step: &&Step| step.interval_with(z).is_some_and(|i| end(i) <= 1.0 - p + TIE);
            self.steps.iter().find(passes).map(|step| step.time)
        };
        (passing(|interval| interval.low), passing(|interval| interval.high))
    }

    /// Standard error of a quantile: that of the curve there over the density there, and the density is the slope of the
    /// curve over a tenth of the events around it (Collett 2003, "Modelling Survival Data in Medical Research", 2.4).
    /// `None` where the curve does not reach that far, or falls to 0 at the quantile.
    pub fn quantile_std_error(&self, p: f64) -> Option<f64> {
        let here = self.reaching(p)?;
        let after = self.reaching(p + DENSITY_WINDOW)?;
        let start = (0.0, 1.0);
        let still_above = |step: &&Step| step.survival >= 1.0 - p + DENSITY_WINDOW - TIE;
        let before = self.steps.iter().rev().find(still_above).map_or(start, |step| (step.time, step.survival));
        let density = (before.1 - after.survival) / (after.time - before.0);
        let error = here.survival * here.greenwood.sqrt() / density;
        error.is_finite().then_some(error)
    }

    /// The mean time up to a horizon; `None` where nobody was observed so long and some have not had the event: what the curve
    /// does there is not known.
    pub fn restricted_mean(&self, horizon: f64) -> Option<RestrictedMean> {
        let ended = self.steps.last().is_some_and(|step| step.survival <= 0.0);
        if self.observed_until < horizon && !ended {
            return None;
        }
        // From the horizon back: what a step cuts is the area behind it.
        let (mut area, mut variance, mut end) = (0.0, 0.0, horizon);
        for step in self.steps.iter().rev().filter(|step| step.time < horizon) {
            area += step.survival * (end - step.time);
            end = step.time;
            if area > 0.0 {
                let (n, d) = (step.at_risk as f64, step.events as f64);
                variance += area * area * d / (n * (n - d));
            }
        }
        Some(RestrictedMean { mean: area + end, std_error: variance.sqrt() })
    }

    fn reaching(&self, p: f64) -> Option<&Step> {
        self.steps.iter().find(|step| step.survival <= 1.0 - p + TIE)
    }
}

impl Step {
    /// The log-log interval of the survival, which stays within 0 to 1; `None` where the curve reaches 0.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        self.interval_with(normal_quantile(0.5 + level / 2.0))
    }

    fn interval_with(&self, z: f64) -> Option<Interval> {
        if self.survival <= 0.0 {
            return None;
        }
        let factor = (z * self.greenwood.sqrt() / self.survival.ln()).exp();
        Some(Interval { low: self.survival.powf(1.0 / factor), high: self.survival.powf(factor) })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::special::tests::assert_close;

    /// The waltons data (lifelines, MIT) as times and how often each occurs.
    const CONTROL: &[(u32, u32)] = &[
        (7, 1),
        (17, 1),
        (32, 1),
        (33, 1),
        (38, 2),
        (41, 7),
        (45, 9),
        (48, 8),
        (51, 3),
        (53, 7),
        (54, 2),
        (56, 18),
        (58, 4),
        (60, 15),
        (61, 9),
        (63, 9),
        (66, 3),
        (68, 9),
        (69, 12),
        (75, 1),
    ];
    const CONTROL_CENSORED: &[(u32, u32)] = &[(7, 1), (45, 1), (60, 1), (61, 2), (68, 1), (69, 1)];
    const MIR_137: &[(u32, u32)] = &[
        (6, 1),
        (9, 3),
        (13, 3),
        (15, 2),
        (19, 3),
        (22, 4),
        (26, 5),
        (29, 5),
        (33, 2),
        (36, 2),
        (43, 1),
        (47, 1),
        (62, 2),
    ];

    fn repeated(counts: &[(u32, u32)], event: bool) -> impl Iterator<Item = (f64, bool)> {
        counts.iter().flat_map(move |&(time, n)| (0..n).map(move |_| (f64::from(time), event)))
    }

    pub fn control() -> impl Iterator<Item = (f64, bool)> {
        repeated(CONTROL, true).chain(repeated(CONTROL_CENSORED, false))
    }

    pub fn treated() -> impl Iterator<Item = (f64, bool)> {
        repeated(MIR_137, true)
    }

    /// tests/golden/survival.py
    #[test]
    fn waltons_equal_the_reference() {
        let all = Curve::of(control().chain(treated()));
        assert_eq!(all.steps.iter().map(|step| step.events).sum::<u64>(), 156);
        assert_eq!(all.steps[0].at_risk, 163);
        assert_close(all.survival_at(50.0), 0.6168168456032719, 1e-12);
        assert_eq!(all.quantile(0.5), Some(56.0));
        assert_eq!(all.quantile_interval(0.5, 0.95), (Some(53.0), Some(58.0)));
        assert_eq!((all.quantile(0.25), all.quantile(0.75)), (Some(41.0), Some(62.0)));
        assert_close(all.quantile_std_error(0.5).unwrap(), 0.9391743691568689, 1e-9);
        let at_41 = all.steps.iter().find(|step| step.time == 41.0).unwrap().interval(0.95).unwrap();
        assert_close(at_41.low, 0.6594637527831473, 1e-9);
        assert_close(at_41.high, 0.7957699131274796, 1e-9);
    }

    /// tests/golden/survival.py
    #[test]
    fn groups_of_waltons_equal_the_reference() {
        let control = Curve::of(control());
        assert_eq!(control.quantile(0.5), Some(58.0));
        assert_eq!(control.quantile_interval(0.5, 0.95), (Some(56.0), Some(60.0)));
        let treated = Curve::of(treated());
        assert_eq!(treated.quantile(0.5), Some(26.0));
        assert_eq!(treated.quantile_interval(0.5, 0.95), (Some(19.0), Some(29.0)));
        assert_eq!((treated.quantile(0.25), treated.quantile(0.75)), (Some(15.0), Some(29.0)));
    }

    /// tests/golden/survival.py
    #[test]
    fn restricted_means_equal_the_reference() {
        let control = Curve::of(control()).restricted_mean(50.0).unwrap();
        assert_close(control.mean, 47.977873, 1e-7);
        assert_close(control.std_error, 0.501047, 1e-5);
        // Everybody ended: what comes later is nothing.
        let ended = Curve::of([(2.0, true), (4.0, true)]);
        assert_eq!(ended.restricted_mean(10.0).map(|found| found.mean), Some(3.0));
        let open = Curve::of([(2.0, true), (4.0, false)]);
        assert_eq!(open.restricted_mean(4.0).map(|found| found.mean), Some(3.0));
        assert_eq!(open.restricted_mean(4.5), None);
        assert_eq!(Curve::of([]).restricted_mean(1.0), None);
        assert_eq!(
            Curve::of([(5.0, true)]).restricted_mean(3.0).unwrap(),
            RestrictedMean { mean: 3.0, std_error: 0.0 }
        );
    }

    #[test]
    fn a_quantile_not_reached_is_unknown() {
        let curve = Curve::of([(1.0, true), (2.0, false), (3.0, false)]);
        assert_eq!(curve.quantile(0.25), Some(1.0));
        assert_eq!(curve.quantile(0.5), None);
        assert_eq!(curve.quantile_interval(0.5, 0.95), (Some(1.0), None));
        assert_eq!(curve.quantile_std_error(0.5), None);
    }

    #[test]
    fn degenerate_samples_are_decided() {
        assert_eq!(Curve::of([]).quantile(0.5), None);
        assert_eq!(Curve::of([(5.0, false)]).quantile(0.5), None);
        let single = Curve::of([(5.0, true)]);
        assert_eq!(single.quantile(0.5), Some(5.0));
        assert_eq!(single.quantile_interval(0.5, 0.95), (None, None));
        assert_eq!(single.quantile_std_error(0.5), None);
        let at_once = Curve::of([(0.0, true), (0.0, true), (0.0, false)]);
        assert_eq!(at_once.quantile(0.5), Some(0.0));
    }

    #[test]
    fn a_level_missed_by_rounding_counts_as_reached() {
        // 3/4 times 2/3 exceeds 1/2 by one unit in the last place.
        let curve = Curve::of([(1.0, true), (2.0, true), (3.0, false), (4.0, false)]);
        assert_eq!(curve.quantile(0.5), Some(2.0));
    }

    proptest! {
        /// Without censoring the curve is the empirical one, and the median the lower middle value.
        #[test]
        fn complete_data_give_the_empirical_distribution(times in prop::collection::vec(0u32..50, 1..80)) {
            let curve = Curve::of(times.iter().map(|&t| (f64::from(t), true)));
            let n = times.len() as f64;
            for t in 0..50 {
                let above = times.iter().filter(|&&x| x > t).count() as f64;
                prop_assert!((curve.survival_at(f64::from(t)) - above / n).abs() < 1e-12);
            }
            let mut sorted = times.clone();
            sorted.sort_unstable();
            prop_assert_eq!(curve.quantile(0.5), Some(f64::from(sorted[(sorted.len() - 1) / 2])));
        }

        #[test]
        fn curves_fall_and_order_does_not_matter(
            rows in prop::collection::vec((0u32..50, any::<bool>()), 0..80),
        ) {
            let of = |rows: &[(u32, bool)]| Curve::of(rows.iter().map(|&(t, e)| (f64::from(t), e)));
            let curve = of(&rows);
            prop_assert!(curve.steps.windows(2).all(|w| w[1].survival < w[0].survival && w[1].time > w[0].time));
            let reversed: Vec<_> = rows.iter().rev().copied().collect();
            prop_assert_eq!(curve, of(&reversed));
        }
    }
}
