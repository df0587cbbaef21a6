//! Types of expressions as Postgres gives them, where the engine gives others.
//!
//! | file | what |
//! |---|---|
//! | `plan` | goes over a plan as it comes from SQL: its expressions, then the columns of its nodes anew |
//! | `expression` | integers without a point are `integer`, lengths and ranks are signed, parameters have the type of their cast |
//! | `casts` | texts in casts are read as Postgres reads them, fractions are rounded to integers, `AT TIME ZONE` takes the zone off |
//! | `declared` | texts become what `uuid`, `jsonb` and `varchar(5)` take, in casts and on their way to columns |
//! | `text_of` | casts to text, and what `\|\|` and `concat` make of values, give what Postgres prints |
//! | `operators` | quoted literals and parameters beside `+`, `-`, `*`, `/` and `%`, and beside booleans, take the type that the other side asks for |
//! | `literals` | literals take the type of what they are compared with |
//! | `unions` | and in UNION, of the other branches |
//! | `functions` | those that the engine lacks or takes otherwise: `octet_length`, `to_char` |
//! | `json` | JSON taken apart: `->`, `#>>`, `@>`, `jsonb_typeof` |
//! | `interval_scale`, `similar` | `interval * 2` and `SIMILAR TO` |
//!
//! Clients decode by type: a driver that reads `SELECT 1` as an `int4` fails on anything else.

mod casts;
mod declared;
mod expression;
mod functions;
mod interval_scale;
mod json;
mod literals;
mod octet_length;
mod operators;
mod plan;
mod similar;
mod text_of;
mod to_char;
mod unions;

pub(super) use casts::ANY_NUMERIC;
pub use declared::as_column;
pub(super) use functions::function;
pub use operators::UnknownOperands;
pub(super) use plan::{as_in_postgres, as_in_postgres_alone};
