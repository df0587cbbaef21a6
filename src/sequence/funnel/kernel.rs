//! The funnel of one entity: which search answers, which attempts are told, and how each stands.

use std::cmp::Ordering;

use super::any_order::AnyOrder;
use super::attempts::{Attempts, Status};
use super::chosen::{Chosen, Found, Stretch};
use super::events::Events;
use super::latest_start;
use super::moments::Streams;
use super::ordered::Ordered;
use super::plan::Plan;
use super::settings::{Entry, Mode, Settings, SettingsError};
use super::ties::Ties;

/// A funnel, built once per query and run on one entity after the other.
#[derive(Debug)]
pub struct Funnel {
    plan: Plan,
    entry: Entry,
    as_of: i64,
    ties: Ties,
    searches: Searches,
    /// By stream, where a chain was looked for and the best one found.
    found: Vec<(Stretch, Found)>,
    chosen: Chosen,
    other: Chosen,
    rows: Vec<Option<u32>>,
    told: Attempts,
    /// The attempts of `told` by the place that opened them.
    order: Vec<(u32, usize)>,
}

impl Funnel {
    /// The funnel that these settings describe.
    ///
    /// # Errors
    /// What [`Settings::check`] refuses.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            plan: Plan::new(&settings),
            entry: settings.entry,
            as_of: settings.as_of,
            ties: Ties::default(),
            searches: Searches::default(),
            found: Vec::new(),
            chosen: Chosen::default(),
            other: Chosen::default(),
            rows: Vec::new(),
            told: Attempts::default(),
            order: Vec::new(),
        })
    }

    /// The highest level of any attempt of one entity; 0 without rows.
    pub fn level(&mut self, events: Events<'_>) -> u32 {
        let excluded = self.plan.is_excluded(&events);
        if self.is_plain(&events, excluded) {
            return latest_start::level(&self.plan, &events, &mut self.ties);
        }
        self.searches.streams.read(&self.plan, &events);
        if self.entry == Entry::Each {
            self.tell_each(excluded);
            return self.told.iter().map(|attempt| attempt.level).max().unwrap_or(0);
        }
        self.find(Some(self.plan.goal()));
        self.found.iter().map(|(_, found)| found.level).max().unwrap_or(0)
    }

    /// Adds the attempts of one entity: with [`Entry::Each`] all of them by the place that opened them, else the one; one
    /// that was not entered where there are none.
    pub fn attempts(&mut self, events: Events<'_>, attempts: &mut Attempts) {
        let excluded = self.plan.is_excluded(&events);
        if self.is_plain(&events, excluded) && self.tell_plain(&events, attempts) {
            return;
        }
        self.searches.streams.read(&self.plan, &events);
        if self.entry == Entry::Each {
            self.tell_each(excluded)
        } else {
            self.tell_one(excluded)
        }
        self.order.sort_unstable();
        for &(_, told) in &self.order {
            attempts.push_from(&self.told, told);
        }
        if self.order.is_empty() {
            self.rows.clear();
            self.rows.resize(self.plan.steps, None);
            attempts.push(0, Status::NotEntered, &self.rows);
        }
    }

    fn is_plain(&self, events: &Events<'_>, excluded: bool) -> bool {
        self.entry == Entry::Best && !excluded && latest_start::serves(&self.plan, events)
    }

    /// Adds the best attempt, if it can be told without a search.
    fn tell_plain(&mut self, events: &Events<'_>, attempts: &mut Attempts) -> bool {
        let best = latest_start::reach(&self.plan, events, &mut self.ties);
        if !latest_start::choose(&self.plan, events, &best, &mut self.rows) {
            return false;
        }
        attempts.push(best.level, status(&self.plan, best.level, || false, best.until > self.as_of), &self.rows);
        true
    }

    /// Searches every stream for its best chain.
    fn find(&mut self, stop_at: Option<u32>) {
        let Self { plan, searches, found, .. } = self;
        let opener = |streams: &Streams, stream: usize| {
            let opener = streams.opener(plan, streams.ranges[stream].start, streams.ranges[stream].end)?;
            Some((streams.moments[opener].place, opener))
        };
        let all = 0..searches.streams.ranges.len();
        let first = all.clone().filter_map(|stream| opener(&searches.streams, stream)).map(|(place, _)| place).min();
        found.clear();
        for stream in all {
            let moments = searches.streams.ranges[stream].clone();
            let openers = match opener(&searches.streams, stream) {
                _ if self.entry == Entry::Best => moments.clone(),
                Some((place, opener)) if Some(place) == first => opener..opener + 1,
                _ => continue,
            };
            let stretch = Stretch { moments, openers };
            let best = searches.reach(plan, &stretch, true, stop_at);
            found.push((stretch, best));
        }
    }

    /// Finds the best attempt, or the first.
    fn tell_one(&mut self, excluded: bool) {
        self.told.clear();
        self.order.clear();
        self.find((self.entry == Entry::First).then(|| self.plan.goal()));
        let Some(best) = self.found.iter().map(|&(_, found)| found).max_by(Found::rank).filter(|best| best.level > 0)
        else {
            return;
        };
        let Self { plan, searches, found, chosen, other, .. } = self;
        chosen.0.clear();
        for (stretch, found) in found.iter().filter(|(_, found)| found.rank(&best) == Ordering::Equal) {
            searches.choose(plan, stretch, found, other);
            if chosen.0.is_empty() || other.precedes(chosen) {
                std::mem::swap(chosen, other);
            }
        }
        let is_open = found.iter().any(|(_, found)| found.level == best.level && found.until > self.as_of);
        let mut better =
            |stretch: &Stretch| searches.reach(plan, stretch, false, Some(best.level + 1)).level > best.level;
        let better = || excluded && found.iter().any(|(stretch, _)| better(stretch));
        let status = status(plan, best.level, better, is_open);
        self.tell(best.level, status, 0);
    }

    /// Finds the attempts one after the other, in each stream for itself.
    fn tell_each(&mut self, excluded: bool) {
        self.told.clear();
        self.order.clear();
        for stream in 0..self.searches.streams.ranges.len() {
            let mut moments = self.searches.streams.ranges[stream].clone();
            while let Some(opener) = self.searches.streams.opener(&self.plan, moments.start, moments.end) {
                let Self { plan, searches, chosen, .. } = self;
                let stretch = Stretch { moments: moments.clone(), openers: opener..opener + 1 };
                let best = searches.reach(plan, &stretch, true, Some(plan.goal()));
                let mut better = || searches.reach(plan, &stretch, false, Some(best.level + 1)).level > best.level;
                let status = status(plan, best.level, || excluded && better(), best.until > self.as_of);
                searches.choose(plan, &stretch, &best, chosen);
                searches.take_out(plan, chosen, &best);
                let converted = (best.level == plan.goal()).then(|| chosen.last_moment(plan.required)).flatten();
                moments.start = converted.unwrap_or(best.ended.moment);
                let place = searches.streams.moments[opener].place;
                self.tell(best.level, status, place);
            }
        }
    }

    fn tell(&mut self, level: u32, status: Status, place: u32) {
        self.rows.clear();
        self.rows.extend(self.chosen.0.iter().map(|choice| choice.map(|choice| choice.index)));
        self.order.push((place, self.told.len()));
        self.told.push(level, status, &self.rows);
    }
}

/// How an attempt stands: `better` is whether it would be better without exclusions.
fn status(plan: &Plan, level: u32, better: impl FnOnce() -> bool, is_open: bool) -> Status {
    match level {
        0 => Status::NotEntered,
        level if level == plan.goal() => Status::Converted,
        _ if better() => Status::Excluded,
        _ if is_open => Status::InWindow,
        _ => Status::Dropped,
    }
}

/// The general searches.
#[derive(Debug, Default)]
struct Searches {
    streams: Streams,
    ordered: Ordered,
    any_order: AnyOrder,
}

impl Searches {
    fn reach(&mut self, plan: &Plan, stretch: &Stretch, heed: bool, stop_at: Option<u32>) -> Found {
        match plan.mode {
            Mode::Any => self.any_order.reach(plan, &mut self.streams, stretch, heed, stop_at),
            _ => self.ordered.reach(plan, &mut self.streams, stretch, heed, stop_at),
        }
    }

    fn choose(&mut self, plan: &Plan, stretch: &Stretch, found: &Found, chosen: &mut Chosen) {
        match plan.mode {
            Mode::Any => self.any_order.choose(plan, &self.streams, stretch, found, chosen),
            _ => self.ordered.choose(plan, &mut self.streams, stretch, found, chosen),
        }
    }

    /// Takes what an attempt has used out of those to come: its rows, and as openers the rows that voided it.
    fn take_out(&mut self, plan: &Plan, chosen: &Chosen, found: &Found) {
        for choice in chosen.0.iter().flatten() {
            self.streams.take_out(choice.moment, choice.row, u64::MAX);
        }
        if found.level == plan.goal() || found.ended.barring == 0 {
            return;
        }
        let moment = found.ended.moment;
        for row in self.streams.moments[moment].rows() {
            if self.streams.rows[row].excluded & found.ended.barring != 0 {
                self.streams.take_out(moment, row, if plan.mode == Mode::Any { u64::MAX } else { 1 });
            }
        }
    }
}
