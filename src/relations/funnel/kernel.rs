//! Runs the algorithm over entities and builds the answer.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, ListArray, StringViewArray, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;

use super::entry::ENTRY;
use crate::error::{Error, Result, SqlState};
use crate::functions::WindowEnds;
use crate::operators::sequence::{Codes, Entity, Keeper, Kernel, SequenceFunction, Slot};
use crate::relations::rows::as_of;
use crate::relations::times::{Span, times};
use crate::sequence::funnel::{Attempts, Entry, Events, Funnel, Mode, Settings, Status, Window};

/// The slots: steps, exclusions, what is held, names of rows; the last two where a call has them.
const STEPS: usize = 0;
const EXCLUDED: usize = 1;
const HELD: usize = 2;

/// The funnel as a sequence function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Told {
    /// Without the lengths of time, which are computed.
    settings: Settings,
    held: usize,
    has_id: bool,
}

impl Told {
    pub fn new(settings: Settings, held: usize, has_id: bool) -> Self {
        Self { settings, held, has_id }
    }

    fn id(&self) -> usize {
        HELD + self.held
    }
}

impl SequenceFunction for Told {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::Conditions(self.settings.steps), Slot::Conditions(self.settings.excludes.len())];
        slots.extend(std::iter::repeat_n(Slot::Code, self.held));
        slots.extend(self.has_id.then_some(Slot::Kept));
        slots
    }

    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field> {
        let list = |of: &DataType| DataType::List(Arc::new(Field::new_list_field(of.clone(), true)));
        let mut columns = vec![
            Field::new("entry", DataType::Int64, false),
            Field::new("level", DataType::Int32, false),
            Field::new("status", DataType::Utf8View, false),
            Field::new("entered_at", at.clone(), true),
            Field::new("reached_at", list(at), false),
        ];
        if self.has_id {
            columns.push(Field::new("matched", list(&slots[self.id()]), false));
        }
        columns
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>> {
        self.kernel_for(&[true; 6], constants, at, slots)
    }

    fn kernel_for(
        &self,
        wanted: &[bool],
        constants: &[ScalarValue],
        at: &DataType,
        slots: &[DataType],
    ) -> Result<Box<dyn Kernel>> {
        let span = |argument, value| Span::of(ENTRY.name, argument, value);
        let within = span("within", &constants[0])?;
        let window = match within.is_fixed() {
            true => Window::Fixed(within.fixed(ENTRY.name, "within", at)?),
            false => Window::PerRow,
        };
        let grace = match self.settings.grace {
            Some(_) => Some(span("grace", &constants[1])?.fixed(ENTRY.name, "grace", at)?),
            None => None,
        };
        let as_of = as_of(&constants[2]);
        let settings = Settings { window, grace, as_of, ..self.settings.clone() };
        let funnel = Funnel::new(settings)
            .map_err(|error| Error::new(SqlState::InvalidParameterValue, format!("{}: {error}", ENTRY.name)))?;
        let id = self.has_id.then(|| slots[self.id()].clone());
        let (told, at) = (self.clone(), at.clone());
        let (attempts, held, answer) = (Attempts::default(), Held::default(), Columns::default());
        // In any order, a row of any required step opens an attempt.
        let openers = if self.settings.mode == Mode::Any { !self.settings.optional } else { 1 };
        let ends = (!within.is_fixed()).then(|| WindowEnds::new(within, at.clone(), openers));
        // entry and level alone: of one attempt per entity, the first is known.
        let level_alone = wanted[2..].iter().all(|wanted| !wanted) && self.settings.entry != Entry::Each;
        Ok(Box::new(Teller { told, funnel, at, id, level_alone, attempts, held, ends, answer }))
    }
}

struct Teller {
    told: Told,
    funnel: Funnel,
    at: DataType,
    id: Option<DataType>,
    /// Whether nobody reads more than the level.
    level_alone: bool,
    attempts: Attempts,
    held: Held,
    /// For windows of months.
    ends: Option<WindowEnds>,
    answer: Columns,
}

/// The columns of the answer so far.
#[derive(Default)]
struct Columns {
    entry: Vec<i64>,
    level: Vec<i32>,
    status: Vec<&'static str>,
    entered: Vec<Option<i64>>,
    reached: Vec<Option<i64>>,
    matched: Keeper,
}

impl Kernel for Teller {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        let held = self.told.held;
        let times = entity.times();
        let events = Events {
            times,
            steps: entity.masks(STEPS),
            excluded: entity.masks(EXCLUDED),
            ends: self.ends.as_mut().map(|ends| ends.of(times, entity.masks(STEPS))),
            ranks: entity.ranks(),
            held: self.held.codes(entity, held),
        };
        if self.level_alone {
            self.answer.entry.push(1);
            self.answer.level.push(self.funnel.level(events) as i32);
            return Ok(1);
        }
        self.attempts.clear();
        self.funnel.attempts(events, &mut self.attempts);
        for (number, attempt) in (1..).zip(self.attempts.iter()) {
            self.answer.entry.push(number);
            self.answer.level.push(attempt.level as i32);
            self.answer.status.push(word(attempt.status));
            let reached = attempt.rows.iter().map(|row| row.map(|row| times[row as usize]));
            self.answer.entered.push(reached.clone().flatten().min());
            self.answer.reached.extend(reached);
            if self.id.is_some() {
                let id = self.told.id();
                attempt.rows.iter().for_each(|row| self.answer.matched.push(entity, id, row.map(|row| row as usize)));
            }
        }
        Ok(self.attempts.len())
    }

    fn take(&mut self, _: &Codes) -> Result<Vec<ArrayRef>> {
        let Columns { entry, level, status, entered, reached, mut matched } = std::mem::take(&mut self.answer);
        let (rows, steps) = (entry.len(), self.told.settings.steps);
        let lists = |values: ArrayRef| -> Result<ArrayRef> {
            let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
            let offsets = OffsetBuffer::from_repeated_length(steps, rows);
            Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
        };
        if self.level_alone {
            let nobody_reads = std::iter::repeat_with(|| new_null_array(&DataType::Null, rows)).take(4);
            let levels: [ArrayRef; 2] = [Arc::new(Int64Array::from(entry)), Arc::new(Int32Array::from(level))];
            return Ok(levels.into_iter().chain(nobody_reads).collect());
        }
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(entry)),
            Arc::new(Int32Array::from(level)),
            Arc::new(StringViewArray::from_iter_values(status)),
            times(entered, &self.at)?,
            lists(times(reached, &self.at)?)?,
        ];
        if let Some(id) = &self.id {
            columns.push(lists(matched.take(id)?)?);
        }
        Ok(columns)
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Converted => "converted",
        Status::Excluded => "excluded",
        Status::InWindow => "in_window",
        Status::Dropped => "dropped",
        Status::NotEntered => "not_entered",
    }
}

/// One code for the values that an entity's rows hold together.
#[derive(Default)]
struct Held {
    known: HashMap<Vec<u32>, u32>,
    codes: Vec<u32>,
}

impl Held {
    fn codes<'s>(&'s mut self, entity: &Entity<'s>, columns: usize) -> Option<&'s [u32]> {
        match columns {
            0 => None,
            1 => Some(entity.codes(HELD)),
            _ => {
                self.known.clear();
                self.codes.clear();
                for row in 0..entity.times().len() {
                    let values = (0..columns).map(|column| entity.codes(HELD + column)[row]).collect();
                    let next = self.known.len() as u32;
                    self.codes.push(*self.known.entry(values).or_insert(next));
                }
                Some(&self.codes)
            }
        }
    }
}
