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
//! | `functions` | those that the engine lacks or takes otherwise: `octet_length`, `to_char`, `age`, `justify_days` |
//! | `date_part`, `interval_order`, `frames` | `extract` keeps fractions, intervals are compared by their length, in frames too |
//! | `precision`, `regular` | `timestamp(0)`, regular expressions and what replaces by them |
//! | `coalesce` | what is quoted takes the type of the others |
//! | `doubles` | which numbers are doubles to Postgres too, and round to even |
//! | `json` | JSON taken apart and put together: `->`, `#>>`, `@>`, `\|\|`, `jsonb_typeof` |
//! | `interval_scale`, `similar` | `interval * 2` and `SIMILAR TO` |
//!
//! Clients decode by type: a driver that reads `SELECT 1` as an `int4` fails on anything else.

mod age;
mod casts;
mod coalesce;
mod date_part;
mod declared;
mod doubles;
mod expression;
mod frames;
mod functions;
mod interval_order;
mod interval_scale;
mod json;
mod literals;
mod octet_length;
mod operators;
mod plan;
mod precision;
mod regular;
mod similar;
mod text_of;
mod to_char;
mod unions;

pub(super) use casts::ANY_NUMERIC;
pub use declared::as_column;
pub(super) use functions::function;
pub use operators::UnknownOperands;
pub(super) use plan::{as_in_postgres, as_in_postgres_alone};
pub(super) use precision::PRECISION;
pub(super) use regular::SUBSTRING;
