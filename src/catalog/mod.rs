//! What names mean: schemas, tables and views, their persisted record, and how a statement finds them.

mod access;
mod admission;
mod block;
mod column_types;
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
mod roles;
mod session_catalog;
mod shipped;
mod store;
mod verifier;

pub use access::{Access, Privilege};
pub use block::Block;
pub use contents::Contents;
pub use identifier::fold;
pub use output_names::{name_outputs, output_names};
pub use record::{Body, Check, RelationRecord, SHIPPED_SCHEMAS, SchemaRecord, View};
pub use resolver::{DATABASE, Resolver, SystemSchemas};
pub use roles::{JOURNEYDB, PUBLIC, Role, Roles};
pub use session_catalog::{OnCommit, PG_TEMP, SessionCatalog, searched};
pub use shipped::{ship, ship_table, shipped_view};
pub use store::{Catalog, Moment, State};
pub use verifier::{Keys, Verifier};
