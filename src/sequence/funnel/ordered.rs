//! Levels and rows where steps have an order: every mode but `any`.
//!
//! Two passes. The first keeps of every chain only when it began: of two in one state the later one is shorter and lives
//! longer. It finds the level, and start and end of the chain to tell. The second looks at that stretch alone and keeps
//! the steps' moments, the earlier ones first.

use std::ops::{ControlFlow, Range};

use super::chosen::{Choice, Chosen, Found, Stretch};
use super::moments::Streams;
use super::plan::{Plan, mask, steps_of, through};
use super::settings::{MOST, Mode};
use super::sweep::{Chain, Reached, Search, Sweep, sharing};
use super::ties::Ties;

/// The searches, in buffers that serve the next.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    starts: Sweep<Start>,
    paths: Sweep<Path>,
    ties: Ties,
}

impl Ordered {
    /// The best chain of a stretch. With a level to stop at it looks no further than the first chain of that level, which is
    /// the shortest where there is one opener.
    pub fn reach(
        &mut self,
        plan: &Plan,
        streams: &mut Streams,
        stretch: &Stretch,
        heed: bool,
        stop_at: Option<u32>,
    ) -> Found {
        // Outside strict order an optional step brings no chain further.
        let steps = if plan.mode == Mode::Strict { through(plan.steps) } else { plan.required };
        let moments = look_back(plan, streams, stretch.moments.start, stretch.openers.start)..stretch.moments.end;
        let stretch = Stretch { moments, openers: stretch.openers.clone() };
        let search = Search { stretch, steps, latest: i64::MAX, heed };
        let mut found = Found::NOTHING;
        let ended = self.starts.run(plan, streams, &search, |reached| {
            found.meet(reached.level, reached.chain.time, reached.time, reached.until);
            let enough = stop_at.is_some_and(|level| found.level >= level);
            if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        Found { ended, ..found }
    }

    /// The rows of the chain that was found.
    pub fn choose(
        &mut self,
        plan: &Plan,
        streams: &mut Streams,
        stretch: &Stretch,
        found: &Found,
        chosen: &mut Chosen,
    ) {
        let search = Search {
            stretch: stretch_of(plan, streams, stretch, found),
            steps: through(plan.steps),
            latest: found.end,
            heed: true,
        };
        let mut best: Option<Path> = None;
        self.paths.run(plan, streams, &search, |Reached { level, chain, .. }| {
            if level == found.level && best.as_ref().is_none_or(|best| chain.beats(best)) {
                best = Some(chain.clone());
            }
            ControlFlow::Continue(())
        });
        self.assign(plan, streams, &best.unwrap_or_default(), chosen);
    }

    /// Gives each step of a path its row.
    fn assign(&mut self, plan: &Plan, streams: &Streams, path: &Path, chosen: &mut Chosen) {
        chosen.0.clear();
        chosen.0.resize(plan.steps, None);
        let mut open = mask((1..=plan.steps).filter(|step| path.0[step - 1] != MISSING));
        while open != 0 {
            let index = path.0[open.trailing_zeros() as usize];
            let here = mask(steps_of(open).filter(|step| path.0[step - 1] == index));
            open &= !here;
            let moment = &streams.moments[index as usize];
            let rows = moment.rows().map(|row| (row as u32, streams.steps_at(moment, row)));
            self.ties.read(sharing(plan, moment), plan.steps, rows);
            self.ties.assign(here, |step, row| {
                let (row, moment) = (row as usize, index as usize);
                let place = streams.moments[moment].place;
                chosen.0[step - 1] = Some(Choice { place, index: streams.rows[row].index, moment, row });
            });
        }
    }
}

/// The part of a stretch in which the chain that was found lies.
fn stretch_of(plan: &Plan, streams: &Streams, Stretch { moments, openers }: &Stretch, found: &Found) -> Stretch {
    let at = |range: &Range<usize>, time: i64| {
        range.start + streams.moments[range.clone()].partition_point(|moment| moment.time < time)
    };
    let past = |range: &Range<usize>, time: i64| time.checked_add(1).map_or(range.end, |next| at(range, next));
    let openers = at(openers, found.start)..past(openers, found.start);
    let top = steps_of(plan.required).nth(found.level as usize - 1).unwrap_or(plan.steps);
    // Optional steps can come after the last required one: those that follow it, and one that it overtakes.
    let late = if plan.grace.is_some() { u64::MAX } else { plan.next[top] };
    let end = if late & plan.optional != 0 { moments.end } else { past(moments, found.end) };
    Stretch { moments: look_back(plan, streams, moments.start, openers.start)..end, openers }
}

/// The first moment at or after `from` that can belong to a chain of an opener: with grace step 2 may come before step 1.
fn look_back(plan: &Plan, streams: &Streams, from: usize, opener: usize) -> usize {
    let Some(grace) = plan.grace else {
        return opener;
    };
    let earliest = streams.moments[opener].time.saturating_sub_unsigned(grace);
    from + streams.moments[from..opener].partition_point(|moment| moment.time < earliest)
}

/// When a chain began.
#[derive(Debug, Clone, Default)]
struct Start {
    moment: usize,
    time: i64,
}

impl Chain for Start {
    fn with(&self, moment: usize, time: i64, steps: u64) -> Self {
        if steps & 1 == 1 { Self { moment, time } } else { self.clone() }
    }

    fn beats(&self, other: &Self) -> bool {
        self.moment > other.moment
    }
}

const MISSING: u32 = u32::MAX;

/// By step, the moment at which it was chosen.
#[derive(Debug, Clone)]
struct Path([u32; MOST]);

impl Default for Path {
    fn default() -> Self {
        Self([MISSING; MOST])
    }
}

impl Chain for Path {
    fn with(&self, moment: usize, _time: i64, steps: u64) -> Self {
        let mut path = self.clone();
        steps_of(steps).for_each(|step| path.0[step - 1] = moment as u32);
        path
    }

    fn beats(&self, other: &Self) -> bool {
        self.0 < other.0
    }
}
