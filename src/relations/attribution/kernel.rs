//! Credits conversions to touches and builds the answer, column by column: those that nobody reads are not made.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, new_null_array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;

use super::entry::ENTRY;
use super::summed::Summed;
use crate::error::Result;
use crate::operators::sequence::{Codes, Entity, Keeper, Kernel, SequenceFunction, Slot};
use crate::relations::times::{Span, times};
use crate::sequence::attribution::{Lookback, Milestones, Model, Path, windows};

/// The models of the answer, by the names of their columns; time decay comes last, with the half-life of the call.
const MODELS: [(&str, Model); 6] = [
    ("first_touch", Model::First),
    ("last_touch", Model::Last),
    ("linear", Model::Linear),
    ("position_based", Model::Position),
    ("j_shaped", Model::J),
    ("inverse_j", Model::InverseJ),
];

/// The slot of what a touch says, and of what a conversion says.
const TOUCH: usize = 0;
const CONVERSION: usize = 0;

/// What a call reads: of touches and of conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Reads {
    pub touch: bool,
    pub conversion: bool,
    /// Whether each conversion says when its window begins.
    pub starts: bool,
    pub reset: bool,
}

impl Reads {
    /// The slot of a window's start.
    pub(super) fn starts(self) -> usize {
        CONVERSION + usize::from(self.conversion)
    }
}

impl Reads {
    /// The lookback, where it is the same for all, and the half-life, in the unit of the times.
    pub(super) fn lengths(self, constants: &[ScalarValue], at: &DataType) -> Result<(Option<i64>, i64)> {
        let span = Span::of(ENTRY.name, "lookback", &constants[0])?;
        let lookback = if self.starts { None } else { Some(span.fixed(ENTRY.name, "lookback", at)?) };
        let half_life = Span::of(ENTRY.name, "half_life", &constants[1])?.positive(ENTRY.name, "half_life", at)?;
        Ok((lookback, half_life))
    }
}

/// The models of the answer, by the names of their columns.
pub(super) fn models(half_life: i64) -> impl Iterator<Item = (&'static str, Model)> + Clone {
    MODELS.into_iter().chain([("time_decay", Model::TimeDecay { half_life })])
}

impl SequenceFunction for Reads {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        self.touch.then_some(Slot::Kept).into_iter().collect()
    }

    fn beside(&self) -> Vec<Slot> {
        self.conversion.then_some(Slot::Kept).into_iter().chain(self.starts.then_some(Slot::Integer)).collect()
    }

    fn summed(&self, by: &str, columns: &[&str]) -> Option<Arc<dyn SequenceFunction>> {
        let summed = Summed::of(*self, columns).filter(|_| by == "touch")?;
        Some(Arc::new(summed))
    }

    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field> {
        let mut columns = vec![];
        let conversion = usize::from(self.touch);
        columns.extend(self.conversion.then(|| Field::new("conversion", slots[conversion].clone(), true)));
        columns.push(Field::new("converted_at", at.clone(), false));
        columns.extend(self.touch.then(|| Field::new("touch", slots[0].clone(), true)));
        columns.extend([
            Field::new("touched_at", at.clone(), true),
            Field::new("position", DataType::Int64, true),
            Field::new("touches", DataType::Int64, false),
            Field::new("unattributed", DataType::Boolean, false),
        ]);
        columns.extend(models(1).map(|(name, _)| Field::new(name, DataType::Float64, false)));
        columns
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>> {
        self.kernel_for(&vec![true; self.answer(at, slots).len()], constants, at, slots)
    }

    fn kernel_for(
        &self,
        wanted: &[bool],
        constants: &[ScalarValue],
        at: &DataType,
        slots: &[DataType],
    ) -> Result<Box<dyn Kernel>> {
        let (lookback, half_life) = self.lengths(constants, at)?;
        let mut columns = vec![];
        columns.extend(self.conversion.then(|| Column::Conversion(Keeper::default())));
        columns.push(Column::ConvertedAt(vec![]));
        columns.extend(self.touch.then(|| Column::Touch(Keeper::default())));
        columns.extend([Column::TouchedAt(vec![]), Column::Position(vec![]), Column::Touches(vec![])]);
        columns.push(Column::Unattributed(vec![]));
        columns.extend(models(half_life).map(|(_, model)| Column::Weight(model, vec![])));
        let types = self.answer(at, slots).iter().map(|field| field.data_type().clone()).collect();
        let columns = columns.into_iter().zip(wanted).map(|(column, wanted)| wanted.then_some(column)).collect();
        Ok(Box::new(Credit { reads: *self, lookback, columns, types, rows: 0 }))
    }
}

struct Credit {
    reads: Reads,
    /// None where each conversion has a start of its own.
    lookback: Option<i64>,
    /// Those that are read.
    columns: Vec<Option<Column>>,
    types: Vec<DataType>,
    /// Rows of the answer so far.
    rows: usize,
}

impl Kernel for Credit {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        let conversions = entity.beside();
        if conversions.times().is_empty() {
            return Ok(0);
        }
        let before = self.rows;
        let lookback = match self.lookback {
            Some(duration) => Lookback::Fixed(duration),
            None => Lookback::Starts(conversions.integers(self.reads.starts())),
        };
        let spans = windows(entity.times(), conversions.times(), lookback, self.reads.reset);
        for (conversion, (span, time)) in spans.zip(conversions.times()).enumerate() {
            let path =
                Path { touches: &entity.times()[span.clone()], conversion: *time, milestones: Milestones::default() };
            let credited = Credited { touches: entity, first: span.start, conversions: &conversions, conversion, path };
            self.columns.iter_mut().flatten().for_each(|column| column.push(&credited));
            self.rows += span.len().max(1);
        }
        Ok(self.rows - before)
    }

    fn take(&mut self, _: &Codes) -> Result<Vec<ArrayRef>> {
        let rows = std::mem::take(&mut self.rows);
        let columns = self.columns.iter_mut().zip(&self.types).map(|(column, data_type)| match column {
            Some(column) => column.take(data_type),
            None => Ok(new_null_array(&DataType::Null, rows)),
        });
        columns.collect()
    }
}

/// A conversion and the touches that it is credited to.
struct Credited<'a> {
    touches: &'a Entity<'a>,
    first: usize,
    conversions: &'a Entity<'a>,
    conversion: usize,
    path: Path<'a>,
}

/// A column of the answer so far.
enum Column {
    Conversion(Keeper),
    ConvertedAt(Vec<i64>),
    Touch(Keeper),
    TouchedAt(Vec<Option<i64>>),
    Position(Vec<Option<i64>>),
    Touches(Vec<i64>),
    Unattributed(Vec<bool>),
    Weight(Model, Vec<f64>),
}

impl Column {
    /// Adds a row per touch, or one that has none.
    fn push(&mut self, credited: &Credited<'_>) {
        let Credited { touches, first, conversions, conversion, path } = credited;
        let (count, is_none) = (path.touches.len(), path.touches.is_empty());
        let rows = count.max(1);
        match self {
            Self::Conversion(kept) => (0..rows).for_each(|_| kept.push(conversions, CONVERSION, Some(*conversion))),
            Self::ConvertedAt(times) => times.extend(std::iter::repeat_n(path.conversion, rows)),
            Self::Touch(kept) if is_none => kept.push(touches, TOUCH, None),
            Self::Touch(kept) => (*first..first + count).for_each(|touch| kept.push(touches, TOUCH, Some(touch))),
            Self::TouchedAt(times) if is_none => times.push(None),
            Self::TouchedAt(times) => times.extend(path.touches.iter().map(|time| Some(*time))),
            Self::Position(places) if is_none => places.push(None),
            Self::Position(places) => places.extend((1..=count as i64).map(Some)),
            Self::Touches(counts) => counts.extend(std::iter::repeat_n(count as i64, rows)),
            Self::Unattributed(flags) => flags.extend(std::iter::repeat_n(is_none, rows)),
            Self::Weight(_, weights) if is_none => weights.push(1.0),
            Self::Weight(model, weights) => {
                let before = weights.len();
                weights.resize(before + count, 0.0);
                model.weigh(path, &mut weights[before..]);
            }
        }
    }

    fn take(&mut self, data_type: &DataType) -> Result<ArrayRef> {
        Ok(match self {
            Self::Conversion(kept) | Self::Touch(kept) => kept.take(data_type)?,
            Self::ConvertedAt(at) => times(std::mem::take(at), data_type)?,
            Self::TouchedAt(at) => times(std::mem::take(at), data_type)?,
            Self::Position(places) => Arc::new(Int64Array::from(std::mem::take(places))),
            Self::Touches(counts) => Arc::new(Int64Array::from(std::mem::take(counts))),
            Self::Unattributed(flags) => Arc::new(BooleanArray::from(std::mem::take(flags))),
            Self::Weight(_, weights) => Arc::new(Float64Array::from(std::mem::take(weights))),
        })
    }
}
