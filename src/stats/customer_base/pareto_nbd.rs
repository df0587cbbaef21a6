//! Pareto/NBD: Schmittlein, Morrison & Colombo (1987), "Counting your customers", Management Science 33(1), computed as by
//! Fader & Hardie (2005), "A note on deriving the Pareto/NBD model and related expressions".
//!
//! While alive a customer buys at random times at a rate that is gamma distributed over customers (r, alpha); lifetimes are
//! exponential with a rate that is gamma distributed (s, beta).

use statrs::function::gamma::ln_gamma;

use super::fit::{PurchaseModel, ln_add};
use super::histories::History;
use crate::stats::hypergeometric::ln_hypergeometric;

/// The model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParetoNbd {
    /// Shape of the rates of buying.
    pub r: f64,
    /// Their inverse scale, in units of time.
    pub alpha: f64,
    /// Shape of the rates of leaving.
    pub s: f64,
    /// Their inverse scale, in units of time.
    pub beta: f64,
}

impl PurchaseModel for ParetoNbd {
    fn new([r, alpha, s, beta]: [f64; 4]) -> Self {
        Self { r, alpha, s, beta }
    }

    fn parameters(&self) -> [f64; 4] {
        [self.r, self.alpha, self.s, self.beta]
    }

    fn in_smaller_unit(&self, times: f64) -> Self {
        Self { alpha: self.alpha * times, beta: self.beta * times, ..*self }
    }

    fn ln_likelihood_of_repeats(&self, x: f64) -> f64 {
        let Self { r, alpha, s, beta } = self;
        ln_gamma(r + x) - ln_gamma(*r) + r * alpha.ln() + s * beta.ln()
    }

    fn ln_likelihood_of_times(&self, history: &History) -> f64 {
        ln_add(self.ln_alive(history), self.ln_dead(history))
    }

    fn p_alive(&self, history: &History) -> f64 {
        1.0 / (1.0 + (self.ln_dead(history) - self.ln_alive(history)).exp())
    }

    fn expected_purchases(&self, history: &History, t: f64) -> f64 {
        let Self { r, alpha, s, beta } = self;
        let (rate, leaving) = ((r + history.repeats) / (alpha + history.age), beta + history.age);
        let time = (t / leaving).ln_1p();
        let alive = if *s == 1.0 { time } else { -((1.0 - s) * time).exp_m1() / (s - 1.0) };
        rate * leaving * alive * self.p_alive(history)
    }
}

/// How far apart the scales may be: their series takes thousands of terms there.
const FARTHEST: f64 = 0.995;

impl ParetoNbd {
    /// The likelihood of a customer who is alive at the end, but for what all customers with as many repeats share.
    fn ln_alive(&self, history: &History) -> f64 {
        let Self { r, alpha, s, beta } = self;
        -(r + history.repeats) * (alpha + history.age).ln() - s * (beta + history.age).ln()
    }

    /// That of one who has left since the last purchase.
    fn ln_dead(&self, history: &History) -> f64 {
        let Self { r, alpha, s, beta } = self;
        let events = r + s + history.repeats;
        let (later, sooner, second) =
            if alpha >= beta { (alpha, beta, s + 1.0) } else { (beta, alpha, r + history.repeats) };
        let left_after = |time: f64| {
            let z = (later - sooner) / (later + time);
            // Beyond, a search that runs off would take minutes for a handful of customers.
            let series = if z < FARTHEST { ln_hypergeometric(events, second, events + 1.0, z) } else { f64::NAN };
            series - events * (later + time).ln()
        };
        let (from, to) = (left_after(history.recency), left_after(history.age));
        s.ln() - events.ln() + from + (-(to - from).exp_m1()).ln()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::stats::customer_base::cdnow;
    use crate::stats::customer_base::fit::fit;

    /// Parameters that Fader & Hardie publish for these customers.
    #[test]
    fn cdnow_is_fitted_as_published() {
        let fitted = fit::<ParetoNbd>(&cdnow::histories()).unwrap();
        for (found, expected) in fitted.model.parameters().iter().zip([0.553276, 10.577613, 0.606213, 11.667907]) {
            assert!((found - expected).abs() < 1e-4 * expected, "{fitted:?}");
        }
        assert!((fitted.ln_likelihood + 9594.9739).abs() < 1e-3);
        let alive: f64 = cdnow::customers().map(|history| fitted.model.p_alive(&history)).sum();
        assert!((alive / 2357.0 - 0.446279).abs() < 1e-5);
    }
}
