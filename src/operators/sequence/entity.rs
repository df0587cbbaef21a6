//! One entity's rows as plain values, whether they lie in one batch or were gathered from several.

use std::cmp::Ordering;
use std::ops::{Deref, Range};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{concat, interleave};
use arrow::datatypes::DataType;

use super::intern::Interner;
use crate::error::{Error, Result};
use crate::operators::entities::equal_neighbours;

/// The values of rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub times: Numbers,
    /// Ranks of the tiebreak: rows of equal time and rank are in no order. `None` where the call has no tiebreak.
    pub ranks: Option<Vec<u32>>,
    /// One entry per slot.
    pub slots: Vec<Values>,
}

/// One slot's values.
#[derive(Debug)]
pub(super) enum Values {
    Masks(Vec<u64>),
    Codes(Vec<u32>),
    Integers(Numbers),
    /// In pieces, one per batch.
    Kept(Vec<ArrayRef>),
}

/// Whole numbers: a column's own, or copied together.
#[derive(Debug)]
pub(super) enum Numbers {
    Column(ScalarBuffer<i64>),
    Copied(Vec<i64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Self::Copied(vec![])
    }
}

impl Deref for Numbers {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        match self {
            Self::Column(column) => column,
            Self::Copied(copied) => copied,
        }
    }
}

impl Numbers {
    fn append(&mut self, others: &[i64]) {
        if let Self::Column(column) = self {
            *self = Self::Copied(column.to_vec());
        }
        if let Self::Copied(copied) = self {
            copied.extend_from_slice(others);
        }
    }
}

/// The rows of one entity, in the order of time.
#[derive(Clone)]
pub struct Entity<'a> {
    rows: &'a Rows,
    codes: &'a Codes,
    range: Range<usize>,
    beside: Option<(&'a Rows, &'a Codes, Range<usize>)>,
}

/// What the codes of a query stand for, by slot.
#[derive(Debug, Default)]
pub struct Codes(pub(super) Vec<Option<Interner>>);

impl Codes {
    /// How many different values a slot of codes has had so far.
    pub fn count(&self, slot: usize) -> usize {
        self.0[slot].as_ref().map_or(0, Interner::count)
    }

    /// The order of two codes' values; NULL comes last.
    pub fn compare(&self, slot: usize, left: u32, right: u32) -> Ordering {
        self.0[slot].as_ref().map_or(Ordering::Equal, |interner| interner.compare(left, right))
    }

    /// The values of codes.
    pub fn values(&self, slot: usize, codes: &[u32]) -> Result<ArrayRef> {
        let interner = self.0[slot].as_ref().ok_or_else(|| Error::internal("a slot without codes"))?;
        interner.decode(codes)
    }
}

impl<'a> Entity<'a> {
    /// Rows of the range; kept values are in one piece.
    pub(super) fn new(rows: &'a Rows, codes: &'a Codes, range: Range<usize>) -> Self {
        Self { rows, codes, range, beside: None }
    }

    /// With the rows beside it.
    pub(super) fn with(self, beside: Entity<'a>) -> Self {
        Self { beside: Some((beside.rows, beside.codes, beside.range)), ..self }
    }

    /// The same entity's rows of the other relation; none where there is none.
    pub fn beside(&self) -> Entity<'a> {
        match &self.beside {
            Some((rows, codes, range)) => Entity::new(rows, codes, range.clone()),
            None => Entity::new(self.rows, self.codes, 0..0),
        }
    }

    /// When each row happened, ascending.
    pub fn times(&self) -> &'a [i64] {
        &self.rows.times[self.range.clone()]
    }

    /// The tiebreak's ranks, if the call has one.
    pub fn ranks(&self) -> Option<&'a [u32]> {
        self.rows.ranks.as_ref().map(|ranks| &ranks[self.range.clone()])
    }

    /// The masks of a slot of conditions; none where it has no conditions.
    pub fn masks(&self, slot: usize) -> &'a [u64] {
        match &self.rows.slots[slot] {
            Values::Masks(masks) if !masks.is_empty() => &masks[self.range.clone()],
            _ => &[],
        }
    }

    /// The codes of a slot of codes.
    pub fn codes(&self, slot: usize) -> &'a [u32] {
        match &self.rows.slots[slot] {
            Values::Codes(codes) => &codes[self.range.clone()],
            _ => &[],
        }
    }

    /// The values of a slot of whole numbers.
    pub fn integers(&self, slot: usize) -> &'a [i64] {
        match &self.rows.slots[slot] {
            Values::Integers(integers) => &integers[self.range.clone()],
            _ => &[],
        }
    }

    /// What the codes stand for.
    pub fn meaning(&self) -> &'a Codes {
        self.codes
    }
}

impl<'a> Entity<'a> {
    /// The codes of a slot, rows of one instant put in the order of the tiebreak and, beyond that, of their values: the
    /// order in which rows come says nothing.
    pub fn codes_in_order<'s>(&self, slot: usize, scratch: &'s mut Vec<u32>) -> &'s [u32]
    where
        'a: 's,
    {
        let (times, ranks, codes) = (self.times(), self.ranks(), self.codes(slot));
        // Without a way out: looking at all of a few rows is cheaper than a branch at each.
        if !times.windows(2).fold(false, |any, pair| any | (pair[0] == pair[1])) {
            return codes;
        }
        let tied = |row: usize| times[row] == times[row - 1] && ranks.is_none_or(|ranks| ranks[row] == ranks[row - 1]);
        scratch.clear();
        scratch.extend_from_slice(codes);
        let mut start = 0;
        for row in 1..=codes.len() {
            if row == codes.len() || !tied(row) {
                scratch[start..row].sort_unstable_by(|left, right| self.codes.compare(slot, *left, *right));
                start = row;
            }
        }
        scratch
    }
}

/// Entities whose rows lie one after the other.
pub struct Entities<'a> {
    rows: &'a Rows,
    codes: &'a Codes,
    runs: &'a [Range<usize>],
}

impl<'a> Entities<'a> {
    /// The rows of each range; no row stands between two of them.
    pub(super) fn new(rows: &'a Rows, codes: &'a Codes, runs: &'a [Range<usize>]) -> Self {
        Self { rows, codes, runs }
    }

    /// All rows, as if they were one entity's.
    pub fn all(&self) -> Entity<'a> {
        let (start, end) = (self.runs.first().map_or(0, |run| run.start), self.runs.last().map_or(0, |run| run.end));
        Entity::new(self.rows, self.codes, start..end)
    }

    /// The place of each entity's first row among all, but for the first entity.
    pub fn edges(&self) -> impl Iterator<Item = usize> {
        let first = self.runs.first().map_or(0, |run| run.start);
        self.runs.iter().skip(1).map(move |run| run.start - first)
    }

    /// The entities that have rows of one instant.
    pub fn tied(&self) -> impl Iterator<Item = Entity<'a>> {
        let pairs = equal_neighbours(&self.rows.times);
        let mut last = None;
        let runs = pairs.into_iter().filter_map(move |pair| {
            let (first, second) = (pair as usize, pair as usize + 1);
            let run = self.runs.partition_point(|run| run.end <= first);
            let is_within = self.runs.get(run).is_some_and(|run| run.contains(&first) && run.contains(&second));
            (is_within && last.replace(run) != Some(run)).then_some(run)
        });
        runs.map(|run| Entity::new(self.rows, self.codes, self.runs[run].clone())).collect::<Vec<_>>().into_iter()
    }
}

/// Kept values on their way into an answer.
#[derive(Debug, Default)]
pub struct Keeper {
    pieces: Vec<ArrayRef>,
    /// A row's piece and place in it.
    rows: Vec<Option<(usize, usize)>>,
}

impl Keeper {
    /// Adds the value of an entity's row, or NULL.
    pub fn push(&mut self, entity: &Entity<'_>, slot: usize, row: Option<usize>) {
        let kept = match &entity.rows.slots[slot] {
            Values::Kept(pieces) => pieces.first().zip(row),
            _ => None,
        };
        let place = kept.map(|(piece, row)| {
            if !self.pieces.last().is_some_and(|last| Arc::ptr_eq(last, piece)) {
                self.pieces.push(Arc::clone(piece));
            }
            (self.pieces.len() - 1, entity.range.start + row)
        });
        self.rows.push(place);
    }

    /// The values, in the order in which they were added.
    pub fn take(&mut self, data_type: &DataType) -> Result<ArrayRef> {
        let Self { mut pieces, rows } = std::mem::take(self);
        let null = (pieces.len(), 0);
        pieces.push(new_null_array(data_type, 1));
        let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
        let rows: Vec<(usize, usize)> = rows.into_iter().map(|place| place.unwrap_or(null)).collect();
        Ok(interleave(&pieces, &rows)?)
    }
}

impl Rows {
    /// Adds some of another's rows.
    pub fn append(&mut self, other: &Rows, range: Range<usize>) {
        if self.slots.is_empty() {
            self.slots = other.slots.iter().map(Values::empty).collect();
        }
        self.times.append(&other.times[range.clone()]);
        if let Some(ranks) = &other.ranks {
            self.ranks.get_or_insert_default().extend_from_slice(&ranks[range.clone()]);
        }
        for (own, others) in self.slots.iter_mut().zip(&other.slots) {
            own.append(others, range.clone());
        }
    }

    /// Brings kept values into one piece.
    pub fn join(&mut self) -> Result<()> {
        for slot in &mut self.slots {
            if let Values::Kept(pieces) = slot
                && pieces.len() > 1
            {
                let parts: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
                *pieces = vec![concat(&parts)?];
            }
        }
        Ok(())
    }

    /// Bytes that it holds.
    pub fn size(&self) -> usize {
        let slots: usize = self.slots.iter().map(Values::size).sum();
        self.times.len() * 8 + self.ranks.as_ref().map_or(0, |ranks| ranks.len() * 4) + slots
    }
}

impl Values {
    fn empty(&self) -> Self {
        match self {
            Self::Masks(_) => Self::Masks(vec![]),
            Self::Codes(_) => Self::Codes(vec![]),
            Self::Integers(_) => Self::Integers(Numbers::default()),
            Self::Kept(_) => Self::Kept(vec![]),
        }
    }

    fn append(&mut self, other: &Self, range: Range<usize>) {
        match (self, other) {
            (Self::Masks(own), Self::Masks(others)) if !others.is_empty() => own.extend_from_slice(&others[range]),
            (Self::Codes(own), Self::Codes(others)) => own.extend_from_slice(&others[range]),
            (Self::Integers(own), Self::Integers(others)) => own.append(&others[range]),
            (Self::Kept(own), Self::Kept(others)) => {
                own.extend(others.iter().map(|piece| piece.slice(range.start, range.len())));
            }
            _ => {}
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Masks(masks) => masks.len() * 8,
            Self::Codes(codes) => codes.len() * 4,
            Self::Integers(integers) => integers.len() * 8,
            Self::Kept(pieces) => pieces.iter().map(|piece| piece.get_array_memory_size()).sum(),
        }
    }
}
