//! One account's story into the rows of the journey tables.

use std::fmt::Write;

use super::batches::{Sink, Table, Value};
use super::experiments::{CONCIERGE, DIGEST, DIGEST_BASELINE, SUBJECT_LINE};
use super::journeys::Journey;
use super::plays::READING;
use super::states::State;
use super::story::Story;
use super::touches::{Touch, stranger_reads, touches};
use super::world::{POPULAR_ARTICLE, World};

/// Writes an account's rows, interactions included.
pub(super) fn write(world: &World, story: &Story, sink: &mut Sink) {
    account(story, sink);
    contacts(story, sink);
    assignments(story, sink);
    story.journeys.iter().for_each(|journey| state_changes(story, journey, sink));
    transactions(story, sink);
    surveys(story, sink);
    objectives(story, sink);
    if sink.wants(Table::Interactions) {
        interactions(world, story, sink);
    }
}

fn account(story: &Story, sink: &mut Sink) {
    let account = &story.account;
    sink.push(
        Table::Accounts,
        [
            ("account_id", (&account.id).into()),
            ("name", (&account.name).into()),
            ("segment", account.segment.name().into()),
            ("industry", account.industry.into()),
            ("region", account.region.into()),
            ("employees", Value::Count(account.employees)),
            ("annual_revenue", account.annual_revenue.into()),
            ("icp_fit", account.icp_fit.into()),
            ("created_at", Value::Instant(account.created)),
        ],
    );
}

fn contacts(story: &Story, sink: &mut Sink) {
    let contacts = &story.account.contacts;
    for contact in contacts {
        sink.push(
            Table::Contacts,
            [
                ("contact_id", (&contact.id).into()),
                ("account_id", (&story.account.id).into()),
                ("stakeholder", contact.stakeholder.name().into()),
                ("title", contact.title.into()),
                ("uses_product", Value::Flag(contact.stakeholder.uses_product())),
                ("created_at", Value::Instant(contact.created)),
            ],
        );
        let Some(duplicate) = contact.duplicate_of else { continue };
        let original = &contacts[duplicate.original].id;
        let mut edge = |left: &String, right: &String| {
            sink.push(
                Table::Identities,
                [
                    ("left_id", left.into()),
                    ("right_id", right.into()),
                    ("rule", duplicate.rule.into()),
                    ("seen_at", Value::Instant(duplicate.seen)),
                ],
            );
        };
        edge(original, &contact.id);
        if duplicate.both_ways {
            edge(&contact.id, original);
        }
    }
}

fn assignments(story: &Story, sink: &mut Sink) {
    let mut assign = |experiment: &str, contact: Option<usize>, arm: &str, at: i64, baseline: Option<f64>| {
        sink.push(
            Table::Assignments,
            [
                ("experiment", experiment.into()),
                ("account_id", (&story.account.id).into()),
                ("contact_id", contact.map(|c| &story.account.contacts[c].id).into()),
                ("arm", arm.into()),
                ("assigned_at", Value::Instant(at)),
                ("baseline", baseline.into()),
            ],
        );
    };
    let created = story.account.created;
    assign(SUBJECT_LINE.name, None, SUBJECT_LINE.arms[story.arms.subject_line].0, created, None);
    let Some((won, _)) = story.customer else { return };
    if let Some(arm) = story.arms.concierge {
        assign(CONCIERGE.name, None, CONCIERGE.arms[arm].0, won, story.money.first_amount);
    }
    for outcome in &story.money.digest {
        if let Some(arm) = story.arms.digest[outcome.contact] {
            let at = won + DIGEST_BASELINE;
            assign(DIGEST.name, Some(outcome.contact), DIGEST.arms[arm].0, at, Some(outcome.baseline));
        }
    }
}

fn state_changes(story: &Story, journey: &Journey, sink: &mut Sink) {
    let visits = journey.visits.iter().map(|visit| (visit.state, visit.entered, visit.contact));
    let end = journey.end.map(|end| (end.state, end.at, end.contact));
    for (state, at, contact) in visits.chain(end) {
        let contact = contact.map(|c| &story.account.contacts[c]);
        sink.push(
            Table::StateChanges,
            [
                ("account_id", (&story.account.id).into()),
                ("contact_id", contact.map(|c| &c.id).into()),
                ("entered_at", Value::Instant(at)),
                ("journey_id", (&journey.id).into()),
                ("track", contact.map_or(usual_track(state), |c| c.stakeholder.track()).into()),
                ("state", state.name().into()),
            ],
        );
    }
}

/// The track of a change that no single person made.
fn usual_track(state: State) -> &'static str {
    if matches!(state, State::Deciding | State::Won) { "proven value" } else { "daily work" }
}

fn transactions(story: &Story, sink: &mut Sink) {
    let mut id = String::new();
    for (number, transaction) in story.money.transactions.iter().enumerate() {
        let contact = transaction.contact.map(|c| &story.account.contacts[c]);
        sink.push(
            Table::Transactions,
            [
                ("account_id", (&story.account.id).into()),
                ("contact_id", contact.map(|c| &c.id).into()),
                ("occurred_at", Value::Instant(transaction.at)),
                ("transaction_id", numbered(&mut id, 'T', story.index, number)),
                ("journey_id", transaction.journey.map(|j| &story.journeys[j].id).into()),
                ("kind", transaction.kind.into()),
                ("amount", transaction.amount.into()),
                ("cost_of_sale", transaction.cost_of_sale.into()),
                ("track", contact.map(|c| c.stakeholder.track()).into()),
            ],
        );
    }
}

fn surveys(story: &Story, sink: &mut Sink) {
    let mut id = String::new();
    for (number, survey) in story.surveys.iter().enumerate() {
        sink.push(
            Table::Surveys,
            [
                ("account_id", (&story.account.id).into()),
                ("contact_id", (&story.account.contacts[survey.contact].id).into()),
                ("invited_at", Value::Instant(survey.invited)),
                ("answered_at", survey.answered.map_or(Value::Null, Value::Instant)),
                ("survey_id", numbered(&mut id, 'V', story.index, number)),
                ("kind", survey.kind.into()),
                ("score", survey.answered.map(|_| survey.score).into()),
                ("scale_min", survey.scale.0.into()),
                ("scale_max", survey.scale.1.into()),
            ],
        );
    }
}

fn objectives(story: &Story, sink: &mut Sink) {
    for objective in &story.objectives {
        sink.push(
            Table::Objectives,
            [
                ("account_id", (&story.account.id).into()),
                ("objective", objective.name.into()),
                ("target", objective.target.into()),
                ("due_date", Value::Day(objective.due_day)),
            ],
        );
        for &(contact, at, value) in &objective.measurements {
            sink.push(
                Table::Adoption,
                [
                    ("account_id", (&story.account.id).into()),
                    ("contact_id", contact.map(|c| &story.account.contacts[c].id).into()),
                    ("objective", objective.name.into()),
                    ("measured_at", Value::Instant(at)),
                    ("value", value.into()),
                ],
            );
        }
    }
}

fn interactions(world: &World, story: &Story, sink: &mut Sink) {
    let mut id = String::new();
    for (number, touch) in touches(world, story).iter().enumerate() {
        let Touch { play, source, .. } = touch;
        let contact = &story.account.contacts[touch.contact];
        let journey = touch.journey.map_or(&story.account.id, |j| &story.journeys[j].id);
        sink.push(
            Table::Interactions,
            [
                ("account_id", (&story.account.id).into()),
                ("contact_id", (&contact.id).into()),
                ("occurred_at", Value::Instant(touch.at)),
                ("interaction_id", numbered(&mut id, 'i', story.index, number)),
                ("journey_id", journey.into()),
                ("lever", source.map_or(play.lever, |s| s.lever).into()),
                ("channel", source.map_or(play.channel, |s| s.channel).into()),
                ("content_id", touch.content.into()),
                ("team", source.map_or(play.team, |s| s.team).into()),
                ("tool", source.map_or(play.tool, |s| s.tool).into()),
                ("track", contact.stakeholder.track().into()),
                ("direction", play.direction.into()),
                ("initiated_by", play.initiated_by.into()),
                ("trigger", play.trigger.into()),
                ("rule", play.rule.into()),
                ("feedback", touch.feedback.into()),
                ("loop", Value::Integer(touch.times_round)),
                ("mode", play.mode.into()),
                ("duration_minutes", touch.minutes.into()),
                ("cost", touch.cost.into()),
            ],
        );
    }
}

/// Writes a person who belongs to no account, and the one article that the person read.
pub(super) fn write_stranger(world: &World, number: u64, sink: &mut Sink) {
    let (contact, id) = (format!("S{number:07}"), format!("s{number:07}"));
    let at = stranger_reads(world, number);
    sink.push(
        Table::Contacts,
        [
            ("contact_id", (&contact).into()),
            ("account_id", Value::Null),
            ("stakeholder", Value::Null),
            ("title", Value::Null),
            ("uses_product", Value::Null),
            ("created_at", Value::Instant(at)),
        ],
    );
    sink.push(
        Table::Interactions,
        [
            ("account_id", Value::Null),
            ("contact_id", (&contact).into()),
            ("occurred_at", Value::Instant(at)),
            ("interaction_id", (&id).into()),
            ("journey_id", Value::Null),
            ("lever", READING.lever.into()),
            ("channel", READING.channel.into()),
            ("content_id", POPULAR_ARTICLE.into()),
            ("team", Value::Null),
            ("tool", READING.tool.into()),
            ("track", Value::Null),
            ("direction", READING.direction.into()),
            ("initiated_by", READING.initiated_by.into()),
            ("trigger", READING.trigger.into()),
            ("rule", Value::Null),
            ("feedback", Value::Null),
            ("loop", Value::Integer(1)),
            ("mode", READING.mode.into()),
            ("duration_minutes", Value::Null),
            ("cost", Value::Null),
        ],
    );
}

/// A key of at most 12 bytes (which string views hold in place) up to ten million accounts: letter, account, number.
fn numbered(id: &mut String, letter: char, account: u64, number: usize) -> Value<'_> {
    id.clear();
    write!(id, "{letter}{account:07}{number:04}").expect("a string takes what is written to it");
    Value::Text(id)
}
