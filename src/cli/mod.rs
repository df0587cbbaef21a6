//! The `journeydb` command: one file or folder per subcommand, and what they share.
//!
//! | file | what |
//! |---|---|
//! | `command` | the subcommands and their dispatch |
//! | `serve` | the server |
//! | `demo`, `layers` | a simulated company, and its KPIs |
//! | `load` | files into a table |
//! | `sql`, `shell` | statements from the command line, a file or a prompt |
//! | `memory` | how much memory a database may take |
//! | `target` | the folder or the server that a command works on |
//! | `query` | runs statements and prints their results |
//! | `copy` | COPY from standard input and to standard output |
//! | `output` | tables, CSV and JSON |
//! | `exit` | exit codes |

mod command;
mod copy;
mod demo;
mod exit;
mod layers;
mod load;
mod memory;
mod output;
mod query;
mod serve;
mod shell;
mod sql;
mod target;

pub use command::{Cli, run};
