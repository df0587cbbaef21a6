//! One file per kind of statement: what it does to the session, the catalog and the tables.

mod statement;

pub use statement::Statement;
