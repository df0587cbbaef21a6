//! Arrow values as Postgres writes them.
//!
//! | file | what |
//! |---|---|
//! | `types` | the one table from Arrow types to Postgres types, and to the few Arrow types the others write |
//! | `column` | one column of a batch, cast to the layout it is written in |
//! | `text` | a value as text |
//! | `datetime` | dates, times and intervals as text |

mod column;
mod datetime;
pub mod text;
mod types;

pub use column::{Column, Values};
pub use text::is_vector;
pub use types::ColumnType;
