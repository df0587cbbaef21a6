//! MBG/NBD: Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
//! International Journal of Research in Marketing 24(3).
//!
//! As BG/NBD, but a customer may leave after the first purchase too, so that those without repeats are not all alive.

use statrs::function::beta::ln_beta;
use statrs::function::gamma::ln_gamma;

use super::fit::{PurchaseModel, ln_add};
use super::histories::History;
use crate::stats::hypergeometric::ln_hypergeometric;

/// The model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MbgNbd {
    /// Shape of the rates.
    pub r: f64,
    /// Their inverse scale, in units of time.
    pub alpha: f64,
    /// First parameter of the probabilities to leave.
    pub a: f64,
    /// The second.
    pub b: f64,
}

impl PurchaseModel for MbgNbd {
    fn new([r, alpha, a, b]: [f64; 4]) -> Self {
        Self { r, alpha, a, b }
    }

    fn parameters(&self) -> [f64; 4] {
        [self.r, self.alpha, self.a, self.b]
    }

    fn in_smaller_unit(&self, times: f64) -> Self {
        Self { alpha: self.alpha * times, ..*self }
    }

    fn ln_likelihood_of_repeats(&self, x: f64) -> f64 {
        let Self { r, alpha, a, b } = self;
        ln_gamma(r + x) - ln_gamma(*r) + r * alpha.ln() + ln_beta(*a, b + x) - ln_beta(*a, *b) - (a + b + x).ln()
    }

    fn ln_likelihood_of_times(&self, history: &History) -> f64 {
        let Self { r, alpha, a, b } = self;
        let x = history.repeats;
        let alive = (b + x).ln() - (r + x) * (alpha + history.age).ln();
        ln_add(alive, a.ln() - (r + x) * (alpha + history.recency).ln())
    }

    fn p_alive(&self, history: &History) -> f64 {
        let Self { r, alpha, a, b } = self;
        let silence = ((history.age - history.recency) / (alpha + history.recency)).ln_1p();
        1.0 / (1.0 + a / (b + history.repeats) * ((r + history.repeats) * silence).exp())
    }

    fn expected_purchases(&self, history: &History, t: f64) -> f64 {
        if self.a == 1.0 {
            // The formula is 0 / 0 there, and smooth around it.
            let near = |a| Self { a, ..*self }.expected_purchases(history, t);
            return (near(1.0 - 1e-5) + near(1.0 + 1e-5)) / 2.0;
        }
        let Self { r, alpha, a, b } = self;
        let x = history.repeats;
        let z = t / (alpha + history.age + t);
        let ln_still = (r + x) * (-z).ln_1p() + ln_hypergeometric(r + x, b + x + 1.0, a + b + x, z);
        -(a + b + x) / (a - 1.0) * ln_still.exp_m1() * self.p_alive(history)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::stats::customer_base::cdnow;
    use crate::stats::customer_base::fit::fit;

    /// As lifetimes 0.11.3 and BTYDplus fit it.
    #[test]
    fn cdnow_is_fitted_as_others_do() {
        let fitted = fit::<MbgNbd>(&cdnow::histories()).unwrap();
        for (found, expected) in fitted.model.parameters().iter().zip([0.524838, 6.182992, 0.891356, 1.613999]) {
            assert!((found - expected).abs() < 1e-4 * expected, "{fitted:?}");
        }
        assert!((fitted.ln_likelihood + 9582.1327).abs() < 1e-3);
    }
}
