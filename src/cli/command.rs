//! The subcommands and their dispatch.

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use journeydb::Result;

use super::exit::Exit;
use super::{cert, demo, load, serve, shell, sql, user};

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
    log(match cli.command {
        Command::Serve(_) => "warn,journeydb=info",
        _ => "warn",
    });
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

/// Logs to standard error what RUST_LOG asks for, or else this level.
fn log(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
