//! BG/NBD: Fader, Hardie & Lee (2005), "Counting your customers the easy way", Marketing Science 24(2).
//!
//! While alive a customer buys at random times at a rate that is gamma distributed over customers (r, alpha); after each repeat
//! the customer leaves with a probability that is beta distributed (a, b).

use statrs::function::beta::ln_beta;
use statrs::function::gamma::{digamma, ln_gamma};

use super::fit::PurchaseModel;
use super::histories::History;
use crate::stats::hypergeometric::ln_hypergeometric;

/// The model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// Shape of the rates.
    pub r: f64,
    /// Their inverse scale, in units of time.
    pub alpha: f64,
    /// First parameter of the probabilities to leave.
    pub a: f64,
    /// The second.
    pub b: f64,
}

impl PurchaseModel for BgNbd {
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
        ln_gamma(r + x) - ln_gamma(*r) + r * alpha.ln() + ln_beta(*a, b + x) - ln_beta(*a, *b)
    }

    fn ln_likelihood_of_times(&self, history: &History) -> f64 {
        let alive = -(self.r + history.repeats) * (self.alpha + history.age).ln();
        if history.repeats == 0.0 { alive } else { alive + self.ln_odds_of_death(history).exp().ln_1p() }
    }

    fn slope_of_repeats(&self, x: f64) -> [f64; 4] {
        let Self { r, alpha, a, b } = self;
        let all = digamma(a + b) - digamma(a + b + x);
        [r * (digamma(r + x) - digamma(*r) + alpha.ln()), *r, a * all, b * (all + digamma(b + x) - digamma(*b))]
    }

    fn slope_of_times(&self, history: &History) -> [f64; 4] {
        let Self { r, alpha, a: _, b } = self;
        let (x, end, last) = (history.repeats, alpha + history.age, alpha + history.recency);
        let dead = 1.0 - self.p_alive(history);
        let of_rate = -end.ln() + dead * (end / last).ln();
        let of_alpha = (r + x) * (dead * (1.0 / end - 1.0 / last) - 1.0 / end);
        let of_b = if x == 0.0 { 0.0 } else { -dead * b / (b + x - 1.0) };
        [r * of_rate, alpha * of_alpha, dead, of_b]
    }

    /// 1 of everybody without repeats: the model lets customers leave after a repeat only.
    fn p_alive(&self, history: &History) -> f64 {
        if history.repeats == 0.0 { 1.0 } else { 1.0 / (1.0 + self.ln_odds_of_death(history).exp()) }
    }

    fn expected_purchases(&self, history: &History, t: f64) -> f64 {
        if self.a == 1.0 {
            // The formula is 0 / 0 there, and smooth around it.
            let near = |a| Self { a, ..*self }.expected_purchases(history, t);
            return (near(1.0 - 1e-5) + near(1.0 + 1e-5)) / 2.0;
        }
        let Self { r, alpha, a, b } = self;
        let (x, age) = (history.repeats, history.age);
        let (rate, stay, c, z) = (r + x, b + x, a + b + x - 1.0, t / (alpha + age + t));
        let ln_silence = rate * (-z).ln_1p();
        let bought = if c > 0.0 {
            -c * (ln_silence + ln_hypergeometric(rate, stay, c, z)).exp_m1()
        } else {
            // Of customers without repeats where a + b <= 1: by the contiguous functions of c + 1 and c + 2.
            let near = c * ln_hypergeometric(rate, stay, c + 1.0, z).exp();
            let next = rate * stay * z / (c + 1.0) * ln_hypergeometric(rate + 1.0, stay + 1.0, c + 2.0, z).exp();
            c - ln_silence.exp() * (near + next)
        };
        bought / (a - 1.0) * self.p_alive(history)
    }
}

impl BgNbd {
    /// The odds that a customer with repeats has left.
    fn ln_odds_of_death(&self, history: &History) -> f64 {
        let Self { r, alpha, a, b } = self;
        let silence = ((history.age - history.recency) / (alpha + history.recency)).ln_1p();
        a.ln() - (b + history.repeats - 1.0).ln() + (r + history.repeats) * silence
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::stats::customer_base::cdnow;
    use crate::stats::customer_base::fit::fit;
    use crate::stats::customer_base::fit::tests::assert_slopes;

    #[test]
    fn derivatives_are_right() {
        assert_slopes(&BgNbd { r: 0.24, alpha: 4.4, a: 0.8, b: 2.4 });
        assert_slopes(&BgNbd { r: 3.0, alpha: 0.1, a: 2.0, b: 0.3 });
    }

    /// Parameters that the authors publish, and what lifetimes 0.11.3 and the paper's spreadsheet compute with them.
    #[test]
    fn cdnow_is_fitted_as_published() {
        let fitted = fit::<BgNbd>(&cdnow::histories()).unwrap();
        for (found, expected) in fitted.model.parameters().iter().zip([0.242593, 4.413532, 0.792886, 2.425754]) {
            assert!((found - expected).abs() < 1e-4 * expected, "{fitted:?}");
        }
        assert!((fitted.ln_likelihood + 9582.4256).abs() < 1e-3);
        let known = History { repeats: 2.0, recency: 30.43, age: 38.86 };
        assert!((fitted.model.expected_purchases(&known, 39.0) - 1.2259105).abs() < 1e-4);
        assert!((fitted.model.p_alive(&known) - 0.7266092).abs() < 1e-4);
        let total: f64 = cdnow::customers().map(|history| fitted.model.expected_purchases(&history, 39.0)).sum();
        assert!((total - 1653.4233).abs() < 0.1, "{total}");
    }
}
