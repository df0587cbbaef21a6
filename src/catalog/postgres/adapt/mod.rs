//! Brings catalog statements, and no others, into the SQL that DataFusion plans.
//!
//! Clients ask `pg_catalog` in Postgres' own dialect: qualified functions and operators, casts to object identifiers,
//! `ARRAY(SELECT ..)`. Which statements are concerned is decided by the names they resolve to, never by their text.
//!
//! | file | what it holds |
//! |---|---|
//! | `any` | arrays written as text, after ANY and ALL |
//! | `reference` | which statements are catalog statements |
//! | `rewrite` | the rewriting |
//! | `system_types` | types that only catalogs use, and what stands for them |
//! | `vacant` | selects that read relations without rows |
//! | `column_names` | the names Postgres gives to computed columns |

mod any;
mod column_names;
mod reference;
mod rewrite;
mod system_types;
mod vacant;

pub use reference::is_catalog_statement;
pub use rewrite::adapt;
pub use system_types::is_oid;
