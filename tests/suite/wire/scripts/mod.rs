//! Protocol scripts: what a client sends, message by message, and what PostgreSQL 15 answers.
//!
//! | file | what |
//! |---|---|
//! | `file` | a script as text: parsed, and written again with what a server answered |
//! | `run` | a script's steps against a server |
//! | `connection` | a connection that sends and reads single messages |
//! | `frontend`, `backend` | messages of the client from JSON, messages of the server to JSON |
//! | `tests` | every file of `tests/wire`, here or against a PostgreSQL |
//!
//! A script has steps, parted by blank lines; lines that start with `#` say what for.
//!
//! ```text
//! connect @b {"application_name":"other"}     a connection beside the first one, with its startup parameters
//! send                                        messages, one per line: a name and its fields as JSON
//! until ReadyForQuery                         reads up to messages of these kinds, in their order
//! cancel @b                                   asks the server to cancel what a connection is doing
//! ```
//!
//! `@b` after a step's word says which connection; without it, the one that is there from the start. `<<x*1000>>` in a
//! message stands for a thousand `x`. What is read is listed after `----`, as PostgreSQL 15 sent it. Where JourneyDB
//! means to answer otherwise, `---- here: <reason>` follows with its answer; both are tested, the second only here.

mod backend;
mod connection;
mod file;
mod frontend;
mod run;
mod tests;
