//! Totals of one kind over one value, for groups of neighbouring rows, each under a condition of its own.
//!
//! A row's conditions are the bits of its mask, and few of them hold: what a row adds to is found by its bits, so that many
//! filtered totals cost little more than one.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use crate::error::Result;

/// What is computed of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Count,
    Sum,
    Min,
    Max,
}

/// A value of a batch's rows.
pub(super) enum Value {
    /// None: rows are counted.
    Rows,
    /// Of any type: where there is one, it is counted.
    Known(Option<NullBuffer>),
    Numbers(Int64Array),
    Floats(Float64Array),
}

impl Value {
    /// What a kind of total reads of a column.
    pub fn of(kind: Kind, column: &ArrayRef) -> Result<Self> {
        Ok(match kind {
            Kind::Count => Self::Known(column.logical_nulls()),
            Kind::Sum => Self::Floats(column.as_primitive::<Float64Type>().clone()),
            Kind::Min | Kind::Max => Self::Numbers(cast(column, &DataType::Int64)?.as_primitive::<Int64Type>().clone()),
        })
    }
}

/// The totals of one kind over one value.
#[derive(Debug)]
pub(super) enum Totals {
    Numbers(Kind, Groups<i64>),
    Floats(Groups<f64>),
}

impl Totals {
    /// One per condition, by its bit in the rows' masks; none counts all rows.
    pub fn new(kind: Kind, conditions: Vec<Option<u32>>) -> Self {
        match kind {
            Kind::Sum => Self::Floats(Groups::new(conditions, 0.0)),
            Kind::Count => Self::Numbers(kind, Groups::new(conditions, 0)),
            Kind::Min => Self::Numbers(kind, Groups::new(conditions, i64::MAX)),
            Kind::Max => Self::Numbers(kind, Groups::new(conditions, i64::MIN)),
        }
    }

    /// Adds groups of rows. The first goes on with the last one before, if it `continues` it.
    pub fn add(&mut self, value: &Value, masks: &[u64], runs: &[Range<usize>], continues: bool) {
        let rows = |nulls: Option<&NullBuffer>| Rows { masks, runs, continues, valid: nulls.map(valid) };
        match (self, value) {
            (Self::Numbers(Kind::Count, of), Value::Rows) => {
                of.add(&rows(None), &vec![1; count(runs)], |sum, one| sum + one)
            }
            (Self::Numbers(Kind::Count, of), Value::Known(nulls)) => {
                of.add(&rows(nulls.as_ref()), &vec![1; count(runs)], |sum, one| sum + one);
            }
            (Self::Numbers(Kind::Min, of), Value::Numbers(numbers)) => {
                of.add(&rows(numbers.nulls()), numbers.values(), i64::min);
            }
            (Self::Numbers(Kind::Max, of), Value::Numbers(numbers)) => {
                of.add(&rows(numbers.nulls()), numbers.values(), i64::max);
            }
            (Self::Floats(of), Value::Floats(floats)) => {
                of.add(&rows(floats.nulls()), floats.values(), |sum, value| sum + value);
            }
            _ => {}
        }
    }

    /// The last group is complete.
    pub fn close(&mut self) {
        match self {
            Self::Numbers(_, of) => of.close(),
            Self::Floats(of) => of.close(),
        }
    }

    /// Takes the complete groups: a column per condition.
    pub fn take(&mut self) -> Vec<ArrayRef> {
        match self {
            Self::Numbers(Kind::Count, of) => {
                let counts = of.take().into_iter();
                counts.map(|(values, _)| Arc::new(Int64Array::from(values)) as ArrayRef).collect()
            }
            Self::Numbers(_, of) => {
                let columns = of.take().into_iter();
                columns.map(|(values, met)| Arc::new(Int64Array::new(values.into(), nulls(met))) as ArrayRef).collect()
            }
            Self::Floats(of) => {
                let columns = of.take().into_iter();
                columns
                    .map(|(values, met)| Arc::new(Float64Array::new(values.into(), nulls(met))) as ArrayRef)
                    .collect()
            }
        }
    }
}

/// A total of nothing is NULL.
fn nulls(met: Vec<bool>) -> Option<NullBuffer> {
    Some(NullBuffer::new(BooleanBuffer::collect_bool(met.len(), |group| met[group])))
}

/// The groups of a batch's rows.
struct Rows<'a> {
    masks: &'a [u64],
    runs: &'a [Range<usize>],
    continues: bool,
    /// Which rows have a value; none where all have.
    valid: Option<Vec<bool>>,
}

/// How many rows there are in groups.
fn count(runs: &[Range<usize>]) -> usize {
    runs.last().map_or(0, |run| run.end)
}

/// A byte per bit.
fn valid(nulls: &NullBuffer) -> Vec<bool> {
    let words = nulls.inner().bit_chunks();
    let mut valid = Vec::with_capacity(nulls.len() + u64::BITS as usize);
    words.iter_padded().for_each(|word| valid.extend((0..u64::BITS).map(|bit| word >> bit & 1 == 1)));
    valid.truncate(nulls.len());
    valid
}

/// Totals by condition and group.
#[derive(Debug)]
pub(super) struct Groups<T> {
    conditions: Vec<Option<u32>>,
    /// The bits of the conditions.
    asked: u64,
    /// A total of nothing.
    nothing: T,
    /// The group under way, if one is.
    open: Open<T>,
    is_open: bool,
    /// The values of complete groups, and whether any row counted, by condition.
    values: Vec<Vec<T>>,
    met: Vec<Vec<bool>>,
}

/// Totals so far: by bit, and over all rows.
#[derive(Debug)]
struct Open<T> {
    /// The last one is of rows without any bit, for no branch to ask whether a row has one.
    by_bit: [T; u64::BITS as usize + 1],
    met: u64,
    all: T,
    any: bool,
}

/// What is added up.
pub(super) trait Number: Copy {
    /// Itself where it is valid, else nothing; by its bits, because compilers make a branch of a choice between floats.
    fn or(self, nothing: Self, is_valid: bool) -> Self;
}

impl Number for i64 {
    #[inline(always)]
    fn or(self, nothing: Self, is_valid: bool) -> Self {
        let mask = i64::from(is_valid).wrapping_neg();
        self & mask | nothing & !mask
    }
}

impl Number for f64 {
    #[inline(always)]
    fn or(self, nothing: Self, is_valid: bool) -> Self {
        let mask = u64::from(is_valid).wrapping_neg();
        Self::from_bits(self.to_bits() & mask | nothing.to_bits() & !mask)
    }
}

impl<T: Copy> Open<T> {
    #[inline(always)]
    fn add(&mut self, bits: u64, value: T, join: &impl Fn(T, T) -> T) {
        self.met |= bits;
        let mut rest = bits;
        loop {
            let total = &mut self.by_bit[rest.trailing_zeros() as usize];
            *total = join(*total, value);
            rest &= rest.wrapping_sub(1);
            // Few rows have several.
            if rest == 0 {
                break;
            }
        }
    }
}

impl<T: Number> Groups<T> {
    fn new(conditions: Vec<Option<u32>>, nothing: T) -> Self {
        let asked = conditions.iter().flatten().fold(0, |asked, bit| asked | 1 << bit);
        let (values, met) = (conditions.iter().map(|_| vec![]).collect(), conditions.iter().map(|_| vec![]).collect());
        let open = Open { by_bit: [nothing; 65], met: 0, all: nothing, any: false };
        Self { conditions, asked, nothing, open, is_open: false, values, met }
    }

    /// Adds every row, one without a value as nothing and without conditions: which rows have one, no branch would foresee.
    #[inline(always)]
    fn add(&mut self, rows: &Rows<'_>, values: &[T], join: impl Fn(T, T) -> T) {
        let nothing = self.nothing;
        let (mut known, mut masks) = (Cow::Borrowed(values), Cow::Borrowed(rows.masks));
        if let Some(valid) = &rows.valid {
            known = values.iter().zip(valid).map(|(value, is_valid)| value.or(nothing, *is_valid)).collect();
            masks =
                masks.iter().zip(valid).map(|(mask, is_valid)| mask & u64::from(*is_valid).wrapping_neg()).collect();
        }
        let over_all = self.conditions.contains(&None);
        for (at, run) in rows.runs.iter().enumerate() {
            if at > 0 || !rows.continues {
                self.close();
            }
            self.is_open = true;
            let (open, values) = (&mut self.open, &known[run.clone()]);
            if over_all {
                open.all = values.iter().fold(open.all, |all, value| join(all, *value));
                let any = |valid: &Vec<bool>| valid[run.clone()].iter().fold(false, |any, is_valid| any | is_valid);
                open.any |= rows.valid.as_ref().is_none_or(any);
            }
            if self.asked != 0 {
                for (value, mask) in values.iter().zip(&masks[run.clone()]) {
                    open.add(mask & self.asked, *value, &join);
                }
            }
        }
    }

    fn close(&mut self) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let Open { by_bit, met: met_bits, all, any } = &mut self.open;
        for ((condition, values), met) in self.conditions.iter().zip(&mut self.values).zip(&mut self.met) {
            let (value, is_met) = match condition {
                Some(bit) => (std::mem::replace(&mut by_bit[*bit as usize], self.nothing), *met_bits >> bit & 1 == 1),
                None => (*all, *any),
            };
            values.push(value);
            met.push(is_met);
        }
        (*met_bits, *all, *any) = (0, self.nothing, false);
    }

    fn take(&mut self) -> Vec<(Vec<T>, Vec<bool>)> {
        self.values
            .iter_mut()
            .zip(&mut self.met)
            .map(|(values, met)| (std::mem::take(values), std::mem::take(met)))
            .collect()
    }
}
