//! A funnel's settings in the form the searches read: masks by step.

use super::events::Events;
use super::settings::{MOST, Mode, Settings, Window};

/// The settings as masks. A chain's *top* is the highest step it has chosen, 0 before the first.
#[derive(Debug)]
pub(super) struct Plan {
    pub mode: Mode,
    pub steps: usize,
    pub required: u64,
    pub optional: u64,
    pub grace: Option<u64>,
    pub window: Window,
    /// By top: the steps that can come next, up to and including the next required one.
    pub next: Vec<u64>,
    /// All exclusions.
    pub exclusions: u64,
    /// By step: the exclusions whose range begins at it or before.
    begun: Vec<u64>,
    /// By step: the exclusions whose range ends after it.
    unfinished: Vec<u64>,
}

impl Plan {
    /// Of settings that have been checked.
    pub fn new(settings: &Settings) -> Self {
        let steps = settings.steps;
        let required = through(steps) & !settings.optional;
        let range = |i: usize| settings.excludes[i].between.unwrap_or((1, steps));
        let exclusions = |holds: &dyn Fn((usize, usize)) -> bool| {
            (0..settings.excludes.len()).filter(|&i| holds(range(i))).fold(0, |mask, i| mask | 1 << i)
        };
        let next_required = |top: usize| (top + 1..=steps).find(|&step| required & bit(step) != 0).unwrap_or(steps);
        Self {
            mode: settings.mode,
            steps,
            required,
            optional: settings.optional,
            grace: settings.grace.map(i64::unsigned_abs),
            window: settings.window,
            next: (0..=steps).map(|top| through(next_required(top)) & !through(top)).collect(),
            exclusions: through(settings.excludes.len()),
            begun: (0..=steps).map(|step| exclusions(&|(from, _)| from <= step)).collect(),
            unfinished: (0..=steps).map(|step| exclusions(&|(_, to)| step < to)).collect(),
        }
    }

    /// The level that converts.
    pub fn goal(&self) -> u32 {
        self.required.count_ones()
    }

    /// The level of a chain with this top.
    pub fn level(&self, top: usize) -> u32 {
        (self.required & through(top)).count_ones()
    }

    /// The last instant of an attempt that a row opens.
    pub fn until(&self, events: &Events<'_>, row: usize) -> i64 {
        match (self.window, events.ends) {
            (Window::PerRow, Some(ends)) => ends[row],
            (Window::PerRow, None) => i64::MAX,
            (Window::Fixed(length), _) => events.times[row].saturating_add(length),
        }
    }

    /// Whether a row matches an exclusion.
    pub fn is_excluded(&self, events: &Events<'_>) -> bool {
        self.exclusions != 0 && events.excluded.iter().any(|&excluded| excluded & self.exclusions != 0)
    }

    /// The exclusions that void a chain which had `before` as its top when a row of theirs came, has `top` once that
    /// row's place is passed, and goes on: their range has begun by the one and has not ended by the other.
    pub fn voiding(&self, before: usize, top: usize) -> u64 {
        self.begun[before] & self.unfinished[top]
    }

    /// The exclusions whose range begins at a step.
    pub fn beginning(&self, step: usize) -> u64 {
        self.begun[step] & !self.begun[step - 1]
    }
}

/// The mask of a step.
pub(super) fn bit(step: usize) -> u64 {
    1 << (step - 1)
}

/// The mask of the steps up to and including this one.
pub(super) fn through(step: usize) -> u64 {
    if step == 0 { 0 } else { u64::MAX >> (MOST - step) }
}

/// The mask of several steps.
pub(super) fn mask(steps: impl Iterator<Item = usize>) -> u64 {
    steps.fold(0, |mask, step| mask | bit(step))
}

/// The steps of a mask in ascending order.
pub(super) fn steps_of(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let step = mask.trailing_zeros() as usize + 1;
        let found = mask != 0;
        mask &= mask.wrapping_sub(1);
        found.then_some(step)
    })
}
