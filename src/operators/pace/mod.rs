//! Keeps a query from holding its thread: the engine's tasks are cancelled, and others served, only where a stream says
//! "not now", and a join may work for minutes without ever asking its inputs for more.
//!
//! [`PaceExec`] stands at three places, put there by `rules::PaceStreams`:
//!
//! ```text
//!   consumer                      an aggregate, say: loops for as long as its input has rows
//!     PaceExec                    passes batches on; after 2 ms without a pause it makes one
//!       NestedLoopJoinExec        compares every row of a probe batch with the whole build side before it looks up
//!         PaceExec: once          may be read once: exchanges below panic when the engine reads them again for want of memory
//!           (build side)
//!         PaceExec: sliced        cuts batches so that the work on one slice takes about 100 ms, and pauses the same way
//!           (probe side)
//! ```

mod exec;
mod stream;

pub use exec::PaceExec;
