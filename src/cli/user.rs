//! `journeydb user`: who may connect.

use std::io::IsTerminal;

use clap::{Args, Subcommand, ValueEnum};

use journeydb::{Error, Result, SqlState};

use super::copy::Input;
use super::exit::Exit;
use super::output::{Form, Printer, Stdout};
use super::target::Target;

/// Add, list and remove users
///
/// As long as a database has no users, whoever reaches its server owns it. With the first user, who must be an owner,
/// everybody needs a password. A password is asked for at the terminal, or is the first line of standard input; it is never
/// an argument, and what is kept of it can't be turned back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb user add anna --role owner
  journeydb user add dashboards --role reader < password.txt
  journeydb user list --url postgres://anna@127.0.0.1:5433/journeydb   (with the password in PGPASSWORD)")]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a user
    Add {
        /// The name to connect with
        name: String,

        /// What the user may do: read, also write rows, or everything
        #[arg(long, value_enum, default_value = "reader")]
        role: Role,

        #[command(flatten)]
        target: Target,
    },
    /// Give a user another password
    Passwd(Named),
    /// Remove a user, with all that was granted to it
    Remove(Named),
    /// Show the users and their roles
    List {
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Args)]
struct Named {
    /// Whose
    name: String,

    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    Reader,
    Writer,
    Owner,
}

const LIST: &str = "SELECT u.rolname AS user, g.rolname AS role, u.rolpassword IS NOT NULL AS has_password, \
                    u.rolvaliduntil AS valid_until \
                    FROM pg_authid u LEFT JOIN pg_auth_members m ON m.member = u.oid LEFT JOIN pg_roles g ON g.oid = m.roleid \
                    WHERE u.rolcanlogin ORDER BY 1, 2";

/// Runs the command.
pub async fn run(command: User) -> Result<Exit> {
    match command.action {
        Action::Add { name, role, target } => {
            let role = match role {
                Role::Reader => "reader",
                Role::Writer => "writer",
                Role::Owner => "owner",
            };
            let connection = target.connect().await?;
            let statement = format!("CREATE USER {} PASSWORD '{}' IN ROLE {role}", quoted(&name), verifier().await?);
            connection.execute(&statement).await?;
        }
        Action::Passwd(Named { name, target }) => {
            let connection = target.connect().await?;
            connection.execute(&format!("ALTER USER {} PASSWORD '{}'", quoted(&name), verifier().await?)).await?;
        }
        Action::Remove(Named { name, target }) => {
            target.connect().await?.execute(&format!("DROP USER {}", quoted(&name))).await?;
        }
        Action::List { target } => {
            let printer = &mut Printer::new(Stdout::new(), Form::Table);
            target.connect().await?.run(LIST, Input::Statements, printer).await?;
        }
    }
    Ok(Exit::Success)
}

/// What is kept of a password, which is all that leaves this process.
async fn verifier() -> Result<String> {
    let password = tokio::task::spawn_blocking(password);
    let password = password.await.map_err(|error| Error::internal(format!("the prompt stopped: {error}")))??;
    if password.is_empty() {
        return Err(Error::new(SqlState::InvalidPassword, "an empty password is none"));
    }
    Ok(postgres_protocol::password::scram_sha_256(password.as_bytes()))
}

/// Asked for twice where somebody types it without seeing it.
fn password() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\n', '\r']).to_owned());
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Again: ")? != password {
        return Err(Error::new(SqlState::InvalidPassword, "the passwords differ"));
    }
    Ok(password)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
