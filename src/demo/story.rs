//! One account's life, put together from the rooms; a pure function of seed, index and the world.

use super::accounts::Account;
use super::adoption::{Objective, objectives};
use super::calendar::END;
use super::experiments::{Arms, assign};
use super::journeys::{Journey, journeys};
use super::money::{Money, money};
use super::satisfaction::{Survey, surveys};
use super::spend::Arrival;
use super::states::State;
use super::world::World;

/// Everything about one account but its interactions.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) index: u64,
    pub(super) arrival: Arrival,
    pub(super) account: Account,
    pub(super) journeys: Vec<Journey>,
    /// When it was won and until when it stayed, the window's end at the latest.
    pub(super) customer: Option<(i64, i64)>,
    pub(super) arms: Arms,
    pub(super) money: Money,
    pub(super) surveys: Vec<Survey>,
    pub(super) objectives: Vec<Objective>,
}

impl Story {
    /// The story of an account.
    pub(super) fn make(world: &World, index: u64) -> Self {
        let seed = world.seed;
        let arrival = world.spend.arrival(seed, index);
        let account = Account::make(seed, index, arrival);
        let journeys = journeys(seed, index, &account);
        let customer = customer(&journeys);
        let arms = assign(seed, index, &account, customer);
        let money = money(seed, index, &account, &journeys, &arms, customer);
        let surveys = surveys(seed, index, &account, customer);
        let objectives = objectives(seed, index, &account, customer);
        Self { index, arrival, account, journeys, customer, arms, money, surveys, objectives }
    }
}

fn customer(journeys: &[Journey]) -> Option<(i64, i64)> {
    let won = journeys.first()?.won()?;
    let churned = journeys.last()?.end.filter(|end| end.state == State::Churned);
    Some((won, churned.map_or(END, |end| end.at)))
}
