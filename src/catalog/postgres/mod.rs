//! The database as a Postgres client sees it: `pg_catalog`, `information_schema` and the functions that go with them.
//!
//! | file | what it holds |
//! |---|---|
//! | `listing` | the contents of the catalog as plain data, with stable OIDs |
//! | `function_entry` | functions, as the catalog hands them in |
//! | `keys` | the keys of tables as indexes and constraints |
//! | `hashed_oids` | OIDs of what the catalog keeps none for |
//! | `types` | the Postgres types, and which one an Arrow type shows as |
//! | `type_functions` | the functions behind types, as listings show them |
//! | `relations` | the system relations and their columns |
//! | `references` | foreign keys |
//! | `provider` | both schemas as DataFusion sees them; rows are computed at each scan |
//! | `rows` | the rows of each system relation |
//! | `functions` | the system functions: `version()`, `pg_get_viewdef()`, `current_setting()`, ... |
//! | `arguments` | what functions take, for parameters among their arguments |
//! | `keywords` | the words of SQL and what they may name |
//! | `signatures` | SQL functions as `\df` lists them |
//! | `unbound` | a database and a session to plan with where there is none |
//! | `adapt` | catalog statements brought into the SQL DataFusion plans; user statements are never touched |
//! | `correlated` | subqueries over system relations that DataFusion can't decorrelate, evaluated row by row |
//!
//! Everything is derived from a [`Listing`], asked for at the moment of use: nothing here is stored or can go stale.
//! A system relation without rows of ours (`pg_trigger`, `pg_inherits`, ...) is in `relations` alone, and stays empty.

mod adapt;
mod arguments;
mod correlated;
mod function_entry;
mod functions;
mod hashed_oids;
mod keys;
mod keywords;
mod listing;
mod provider;
mod references;
mod relations;
mod rows;
mod signatures;
mod type_functions;
mod types;
mod unbound;

#[cfg(test)]
mod clients;

pub use adapt::{adapt, is_catalog_statement, is_oid};
pub use arguments::{ArgumentTypes, argument_types};
pub use correlated::EvaluateCorrelated;
pub use functions::{
    AdvisoryKey, AdvisoryMode, CursorFacts, PreparedFacts, SessionFacts, functions, quote_identifier,
    system_function_entries,
};
pub use keywords::Keywords;
pub use listing::{ColumnEntry, FunctionEntry, Listing, RelationEntry, RelationKind, SchemaEntry, Source};
pub use provider::{information_schema, pg_catalog};
pub use relations::is_secret;
pub use rows::Absent;
pub use signatures::{function_entries, table_function_entries};
pub use types::{ColumnType, TEXT as TEXT_OID, type_oid};
pub use unbound::unbound;
