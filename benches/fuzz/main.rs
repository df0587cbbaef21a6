//! A fuzzer: does anything that a client may send end the server, or make it answer that it is itself at fault?
//!
//! `cargo bench --bench fuzz -- [--seconds 600] [--part statements|messages] [--seed N]`, on Linux. Statements are those of
//! `tests/slt` and of the captured clients, with their tokens cut, swapped and replaced; messages are those of the protocol
//! scripts of `tests/wire`, with their bytes cut and changed, over a socket. A round has a seed, which makes it all.
//!
//! What is found is printed with the seed of its round: a panic, an error XX000, a lost connection, a statement that neither ends
//! nor can be cancelled, a server that is dead, or that takes more memory than it may. `--seed N` runs that round alone; the
//! exit code is 1 if there is anything.
//!
//! | file | what |
//! |---|---|
//! | `watch` | the process that watches: time, memory, and the death of the other one |
//! | `rounds` | the process that serves and asks: one round after the other |
//! | `corpus` | what is known to be right |
//! | `statements` | rounds of statements |
//! | `messages` | rounds of messages |
//! | `client` | a client that takes any answer |

mod client;
mod corpus;
#[expect(clippy::unwrap_used, reason = "it is a part of the tests")]
#[path = "../../tests/suite/wire/scripts/frontend.rs"]
mod frontend;
mod messages;
mod rounds;
mod statements;
#[path = "../process/status.rs"]
mod status;
mod watch;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Debug, Parser)]
struct Options {
    /// How long to go on
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// One part alone
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// One round alone
    #[arg(long)]
    seed: Option<u64>,
    /// The first of all rounds; a number of the time unless it is given
    #[arg(long)]
    from: Option<u64>,
    /// Rounds that the process that serves runs, from this one on
    #[arg(long, hide = true)]
    serve_from: Option<u64>,
    /// What cargo adds
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Statements,
    Messages,
}

impl Part {
    /// What a round is about: four of five are about statements, where one alone isn't asked for.
    fn of(seed: u64, only: Option<Self>) -> Self {
        only.unwrap_or(if seed.is_multiple_of(5) { Self::Messages } else { Self::Statements })
    }
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    match options.serve_from {
        Some(seed) => rounds::run(&options, seed),
        None => watch::run(&options),
    }
}
