//! `journeydb sql`: statements from the command line or a file.

use std::path::PathBuf;

use clap::Args;

use journeydb::{Error, Result};

use super::copy::Input;
use super::exit::Exit;
use super::output::{Form, Printer, Stdout};
use super::target::Target;

/// Run SQL statements and print what they give
///
/// The statements run one after the other, each for itself; the first error ends the command.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb sql 'SELECT account_id, ppp FROM ppp_account ORDER BY ppp DESC LIMIT 5'
  journeydb sql --format csv 'SELECT * FROM conversion' > conversion.csv
  journeydb sql 'COPY (SELECT * FROM ppp_account) TO STDOUT WITH (FORMAT csv, HEADER)' > ppp.csv
  journeydb sql --file views.sql --url postgres://127.0.0.1:5433/journeydb")]
pub struct Sql {
    /// The statements, separated by semicolons
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    statements: Option<String>,

    /// Take the statements from a file
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    #[command(flatten)]
    target: Target,

    /// Form of the output
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
}

/// Runs the command.
pub async fn run(command: Sql) -> Result<Exit> {
    let statements = match (command.statements, &command.file) {
        (Some(statements), _) => statements,
        (None, Some(file)) => std::fs::read_to_string(file).map_err(|error| {
            let error = Error::from(error);
            Error::new(error.state(), format!("{}: {}", file.display(), error.message()))
        })?,
        (None, None) => String::new(),
    };
    let connection = command.target.connect().await?;
    connection.run(&statements, Input::Stdin, &mut Printer::new(Stdout::new(), command.format)).await?;
    Ok(Exit::Success)
}
