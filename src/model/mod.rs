//! The words of the domain, the Arrow schemas of the journey tables, values from text and as text.

mod any_order;
mod codes;
mod determined;
mod dialect;
pub mod input;
mod interval_length;
pub mod json;
mod marked;
mod order;
pub mod output;
mod tables;
pub mod text_forms;
pub mod type_functions;
mod types;

pub use any_order::AnyOrder;
pub use codes::AsCodes;
pub use determined::Determined;
pub use dialect::Postgres;
pub use input::{invalid, list, read};
pub use interval_length::{LENGTH_DIGITS, interval_length};
pub use marked::{
    LENGTH_HEADER, PG_TYPE_KEY, array_of, element_of, mark, marked, marked_array, marked_type, with_mark_of,
};
pub use order::order_of;
pub use tables::{Column, SCHEMA_SQL, TableDefinition, journey_tables};
pub use types::{column_type, instant, stored_field, text_type};
