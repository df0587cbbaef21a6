//! Newline-delimited JSON: one object per line, in which an absent field is NULL.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use journeydb::{Error, Result, SqlState};

use super::chunk::{Chunk, Layout, Lines, Originals, Reject, Source, in_file};
use super::limits::{CHUNK_BYTES, CHUNK_ROWS, RECORD_BYTES};
use super::mapping::Mapping;

/// A file of JSON lines.
pub struct JsonFile {
    file: Arc<str>,
    input: BufReader<File>,
    mapping: Mapping,
    null: Option<String>,
    ignored: BTreeSet<String>,
    line: u64,
    bytes: u64,
}

impl JsonFile {
    /// Opens a file; one that holds an array instead of lines is an error.
    pub fn open(path: &Path, null: Option<String>, mapping: &Mapping) -> Result<Self> {
        let file: Arc<str> = path.display().to_string().into();
        let mut input = BufReader::with_capacity(1 << 16, File::open(path).map_err(|error| in_file(&file, error))?);
        let start = input.fill_buf().map_err(|error| in_file(&file, error))?;
        let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
        if start.trim_ascii_start().first() == Some(&b'[') {
            return Err(Error::new(SqlState::InvalidTextRepresentation, format!("{file}: holds a JSON array"))
                .with_hint("give one object per line, as jq -c '.[]' writes them"));
        }
        Ok(Self { file, input, mapping: mapping.clone(), null, ignored: BTreeSet::new(), line: 0, bytes: 0 })
    }

    /// Reads the next line that is not blank into `line`, without its end; false at the end of the file.
    fn read_line(&mut self, line: &mut Vec<u8>) -> Result<bool> {
        loop {
            line.clear();
            let read = (&mut self.input).take(RECORD_BYTES as u64 + 1).read_until(b'\n', line);
            let read = read.map_err(|error| in_file(&self.file, error))?;
            if read == 0 {
                return Ok(false);
            }
            self.line += 1;
            self.bytes += read as u64;
            if read > RECORD_BYTES {
                let (file, line) = (&self.file, self.line);
                return Err(Error::new(
                    SqlState::InvalidTextRepresentation,
                    format!("{file}:{line}: the line is longer than {} MiB", RECORD_BYTES >> 20),
                )
                .with_hint("give one object per line, as jq -c writes them"));
            }
            if self.line == 1 && line.starts_with(b"\xEF\xBB\xBF") {
                line.drain(..3);
            }
            line.truncate(line.trim_ascii_end().len());
            if !line.is_empty() {
                return Ok(true);
            }
        }
    }

    /// The columns that one line feeds, each with its text; `None` for NULL.
    fn row(&mut self, line: &[u8]) -> Result<Vec<(String, Option<String>)>, String> {
        let object: Map<String, Value> =
            serde_json::from_slice(line).map_err(|error| format!("not a JSON object: {error}"))?;
        let mut row: Vec<(String, Option<String>)> = Vec::with_capacity(object.len());
        for (name, value) in object {
            let Some(column) = self.mapping.column(&name) else {
                self.ignored.insert(name);
                continue;
            };
            if row.iter().any(|(other, _)| *other == column) {
                return Err(format!("more than one field feeds column \"{column}\""));
            }
            let text = plain_text(value)?.filter(|text| self.null.as_ref() != Some(text));
            row.push((column, text));
        }
        Ok(row)
    }
}

impl Source for JsonFile {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let mut columns = Columns::new(self.mapping.columns());
        let (mut lines, mut originals, mut malformed) = (Vec::new(), Lines::default(), Vec::new());
        let (mut line, end) = (Vec::new(), self.bytes + CHUNK_BYTES as u64);
        while lines.len() + malformed.len() < CHUNK_ROWS && self.bytes < end && self.read_line(&mut line)? {
            match self.row(&line) {
                Ok(row) => {
                    columns.push(row, lines.len());
                    lines.push(self.line);
                    originals.push(&line);
                }
                Err(reason) => malformed.push(Reject { line: self.line, reason, original: line.clone() }),
            }
        }
        if lines.is_empty() && malformed.is_empty() {
            return Ok(None);
        }
        let columns = columns.finish(lines.len())?;
        Ok(Some(Chunk { columns, lines, originals: Originals::Text(originals), malformed }))
    }

    fn feeds(&self, _column: &str) -> bool {
        true
    }

    fn ignored(&self) -> Vec<String> {
        self.ignored.iter().cloned().collect()
    }

    fn bytes_read(&self) -> u64 {
        self.bytes
    }

    fn layout(&self) -> Layout {
        Layout::Json
    }
}

/// Columns that fill up row by row; those of a table that is still to be made appear as the rows name them.
struct Columns {
    builders: Vec<(String, StringViewBuilder)>,
}

impl Columns {
    fn new(known: Option<&[String]>) -> Self {
        let known = known.unwrap_or_default().iter();
        Self { builders: known.map(|name| (name.clone(), StringViewBuilder::new())).collect() }
    }

    fn push(&mut self, row: Vec<(String, Option<String>)>, rows: usize) {
        for (column, text) in row {
            let at = self.builders.iter().position(|(name, _)| *name == column).unwrap_or_else(|| {
                self.builders.push((column, StringViewBuilder::new()));
                self.builders.len() - 1
            });
            let builder = &mut self.builders[at].1;
            pad(builder, rows);
            builder.append_option(text);
        }
    }

    fn finish(self, rows: usize) -> Result<RecordBatch> {
        let (mut fields, mut columns) = (Vec::new(), Vec::<ArrayRef>::new());
        for (name, mut builder) in self.builders {
            pad(&mut builder, rows);
            fields.push(Field::new(name, DataType::Utf8View, true));
            columns.push(Arc::new(builder.finish()));
        }
        let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
    }
}

fn pad(builder: &mut StringViewBuilder, rows: usize) {
    use arrow::array::ArrayBuilder;
    while builder.len() < rows {
        builder.append_null();
    }
}

/// A value as text: a string without its quotes, an object or array as JSON.
fn plain_text(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.contains('\0') => Err("a NUL character, which text can't hold".to_owned()),
        Value::String(text) => Ok(Some(text)),
        // What does not fit 64 bits was read as a double, so that the digits of a long key are lost by now.
        Value::Number(number)
            if number.as_f64().is_some_and(|value| value.abs() >= 2f64.powi(63)) && number.is_f64() =>
        {
            Err(format!("the number {number} is beyond 64 bits; write it as a string"))
        }
        other => Ok(Some(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;

    fn open(text: &[u8], mapping: &Mapping) -> Result<JsonFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.jsonl");
        std::fs::write(&path, text).unwrap();
        JsonFile::open(&path, None, mapping)
    }

    fn column(chunk: &Chunk, name: &str) -> Vec<Option<String>> {
        let column = chunk.columns.column_by_name(name).unwrap().as_string_view();
        column.iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn an_absent_field_is_null_and_values_keep_their_text() {
        let text = b"{\"A\": 1, \"b\": \"x\\u00e9\"}\n\n{\"b\": null, \"c\": [1, 2]}\n{\"a\": 1.5, \"c\": true}";
        let chunk = open(text, &Mapping::every_field(&[])).unwrap().next().unwrap().unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(column(&chunk, "a"), [some("1"), None, some("1.5")]);
        assert_eq!(column(&chunk, "b"), [some("xé"), None, None]);
        assert_eq!(column(&chunk, "c"), [None, some("[1,2]"), some("true")]);
        assert_eq!(chunk.lines, [1, 3, 4]);
    }

    #[test]
    fn lines_that_are_no_objects_are_rejects() {
        let text = b"{\"a\": 1}\n{\"a\": \n7\n{\"a\": \"\xFF\"}\n{\"a\": 123456789012345678901}\n{\"a\":1,\"A\":2}\n{\"a\":\"\\u0000\"}\n";
        let chunk = open(text, &Mapping::every_field(&[])).unwrap().next().unwrap().unwrap();
        assert_eq!(chunk.lines, [1]);
        assert_eq!(chunk.malformed.iter().map(|reject| reject.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
        assert!(chunk.malformed[0].reason.starts_with("not a JSON object"));
        assert!(chunk.malformed[3].reason.contains("beyond 64 bits"));
        assert_eq!(chunk.malformed[3].original, b"{\"a\": 123456789012345678901}");
    }

    #[test]
    fn strangers_are_named() {
        let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
        let mapping = Mapping::onto("t", &schema, &[]).unwrap();
        let mut file = open(b"{\"a\": 1, \"z\": 2}\n{\"y\": 2}\n", &mapping).unwrap();
        let chunk = file.next().unwrap().unwrap();
        assert_eq!(chunk.columns.num_columns(), 1);
        assert_eq!(file.ignored(), ["y", "z"]);
    }

    #[test]
    fn an_array_is_an_error_that_says_how_to_make_lines() {
        let error = open(b"\n [{\"a\": 1}]", &Mapping::every_field(&[])).err().unwrap();
        assert!(error.message().ends_with("holds a JSON array"));
        assert!(error.hint().unwrap().contains("jq"));
    }
}
