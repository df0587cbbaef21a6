//! Purchase models at the maximum of their likelihood.

use std::marker::PhantomData;

use nalgebra::DMatrix;

use super::histories::{Group, Histories, History};
use crate::stats::maximum::{LogLikelihood, Maximum, maximum};

/// A model of purchases without a contract. Times are in one unit throughout.
pub trait PurchaseModel: Sized {
    /// The model with these parameters, all positive.
    fn new(parameters: [f64; 4]) -> Self;

    /// Its parameters.
    fn parameters(&self) -> [f64; 4];

    /// The same model in a unit of time that is so many times smaller.
    fn in_smaller_unit(&self, times: f64) -> Self;

    /// The part of the log-likelihood that the number of repeats decides.
    fn ln_likelihood_of_repeats(&self, repeats: f64) -> f64;

    /// The rest of it.
    fn ln_likelihood_of_times(&self, history: &History) -> f64;

    /// The derivatives of the first part by the logarithms of the parameters; by differences, unless they are known.
    fn slope_of_repeats(&self, repeats: f64) -> [f64; 4] {
        differences(self, |model| model.ln_likelihood_of_repeats(repeats))
    }

    /// The derivatives of the second.
    fn slope_of_times(&self, history: &History) -> [f64; 4] {
        differences(self, |model| model.ln_likelihood_of_times(history))
    }

    /// The probability that a customer will buy again at some time, given the history.
    fn p_alive(&self, history: &History) -> f64;

    /// Expected purchases in the time `t` after the end of observation, given the history; NaN for a negative `t`.
    fn expected_purchases(&self, history: &History, t: f64) -> f64;
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted<M> {
    /// The model.
    pub model: M,
    /// The highest log-likelihood.
    pub ln_likelihood: f64,
    /// The covariance of the logarithms of the parameters; `None` where the data don't tell some of them, as at the boundary of what
    /// the model allows: where nobody ever leaves.
    pub covariance: Option<DMatrix<f64>>,
}

impl<M> Fitted<M> {
    /// The model at a maximum; `None` where the search did not come to rest.
    pub(super) fn at(found: Maximum, model: M, ln_likelihood: f64) -> Option<Self> {
        found.converged.then_some(Self { model, ln_likelihood, covariance: found.covariance })
    }

    /// Standard errors of these parameters, which are the model's: by the delta method.
    pub fn std_errors<const N: usize>(&self, parameters: [f64; N]) -> Option<[f64; N]> {
        let covariance = self.covariance.as_ref()?;
        Some(std::array::from_fn(|i| parameters[i] * covariance[(i, i)].sqrt()))
    }
}

/// Fits a model by maximum likelihood, without a penalty; `None` where nobody bought again, since any rate of leaving explains that,
/// and where the search does not come to rest.
///
/// Parameters are searched by their logarithms, times in units of the mean age, so that the unit doesn't matter.
pub fn fit<M: PurchaseModel>(histories: &Histories) -> Option<Fitted<M>> {
    if histories.repeating() == 0 {
        return None;
    }
    let (groups, n) = (histories.grouped(), histories.n() as f64);
    let unit = groups.iter().map(|group| group.customers * group.history.age).sum::<f64>() / n;
    let likelihood = Likelihood::<M>::new(groups, unit);
    let found = maximum(&likelihood, n, &[0.0; 4]);
    // The density of a purchase is per unit of time.
    let repeats: f64 = likelihood.by_repeats.iter().map(|(repeats, customers, _)| repeats * customers).sum();
    let model = of_logarithms::<M>(&found.at).in_smaller_unit(unit);
    let ln_likelihood = found.value - repeats * unit.ln();
    Fitted::at(found, model, ln_likelihood)
}

/// The likelihood of histories by the logarithms of a model's parameters.
struct Likelihood<M> {
    /// Repeats, how many customers have so many, and their histories.
    by_repeats: Vec<(f64, f64, Vec<Group>)>,
    model: PhantomData<M>,
}

impl<M> Likelihood<M> {
    /// Of groups in the order of their repeats, times in this unit.
    fn new(groups: Vec<Group>, unit: f64) -> Self {
        let mut by_repeats: Vec<(f64, f64, Vec<Group>)> = vec![];
        for Group { history: History { repeats, recency, age }, customers } in groups {
            if by_repeats.last().is_none_or(|last| last.0 != repeats) {
                by_repeats.push((repeats, 0.0, vec![]));
            }
            if let Some((_, all, groups)) = by_repeats.last_mut() {
                *all += customers;
                let history = History { repeats, recency: recency / unit, age: age / unit };
                groups.push(Group { history, customers });
            }
        }
        Self { by_repeats, model: PhantomData }
    }
}

impl<M: PurchaseModel> LogLikelihood for Likelihood<M> {
    fn value(&self, logarithms: &[f64]) -> f64 {
        let model: M = of_logarithms(logarithms);
        let of_repeats = |(repeats, customers, groups): &(f64, f64, Vec<Group>)| {
            let times = groups.iter().map(|group| group.customers * model.ln_likelihood_of_times(&group.history));
            customers * model.ln_likelihood_of_repeats(*repeats) + times.sum::<f64>()
        };
        self.by_repeats.iter().map(of_repeats).sum()
    }

    fn slope(&self, logarithms: &[f64]) -> Vec<f64> {
        let model: M = of_logarithms(logarithms);
        let mut sum = vec![0.0; 4];
        let mut add =
            |slope: [f64; 4], times: f64| sum.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += times * slope);
        for (repeats, customers, groups) in &self.by_repeats {
            add(model.slope_of_repeats(*repeats), *customers);
            groups.iter().for_each(|group| add(model.slope_of_times(&group.history), group.customers));
        }
        sum
    }
}

fn of_logarithms<M: PurchaseModel>(logarithms: &[f64]) -> M {
    M::new(std::array::from_fn(|i| logarithms[i].exp()))
}

fn differences<M: PurchaseModel>(model: &M, of: impl Fn(&M) -> f64) -> [f64; 4] {
    let step = f64::EPSILON.cbrt();
    std::array::from_fn(|i| {
        let at = |by: f64| {
            let mut parameters = model.parameters();
            parameters[i] *= by.exp();
            of(&M::new(parameters))
        };
        (at(step) - at(-step)) / (2.0 * step)
    })
}

/// `ln(e^x + e^y)`.
pub(super) fn ln_add(x: f64, y: f64) -> f64 {
    let (low, high) = if x < y { (x, y) } else { (y, x) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// That the derivatives which a model knows are those of its likelihood.
    pub fn assert_slopes<M: PurchaseModel>(model: &M) {
        let histories = [(0.0, 0.0, 3.0), (1.0, 2.0, 3.0), (7.0, 5.0, 5.0), (40.0, 11.0, 30.0)];
        for (repeats, recency, age) in histories {
            let history = History { repeats, recency, age };
            let of_repeats = differences(model, |model| model.ln_likelihood_of_repeats(repeats));
            let of_times = differences(model, |model| model.ln_likelihood_of_times(&history));
            let known = [model.slope_of_repeats(repeats), model.slope_of_times(&history)];
            for (known, expected) in known.iter().flatten().zip(of_repeats.iter().chain(&of_times)) {
                assert!(
                    (known - expected).abs() <= 1e-7 * expected.abs().max(1.0),
                    "{known} is not {expected}: {history:?}"
                );
            }
        }
    }
}
