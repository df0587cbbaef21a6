//! JourneyDB: an embedded analytical database for customer journeys.

mod activity;
mod catalog;
pub mod config;
mod database;
pub mod demo;
mod engine;
pub mod error;
pub mod functions;
pub mod model;
mod operators;
mod outcome;
mod register;
pub mod relations;
pub mod rules;
pub mod sequence;
pub mod server;
mod session;
mod statements;
pub mod stats;
pub mod storage;
mod workers;

pub use database::Database;
pub use error::{Error, Result, SqlState};
pub use outcome::{Notice, Notification, Outcome, Prepared, Severity, Tag};
pub use register::register;
pub use session::Session;
pub use statements::{
    Chosen, CopyDirection, CopyFormat, CopyHeader, CopyIn, CopyOptions, CopyOut, Statement, TransactionStatus,
};
