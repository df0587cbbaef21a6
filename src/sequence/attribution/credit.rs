//! Credit per channel, content or team without a row per conversion and touch.
//!
//! A weight that many touches of a window share is not added to each of them per conversion. It is added to a running
//! sum where the window opens, subtracted where it closes, and the touches in between get the sum once:
//!
//! ```text
//! window of conversion 1     |---- 2 each ----|
//! window of conversion 2            |---- 3 each ----|
//! touches                    2  2   5   5     3   3
//! ```
//!
//! So overlapping windows cost no more than disjoint ones.

use super::decay;
use super::model::{Milestones, Model, Path, Rule};
use super::shares::Split;
use super::windows::{Lookback, windows};
use crate::stats::sum::Sum;

/// What one entity did: its touches and its conversions.
#[derive(Debug, Clone, Copy)]
pub struct Entity<'a> {
    /// Times of the touches, ascending.
    pub touches: &'a [i64],
    /// The code of each touch's channel, content or team: an index of the credits.
    pub codes: &'a [u32],
    /// Times of the conversions, ascending.
    pub conversions: &'a [i64],
    /// What each conversion is worth; finite, and negative where it takes something back.
    pub values: &'a [f64],
    /// Milestones of each conversion's journey, or no element at all where the model asks for none.
    pub milestones: &'a [Milestones],
    /// How far back its windows reach.
    pub lookback: Lookback<'a>,
}

/// Sums the credit that one model gives to each code.
#[derive(Debug)]
pub struct CreditByCode {
    model: Model,
    reset: bool,
    /// First touch of each window and what each touch in it gets, in order once sorted.
    opening: Vec<(usize, f64)>,
    /// The touch after each window and what each touch in it got, in order as conversions are.
    closing: Vec<(usize, f64)>,
    /// Weights of one window.
    weights: Vec<f64>,
}

impl CreditByCode {
    /// For a model, and whether a conversion forgets the touches at or before an earlier one.
    pub fn new(model: Model, reset: bool) -> Self {
        Self { model, reset, opening: Vec::new(), closing: Vec::new(), weights: Vec::new() }
    }

    /// Adds the credit of each touch of an entity, `sum of value x weight` over the conversions, to `credit[code]`, and
    /// returns the value of the conversions without a touch. What is added and what is returned sum to the entity's
    /// value, for every model but participation.
    ///
    /// The cost is linear in touches and conversions together, whatever the overlap; for time decay it is that of every
    /// touch of every conversion. Each result is within 1e-12 of the sum of the magnitudes added to it in this call.
    /// Over millions of calls plain addition to the same `credit` loses more: fold it into compensated sums from time
    /// to time.
    pub fn add(&mut self, entity: &Entity<'_>, credit: &mut [f64]) -> f64 {
        let mut unattributed = 0.0;
        let all = windows(entity.touches, entity.conversions, entity.lookback, self.reset);
        for (row, window) in all.enumerate() {
            let value = entity.values[row];
            if window.is_empty() {
                unattributed += value;
                continue;
            }
            let codes = &entity.codes[window.clone()];
            let path = Path {
                touches: &entity.touches[window.clone()],
                conversion: entity.conversions[row],
                milestones: entity.milestones.get(row).copied().unwrap_or_default(),
            };
            let split = match self.model.rule() {
                Rule::Shares(shares) => shares.split(&path),
                Rule::Same(weight) => Split::even(weight),
                Rule::Halving(half_life) => {
                    self.weights.resize(codes.len(), 0.0);
                    decay::weigh(path.touches, half_life, &mut self.weights);
                    for (&code, weight) in codes.iter().zip(&self.weights) {
                        credit[code as usize] += value * weight;
                    }
                    continue;
                }
            };
            for holder in split.holders() {
                credit[codes[holder.touch] as usize] += value * (holder.weight - split.each);
            }
            if split.each > 0.0 {
                self.opening.push((window.start, value * split.each));
                self.closing.push((window.end, value * split.each));
            }
        }
        self.sweep(entity.codes, credit);
        unattributed
    }

    /// Gives every touch the sum of the windows open over it, and forgets the windows.
    fn sweep(&mut self, codes: &[u32], credit: &mut [f64]) {
        // Linear where they are in order already, as they are for a fixed lookback.
        self.opening.sort_unstable_by_key(|&(touch, _)| touch);
        let mut opening = self.opening.iter().peekable();
        let mut closing = self.closing.iter().peekable();
        let mut open = Sum::default();
        let mut from = 0;
        while let Some(&&(end, _)) = closing.peek() {
            let to = opening.peek().map_or(end, |&&(start, _)| start.min(end));
            if let Some(share) = open.value() {
                for &code in &codes[from..to] {
                    credit[code as usize] += share;
                }
            }
            from = to;
            while let Some((_, share)) = opening.next_if(|(start, _)| *start == to) {
                open.insert(*share);
            }
            while let Some((_, share)) = closing.next_if(|(end, _)| *end == to) {
                open.insert(-share);
            }
            // Where no window is open the sum has no terms, and the touches up to the next one are passed over.
            if opening.len() == closing.len() {
                open = Sum::default();
            }
        }
        self.opening.clear();
        self.closing.clear();
    }
}
