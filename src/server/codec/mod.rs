//! Arrow values as Postgres writes them, and Postgres parameters as Arrow values.
//!
//! | file | what |
//! |---|---|
//! | `field` | a value as a field of a row; `model::output` writes it in the text format |
//! | `binary` | a value in the binary format |
//! | `vectors` | the tests: PostgreSQL's own output for every type |
//! | `parameter` | the type of a parameter, and its value; text is read by `model::read` |
//! | `binary_parameter`, `array_parameter` | values and arrays of the binary format |
//! | `copy` | rows as COPY spells them |

mod array_parameter;
mod binary;
mod binary_parameter;
mod copy;
mod field;
mod parameter;
#[cfg(test)]
mod vectors;

pub use copy::{CopyReader, CopyRows, CopyWriter};
pub(super) use field::write_field;
pub(super) use parameter::{Format, ParameterType, hint};
