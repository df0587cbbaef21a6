//! The subcommands and their dispatch.

use clap::{Parser, Subcommand};

use journeydb::Result;

use super::exit::Exit;
use super::{load, shell, sql};

/// An embedded analytical database for customer journeys that any Postgres client can query
#[derive(Debug, Parser)]
#[command(name = "journeydb", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Load(load::Load),
    Sql(sql::Sql),
    Shell(shell::Shell),
}

/// Runs a command.
pub async fn run(cli: Cli) -> Result<Exit> {
    match cli.command {
        Command::Load(command) => load::run(command).await,
        Command::Sql(command) => sql::run(command).await,
        Command::Shell(command) => shell::run(command).await,
    }
}
