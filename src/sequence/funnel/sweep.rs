//! The search for chains in one pass over a stream: every mode but `any`, with every option.
//!
//! After each moment the search knows, for every state a chain can be in, the one worth keeping. A state is the highest
//! step chosen, and with grace also the step that was overtaken and is still to come. All chains of one state have the
//! same future, so keeping the better one loses nothing: which one is better is what [`Chain`] says. Work per moment is
//! bounded by the square of the states (at most one per step, and with grace one per step and row within the grace), and
//! is little where rows satisfy one step each.

use std::ops::ControlFlow;

use super::chosen::{Ended, Stretch};
use super::moments::{Moment, Streams};
use super::plan::{Plan, bit, steps_of, through};
use super::settings::Mode;
use super::ties::{Sharing, Ties};

/// What a search remembers of a chain.
pub(super) trait Chain: Clone + Default {
    /// The chain with these steps chosen at this moment, which is at this time.
    fn with(&self, moment: usize, time: i64, steps: u64) -> Self;
    /// Whether it is to be kept in place of another in the same state.
    fn beats(&self, other: &Self) -> bool;
}

/// Which chains to search for.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub stretch: Stretch,
    /// The steps that may be chosen.
    pub steps: u64,
    /// No required step is chosen after this instant.
    pub latest: i64,
    /// Whether exclusions exclude.
    pub heed: bool,
}

/// A chain as it reaches a step.
pub(super) struct Reached<'a, C> {
    pub level: u32,
    pub time: i64,
    pub until: i64,
    pub chain: &'a C,
}

/// The search, in buffers that serve the next.
#[derive(Debug, Default)]
pub(super) struct Sweep<C> {
    live: Vec<State<C>>,
    /// Chains with a row at the present moment.
    made: Vec<State<C>>,
    /// Chains with a row at the present time, which may not go on before it has passed.
    waiting: Vec<State<C>>,
    ties: Ties,
}

/// A chain and what can become of it.
#[derive(Debug, Clone, Default)]
struct State<C> {
    /// The highest step chosen.
    top: usize,
    overtaken: Option<Overtaken>,
    /// The last instant of its window.
    until: i64,
    chain: C,
}

/// A step not chosen yet although the step after it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Overtaken {
    step: usize,
    /// When the step after it happened.
    since: i64,
    /// Once it is chosen the chain can't go on: an excluded row has come since the step after it.
    last: bool,
}

/// The present moment.
struct Here<'a> {
    plan: &'a Plan,
    search: &'a Search,
    moment: &'a Moment,
    index: usize,
    opens: bool,
}

impl<C: Chain> Sweep<C> {
    /// Searches, and tells of each chain that reaches a step.
    pub fn run(
        &mut self,
        plan: &Plan,
        streams: &mut Streams,
        search: &Search,
        mut tell: impl FnMut(Reached<'_, C>) -> ControlFlow<()>,
    ) -> Ended {
        self.live.clear();
        self.made.clear();
        self.waiting.clear();
        let mut time = None;
        for index in search.stretch.moments.clone() {
            if time.replace(streams.moments[index].time) != Some(streams.moments[index].time) {
                self.waiting.drain(..).for_each(|state| keep(&mut self.live, state));
            }
            let here = Here::new(plan, search, streams, index);
            self.arrive(&here);
            if self.is_over() && index >= search.stretch.openers.end {
                return Ended { moment: index, barring: 0 };
            }
            let barring = if search.heed { self.barring(&here) } else { 0 };
            if here.opens {
                streams.moments[index].barring |= barring;
            }
            let here = Here::new(plan, search, streams, index);
            self.read_ties(&here, streams);
            let told = self.go_on(&here, &mut tell);
            self.leave(&here);
            if told.is_break() || self.is_over() && index + 1 >= search.stretch.openers.end {
                return Ended { moment: index, barring };
            }
        }
        Ended { moment: search.stretch.moments.end, barring: 0 }
    }

    fn is_over(&self) -> bool {
        self.live.is_empty() && self.waiting.is_empty()
    }

    /// Drops what can't go on at this moment.
    fn arrive(&mut self, here: &Here<'_>) {
        let (plan, moment) = (here.plan, here.moment);
        if plan.mode == Mode::Strict && !moment.follows {
            self.live.clear();
        }
        let excluded = if here.search.heed { moment.excluded_before } else { 0 };
        for states in [&mut self.live, &mut self.waiting] {
            states
                .retain_mut(|state| state.until >= moment.time && here.in_grace(state) && state.passes(plan, excluded));
        }
    }

    /// The exclusions whose rows here void a chain.
    fn barring(&self, here: &Here<'_>) -> u64 {
        if here.moment.excluded == 0 {
            return 0;
        }
        let chains = self.live.iter().chain(&self.waiting).filter(|state| state.overtaken.is_none());
        here.moment.excluded & chains.fold(0, |mask, state| mask | here.plan.voiding(state.top, state.top))
    }

    fn read_ties(&mut self, here: &Here<'_>, streams: &Streams) {
        let (moment, usable) = (here.moment, here.search.steps);
        let sharing = sharing(here.plan, moment);
        let barred = here.search.heed && moment.barring != 0;
        if sharing != Sharing::Matched && !barred {
            self.ties.read_mask(sharing, moment.steps & usable);
            return;
        }
        let mask = |row: usize| if barred { streams.steps_at(moment, row) } else { streams.rows[row].steps };
        self.ties.read(sharing, here.plan.steps, moment.rows().map(|row| (row as u32, mask(row) & usable)));
    }

    /// Takes every chain as far as the rows of this moment bring it.
    fn go_on(&mut self, here: &Here<'_>, tell: &mut impl FnMut(Reached<'_, C>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut told = ControlFlow::Continue(());
        let mut tell = |reached: Reached<'_, C>| {
            if tell(reached).is_break() {
                told = ControlFlow::Break(());
            }
        };
        if here.opens || here.plan.grace.is_some() && here.index < here.search.stretch.openers.end {
            let unopened = State { until: i64::MAX, ..State::default() };
            extend(here, &unopened, &mut self.ties, &mut self.made, &mut tell);
        }
        for state in &self.live {
            extend(here, state, &mut self.ties, &mut self.made, &mut tell);
        }
        told
    }

    /// Drops what the rows of this moment void, and keeps what they made.
    fn leave(&mut self, here: &Here<'_>) {
        if here.plan.mode == Mode::Strict {
            self.live.clear();
        }
        let excluded = if here.search.heed { here.moment.excluded } else { 0 };
        if excluded != 0 {
            self.live.retain_mut(|state| state.passes(here.plan, excluded));
            self.waiting.retain_mut(|state| state.passes(here.plan, excluded));
        }
        let kept = if here.plan.mode == Mode::Increase { &mut self.waiting } else { &mut self.live };
        self.made.drain(..).for_each(|state| keep(kept, state));
    }
}

impl<'a> Here<'a> {
    fn new(plan: &'a Plan, search: &'a Search, streams: &'a Streams, index: usize) -> Self {
        Self { plan, search, moment: &streams.moments[index], index, opens: search.stretch.openers.contains(&index) }
    }

    /// Whether a step that was overtaken can still come.
    fn in_grace<C>(&self, state: &State<C>) -> bool {
        let (Some(overtaken), Some(grace)) = (state.overtaken, self.plan.grace) else {
            return true;
        };
        let opens = overtaken.step > 1 || self.index < self.search.stretch.openers.end;
        opens && self.moment.time.abs_diff(overtaken.since) <= grace
    }
}

impl<C: Chain> State<C> {
    /// Whether the chain can go on when rows of these exclusions come and none of the place is chosen.
    fn passes(&mut self, plan: &Plan, excluded: u64) -> bool {
        let Some(overtaken) = &mut self.overtaken else {
            return excluded & plan.voiding(self.top, self.top) == 0;
        };
        overtaken.last |= excluded & plan.beginning(self.top) != 0;
        excluded & plan.voiding(overtaken.step, overtaken.step - 1) == 0
    }
}

/// How the rows of a moment can be shared out among steps.
pub(super) fn sharing(plan: &Plan, moment: &Moment) -> Sharing {
    let one = moment.rows().len() == 1;
    match plan.mode {
        Mode::Reuse => Sharing::Free,
        Mode::Increase => Sharing::Single,
        Mode::Strict => Sharing::Matched,
        _ if one => Sharing::Single,
        _ if moment.overlapping => Sharing::Matched,
        _ => Sharing::Free,
    }
}

/// Adds a state unless a better one is kept, and drops those it is better than.
fn keep<C: Chain>(states: &mut Vec<State<C>>, new: State<C>) {
    let same = |old: &State<C>| old.top == new.top && old.overtaken == new.overtaken;
    if let Some(old) = states.iter_mut().find(|old| same(old)) {
        if new.chain.beats(&old.chain) {
            *old = new;
        }
        return;
    }
    if let Some(Overtaken { step, since, last }) = new.overtaken {
        let outlived = |old: &State<C>| {
            let overtaken = old.overtaken.is_some_and(|old| old.step == step && old.last == last && old.since <= since);
            old.top == new.top && overtaken && !old.chain.beats(&new.chain)
        };
        states.retain(|old| !outlived(old));
    }
    states.push(new);
}

/// Every way in which the rows of this moment take a chain on.
fn extend<C: Chain>(
    here: &Here<'_>,
    entry: &State<C>,
    ties: &mut Ties,
    made: &mut Vec<State<C>>,
    tell: &mut impl FnMut(Reached<'_, C>),
) {
    let (plan, usable) = (here.plan, here.search.steps);
    let satisfied = if here.opens { ties.steps() } else { ties.steps() & !1 };
    let overtaken = entry.overtaken.map_or(0, |overtaken| bit(overtaken.step));
    if overtaken & !satisfied != 0 {
        return;
    }
    let mut step = Extension { here, entry, ties, made, tell };
    let ends = entry.overtaken.is_some_and(|overtaken| overtaken.last);
    if overtaken != 0 && !step.reach(overtaken, 0, entry.top) || ends {
        return;
    }
    step.overtake(overtaken, 0, entry.top, satisfied);
    let after = usable & !through(entry.top);
    for top in steps_of(satisfied & after) {
        let between = after & through(top - 1);
        if plan.required & between & !satisfied != 0 {
            return;
        }
        let must = overtaken | plan.required & between | bit(top);
        let may = plan.optional & between & satisfied;
        if step.reach(must, may, top) {
            step.overtake(must, may, top, satisfied);
        } else if plan.required & bit(top) != 0 {
            return;
        }
    }
}

struct Extension<'a, C, T> {
    here: &'a Here<'a>,
    entry: &'a State<C>,
    ties: &'a mut Ties,
    made: &'a mut Vec<State<C>>,
    tell: &'a mut T,
}

impl<C: Chain, T: FnMut(Reached<'_, C>)> Extension<'_, C, T> {
    /// Chooses the steps of `must` here, and those of `may` that can be: every step up to `top` that is not left out.
    /// Whether the rows suffice.
    fn reach(&mut self, must: u64, may: u64, top: usize) -> bool {
        let Some(chosen) = self.ties.pick(must, may) else {
            return false;
        };
        if self.comes_late(chosen) {
            return true;
        }
        let state = self.state(chosen, top, None);
        let (time, until) = (self.here.moment.time, state.until);
        (self.tell)(Reached { level: self.here.plan.level(top), time, until, chain: &state.chain });
        let ends = top == self.here.plan.steps || self.entry.overtaken.is_some_and(|overtaken| overtaken.last);
        if ends || self.is_voided(top) {
            return true;
        }
        if !self.interrupts() {
            self.made.push(state);
        } else if let Some(chosen) = self.cover(must, may) {
            let state = self.state(chosen, top, None);
            self.made.push(state);
        }
        true
    }

    /// As `reach`, and chooses here too the step after one that is still to come.
    fn overtake(&mut self, must: u64, may: u64, top: usize, satisfied: u64) {
        let (plan, usable) = (self.here.plan, self.here.search.steps);
        if plan.grace.is_none() || top == plan.steps || self.is_voided(top) {
            return;
        }
        for step in steps_of(plan.next[top] & usable) {
            for over in steps_of(plan.next[step] & usable & satisfied) {
                let must = must | bit(over);
                let chosen = if self.interrupts() { self.cover(must, may) } else { self.ties.pick(must, may) };
                if let Some(chosen) = chosen.filter(|&chosen| !self.comes_late(chosen)) {
                    let overtaken = Overtaken { step, since: self.here.moment.time, last: false };
                    let state = self.state(chosen, over, Some(overtaken));
                    self.made.push(state);
                }
            }
        }
    }

    fn state(&self, chosen: u64, top: usize, overtaken: Option<Overtaken>) -> State<C> {
        let chain = self.entry.chain.with(self.here.index, self.here.moment.time, chosen);
        let until = if chosen & 1 == 1 { self.here.moment.until } else { self.entry.until };
        State { top, overtaken, until, chain }
    }

    fn comes_late(&self, chosen: u64) -> bool {
        self.here.moment.time > self.here.search.latest && chosen & self.here.plan.required != 0
    }

    /// Whether a chain with this top can't go on because of rows of this place: they lie between its rows before and
    /// those to come.
    fn is_voided(&self, top: usize) -> bool {
        let voiding = self.here.plan.voiding(self.entry.top, top);
        self.here.search.heed && self.here.moment.excluded & voiding != 0
    }

    /// Whether a row of this place left out would lie between the chain's rows in strict order.
    fn interrupts(&self) -> bool {
        self.here.plan.mode == Mode::Strict && self.entry.top > 0
    }

    fn cover(&mut self, must: u64, may: u64) -> Option<u64> {
        if self.here.moment.whole { self.ties.cover(must, may) } else { None }
    }
}
