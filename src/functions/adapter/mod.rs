//! Between Arrow and the formulas: arguments in, states back and forth, answers out. Written once for all functions.
//!
//! A function names its [`Entry`](super::Entry) and says how one row enters and how the answer is read off. From that
//! `aggregate` makes the DataFusion function, whose ungrouped, grouped, windowed and distributed runs share one state
//! (`states`) and one merge; `scalar` does the like for functions of one row, `sequence` for aggregates that read rows in the
//! order of time.

mod accumulators;
mod aggregate;
mod arguments;
mod columns;
mod groups;
mod scalar;
pub(super) mod sequence;
mod states;

pub(super) use aggregate::{Aggregate, aggregate};
pub(super) use arguments::{Constants, Row};
pub(super) use columns::Writer;
pub(super) use scalar::{Scalar, scalar};
