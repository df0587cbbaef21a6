//! JourneyDB: an embedded analytical database for customer journeys.

pub mod config;
pub mod demo;
pub mod error;
pub mod model;
mod outcome;
pub mod server;
mod session;
mod statements;
pub mod stats;
pub mod storage;

pub use error::{Error, Result, SqlState};
pub use outcome::{Outcome, Prepared, Tag};
pub use session::{Database, Session, TransactionStatus};
pub use statements::Statement;
