//! Prints results: rows in, one of the forms out.

use std::io::Write;

use clap::ValueEnum;

use journeydb::Result;

use super::table::Table;

/// Rows by which the columns of a table are sized; those behind are printed as they come, so that memory stays bounded.
const SIZED_ROWS: usize = 10_000;

/// The forms of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Aligned columns.
    Table,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object per row and line.
    Json,
}

/// One column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
}

/// What the values of a column are, as far as their looks depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Numbers: right-aligned, and bare in JSON.
    Number,
    /// t or f; true or false in JSON.
    Boolean,
    /// Everything else.
    Text,
}

/// Prints results one after the other.
pub struct Printer<W> {
    out: W,
    form: Form,
    columns: Vec<Column>,
    waiting: Vec<Vec<Option<String>>>,
    table: Option<Table>,
    rows: u64,
}

impl<W: Write> Printer<W> {
    /// A printer of one form.
    pub fn new(out: W, form: Form) -> Self {
        Self { out, form, columns: Vec::new(), waiting: Vec::new(), table: None, rows: 0 }
    }

    /// Starts a result.
    pub fn begin(&mut self, columns: Vec<Column>) -> Result<()> {
        (self.columns, self.table, self.rows) = (columns, None, 0);
        self.waiting.clear();
        if self.form == Form::Csv {
            let names: Vec<_> = self.columns.iter().map(|column| Some(column.name.clone())).collect();
            self.csv(&names)?;
        }
        Ok(())
    }

    /// Prints a row: its values as Postgres writes them.
    pub fn row(&mut self, values: Vec<Option<String>>) -> Result<()> {
        self.rows += 1;
        match (self.form, &self.table) {
            (Form::Csv, _) => self.csv(&values),
            (Form::Json, _) => self.json(&values),
            (Form::Table, Some(table)) => Ok(table.row(&values, &mut self.out)?),
            (Form::Table, None) => {
                self.waiting.push(values);
                if self.waiting.len() >= SIZED_ROWS { self.size() } else { Ok(()) }
            }
        }
    }

    /// Ends a result.
    pub fn end(&mut self) -> Result<()> {
        if self.form == Form::Table {
            self.size()?;
            writeln!(self.out, "({} {})\n", self.rows, if self.rows == 1 { "row" } else { "rows" })?;
        }
        Ok(self.out.flush()?)
    }

    /// Prints what a command without rows answers; data forms stay free of it.
    pub fn tag(&mut self, tag: impl std::fmt::Display) -> Result<()> {
        if self.form == Form::Table {
            writeln!(self.out, "{tag}")?;
        }
        Ok(self.out.flush()?)
    }

    /// Passes bytes on as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes)?;
        Ok(self.out.flush()?)
    }

    /// Sizes the table by the rows that wait, and prints them.
    fn size(&mut self) -> Result<()> {
        if self.table.is_none() {
            let table = Table::new(self.columns.clone(), &self.waiting);
            table.header(&mut self.out)?;
            for row in self.waiting.drain(..) {
                table.row(&row, &mut self.out)?;
            }
            self.table = Some(table);
        }
        Ok(())
    }

    fn csv(&mut self, values: &[Option<String>]) -> Result<()> {
        let fields = values.iter().map(|value| match value.as_deref() {
            Some(text) if text.contains([',', '"', '\n', '\r']) => format!("\"{}\"", text.replace('"', "\"\"")),
            Some(text) => text.to_owned(),
            None => String::new(),
        });
        Ok(writeln!(self.out, "{}", fields.collect::<Vec<_>>().join(","))?)
    }

    fn json(&mut self, values: &[Option<String>]) -> Result<()> {
        let fields = self.columns.iter().zip(values).map(|(column, value)| {
            let name = serde_json::Value::from(column.name.as_str());
            format!("{name}:{}", json(column.kind, value.as_deref()))
        });
        Ok(writeln!(self.out, "{{{}}}", fields.collect::<Vec<_>>().join(","))?)
    }
}

/// A value in JSON; NaN and the infinities, which it lacks, are strings.
fn json(kind: Kind, value: Option<&str>) -> String {
    match (kind, value) {
        (_, None) => "null".to_owned(),
        (Kind::Boolean, Some(value)) => (value == "t").to_string(),
        (Kind::Number, Some(value)) if serde_json::from_str::<serde_json::Number>(value).is_ok() => value.to_owned(),
        (_, Some(value)) => serde_json::Value::from(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(form: Form, rows: &[[Option<&str>; 3]]) -> String {
        let column = |name: &str, kind| Column { name: name.to_owned(), kind };
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, form);
        printer
            .begin(vec![column("name", Kind::Text), column("n", Kind::Number), column("ok", Kind::Boolean)])
            .unwrap();
        for row in rows {
            printer.row(row.iter().map(|value| value.map(str::to_owned)).collect()).unwrap();
        }
        printer.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    const ROWS: [[Option<&str>; 3]; 2] = [[Some("Zoë, \"Z\""), Some("12.5"), Some("t")], [None, Some("NaN"), None]];

    #[test]
    fn a_table_is_aligned_as_psql_aligns_it() {
        let expected =
            "   name   |  n   | ok \n----------+------+----\n Zoë, \"Z\" | 12.5 | t\n          |  NaN |\n(2 rows)\n\n";
        assert_eq!(printed(Form::Table, &ROWS), expected);
        assert_eq!(printed(Form::Table, &[]), " name | n | ok \n------+---+----\n(0 rows)\n\n");
        assert!(printed(Form::Table, &ROWS[..1]).ends_with("(1 row)\n\n"));
    }

    #[test]
    fn csv_quotes_what_it_must() {
        assert_eq!(printed(Form::Csv, &ROWS), "name,n,ok\n\"Zoë, \"\"Z\"\"\",12.5,t\n,NaN,\n");
    }

    #[test]
    fn json_has_one_object_per_line() {
        let expected =
            "{\"name\":\"Zoë, \\\"Z\\\"\",\"n\":12.5,\"ok\":true}\n{\"name\":null,\"n\":\"NaN\",\"ok\":null}\n";
        assert_eq!(printed(Form::Json, &ROWS), expected);
    }

    #[test]
    fn a_long_result_is_printed_as_it_comes() {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, Form::Table);
        printer.begin(vec![Column { name: "n".to_owned(), kind: Kind::Number }]).unwrap();
        for n in 0..SIZED_ROWS + 5 {
            printer.row(vec![Some(n.to_string())]).unwrap();
            assert!(printer.waiting.len() < SIZED_ROWS);
        }
        printer.end().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), SIZED_ROWS + 5 + 4);
        assert!(text.contains("\n 10004\n(10005 rows)\n"));
    }
}
