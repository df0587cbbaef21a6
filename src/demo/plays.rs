//! The plays a company runs: what kinds of interaction there are, and what every one of a kind has in common.

use super::states::State;

/// A kind of interaction: its lever and the parts of its microinteraction.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) lever: &'static str,
    pub(super) channel: &'static str,
    pub(super) team: Option<&'static str>,
    pub(super) tool: Option<&'static str>,
    pub(super) direction: &'static str,
    pub(super) initiated_by: &'static str,
    pub(super) trigger: Option<&'static str>,
    pub(super) rule: Option<&'static str>,
    pub(super) mode: Option<&'static str>,
    /// Median minutes of the team; 0 where no time is spent.
    pub(super) minutes: f64,
    /// Its own cost; 0 where there is none.
    pub(super) cost: f64,
    /// How often it is chosen while marketing, selling and serving.
    often: [f64; 3],
}

impl Play {
    const TEMPLATE: Play = Play {
        lever: "channel",
        channel: "email",
        team: None,
        tool: None,
        direction: "outbound",
        initiated_by: "company",
        trigger: None,
        rule: None,
        mode: None,
        minutes: 0.0,
        cost: 0.0,
        often: [0.0; 3],
    };
}

/// A mail sent to several people of an account at the same instant.
pub(super) const NEWSLETTER: Play = Play {
    tool: Some("mailer"),
    initiated_by: "system",
    trigger: Some("schedule"),
    rule: Some("weekly"),
    mode: Some("automatic"),
    cost: 0.05,
    often: [3.0, 1.0, 2.0],
    ..Play::TEMPLATE
};

/// A visit to a piece of content on the web.
pub(super) const READING: Play = Play {
    lever: "content",
    channel: "web",
    tool: Some("website"),
    direction: "inbound",
    initiated_by: "customer",
    trigger: Some("page view"),
    rule: Some("by need"),
    mode: Some("self-serve"),
    often: [4.0, 2.0, 1.0],
    ..Play::TEMPLATE
};

/// A briefing of the sponsor: what moves a decision.
pub(super) const BRIEFING: Play = Play {
    lever: "team",
    channel: "briefing",
    team: Some("executives"),
    direction: "outbound",
    initiated_by: "company",
    trigger: Some("decision"),
    rule: Some("sponsor met"),
    mode: Some("in person"),
    minutes: 60.0,
    cost: 40.0,
    ..Play::TEMPLATE
};

/// One touch of a campaign before a survey.
pub(super) const CAMPAIGN: Play = Play {
    tool: Some("mailer"),
    trigger: Some("campaign"),
    rule: Some("push"),
    mode: Some("automatic"),
    cost: 0.05,
    ..Play::TEMPLATE
};

/// The first touch of an account; its source fills lever, channel, team and tool.
pub(super) const FIRST_TOUCH: Play =
    Play { direction: "inbound", initiated_by: "customer", trigger: Some("first touch"), cost: 1.5, ..Play::TEMPLATE };

/// The plays drawn at random.
pub(super) const PLAYS: [Play; 10] = [
    NEWSLETTER,
    READING,
    Play {
        lever: "content",
        channel: "webinar",
        team: Some("marketing"),
        tool: Some("webinar"),
        direction: "inbound",
        initiated_by: "customer",
        trigger: Some("invitation"),
        mode: Some("live"),
        cost: 6.0,
        often: [1.0, 0.5, 0.3],
        ..Play::TEMPLATE
    },
    Play {
        lever: "team",
        channel: "phone",
        team: Some("sales"),
        tool: Some("dialer"),
        trigger: Some("lead score"),
        rule: Some("score > 60"),
        minutes: 18.0,
        often: [0.8, 2.0, 0.2],
        ..Play::TEMPLATE
    },
    Play {
        lever: "team",
        channel: "meeting",
        team: Some("sales"),
        tool: Some("video call"),
        mode: Some("live"),
        minutes: 45.0,
        often: [0.3, 2.0, 0.2],
        ..Play::TEMPLATE
    },
    Play {
        lever: "team",
        channel: "workshop",
        team: Some("consulting"),
        rule: Some("scoped"),
        mode: Some("in person"),
        minutes: 150.0,
        cost: 25.0,
        often: [0.0, 0.6, 0.3],
        ..Play::TEMPLATE
    },
    Play {
        lever: "team",
        channel: "chat",
        team: Some("support"),
        tool: Some("help desk"),
        direction: "inbound",
        initiated_by: "customer",
        trigger: Some("question"),
        rule: Some("by topic"),
        minutes: 12.0,
        often: [0.2, 0.4, 2.0],
        ..Play::TEMPLATE
    },
    Play {
        lever: "team",
        channel: "meeting",
        team: Some("success"),
        tool: Some("video call"),
        trigger: Some("health"),
        rule: Some("quarterly"),
        minutes: 40.0,
        often: [0.0, 0.0, 1.5],
        ..Play::TEMPLATE
    },
    Play {
        channel: "product",
        tool: Some("guide"),
        initiated_by: "system",
        trigger: Some("feature use"),
        rule: Some("first use"),
        mode: Some("guided"),
        often: [0.0, 1.0, 3.0],
        ..Play::TEMPLATE
    },
    Play {
        channel: "community",
        tool: Some("forum"),
        direction: "inbound",
        initiated_by: "customer",
        mode: Some("self-serve"),
        often: [0.3, 0.3, 1.0],
        ..Play::TEMPLATE
    },
];

/// How often each of [`PLAYS`] is chosen in a state.
pub(super) fn choices(state: State) -> [f64; PLAYS.len()] {
    let phase = match state {
        State::Unaware | State::Aware | State::Considering => 0,
        State::Evaluating | State::Deciding => 1,
        _ => 2,
    };
    std::array::from_fn(|index| PLAYS[index].often[phase])
}

/// Touches a day of an account of average fit in a state.
pub(super) fn touches_a_day(state: State) -> f64 {
    match state {
        State::Unaware => 0.15,
        State::Aware => 0.3,
        State::Considering => 0.35,
        State::Evaluating | State::Deciding => 0.4,
        State::Onboarding => 0.4,
        State::Adopting => 0.07,
        State::Expanding | State::Renewing => 0.15,
        State::Won | State::Lost | State::Churned => 0.0,
    }
}

/// What the person got back.
pub(super) const FEEDBACK: [Option<&str>; 5] =
    [Some("shown"), Some("confirmed"), Some("answered"), Some("ignored"), None];
