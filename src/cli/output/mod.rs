//! What commands print: results as tables, CSV or JSON.
//!
//! | file | what |
//! |---|---|
//! | `printer` | rows in, one of the forms out |
//! | `table` | aligned columns, as psql prints them |
//! | `stdout` | standard output that a reader may close early |

mod printer;
mod stdout;
mod table;

pub use printer::{Column, Form, Kind, Printer};
pub use stdout::{Stdout, say};
