//! Every integration test, in one binary: each test binary links the whole engine, so a module here costs seconds less
//! than a file beside this folder. One module per subject; `cargo test --test suite <module>` runs one.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop where it is")]

mod architecture;
mod cancellation;
mod catalog;
mod cli;
mod column_types;
mod columns;
mod copy;
mod count_distinct;
mod crash;
mod customers;
mod docs;
mod explain;
mod functions;
mod kept;
mod memory;
mod merge;
mod overflow;
mod plain_utc;
mod privileges;
mod quantiles;
mod read_once;
mod readme;
mod real_data;
mod relations;
mod server_files;
mod session;
mod slt;
mod sorted;
mod statements;
mod storage;
mod temporary;
mod transactions;
mod traps;
mod wire;
