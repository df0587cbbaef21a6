//! What each kind of statement does to the session, the catalog and the tables: one file per kind.

mod analyze;
mod commands;
mod constraints;
mod context;
mod cursor;
mod cursors;
mod dispatch;
mod explain;
mod insert;
mod names;
mod objects;
mod portal;
mod prepared;
mod query;
mod schemas;
mod settings;
mod spool;
mod statement;
mod syntax;
mod tables;
mod transaction;
mod vacuum;
mod views;
mod write;

pub(crate) use commands::as_of_now;
pub(crate) use constraints::Constraints;
pub(crate) use context::Context;
pub(crate) use dispatch::{execute, prepare, run};
pub(crate) use objects::SessionObjects;
pub(crate) use portal::{Portal, Portals};
pub(crate) use prepared::{PreparedStatement, PreparedStatements};
pub use statement::Statement;
pub(crate) use transaction::Transaction;
pub use transaction::TransactionStatus;
pub(crate) use write::append;
