//! Gamma-Gamma: Fader & Hardie (2013), "The Gamma-Gamma model of monetary value".
//!
//! A customer's purchases are gamma distributed about a mean of the customer's own, whose inverse is gamma distributed over
//! customers: `p` is the shape of purchases, `q` that of customers, `gamma` the scale. How much customers spend must have nothing
//! to do with how often they buy: [`Spending::correlation`] says how far that holds.

use statrs::function::gamma::{digamma, ln_gamma};

use super::fit::Fitted;
use crate::stats::maximum::{LogLikelihood, maximum};
use crate::stats::moments::Bivariate;

/// The model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    /// Shape of purchases.
    pub p: f64,
    /// Shape of customers; there is no mean where it is 1 or less.
    pub q: f64,
    /// Scale.
    pub gamma: f64,
}

/// What customers with repeats spend, column by column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spending {
    /// Repeats, customer by customer.
    pub repeats: Vec<f64>,
    /// Their mean values.
    pub values: Vec<f64>,
    /// Customers left out because either isn't positive.
    pub dropped: u64,
}

impl Spending {
    /// Adds a customer with so many repeats of this mean value. What isn't positive is counted, not added.
    pub fn insert(&mut self, repeats: f64, mean_value: f64) {
        let positive = |number: f64| number > 0.0 && number.is_finite();
        if !(positive(repeats) && positive(mean_value)) {
            self.dropped += 1;
            return;
        }
        self.repeats.push(repeats);
        self.values.push(mean_value);
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Self) {
        self.repeats.extend_from_slice(&other.repeats);
        self.values.extend_from_slice(&other.values);
        self.dropped += other.dropped;
    }

    /// How many.
    pub fn n(&self) -> u64 {
        self.repeats.len() as u64
    }

    /// Pearson's correlation of how often with how much; above .3 the model is not believed. `None` where either doesn't vary.
    pub fn correlation(&self) -> Option<f64> {
        let mut both = Bivariate::default();
        self.sorted().iter().for_each(|(repeats, value)| both.insert(*value, *repeats));
        both.correlation()
    }

    /// Fits the model by maximum likelihood; `None` of fewer than three customers, and where the search does not come to rest.
    pub fn fit(&self) -> Option<Fitted<GammaGamma>> {
        let customers = self.sorted();
        if customers.len() < 3 {
            return None;
        }
        let n = customers.len() as f64;
        // The unit of money must not matter.
        let unit = customers.iter().map(|(_, value)| value / n).sum::<f64>();
        let group = |equal: &[(f64, f64)]| (equal[0].0, equal.iter().map(|(_, value)| value / unit).collect());
        let by_repeats = customers.chunk_by(|a, b| a.0 == b.0).map(group).collect();
        let found = maximum(&Likelihood { by_repeats }, n, &[1.0, 1.0, 1.0]);
        let scaled = GammaGamma::of_logarithms(&found.at);
        let ln_likelihood = found.value - n * unit.ln();
        Fitted::at(found, GammaGamma { gamma: scaled.gamma * unit, ..scaled }, ln_likelihood)
    }

    /// The customers in an order of their own, so that sums don't depend on how they came.
    fn sorted(&self) -> Vec<(f64, f64)> {
        let mut customers: Vec<(f64, f64)> = self.repeats.iter().copied().zip(self.values.iter().copied()).collect();
        customers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        customers
    }
}

impl GammaGamma {
    /// Its parameters: p, q and gamma.
    pub fn parameters(&self) -> [f64; 3] {
        [self.p, self.q, self.gamma]
    }

    fn of_logarithms(logarithms: &[f64]) -> Self {
        Self { p: logarithms[0].exp(), q: logarithms[1].exp(), gamma: logarithms[2].exp() }
    }

    /// The mean value of a customer's purchases to come; `None` where the customer has none to go by and `q <= 1`, since then the
    /// customers' mean is infinite.
    pub fn expected_value(&self, purchases: f64, mean_value: f64) -> Option<f64> {
        let Self { p, q, gamma } = self;
        let weight = p * purchases + q - 1.0;
        (weight > 0.0).then(|| p * (gamma + purchases * mean_value) / weight)
    }
}

/// The likelihood of mean values by the logarithms of the parameters.
struct Likelihood {
    /// Repeats, and the mean values of the customers who have so many.
    by_repeats: Vec<(f64, Vec<f64>)>,
}

impl LogLikelihood for Likelihood {
    fn value(&self, logarithms: &[f64]) -> f64 {
        let GammaGamma { p, q, gamma } = GammaGamma::of_logarithms(logarithms);
        let of_repeats = |(repeats, values): &(f64, Vec<f64>)| {
            let px = p * repeats;
            let of_value = |value: &f64| {
                let total = repeats * value;
                -value.ln() - px * (gamma / total).ln_1p() - q * (total / gamma).ln_1p()
            };
            let shared = ln_gamma(px + q) - ln_gamma(px) - ln_gamma(q);
            values.len() as f64 * shared + values.iter().map(of_value).sum::<f64>()
        };
        self.by_repeats.iter().map(of_repeats).sum()
    }

    fn slope(&self, logarithms: &[f64]) -> Vec<f64> {
        let GammaGamma { p, q, gamma } = GammaGamma::of_logarithms(logarithms);
        let (mut of_p, mut of_q, mut of_gamma) = (0.0, 0.0, 0.0);
        for (repeats, values) in &self.by_repeats {
            let (px, n) = (p * repeats, values.len() as f64);
            of_p += n * px * (digamma(px + q) - digamma(px));
            of_q += n * q * (digamma(px + q) - digamma(q));
            for value in values {
                let scale = gamma / (repeats * value);
                of_p -= px * scale.ln_1p();
                of_q -= q * (1.0 / scale).ln_1p();
                of_gamma += (q - px * scale) / (1.0 + scale);
            }
        }
        vec![of_p, of_q, of_gamma]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::stats::customer_base::cdnow;

    /// As the authors publish for the 946 customers with repeats.
    #[test]
    fn cdnow_is_fitted_as_published() {
        let fitted = cdnow::spending().fit().unwrap();
        let GammaGamma { p, q, gamma } = fitted.model;
        for (found, expected) in [(p, 6.248803), (q, 3.744588), (gamma, 15.447746)] {
            assert!((found - expected).abs() < 1e-4 * expected, "{fitted:?}");
        }
        assert!((fitted.ln_likelihood + 4055.9232).abs() < 1e-3, "{fitted:?}");
        assert!((fitted.model.expected_value(2.0, 22.35).unwrap() - 24.658616).abs() < 1e-3);
    }

    #[test]
    fn derivatives_are_right() {
        let likelihood =
            Likelihood { by_repeats: vec![(1.0, vec![0.5, 2.0]), (3.0, vec![1.5]), (20.0, vec![0.1, 4.0])] };
        for at in [[0.0, 0.0, 0.0], [1.8, 1.3, 2.7], [-2.0, 3.0, 5.0]] {
            let by_differences = (|at: &[f64]| likelihood.value(at)).slope(&at);
            for (known, expected) in likelihood.slope(&at).into_iter().zip(by_differences) {
                assert!((known - expected).abs() <= 1e-7 * expected.abs().max(1.0), "{known} is not {expected}");
            }
        }
    }

    #[test]
    fn who_has_not_bought_again_is_worth_the_mean_if_there_is_one() {
        let model = GammaGamma { p: 2.0, q: 3.0, gamma: 10.0 };
        assert_eq!(model.expected_value(0.0, 0.0), Some(10.0));
        assert_eq!(GammaGamma { q: 1.0, ..model }.expected_value(0.0, 0.0), None);
        assert_eq!(GammaGamma { q: 0.5, ..model }.expected_value(1.0, 5.0), Some(20.0));
    }
}
