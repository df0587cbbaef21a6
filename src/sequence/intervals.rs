//! State intervals: how long an entity stayed in each state, and where it went next.

use super::events::NULL_STATE;

/// What is known of a state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// Its place in the journey.
    pub position: Option<i32>,
    /// Whether the journey ends here, so that staying is not waiting.
    pub terminal: bool,
}

/// One visit to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The state.
    pub state: u32,
    /// Which entry into this state it is, from 1.
    pub visit: u32,
    /// The row that entered it.
    pub entered: usize,
    /// The row that entered the next state; none where there is none yet.
    pub left: Option<usize>,
    /// The state entered next, which may be the same again.
    pub next: Option<u32>,
    /// Whether the entity is still there and the journey not at its end: what survival analysis censors.
    pub open: bool,
    /// How many steps of the way lie between this state's position and the next one's, going forward.
    pub skipped: u32,
    /// Whether the next state's position is before this one.
    pub regressed: bool,
    /// Whether the state was entered before.
    pub rework: bool,
}

/// Makes intervals of one entity's rows, each of which enters a state.
///
/// Every row is an interval of its own, also where it enters the state it was in, as in `kpi.state_intervals`: a second
/// record of the same state is another visit, and rework. Rows after `as_of` are ignored, rows equal to it count. Rows
/// without a state ([`NULL_STATE`]) are passed over. Where one of two states has no position, nothing is skipped and
/// nothing regresses. Costs O(n).
#[derive(Debug, Clone)]
pub struct Intervals {
    states: Vec<Known>,
    as_of: i64,
}

/// A state, and how often the entity at hand entered it.
#[derive(Debug, Clone)]
struct Known {
    position: Option<i32>,
    /// How many steps of the way come before its position, and how many up to it.
    before: u32,
    upto: u32,
    terminal: bool,
    visits: u32,
}

impl Intervals {
    /// Intervals between these states, by code, as seen at `as_of`. Who goes past one of the positions of the way skips it.
    pub fn new(states: &[State], way: &[i32], as_of: i64) -> Self {
        let mut way = way.to_vec();
        way.sort_unstable();
        way.dedup();
        let before = |position: i32| way.partition_point(|step| *step < position) as u32;
        let upto = |position: i32| way.partition_point(|step| *step <= position) as u32;
        let known = |&State { position, terminal }: &State| Known {
            position,
            before: position.map_or(0, before),
            upto: position.map_or(0, upto),
            terminal,
            visits: 0,
        };
        Self { states: states.iter().map(known).collect(), as_of }
    }

    /// Calls back with the intervals of one entity, in row order. Its times ascend; its states are codes of those given
    /// to [`new`](Self::new), or [`NULL_STATE`].
    pub fn run(&mut self, times: &[i64], states: &[u32], mut visit: impl FnMut(Interval)) {
        // Mostly all of them: no search then.
        let all = times.last().is_none_or(|last| *last <= self.as_of);
        let seen = if all { times.len() } else { times.partition_point(|time| *time <= self.as_of) };
        let mut rows = states[..seen].iter().copied().enumerate().filter(|(_, state)| *state != NULL_STATE);
        let mut entering = rows.next();
        while let Some(here) = entering {
            entering = rows.next();
            visit(self.interval(here, entering));
        }
        for &state in states[..seen].iter().filter(|state| **state != NULL_STATE) {
            self.states[state as usize].visits = 0;
        }
    }

    fn interval(&mut self, (entered, state): (usize, u32), next: Option<(usize, u32)>) -> Interval {
        let there = next.map(|(_, next)| &self.states[next as usize]);
        let there = there.and_then(|there| Some((there.position?, there.before)));
        let here = &mut self.states[state as usize];
        here.visits += 1;
        let moved = here.position.zip(there);
        Interval {
            state,
            visit: here.visits,
            entered,
            left: next.map(|(row, _)| row),
            next: next.map(|(_, state)| state),
            open: next.is_none() && !here.terminal,
            skipped: moved.map_or(0, |(_, (_, before))| before.saturating_sub(here.upto)),
            regressed: moved.is_some_and(|(position, (there, _))| there < position),
            rework: here.visits > 1,
        }
    }
}

#[cfg(test)]
mod tests;
