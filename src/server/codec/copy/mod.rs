//! Rows as COPY spells them: text, CSV and binary, both ways.
//!
//! | file | what |
//! |---|---|
//! | `writer` | batches to bytes |
//! | `reader` | bytes, cut anywhere, to batches |
//! | `line_rows` | rows of text and CSV |
//! | `lines` | where a line of text or CSV ends |
//! | `fields` | what a line's values are |
//! | `binary` | rows of the binary format, its signature and trailer |
//! | `columns` | the columns that are filled, and where among them an error is |
//! | `values` | the values of a column as they are read |

mod binary;
mod columns;
mod fields;
mod line_rows;
mod lines;
mod reader;
mod values;
mod writer;

pub use reader::CopyReader;
pub use writer::{CopyRows, CopyWriter};
