//! Three experiments, randomised, whose true lift is known because both potential outcomes are made.
//!
//! - `concierge`: customers, from the sale on; hours of help at the start raise the rate of later expansions, with saturation.
//! - `executive digest`: people who use the product, half a year after the sale; raises their own add-on purchases.
//! - `subject line`: every account, from its arrival; changes nothing (an A/A test).

use super::accounts::Account;
use super::calendar::{DAY, END};
use super::chance::{Room, stream, weighted};

/// An experiment's name, unit and arms.
#[derive(Debug)]
pub(super) struct Experiment {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    /// Arms and their chances; the first is the control.
    pub(super) arms: &'static [(&'static str, f64)],
}

pub(super) const CONCIERGE: Experiment = Experiment {
    name: "concierge",
    unit: "account",
    arms: &[("control", 0.4), ("2 hours", 0.2), ("8 hours", 0.2), ("32 hours", 0.2)],
};
pub(super) const DIGEST: Experiment =
    Experiment { name: "executive digest", unit: "contact", arms: &[("control", 0.5), ("digest", 0.5)] };
pub(super) const SUBJECT_LINE: Experiment =
    Experiment { name: "subject line", unit: "account", arms: &[("control", 0.5), ("question", 0.5)] };

/// Expansions a year under each arm of [`CONCIERGE`]: `0.4 (1 + 1.5 h / (h + 4))` for `h` hours.
pub(super) const EXPANSIONS_A_YEAR: [f64; 4] = [0.4, 0.6, 0.8, 0.4 + 0.6 * 32.0 / 36.0];
/// What the digest multiplies the rate of a person's add-ons by.
pub(super) const DIGEST_FACTOR: [f64; 2] = [1.0, 1.4];

/// Customers are enrolled in [`CONCIERGE`] only if a year is left to see the effect.
const CONCIERGE_FOLLOW_UP: i64 = 365 * DAY;
/// The wait between sale and [`DIGEST`], whose purchases are the baseline, and the time left to see its effect.
pub(super) const DIGEST_BASELINE: i64 = 180 * DAY;
const DIGEST_FOLLOW_UP: i64 = 180 * DAY;

/// The arms that chance gives one account and its contacts, where they are enrolled.
#[derive(Debug)]
pub(super) struct Arms {
    pub(super) concierge: Option<usize>,
    /// Arm by contact, none for who is not enrolled.
    pub(super) digest: Vec<Option<usize>>,
    pub(super) subject_line: usize,
}

/// Assigns an account that was won, if it was, at an instant and stayed until another.
pub(super) fn assign(seed: u64, index: u64, account: &Account, customer: Option<(i64, i64)>) -> Arms {
    let random = &mut stream(seed, index, Room::Experiment);
    let mut draw = |experiment: &Experiment| weighted(random, experiment.arms.iter().map(|(_, chance)| *chance));
    let subject_line = draw(&SUBJECT_LINE);
    let concierge = draw(&CONCIERGE);
    let concierge = customer.filter(|(won, _)| won + CONCIERGE_FOLLOW_UP <= END).map(|_| concierge);
    let start = customer.map(|(won, until)| (won + DIGEST_BASELINE, until));
    let enrols = start.is_some_and(|(start, until)| start < until && start + DIGEST_FOLLOW_UP <= END);
    let digest = account.contacts.iter().map(|contact| {
        let arm = draw(&DIGEST);
        (enrols && contact.stakeholder.uses_product() && contact.duplicate_of.is_none()).then_some(arm)
    });
    Arms { concierge, digest: digest.collect(), subject_line }
}
