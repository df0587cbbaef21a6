//! `journeydb shell`: statements at a prompt.

use clap::Args;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Completer, Editor, Helper, Highlighter, Hinter};

use journeydb::{Error, Result, SqlState};

use super::copy::Input as Rows;
use super::exit::Exit;
use super::output::{Form, Printer, Stdout, say};
use super::target::{Connection, Target};

/// Type SQL at a prompt
///
/// A statement ends with a semicolon and may span lines. \? lists the commands of the prompt. Ctrl-C stops a running
/// statement, Ctrl-D leaves.
#[derive(Debug, Args)]
#[command(visible_alias = "repl")]
pub struct Shell {
    #[command(flatten)]
    target: Target,
}

const HELP: &str = "\\dt        tables
\\dv        views
\\df        functions
\\d NAME    columns of a table or view
\\q         leave, as does Ctrl-D
Statements end with a semicolon; Ctrl-C stops one that runs.";

/// Runs the command.
pub async fn run(command: Shell) -> Result<Exit> {
    let connection = command.target.connect().await?;
    let history = std::env::home_dir().map(|home| home.join(".journeydb_history"));
    let mut editor = Editor::<Statements, FileHistory>::new().map_err(|error| terminal(&error))?;
    editor.set_helper(Some(Statements));
    if let Some(file) = &history {
        // The first session has no history to load.
        editor.load_history(file).ok();
    }
    loop {
        let line;
        (editor, line) = tokio::task::spawn_blocking(move || {
            let line = editor.readline("journeydb=> ");
            (editor, line)
        })
        .await
        .map_err(|error| Error::internal(format!("the prompt stopped: {error}")))?;
        let line = match line {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(terminal(&error)),
        };
        if line.trim().is_empty() {
            continue;
        }
        editor.add_history_entry(line.as_str()).map_err(|error| terminal(&error))?;
        match Input::of(&line) {
            Input::Leave => break,
            Input::Help => say(HELP),
            Input::Unknown(command) => say(format_args!("unknown command {command}; \\? lists them")),
            Input::Sql(sql) => answer(&connection, &sql).await,
        }
    }
    if let Some(file) = &history
        && let Err(error) = editor.save_history(file)
    {
        tracing::warn!("the history is not kept in {}: {error}", file.display());
    }
    Ok(Exit::Success)
}

/// Runs statements and prints their results or their error; Ctrl-C stops them.
async fn answer(connection: &Connection, sql: &str) {
    let mut printer = Printer::new(Stdout::new(), Form::Table);
    let result = tokio::select! {
        result = connection.run(sql, Rows::Statements, &mut printer) => result,
        _ = tokio::signal::ctrl_c() => {
            say("stopped");
            connection.cancel().await
        }
    };
    if let Err(error) = result {
        say(format_args!("error: {}", error.message()));
        if let Some(detail) = error.detail() {
            say(format_args!("detail: {detail}"));
        }
        if let Some(context) = error.context() {
            say(format_args!("context: {context}"));
        }
        if let Some(hint) = error.hint() {
            say(format_args!("hint: {hint}"));
        }
    }
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Input {
    Leave,
    Help,
    Unknown(String),
    Sql(String),
}

impl Input {
    fn of(line: &str) -> Self {
        let line = line.trim();
        if !line.starts_with('\\') {
            return Self::Sql(line.to_owned());
        }
        let line = line.trim_end_matches(';').trim_end();
        let (command, name) = line.split_once(char::is_whitespace).map_or((line, ""), |(c, name)| (c, name.trim()));
        match (command, name) {
            ("\\q", _) => Self::Leave,
            ("\\?" | "\\h", _) => Self::Help,
            ("\\dt" | "\\d", "") => Self::Sql(relations("BASE TABLE")),
            ("\\dv", "") => Self::Sql(relations("VIEW")),
            ("\\df", "") => Self::Sql(
                "SELECT DISTINCT routine_name AS name FROM information_schema.routines \
                 WHERE routine_schema <> 'pg_catalog' ORDER BY 1"
                    .to_owned(),
            ),
            ("\\d", name) => Self::Sql(columns(name)),
            _ => Self::Unknown(command.to_owned()),
        }
    }
}

fn relations(kind: &str) -> String {
    format!(
        "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables \
         WHERE table_type = '{kind}' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    )
}

fn columns(name: &str) -> String {
    let literal = |text: &str| text.trim_matches('"').replace('\'', "''");
    let (schema, table) = match name.split_once('.') {
        Some((schema, table)) => (format!("AND table_schema = '{}' ", literal(schema)), table),
        None => (String::new(), name),
    };
    format!(
        "SELECT table_schema AS schema, column_name AS column, data_type AS type, is_nullable AS nullable \
         FROM information_schema.columns WHERE table_name = '{}' {schema}ORDER BY table_schema, ordinal_position",
        literal(table)
    )
}

/// Tells the editor where a statement ends, so that one that spans lines is edited and remembered as one.
#[derive(Completer, Helper, Highlighter, Hinter)]
struct Statements;

impl Validator for Statements {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let ended = is_ended(context.input());
        Ok(if ended { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

/// Whether the text ends with a semicolon that stands in no string or comment, or is no SQL.
fn is_ended(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.starts_with('\\') {
        return true;
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize();
    let last = tokens.iter().flatten().rfind(|token| !matches!(token, Token::Whitespace(_)));
    last == Some(&Token::SemiColon)
}

fn terminal(error: &ReadlineError) -> Error {
    Error::new(SqlState::IoError, format!("the terminal can't be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_with_its_semicolon() {
        for (text, expected) in [
            ("SELECT 1;", true),
            ("SELECT 1; -- done", true),
            ("SELECT 1", false),
            ("SELECT ';", false),
            ("SELECT ';'", false),
            ("SELECT 1 /* ; ", false),
            ("SELECT 1 -- ;", false),
            ("\\dt", true),
            ("  ", true),
        ] {
            assert_eq!(is_ended(text), expected, "{text}");
        }
    }

    #[test]
    fn prompt_commands() {
        assert_eq!(Input::of("\\q"), Input::Leave);
        assert_eq!(Input::of(" \\?"), Input::Help);
        assert_eq!(Input::of("\\x on"), Input::Unknown("\\x".to_owned()));
        assert_eq!(Input::of("SELECT 1;"), Input::Sql("SELECT 1;".to_owned()));
        let Input::Sql(sql) = Input::of("\\d kpi.it's;") else { panic!("a query") };
        assert!(sql.contains("table_name = 'it''s' AND table_schema = 'kpi'"), "{sql}");
    }
}
