//! The maximum of a log-likelihood of a few parameters, and how sharply they are known there.
//!
//! Newton's method, damped as by Levenberg and Marquardt where the surface is not convex or a step doesn't gain. The line searches of
//! `argmin` 0.11 (BFGS with More-Thuente) were tried first: on the sBG cohort of `customer_base` they stop with "search direction must
//! be a descent direction" where this one needs eight steps.

use nalgebra::{DMatrix, DVector};

/// Steps of a search, many more than smooth likelihoods take.
const STEPS: u32 = 60;

/// The longest step: of a logarithm, a factor of 20.
const LONGEST: f64 = 3.0;

/// The damping at which a search gives up: steps are lost in rounding.
const STUCK: f64 = 1e12;

/// The slope, per observation, that counts as none.
const FLAT: f64 = 1e-7;

/// The standard error of a parameter that says nothing of it: of a logarithm, known to within a factor of e^20 either way.
const UNKNOWN: f64 = 10.0;

/// Where a log-likelihood is highest.
#[derive(Debug, Clone, PartialEq)]
pub struct Maximum {
    /// The parameters.
    pub at: Vec<f64>,
    /// The log-likelihood there.
    pub value: f64,
    /// The covariance of the parameters, the inverse of the observed information; `None` where the likelihood is flat in some
    /// direction, as at the boundary of what the model allows: it rises forever then, though less and less.
    pub covariance: Option<DMatrix<f64>>,
    /// Whether the search came to rest.
    pub converged: bool,
}

/// A smooth log-likelihood, defined for all real parameters: positive ones are given by their logarithms. Where it is not finite it
/// counts as very small.
pub trait LogLikelihood {
    /// Its value.
    fn value(&self, parameters: &[f64]) -> f64;

    /// Its derivatives; by central differences, whose error is least near the cube root of the precision, unless they are known.
    fn slope(&self, parameters: &[f64]) -> Vec<f64> {
        let step = f64::EPSILON.cbrt();
        let moved = |i: usize, by: f64| {
            let mut parameters = parameters.to_vec();
            parameters[i] += by;
            self.value(&parameters)
        };
        (0..parameters.len()).map(|i| (moved(i, step) - moved(i, -step)) / (2.0 * step)).collect()
    }
}

impl<F: Fn(&[f64]) -> f64> LogLikelihood for F {
    fn value(&self, parameters: &[f64]) -> f64 {
        self(parameters)
    }
}

/// Searches from `start`; the likelihood is of `n` observations.
pub fn maximum(log_likelihood: &impl LogLikelihood, n: f64, start: &[f64]) -> Maximum {
    let loss = Loss { log_likelihood, n };
    let at = loss.descend(start.to_vec());
    let covariance = (loss.curvature(&at) * n).cholesky().map(|information| information.inverse());
    let known = |of: &DMatrix<f64>| of.diagonal().iter().all(|variance| *variance < UNKNOWN * UNKNOWN);
    let value = log_likelihood.value(&at);
    Maximum { value, converged: value.is_finite() && loss.is_flat(&at), covariance: covariance.filter(known), at }
}

/// What is searched for its minimum: the negative log-likelihood per observation.
struct Loss<'a, L> {
    log_likelihood: &'a L,
    n: f64,
}

impl<L: LogLikelihood> Loss<'_, L> {
    fn at(&self, parameters: &[f64]) -> f64 {
        let value = -self.log_likelihood.value(parameters) / self.n;
        if value.is_finite() { value } else { f64::MAX.sqrt() }
    }

    fn slope(&self, parameters: &[f64]) -> Vec<f64> {
        let known = |slope: f64| if slope.is_finite() { -slope / self.n } else { 0.0 };
        self.log_likelihood.slope(parameters).into_iter().map(known).collect()
    }

    fn descend(&self, mut at: Vec<f64>) -> Vec<f64> {
        let (mut value, mut damping) = (self.at(&at), 1e-3);
        for _ in 0..STEPS {
            if self.is_flat(&at) {
                break;
            }
            let (slope, curvature) = (DVector::from_vec(self.slope(&at)), self.curvature(&at));
            loop {
                let mut damped = curvature.clone();
                (0..at.len()).for_each(|i| damped[(i, i)] += damping * (1.0 + damped[(i, i)].abs()));
                if let Some(convex) = damped.cholesky() {
                    let step = convex.solve(&slope);
                    let scale = (LONGEST / step.amax()).min(1.0);
                    let next: Vec<f64> = at.iter().zip(&step).map(|(at, step)| at - scale * step).collect();
                    let lower = self.at(&next);
                    if lower < value {
                        (at, value, damping) = (next, lower, damping / 10.0);
                        break;
                    }
                }
                damping *= 10.0;
                if damping > STUCK {
                    return at;
                }
            }
        }
        at
    }

    fn is_flat(&self, parameters: &[f64]) -> bool {
        self.slope(parameters).iter().all(|slope| slope.abs() < FLAT)
    }

    /// The second derivatives, by differences of the slope.
    fn curvature(&self, parameters: &[f64]) -> DMatrix<f64> {
        let step = f64::EPSILON.powf(0.25);
        let columns: Vec<Vec<f64>> = (0..parameters.len())
            .map(|i| {
                let slope = |by: f64| {
                    let mut parameters = parameters.to_vec();
                    parameters[i] += by;
                    self.slope(&parameters)
                };
                slope(step).iter().zip(slope(-step)).map(|(up, down)| (up - down) / (2.0 * step)).collect()
            })
            .collect();
        let curvature = DMatrix::from_fn(columns.len(), columns.len(), |i, j| columns[j][i]);
        (&curvature + curvature.transpose()) / 2.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_rate_and_its_error_of_exponential_waits_are_found() {
        // n / sum is the rate; the variance of its logarithm is 1 / n.
        let waits = [0.5, 1.5, 2.0, 4.0];
        let log_likelihood = |p: &[f64]| waits.iter().map(|wait| p[0] - p[0].exp() * wait).sum::<f64>();
        let found = maximum(&log_likelihood, 4.0, &[3.0]);
        assert!(found.converged);
        assert!((found.at[0].exp() - 0.5).abs() < 1e-7, "{found:?}");
        assert!((found.covariance.unwrap()[(0, 0)] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn a_curved_valley_is_followed() {
        let found =
            maximum(&|p: &[f64]| -100.0 * (p[1] - p[0] * p[0]).powi(2) - (1.0 - p[0]).powi(2), 1.0, &[-1.2, 1.0]);
        assert!(found.converged);
        assert!((found.at[0] - 1.0).abs() < 1e-5 && (found.at[1] - 1.0).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn what_rises_forever_does_not_converge_or_is_not_known() {
        let rising = maximum(&|p: &[f64]| p[0], 1.0, &[0.0]);
        assert!(!rising.converged);
        let levelling = maximum(&|p: &[f64]| -(-p[0]).exp(), 1.0, &[0.0]);
        assert!(levelling.converged && levelling.covariance.is_none(), "{levelling:?}");
        let undefined = maximum(&|_: &[f64]| f64::NAN, 1.0, &[0.0]);
        assert!(!undefined.converged && undefined.covariance.is_none());
    }
}
