//! Decoded columns of files, kept in memory, so that a question asked again runs at its speed.
//!
//! What is kept is a column of one row group. Files never change, so it is never stale: a column of a file that no version
//! names is not asked for, and makes room in time. The memory is bounded, and shared by all tables of a database. Where it is
//! full, a column gets in only if it is asked for again while others are not (CLOCK-PRO): of a table that doesn't fit, a part
//! stays, and one large question doesn't drive out what many small ones use.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayData, ArrayRef};
use object_store::path::Path;
use parquet::file::metadata::ParquetMetaData;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// Bytes kept unless it is said otherwise.
pub const COLUMN_CACHE: u64 = 1 << 30;

/// Footers kept: they take a few kilobytes each.
const FOOTERS: usize = 10_000;

/// About how many columns are kept at once; only sizes the tables of the policy.
const COLUMNS: usize = 10_000;

/// The column of a row group of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub file: Path,
    pub group: usize,
    pub column: String,
}

/// Its values, in the pieces in which they were decoded.
#[derive(Debug)]
pub(super) struct Decoded {
    pub pieces: Vec<ArrayRef>,
    bytes: u64,
}

/// The decoded columns of a database's files, and their footers.
#[derive(Debug)]
pub struct ColumnCache {
    kept: Cache<Part, Arc<Decoded>, Bytes>,
    footers: Cache<Path, Arc<ParquetMetaData>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// What a cache holds and how it has served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFacts {
    /// Bytes that it may hold.
    pub capacity: u64,
    /// Bytes that it holds.
    pub used: u64,
    /// Columns of row groups that it holds.
    pub columns: u64,
    /// Columns of row groups that were asked for and there.
    pub hits: u64,
    /// Those that had to be decoded.
    pub misses: u64,
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Part, Arc<Decoded>> for Bytes {
    fn weight(&self, _: &Part, column: &Arc<Decoded>) -> u64 {
        column.bytes
    }
}

impl ColumnCache {
    /// Keeps so many bytes.
    pub fn new(capacity: u64) -> Self {
        // One shard: a column may take as much as there is.
        let options =
            OptionsBuilder::new().shards(1).estimated_items_capacity(COLUMNS).weight_capacity(capacity).build();
        let kept = options.map(|options| {
            Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default())
        });
        let kept = kept.unwrap_or_else(|_| Cache::with_weighter(COLUMNS, capacity, Bytes));
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { kept, footers: Cache::new(FOOTERS), hits, misses }
    }

    /// Keeps so many bytes from now on.
    pub(super) fn resize(&self, capacity: u64) {
        self.kept.set_capacity(capacity);
    }

    /// A column, if it is there.
    pub(super) fn get(&self, part: &Part) -> Option<Arc<Decoded>> {
        let found = self.kept.get(part);
        let count = if found.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Whether a column is there; asks for nothing.
    pub(super) fn holds(&self, part: &Part) -> bool {
        self.kept.contains_key(part)
    }

    /// Offers a column, whole.
    pub(super) fn offer(&self, part: Part, pieces: Vec<ArrayRef>) {
        let bytes = size(&pieces);
        if bytes <= self.kept.capacity() {
            self.kept.insert(part, Arc::new(Decoded { pieces, bytes }));
        }
    }

    pub(super) fn footer(&self, file: &Path) -> Option<Arc<ParquetMetaData>> {
        self.footers.get(file)
    }

    pub(super) fn keep_footer(&self, file: Path, footer: Arc<ParquetMetaData>) {
        self.footers.insert(file, footer);
    }

    /// What it holds and how it has served.
    pub fn facts(&self) -> CacheFacts {
        CacheFacts {
            capacity: self.kept.capacity(),
            used: self.kept.weight(),
            columns: self.kept.len() as u64,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

/// The bytes of the buffers below pieces, each counted once: pieces share dictionaries.
fn size(pieces: &[ArrayRef]) -> u64 {
    fn add(data: &ArrayData, seen: &mut HashSet<*const u8>) -> u64 {
        let buffers = data.buffers().iter().chain(data.nulls().map(|nulls| nulls.buffer()));
        let own = buffers.filter(|buffer| seen.insert(buffer.as_ptr())).map(|buffer| buffer.capacity() as u64);
        own.collect::<Vec<_>>().iter().sum::<u64>()
            + data.child_data().iter().map(|child| add(child, seen)).sum::<u64>()
    }
    let mut seen = HashSet::new();
    pieces.iter().map(|piece| add(&piece.to_data(), &mut seen) + size_of::<ArrayRef>() as u64).sum()
}
