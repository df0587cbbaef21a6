//! The journeys of an account: one buying journey, then a cycle a year for as long as the customer stays.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::accounts::{Account, Stakeholder};
use super::calendar::{END, after};
use super::chance::{Room, normal, stream, weighted};
use super::states::{BUYING, FIRST_CYCLE, MOST_BRIEFINGS, NEXT_CYCLE, Route, State, briefing_chance};

/// One buying or renewal cycle.
#[derive(Debug)]
pub(super) struct Journey {
    pub(super) id: String,
    route: Route,
    /// Sponsor briefings planned for `deciding`.
    pub(super) briefings: u32,
    /// The visits, in order, that began before the window closed.
    pub(super) visits: Vec<Visit>,
    /// How it ended, where that is known before the window closed.
    pub(super) end: Option<End>,
}

/// The end of a journey.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) state: State,
    pub(super) at: i64,
    pub(super) contact: Option<usize>,
}

/// A stay in a state; `left` may lie after the window, and the row then stays open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    pub(super) state: State,
    pub(super) entered: i64,
    pub(super) left: i64,
    /// Who moved the journey here, where one person did.
    pub(super) contact: Option<usize>,
}

impl Journey {
    /// When a state was first entered.
    pub(super) fn entered(&self, state: State) -> Option<i64> {
        self.visits.iter().find(|v| v.state == state).map(|v| v.entered)
    }

    /// When the journey was won.
    pub(super) fn won(&self) -> Option<i64> {
        self.end.filter(|end| end.state == State::Won).map(|end| end.at)
    }
}

/// Every journey of an account, the buying one first; none for an idle account.
pub(super) fn journeys(seed: u64, index: u64, account: &Account) -> Vec<Journey> {
    let mut journeys: Vec<Journey> = Vec::new();
    if account.idle {
        return journeys;
    }
    let random = &mut stream(seed, index, Room::Journey);
    let briefings = (0..MOST_BRIEFINGS).filter(|_| random.random_bool(briefing_chance(account.fit))).count() as u32;
    let mut next = Some(account.created);
    while let Some(start) = next {
        let number = journeys.len();
        let (routes, briefings): (&[Route], u32) = match number {
            0 => (&BUYING, briefings),
            1 => (&FIRST_CYCLE, 0),
            _ => (&NEXT_CYCLE, 0),
        };
        let route = routes[weighted(random, routes.iter().map(|route| route.share))];
        let mut journey =
            Journey { id: format!("J{index:07}{number:02}"), route, briefings, visits: vec![], end: None };
        journey.walk(start, account, random);
        next = journey.won();
        journeys.push(journey);
    }
    journeys
}

impl Journey {
    fn walk(&mut self, start: i64, account: &Account, random: &mut ChaCha8Rng) {
        let failure = if self.route.states[0].after_sale() { State::Churned } else { State::Lost };
        let mut entered = start;
        for &state in self.route.states {
            let law = state.law();
            let contact = mover(account, state, random);
            let forward = random.random_bool(law.moves_on(account.fit, self.briefings));
            let above = law.median_above_floor(account.fit, self.briefings, forward);
            let left = after(entered, law.floor + above * (law.sigma * normal(random)).exp());
            self.visits.push(Visit { state, entered, left, contact });
            if left > END {
                return;
            }
            if !forward {
                self.end = Some(End { state: failure, at: left, contact: mover(account, failure, random) });
                return;
            }
            entered = left;
        }
        self.end = Some(End { state: State::Won, at: entered, contact: mover(account, State::Won, random) });
    }
}

/// Who moves a journey into a state: sponsors and signatories decide, users and administrators carry the rest, and at times
/// nobody in particular.
fn mover(account: &Account, state: State, random: &mut ChaCha8Rng) -> Option<usize> {
    let decision = matches!(state, State::Deciding | State::Won);
    let roles: [(Option<Stakeholder>, f64); 3] = if decision {
        [(Some(Stakeholder::Sponsor), 0.7), (Some(Stakeholder::Signatory), 0.2), (None, 0.1)]
    } else {
        [(Some(Stakeholder::Administrator), 0.45), (Some(Stakeholder::User), 0.3), (None, 0.25)]
    };
    let role = roles[weighted(random, roles.iter().map(|(_, share)| *share))].0;
    role.and_then(|role| account.first(role))
}
