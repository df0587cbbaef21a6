//! Rows of text and CSV: a line each.

use super::super::parameter::utf8;
use super::columns::Columns;
use super::fields::{Fields, Quoting};
use super::lines::{Cut, Lines, bad};
use super::reader::Step;
use super::values::Values;
use crate::error::{Result, SqlState};
use crate::statements::{CopyHeader, CopyOptions};

/// Reads rows of text or CSV.
pub(super) struct LineRows {
    lines: Lines,
    fields: Fields,
    /// What the next line is.
    header: CopyHeader,
    /// The line that was read last, from 1.
    line: u64,
    ended: bool,
}

impl LineRows {
    /// For the options of a COPY.
    pub fn new(options: &CopyOptions) -> Self {
        let lines = Lines::new(Quoting::of(options));
        Self { lines, fields: Fields::new(options), header: options.header, line: 0, ended: false }
    }

    /// The line that is read next.
    pub fn line(&self) -> u64 {
        self.line + 1
    }

    /// Reads what the input begins with; nothing counts behind the mark that ends the data.
    pub fn step(&mut self, input: &[u8], all: bool, columns: &Columns, values: &mut [Values]) -> Result<Step> {
        if self.ended {
            return Ok(Step::End(input.len()));
        }
        let line = self.line();
        let (length, consumed) = match self.lines.next(input, all).map_err(|error| columns.on_line(error, line))? {
            Cut::Part => return Ok(Step::Part),
            Cut::Line { length, consumed } => (length, consumed),
            Cut::Last { length } => {
                self.ended = true;
                (length, length)
            }
        };
        if self.ended && length == 0 {
            return Ok(Step::End(input.len()));
        }
        self.line = line + self.lines.inner_ends();
        let text = &input[..length];
        match std::mem::replace(&mut self.header, CopyHeader::Absent) {
            CopyHeader::Absent => {
                self.read(text, columns, values)?;
                return Ok(Step::Row(consumed));
            }
            CopyHeader::Names => {}
            CopyHeader::Match => self.match_header(text, columns)?,
        }
        Ok(Step::Passed(consumed))
    }

    fn read(&mut self, text: &[u8], columns: &Columns, values: &mut [Values]) -> Result<()> {
        let line = self.line;
        let on_text = |error| columns.on_text(error, line, text);
        self.fields.split(text).map_err(on_text)?;
        if self.fields.len() > columns.copied.len() {
            return Err(on_text(bad("extra data after last expected column")));
        }
        for (at, values) in values.iter_mut().enumerate() {
            if at == self.fields.len() {
                return Err(on_text(bad(&format!("missing data for column \"{}\"", columns.copied[at].name))));
            }
            match self.value(columns, at) {
                Some(value) => values.text(value).map_err(|error| match error.state() {
                    // Bytes that are no text can't be shown, unless they were written with a backslash.
                    SqlState::CharacterNotInRepertoire if utf8(text).is_err() => columns.on_line(error, line),
                    SqlState::CharacterNotInRepertoire => on_text(error),
                    _ => columns.on_value(error, line, at, value),
                })?,
                None => values.null(),
            }
        }
        columns.check_required(|at| self.value(columns, at).is_none()).map_err(on_text)
    }

    /// A value of the line, after what FORCE_NULL and FORCE_NOT_NULL say.
    fn value(&self, columns: &Columns, at: usize) -> Option<&[u8]> {
        let column = &columns.copied[at];
        match self.fields.value(at) {
            None if column.never_null => Some(self.fields.null()),
            Some(value) if column.null_in_quotes && value == self.fields.null() => None,
            value => value,
        }
    }

    fn match_header(&mut self, text: &[u8], columns: &Columns) -> Result<()> {
        let on_text = |error| columns.on_text(error, self.line, text);
        self.fields.split(text).map_err(on_text)?;
        let (got, expected) = (self.fields.len(), columns.copied.len());
        if got != expected {
            let message = format!("wrong number of fields in header line: got {got}, expected {expected}");
            return Err(on_text(bad(&message)));
        }
        for (at, column) in columns.copied.iter().enumerate() {
            let told = match self.fields.value(at) {
                Some(name) if name == column.name.as_bytes() => continue,
                Some(name) => format!("\"{}\"", String::from_utf8_lossy(name)),
                None => format!("null value (\"{}\")", String::from_utf8_lossy(self.fields.null())),
            };
            let place = format!("column name mismatch in header line field {}", at + 1);
            return Err(on_text(bad(&format!("{place}: got {told}, expected \"{}\"", column.name))));
        }
        Ok(())
    }
}
