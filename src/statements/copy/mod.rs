//! COPY: rows out of a table or a query, and rows into a table, as a stream of bytes.
//!
//! | file | what |
//! |---|---|
//! | `parse` | the grammar of PostgreSQL 15, in its three generations |
//! | `options` | what the options mean, and which go together |
//! | `plan` | what is copied: columns, rows, and the commit at the end |
//!
//! How rows are spelled in bytes is for who moves the bytes: `server`.

mod options;
mod parse;
mod plan;

pub use options::{Chosen, CopyFormat, CopyHeader, CopyOptions};
pub use parse::CopyDirection;
pub(crate) use parse::CopyStatement;
pub(super) use parse::parse;
pub(crate) use plan::append;
pub use plan::{CopyIn, CopyOut};
pub(super) use plan::{run, target};
