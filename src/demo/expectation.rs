//! The planted laws' medians and probabilities over all accounts: fit and briefings integrated out numerically.

use statrs::function::erf::erfc;

use super::states::{BUYING, FIRST_CYCLE, Law, MOST_BRIEFINGS, Route, State, briefing_chance};
use super::truth::{StateTruth, TransitionTruth};

/// Fit from -6 to 6 in steps of a fifth: the trapezoid rule converges exponentially for such integrands (analytic, and falling
/// as the normal density), here to rounding.
const STEPS: i32 = 30;
const STEP: f64 = 0.2;

/// A crowd of journeys of one fit and number of briefings that visits a state and goes on to another if it moves on.
struct Crowd {
    weight: f64,
    fit: f64,
    briefings: u32,
    next: State,
}

/// The law of time in each state.
pub(super) fn states() -> Vec<StateTruth> {
    let lasting = State::ALL.into_iter().filter(|state| state.outcome().is_none());
    let truth = |state: State| {
        let (law, crowds) = (state.law(), crowds(state));
        let total: f64 = crowds.iter().map(|c| c.weight).sum();
        let ended =
            |days: f64| crowds.iter().map(|c| c.weight * (c.moved_on(&law, days) + c.failed(&law, days))).sum::<f64>();
        let (mut low, mut high) = (law.floor, law.floor + 1000.0);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if ended(middle) < total / 2.0 { low = middle } else { high = middle }
        }
        StateTruth { state: state.name(), floor_days: law.floor, median_days: (low + high) / 2.0 }
    };
    lasting.map(truth).collect()
}

/// The chance of each step from state to state.
pub(super) fn transitions() -> Vec<TransitionTruth> {
    let mut transitions = Vec::new();
    for state in State::ALL.into_iter().filter(|state| state.outcome().is_none()) {
        let (law, crowds) = (state.law(), crowds(state));
        let total: f64 = crowds.iter().map(|c| c.weight).sum();
        let failure = if state.after_sale() { State::Churned } else { State::Lost };
        for next in State::ALL {
            let share = |days: f64| {
                let of = |c: &Crowd| match next {
                    n if n == failure => c.weight * c.failed(&law, days),
                    n if n == c.next => c.weight * c.moved_on(&law, days),
                    _ => 0.0,
                };
                crowds.iter().map(of).sum::<f64>() / total
            };
            let probability = share(f64::INFINITY);
            if probability > 0.0 {
                transitions.push(TransitionTruth {
                    state: state.name(),
                    next_state: next.name(),
                    probability,
                    within_30_days: share(30.0),
                });
            }
        }
    }
    transitions
}

/// Days no buying journey on the ideal route undercuts.
pub(super) fn organic_floor() -> f64 {
    BUYING[0].states.iter().map(|state| state.law().floor).sum()
}

/// Everyone who visits a state, by route, fit and briefings, with the weight of having come so far.
fn crowds(state: State) -> Vec<Crowd> {
    let routes: &[Route] = if state.after_sale() { &FIRST_CYCLE } else { &BUYING };
    let mut crowds = Vec::new();
    for route in routes {
        for fit in (-STEPS..=STEPS).map(|step| f64::from(step) * STEP) {
            for briefings in 0..=MOST_BRIEFINGS {
                let mut weight = route.share * (-fit * fit / 2.0).exp() * binomial(briefings, briefing_chance(fit));
                for (position, &visited) in route.states.iter().enumerate() {
                    if visited == state {
                        let next = route.states.get(position + 1).copied().unwrap_or(State::Won);
                        crowds.push(Crowd { weight, fit, briefings, next });
                    }
                    weight *= visited.law().moves_on(fit, briefings);
                }
            }
        }
    }
    crowds
}

impl Crowd {
    /// The share that has moved on within some days.
    fn moved_on(&self, law: &Law, days: f64) -> f64 {
        law.moves_on(self.fit, self.briefings) * self.ended(law, days, true)
    }

    /// The share that has ended badly within some days.
    fn failed(&self, law: &Law, days: f64) -> f64 {
        (1.0 - law.moves_on(self.fit, self.briefings)) * self.ended(law, days, false)
    }

    fn ended(&self, law: &Law, days: f64, forward: bool) -> f64 {
        if days <= law.floor {
            return 0.0;
        }
        let median = law.median_above_floor(self.fit, self.briefings, forward);
        let z = ((days - law.floor) / median).ln() / law.sigma;
        0.5 * erfc(-z / std::f64::consts::SQRT_2)
    }
}

/// The chance of a number of [`MOST_BRIEFINGS`] briefings.
fn binomial(successes: u32, chance: f64) -> f64 {
    let ways = [1.0, 3.0, 3.0, 1.0][successes as usize];
    ways * chance.powi(successes as i32) * (1.0 - chance).powi((MOST_BRIEFINGS - successes) as i32)
}
