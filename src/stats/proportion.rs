//! A share of yes among yes and no.

use super::interval::Interval;
use super::special::normal_quantile;

/// Counts of trials and of those that reached the goal.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Proportion {
    /// Trials.
    pub n: u64,
    /// Trials that reached the goal.
    pub reached: u64,
}

impl Proportion {
    /// Counts one trial.
    pub fn insert(&mut self, reached: bool) {
        self.n += 1;
        self.reached += u64::from(reached);
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.reached += other.reached;
    }

    /// `reached / n`; `None` without trials.
    pub fn rate(&self) -> Option<f64> {
        (self.n > 0).then(|| self.reached as f64 / self.n as f64)
    }

    /// `sqrt(p (1 - p) / n)`; `None` without trials, 0 where all trials agree.
    pub fn std_error(&self) -> Option<f64> {
        self.rate().map(|p| (p * (1.0 - p) / self.n as f64).sqrt())
    }

    /// The score interval (Wilson 1927): unlike the plain one it stays within 0 to 1 and has a width at 0 of n and n of n.
    pub fn wilson(&self, level: f64) -> Option<Interval> {
        let p = self.rate()?;
        let n = self.n as f64;
        let z = normal_quantile(0.5 + level / 2.0);
        let shrink = 1.0 + z * z / n;
        let centre = (p + z * z / (2.0 * n)) / shrink;
        let half_width = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / shrink;
        let interval = Interval::around(centre, half_width).clamped(0.0, 1.0);
        // The ends are exactly 0 and 1 there; rounding would leave a trace of about 1e-17.
        Some(Interval {
            low: if self.reached == 0 { 0.0 } else { interval.low },
            high: if self.reached == self.n { 1.0 } else { interval.high },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::tests::assert_close;

    fn of(reached: u64, n: u64) -> Proportion {
        Proportion { n, reached }
    }

    /// tests/golden/proportion.py
    #[test]
    fn wilson_interval_equals_the_reference() {
        let olist = of(842, 8000).wilson(0.95).unwrap();
        assert_close(olist.low, 0.09871382834881832, 1e-9);
        assert_close(olist.high, 0.11216509366688394, 1e-9);
        let none = of(0, 50).wilson(0.95).unwrap();
        assert_eq!(none.low, 0.0);
        assert_close(none.high, 0.07134759913335872, 1e-9);
        let all = of(50, 50).wilson(0.95).unwrap();
        assert_close(all.low, 0.9286524008666414, 1e-9);
        assert_eq!(all.high, 1.0);
        let wide = of(842, 8000).wilson(0.99).unwrap();
        assert_close(wide.low, 0.09673713446673435, 1e-9);
        assert_close(wide.high, 0.11441710429076538, 1e-9);
    }

    #[test]
    fn nothing_is_estimated_without_trials() {
        assert_eq!(of(0, 0).rate(), None);
        assert_eq!(of(0, 0).std_error(), None);
        assert_eq!(of(0, 0).wilson(0.95), None);
    }

    #[test]
    fn std_error_is_the_binomial_one() {
        assert_close(of(1, 4).std_error().unwrap(), (0.25f64 * 0.75 / 4.0).sqrt(), 1e-15);
    }
}
