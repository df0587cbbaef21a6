//! What all accounts share: the plan's size, its spend, the articles' readers, and the tables that describe the company.

use super::accounts::Stakeholder;
use super::batches::{Sink, Table, Value};
use super::calendar::{DAY, FIRST_DAY, START, WEEKS, first_day_of_week};
use super::spend::{SOURCES, Spend};
use super::states::State;
use super::truth::ArticleTruth;

/// The shared frame of a plan's accounts.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) accounts: u64,
    pub(super) spend: Spend,
    pub(super) readers: Readers,
    content_ids: Vec<String>,
}

impl World {
    /// The frame of a number of accounts; who reads the articles is known once the accounts are.
    pub(super) fn make(seed: u64, accounts: u64) -> Self {
        let content_ids = State::ALL
            .into_iter()
            .flat_map(|state| (0..CONTENTS_PER_STATE).map(move |number| content_id(state, number)));
        Self {
            seed,
            accounts,
            spend: Spend::make(seed, accounts),
            readers: Readers::default(),
            content_ids: content_ids.collect(),
        }
    }

    /// The key of one of the [`CONTENTS_PER_STATE`] pieces of content of a state.
    pub(super) fn content(&self, state: State, number: usize) -> &str {
        &self.content_ids[state as usize * CONTENTS_PER_STATE + number]
    }
}

/// Who reads the two articles: chances for accounts that are won and that are not, and people without an account.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readers {
    pub(super) popular: ReaderChance,
    pub(super) deep: ReaderChance,
    /// People of no account; each reads the popular article once.
    pub(super) strangers: u64,
}

impl Readers {
    /// Chances that give the popular article 1,000 views (fewer in small worlds), of which five lead to a deal, and the deep
    /// one a tenth of the views and ten times the deals.
    pub(super) fn of(accounts: u64, won: u64, not_won: u64) -> Self {
        let views = (accounts as f64 / 3.0).min(1_000.0);
        let chance = |to_won: f64, to_others: f64| ReaderChance {
            won: (to_won * views / won.max(1) as f64).min(1.0),
            not_won: (to_others * views / not_won.max(1) as f64).min(1.0),
        };
        Self { popular: chance(0.005, 0.095), deep: chance(0.05, 0.05), strangers: (0.9 * views).ceil() as u64 }
    }

    /// What the chances come to.
    pub(super) fn truth(&self, won: u64, not_won: u64) -> Vec<ArticleTruth> {
        let article = |content_id: &'static str, chance: ReaderChance, strangers: u64| {
            let won = chance.won * won as f64;
            ArticleTruth { content_id, views: strangers as f64 + won + chance.not_won * not_won as f64, won }
        };
        vec![article(POPULAR_ARTICLE, self.popular, self.strangers), article(DEEP_ARTICLE, self.deep, 0)]
    }
}

/// The chance that an account reads an article, by what becomes of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReaderChance {
    pub(super) won: f64,
    pub(super) not_won: f64,
}

/// The article that everybody reads, and the one that buyers read.
pub(super) const POPULAR_ARTICLE: &str = "article-wide";
pub(super) const DEEP_ARTICLE: &str = "article-deep";

/// Pieces of content per state beside the two articles.
pub(super) const CONTENTS_PER_STATE: usize = 3;
const FORMATS: [&str; CONTENTS_PER_STATE] = ["article", "video", "webinar"];

fn content_id(state: State, number: usize) -> String {
    format!("content-{:02}", state as usize * CONTENTS_PER_STATE + number)
}

/// The states that last, so that content and tracks can serve them.
fn lasting() -> impl Iterator<Item = State> {
    State::ALL.into_iter().filter(|state| state.outcome().is_none())
}

fn need(stakeholder: Stakeholder, state: State) -> &'static str {
    match (stakeholder, state.after_sale()) {
        (Stakeholder::User, false) => "does it ease my day",
        (Stakeholder::User, true) => "how do I get more done",
        (Stakeholder::Administrator, false) => "is it safe to run",
        (Stakeholder::Administrator, true) => "how do I roll it out",
        (Stakeholder::Sponsor, false) => "what is it worth",
        (Stakeholder::Sponsor, true) => "what has it earned",
        (Stakeholder::Signatory, false) => "are the terms fair",
        (Stakeholder::Signatory, true) => "why renew",
    }
}

/// Writes every table that belongs to no account.
pub(super) fn write(world: &World, sink: &mut Sink) {
    demand_states(sink);
    conversation_tracks(sink);
    contents(sink);
    team_rates(sink);
    ideal_steps(sink);
    benchmarks(sink);
    investments(world, sink);
}

fn demand_states(sink: &mut Sink) {
    for (index, state) in State::ALL.into_iter().enumerate() {
        let phase = if state.after_sale() { "post-sale" } else { "pre-sale" };
        sink.push(
            Table::DemandStates,
            [
                ("state", state.name().into()),
                ("position", Value::Integer(index as i32 + 1)),
                ("phase", phase.into()),
                ("milestone", state.milestone().into()),
                ("outcome", state.outcome().into()),
            ],
        );
    }
}

/// Two versions of each track: the second holds from the middle of the window.
fn conversation_tracks(sink: &mut Sink) {
    let change = Value::Instant(START + (WEEKS as i64 / 2) * 7 * DAY);
    let versions = [(1, Value::Instant(START), change), (2, change, Value::Null)];
    for stakeholder in Stakeholder::ALL {
        for state in lasting() {
            for (version, from, to) in versions {
                sink.push(
                    Table::ConversationTracks,
                    [
                        ("track", stakeholder.track().into()),
                        ("stakeholder", stakeholder.name().into()),
                        ("state", state.name().into()),
                        ("information_need", need(stakeholder, state).into()),
                        ("version", Value::Integer(version)),
                        ("valid_from", from),
                        ("valid_to", to),
                    ],
                );
            }
        }
    }
}

fn contents(sink: &mut Sink) {
    let mut content =
        |id: &str, title: &str, format: &str, stakeholder: Stakeholder, state: State, cost: Option<f64>| {
            sink.push(
                Table::Contents,
                [
                    ("content_id", id.into()),
                    ("title", title.into()),
                    ("format", format.into()),
                    ("information_need", need(stakeholder, state).into()),
                    ("track", stakeholder.track().into()),
                    ("state", state.name().into()),
                    ("production_cost", cost.into()),
                ],
            );
        };
    content(POPULAR_ARTICLE, "Ten trends to watch", "article", Stakeholder::User, State::Aware, Some(2_000.0));
    content(
        DEEP_ARTICLE,
        "What a rollout really costs",
        "article",
        Stakeholder::Sponsor,
        State::Deciding,
        Some(2_500.0),
    );
    for state in lasting() {
        for (number, format) in FORMATS.into_iter().enumerate() {
            let stakeholder = Stakeholder::ALL[(state as usize + number) % Stakeholder::ALL.len()];
            let title = format!("{} {format} {}", state.name(), number + 1);
            let cost = 800.0 * (number * number + 1) as f64;
            let cost = (format != "webinar" || state != State::Unaware).then_some(cost);
            content(&content_id(state, number), &title, format, stakeholder, state, cost);
        }
    }
}

const TEAMS: [(&str, f64); 7] = [
    ("marketing", 62.0),
    ("development", 48.0),
    ("sales", 85.0),
    ("consulting", 120.0),
    ("support", 45.0),
    ("success", 70.0),
    ("executives", 210.0),
];

/// Rates rise by 4 % each year.
fn team_rates(sink: &mut Sink) {
    for (team, rate) in TEAMS {
        for year in 0..3 {
            sink.push(
                Table::TeamRates,
                [
                    ("team", team.into()),
                    ("valid_from", Value::Day(FIRST_DAY + 365 * year)),
                    ("hourly_cost", (rate * 1.04_f64.powi(year)).into()),
                ],
            );
        }
    }
}

/// Target days by which the ideal buying journey is in a state; one later than this is a late journey.
pub(super) const TARGET_DAYS: [(State, f64); 5] = [
    (State::Unaware, 0.0),
    (State::Aware, 10.0),
    (State::Considering, 30.0),
    (State::Evaluating, 60.0),
    (State::Deciding, 110.0),
];

/// Three ideals: the states of a sale, those of a renewal, and who should be met how on the way to a sale.
fn ideal_steps(sink: &mut Sink) {
    let mut step =
        |ideal: &str, position: usize, state: State, meets: Option<(Stakeholder, &str)>, days: f64, required| {
            sink.push(
                Table::IdealSteps,
                [
                    ("ideal", ideal.into()),
                    ("track", meets.map(|(stakeholder, _)| stakeholder.track()).into()),
                    ("position", Value::Integer(position as i32 + 1)),
                    ("state", state.name().into()),
                    ("stakeholder", meets.map(|(stakeholder, _)| stakeholder.name()).into()),
                    ("channel", meets.map(|(_, channel)| channel).into()),
                    ("information_need", meets.map(|(stakeholder, _)| need(stakeholder, state)).into()),
                    ("target_days", days.into()),
                    ("required", Value::Flag(required)),
                ],
            );
        };
    let won = (State::Won, 150.0);
    for (position, (state, days)) in TARGET_DAYS.into_iter().chain([won]).enumerate() {
        step("sale", position, state, None, days, true);
    }
    let renewal = [(State::Onboarding, 0.0), (State::Adopting, 45.0), (State::Renewing, 330.0), (State::Won, 390.0)];
    for (position, (state, days)) in renewal.into_iter().enumerate() {
        step("renewal", position, state, None, days, state != State::Onboarding);
    }
    let meetings = [
        (State::Considering, Stakeholder::User, "web", 30.0),
        (State::Evaluating, Stakeholder::Administrator, "workshop", 75.0),
        (State::Deciding, Stakeholder::Sponsor, "briefing", 120.0),
        (State::Deciding, Stakeholder::Signatory, "meeting", 140.0),
    ];
    for (position, (state, stakeholder, channel, days)) in meetings.into_iter().enumerate() {
        step("stakeholders met", position, state, Some((stakeholder, channel)), days, true);
    }
}

/// Peers' percentiles, invented as the whole demo is.
fn benchmarks(sink: &mut Sink) {
    let metrics: [(&str, [f64; 5]); 6] = [
        ("csat", [5.8, 6.7, 7.5, 8.2, 8.8]),
        ("nps", [-12.0, 8.0, 27.0, 44.0, 61.0]),
        ("conversion_rate", [0.08, 0.14, 0.21, 0.29, 0.38]),
        ("velocity_days", [52.0, 78.0, 109.0, 151.0, 214.0]),
        ("clv", [9_000.0, 19_000.0, 41_000.0, 88_000.0, 190_000.0]),
        ("ppp", [52_000.0, 127_000.0, 307_000.0, 721_000.0, 1_670_000.0]),
    ];
    for (metric, [p10, p25, p50, p75, p90]) in metrics {
        for segment in [None, Some("small"), Some("mid-market"), Some("enterprise")] {
            sink.push(
                Table::Benchmarks,
                [
                    ("metric", metric.into()),
                    ("segment", segment.into()),
                    ("p10", p10.into()),
                    ("p25", p25.into()),
                    ("p50", p50.into()),
                    ("p75", p75.into()),
                    ("p90", p90.into()),
                    ("n", Value::Count(if segment.is_some() { 120 } else { 360 })),
                    ("source", "demo peers".into()),
                    ("as_of", Value::Day(first_day_of_week(WEEKS))),
                ],
            );
        }
    }
}

/// Weekly spend of every source, and two kinds of quarterly budgets that reach touches by other keys.
fn investments(world: &World, sink: &mut Sink) {
    let mut number = 0;
    let mut invest =
        |weeks: (usize, usize), [lever, channel, content, team, tool, track]: [Option<&str>; 6], amount: f64| {
            number += 1;
            sink.push(
                Table::Investments,
                [
                    ("investment_id", Value::Text(&format!("I{number:06}"))),
                    ("period_start", Value::Day(first_day_of_week(weeks.0))),
                    ("period_end", Value::Day(first_day_of_week(weeks.1) - 1)),
                    ("lever", lever.into()),
                    ("channel", channel.into()),
                    ("content_id", content.into()),
                    ("team", team.into()),
                    ("tool", tool.into()),
                    ("track", track.into()),
                    ("amount", amount.into()),
                ],
            );
        };
    for (source, amounts) in SOURCES.iter().zip(&world.spend.amounts) {
        for (week, &amount) in amounts.iter().enumerate().filter(|(_, amount)| **amount > 0.0) {
            let keys = [Some(source.lever), Some(source.channel), None, source.team, source.tool, None];
            invest((week, week + 1), keys, amount);
        }
    }
    for quarter in (0..WEEKS).step_by(13) {
        let weeks = (quarter, quarter + 13);
        let size = world.accounts as f64;
        invest(weeks, [Some("content"), None, Some(DEEP_ARTICLE), None, None, Some("proven value")], 0.2 * size);
        invest(weeks, [Some("team"), None, None, Some("success"), None, None], 1.5 * size);
        invest(weeks, [Some("channel"), None, None, None, Some("forum"), None], 0.4 * size);
        invest(weeks, [Some("channel"), Some("trade press"), None, None, None, None], 0.3 * size);
    }
}
