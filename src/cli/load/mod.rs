//! `journeydb load`: how rows get from files into a table.
//!
//! | file | what |
//! |---|---|
//! | `command` | the flags, and the order of things |
//! | `files` | patterns, formats, opening |
//! | `csv`, `json`, `parquet` | one format each: a [`chunk::Source`] |
//! | `chunk` | rows as a file gave them, and where each came from |
//! | `mapping` | which field feeds which column |
//! | `infer` | the table that `--create` makes |
//! | `fit` | values into the columns' types |
//! | `intake` | the reading thread, and what is set aside |
//! | `rejects` | where refused rows are kept |
//! | `destination` | the commit, or the INSERTs of a server |

mod chunk;
mod command;
mod csv;
mod destination;
mod files;
mod fit;
mod infer;
mod intake;
mod json;
mod limits;
mod mapping;
mod parquet;
mod rejects;
mod sql_type;

pub use command::{Load, run};
