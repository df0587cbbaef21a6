//! Matching by chains: for every place the rows that can fill it, each with the latest time at which a chain of rows
//! that ends there can have begun.
//!
//! Of two rows that can fill a place, the later has the later beginning (by induction: a row follows the latest of the
//! rows that it may follow). Hence a row need only look at the latest row it may follow, and as times ascend, that one
//! only ever moves on: a row costs one look per place, timed or not.

use super::syntax::{Gap, Place};
use crate::sequence::events::Events;

/// A pattern of any kind.
#[derive(Debug, Clone)]
pub(super) struct Chains {
    steps: Vec<Step>,
    within: i64,
}

/// A place, and the rows that can fill it.
#[derive(Debug, Clone)]
struct Step {
    place: Place,
    /// Whether rows have to wait here until they are old enough to be followed; else the latest one is all that counts.
    waits: bool,
    /// In row order.
    candidates: Vec<Candidate>,
    /// Those before this one are not the latest that a later row may follow, ever again.
    head: usize,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    row: usize,
    time: i64,
    /// When the latest chain that ends here began.
    began: i64,
}

/// A row that is offered to the steps.
#[derive(Debug, Clone, Copy)]
struct Offer {
    row: usize,
    time: i64,
    conditions: u64,
    /// The row offered before; says nothing at the first.
    previous: usize,
}

impl Chains {
    pub(super) fn new(places: &[Place], within: Option<i64>) -> Self {
        let waits = |k: usize| matches!(places.get(k + 1), Some(Place { after: Gap::Apart { min: 1.., .. }, .. }));
        let step = |(k, &place)| Step { place, waits: waits(k), candidates: Vec::new(), head: 0 };
        Self { steps: places.iter().enumerate().map(step).collect(), within: within.unwrap_or(i64::MAX) }
    }

    /// The number of matches that don't overlap, or `limit` once there are so many.
    pub(super) fn count_up_to(&mut self, limit: u64, events: Events<'_>) -> u64 {
        self.scan::<false>(limit, events)
    }

    /// Whether there is a match. Writes the rows of the conditions of the first one; where there is none, of the first
    /// match of the longest beginning that has one and ends with a condition.
    pub(super) fn first(&mut self, events: Events<'_>, rows: &mut Vec<usize>) -> bool {
        let complete = self.scan::<true>(1, events) == 1;
        rows.clear();
        let ends = |step: &Step| !step.candidates.is_empty() && (complete || step.place.condition.is_some());
        if let Some(last) = self.steps.iter().rposition(ends) {
            self.trace(last, rows);
        }
        complete
    }

    /// Offers the rows that satisfy any condition until there are `limit` matches, and counts those.
    fn scan<const REMEMBER: bool>(&mut self, limit: u64, events: Events<'_>) -> u64 {
        self.restart();
        let (mut count, mut previous) = (0, 0);
        for (row, (&time, &conditions)) in events.times.iter().zip(events.conditions).enumerate() {
            if conditions == 0 {
                continue;
            }
            if self.take::<REMEMBER>(Offer { row, time, conditions, previous }) {
                count += 1;
                if count == limit {
                    break;
                }
                self.restart();
            }
            previous = row;
        }
        count
    }

    /// Offers a row to every step, the last one first, so that no row takes two. Says whether it completes a match.
    fn take<const REMEMBER: bool>(&mut self, offer: Offer) -> bool {
        for k in (0..self.steps.len()).rev() {
            let (before, rest) = self.steps.split_at_mut(k);
            let here = &mut rest[0];
            if here.place.condition.is_some_and(|bit| offer.conditions >> bit & 1 == 0) {
                continue;
            }
            let began = match before.last_mut() {
                None => Some(offer.time),
                Some(before) => before.followed_by(offer, here.place.after).map(|candidate| candidate.began),
            };
            let Some(began) = began.filter(|began| offer.time.saturating_sub(*began) <= self.within) else {
                continue;
            };
            if !(REMEMBER || here.waits) {
                here.clear();
            }
            here.candidates.push(Candidate { row: offer.row, time: offer.time, began });
            if rest.len() == 1 {
                return true;
            }
        }
        false
    }

    /// Writes the rows of the chain that ends in the first candidate of step `last` and is earliest at every place. The
    /// chain is bound to end there, so going back, the earliest row that the next may follow is the one.
    fn trace(&self, last: usize, rows: &mut Vec<usize>) {
        let end = self.steps[last].candidates[0];
        let mut chosen = end;
        for k in (0..=last).rev() {
            let place = self.steps[k].place;
            if place.condition.is_some() {
                rows.push(chosen.row);
            }
            if k > 0 {
                let before = &self.steps[k - 1].candidates;
                chosen = match place.after {
                    Gap::Adjacent => before[before.partition_point(|candidate| candidate.row < chosen.row) - 1],
                    Gap::Apart { max, .. } => {
                        let too_early = |candidate: &Candidate| {
                            chosen.time.saturating_sub(candidate.time) > max
                                || end.time.saturating_sub(candidate.began) > self.within
                        };
                        before[before.partition_point(too_early)]
                    }
                };
            }
        }
        rows.reverse();
    }

    fn restart(&mut self) {
        self.steps.iter_mut().for_each(Step::clear);
    }
}

impl Step {
    /// The latest candidate that a row may follow.
    fn followed_by(&mut self, offer: Offer, gap: Gap) -> Option<Candidate> {
        match gap {
            Gap::Adjacent => self.candidates.last().copied().filter(|last| last.row == offer.previous),
            Gap::Apart { min, max } => {
                let distance = |candidate: &Candidate| offer.time.saturating_sub(candidate.time);
                while self.candidates.get(self.head + 1).is_some_and(|next| distance(next) >= min) {
                    self.head += 1;
                }
                self.candidates.get(self.head).copied().filter(|latest| (min..=max).contains(&distance(latest)))
            }
        }
    }

    fn clear(&mut self) {
        self.candidates.clear();
        self.head = 0;
    }
}
