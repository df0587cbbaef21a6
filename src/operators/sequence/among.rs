//! A function of two relations over one that holds the rows of both: a table of all that happened is read once, and each row
//! says whether it is one of the entity's own, one beside those, both or neither.
//!
//! ```text
//! slots      own ... | beside ... | is it own? is it beside?
//! ```

use std::ops::Range;
use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;

use super::entity::{Codes, Entity, Numbers, Rows, Values};
use super::function::{Function, Kernel, SequenceFunction, Slot};
use crate::error::Result;

/// The function over one relation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Among(Function);

impl Among {
    /// The same function; none if it tells values beside by their codes, which stand for own ones.
    pub fn of(function: &Function) -> Option<Self> {
        let has_codes = function.beside().contains(&Slot::Code);
        (!has_codes).then(|| Self(function.clone()))
    }
}

impl SequenceFunction for Among {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn slots(&self) -> Vec<Slot> {
        self.0.slots().into_iter().chain(self.0.beside()).chain([Slot::Conditions(2)]).collect()
    }

    fn own(&self) -> Option<usize> {
        Some(self.0.slots().len())
    }

    fn is_total(&self) -> bool {
        self.0.is_total()
    }

    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field> {
        self.0.answer(at, &slots[..slots.len() - 1])
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>> {
        self.0.kernel(constants, at, &slots[..slots.len() - 1])
    }

    fn summed(&self, by: &str, columns: &[&str]) -> Option<Arc<dyn SequenceFunction>> {
        let summed = Self::of(&Function(self.0.summed(by, columns)?))?;
        Some(Arc::new(summed))
    }

    fn kernel_for(
        &self,
        wanted: &[bool],
        constants: &[ScalarValue],
        at: &DataType,
        slots: &[DataType],
    ) -> Result<Box<dyn Kernel>> {
        self.0.kernel_for(wanted, constants, at, &slots[..slots.len() - 1])
    }
}

/// Rows told apart.
pub(super) struct Apart {
    own: Part,
    beside: Part,
}

/// Those of one kind, and how many of them stand before each row.
struct Part {
    rows: Rows,
    before: Vec<u32>,
}

impl Apart {
    /// Of rows whose last slot says what they are, and of whose others so many are read of own ones.
    pub fn new(rows: &Rows, own: usize) -> Result<Self> {
        let [slots @ .., Values::Masks(kinds)] = rows.slots.as_slice() else {
            return Ok(Self { own: Part::none(), beside: Part::none() });
        };
        let (owns, besides) = slots.split_at(own);
        Ok(Self { own: Part::new(rows, owns, kinds, 1)?, beside: Part::new(rows, besides, kinds, 2)? })
    }

    /// The entity of a range of the rows, if it has any of either kind.
    pub fn entity<'a>(&'a self, range: &Range<usize>, codes: &'a Codes) -> Option<Entity<'a>> {
        let (own, beside) = (self.own.of(range), self.beside.of(range));
        let is_any = !own.is_empty() || !beside.is_empty();
        is_any.then(|| Entity::new(&self.own.rows, codes, own).with(Entity::new(&self.beside.rows, codes, beside)))
    }
}

impl Part {
    fn none() -> Self {
        Self { rows: Rows::default(), before: vec![] }
    }

    fn new(rows: &Rows, slots: &[Values], kinds: &[u64], kind: u64) -> Result<Self> {
        let (mut chosen, mut before, mut count) = (vec![0; kinds.len()], Vec::with_capacity(kinds.len() + 1), 0);
        // No branch: which rows are of a kind, none would foresee.
        for (row, kinds) in kinds.iter().enumerate() {
            before.push(count);
            chosen[count as usize] = row as u32;
            count += u32::from(kinds & kind != 0);
        }
        before.push(count);
        chosen.truncate(count as usize);
        let slots = slots.iter().map(|slot| slot.take(&chosen)).collect::<Result<_>>()?;
        let times = rows.times.take(&chosen);
        let ranks = rows.ranks.as_ref().map(|ranks| chosen.iter().map(|row| ranks[*row as usize]).collect());
        Ok(Self { rows: Rows { times, ranks, slots }, before })
    }

    fn of(&self, range: &Range<usize>) -> Range<usize> {
        let before = |row: usize| self.before.get(row).map_or(0, |before| *before as usize);
        before(range.start)..before(range.end)
    }
}

impl Numbers {
    fn take(&self, chosen: &[u32]) -> Self {
        Self::Copied(chosen.iter().map(|row| self[*row as usize]).collect())
    }
}

impl Values {
    fn take(&self, chosen: &[u32]) -> Result<Self> {
        Ok(match self {
            Self::Masks(masks) if masks.is_empty() => Self::Masks(vec![]),
            Self::Masks(masks) => Self::Masks(chosen.iter().map(|row| masks[*row as usize]).collect()),
            Self::Codes(codes) => Self::Codes(chosen.iter().map(|row| codes[*row as usize]).collect()),
            Self::Integers(integers) => Self::Integers(integers.take(chosen)),
            Self::Kept(pieces) => {
                let chosen = UInt32Array::from(chosen.to_vec());
                let taken = pieces.iter().map(|piece| Ok(take(piece, &chosen, None)?));
                Self::Kept(taken.collect::<Result<_>>()?)
            }
        })
    }
}
