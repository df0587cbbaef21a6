//! Demand states, the routes through them, and the planted law of each: how long a visit lasts and whether it moves on.
//!
//! A visit lasts `floor + median x exp(sigma Z + fit_on_time z + briefing_on_time b)` days (Z standard normal, z the account's
//! fit, b the sponsor briefings of the journey), longer by `slower_when_lost` above the floor where it ends the journey badly.
//! It moves on with log-odds `forward + fit_on_forward z + sponsor_on_forward [b > 0]`.
//! Only `deciding` has times that depend on fit: whoever reaches a later state before the window closes is then no selected
//! crowd, and the laws' medians are exactly what a censoring-aware estimate aims at.

use super::chance::probability;

/// A demand state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Unaware,
    Aware,
    Considering,
    Evaluating,
    Deciding,
    Won,
    Lost,
    Onboarding,
    Adopting,
    Expanding,
    Renewing,
    Churned,
}

use State::*;

impl State {
    /// Every state, by position.
    pub(super) const ALL: [State; 12] = [
        Unaware,
        Aware,
        Considering,
        Evaluating,
        Deciding,
        Won,
        Lost,
        Onboarding,
        Adopting,
        Expanding,
        Renewing,
        Churned,
    ];

    /// Its name in the tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Unaware => "unaware",
            Aware => "aware",
            Considering => "considering",
            Evaluating => "evaluating",
            Deciding => "deciding",
            Won => "won",
            Lost => "lost",
            Onboarding => "onboarding",
            Adopting => "adopting",
            Expanding => "expanding",
            Renewing => "renewing",
            Churned => "churned",
        }
    }

    /// Whether it belongs to the life after the sale.
    pub(super) fn after_sale(self) -> bool {
        matches!(self, Onboarding | Adopting | Expanding | Renewing | Churned)
    }

    /// The milestone it stands for.
    pub(super) fn milestone(self) -> Option<&'static str> {
        match self {
            Considering => Some("lead"),
            Evaluating => Some("opportunity"),
            _ => None,
        }
    }

    /// The outcome with which it ends a journey.
    pub(super) fn outcome(self) -> Option<&'static str> {
        matches!(self, Won | Lost | Churned).then(|| self.name())
    }

    /// The law of its visits; states that end a journey have none.
    pub(super) fn law(self) -> Law {
        let sale = Law { slower_when_lost: 1.5, ..Law::STEADY };
        match self {
            Unaware => Law { floor: 0.5, median: 4.0, sigma: 0.8, forward: 2.2, fit_on_forward: 0.2, ..sale },
            Aware => Law { floor: 3.0, median: 8.0, sigma: 0.7, forward: 1.4, fit_on_forward: 0.4, ..sale },
            Considering => Law { floor: 7.0, median: 14.0, sigma: 0.6, forward: 1.2, fit_on_forward: 0.5, ..sale },
            Evaluating => Law { floor: 14.0, median: 20.0, sigma: 0.6, forward: 1.2, fit_on_forward: 0.4, ..sale },
            Deciding => Law {
                floor: 10.0,
                median: 24.0,
                sigma: 0.7,
                fit_on_time: -0.25,
                briefing_on_time: -0.15,
                forward: -0.6,
                fit_on_forward: 0.6,
                sponsor_on_forward: 1.4,
                ..sale
            },
            Onboarding => Law { floor: 14.0, median: 20.0, sigma: 0.5, forward: 2.9, ..Law::STEADY },
            Adopting => Law { floor: 200.0, median: 60.0, sigma: 0.5, forward: 2.6, ..Law::STEADY },
            Expanding => Law { floor: 30.0, median: 35.0, sigma: 0.6, forward: 3.5, ..Law::STEADY },
            Renewing => Law { floor: 21.0, median: 25.0, sigma: 0.5, forward: 1.7, ..Law::STEADY },
            Won | Lost | Churned => Law::STEADY,
        }
    }
}

/// The planted law of visits to a state. Times in days.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    pub(super) floor: f64,
    pub(super) median: f64,
    pub(super) sigma: f64,
    pub(super) slower_when_lost: f64,
    pub(super) fit_on_time: f64,
    pub(super) briefing_on_time: f64,
    pub(super) forward: f64,
    pub(super) fit_on_forward: f64,
    pub(super) sponsor_on_forward: f64,
}

impl Law {
    const STEADY: Law = Law {
        floor: 0.0,
        median: 1.0,
        sigma: 1.0,
        slower_when_lost: 1.0,
        fit_on_time: 0.0,
        briefing_on_time: 0.0,
        forward: 0.0,
        fit_on_forward: 0.0,
        sponsor_on_forward: 0.0,
    };

    /// The median of the time above the floor, in days, for an account of a fit, a number of briefings and an end.
    pub(super) fn median_above_floor(&self, fit: f64, briefings: u32, forward: bool) -> f64 {
        let slower = if forward { 1.0 } else { self.slower_when_lost };
        slower * self.median * (self.fit_on_time * fit + self.briefing_on_time * f64::from(briefings)).exp()
    }

    /// The probability that a visit moves the journey on.
    pub(super) fn moves_on(&self, fit: f64, briefings: u32) -> f64 {
        let sponsor = if briefings > 0 { self.sponsor_on_forward } else { 0.0 };
        probability(self.forward + self.fit_on_forward * fit + sponsor)
    }
}

/// Briefings a journey may have at most.
pub(super) const MOST_BRIEFINGS: u32 = 3;

/// The chance of each of the [`MOST_BRIEFINGS`] sponsor briefings: the better the fit, the more (touches follow fit).
pub(super) fn briefing_chance(fit: f64) -> f64 {
    probability(-0.4 + 0.8 * fit)
}

/// A way through the states, and the share of journeys that are set on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) share: f64,
    pub(super) states: &'static [State],
}

/// The routes of a buying journey, which ends won or lost: the ideal one, and those that skip a state, repeat one, or take
/// two out of order.
pub(super) const BUYING: [Route; 4] = [
    Route { share: 0.80, states: &[Unaware, Aware, Considering, Evaluating, Deciding] },
    Route { share: 0.09, states: &[Unaware, Aware, Evaluating, Deciding] },
    Route { share: 0.06, states: &[Unaware, Aware, Considering, Evaluating, Evaluating, Deciding] },
    Route { share: 0.05, states: &[Unaware, Aware, Evaluating, Considering, Deciding] },
];

/// The routes of a customer's first cycle; it ends won (renewed) or churned.
pub(super) const FIRST_CYCLE: [Route; 2] = [
    Route { share: 0.75, states: &[Onboarding, Adopting, Renewing] },
    Route { share: 0.25, states: &[Onboarding, Adopting, Expanding, Renewing] },
];

/// The routes of every further cycle.
pub(super) const NEXT_CYCLE: [Route; 2] = [
    Route { share: 0.75, states: &[Adopting, Renewing] },
    Route { share: 0.25, states: &[Adopting, Expanding, Renewing] },
];
