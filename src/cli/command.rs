//! The subcommands and their dispatch.

use clap::{Parser, Subcommand};

use journeydb::Result;

use super::exit::Exit;
use super::{cert, demo, load, logging, serve, shell, sql, user};

/// An embedded analytical database for customer journeys that any Postgres client can query
#[derive(Debug, Parser)]
#[command(name = "journeydb", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Simulate),
    Load(load::Load),
    Sql(sql::Sql),
    Shell(shell::Shell),
    User(user::User),
    Cert(cert::Cert),
}

/// Runs a command.
pub async fn run(cli: Cli) -> Result<Exit> {
    match &cli.command {
        Command::Serve(command) => command.logging.start(),
        _ => logging::start_with_warnings(),
    }
    match cli.command {
        Command::Serve(command) => serve::run(command).await,
        Command::Demo(command) => demo::run(command).await,
        Command::Load(command) => load::run(command).await,
        Command::Sql(command) => sql::run(command).await,
        Command::Shell(command) => shell::run(command).await,
        Command::User(command) => user::run(command).await,
        Command::Cert(command) => cert::run(command),
    }
}
