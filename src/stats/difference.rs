//! The difference between two arms of an experiment.

use super::interval::Interval;
use super::moments::{Bivariate, Moments};
use super::special::{chi_squared_upper, student_t_quantile, student_t_two_sided};

/// Outcomes of the treated and of the control arm, with a covariate from before the assignment where a row has one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Arms {
    /// Who got the treatment.
    pub treated: Arm,
    /// Who did not.
    pub control: Arm,
}

/// Outcomes of one arm.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Arm {
    /// Rows with a covariate.
    pub paired: Bivariate,
    /// Rows without.
    pub unpaired: Moments,
}

/// A difference of two means with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Mean of the treated minus mean of the control arm.
    pub estimate: f64,
    /// `sqrt(v1 / n1 + v0 / n0)` with sample variances, not pooled; `None` where an arm has fewer than two rows.
    pub std_error: Option<f64>,
    /// Degrees of freedom by Welch and Satterthwaite; `None` as above, or where neither arm varies.
    pub degrees_of_freedom: Option<f64>,
    treated: Moments,
    control: Moments,
}

/// A difference as a share of the control arm's mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelativeLift {
    /// `m1 / m0 - 1`.
    pub estimate: f64,
    /// By the delta method: `sqrt(s1^2 + (m1 / m0)^2 s0^2) / m0` with the standard errors of the means.
    pub std_error: Option<f64>,
    /// Estimate and standard error with the t quantile of the difference.
    pub interval: Option<Interval>,
}

impl Arms {
    /// Adds one row.
    pub fn insert(&mut self, treated: bool, outcome: f64, covariate: Option<f64>) {
        let arm = if treated { &mut self.treated } else { &mut self.control };
        match covariate {
            Some(covariate) => arm.paired.insert(outcome, covariate),
            None => arm.unpaired.insert(outcome),
        }
    }

    /// Adds another's rows.
    pub fn merge(&mut self, other: &Self) {
        self.treated.merge(&other.treated);
        self.control.merge(&other.control);
    }

    /// The difference of means; `None` where an arm is empty. A covariate that varies adjusts it (CUPED: Deng, Xu, Kohavi &
    /// Walker 2013): `y - theta (x - mean x)` takes the place of `y`, theta and the mean over both arms together. Where a row
    /// has none, the mean stands in for it, which leaves its `y` as it is. A covariate that does not vary changes nothing.
    pub fn difference(&self) -> Option<Difference> {
        if self.treated.n() == 0 || self.control.n() == 0 {
            return None;
        }
        let mut pooled = self.treated.paired;
        pooled.merge(&self.control.paired);
        let theta = pooled.slope().unwrap_or(0.0);
        let adjusted = |arm: &Arm| {
            let mut moments = arm.unpaired;
            moments.merge(&arm.paired.adjusted(theta, pooled.x.mean));
            moments
        };
        Some(Difference::between(adjusted(&self.treated), adjusted(&self.control)))
    }

    /// P-value of the chi-squared test that rows fall to the treated arm with the expected share, strictly between 0 and 1;
    /// `None` without rows. A tiny one (below .001) says that the assignment or the logging is broken, and with it the lift.
    pub fn sample_ratio_p_value(&self, expected_share: f64) -> Option<f64> {
        let (treated, control) = (self.treated.n() as f64, self.control.n() as f64);
        let n = treated + control;
        // Both terms of chi-squared share one numerator, because the deviations of the two arms cancel.
        let deviation = treated - n * expected_share;
        let chi_squared = deviation * deviation / (n * expected_share * (1.0 - expected_share));
        (n > 0.0).then(|| chi_squared_upper(chi_squared))
    }
}

impl Arm {
    /// How many rows it has.
    pub fn n(&self) -> u64 {
        self.paired.y.n + self.unpaired.n
    }

    fn merge(&mut self, other: &Self) {
        self.paired.merge(&other.paired);
        self.unpaired.merge(&other.unpaired);
    }
}

impl Difference {
    /// Welch's comparison of two arms, both with rows.
    fn between(treated: Moments, control: Moments) -> Self {
        let squared = |arm: &Moments| arm.std_error().map(|error| error * error);
        let spreads = squared(&treated).zip(squared(&control));
        let degrees_of_freedom = spreads
            .map(|(v1, v0)| (v1 + v0).powi(2) / (v1 * v1 / (treated.n - 1) as f64 + v0 * v0 / (control.n - 1) as f64));
        Self {
            estimate: treated.mean - control.mean,
            std_error: spreads.map(|(v1, v0)| (v1 + v0).sqrt()),
            degrees_of_freedom: degrees_of_freedom.filter(|df| df.is_finite()),
            treated,
            control,
        }
    }

    /// Welch's interval; `None` where an arm has fewer than two rows, without width where neither arm varies.
    pub fn interval(&self, level: f64) -> Option<Interval> {
        self.std_error.map(|error| Interval::around(self.estimate, self.quantile(level) * error))
    }

    /// Two-sided p-value of "no difference"; `None` where the standard error is missing or 0.
    pub fn p_value(&self) -> Option<f64> {
        let error = self.std_error.filter(|&error| error > 0.0)?;
        Some(student_t_two_sided(self.estimate / error, self.degrees_of_freedom?))
    }

    /// The lift as a share of the control arm's mean; `None` where that mean is not above 0.
    pub fn relative(&self, level: f64) -> Option<RelativeLift> {
        let base = self.control.mean;
        if base <= 0.0 {
            return None;
        }
        let ratio = self.treated.mean / base;
        let std_error =
            self.treated.std_error().zip(self.control.std_error()).map(|(s1, s0)| s1.hypot(ratio * s0) / base);
        let interval = std_error.map(|error| Interval::around(ratio - 1.0, self.quantile(level) * error));
        Some(RelativeLift { estimate: ratio - 1.0, std_error, interval })
    }

    /// An interval that holds however often, and whenever, one looks (Howard, Ramdas, McAuliffe & Sekhon 2021; its mixture is that of
    /// Robbins 1970): wider than [`Difference::interval`], and least so at `tuned_at` rows, where its width is near the least
    /// there can be. `None` where an arm has fewer than two rows.
    pub fn always_valid(&self, level: f64, tuned_at: f64) -> Option<Interval> {
        let error = self.std_error?;
        let n = (self.treated.n + self.control.n) as f64;
        let surprise = -2.0 * (1.0 - level).ln();
        let mixture = n * (surprise + (surprise + 1.0).ln()) / tuned_at;
        let width = 2.0 * (mixture + 1.0) / mixture * (0.5 * mixture.ln_1p() - (1.0 - level).ln());
        Some(Interval::around(self.estimate, error * width.sqrt()))
    }

    /// Fieller's interval of the lift as a share of the control arm's mean (Fieller 1954), right also where that mean is hardly known;
    /// `None` where the interval has no end because the mean may be 0, or where an arm has fewer than two rows.
    pub fn fieller(&self, level: f64) -> Option<Interval> {
        let (treated, control) = (self.treated.mean, self.control.mean);
        let (v1, v0) = (self.treated.std_error()?.powi(2), self.control.std_error()?.powi(2));
        let t2 = self.quantile(level).powi(2);
        // Ratios that the data don't refute are between the roots of a parabola, which must open upwards.
        let (a, b, c) = (control * control - t2 * v0, treated * control, treated * treated - t2 * v1);
        let root = (b * b - a * c).max(0.0).sqrt();
        (a > 0.0).then(|| Interval { low: (b - root) / a - 1.0, high: (b + root) / a - 1.0 })
    }

    /// The t quantile of an interval; 0 where neither arm varies, so that its width is 0 too.
    fn quantile(&self, level: f64) -> f64 {
        self.degrees_of_freedom.map_or(0.0, |df| student_t_quantile(0.5 + level / 2.0, df))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::tests::assert_close;

    fn plain(n: u64, mean: f64, m2: f64) -> Arm {
        Arm { unpaired: Moments { n, mean, m2 }, ..Arm::default() }
    }

    fn paired(n: u64, y: (f64, f64), x: (f64, f64), products: f64) -> Arm {
        let paired = Bivariate { y: Moments { n, mean: y.0, m2: y.1 }, x: Moments { n, mean: x.0, m2: x.1 }, products };
        Arm { paired, ..Arm::default() }
    }

    fn of(treated: &[(f64, f64)], control: &[(f64, f64)]) -> Arms {
        let mut arms = Arms::default();
        // NaN marks a row without covariate.
        let covariate = |x: f64| (!x.is_nan()).then_some(x);
        treated.iter().for_each(|&(y, x)| arms.insert(true, y, covariate(x)));
        control.iter().for_each(|&(y, x)| arms.insert(false, y, covariate(x)));
        arms
    }

    /// Hillstrom's experiment, Mens E-Mail against No E-Mail: tests/golden/hillstrom.py
    #[test]
    fn visits_equal_the_reference() {
        let arms = Arms {
            treated: plain(21307, 0.18275684047496127, 3182.3448631905007),
            control: plain(21306, 0.10616727682343002, 2021.8496198254015),
        };
        let visit = arms.difference().unwrap();
        assert_close(visit.estimate, 0.07658956365153125, 1e-9);
        assert_close(visit.std_error.unwrap(), 0.0033858878117283653, 1e-9);
        assert_close(visit.degrees_of_freedom.unwrap(), 40593.688228635794, 1e-9);
        let interval = visit.interval(0.95).unwrap();
        assert_close(interval.low, 0.06995314760976148, 1e-9);
        assert_close(interval.high, 0.083225979693301, 1e-9);
        assert_close(visit.p_value().unwrap(), 1.3644511962742905e-112, 1e-9);
    }

    /// tests/golden/hillstrom.py
    #[test]
    fn spend_equals_the_reference() {
        let arms = Arms {
            treated: plain(21307, 1.422616511005773, 6715902.586629512),
            control: plain(21306, 0.6527893551112361, 2860971.1523286263),
        };
        let spend = arms.difference().unwrap();
        assert_close(spend.estimate, 0.7698271558945368, 1e-9);
        assert_close(spend.std_error.unwrap(), 0.14524656024868676, 1e-9);
        assert_close(spend.degrees_of_freedom.unwrap(), 36671.15797736051, 1e-9);
        let interval = spend.interval(0.95).unwrap();
        assert_close(interval.low, 0.4851397325684076, 1e-9);
        assert_close(interval.high, 1.0545145792206658, 1e-9);
        assert_close(spend.p_value().unwrap(), 1.163814968225482e-07, 1e-9);
        let relative = spend.relative(0.95).unwrap();
        assert_close(relative.estimate, 1.1792887703620063, 1e-9);
        assert_close(relative.std_error.unwrap(), 0.32397689741846725, 1e-9);
        let interval = relative.interval.unwrap();
        assert_close(interval.low, 0.5442847607294201, 1e-9);
        assert_close(interval.high, 1.8142927799945925, 1e-9);
        assert_close(arms.sample_ratio_p_value(0.5).unwrap(), 0.9961348415003554, 1e-9);
        let whenever = spend.always_valid(0.95, 5000.0).unwrap();
        assert_close(whenever.low, 0.302065637, 1e-8);
        assert_close(whenever.high, 1.237588675, 1e-8);
        // It contains the delta method's centre, and leans upwards as the ratio's distribution does.
        let fieller = spend.fieller(0.95).unwrap();
        assert!(relative.estimate - fieller.low < fieller.high - relative.estimate);
        for (end, t) in [(fieller.low, 1.0), (fieller.high, -1.0)] {
            // At each end the data refute the ratio exactly at the level: the definition.
            let ratio = 1.0 + end;
            let (s1, s0) = (arms.treated.unpaired.std_error().unwrap(), arms.control.unpaired.std_error().unwrap());
            let distance = (1.422616511005773 - ratio * 0.6527893551112361) / s1.hypot(ratio * s0);
            assert_close(distance, t * student_t_quantile(0.975, 36671.15797736051), 1e-9);
        }
    }

    #[test]
    fn a_ratio_to_what_may_be_nothing_has_no_end() {
        let arms = of(&[(3.0, 0.0), (5.0, 0.0), (4.0, 0.0)], &[(-1.0, 0.0), (2.0, 0.0), (0.0, 0.0)]);
        let lift = arms.difference().unwrap();
        assert_eq!(lift.fieller(0.95), None);
        assert!(lift.relative(0.95).is_some());
    }

    /// tests/golden/hillstrom.py
    #[test]
    fn spend_adjusted_by_history_equals_the_reference() {
        let arms = Arms {
            treated: paired(
                21307,
                (1.422616511005773, 6715902.586629512),
                (242.83593091472284, 1444228971.2392101),
                2496758.799851504,
            ),
            control: paired(
                21306,
                (0.6527893551112361, 2860971.1523286263),
                (240.8826532432179, 1360903426.7471123),
                917658.4073177555,
            ),
        };
        let spend = arms.difference().unwrap();
        assert_close(spend.estimate, 0.7674384994278022, 1e-9);
        assert_close(spend.std_error.unwrap(), 0.14521504219411457, 1e-9);
        assert_close(spend.degrees_of_freedom.unwrap(), 36676.63648675951, 1e-9);
        assert_close(spend.relative(0.95).unwrap().estimate, 1.1734825899835832, 1e-9);
    }

    /// Correlation .956: the adjustment more than halves the standard error. tests/golden/hillstrom.py
    #[test]
    fn a_covariate_that_explains_much_is_used() {
        let treated = [(12.0, 10.0), (9.0, 8.0), (15.0, 11.0), (20.0, 17.0), (7.0, 6.0), (18.0, 13.0)];
        let control = [(8.0, 9.0), (11.0, 10.0), (5.0, 6.0), (14.0, 12.0)];
        let arms = of(&treated, &control);
        let lift = arms.difference().unwrap();
        assert_close(lift.estimate, 1.7871485943775092, 1e-9);
        assert_close(lift.std_error.unwrap(), 0.6740793675990094, 1e-9);
        assert_close(lift.degrees_of_freedom.unwrap(), 7.991951319380863, 1e-9);
        assert_close(lift.p_value().unwrap(), 0.029224945792798704, 1e-9);
        let interval = lift.interval(0.95).unwrap();
        assert_close(interval.low, 0.23244625312386868, 1e-9);
        assert_close(interval.high, 3.3418509356311494, 1e-9);
        let relative = lift.relative(0.95).unwrap();
        assert_close(relative.estimate, 0.1650532250287451, 1e-9);
        assert_close(relative.std_error.unwrap(), 0.06613451818253198, 1e-9);
        assert_close(arms.sample_ratio_p_value(0.5).unwrap(), 0.5270892568655381, 1e-9);
    }

    /// tests/golden/missing_baseline.py
    #[test]
    fn a_row_without_covariate_counts_as_it_is() {
        let none = f64::NAN;
        let treated = [(12.0, 10.0), (9.0, 8.0), (15.0, none), (20.0, 17.0), (7.0, 6.0), (18.0, 13.0)];
        let control = [(8.0, 9.0), (11.0, 10.0), (5.0, none), (14.0, 12.0)];
        let lift = of(&treated, &control).difference().unwrap();
        assert_close(lift.estimate, 3.5156005477308288, 1e-12);
        assert_close(lift.std_error.unwrap(), 1.7475673131228653, 1e-12);
        assert_close(lift.degrees_of_freedom.unwrap(), 3.6889521407132584, 1e-12);
        assert_close(lift.p_value().unwrap(), 0.12049343814138062, 1e-9);
    }

    #[test]
    fn small_and_constant_arms_are_decided() {
        assert!(of(&[(1.0, 0.0)], &[]).difference().is_none());
        assert!(of(&[], &[(1.0, 0.0)]).difference().is_none());
        let single = of(&[(3.0, 0.0)], &[(1.0, 0.0)]).difference().unwrap();
        assert_eq!((single.estimate, single.std_error, single.p_value()), (2.0, None, None));
        assert_eq!(single.relative(0.95).unwrap().interval, None);
        let constant = of(&[(3.0, 0.0); 2], &[(1.0, 0.0); 2]).difference().unwrap();
        assert_eq!((constant.estimate, constant.std_error, constant.p_value()), (2.0, Some(0.0), None));
        assert_eq!(constant.interval(0.95), Some(Interval { low: 2.0, high: 2.0 }));
        let free = of(&[(3.0, 0.0)], &[(0.0, 0.0)]).difference().unwrap();
        assert!(free.relative(0.95).is_none());
    }

    #[test]
    fn sample_ratio_follows_the_expected_share() {
        assert_eq!(Arms::default().sample_ratio_p_value(0.5), None);
        let arms = of(&[(0.0, 0.0); 80], &[(0.0, 0.0); 20]);
        assert_close(arms.sample_ratio_p_value(0.8).unwrap(), 1.0, 1e-12);
        assert!(arms.sample_ratio_p_value(0.5).unwrap() < 1e-8);
    }
}
