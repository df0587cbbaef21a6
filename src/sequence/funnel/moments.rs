//! An entity's rows as the general searches read them: one stream per held value, each a list of moments.
//!
//! A *place* is what time and tiebreak order: rows of one place are free among themselves. A *moment* is a place at which
//! a stream has rows that satisfy a step. Places without any are not kept, only what they mean for the moment after them.

use std::ops::Range;

use super::events::Events;
use super::plan::{Plan, through};
use super::settings::Mode;

/// A row that satisfies at least one step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Counted from the entity's first.
    pub index: u32,
    /// The steps it satisfies; none once an earlier attempt has used it.
    pub steps: u64,
    /// The exclusions it matches.
    pub excluded: u64,
}

/// A place at which a stream has rows.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub time: i64,
    /// The last instant of an attempt opened here.
    pub until: i64,
    /// Counted over the places of the whole entity.
    pub place: u32,
    /// Where its rows are among [`Streams::rows`].
    rows: Range<u32>,
    /// The steps its rows satisfy.
    pub steps: u64,
    /// Whether some row satisfies several steps.
    pub overlapping: bool,
    /// The exclusions matched strictly between the stream's moment before and this one, by rows of any stream.
    pub excluded_before: u64,
    /// The exclusions matched at this place, by rows of any stream.
    pub excluded: u64,
    /// Exclusions whose rows here void an attempt, and so open none.
    pub barring: u64,
    /// No row of any kind lies between the stream's moment before and this one.
    pub follows: bool,
    /// Every row of the place belongs to the moment.
    pub whole: bool,
}

impl Moment {
    /// Where its rows are among [`Streams::rows`].
    pub fn rows(&self) -> Range<usize> {
        self.rows.start as usize..self.rows.end as usize
    }
}

#[derive(Debug)]
struct Place {
    rows: u32,
    excluded: u64,
}

/// The streams of one entity, in buffers that serve the next.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub rows: Vec<Row>,
    pub moments: Vec<Moment>,
    /// Each stream's part of `moments`.
    pub ranges: Vec<Range<usize>>,
    places: Vec<Place>,
    place_of: Vec<u32>,
    /// By exclusion, the places at which it is matched.
    matched: Vec<Vec<u32>>,
}

impl Streams {
    /// Reads an entity. Linear without held columns, by a sort with them.
    pub fn read(&mut self, plan: &Plan, events: &Events<'_>) {
        self.read_places(plan, events);
        let steps = through(plan.steps);
        let row = |index: usize| Row {
            index: index as u32,
            steps: events.steps[index] & steps,
            excluded: events.exclusions_of(index) & plan.exclusions,
        };
        self.rows.clear();
        self.rows.extend((0..events.times.len()).map(row).filter(|row| row.steps != 0));
        if let Some(held) = events.held {
            self.rows.sort_unstable_by_key(|row| (held[row.index as usize], row.index));
        }
        self.moments.clear();
        self.ranges.clear();
        let mut start = 0;
        while start < self.rows.len() {
            let code = |row: &Row| events.held.map(|held| held[row.index as usize]);
            let first = code(&self.rows[start]);
            let end = match events.held {
                Some(_) => start + self.rows[start..].partition_point(|row| code(row) == first),
                None => self.rows.len(),
            };
            self.read_stream(plan, events, start..end);
            start = end;
        }
    }

    fn read_places(&mut self, plan: &Plan, events: &Events<'_>) {
        self.places.clear();
        self.place_of.clear();
        self.matched.iter_mut().for_each(Vec::clear);
        for row in 0..events.times.len() {
            if row == 0 || !events.at_one_place(row - 1, row) {
                self.places.push(Place { rows: 0, excluded: 0 });
            }
            let place = self.places.len() - 1;
            self.place_of.push(place as u32);
            self.places[place].rows += 1;
            self.places[place].excluded |= events.exclusions_of(row) & plan.exclusions;
        }
        for (place, &Place { excluded, .. }) in self.places.iter().enumerate().filter(|(_, place)| place.excluded != 0)
        {
            for exclusion in ones(excluded) {
                if self.matched.len() <= exclusion {
                    self.matched.resize_with(exclusion + 1, Vec::new);
                }
                self.matched[exclusion].push(place as u32);
            }
        }
    }

    fn read_stream(&mut self, plan: &Plan, events: &Events<'_>, rows: Range<usize>) {
        let first = self.moments.len();
        let mut start = rows.start;
        while start < rows.end {
            let index = self.rows[start].index as usize;
            let place = self.place_of[index];
            let same = |row: &Row| self.place_of[row.index as usize] == place;
            let end = start + self.rows[start..rows.end].iter().take_while(|row| same(row)).count();
            let before = self.moments[first..].last().map(|moment| moment.place);
            let here = &self.rows[start..end];
            self.moments.push(Moment {
                time: events.times[index],
                until: plan.until(events, index),
                place,
                rows: start as u32..end as u32,
                steps: here.iter().fold(0, |steps, row| steps | row.steps),
                overlapping: here.iter().any(|row| !row.steps.is_power_of_two()),
                excluded_before: before.map_or(0, |before| self.matched_between(before, place)),
                excluded: self.places[place as usize].excluded,
                barring: 0,
                follows: before.is_some_and(|before| before + 1 == place),
                whole: self.places[place as usize].rows as usize == end - start,
            });
            start = end;
        }
        self.ranges.push(first..self.moments.len());
    }

    fn matched_between(&self, before: u32, place: u32) -> u64 {
        let matched = |places: &Vec<u32>| {
            let after = places.partition_point(|&p| p <= before);
            places.get(after).is_some_and(|&p| p < place)
        };
        (0..self.matched.len()).filter(|&i| matched(&self.matched[i])).fold(0, |mask, i| mask | 1 << i)
    }

    /// The steps that a row of a moment may fill: a row that voids an attempt opens none, so it is no first step.
    pub fn steps_at(&self, moment: &Moment, row: usize) -> u64 {
        let row = &self.rows[row];
        if row.excluded & moment.barring == 0 { row.steps } else { row.steps & !1 }
    }

    /// Takes a row, or some steps of it, out of the attempts to come.
    pub fn take_out(&mut self, moment: usize, row: usize, steps: u64) {
        self.rows[row].steps &= !steps;
        let rest = &self.rows[self.moments[moment].rows()];
        self.moments[moment].steps = rest.iter().fold(0, |steps, row| steps | row.steps);
    }

    /// The first moment at or after `from` whose rows can open an attempt.
    pub fn opener(&self, plan: &Plan, from: usize, end: usize) -> Option<usize> {
        let opening = if plan.mode == Mode::Any { plan.required } else { 1 };
        (from..end).find(|&moment| self.moments[moment].steps & opening != 0)
    }
}

fn ones(mask: u64) -> impl Iterator<Item = usize> {
    super::plan::steps_of(mask).map(|step| step - 1)
}
