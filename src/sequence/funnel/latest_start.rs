//! The best attempt when no option needs more than the order of rows: the fast path.
//!
//! Of all chains that end at a step by now, the one that began last outlives the others and is the shortest, so one entry
//! per step says all: when its window ends, and for its rows also where it began. A row of step `k` carries the entry of
//! step `k - 1` on, if its window is still open. Linear in rows; nothing is kept but the entries, which stay in registers
//! up to eight steps.

use super::chosen::Found;
use super::events::Events;
use super::plan::{Plan, steps_of, through};
use super::settings::{Mode, Window};
use super::ties::{Sharing, Ties};

/// The end of a window that no chain has. A window ends there only if it begins there: see [`serves`].
const NONE: i64 = i64::MIN;

/// Whether the fast path answers for these rows, none of which is excluded.
pub(super) fn serves(plan: &Plan, events: &Events<'_>) -> bool {
    matches!(plan.mode, Mode::Ordered | Mode::Increase | Mode::Reuse)
        && plan.optional == 0
        && plan.grace.is_none()
        && events.held.is_none()
        && events.times.first() != Some(&NONE)
}

/// The highest level of any attempt.
pub(super) fn level(plan: &Plan, events: &Events<'_>, ties: &mut Ties) -> u32 {
    let mut level = Level(0);
    by_steps::<i64, _>(plan, events, ties, &mut level);
    level.0
}

/// The best attempt: its level, start and end.
pub(super) fn reach(plan: &Plan, events: &Events<'_>, ties: &mut Ties) -> Found {
    let mut found = Found::NOTHING;
    by_steps::<Opened, _>(plan, events, ties, &mut found);
    found
}

/// The rows of the attempt that was found, one per step; `false` where rows of its time are tied, so that it takes more
/// than a look at each to tell them.
pub(super) fn choose(plan: &Plan, events: &Events<'_>, found: &Found, rows: &mut Vec<Option<u32>>) -> bool {
    let first = events.times.partition_point(|&time| time < found.start);
    let mut before = None;
    rows.clear();
    for row in first..events.times.len() {
        let time = events.times[row];
        if time > found.end {
            break;
        }
        if before.replace(time) == Some(time) {
            return false;
        }
        while rows.len() < found.level as usize && events.steps[row] >> rows.len() & 1 == 1 {
            rows.push(Some(row as u32));
            if plan.mode != Mode::Reuse {
                break;
            }
        }
    }
    rows.resize(plan.steps, None);
    true
}

/// What is kept of a chain.
trait Chain: Copy {
    /// Whether copying one is cheaper than a branch that may be mispredicted.
    const IS_WORD: bool;

    fn opened(row: usize, until: i64) -> Self;
    /// The last instant of its window.
    fn until(self) -> i64;
}

impl Chain for i64 {
    const IS_WORD: bool = true;

    #[inline(always)]
    fn opened(_row: usize, until: i64) -> Self {
        until
    }

    #[inline(always)]
    fn until(self) -> i64 {
        self
    }
}

/// A chain whose beginning matters.
#[derive(Clone, Copy)]
struct Opened {
    row: u32,
    until: i64,
}

impl Chain for Opened {
    const IS_WORD: bool = false;

    #[inline(always)]
    fn opened(row: usize, until: i64) -> Self {
        Self { row: row as u32, until }
    }

    #[inline(always)]
    fn until(self) -> i64 {
        self.until
    }
}

/// What is asked of the chains.
trait Question<C> {
    /// After the rows of a place; whether that is enough. By step, `chains` are those that end there by now.
    fn place(&mut self, chains: &[C], steps: u64, time: i64, events: &Events<'_>) -> bool;
    /// After all rows.
    fn end(&mut self, chains: &[C]);
}

struct Level(u32);

impl Question<i64> for Level {
    #[inline(always)]
    fn place(&mut self, chains: &[i64], _steps: u64, _time: i64, _events: &Events<'_>) -> bool {
        chains[chains.len() - 1] != NONE
    }

    fn end(&mut self, chains: &[i64]) {
        self.0 = chains.iter().take_while(|&&until| until != NONE).count() as u32;
    }
}

impl Question<Opened> for Found {
    /// A chain that came to its step earlier may be told again as if it ended here: it is no better than it was then.
    #[inline(always)]
    fn place(&mut self, chains: &[Opened], steps: u64, time: i64, events: &Events<'_>) -> bool {
        let lowest = self.level.max(1);
        if steps >> (lowest - 1) == 0 {
            return false;
        }
        for (level, chain) in (1..).zip(chains).skip(lowest as usize - 1) {
            if steps >> (level - 1) & 1 == 1 && chain.until >= time {
                self.meet(level, events.times[chain.row as usize], time, chain.until);
            }
        }
        false
    }

    fn end(&mut self, _chains: &[Opened]) {}
}

fn by_steps<C: Chain, Q: Question<C>>(plan: &Plan, events: &Events<'_>, ties: &mut Ties, question: &mut Q) {
    match plan.steps {
        1 => by_window::<C, 1>(plan, events, ties, question),
        2 => by_window::<C, 2>(plan, events, ties, question),
        3 => by_window::<C, 3>(plan, events, ties, question),
        4 => by_window::<C, 4>(plan, events, ties, question),
        5 => by_window::<C, 5>(plan, events, ties, question),
        6 => by_window::<C, 6>(plan, events, ties, question),
        7 => by_window::<C, 7>(plan, events, ties, question),
        8 => by_window::<C, 8>(plan, events, ties, question),
        _ => by_window::<C, 64>(plan, events, ties, question),
    }
}

fn by_window<C: Chain, const N: usize>(
    plan: &Plan,
    events: &Events<'_>,
    ties: &mut Ties,
    question: &mut impl Question<C>,
) {
    match (plan.window, events.ends) {
        (Window::Fixed(length), _) => {
            sweep::<C, N>(plan, events, ties, question, |row| events.times[row].saturating_add(length));
        }
        (Window::PerRow, Some(ends)) => sweep::<C, N>(plan, events, ties, question, |row| ends[row]),
        (Window::PerRow, None) => sweep::<C, N>(plan, events, ties, question, |_| i64::MAX),
    }
}

fn sweep<C: Chain, const N: usize>(
    plan: &Plan,
    events: &Events<'_>,
    ties: &mut Ties,
    question: &mut impl Question<C>,
    until: impl Fn(usize) -> i64,
) {
    let (times, all_steps) = (events.times, &events.steps[..events.times.len()]);
    let count = if N > 8 { plan.steps } else { N };
    let mut chains = Chains([C::opened(0, NONE); N]);
    let mut row = 0;
    while row < times.len() {
        let (time, mut steps) = (times[row], all_steps[row]);
        let opened = C::opened(row, until(row));
        if times.get(row + 1) == Some(&time) {
            (row, steps) = chains.meet_tied(plan, events, ties, row, opened);
        } else if plan.mode == Mode::Reuse {
            chains.cascade(steps, time, opened);
            row += 1;
        } else {
            chains.meet(steps, time, opened);
            row += 1;
        }
        if question.place(&chains.0[..count], steps, time, events) {
            break;
        }
    }
    question.end(&chains.0[..count]);
}

/// By step, the latest chain that ends there.
struct Chains<C, const N: usize>([C; N]);

impl<C: Chain, const N: usize> Chains<C, N> {
    /// A row that fills one step.
    #[inline(always)]
    fn meet(&mut self, steps: u64, time: i64, opened: C) {
        if N > 8 || !C::IS_WORD {
            return self.meet_satisfied(steps & through(N), time, opened);
        }
        for step in (1..N).rev() {
            let goes_on = steps >> step & 1 == 1 && self.0[step - 1].until() >= time;
            self.0[step] = if goes_on { self.0[step - 1] } else { self.0[step] };
        }
        self.0[0] = if steps & 1 == 1 { opened } else { self.0[0] };
    }

    /// As `meet`, but looks at no step that the row does not satisfy.
    fn meet_satisfied(&mut self, mut steps: u64, time: i64, opened: C) {
        while steps > 1 {
            let step = steps.ilog2() as usize;
            if self.0[step - 1].until() >= time {
                self.0[step] = self.0[step - 1];
            }
            steps &= !(1 << step);
        }
        if steps == 1 {
            self.0[0] = opened;
        }
    }

    /// Rows that fill every step they satisfy.
    #[inline(always)]
    fn cascade(&mut self, steps: u64, time: i64, opened: C) {
        if steps & 1 == 1 {
            self.0[0] = opened;
        }
        for step in steps_of(steps & through(N) & !1) {
            if self.0[step - 2].until() >= time {
                self.0[step - 1] = self.0[step - 2];
            }
        }
    }

    /// The rows at the place of this one; the row after them, and the steps they satisfy.
    #[cold]
    fn meet_tied(&mut self, plan: &Plan, events: &Events<'_>, ties: &mut Ties, row: usize, opened: C) -> (usize, u64) {
        let time = events.times[row];
        let tied = |other: &usize| match plan.mode {
            Mode::Increase => events.times[*other] == time,
            _ => events.at_one_place(row, *other),
        };
        let end = row + (row..events.times.len()).take_while(tied).count();
        let mask = |row: usize| events.steps[row] & through(plan.steps);
        let steps = (row..end).fold(0, |steps, row| steps | mask(row));
        let disjoint = || (row..end).all(|row| mask(row).count_ones() <= 1);
        if plan.mode == Mode::Increase || end - row == 1 && plan.mode == Mode::Ordered {
            self.meet(steps, time, opened);
        } else if plan.mode == Mode::Reuse || disjoint() {
            self.cascade(steps, time, opened);
        } else {
            ties.read(Sharing::Matched, plan.steps, (row..end).map(|row| (row as u32, mask(row))));
            self.match_tied(plan, ties, time, opened);
        }
        (end, steps)
    }

    /// Rows of one place that satisfy several steps each: from every chain, as far as distinct rows bring it. A chain of
    /// fewer steps began no earlier, so the first to come to a step is the one to keep.
    fn match_tied(&mut self, plan: &Plan, ties: &mut Ties, time: i64, opened: C) {
        let before = self.0;
        let mut reached = 0;
        for top in 0..plan.steps {
            let chain = if top == 0 { opened } else { before[top - 1] };
            if chain.until() < time {
                break;
            }
            reached = reached.max(top);
            while reached < plan.steps && ties.fill(through(reached + 1) & !through(top)) {
                self.0[reached] = chain;
                reached += 1;
            }
        }
    }
}
