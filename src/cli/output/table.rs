//! Aligned columns, as psql prints them.

use std::io::Write;

use unicode_width::UnicodeWidthStr;

use super::printer::{Column, Kind};

/// Writes the lines of one table; all rows are as wide as the widths it was made with, longer values stick out.
pub struct Table {
    columns: Vec<Column>,
    widths: Vec<usize>,
}

impl Table {
    /// A table wide enough for its names and the given rows.
    pub fn new(columns: Vec<Column>, rows: &[Vec<Option<String>>]) -> Self {
        let width = |(at, column): (usize, &Column)| {
            let values = rows.iter().map(|row| row[at].as_deref().map_or(0, |value| shown(value).width()));
            values.chain([column.name.width()]).max().unwrap_or(0)
        };
        let widths = columns.iter().enumerate().map(width).collect();
        Self { columns, widths }
    }

    /// The names and the line below them.
    pub fn header(&self, out: &mut impl Write) -> std::io::Result<()> {
        let names = self.columns.iter().zip(&self.widths).map(|(column, width)| {
            let space = width.saturating_sub(column.name.width());
            format!("{}{}{}", " ".repeat(space / 2), column.name, " ".repeat(space - space / 2))
        });
        writeln!(out, " {} ", names.collect::<Vec<_>>().join(" | "))?;
        let rules = self.widths.iter().map(|width| "-".repeat(width + 2));
        writeln!(out, "{}", rules.collect::<Vec<_>>().join("+"))
    }

    /// One row.
    pub fn row(&self, row: &[Option<String>], out: &mut impl Write) -> std::io::Result<()> {
        let cells = row.iter().zip(&self.columns).zip(&self.widths).map(|((value, column), width)| {
            let value = shown(value.as_deref().unwrap_or_default());
            let space = " ".repeat(width.saturating_sub(value.width()));
            if column.kind == Kind::Number { format!("{space}{value}") } else { format!("{value}{space}") }
        });
        writeln!(out, " {}", cells.collect::<Vec<_>>().join(" | ").trim_end())
    }
}

/// A value on one line.
fn shown(value: &str) -> std::borrow::Cow<'_, str> {
    if value.contains(['\n', '\r', '\t']) {
        value.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t").into()
    } else {
        value.into()
    }
}
