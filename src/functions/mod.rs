//! The SQL functions: types and NULLs are checked here, formulas are in `stats`.
//!
//! One file per function, in folders by KPI family; a family's `mod.rs` lists its functions and says what degenerate input
//! gives. Every function describes itself in an [`Entry`], from which its signature, its errors, its documentation and
//! `docs/functions.md` come.

mod adapter;
mod conversion;
mod entry;
mod function;
mod levers;
mod lift;
mod satisfaction;
mod span;
mod velocity;
mod window_ends;

pub use entry::{Argument, Column, ColumnKind, Entry, Kind, Returns, sql_name};
pub use function::{Function, aggregates, functions, scalars};
pub(crate) use span::{Span, units_per_second};
pub(crate) use window_ends::WindowEnds;
