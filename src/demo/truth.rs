//! What the demo planted, in numbers: the answers that estimates from its rows should cover.

use serde::Serialize;

/// Every planted fact of one simulation. Days are days of 24 hours, money is in the database's currency, shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// The plan's seed.
    pub seed: u64,
    /// Accounts made.
    pub accounts: u64,
    /// The first instant observed, ISO 8601.
    pub observed_from: &'static str,
    /// The last instant observed: journeys still under way then are censored.
    pub observed_until: &'static str,
    /// True average lift of each experiment's arms.
    pub lifts: Vec<LiftTruth>,
    /// Time in each demand state.
    pub states: Vec<StateTruth>,
    /// Conversion between demand states.
    pub transitions: Vec<TransitionTruth>,
    /// The buying cycle's organic part, and what shortens the rest.
    pub cycle: CycleTruth,
    /// Who decides.
    pub stakeholders: StakeholderTruth,
    /// Arrivals by lever in answer to spend.
    pub responses: Vec<ResponseTruth>,
    /// The two articles.
    pub articles: Vec<ArticleTruth>,
    /// What too many touches do to satisfaction.
    pub pressure: PressureTruth,
    /// Who stays silent in surveys.
    pub silence: SilenceTruth,
    /// How buying journeys leave the ideal.
    pub deviations: DeviationTruth,
    /// People known by more than one id.
    pub identities: IdentityTruth,
    /// Satisfaction times customer lifetime value.
    pub ppp: PppTruth,
}

/// One arm of an experiment against its control.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiftTruth {
    /// The experiment.
    pub experiment: &'static str,
    /// What was assigned: `account` or `contact`.
    pub unit: &'static str,
    /// The treatment.
    pub arm: &'static str,
    /// Units in the experiment, over all arms.
    pub units: u64,
    /// Mean over all units of CLV under the arm minus CLV under control, both simulated; NULL without units.
    pub average_lift: Option<f64>,
}

/// The law of time in a state, over every exit, for all journeys that enter it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateTruth {
    /// The state.
    pub state: &'static str,
    /// Days no visit stays below.
    pub floor_days: f64,
    /// Days by which half of all visits have ended.
    pub median_days: f64,
}

/// The chance that a visit to a state ends in another, over a cohort of journeys by their start. (A cut by the visit's own date
/// favours the routes that are there sooner, by a few tenths of a percent.)
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransitionTruth {
    /// The state left.
    pub state: &'static str,
    /// The state entered next.
    pub next_state: &'static str,
    /// Share of visits that end so, once all have ended.
    pub probability: f64,
    /// Share of visits that have ended so within 30 days: the cumulative incidence with competing exits.
    pub within_30_days: f64,
}

/// The buying cycle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CycleTruth {
    /// Days that no buying journey on the ideal route undercuts: the sum of its states' floors.
    pub organic_floor_days: f64,
    /// Change of the logarithm of the time above the floor in `deciding` by each sponsor briefing.
    pub log_time_per_briefing: f64,
    /// Change of the same by one unit of (standard normal, unseen) fit, of which `icp_fit` is a noisy picture.
    pub log_time_per_fit: f64,
}

/// What meeting whom does to the decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StakeholderTruth {
    /// Log-odds of leaving `deciding` as won added by at least one briefing of the sponsor, at equal fit.
    pub sponsor_log_odds: f64,
    /// The same for touches of administrators, of whom there are many: none.
    pub administrator_log_odds: f64,
}

/// Accounts a week that a source brings, at the season's mean: a Hill curve over adstocked spend
/// (`maximum x^slope / (x^slope + half_saturation^slope)`, `x` this week's spend plus `carryover` times the last `x`),
/// a power of spend (`elasticity`), or a constant. An account counts for the channel and week of its first interaction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResponseTruth {
    /// The lever.
    pub lever: &'static str,
    /// The channel.
    pub channel: &'static str,
    /// Spend of a typical week.
    pub typical_spend: f64,
    /// Accounts a week at steady typical spend.
    pub typical_arrivals: f64,
    /// Percent more accounts for a percent more spend, where that is constant.
    pub elasticity: Option<f64>,
    /// Accounts a week that no spend exceeds.
    pub maximum: Option<f64>,
    /// Adstocked spend that brings half of the maximum.
    pub half_saturation: Option<f64>,
    /// The Hill exponent; above 1 the curve is S-shaped.
    pub slope: Option<f64>,
    /// Share of a week's adstock that carries over to the next.
    pub carryover: Option<f64>,
}

/// Views of a piece of content and the deals won after them, as expected values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArticleTruth {
    /// The content.
    pub content_id: &'static str,
    /// Views expected.
    pub views: f64,
    /// Of them, those whose account is won afterwards, within the window.
    pub won: f64,
}

/// Over-contacting: CSAT (1..10) against touches a week in the weeks before the survey.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PressureTruth {
    /// Weeks before the survey in which touches press.
    pub weeks_before_survey: u32,
    /// Campaign touches a week that do no harm.
    pub comfortable_touches_a_week: f64,
    /// Points of satisfaction for each one more, before rounding to the scale.
    pub csat_per_extra_touch: f64,
}

/// Silence in CSAT surveys, on 1..10.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SilenceTruth {
    /// Log-odds of an answer added by one point of satisfaction.
    pub answer_log_odds_per_point: f64,
    /// CSAT surveys sent.
    pub invited: f64,
    /// Mean of what all invited would have answered; NULL without any.
    pub mean_of_invited: Option<f64>,
    /// CSAT surveys answered.
    pub answered: f64,
    /// Mean of the answers given; NULL without any.
    pub mean_of_answered: Option<f64>,
}

/// Shares of buying journeys whose rows show a deviation from the ideal named `sale`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviationTruth {
    /// Buying journeys.
    pub journeys: u64,
    /// Entered `evaluating` without ever entering `considering`.
    pub skipped: f64,
    /// Entered `evaluating` twice in a row.
    pub repeated: f64,
    /// Entered `considering` after `evaluating`.
    pub out_of_order: f64,
    /// Entered a state before the sale later than its target.
    pub late: f64,
}

/// The identity graph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IdentityTruth {
    /// Contact records.
    pub contacts: u64,
    /// People behind them.
    pub people: u64,
    /// People with more than one record.
    pub people_with_duplicates: u64,
}

/// PPP by its definition, from the planted rows: an account's mean latest CSAT (1..10) over answering contacts times its CLV.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PppTruth {
    /// Accounts with a transaction.
    pub customers: u64,
    /// Of them, those with a CSAT answer.
    pub answered: u64,
    /// Sum of all transactions.
    pub total_clv: f64,
    /// Mean PPP over customers, silent ones with 0; NULL without customers.
    pub mean_ppp: Option<f64>,
    /// The five accounts of highest PPP, highest first.
    pub top: Vec<AccountPpp>,
}

/// One account's PPP.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountPpp {
    /// The account.
    pub account_id: String,
    /// Its satisfaction, 1..10.
    pub csat: f64,
    /// Its lifetime value.
    pub clv: f64,
    /// Their product.
    pub ppp: f64,
}
