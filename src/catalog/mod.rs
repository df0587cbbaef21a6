//! What names mean: schemas, tables and views, their persisted record, and how a statement finds them.

mod access;
mod admission;
mod block;
mod column_types;
mod contents;
mod distinct_outputs;
mod field_access;
mod function_names;
mod hidden_names;
mod identifier;
mod lenient;
mod like_escape;
mod literal_arguments;
mod merge;
mod merged_columns;
mod nested_outputs;
mod output_names;
mod parameters;
pub mod postgres;
mod record;
mod refused;
mod resolver;
mod roles;
mod row_comparisons;
mod sequence_relation;
mod sequences;
mod series;
mod session_catalog;
mod shipped;
mod spelling;
mod store;
mod typing;
mod verifier;
mod windows;

pub use access::{Access, Privilege};
pub use block::Block;
pub use contents::Contents;
pub use identifier::fold;
pub use output_names::{name_outputs, output_names};
pub use parameters::{MOST_PARAMETERS, parameter_index, parameter_place};
pub use record::{
    Body, Check, Key, KeyKind, OnChange, Record, Reference, RelationRecord, Restart, SHIPPED_SCHEMAS, SchemaRecord,
    Sequence, View,
};
pub use resolver::{DATABASE, Resolver, SystemSchemas};
pub use roles::{JOURNEYDB, PUBLIC, Role, Roles};
pub use sequences::SessionSequences;
pub use session_catalog::{OnCommit, PG_TEMP, SessionCatalog, searched};
pub use shipped::{ship, ship_table, shipped_view};
pub use store::{Catalog, Moment, State};
pub use typing::{UnknownOperands, as_column};
pub use verifier::{Keys, Verifier};
