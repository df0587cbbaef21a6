//! `journeydb load`: files into a table.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use clap::Args;

use journeydb::{Error, Result, SqlState};

use super::destination::{load, table_schema};
use super::files::{Format, Reading, expand};
use super::infer::{Inference, create_table};
use super::intake::Intake;
use super::mapping::{Mapping, Rename};
use super::rejects::Rejects;
use crate::cli::exit::Exit;
use crate::cli::target::{Connection, Target};

/// Load CSV, Parquet or JSON files into a table
///
/// Fields go to the columns of the same name, or where --map says. Every value is read as its column's type: times without
/// a zone are UTC, and an empty CSV field is NULL. A row that does not fit is named with its file, line and reason and kept
/// in FILE.rejected, in the form of its file, so that it can be mended and loaded with the same command.
///
/// All rows of one command are one commit: where it ends in an error, nothing was loaded. Through a server (--url) that
/// holds with --strict only: without it every few thousand rows are a commit, and those before an error stay. Loading a file
/// twice adds its rows twice.
///
/// The exit code is 0 where every row was loaded, 3 where some were rejected and kept aside, 1 after an error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb load interactions touches.csv
  journeydb load interactions 'export/*.parquet' --map occurred_at=timestamp --map contact_id=user
  journeydb load public.orders orders.jsonl --create
  journeydb load interactions touches.csv --url postgres://127.0.0.1:5433/journeydb")]
pub struct Load {
    /// Table, as SQL names it: interactions, public.orders
    table: String,

    /// Files, or patterns such as 'export/*.csv'
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,

    #[command(flatten)]
    target: Target,

    /// Feed a column from a field of another name; may be given many times
    #[arg(long = "map", value_name = "COLUMN=FIELD")]
    renames: Vec<Rename>,

    /// Make the table from the files: each column gets the narrowest type that all its values fit
    #[arg(long)]
    create: bool,

    /// Stop at the first row that does not fit and load nothing
    #[arg(long)]
    strict: bool,

    /// Format, where the names of the files don't say
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Delimiter of CSV fields [default: a tab in .tsv files, else a comma]
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    delimiter: Option<u8>,

    /// Text that stands for NULL, beside an empty field
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,

    /// Folder for the files of rejected rows [default: beside each file]
    #[arg(long, value_name = "DIR")]
    rejects: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(command: Load) -> Result<Exit> {
    let started = Instant::now();
    let files = expand(&command.files)?;
    let connection = command.target.connect().await?;
    if !command.create {
        return load_into(&command, &connection, files, started).await;
    }
    let reading = command.reading();
    let (renames, paths) = (command.renames.clone(), files.clone());
    let inferred = tokio::task::spawn_blocking(move || infer(&reading, &renames, &paths)).await;
    let schema = inferred.map_err(|error| Error::internal(format!("the reader stopped: {error}")))??;
    connection.execute(&create_table(&command.table, &schema)).await?;
    let loaded = load_into(&command, &connection, files, started).await;
    if loaded.is_err() {
        connection.execute(&format!("DROP TABLE {}", command.table)).await?;
    }
    loaded
}

async fn load_into(command: &Load, connection: &Connection, files: Vec<PathBuf>, started: Instant) -> Result<Exit> {
    let schema = table_schema(connection, &command.table).await?;
    let mapping = Mapping::onto(&command.table, &schema, &command.renames)?;
    let reading = command.reading();
    let mut fed = vec![false; schema.fields().len()];
    for file in &files {
        let source = reading.open(file, &mapping)?;
        fed.iter_mut().zip(schema.fields()).for_each(|(fed, field)| *fed |= source.feeds(field.name()));
        let missing = schema.fields().iter().filter(|field| !field.is_nullable() && !source.feeds(field.name()));
        let missing: Vec<&str> = missing.map(|field| field.name().as_str()).collect();
        if !missing.is_empty() {
            let (file, table, names) = (file.display(), &command.table, missing.join(", "));
            return Err(Error::new(
                SqlState::NotNullViolation,
                format!("{file}: no field for {names}, which {table} requires"),
            )
            .with_hint("name the fields to take with --map COLUMN=FIELD"));
        }
    }
    let schema = match connection {
        Connection::Embedded(_) => schema,
        // The server fills the columns that no file feeds.
        Connection::Remote(_) => {
            let fed: Vec<usize> = (0..fed.len()).filter(|column| fed[*column]).collect();
            Arc::new(schema.project(&fed)?)
        }
    };
    let rejects = Rejects::new(command.strict, command.rejects.clone());
    let mut intake = Intake::start(files, reading, mapping, schema.clone(), rejects)?;
    let rows = load(connection, &command.table, &schema, &mut intake, command.strict).await?;
    let (rejected, kept) = intake.finish()?;
    println!("{}: {rows} rows loaded, {rejected} rejected, {:.1} s", command.table, started.elapsed().as_secs_f64());
    for file in &kept {
        println!("rejected rows are kept in {}", file.display());
    }
    Ok(if rejected == 0 { Exit::Success } else { Exit::RowsRejected })
}

fn infer(reading: &Reading, renames: &[Rename], files: &[PathBuf]) -> Result<SchemaRef> {
    let mapping = Mapping::every_field(renames);
    let mut inference = Inference::default();
    for file in files {
        inference.read(reading.open(file, &mapping)?.as_mut())?;
    }
    inference.schema()
}

impl Load {
    fn reading(&self) -> Reading {
        Reading { format: self.format, delimiter: self.delimiter, null: self.null.clone() }
    }
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err("expected one ASCII character, as in --delimiter ';' or '\\t'".to_owned()),
    }
}
