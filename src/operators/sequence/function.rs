//! What a sequence function is to the operator: what it reads of a row, what it answers, and the kernel that does it.

use std::any::Any;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr_common::dyn_eq::{DynEq, DynHash};

use super::entity::{Codes, Entities, Entity};
use crate::error::Result;

/// A function from one entity's rows, in the order of time, to rows of an answer.
///
/// What a call writes out (a mode, a flag) is part of the value; what has to be computed is an argument: a slot is
/// computed per row, a constant once per query.
pub trait SequenceFunction: Any + DynEq + DynHash + Debug + Send + Sync {
    /// Its name in SQL.
    fn name(&self) -> &'static str;

    /// What it reads of each row beside entity and time.
    fn slots(&self) -> Vec<Slot>;

    /// What it reads of each row beside those, where it has such rows.
    fn beside(&self) -> Vec<Slot> {
        vec![]
    }

    /// How many of its slots are of an entity's own rows, where the rows beside stand among them. Those of the rows beside come
    /// next, and the last slot has two conditions: whether a row is an own one, and whether it is one beside.
    fn own(&self) -> Option<usize> {
        None
    }

    /// Whether the answer is about all entities together: it has no columns for the entity then, and each partition gives
    /// one at its end.
    fn is_total(&self) -> bool {
        false
    }

    /// Its columns after those of the entity, given the type of times and the types of its slots' values,
    /// those of the rows beside last.
    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field>;

    /// What runs over the entities of one partition, given the call's constants and the same types.
    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>>;

    /// The function that sums columns of the answer by another one, for each partition: a function of totals, whose columns
    /// are that one and the sums. None where it gives no such thing.
    fn summed(&self, _by: &str, _columns: &[&str]) -> Option<Arc<dyn SequenceFunction>> {
        None
    }

    /// The same, told which of the function's columns anybody reads: the others may hold anything.
    fn kernel_for(
        &self,
        _wanted: &[bool],
        constants: &[ScalarValue],
        at: &DataType,
        slots: &[DataType],
    ) -> Result<Box<dyn Kernel>> {
        self.kernel(constants, at, slots)
    }
}

/// A function, shared by the plans that call it.
#[derive(Debug, Clone)]
pub(super) struct Function(pub Arc<dyn SequenceFunction>);

impl Deref for Function {
    type Target = dyn SequenceFunction;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.0.dyn_eq(other.0.as_ref())
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.dyn_hash(state);
    }
}

/// What is computed of each row for a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// So many conditions, as the bits of a mask; NULL is false.
    Conditions(usize),
    /// A value of few kinds, as a code that stands for it throughout the query.
    Code,
    /// A whole number; `i64::MIN` where it is NULL.
    Integer,
    /// A value that the answer repeats as it is.
    Kept,
}

impl Slot {
    /// The type of a code's values: a dictionary's entries.
    pub fn plain(data_type: &DataType) -> DataType {
        match data_type {
            DataType::Dictionary(_, value) => value.as_ref().clone(),
            plain => plain.clone(),
        }
    }
}

/// Runs a function over one entity after the other.
pub trait Kernel: Send {
    /// Adds the answer for one entity; the result is the number of rows added.
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize>;

    /// Adds the answer for all entities of some rows, if it knows a faster way than one after the other; asked of functions whose
    /// answer is about all entities together.
    fn run_all(&mut self, _entities: &Entities<'_>) -> Result<bool> {
        Ok(false)
    }

    /// The columns of the answer as far as rows were added since the last call.
    fn take(&mut self, codes: &Codes) -> Result<Vec<ArrayRef>>;
}
