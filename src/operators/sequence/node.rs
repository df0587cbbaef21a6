//! The logical node: a sequence function over a relation, with every argument as an expression that the engine's rules see.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan, UserDefinedLogicalNodeCore};

use super::among::Among;
use super::function::{Function, SequenceFunction};
use crate::error::Error;

/// A call of a sequence function. The answer has the entity's columns, then the function's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sequence {
    pub(super) function: Function,
    pub(super) input: LogicalPlan,
    /// What a row belongs to: rows with equal values are one sequence.
    pub(super) entity: Vec<Expr>,
    /// What each entity belongs to in turn: equal in all of its rows.
    pub(super) owner: Vec<Expr>,
    /// When it happened.
    pub(super) at: Expr,
    /// What orders rows of one instant.
    pub(super) tiebreak: Vec<Expr>,
    /// Slot by slot, as many as each takes.
    pub(super) slots: Vec<Vec<Expr>>,
    /// What is computed once.
    pub(super) constants: Vec<Expr>,
    /// Other rows of the same entities.
    pub(super) beside: Option<Beside>,
    /// What the entity of each of those belongs to.
    pub(super) owner_beside: Vec<Expr>,
    schema: DFSchemaRef,
}

/// Rows of another relation that a function reads beside an entity's own: conversions beside touches. They are held in memory
/// while the others pass.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Beside {
    /// The relation.
    pub input: LogicalPlan,
    /// What a row belongs to, in the types of the others.
    pub entity: Vec<Expr>,
    /// When it happened, in the type of the others.
    pub at: Expr,
    /// Slot by slot, as many expressions as each takes.
    pub slots: Vec<Vec<Expr>>,
}

/// The arguments of a call.
#[derive(Debug, Clone)]
pub struct SequenceArguments {
    /// What a row belongs to, with the names of the answer's columns.
    pub entity: Vec<(Expr, String)>,
    /// When it happened.
    pub at: Expr,
    /// What orders rows of one instant.
    pub tiebreak: Vec<Expr>,
    /// Slot by slot, as many expressions as each takes.
    pub slots: Vec<Vec<Expr>>,
    /// What is computed once.
    pub constants: Vec<Expr>,
}

impl Sequence {
    /// A call over the rows of a relation.
    pub fn plan(
        function: Arc<dyn SequenceFunction>,
        arguments: SequenceArguments,
        input: LogicalPlan,
    ) -> Result<LogicalPlan> {
        Ok(Self::with(function, arguments, input, None)?.into())
    }

    /// A call over the rows of a relation, with those of another beside them.
    pub fn plan_beside(
        function: Arc<dyn SequenceFunction>,
        arguments: SequenceArguments,
        input: LogicalPlan,
        beside: Beside,
    ) -> Result<LogicalPlan> {
        Ok(Self::with(function, arguments, input, Some(beside))?.into())
    }

    fn with(
        function: Arc<dyn SequenceFunction>,
        arguments: SequenceArguments,
        input: LogicalPlan,
        beside: Option<Beside>,
    ) -> Result<Self> {
        let SequenceArguments { entity, at, tiebreak, slots, constants } = arguments;
        let types = input.schema();
        let keys = entity.iter().map(|(key, name)| Ok(Field::new(name, key.get_type(types)?, key.nullable(types)?)));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let mut slot_types = slots.iter().map(|slot| slot_type(slot, types)).collect::<Result<Vec<_>>>()?;
        for slot in
            beside.iter().flat_map(|beside| beside.slots.iter().map(|slot| slot_type(slot, beside.input.schema())))
        {
            slot_types.push(slot?);
        }
        let answer = function.answer(&at.get_type(types)?, &slot_types);
        let keys = if function.is_total() { vec![] } else { keys };
        let fields = keys.into_iter().chain(answer).map(|field| (None, Arc::new(field))).collect();
        let schema = Arc::new(DFSchema::new_with_metadata(fields, Default::default())?);
        let entity = entity.into_iter().map(|(key, _)| key).collect();
        let (function, owner, owner_beside) = (Function(function), vec![], vec![]);
        Ok(Self { function, input, entity, owner, at, tiebreak, slots, constants, beside, owner_beside, schema })
    }

    /// The expression over the input that an answer's column is, if it is one of the entity's.
    pub fn entity_of(&self, column: &str) -> Option<&Expr> {
        if self.function.is_total() {
            return None;
        }
        let at = self.schema.fields().iter().position(|field| field.name() == column)?;
        self.entity.get(at)
    }

    /// The expression over the rows beside that is the same part of the entity.
    pub fn entity_beside(&self, column: &str) -> Option<&Expr> {
        let at = self.schema.fields().iter().position(|field| field.name() == column)?;
        self.beside.as_ref()?.entity.get(at)
    }

    /// The same call over other rows, and others beside them if there are any.
    pub fn over(&self, input: LogicalPlan, beside: Option<LogicalPlan>) -> LogicalPlan {
        let beside = match (self.beside.clone(), beside) {
            (Some(known), Some(input)) => Some(Beside { input, ..known }),
            (known, _) => known,
        };
        Self { input, beside, ..self.clone() }.into()
    }

    /// The same call, summed: see [`SequenceFunction::summed`].
    pub fn summed(&self, by: &str, columns: &[&str]) -> Option<Result<LogicalPlan>> {
        let function = self.function.summed(by, columns)?;
        let summed = Self::with(function, self.arguments(), self.input.clone(), self.beside.clone());
        let (owner, owner_beside) = (self.owner.clone(), self.owner_beside.clone());
        Some(summed.map(|summed| Self { owner, owner_beside, ..summed }.into()))
    }

    /// The same call over one relation that holds its own rows and those beside: what of it they are, and which of its rows are
    /// which. Slots come in that order.
    pub fn among(
        &self,
        input: LogicalPlan,
        read: SequenceArguments,
        is_own: Expr,
        is_beside: Expr,
    ) -> Option<LogicalPlan> {
        let function = Function(Arc::new(Among::of(&self.function)?));
        let SequenceArguments { entity, at, tiebreak, mut slots, constants } = read;
        slots.push(vec![is_own, is_beside]);
        let entity = entity.into_iter().map(|(key, _)| key).collect();
        let (owner, owner_beside, schema) = (vec![], vec![], Arc::clone(&self.schema));
        let beside = None;
        Some(
            Self { function, input, entity, owner, at, tiebreak, slots, constants, beside, owner_beside, schema }
                .into(),
        )
    }

    /// What it reads of its rows.
    pub fn arguments(&self) -> SequenceArguments {
        SequenceArguments {
            entity: self.entity.iter().map(|key| (key.clone(), String::new())).collect(),
            at: self.at.clone(),
            tiebreak: self.tiebreak.clone(),
            slots: self.slots.clone(),
            constants: self.constants.clone(),
        }
    }

    /// The same call over rows that say what their entity belongs to in turn, as far as `owners` finds that for a relation and what
    /// its rows belong to: rows that lie together by owner and entity needn't be brought together by entity alone. An owner is
    /// equal in all rows of an entity.
    pub fn owned(&self, owners: impl Fn(&LogicalPlan, &[Expr]) -> Option<(LogicalPlan, Vec<Expr>)>) -> Option<Self> {
        let own = owners(&self.input, &self.entity).filter(|_| self.owner.is_empty());
        let beside = self.beside.as_ref().filter(|_| self.owner_beside.is_empty());
        let beside = beside.and_then(|known| Some((known, owners(&known.input, &known.entity)?)));
        if own.is_none() && beside.is_none() {
            return None;
        }
        let mut owned = self.clone();
        if let Some((input, owner)) = own {
            (owned.input, owned.owner) = (input, owner);
        }
        if let Some((known, (input, owner))) = beside {
            (owned.beside, owned.owner_beside) = (Some(Beside { input, ..known.clone() }), owner);
        }
        Some(owned)
    }

    /// The input.
    pub fn input(&self) -> &LogicalPlan {
        &self.input
    }

    /// What stands beside it.
    pub fn beside(&self) -> Option<&Beside> {
        self.beside.as_ref()
    }

    /// The input beside it.
    pub fn input_beside(&self) -> Option<&LogicalPlan> {
        self.beside.as_ref().map(|beside| &beside.input)
    }

    fn per_row(&self) -> impl Iterator<Item = &Expr> {
        self.entity.iter().chain(&self.owner).chain([&self.at]).chain(&self.tiebreak).chain(self.slots.iter().flatten())
    }

    fn per_row_beside(&self) -> impl Iterator<Item = &Expr> {
        let known = |beside| {
            let Beside { entity, at, slots, .. }: &Beside = beside;
            entity.iter().chain([at]).chain(slots.iter().flatten())
        };
        self.beside.iter().flat_map(known).chain(&self.owner_beside)
    }
}

impl From<Sequence> for LogicalPlan {
    fn from(node: Sequence) -> Self {
        Self::Extension(Extension { node: Arc::new(node) })
    }
}

/// The type of a slot's values.
pub(super) fn slot_type(slot: &[Expr], input: &DFSchema) -> Result<DataType> {
    slot.first().map_or(Ok(DataType::Null), |expression| expression.get_type(input))
}

/// The schema follows from the rest, and has no order.
impl PartialOrd for Sequence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Sequence {
    fn name(&self) -> &str {
        "Sequence"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        [&self.input].into_iter().chain(self.input_beside()).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.per_row().chain(&self.constants).chain(self.per_row_beside()).cloned().collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let list = |expressions: &[Expr]| expressions.iter().map(Expr::to_string).collect::<Vec<_>>().join(", ");
        let of = |owner: &[Expr]| if owner.is_empty() { String::new() } else { format!(" of [{}]", list(owner)) };
        let (entity, owner) = (list(&self.entity), of(&self.owner));
        write!(f, "Sequence: {}, entity=[{entity}]{owner}, at={}", self.function.name(), self.at)?;
        if !self.tiebreak.is_empty() {
            write!(f, ", tiebreak=[{}]", list(&self.tiebreak))?;
        }
        for slot in self.slots.iter().filter(|slot| !slot.is_empty()) {
            write!(f, ", reads=[{}]", list(slot))?;
        }
        if !self.constants.is_empty() {
            write!(f, ", given=[{}]", list(&self.constants))?;
        }
        match &self.beside {
            Some(Beside { entity, at, .. }) => {
                write!(f, ", beside: entity=[{}]{}, at={at}", list(entity), of(&self.owner_beside))
            }
            None => Ok(()),
        }
    }

    fn with_exprs_and_inputs(&self, expressions: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        let input = inputs.next().ok_or_else(|| Error::internal("a sequence without input"))?;
        // Rewritten expressions come back under the alias of what they were.
        let mut rest = expressions.into_iter().map(Expr::unalias);
        let mut next = |count: usize| rest.by_ref().take(count).collect::<Vec<_>>();
        let (entity, owner) = (next(self.entity.len()), next(self.owner.len()));
        let at = next(1).pop().ok_or_else(|| Error::internal("a sequence without a time"))?;
        let tiebreak = next(self.tiebreak.len());
        let slots = self.slots.iter().map(|slot| next(slot.len())).collect();
        let constants = next(self.constants.len());
        let beside = match &self.beside {
            Some(known) => Some(Beside {
                input: inputs.next().ok_or_else(|| Error::internal("a sequence without rows beside"))?,
                entity: next(known.entity.len()),
                at: next(1).pop().ok_or_else(|| Error::internal("rows beside without a time"))?,
                slots: known.slots.iter().map(|slot| next(slot.len())).collect(),
            }),
            None => None,
        };
        let (function, schema) = (self.function.clone(), Arc::clone(&self.schema));
        let owner_beside = next(self.owner_beside.len());
        Ok(Self { function, input, entity, owner, at, tiebreak, slots, constants, beside, owner_beside, schema })
    }

    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        let own = read(self.per_row(), self.input.schema());
        let beside = self.input_beside().map(|input| read(self.per_row_beside(), input.schema()));
        Some([own].into_iter().chain(beside).collect())
    }
}

/// The columns of an input that expressions read, in order.
fn read<'a>(expressions: impl Iterator<Item = &'a Expr>, schema: &DFSchema) -> Vec<usize> {
    let columns = expressions.flat_map(|expression| expression.column_refs());
    let mut columns: Vec<usize> = columns.filter_map(|column| schema.maybe_index_of_column(column)).collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}
