//! Weekly spend by lever, and the accounts it brings: the planted response curves and elasticities.
//!
//! Arrivals of a source in a week are proportional to `share x response(spend) x season`: a Hill curve over geometrically
//! adstocked spend, or a power of the week's spend. Spend itself follows the season (so a naive regression is confounded) and
//! wanders lognormally. Every account of a plan draws its week and source from these weights.

use rand::RngExt;

use super::accounts::IDLE_SHARE;
use super::calendar::{DAY, START, WEEKS};
use super::chance::{Room, WORLD, normal, stream};
use super::truth::ResponseTruth;

/// A source of new accounts: the keys of its touches and investments, and its law.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) lever: &'static str,
    pub(super) channel: &'static str,
    pub(super) team: Option<&'static str>,
    pub(super) tool: Option<&'static str>,
    /// Share of all arrivals where every lever stands at its typical spend.
    share: f64,
    response: Response,
}

#[derive(Debug, Clone, Copy)]
enum Response {
    /// Comes without spend.
    Organic,
    /// `x^slope / (x^slope + half^slope)` of adstock `x = spend + carryover x_before`, `half` in units of the typical adstock.
    Hill { carryover: f64, half: f64, slope: f64, silent_weeks: f64 },
    /// `(spend / typical spend)^elasticity`.
    Power { elasticity: f64 },
}

/// Every source.
pub(super) const SOURCES: [Source; 6] = [
    Source {
        lever: "channel",
        channel: "organic_search",
        team: None,
        tool: Some("website"),
        share: 0.20,
        response: Response::Organic,
    },
    Source {
        lever: "channel",
        channel: "paid_search",
        team: None,
        tool: Some("ad platform"),
        share: 0.25,
        response: Response::Hill { carryover: 0.3, half: 1.0, slope: 1.0, silent_weeks: 0.0 },
    },
    Source {
        lever: "channel",
        channel: "social",
        team: None,
        tool: Some("ad platform"),
        share: 0.15,
        response: Response::Hill { carryover: 0.5, half: 1.2, slope: 2.2, silent_weeks: 0.12 },
    },
    Source {
        lever: "channel",
        channel: "event",
        team: Some("marketing"),
        tool: None,
        share: 0.15,
        response: Response::Hill { carryover: 0.7, half: 0.7, slope: 1.5, silent_weeks: 0.25 },
    },
    Source {
        lever: "channel",
        channel: "partner",
        team: None,
        tool: None,
        share: 0.15,
        response: Response::Power { elasticity: 0.35 },
    },
    Source {
        lever: "team",
        channel: "prospecting",
        team: Some("development"),
        tool: Some("dialer"),
        share: 0.10,
        response: Response::Power { elasticity: 0.20 },
    },
];

/// What an arrival costs where every lever stands at its typical spend.
const COST_OF_ARRIVAL: f64 = 900.0;

/// When an account came, and from which of [`SOURCES`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) at: i64,
    pub(super) source: usize,
}

/// The weeks of spend of a plan.
#[derive(Debug)]
pub(super) struct Spend {
    /// Amount by source, then week.
    pub(super) amounts: Vec<Vec<f64>>,
    /// Cumulative weights of (week, source), week by week.
    cumulative: Vec<f64>,
    accounts: f64,
}

impl Spend {
    /// The spend that brings a number of accounts.
    pub(super) fn make(seed: u64, accounts: u64) -> Self {
        let accounts = accounts as f64;
        let amounts: Vec<Vec<f64>> =
            SOURCES.iter().enumerate().map(|(index, source)| weekly_spend(seed, index, source, accounts)).collect();
        let responses: Vec<Vec<f64>> =
            SOURCES.iter().zip(&amounts).map(|(source, weeks)| source.arrivals(weeks, accounts)).collect();
        let mut total = 0.0;
        let cumulative = (0..WEEKS).flat_map(|week| responses.iter().map(move |source| source[week] * season(week)));
        let cumulative = cumulative.map(|weight| {
            total += weight;
            total
        });
        Self { cumulative: cumulative.collect(), amounts, accounts }
    }

    /// The arrival of one account.
    pub(super) fn arrival(&self, seed: u64, index: u64) -> Arrival {
        let random = &mut stream(seed, index, Room::Spend);
        let total = self.cumulative.last().copied().unwrap_or_default();
        let drawn = random.random::<f64>() * total;
        let cell = self.cumulative.partition_point(|&c| c <= drawn).min(self.cumulative.len() - 1);
        let seconds = random.random_range(0..7 * 86_400_i64);
        let week_start = START + (cell / SOURCES.len()) as i64 * 7 * DAY;
        Arrival { at: week_start + seconds * 1_000_000, source: cell % SOURCES.len() }
    }

    /// The planted curves, in accounts a week before the season's factor.
    pub(super) fn truth(&self) -> Vec<ResponseTruth> {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let scale = self.accounts * (1.0 - IDLE_SHARE) / total;
        SOURCES.iter().map(|source| source.truth(scale, self.accounts)).collect()
    }
}

/// The season's factor on arrivals, and (to the power of 1.5) on spend.
pub(super) fn season(week: usize) -> f64 {
    1.0 + 0.2 * (std::f64::consts::TAU * week as f64 / 52.0).sin()
}

fn weekly_spend(seed: u64, index: usize, source: &Source, accounts: f64) -> Vec<f64> {
    let random = &mut stream(seed, WORLD + index as u64, Room::Spend);
    let mut drift = 0.0;
    let mut week_of = |week: usize| {
        drift = 0.5 * drift + 0.55 * normal(random);
        let silent = random.random_bool(source.silent_weeks());
        let amount = source.typical_spend(accounts) * season(week).powf(1.5) * drift.exp();
        if silent { 0.0 } else { (amount * 100.0).round() / 100.0 }
    };
    (0..WEEKS).map(&mut week_of).collect()
}

impl Source {
    fn typical_spend(&self, accounts: f64) -> f64 {
        match self.response {
            Response::Organic => 0.0,
            _ => self.share * accounts / WEEKS as f64 * COST_OF_ARRIVAL,
        }
    }

    fn silent_weeks(&self) -> f64 {
        match self.response {
            Response::Hill { silent_weeks, .. } => silent_weeks,
            _ => 0.0,
        }
    }

    /// The weights of the weeks, equal to the share where spend is typical.
    fn arrivals(&self, spend: &[f64], accounts: f64) -> Vec<f64> {
        let typical = self.typical_spend(accounts);
        match self.response {
            Response::Organic => vec![self.share; spend.len()],
            Response::Power { elasticity } => {
                spend.iter().map(|x| self.share * (x / typical).powf(elasticity)).collect()
            }
            Response::Hill { carryover, half, slope, .. } => {
                let half_adstock = half * typical / (1.0 - carryover);
                let mut adstock = 0.0;
                let mut week = |x: &f64| {
                    adstock = x + carryover * adstock;
                    self.maximum() * adstock.powf(slope) / (adstock.powf(slope) + half_adstock.powf(slope))
                };
                spend.iter().map(&mut week).collect()
            }
        }
    }

    /// The height of the Hill curve that passes through the share at the typical adstock.
    fn maximum(&self) -> f64 {
        match self.response {
            Response::Hill { half, slope, .. } => self.share * (1.0 + half.powf(slope)),
            _ => self.share,
        }
    }

    fn truth(&self, scale: f64, accounts: f64) -> ResponseTruth {
        let typical_spend = self.typical_spend(accounts);
        let mut truth = ResponseTruth {
            lever: self.lever,
            channel: self.channel,
            typical_spend,
            typical_arrivals: self.share * scale,
            elasticity: None,
            maximum: None,
            half_saturation: None,
            slope: None,
            carryover: None,
        };
        match self.response {
            Response::Organic => {}
            Response::Power { elasticity } => truth.elasticity = Some(elasticity),
            Response::Hill { carryover, half, slope, .. } => {
                truth.maximum = Some(self.maximum() * scale);
                truth.half_saturation = Some(half * typical_spend / (1.0 - carryover));
                truth.slope = Some(slope);
                truth.carryover = Some(carryover);
            }
        }
        truth
    }
}
