//! What customers want to reach with the product, and how far each person has come: saturating growth, faster with fit.

use rand::RngExt;

use super::accounts::Account;
use super::calendar::{DAY, after, days_between};
use super::chance::{Room, lognormal, one_of, probability, stream};

/// An objective of an account and the measurements of it.
#[derive(Debug)]
pub(super) struct Objective {
    pub(super) name: &'static str,
    pub(super) target: f64,
    pub(super) due_day: i32,
    /// Contact (none where the whole account was measured), instant and value.
    pub(super) measurements: Vec<(Option<usize>, i64, f64)>,
}

const OBJECTIVES: [(&str, f64); 3] = [("active seats", 40.0), ("reports automated", 12.0), ("hours saved", 300.0)];
const DAYS_BETWEEN_MEASUREMENTS: f64 = 90.0;

/// The objectives of a customer.
pub(super) fn objectives(seed: u64, index: u64, account: &Account, customer: Option<(i64, i64)>) -> Vec<Objective> {
    let Some((won, until)) = customer else { return Vec::new() };
    let random = &mut stream(seed, index, Room::Adoption);
    let first = random.random_range(0..OBJECTIVES.len());
    let count = one_of(random, &[1, 1, 2]);
    let users: Vec<usize> =
        account.contacts.iter().enumerate().filter(|(_, c)| c.stakeholder.uses_product()).map(|(i, _)| i).collect();
    let mut objectives = Vec::new();
    for number in 0..count {
        let (name, target) = OBJECTIVES[(first + number) % OBJECTIVES.len()];
        let pace = lognormal(random, 120.0, 0.3) * (-0.3 * account.fit).exp();
        let ceiling = target * (0.6 + 0.8 * probability(account.fit));
        let mut measurements = Vec::new();
        let mut at = after(won, 30.0);
        while at <= until {
            let contact = (!random.random_bool(0.2)).then(|| one_of(random, &users));
            let value = ceiling * -(-days_between(won, at) / pace).exp_m1();
            measurements.push((contact, at, (value * 10.0).round() / 10.0));
            at = after(at, DAYS_BETWEEN_MEASUREMENTS);
        }
        objectives.push(Objective { name, target, due_day: (won / DAY) as i32 + 270, measurements });
    }
    objectives
}
