//! Randomness: one ChaCha stream per subject and room, so that accounts are independent of each other and a change in one
//! room leaves the others as they were.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Poisson, StandardNormal};

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Room {
    Account,
    Journey,
    Money,
    Experiment,
    Satisfaction,
    Adoption,
    Touch,
    Spend,
}

const ROOMS: u64 = 8;

/// The stream of one subject (an account by its index, or [`WORLD`]) in one room.
pub(super) fn stream(seed: u64, subject: u64, room: Room) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(subject * ROOMS + room as u64);
    random
}

/// The subject of streams that belong to no account.
pub(super) const WORLD: u64 = 1 << 40;

/// A draw of the standard normal law.
pub(super) fn normal(random: &mut ChaCha8Rng) -> f64 {
    random.sample(StandardNormal)
}

/// A lognormal draw: its median, and the standard deviation of its logarithm.
pub(super) fn lognormal(random: &mut ChaCha8Rng, median: f64, sigma: f64) -> f64 {
    median * (sigma * normal(random)).exp()
}

/// A Poisson count; 0 where the mean is not positive.
pub(super) fn poisson(random: &mut ChaCha8Rng, mean: f64) -> usize {
    Poisson::new(mean).map_or(0, |law| random.sample(law) as usize)
}

/// One of some items, each as likely as the next.
pub(super) fn one_of<T: Copy>(random: &mut ChaCha8Rng, items: &[T]) -> T {
    items[random.random_range(0..items.len())]
}

/// An index drawn by weights.
pub(super) fn weighted(random: &mut ChaCha8Rng, weights: impl Iterator<Item = f64> + Clone) -> usize {
    let mut left = random.random::<f64>() * weights.clone().sum::<f64>();
    let mut last = 0;
    for (index, weight) in weights.enumerate().filter(|(_, weight)| *weight > 0.0) {
        last = index;
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

/// The logistic function: log-odds to probability.
pub(super) fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
