//! Sums of credit by touch, without a row per conversion and touch: what an aggregate above adds up anyway.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;

use super::entry::ENTRY;
use super::kernel::{Reads, models};
use crate::error::Result;
use crate::operators::sequence::{Codes, Entity, Kernel, NULL_CODE, SequenceFunction, Slot};
use crate::sequence::attribution::{CreditByCode, Entity as Credited, Lookback, Model};
use crate::stats::sum::Sum;

/// Entities whose credit is added plainly before it goes into exact sums.
const PLAIN: usize = 1024;

/// The sums of some models' weights, by touch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Summed {
    reads: Reads,
    /// The columns that are summed.
    columns: Vec<String>,
}

impl Summed {
    /// Of the rows of a call; none if a column is no model's.
    pub fn of(reads: Reads, columns: &[&str]) -> Option<Self> {
        let known: Vec<&str> = models(1).map(|(name, _)| name).collect();
        let all_known = columns.iter().all(|column| known.contains(column));
        (reads.touch && all_known)
            .then(|| Self { reads, columns: columns.iter().map(|&name| name.to_owned()).collect() })
    }
}

impl SequenceFunction for Summed {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::Code]
    }

    fn beside(&self) -> Vec<Slot> {
        self.reads.beside()
    }

    fn is_total(&self) -> bool {
        true
    }

    fn answer(&self, _: &DataType, slots: &[DataType]) -> Vec<Field> {
        let touch = Field::new("touch", Slot::plain(&slots[0]), true);
        let sums = self.columns.iter().map(|column| Field::new(column, DataType::Float64, false));
        [touch].into_iter().chain(sums).collect()
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, _: &[DataType]) -> Result<Box<dyn Kernel>> {
        let (lookback, half_life) = self.reads.lengths(constants, at)?;
        let model = |column: &String| models(half_life).find(|(name, _)| name == column).map(|(_, model)| model);
        // The touches of any window have a share in the linear model: it tells which touches are in the answer.
        let mut models: Vec<Model> = self.columns.iter().filter_map(model).collect();
        let linear = models.iter().position(|model| *model == Model::Linear).unwrap_or(models.len());
        if linear == models.len() {
            models.push(Model::Linear);
        }
        let credits = models.into_iter().map(|model| Credits {
            kernel: CreditByCode::new(model, self.reads.reset),
            plain: vec![],
            sums: vec![],
            unattributed: 0.0,
        });
        let (reads, credits, columns) = (self.reads, credits.collect(), self.columns.len());
        Ok(Box::new(Summing {
            reads,
            lookback,
            credits,
            linear,
            columns,
            entities: 0,
            touches: vec![],
            values: vec![],
        }))
    }
}

struct Summing {
    reads: Reads,
    lookback: Option<i64>,
    credits: Vec<Credits>,
    /// The place of the linear model among them, and how many of them are in the answer.
    linear: usize,
    columns: usize,
    /// Entities since sums were last brought together.
    entities: usize,
    /// An entity's codes where some touch is NULL.
    touches: Vec<u32>,
    /// What each conversion is worth.
    values: Vec<f64>,
}

/// One model's credit, by code; NULL's after all others.
struct Credits {
    kernel: CreditByCode,
    plain: Vec<f64>,
    sums: Vec<Sum>,
    unattributed: f64,
}

impl Credits {
    fn bring_together(&mut self) {
        self.sums.resize_with(self.plain.len().max(self.sums.len()), Sum::default);
        for (sum, plain) in self.sums.iter_mut().zip(&mut self.plain) {
            if *plain != 0.0 {
                sum.insert(std::mem::take(plain));
            }
        }
    }

    fn value(&self, code: u32) -> Option<f64> {
        self.sums.get(place(code))?.value()
    }
}

/// NULL comes first: how many other codes there will be is not known.
fn place(code: u32) -> usize {
    code.wrapping_add(1) as usize
}

impl Kernel for Summing {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        let conversions = entity.beside();
        if conversions.times().is_empty() {
            return Ok(0);
        }
        self.touches.clear();
        self.touches.extend(entity.codes(0).iter().map(|code| code.wrapping_add(1)));
        self.values.resize(conversions.times().len().max(self.values.len()), 1.0);
        let lookback = match self.lookback {
            Some(duration) => Lookback::Fixed(duration),
            None => Lookback::Starts(conversions.integers(self.reads.starts())),
        };
        let credited = Credited {
            touches: entity.times(),
            codes: &self.touches,
            conversions: conversions.times(),
            values: &self.values,
            milestones: &[],
            lookback,
        };
        let places = entity.meaning().count(0) + 1;
        self.entities += 1;
        let is_due = self.entities.is_multiple_of(PLAIN);
        for credits in &mut self.credits {
            credits.plain.resize(places.max(credits.plain.len()), 0.0);
            credits.unattributed += credits.kernel.add(&credited, &mut credits.plain);
            if is_due {
                credits.bring_together();
            }
        }
        Ok(0)
    }

    fn take(&mut self, codes: &Codes) -> Result<Vec<ArrayRef>> {
        self.credits.iter_mut().for_each(Credits::bring_together);
        let linear = &self.credits[self.linear];
        let all = [NULL_CODE].into_iter().chain(0..codes.count(0) as u32);
        let is_there = |code: &u32| linear.value(*code).is_some() || (*code == NULL_CODE && linear.unattributed > 0.0);
        let there: Vec<u32> = all.filter(is_there).collect();
        let mut columns = vec![codes.values(0, &there)?];
        columns.extend(self.credits[..self.columns].iter().map(|model| {
            let of = |code: &u32| match *code {
                NULL_CODE => model.value(NULL_CODE).unwrap_or(0.0) + model.unattributed,
                code => model.value(code).unwrap_or(0.0),
            };
            Arc::new(there.iter().map(of).map(Some).collect::<Float64Array>()) as ArrayRef
        }));
        Ok(columns)
    }
}
