//! The columns of a table that a COPY fills, and where among them an error is.

use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::statements::{CopyIn, not_null_violation};

/// The most of a value or a line that an error shows, as in Postgres.
const SHOWN: usize = 100;

/// What is known of the columns.
pub(super) struct Columns {
    relation: String,
    /// The table's, NULL allowed in all of them: what NOT NULL refuses has to get as far as being told.
    pub schema: SchemaRef,
    /// Those that come.
    pub copied: Vec<Column>,
    /// For each of the table's its place among those that come.
    pub places: Vec<Option<usize>>,
    /// Those of the table that must have a value.
    required: Vec<(String, Option<usize>)>,
}

/// A column that comes.
pub(super) struct Column {
    pub name: String,
    /// What stands for NULL is text.
    pub never_null: bool,
    /// What stands for NULL is NULL in quotes too.
    pub null_in_quotes: bool,
}

impl Columns {
    /// Those of a COPY.
    pub fn of(copy: &CopyIn) -> Self {
        let (fields, options) = (copy.schema.fields(), &copy.options);
        let column = |&at: &usize| {
            let name = fields[at].name().clone();
            let (never_null, null_in_quotes) =
                (options.force_not_null.contains(&name), options.force_null.contains(&name));
            Column { name, never_null, null_in_quotes }
        };
        let place = |at: usize| copy.columns.iter().position(|column| *column == at);
        let places: Vec<_> = (0..fields.len()).map(place).collect();
        // What WHERE leaves out may lack a value, so there the table checks what is left.
        let required = fields.iter().zip(&places).filter(|(field, _)| !field.is_nullable() && !copy.is_filtered());
        let required = required.map(|(field, place)| (field.name().clone(), *place)).collect();
        let nullable = fields.iter().map(|field| field.as_ref().clone().with_nullable(true));
        Self {
            relation: copy.relation.clone(),
            schema: Arc::new(Schema::new(nullable.collect::<Vec<_>>())),
            copied: copy.columns.iter().map(column).collect(),
            places,
            required,
        }
    }

    /// 23502 where a row lacks a value that it must have.
    pub fn check_required(&self, is_null: impl Fn(usize) -> bool) -> Result<()> {
        let missing = self.required.iter().find(|(_, place)| place.is_none_or(&is_null));
        missing.map_or(Ok(()), |(column, _)| Err(not_null_violation(&self.relation, column)))
    }

    /// An error about a value.
    pub fn on_value(&self, error: Error, line: u64, at: usize, value: &[u8]) -> Error {
        self.on(error, format_args!("line {line}, column {}: \"{}\"", self.copied[at].name, shown(value)))
    }

    /// An error about a column whose value can't be shown.
    pub fn on_column(&self, error: Error, line: u64, at: usize) -> Error {
        self.on(error, format_args!("line {line}, column {}", self.copied[at].name))
    }

    /// An error about a line.
    pub fn on_text(&self, error: Error, line: u64, text: &[u8]) -> Error {
        self.on(error, format_args!("line {line}: \"{}\"", shown(text)))
    }

    /// An error about a line that can't be shown.
    pub fn on_line(&self, error: Error, line: u64) -> Error {
        self.on(error, format_args!("line {line}"))
    }

    fn on(&self, error: Error, place: std::fmt::Arguments<'_>) -> Error {
        error.with_context(format!("COPY {}, {place}", self.relation))
    }
}

/// The beginning of a text.
fn shown(text: &[u8]) -> String {
    if text.len() <= SHOWN {
        return String::from_utf8_lossy(text).into_owned();
    }
    let text = String::from_utf8_lossy(&text[..SHOWN]);
    // A letter that the limit cut.
    format!("{}...", text.trim_end_matches(char::REPLACEMENT_CHARACTER))
}
