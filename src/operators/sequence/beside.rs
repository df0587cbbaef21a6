//! Rows that are held in memory while an entity's others pass: collected once, found again by the entity.
//!
//! Held entities are kept in order, and a partition looks for its own with a cursor: where they come in that order too, each is
//! a step away. An entity may have no other rows: who is last to end answers for those that nobody asked for.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering as Memory};

use arrow::array::{Array, ArrayRef, AsArray, DynComparator, Int32Array, make_comparator};
use arrow::compute::{SortOptions, cast, concat_batches};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt;

use super::entity::{Codes, Entity, Rows};
use super::function::Slot;
use super::prepare::{Prepare, Side};
use crate::error::{Error, Result, SqlState};
use crate::operators::entities::{evaluate, runs};

/// The rows of all entities, a piece per partition that they came from: each entity's are in one.
#[derive(Debug)]
pub(super) struct Collected {
    pieces: Vec<Piece>,
    /// Partitions that still may ask.
    asking: AtomicUsize,
    _memory: Vec<MemoryReservation>,
}

/// The rows of one partition, sorted by entity and time.
#[derive(Debug)]
pub(super) struct Piece {
    pub keys: Vec<ArrayRef>,
    rows: Rows,
    codes: Codes,
    entities: Vec<Range<usize>>,
    /// Which of them have been asked for.
    met: Vec<AtomicBool>,
}

/// What is to be collected.
#[derive(Debug, Clone)]
pub(super) struct Collecting {
    pub function: &'static str,
    pub side: Side,
    pub slot_types: Vec<DataType>,
    pub input: Arc<dyn ExecutionPlan>,
    /// How many partitions will ask.
    pub asking: usize,
}

impl Collecting {
    /// Reads the whole input, its partitions side by side.
    pub async fn collect(self, context: Arc<TaskContext>) -> Result<Collected> {
        let partitions = self.input.properties().partitioning.partition_count();
        let tasks =
            (0..partitions).map(|partition| SpawnedTask::spawn(self.clone().piece(partition, Arc::clone(&context))));
        let (mut pieces, mut memory) = (vec![], vec![]);
        for task in tasks.collect::<Vec<_>>() {
            let joined = task.join().await.map_err(|error| Error::internal(error.to_string()))?;
            if let Some((piece, held)) = joined? {
                pieces.push(piece);
                memory.push(held);
            }
        }
        Ok(Collected { pieces, asking: AtomicUsize::new(self.asking), _memory: memory })
    }

    async fn piece(self, partition: usize, context: Arc<TaskContext>) -> Result<Option<(Piece, MemoryReservation)>> {
        let consumer = MemoryConsumer::new(format!("{}[{partition}]: rows beside", self.function));
        let memory = consumer.register(context.memory_pool());
        let mut stream = self.input.execute(partition, context)?;
        let (mut batches, mut schema) = (vec![], None);
        while let Some(batch) = stream.next().await {
            let read = self.read(&batch?)?;
            if read.num_rows() > 0 {
                memory.try_grow(read.get_array_memory_size()).map_err(|cause| too_large(self.function, &cause))?;
                schema.get_or_insert_with(|| read.schema());
                batches.push(read);
            }
        }
        let Some(schema) = schema else {
            return Ok(None);
        };
        let whole = concat_batches(&schema, &batches)?;
        let keys = whole.columns()[..self.side.entity.len()].to_vec();
        let mut entities = runs(&keys)?;
        if !self.side.owner.is_empty() {
            let order = KeyOrder::new(&keys, &keys)?;
            entities.sort_unstable_by(|one, other| order.compare(one.start, other.start));
        }
        let met = entities.iter().map(|_| AtomicBool::new(false)).collect();
        let mut prepare = Prepare::new(self.side.numbered(&schema))?;
        let mut codes = prepare.codes(&self.slot_types)?;
        let (_, rows) = prepare.values(&whole, &mut codes)?;
        Ok(Some((Piece { keys, rows, codes, entities, met }, memory)))
    }

    /// What is computed of a batch's rows: a column each, text as values, because the dictionaries of batches differ.
    fn read(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self.side.per_row().map(|expression| {
            let column = evaluate(expression, batch)?;
            Ok(cast(&column, &Slot::plain(column.data_type()))?)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let fields =
            columns.iter().enumerate().map(|(at, column)| Field::new(at.to_string(), column.data_type().clone(), true));
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?)
    }
}

impl Collected {
    /// Where a partition begins to look.
    pub fn cursors(&self) -> Vec<usize> {
        vec![0; self.pieces.len()]
    }

    /// How to look up the keys of a batch.
    pub fn order(&self, keys: &[ArrayRef]) -> Result<Vec<KeyOrder>> {
        self.pieces.iter().map(|piece| KeyOrder::new(keys, &piece.keys)).collect()
    }

    /// The rows of the entity of a batch's row, if there are any. It costs least to ask in the order of entities.
    pub fn find(&self, row: usize, orders: &[KeyOrder], cursors: &mut [usize]) -> Option<Entity<'_>> {
        self.pieces.iter().zip(orders).zip(cursors).find_map(|((piece, order), cursor)| {
            let is_before = |entity: usize| order.compare(piece.entities[entity].start, row) == Ordering::Less;
            *cursor = first(piece.entities.len(), *cursor, is_before);
            let found =
                piece.entities.get(*cursor).filter(|entity| order.compare(entity.start, row) == Ordering::Equal)?;
            piece.met[*cursor].store(true, Memory::Relaxed);
            Some(Entity::new(&piece.rows, &piece.codes, found.clone()))
        })
    }

    /// A partition has asked for all of its entities; whether it was the last.
    pub fn is_done(&self) -> bool {
        self.asking.fetch_sub(1, Memory::AcqRel) == 1
    }

    /// The pieces.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

impl Piece {
    /// The entities that nobody asked for.
    pub fn left(&self) -> impl Iterator<Item = (&Range<usize>, Entity<'_>)> {
        let left = self.entities.iter().zip(&self.met).filter(|(_, met)| !met.load(Memory::Relaxed));
        left.map(|(range, _)| (range, Entity::new(&self.rows, &self.codes, range.clone())))
    }
}

/// The first of so many entities that doesn't come before what is looked for: by leaps from a place, which double, then by halves.
fn first(count: usize, place: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high, mut leap) = (place, place, 1);
    if place < count && is_before(place) {
        (low, high) = (place + 1, place + 1);
        while high < count && is_before(high) {
            low = high + 1;
            high = (low + leap).min(count);
            leap *= 2;
        }
    } else {
        while low > 0 && !is_before(low - 1) {
            high = low - 1;
            low = high.saturating_sub(leap);
            leap *= 2;
        }
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// Compares keys that are held with those of a batch.
pub(super) struct KeyOrder(Vec<(Option<Int32Array>, DynComparator)>);

impl KeyOrder {
    fn new(keys: &[ArrayRef], held: &[ArrayRef]) -> Result<Self> {
        let options = SortOptions { descending: false, nulls_first: false };
        let columns = keys.iter().zip(held).map(|(key, held)| match key.as_dictionary_opt::<Int32Type>() {
            Some(codes) if codes.null_count() == 0 => {
                Ok((Some(codes.keys().clone()), make_comparator(held, codes.values(), options)?))
            }
            _ => Ok((None, make_comparator(held, &cast(key, held.data_type())?, options)?)),
        });
        Ok(Self(columns.collect::<Result<_>>()?))
    }

    fn compare(&self, held: usize, row: usize) -> Ordering {
        let columns = self.0.iter().map(|(codes, compare)| match codes {
            Some(codes) => compare(held, codes.value(row) as usize),
            None => compare(held, row),
        });
        columns.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

fn too_large(function: &str, cause: &datafusion::error::DataFusionError) -> Error {
    Error::new(SqlState::OutOfMemory, format!("{function}: its second relation doesn't fit into memory: {cause}"))
        .with_hint("give queries more memory, or narrow that relation with WHERE")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_search_finds_the_same_from_everywhere(
            mut held in prop::collection::vec(0..50_u8, 0..40),
            wanted in 0..52_u8,
            place in 0..41_usize,
        ) {
            held.sort_unstable();
            let found = first(held.len(), place.min(held.len()), |at| held[at] < wanted);
            prop_assert_eq!(found, held.iter().filter(|one| **one < wanted).count());
        }
    }
}
