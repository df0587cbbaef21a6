//! What each kind of statement does to the session, the catalog and the tables: one file per kind.

mod constraints;
mod context;
mod dispatch;
mod explain;
mod insert;
mod names;
mod query;
mod schemas;
mod settings;
mod statement;
mod tables;
mod transaction;
mod vacuum;
mod views;
mod write;

pub(crate) use constraints::Constraints;
pub(crate) use context::Context;
pub(crate) use dispatch::{execute, prepare};
pub use statement::Statement;
pub(crate) use transaction::Transaction;
pub use transaction::TransactionStatus;
pub(crate) use write::append;
