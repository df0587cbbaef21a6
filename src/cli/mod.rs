//! The `journeydb` command: one file or folder per subcommand, and what they share.
//!
//! | file | what |
//! |---|---|
//! | `command` | the subcommands and their dispatch |
//! | `serve` | the server |
//! | `demo`, `layers` | a simulated company, and its KPIs |
//! | `load` | files into a table |
//! | `sql`, `shell` | statements from the command line, a file or a prompt |
//! | `user` | who may connect |
//! | `cert` | a certificate to begin with |
//! | `logging` | what is logged, and how |
//! | `allocator` | where memory comes from, and when it goes back |
//! | `memory` | how much memory a database may take |
//! | `target` | the folder or the server that a command works on |
//! | `tls` | encryption of the connection to a server |
//! | `query` | runs statements and prints their results |
//! | `copy` | COPY from standard input and to standard output |
//! | `output` | tables, CSV and JSON |
//! | `exit` | exit codes |

mod allocator;
mod cert;
mod command;
mod copy;
mod demo;
mod exit;
mod layers;
mod load;
mod logging;
mod memory;
mod output;
mod query;
mod serve;
mod shell;
mod sql;
mod target;
mod tls;
mod user;

pub use allocator::give_back_soon;
pub use command::{Cli, run};
