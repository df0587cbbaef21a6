//! Surveys of customers, the campaigns that precede some of them, and the two laws behind the answers.
//!
//! A person's satisfaction on 1..10 is `7.2 + 0.8 fit + 0.8 noise - 0.6 max(0, touches a week - 1)`, the touches being those
//! of a campaign in the four weeks before. Whoever is less satisfied answers less: log-odds `-0.3 + 0.6 (satisfaction - 7)`.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::accounts::Account;
use super::calendar::{DAY, END, after};
use super::chance::{Room, lognormal, normal, probability, stream};
use super::truth::PressureTruth;

const MEAN: f64 = 7.2;
const FIT: f64 = 0.8;
const NOISE: f64 = 0.8;
const COMFORTABLE_TOUCHES_A_WEEK: f64 = 1.0;
const POINTS_PER_EXTRA_TOUCH: f64 = -0.6;
const ANSWER: f64 = -0.3;
/// Log-odds of an answer added by one point of satisfaction.
pub(super) const ANSWER_PER_POINT: f64 = 0.6;
/// Share of surveys that follow a campaign, whose weeks have 1 to 6 touches.
const CAMPAIGN_SHARE: f64 = 0.12;
const CAMPAIGN_WEEKS: i64 = 4;
/// The day from which satisfaction is asked on 1..10; before, on 1..5.
const TEN_POINTS_FROM: i64 = 19_539 * DAY;

/// A question asked to one person.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) contact: usize,
    pub(super) invited: i64,
    pub(super) kind: &'static str,
    pub(super) scale: (f64, f64),
    /// The answer that was given or would have been.
    pub(super) score: f64,
    /// When it was given.
    pub(super) answered: Option<i64>,
    /// The instants of the campaign's touches before it.
    pub(super) campaign: Vec<i64>,
}

impl Survey {
    /// The score on 1..10, whether or not it was given.
    pub(super) fn rescaled(&self) -> f64 {
        let (low, high) = self.scale;
        1.0 + 9.0 * (self.score - low) / (high - low)
    }
}

/// The surveys of a customer, in order of time by person: first 60 days after the sale, then each half year.
pub(super) fn surveys(seed: u64, index: u64, account: &Account, customer: Option<(i64, i64)>) -> Vec<Survey> {
    let mut surveys = Vec::new();
    let Some((won, until)) = customer else { return surveys };
    let random = &mut stream(seed, index, Room::Satisfaction);
    for (contact, person) in account.contacts.iter().enumerate() {
        if person.duplicate_of.is_some() {
            continue;
        }
        let mut invited = after(won, 60.0 + 10.0 * random.random::<f64>());
        while invited <= until {
            surveys.push(survey(contact, invited, account.fit, random));
            invited = after(invited, 175.0 + 14.0 * random.random::<f64>());
        }
    }
    surveys
}

fn survey(contact: usize, invited: i64, fit: f64, random: &mut ChaCha8Rng) -> Survey {
    let touches_a_week = if random.random_bool(CAMPAIGN_SHARE) { random.random_range(1..=6) } else { 0 };
    let campaign = (0..touches_a_week * CAMPAIGN_WEEKS)
        .map(|_| after(invited, -random.random::<f64>() * (7 * CAMPAIGN_WEEKS) as f64))
        .collect();
    let extra = (touches_a_week as f64 - COMFORTABLE_TOUCHES_A_WEEK).max(0.0);
    let satisfaction = MEAN + FIT * fit + NOISE * normal(random) + POINTS_PER_EXTRA_TOUCH * extra;
    let (kind, scale) = match random.random::<f64>() {
        u if u < 0.6 => ("csat", if invited < TEN_POINTS_FROM { (1.0, 5.0) } else { (1.0, 10.0) }),
        u if u < 0.85 => ("nps", (0.0, 10.0)),
        _ => ("ces", (1.0, 7.0)),
    };
    let answers = random.random_bool(probability(ANSWER + ANSWER_PER_POINT * (satisfaction - 7.0)));
    let answered = after(invited, lognormal(random, 0.8, 1.0));
    Survey {
        contact,
        invited,
        kind,
        scale,
        score: (scale.0 + (satisfaction.clamp(1.0, 10.0) - 1.0) / 9.0 * (scale.1 - scale.0)).round(),
        answered: (answers && answered <= END).then_some(answered),
        campaign,
    }
}

/// The planted law of pressure.
pub(super) fn pressure_truth() -> PressureTruth {
    PressureTruth {
        weeks_before_survey: CAMPAIGN_WEEKS as u32,
        comfortable_touches_a_week: COMFORTABLE_TOUCHES_A_WEEK,
        csat_per_extra_touch: POINTS_PER_EXTRA_TOUCH,
    }
}
