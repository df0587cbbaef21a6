//! What names mean: schemas, tables and views, their persisted record, and how a statement finds them.

mod block;
mod contents;
mod distinct_outputs;
mod field_access;
mod identifier;
mod like_escape;
mod merge;
mod output_names;
pub mod postgres;
mod record;
mod refused;
mod resolver;
mod shipped;
mod store;

pub use block::Block;
pub use contents::Contents;
pub use identifier::fold;
pub use output_names::{name_outputs, output_names};
pub use record::{Body, Check, RelationRecord, SchemaRecord, View};
pub use resolver::{DATABASE, Resolver, SystemSchemas};
pub use shipped::{ship, ship_table, shipped_view};
pub use store::{Catalog, Moment};
