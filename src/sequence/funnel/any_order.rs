//! Levels and rows where steps come in any order: the most steps that distinct rows of one window fill.
//!
//! Sets of rows that can fill as many steps are the independent sets of a matroid (Edmonds & Fulkerson 1965), so the
//! greedy choice is exact: keep a set that prefers later rows, exchanging an earlier row for a new one along an
//! alternating path. Its rows within a window that ends now are then as many as any rows of that window can fill, for
//! every length of window, and nothing is ever searched again when a row leaves it. At most `steps` rows are kept; a row
//! costs `steps` squared at most and a few operations where conditions are disjoint.

use std::ops::Range;

use super::chosen::{Choice, Chosen, Ended, Found, Stretch};
use super::moments::{Moment, Streams};
use super::plan::{Plan, bit, mask, steps_of, through};
use super::settings::MOST;
use super::ties::Matching;

/// The searches, in buffers that serve the next.
#[derive(Debug, Default)]
pub(super) struct AnyOrder {
    kept: Latest,
    /// The last moment before the present one with rows that open attempts.
    opened: usize,
    candidates: Vec<Candidate>,
    /// By step, the candidates it is held to; none for a step that is left out.
    ranges: Vec<Range<usize>>,
    /// The steps known to be chosen.
    fixed: u64,
    other: Chosen,
    masks: Vec<u64>,
    matching: Matching,
}

/// A row that may be chosen.
#[derive(Debug)]
struct Candidate {
    moment: usize,
    row: usize,
    steps: u64,
}

impl AnyOrder {
    /// The best chain of a stretch, as in [`Ordered::reach`].
    ///
    /// [`Ordered::reach`]: super::ordered::Ordered::reach
    pub fn reach(
        &mut self,
        plan: &Plan,
        streams: &mut Streams,
        Stretch { moments, openers }: &Stretch,
        heed: bool,
        stop_at: Option<u32>,
    ) -> Found {
        let voiding = if heed { plan.voiding(1, 1) } else { 0 };
        self.kept.clear(plan);
        let mut found = Found::NOTHING;
        for index in openers.start..moments.end {
            let opens = openers.contains(&index);
            if streams.moments[index].excluded_before & voiding != 0 {
                self.kept.clear(plan);
            }
            let live = self.kept.count(streams.moments[index].time) > 0;
            if !live && !opens {
                return Found { ended: Ended { moment: index, barring: 0 }, ..found };
            }
            let excluded = streams.moments[index].excluded & voiding;
            let barring = if live { excluded } else { 0 };
            if opens {
                streams.moments[index].barring |= barring;
            }
            self.arrive(plan, streams, index, barring, if opens { None } else { Some(openers.start) });
            self.tell(streams, index, openers, barring, &mut found);
            if stop_at.is_some_and(|level| found.level >= level) {
                return Found { ended: Ended { moment: index, barring: 0 }, ..found };
            }
            if excluded != 0 && !opens {
                return Found { ended: Ended { moment: index, barring }, ..found };
            }
            self.leave(plan, streams, index, excluded, barring);
        }
        Found { ended: Ended { moment: moments.end, barring: 0 }, ..found }
    }

    /// Adds the rows of a moment, those that open no attempt first: what opens counts as later.
    fn arrive(&mut self, plan: &Plan, streams: &Streams, index: usize, barring: u64, opener: Option<usize>) {
        let until = streams.moments[opener.unwrap_or(index)].until;
        for barred in [true, false] {
            for row in moment_rows(streams, index, plan.required) {
                if (streams.rows[row].excluded & barring != 0) == barred {
                    self.kept.add(Kept {
                        steps: streams.rows[row].steps & plan.required,
                        moment: index,
                        until,
                        barred,
                        order: 0,
                    });
                }
            }
        }
    }

    /// Measures the best chain that ends at a moment.
    fn tell(&self, streams: &Streams, index: usize, openers: &Range<usize>, barring: u64, found: &mut Found) {
        let moment = &streams.moments[index];
        let level = self.kept.count(moment.time) as u32;
        if level == 0 || level < found.level {
            return;
        }
        let first = match self.kept.first(moment.time) {
            _ if openers.len() == 1 => openers.start,
            // Rows that open nothing need one before them that does, and any such row can take the place of one of them.
            (first, true) if barring != 0 && first == index => self.opened,
            (first, _) => first,
        };
        let start = &streams.moments[first];
        found.meet(level, start.time, moment.time, start.until);
    }

    /// After an excluded row only what is at its place goes on.
    fn leave(&mut self, plan: &Plan, streams: &Streams, index: usize, excluded: u64, barring: u64) {
        if excluded != 0 {
            self.kept.keep(|kept| kept.moment == index && !kept.barred);
        }
        if moment_rows(streams, index, plan.required).any(|row| streams.rows[row].excluded & barring == 0) {
            self.opened = index;
        }
    }

    /// The rows of the chain that was found.
    pub fn choose(
        &mut self,
        plan: &Plan,
        streams: &Streams,
        Stretch { moments, openers }: &Stretch,
        found: &Found,
        chosen: &mut Chosen,
    ) {
        let first =
            openers.start + streams.moments[openers.clone()].partition_point(|moment| moment.time < found.start);
        let starts = (first..openers.end).take_while(|&start| streams.moments[start].time == found.start);
        chosen.0.clear();
        for start in starts {
            self.read_candidates(plan, streams, start..moments.end, found);
            let opening = self.candidates.iter().take_while(|candidate| candidate.moment == start);
            let opening = opening.fold(0, |steps, candidate| steps | candidate.steps) & plan.required;
            for step in steps_of(opening) {
                if self.hold(plan, found, (step, start)) {
                    self.assign(plan, found, step);
                    self.read_choices(plan, streams);
                    if chosen.0.is_empty() || self.other.precedes(chosen) {
                        std::mem::swap(chosen, &mut self.other);
                    }
                }
            }
        }
    }

    /// Gathers what a chain that begins at a moment can be made of, at most `steps` rows for a step.
    fn read_candidates(&mut self, plan: &Plan, streams: &Streams, moments: Range<usize>, found: &Found) {
        self.candidates.clear();
        let mut seen = [0usize; MOST];
        let (start, until, voiding) = (moments.start, streams.moments[moments.start].until, plan.voiding(1, 1));
        for index in moments {
            let moment = &streams.moments[index];
            let past = moment.time > found.end && plan.optional == 0;
            if past || moment.time > until || index > start && moment.excluded_before & voiding != 0 {
                break;
            }
            for row in moment.rows() {
                let late = if moment.time > found.end { plan.required } else { 0 };
                let steps = streams.rows[row].steps & !late;
                let barred = index == start && streams.rows[row].excluded & moment.barring != 0;
                if barred || steps_of(steps).all(|step| seen[step - 1] >= plan.steps) {
                    continue;
                }
                steps_of(steps).for_each(|step| seen[step - 1] += 1);
                self.candidates.push(Candidate { moment: index, row, steps });
            }
            if index > start && moment.excluded & voiding != 0 {
                break;
            }
        }
    }

    /// Holds one step to a moment; whether the level is still within reach.
    fn hold(&mut self, plan: &Plan, found: &Found, (step, moment): (usize, usize)) -> bool {
        self.ranges.clear();
        self.ranges.resize(plan.steps, 0..self.candidates.len());
        self.ranges[step - 1] = self.at_moment(moment);
        self.fixed = bit(step);
        self.is_feasible(plan, found)
    }

    /// Chooses rows step by step: the earliest moment that leaves the level within reach, then at these moments the
    /// earliest row that leaves the others theirs.
    fn assign(&mut self, plan: &Plan, found: &Found, held: usize) {
        let end = self.candidates.len();
        for step in steps_of(through(plan.steps) & !bit(held)) {
            let mut from = 0;
            self.fixed |= bit(step);
            loop {
                let Some(next) = (from..end).find(|&row| self.candidates[row].steps & bit(step) != 0) else {
                    self.fixed &= !bit(step);
                    self.ranges[step - 1] = end..end;
                    break;
                };
                let range = self.at_moment(self.candidates[next].moment);
                from = range.end;
                self.ranges[step - 1] = range;
                if self.is_feasible(plan, found) {
                    break;
                }
            }
        }
        for step in steps_of(self.fixed) {
            for row in self.ranges[step - 1].clone() {
                let range = std::mem::replace(&mut self.ranges[step - 1], row..row + 1);
                if self.is_feasible(plan, found) {
                    break;
                }
                self.ranges[step - 1] = range;
            }
        }
    }

    fn read_choices(&mut self, plan: &Plan, streams: &Streams) {
        let choice = |step: usize| {
            let &Candidate { moment, row, .. } = self.candidates.get(self.ranges[step - 1].start)?;
            Some(Choice { place: streams.moments[moment].place, index: streams.rows[row].index, moment, row })
        };
        self.other.0.clear();
        self.other.0.extend((1..=plan.steps).map(choice));
    }

    fn at_moment(&self, moment: usize) -> Range<usize> {
        let before = |bound: usize| self.candidates.partition_point(|candidate| candidate.moment < bound);
        before(moment)..before(moment + 1)
    }

    /// Whether, with each step held to its range, those that are fixed can be chosen and the level is within reach.
    fn is_feasible(&mut self, plan: &Plan, found: &Found) -> bool {
        let (ranges, fixed) = (&self.ranges, self.fixed);
        let allowed = |row: usize, steps: u64| mask(steps_of(steps).filter(|&step| ranges[step - 1].contains(&row)));
        self.masks.clear();
        self.masks.extend(self.candidates.iter().enumerate().map(|(row, candidate)| allowed(row, candidate.steps)));
        let more = self.matching.extends(&self.masks, fixed, plan.required & !fixed);
        more.is_some_and(|more| more + (fixed & plan.required).count_ones() as usize >= found.level as usize)
    }
}

fn moment_rows(streams: &Streams, moment: usize, steps: u64) -> impl Iterator<Item = usize> {
    let moment: &Moment = &streams.moments[moment];
    moment.rows().filter(move |&row| streams.rows[row].steps & steps != 0)
}

/// A largest set of rows that fill distinct steps, of all such sets the one with the latest rows.
#[derive(Debug, Default)]
struct Latest {
    /// By step, the row that fills it.
    rows: Vec<Option<Kept>>,
    added: u64,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    steps: u64,
    moment: usize,
    /// The last instant of an attempt that it opens.
    until: i64,
    barred: bool,
    /// How many rows had been added before it.
    order: u64,
}

impl Latest {
    fn clear(&mut self, plan: &Plan) {
        self.rows.clear();
        self.rows.resize(plan.steps, None);
    }

    fn keep(&mut self, holds: impl Fn(&Kept) -> bool) {
        self.rows.iter_mut().for_each(|row| *row = row.filter(&holds));
    }

    /// The rows whose window is open.
    fn open(&self, time: i64) -> impl Iterator<Item = &Kept> {
        self.rows.iter().flatten().filter(move |row| row.until >= time)
    }

    fn count(&self, time: i64) -> usize {
        self.open(time).count()
    }

    /// The moment of the earliest row whose window is open, and whether there are barred rows.
    fn first(&self, time: i64) -> (usize, bool) {
        let first = self.open(time).map(|row| row.moment).min().unwrap_or(0);
        (first, self.open(time).any(|row| row.barred))
    }

    /// Adds a row later than all others: on a path of rows that each take the next one's step, to a free step or to the
    /// step of the earliest row such a path leads to.
    fn add(&mut self, mut row: Kept) {
        row.order = self.added;
        self.added += 1;
        let mut before = [0usize; MOST + 1];
        let (mut reached, mut todo) = (row.steps, row.steps);
        let mut last = None;
        while todo != 0 && last.is_none() {
            let step = todo.trailing_zeros() as usize + 1;
            todo &= !bit(step);
            match &self.rows[step - 1] {
                None => last = Some(step),
                Some(moved) => {
                    let further = moved.steps & !reached;
                    steps_of(further).for_each(|next| before[next] = step);
                    reached |= further;
                    todo |= further;
                }
            }
        }
        let order = |step: &usize| self.rows[step - 1].map(|row| row.order);
        let mut step = last.or_else(|| steps_of(reached).min_by_key(order)).unwrap_or(1);
        while before[step] != 0 {
            self.rows[step - 1] = self.rows[before[step] - 1];
            step = before[step];
        }
        self.rows[step - 1] = Some(row);
    }
}
