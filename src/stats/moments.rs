//! Means, variances and covariances by one pass over the data.
//!
//! Online updates by Welford (1962), merges by Chan, Golub & LeVeque (1979, "Updating formulae and a pairwise algorithm
//! for computing sample variances", eq. 2.1), and the like for the sum of products: sums of squares are never subtracted.

use super::interval::Interval;
use super::special::student_t_quantile;

/// Count, mean and sum of squared deviations of one quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Observations.
    pub n: u64,
    /// Their mean, 0 without any.
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// Adds one observation.
    pub fn insert(&mut self, x: f64) {
        self.n += 1;
        let before = x - self.mean;
        self.mean += before / self.n as f64;
        self.m2 += before * (x - self.mean);
    }

    /// Adds another's observations.
    pub fn merge(&mut self, other: &Self) {
        if other.n == 0 {
            return;
        }
        let n = (self.n + other.n) as f64;
        let share = other.n as f64 / n;
        let delta = other.mean - self.mean;
        self.m2 += other.m2 + delta * delta * self.n as f64 * share;
        self.mean += delta * share;
        self.n += other.n;
    }

    /// The mean; `None` without observations.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// Sample variance, divisor `n - 1`; `None` below two observations.
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.m2 / (self.n - 1) as f64)
    }

    /// Standard error of the mean, `sqrt(variance / n)`; `None` below two observations.
    pub fn std_error(&self) -> Option<f64> {
        self.variance().map(|variance| (variance / self.n as f64).sqrt())
    }

    /// Student's interval of the mean with `n - 1` degrees of freedom; `None` below two observations.
    pub fn t_interval(&self, level: f64) -> Option<Interval> {
        let error = self.std_error()?;
        Some(Interval::around(self.mean, student_t_quantile(0.5 + level / 2.0, (self.n - 1) as f64) * error))
    }
}

/// Moments of an outcome `y` and of a covariate `x` seen with it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bivariate {
    /// The outcome.
    pub y: Moments,
    /// The covariate, as many observations as the outcome.
    pub x: Moments,
    /// Sum of the products of their deviations.
    pub products: f64,
}

impl Bivariate {
    /// Adds one pair.
    pub fn insert(&mut self, y: f64, x: f64) {
        let before = x - self.x.mean;
        self.x.insert(x);
        self.y.insert(y);
        self.products += before * (y - self.y.mean);
    }

    /// Adds another's pairs.
    pub fn merge(&mut self, other: &Self) {
        if other.y.n == 0 {
            return;
        }
        let (n, m) = (self.y.n as f64, other.y.n as f64);
        self.products += other.products + (other.y.mean - self.y.mean) * (other.x.mean - self.x.mean) * n * m / (n + m);
        self.y.merge(&other.y);
        self.x.merge(&other.x);
    }

    /// Slope of the least-squares line of `y` on `x`, cov(y, x) / var(x); `None` where `x` does not vary.
    pub fn slope(&self) -> Option<f64> {
        (self.x.m2 > 0.0).then(|| self.products / self.x.m2)
    }

    /// Pearson's correlation; `None` where either does not vary.
    pub fn correlation(&self) -> Option<f64> {
        let spread = (self.x.m2 * self.y.m2).sqrt();
        (spread > 0.0).then(|| (self.products / spread).clamp(-1.0, 1.0))
    }

    /// Moments of `y - slope (x - centre)`.
    pub fn adjusted(&self, slope: f64, centre: f64) -> Moments {
        let m2 = self.y.m2 - 2.0 * slope * self.products + slope * slope * self.x.m2;
        // A residual that vanishes may come out as a rounding error below zero.
        Moments { n: self.y.n, mean: self.y.mean - slope * (self.x.mean - centre), m2: m2.max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::special::tests::assert_close;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|&x| moments.insert(x));
        moments
    }

    fn pairs(values: &[(f64, f64)]) -> Bivariate {
        let mut moments = Bivariate::default();
        values.iter().for_each(|&(y, x)| moments.insert(y, x));
        moments
    }

    /// tests/golden/moments.py
    #[test]
    fn t_interval_equals_the_reference() {
        let csat = of(&[9.0, 7.0, 10.0, 4.0, 8.0, 8.0, 6.0]);
        assert_close(csat.mean().unwrap(), 7.428571428571429, 1e-12);
        assert_close(csat.std_error().unwrap(), 0.7514158970504524, 1e-12);
        let interval = csat.t_interval(0.95).unwrap();
        assert_close(interval.low, 5.589922964939942, 1e-9);
        assert_close(interval.high, 9.267219892202917, 1e-9);
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let shifted = of(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_close(shifted.variance().unwrap(), 30.0, 1e-12);
    }

    #[test]
    fn small_samples_are_decided() {
        assert_eq!(of(&[]).mean(), None);
        assert_eq!(of(&[]).t_interval(0.95), None);
        assert_eq!(of(&[3.0]).mean(), Some(3.0));
        assert_eq!(of(&[3.0]).variance(), None);
        assert_eq!(of(&[3.0]).t_interval(0.95), None);
        assert_eq!(of(&[3.0, 3.0]).t_interval(0.95), Some(Interval { low: 3.0, high: 3.0 }));
    }

    #[test]
    fn slope_needs_a_covariate_that_varies() {
        assert_eq!(pairs(&[(1.0, 5.0), (2.0, 5.0)]).slope(), None);
        assert_close(pairs(&[(1.0, 0.0), (3.0, 1.0), (5.0, 2.0)]).slope().unwrap(), 2.0, 1e-15);
    }

    #[test]
    fn adjusting_by_the_whole_slope_leaves_the_residual() {
        let line = pairs(&[(1.0, 0.0), (3.0, 1.0), (5.0, 2.0)]);
        let residual = line.adjusted(2.0, 1.0);
        assert_close(residual.mean, 3.0, 1e-15);
        assert_eq!(residual.m2, 0.0);
    }

    proptest! {
        #[test]
        fn merged_parts_equal_two_passes(
            values in prop::collection::vec((-1e3..1e3f64, -1e3..1e3f64), 2..60),
            cut in 0usize..60,
        ) {
            let (head, tail) = values.split_at(cut.min(values.len()));
            let mut merged = pairs(tail);
            merged.merge(&pairs(head));
            let n = values.len() as f64;
            let mean = |of: fn(&(f64, f64)) -> f64| values.iter().map(of).sum::<f64>() / n;
            let (y, x) = (mean(|v| v.0), mean(|v| v.1));
            let products: f64 = values.iter().map(|v| (v.0 - y) * (v.1 - x)).sum();
            let squares: f64 = values.iter().map(|v| (v.0 - y).powi(2)).sum();
            prop_assert!((merged.y.mean - y).abs() <= 1e-9);
            prop_assert!((merged.products - products).abs() <= 1e-6);
            prop_assert!((merged.y.m2 - squares).abs() <= 1e-6);
        }
    }
}
