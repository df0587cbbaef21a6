//! Counts, over all stories, the planted facts that are shares or sums rather than laws.

use super::calendar::{END_TEXT, START_TEXT, days_between};
use super::expectation;
use super::experiments::{CONCIERGE, DIGEST, Experiment, SUBJECT_LINE};
use super::journeys::Journey;
use super::satisfaction::{ANSWER_PER_POINT, pressure_truth};
use super::states::State;
use super::story::Story;
use super::truth::*;
use super::world::{Readers, TARGET_DAYS, World};

/// What has been counted so far.
#[derive(Debug, Default)]
pub(super) struct Observer {
    won: u64,
    not_won: u64,
    concierge: Vec<f64>,
    concierge_units: u64,
    digest: f64,
    digest_units: u64,
    invited: Mean,
    answered: Mean,
    skipped: u64,
    repeated: u64,
    out_of_order: u64,
    late: u64,
    contacts: u64,
    people: u64,
    people_with_duplicates: u64,
    customers: u64,
    answering_customers: u64,
    total_clv: f64,
    total_ppp: f64,
    top: Vec<AccountPpp>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Mean {
    sum: f64,
    count: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1.0;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }
}

/// Accounts listed by PPP.
const TOP: usize = 5;

impl Observer {
    /// Counts one account.
    pub(super) fn observe(&mut self, story: &Story) {
        if let Some(journey) = story.journeys.first() {
            *(if journey.won().is_some() { &mut self.won } else { &mut self.not_won }) += 1;
            self.deviations(journey);
        }
        self.lifts(story);
        for survey in story.surveys.iter().filter(|survey| survey.kind == "csat") {
            self.invited.add(survey.rescaled());
            if survey.answered.is_some() {
                self.answered.add(survey.rescaled());
            }
        }
        self.identities(story);
        self.ppp(story);
    }

    fn lifts(&mut self, story: &Story) {
        if !story.money.concierge_lift.is_empty() {
            self.concierge.resize(CONCIERGE.arms.len(), 0.0);
            self.concierge.iter_mut().zip(&story.money.concierge_lift).for_each(|(sum, lift)| *sum += lift);
            self.concierge_units += 1;
        }
        self.digest += story.money.digest.iter().map(|outcome| outcome.lift).sum::<f64>();
        self.digest_units += story.money.digest.len() as u64;
    }

    fn deviations(&mut self, journey: &Journey) {
        let (considering, evaluating) = (journey.entered(State::Considering), journey.entered(State::Evaluating));
        let evaluations = journey.visits.iter().filter(|visit| visit.state == State::Evaluating).count();
        self.skipped += u64::from(evaluating.is_some() && considering.is_none());
        self.repeated += u64::from(evaluations > 1);
        self.out_of_order += u64::from(considering.zip(evaluating).is_some_and(|(c, e)| c > e));
        let start = journey.visits.first().map_or(0, |visit| visit.entered);
        let late = |(state, days): (State, f64)| {
            journey.entered(state).is_some_and(|entered| days_between(start, entered) > days)
        };
        self.late += u64::from(TARGET_DAYS.into_iter().any(late));
    }

    fn identities(&mut self, story: &Story) {
        let contacts = &story.account.contacts;
        self.contacts += contacts.len() as u64;
        let mut originals: Vec<usize> = Vec::new();
        for contact in contacts {
            let Some(duplicate) = contact.duplicate_of else {
                self.people += 1;
                continue;
            };
            let mut person = duplicate.original;
            while let Some(earlier) = contacts[person].duplicate_of {
                person = earlier.original;
            }
            originals.push(person);
        }
        originals.sort_unstable();
        originals.dedup();
        self.people_with_duplicates += originals.len() as u64;
    }

    fn ppp(&mut self, story: &Story) {
        let transactions = &story.money.transactions;
        if transactions.is_empty() {
            return;
        }
        let clv: f64 = transactions.iter().map(|t| t.amount).sum();
        self.customers += 1;
        self.total_clv += clv;
        let mut satisfied = Mean::default();
        for contact in 0..story.account.contacts.len() {
            let answers = story.surveys.iter().filter(|s| s.contact == contact && s.kind == "csat");
            let latest = answers.filter_map(|s| Some((s.answered?, s.rescaled()))).max_by_key(|(at, _)| *at);
            if let Some((_, score)) = latest {
                satisfied.add(score);
            }
        }
        let Some(csat) = satisfied.value() else { return };
        let ppp = csat * clv;
        self.answering_customers += 1;
        self.total_ppp += ppp;
        let place = self.top.partition_point(|other| other.ppp >= ppp);
        if place < TOP {
            self.top.insert(place, AccountPpp { account_id: story.account.id.clone(), csat, clv, ppp });
            self.top.truncate(TOP);
        }
    }

    /// Who reads the articles, so that their planted figures come out.
    pub(super) fn readers(&self, accounts: u64) -> Readers {
        Readers::of(accounts, self.won, self.not_won)
    }

    /// The truth about a world whose accounts have all been counted.
    pub(super) fn truth(self, world: &World) -> Truth {
        let deciding = State::Deciding.law();
        let journeys = self.won + self.not_won;
        let share = |count: u64| count as f64 / journeys.max(1) as f64;
        Truth {
            seed: world.seed,
            accounts: world.accounts,
            observed_from: START_TEXT,
            observed_until: END_TEXT,
            lifts: self.lift_truth(world),
            states: expectation::states(),
            transitions: expectation::transitions(),
            cycle: CycleTruth {
                organic_floor_days: expectation::organic_floor(),
                log_time_per_briefing: deciding.briefing_on_time,
                log_time_per_fit: deciding.fit_on_time,
            },
            stakeholders: StakeholderTruth {
                sponsor_log_odds: deciding.sponsor_on_forward,
                administrator_log_odds: 0.0,
            },
            responses: world.spend.truth(),
            articles: world.readers.truth(self.won, self.not_won),
            pressure: pressure_truth(),
            silence: SilenceTruth {
                answer_log_odds_per_point: ANSWER_PER_POINT,
                invited: self.invited.count,
                mean_of_invited: self.invited.value(),
                answered: self.answered.count,
                mean_of_answered: self.answered.value(),
            },
            deviations: DeviationTruth {
                journeys,
                skipped: share(self.skipped),
                repeated: share(self.repeated),
                out_of_order: share(self.out_of_order),
                late: share(self.late),
            },
            identities: IdentityTruth {
                contacts: self.contacts + world.readers.strangers,
                people: self.people + world.readers.strangers,
                people_with_duplicates: self.people_with_duplicates,
            },
            ppp: PppTruth {
                customers: self.customers,
                answered: self.answering_customers,
                total_clv: self.total_clv,
                mean_ppp: (self.customers > 0).then(|| self.total_ppp / self.customers as f64),
                top: self.top,
            },
        }
    }

    fn lift_truth(&self, world: &World) -> Vec<LiftTruth> {
        let lift = |experiment: &Experiment, arm: usize, units: u64, sum: f64| LiftTruth {
            experiment: experiment.name,
            unit: experiment.unit,
            arm: experiment.arms[arm].0,
            units,
            average_lift: (units > 0).then(|| sum / units as f64),
        };
        let concierge = self.concierge.iter().enumerate().skip(1);
        let concierge = concierge.map(|(arm, &sum)| lift(&CONCIERGE, arm, self.concierge_units, sum));
        let others = [lift(&DIGEST, 1, self.digest_units, self.digest), lift(&SUBJECT_LINE, 1, world.accounts, 0.0)];
        concierge.chain(others).collect()
    }
}
