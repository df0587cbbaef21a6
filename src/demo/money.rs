//! What an account pays, under the arm it has and under every arm it could have had.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::accounts::{Account, Segment, Stakeholder};
use super::calendar::{END, after, days_between};
use super::chance::{Room, lognormal, poisson, stream};
use super::experiments::{Arms, DIGEST_BASELINE, DIGEST_FACTOR, EXPANSIONS_A_YEAR};
use super::journeys::Journey;
use super::states::State;

/// One signed payment.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) at: i64,
    pub(super) contact: Option<usize>,
    pub(super) journey: Option<usize>,
    pub(super) kind: &'static str,
    pub(super) amount: f64,
    pub(super) cost_of_sale: Option<f64>,
}

/// What an account paid in the window, in order of time, and what its experiments would have changed.
#[derive(Debug, Default)]
pub(super) struct Money {
    pub(super) transactions: Vec<Transaction>,
    /// First payment: the baseline of the account's experiment.
    pub(super) first_amount: Option<f64>,
    /// CLV under each arm of the concierge experiment minus CLV under its control; empty where not enrolled.
    pub(super) concierge_lift: Vec<f64>,
    /// By enrolled contact: add-ons before the assignment, and CLV under the digest minus CLV without it.
    pub(super) digest: Vec<DigestOutcome>,
}

/// One contact of the digest experiment.
#[derive(Debug, Clone, Copy)]
pub(super) struct DigestOutcome {
    pub(super) contact: usize,
    pub(super) baseline: f64,
    pub(super) lift: f64,
}

/// Median price of a year.
fn price(segment: Segment) -> f64 {
    match segment {
        Segment::Small => 6_000.0,
        Segment::Middle => 18_000.0,
        Segment::Enterprise => 48_000.0,
    }
}

/// The payments of an account. `customer` is when it was won and until when it stayed (the window's end at the latest).
pub(super) fn money(
    seed: u64,
    index: u64,
    account: &Account,
    journeys: &[Journey],
    arms: &Arms,
    customer: Option<(i64, i64)>,
) -> Money {
    let mut money = Money::default();
    let Some((won, until)) = customer else { return money };
    let random = &mut stream(seed, index, Room::Money);
    let price = cents(price(account.segment) * (0.35 * account.fit).exp() * lognormal(random, 1.0, 0.3));
    money.first_amount = Some(price);
    let signs = [Stakeholder::Signatory, Stakeholder::Sponsor].into_iter().find_map(|role| account.first(role));
    contracts(&mut money, journeys, price, signs, random);
    concierge(&mut money, arms, (won, until), price, random);
    for contact in 0..account.contacts.len() {
        let person = &account.contacts[contact];
        if person.stakeholder.uses_product() && person.duplicate_of.is_none() {
            add_ons(&mut money, contact, arms.digest[contact], (won, until), random);
        }
    }
    money.transactions.sort_by_key(|t| t.at);
    money
}

/// New business, renewals (at times with a contraction on the same instant), expansions of a cycle, and refunds.
fn contracts(money: &mut Money, journeys: &[Journey], price: f64, signs: Option<usize>, random: &mut ChaCha8Rng) {
    for (number, journey) in journeys.iter().enumerate() {
        let mut pay = |at: i64, kind: &'static str, amount: f64, cost_of_sale: Option<f64>, contact: Option<usize>| {
            if at <= END {
                let amount = cents(amount);
                let cost_of_sale = cost_of_sale.map(cents);
                money.transactions.push(Transaction { at, contact, journey: Some(number), kind, amount, cost_of_sale });
            }
        };
        let expanded =
            journey.visits.iter().zip(journey.visits.iter().skip(1)).find(|(v, _)| v.state == State::Expanding);
        if let Some((_, next)) = expanded {
            pay(next.entered, "expansion", 0.3 * price, Some(0.06 * price), signs);
        }
        let Some(at) = journey.won() else { continue };
        let share = random.random_range(0.2..0.35);
        if number == 0 {
            pay(at, "new", price, Some(share * price), signs);
            if random.random_bool(0.04) {
                let refunded = price * random.random_range(0.1..1.0);
                pay(after(at, random.random_range(3.0..45.0)), "refund", -refunded, None, None);
            }
        } else {
            let renewed = price * 1.05_f64.powi(number as i32);
            pay(at, "renewal", renewed, Some(share * renewed), signs);
            if random.random_bool(0.1) {
                pay(at, "contraction", -0.2 * price, None, signs);
            }
        }
    }
}

/// Expansions between the contracts: a Poisson process at the highest rate of all arms, each point kept under an arm with the
/// ratio of rates, so that all potential outcomes come from the same chance.
fn concierge(money: &mut Money, arms: &Arms, (won, until): (i64, i64), price: f64, random: &mut ChaCha8Rng) {
    let most = EXPANSIONS_A_YEAR[EXPANSIONS_A_YEAR.len() - 1];
    let days = days_between(won, until);
    let mut totals = [0.0; EXPANSIONS_A_YEAR.len()];
    for _ in 0..poisson(random, most * days / 365.0) {
        let at = after(won, random.random::<f64>() * days);
        let amount = cents(0.15 * price * lognormal(random, 1.0, 0.4));
        let mark = random.random::<f64>() * most;
        for (total, rate) in totals.iter_mut().zip(EXPANSIONS_A_YEAR) {
            *total += if mark < rate { amount } else { 0.0 };
        }
        if mark < EXPANSIONS_A_YEAR[arms.concierge.unwrap_or(0)] {
            let cost_of_sale = Some(cents(0.2 * amount));
            let (contact, journey) = (None, None);
            money.transactions.push(Transaction { at, contact, journey, kind: "expansion", amount, cost_of_sale });
        }
    }
    if arms.concierge.is_some() {
        money.concierge_lift = totals.iter().map(|total| total - totals[0]).collect();
    }
}

/// A person's add-ons, by the same thinning; the person's taste for them links baseline and outcome.
fn add_ons(money: &mut Money, contact: usize, arm: Option<usize>, (won, until): (i64, i64), random: &mut ChaCha8Rng) {
    let most = DIGEST_FACTOR[1];
    let rate = lognormal(random, 1.5, 0.8);
    let days = days_between(won, until);
    let assigned = won + DIGEST_BASELINE;
    let mut outcome = DigestOutcome { contact, baseline: 0.0, lift: 0.0 };
    for _ in 0..poisson(random, most * rate * days / 365.0) {
        let at = after(won, random.random::<f64>() * days);
        let amount = cents(lognormal(random, 300.0, 0.5));
        let mark = random.random::<f64>() * most;
        let without = mark < DIGEST_FACTOR[0];
        let bought = if at >= assigned { mark < DIGEST_FACTOR[arm.unwrap_or(0)] } else { without };
        if at < assigned && without {
            outcome.baseline += amount;
        }
        if at >= assigned && !without {
            outcome.lift += amount;
        }
        if bought {
            let cost_of_sale = Some(cents(0.1 * amount));
            let contact = Some(contact);
            money.transactions.push(Transaction {
                at,
                contact,
                journey: None,
                kind: "expansion",
                amount,
                cost_of_sale,
            });
        }
    }
    if arm.is_some() {
        money.digest.push(outcome);
    }
}

fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
