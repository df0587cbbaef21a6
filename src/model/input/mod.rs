//! Values from text, as Postgres reads them: quoted literals, parameters and COPY in the text format.
//!
//! | file | what |
//! |---|---|
//! | `value` | a value of any type, by its Postgres type |
//! | `array` | array literals |
//! | `calendar`, `temporal` | dates and times: in ISO 8601, in any form |
//! | `interval` | intervals |
//! | `decimal` | exact numbers |
//! | `declared` | texts of a type that is marked on a field: `uuid`, `jsonb`, `varchar(5)` |

mod array;
mod calendar;
pub mod decimal;
mod declared;
mod interval;
pub mod temporal;
mod value;

pub use array::list;
pub use declared::{Fit, fit, fit_text};
pub use value::{boolean, bytea, double, integer, invalid, read, real};
