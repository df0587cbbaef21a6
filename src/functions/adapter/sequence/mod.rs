//! Aggregates that read a group's rows in the order of time.
//!
//! | module | does |
//! |---|---|
//! | `aggregate` | makes a DataFusion aggregate of an entry and a kernel |
//! | `call` | what a call says once for all rows, and where its columns are |
//! | `rows` | what is kept of rows, and how it travels between partitions |
//! | `order` | puts the rows of a group into the order of time |
//! | `whole`, `groups` | run the kernel on all rows, and on each of many groups |
//!
//! The state is the rows themselves: time, mask of conditions, and a value where the answer is one. A merge appends them,
//! and sorting waits for the answer, so neither their order nor their spread over partitions matters. Rows of one time are
//! sorted by their mask, then by their value: what is still equal is the same row to every kernel.

mod aggregate;
mod call;
mod groups;
mod order;
mod rows;
mod whole;

pub(in crate::functions) use aggregate::{Kernel, SequenceAggregate, sequence_aggregate};
pub(in crate::functions) use call::Call;
pub(in crate::functions) use order::Ordered;
