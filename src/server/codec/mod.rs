//! Arrow values as Postgres writes them, and Postgres parameters as Arrow values.
//!
//! | file | what |
//! |---|---|
//! | `types` | the one table from Arrow types to Postgres types, and to the few Arrow types the others write |
//! | `column` | one column of a batch, cast to its wire form |
//! | `text` | a value in the text format |
//! | `binary` | a value in the binary format |
//! | `datetime` | dates, times and intervals as text |
//! | `vectors` | the tests: PostgreSQL's own output for every type |
//! | `parameter` | the type of a parameter, and its value; text is read by `model::read` |
//! | `binary_parameter`, `array_parameter` | values and arrays of the binary format |
//! | `copy` | rows as COPY spells them |

mod array_parameter;
mod binary;
mod binary_parameter;
mod column;
mod copy;
mod datetime;
mod parameter;
mod text;
mod types;
#[cfg(test)]
mod vectors;

pub(super) use column::Column;
pub use copy::{CopyReader, CopyRows, CopyWriter};
pub(super) use parameter::{Format, ParameterType, hint};
pub(super) use types::ColumnType;
