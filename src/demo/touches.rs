//! Every interaction of an account, and of the people who belong to none.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::accounts::Stakeholder;
use super::calendar::{DAY, END, START, after, days_between};
use super::chance::{Room, lognormal, one_of, poisson, stream, weighted};
use super::journeys::{Journey, Visit};
use super::plays::{
    BRIEFING, CAMPAIGN, FEEDBACK, FIRST_TOUCH, NEWSLETTER, PLAYS, Play, READING, choices, touches_a_day,
};
use super::spend::{SOURCES, Source};
use super::states::State;
use super::story::Story;
use super::world::{CONTENTS_PER_STATE, DEEP_ARTICLE, POPULAR_ARTICLE, ReaderChance, World};

/// One interaction. `source` overrides the play's lever keys where it is a first touch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch<'a> {
    pub(super) contact: usize,
    pub(super) at: i64,
    pub(super) journey: Option<usize>,
    pub(super) play: &'static Play,
    pub(super) source: Option<&'static Source>,
    pub(super) content: Option<&'a str>,
    pub(super) feedback: Option<&'static str>,
    pub(super) times_round: i32,
    pub(super) minutes: Option<f64>,
    pub(super) cost: Option<f64>,
}

/// The interactions of an account, by person and time; none of an idle account.
pub(super) fn touches<'a>(world: &'a World, story: &Story) -> Vec<Touch<'a>> {
    let mut touches = Touches { world, story, made: Vec::new(), random: stream(world.seed, story.index, Room::Touch) };
    if !story.account.idle {
        touches.first();
        for (number, journey) in story.journeys.iter().enumerate() {
            journey.visits.iter().for_each(|visit| touches.visit(number, journey, visit));
        }
        touches.articles();
        touches.campaigns();
        touches.duplicates();
    }
    let mut made = touches.made;
    made.sort_by_key(|touch| (touch.contact, touch.at));
    made
}

/// When a person of no account read the popular article. The last one did so as the window closed: the data then end there.
pub(super) fn stranger_reads(world: &World, number: u64) -> i64 {
    if number + 1 == world.readers.strangers {
        return END;
    }
    let random = &mut stream(world.seed, world.accounts + number, Room::Touch);
    after(START, random.random::<f64>() * days_between(START, END))
}

struct Touches<'a, 'b> {
    world: &'a World,
    story: &'b Story,
    made: Vec<Touch<'a>>,
    random: ChaCha8Rng,
}

impl<'a> Touches<'a, '_> {
    fn add(&mut self, play: &'static Play, contact: usize, at: i64, journey: Option<usize>, content: Option<&'a str>) {
        let random = &mut self.random;
        let minutes = (play.minutes > 0.0).then(|| lognormal(random, play.minutes, 0.4).ceil());
        let cost = (play.cost > 0.0).then(|| (play.cost * random.random_range(0.6..1.4) * 100.0).round() / 100.0);
        let times_round = if random.random_bool(0.15) { random.random_range(2..5) } else { 1 };
        let feedback = one_of(random, &FEEDBACK);
        let source = None;
        self.made.push(Touch { contact, at, journey, play, source, content, feedback, times_round, minutes, cost });
    }

    /// The touch through which the account became known.
    fn first(&mut self) {
        let contact = self.anyone();
        self.add(&FIRST_TOUCH, contact, self.story.arrival.at, Some(0), None);
        if let Some(touch) = self.made.last_mut() {
            touch.source = Some(&SOURCES[self.story.arrival.source]);
        }
    }

    /// The ordinary touches of a visit: more for accounts that fit, and mostly with whom is easy to meet.
    fn visit(&mut self, number: usize, journey: &Journey, visit: &Visit) {
        let days = days_between(visit.entered, visit.left.min(END));
        let mean = touches_a_day(visit.state) * (0.3 * self.story.account.fit).exp() * days;
        let choices = choices(visit.state);
        for _ in 0..poisson(&mut self.random, mean) {
            let play = &PLAYS[weighted(&mut self.random, choices.iter().copied())];
            let at = after(visit.entered, self.random.random::<f64>() * days);
            let contact = self.anyone();
            let content = (play.lever == "content").then(|| {
                let number = self.random.random_range(0..CONTENTS_PER_STATE);
                self.world.content(visit.state, number)
            });
            let mailed = at.div_euclid(DAY) * DAY + DAY * 9 / 24;
            if play.channel == NEWSLETTER.channel && mailed >= visit.entered && mailed <= END {
                self.add(play, contact, mailed, Some(number), content);
                if let Some(colleague) = self.story.account.first(Stakeholder::User).filter(|&c| c != contact) {
                    self.add(play, colleague, mailed, Some(number), content);
                }
            } else {
                self.add(play, contact, at, Some(number), content);
            }
        }
        if visit.state == State::Deciding {
            self.briefings(number, journey.briefings, visit);
        }
    }

    /// The sponsor's briefings, all within the days that the decision takes anyway.
    fn briefings(&mut self, number: usize, briefings: u32, visit: &Visit) {
        let Some(sponsor) = self.story.account.first(Stakeholder::Sponsor) else { return };
        for _ in 0..briefings {
            let at = after(visit.entered, self.random.random::<f64>() * State::Deciding.law().floor);
            if at <= END {
                self.add(&BRIEFING, sponsor, at, Some(number), None);
            }
        }
    }

    /// Readings of the two articles, in the last state before the journey's end.
    fn articles(&mut self) {
        let Some((journey, visit)) = self.story.journeys.first().and_then(|j| Some((j, j.visits.last()?))) else {
            return;
        };
        let chance = |readers: ReaderChance| if journey.won().is_some() { readers.won } else { readers.not_won };
        let readers = self.world.readers;
        for (article, chance) in [(POPULAR_ARTICLE, chance(readers.popular)), (DEEP_ARTICLE, chance(readers.deep))] {
            if self.random.random_bool(chance) {
                let days = days_between(visit.entered, visit.left.min(END));
                let at = after(visit.entered, self.random.random::<f64>() * days);
                let contact = self.anyone();
                self.add(&READING, contact, at, Some(0), Some(article));
            }
        }
    }

    fn campaigns(&mut self) {
        for survey in &self.story.surveys {
            for &at in &survey.campaign {
                let journey =
                    self.story.journeys.iter().rposition(|j| j.visits.first().is_some_and(|v| v.entered <= at));
                self.add(&CAMPAIGN, survey.contact, at, journey, None);
            }
        }
    }

    /// A few touches under each second record of a person, by sources that know of no journey.
    fn duplicates(&mut self) {
        for (contact, person) in self.story.account.contacts.iter().enumerate() {
            if person.duplicate_of.is_some() {
                for _ in 0..1 + poisson(&mut self.random, 2.0) {
                    let at = after(person.created, self.random.random::<f64>() * days_between(person.created, END));
                    let content = self.world.content(State::Aware, self.random.random_range(0..CONTENTS_PER_STATE));
                    self.add(&READING, contact, at, None, Some(content));
                }
            }
        }
    }

    /// A person of the account, the easier to meet the likelier; second records aside.
    fn anyone(&mut self) -> usize {
        let people = &self.story.account.contacts;
        let reach = people.iter().map(|c| if c.duplicate_of.is_some() { 0.0 } else { c.stakeholder.reach() });
        weighted(&mut self.random, reach)
    }
}
