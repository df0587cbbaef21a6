//! Tables on disk: each one a Delta table of its own, in a folder that one process holds.
//!
//! | file | what it is for |
//! |---|---|
//! | `disk`, `files`, `store` | writes that are durable when they return: the operations, the protocol over them, the object store of both |
//! | `home`, `lock`, `sweep` | the database's folder and its catalog records, who holds it, what crashes leave |
//! | `log`, `snapshot`, `staged`, `pending`, `commit` | a table's versions: read, held in memory, prepared, of a block alone, made |
//! | `threads` | what commits run on |
//! | `journal`, `records` | several of them and the catalog's in one commit; the catalog's versions |
//! | `locks` | who may change rows, and who waits for whom |
//! | `schema`, `statistics` | columns and bounds as the Delta log writes them |
//! | `table`, `writer`, `layout`, `rewrite` | one table; its files, written and rewritten; how columns lie in them |
//! | `sorting`, `sorter` | the order that a table keeps its rows in, and who brings them into it |
//! | `owners` | whether a contact belongs to one account, as commits prove it |
//! | `placement` | the check that rows are in the order that their file claims |
//! | `background`, `compaction`, `cleanup` | what goes on behind statements: files are joined, old ones removed |
//! | `scan`, `pinned`, `pruning` | reading a version, with or without the address of each row; what keeps its files; which of them a filter needs |
//! | `ranges`, `merging`, `run_merge` | reading a sorted table in its order: which partition reads which files, and merges which |
//! | `columns`, `column_reader`, `file_bytes`, `column_cache` | where a scan's rows come from: pages of files, whole columns of them, columns kept in memory |
//! | `sequences` | counters whose numbers are given out once |
//! | `memory` | the limit that queries and kept columns share |

mod background;
mod cleanup;
mod column_cache;
mod column_reader;
mod columns;
mod commit;
mod compaction;
mod disk;
mod file_bytes;
mod files;
mod home;
mod journal;
mod layout;
mod lock;
mod locks;
mod log;
mod memory;
mod merging;
mod owners;
mod pending;
mod pinned;
mod placement;
mod pruning;
mod ranges;
mod records;
mod rewrite;
mod run_merge;
mod scan;
mod schema;
mod sequences;
mod snapshot;
mod sorter;
mod sorting;
mod staged;
mod statistics;
mod store;
mod sweep;
mod table;
mod threads;
mod writer;

pub use column_cache::{COLUMN_CACHE, CacheFacts, ColumnCache};
pub use commit::{Commit, Held, Locked, Record};
pub use disk::{Disk, DiskFile, LocalDisk};
pub use home::Home;
pub use journal::CommitFacts;
pub use locks::{Owner, WriteLock};
pub use memory::{Memory, MemoryFacts, StatementMemory};
pub use pending::Pending;
pub use rewrite::RowAddresses;
pub use scan::{FILE, ROW, determined_entity};
pub use sequences::{Sequences, Stand, Steps};
pub use snapshot::{DataFile, Snapshot};
pub use sorting::Sorting;
pub use staged::Staged;
pub use table::Table;
