//! CSV files: a header line, then records that may span lines.
//!
//! The records are cut by `csv_core` and not by `csv`, because a refused record is kept byte for byte and a record
//! that runs on (an open quote) must end in an error, not in memory: both need the bytes that were consumed.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use journeydb::{Error, Result, SqlState};

use super::chunk::{Chunk, Layout, Lines, Originals, Reject, Source, in_file};
use super::limits::{CHUNK_BYTES, CHUNK_ROWS, RECORD_BYTES};
use super::mapping::{Mapping, Matched};

/// A CSV file behind its header.
pub struct CsvFile {
    file: Arc<str>,
    records: Records<BufReader<File>>,
    header: Vec<u8>,
    fields: usize,
    matched: Matched,
    schema: SchemaRef,
    /// The text that stands for NULL, beside nothing at all.
    null: Option<String>,
}

impl CsvFile {
    /// Opens a file and reads its header.
    pub fn open(path: &Path, delimiter: u8, null: Option<String>, mapping: &Mapping) -> Result<Self> {
        let file: Arc<str> = path.display().to_string().into();
        let input = BufReader::with_capacity(1 << 16, File::open(path).map_err(|error| in_file(&file, error))?);
        let mut records = Records::new(input, delimiter);
        if !records.read().map_err(|error| in_file(&file, error))? {
            return Err(Error::new(SqlState::InvalidTextRepresentation, format!("{file}: the file is empty"))
                .with_hint("a CSV file starts with a line that names its columns"));
        }
        let original = records.original();
        let header = original.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(original).to_vec();
        if let Some(fault) = text_fault(&header, delimiter) {
            return Err(Error::new(SqlState::InvalidTextRepresentation, format!("{file}:1: header: {fault}")));
        }
        let names: Vec<String> =
            (0..records.fields()).map(|index| String::from_utf8_lossy(records.field(index)).into_owned()).collect();
        let matched = mapping.matched(&file, names.iter().map(String::as_str))?;
        let columns = matched.fed.iter().map(|(_, column)| Field::new(column, DataType::Utf8View, true));
        let schema = Arc::new(Schema::new(columns.collect::<Vec<_>>()));
        Ok(Self { file, fields: names.len(), header, matched, schema, records, null })
    }

    fn malformed(&self) -> Option<String> {
        let fields = self.records.fields();
        text_fault(self.records.original(), self.records.delimiter).or_else(|| {
            (fields != self.fields).then(|| format!("{fields} fields where the header has {}", self.fields))
        })
    }
}

impl Source for CsvFile {
    fn next(&mut self) -> Result<Option<Chunk>> {
        let mut builders: Vec<StringViewBuilder> = self.matched.fed.iter().map(|_| StringViewBuilder::new()).collect();
        let (mut lines, mut originals, mut malformed) = (Vec::new(), Lines::default(), Vec::new());
        let end = self.records.bytes + CHUNK_BYTES as u64;
        while lines.len() + malformed.len() < CHUNK_ROWS && self.records.bytes < end {
            if !self.records.read().map_err(|error| in_file(&self.file, error))? {
                break;
            }
            let line = self.records.line;
            if let Some(reason) = self.malformed() {
                malformed.push(Reject { line, reason, original: self.records.original().to_vec() });
                continue;
            }
            for ((index, _), builder) in self.matched.fed.iter().zip(&mut builders) {
                let text = std::str::from_utf8(self.records.field(*index)).unwrap_or_default();
                let null = text.is_empty() || self.null.as_deref() == Some(text);
                builder.append_option((!null).then_some(text));
            }
            lines.push(line);
            originals.push(self.records.original());
        }
        if lines.is_empty() && malformed.is_empty() {
            return Ok(None);
        }
        let columns = builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        let columns = RecordBatch::try_new(self.schema.clone(), columns)?;
        Ok(Some(Chunk { columns, lines, originals: Originals::Text(originals), malformed }))
    }

    fn feeds(&self, column: &str) -> bool {
        self.schema.index_of(column).is_ok()
    }

    fn ignored(&self) -> Vec<String> {
        self.matched.ignored.clone()
    }

    fn bytes_read(&self) -> u64 {
        self.records.bytes
    }

    fn layout(&self) -> Layout {
        Layout::Csv { delimiter: self.records.delimiter, header: self.header.clone() }
    }
}

/// The records of a CSV text, one at a time.
struct Records<R> {
    input: R,
    delimiter: u8,
    reader: Reader,
    raw: Vec<u8>,
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
    line: u64,
    bytes: u64,
}

impl<R: BufRead> Records<R> {
    fn new(input: R, delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        let (text, ends) = (vec![0; 1 << 12], vec![0; 64]);
        Self { input, delimiter, reader, raw: Vec::new(), text, ends, fields: 0, line: 0, bytes: 0 }
    }

    /// Reads the next record; false at the end.
    fn read(&mut self) -> Result<bool> {
        self.raw.clear();
        self.line = self.reader.line();
        let (mut written, mut fields) = (0, 0);
        loop {
            let input = self.input.fill_buf()?;
            let (result, consumed, out, ended) =
                self.reader.read_record(input, &mut self.text[written..], &mut self.ends[fields..]);
            self.raw.extend_from_slice(&input[..consumed]);
            self.input.consume(consumed);
            self.bytes += consumed as u64;
            written += out;
            fields += ended;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty => {}
            }
            if self.raw.len() > RECORD_BYTES {
                let line = self.line;
                return Err(Error::new(
                    SqlState::InvalidTextRepresentation,
                    format!("the record on line {line} is longer than {} MiB", RECORD_BYTES >> 20),
                )
                .with_hint("look for a quote that is opened there and never closed"));
            }
        }
        self.fields = fields;
        // The end of the line before, where it has two characters, and blank lines come with the record.
        let before = self.raw.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += self.raw[..before].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.raw.drain(..before);
        while matches!(self.raw.last(), Some(b'\r' | b'\n')) {
            self.raw.pop();
        }
        Ok(true)
    }

    /// The record as the file holds it, without its line end.
    fn original(&self) -> &[u8] {
        &self.raw
    }

    fn fields(&self) -> usize {
        self.fields
    }

    fn field(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}

/// Why a record can't be trusted, whatever its fields: `csv_core` reads on over all of these.
fn text_fault(record: &[u8], delimiter: u8) -> Option<String> {
    if std::str::from_utf8(record).is_err() {
        return Some("not valid UTF-8; convert the file, as with iconv -f latin1 -t utf-8".to_owned());
    }
    if record.contains(&0) {
        return Some("a NUL byte, which text can't hold".to_owned());
    }
    quote_fault(record, delimiter)
}

/// Where the quotes of a record break RFC 4180: one that is never closed, or text behind the closing one. Both mean that
/// the record may have swallowed others. A quote inside a field that does not start with one stands for itself.
fn quote_fault(record: &[u8], delimiter: u8) -> Option<String> {
    let mut rest = record;
    loop {
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            match behind_quote(quoted) {
                None => return Some("a quote is opened and never closed".to_owned()),
                Some([next, ..]) if *next != delimiter => return Some("text follows a closing quote".to_owned()),
                Some(behind) => rest = behind,
            }
        }
        match rest.iter().position(|byte| *byte == delimiter) {
            Some(at) => rest = &rest[at + 1..],
            None => return None,
        }
    }
}

/// What stands behind the quote that closes a field; `None` where none does.
fn behind_quote(mut quoted: &[u8]) -> Option<&[u8]> {
    loop {
        let at = quoted.iter().position(|byte| *byte == b'"')?;
        quoted = &quoted[at + 1..];
        match quoted.strip_prefix(b"\"") {
            Some(behind) => quoted = behind,
            None => return Some(quoted),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use arrow::array::AsArray;

    use super::*;

    fn open(text: &[u8], null: Option<&str>) -> Result<CsvFile> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.csv");
        std::fs::write(&path, text).unwrap();
        CsvFile::open(&path, b',', null.map(str::to_owned), &Mapping::every_field(&[]))
    }

    /// The rows, as texts, and the rejects, as line and reason.
    type Read = (Vec<(u64, Vec<Option<String>>)>, Vec<(u64, String)>);

    fn read(text: &[u8]) -> Read {
        let mut file = open(text, Some("NA")).unwrap();
        let (mut rows, mut rejects) = (Vec::new(), Vec::new());
        while let Some(chunk) = file.next().unwrap() {
            for (row, line) in chunk.lines.iter().enumerate() {
                let values = chunk.columns.columns().iter();
                let value = |column: &ArrayRef| column.as_string_view().iter().nth(row).flatten().map(str::to_owned);
                rows.push((*line, values.map(value).collect()));
            }
            rejects.extend(chunk.malformed.into_iter().map(|reject| (reject.line, reject.reason)));
        }
        (rows, rejects)
    }

    fn row(line: u64, values: &[&str]) -> (u64, Vec<Option<String>>) {
        (line, values.iter().map(|value| (!value.is_empty()).then(|| (*value).to_owned())).collect())
    }

    #[test]
    fn records_have_the_line_they_start_on() {
        let (rows, rejects) = read(b"a,b\n1,\"two\nlines\"\n\n3,\"a \"\"quote\"\"\"\nNA,5\" pipe");
        let expected = [row(2, &["1", "two\nlines"]), row(5, &["3", "a \"quote\""]), row(6, &["", "5\" pipe"])];
        assert_eq!(rows, expected);
        assert_eq!(rejects, []);
    }

    #[test]
    fn a_byte_order_mark_and_dos_line_ends_are_no_data() {
        let (rows, _) = read(b"\xEF\xBB\xBFa,b\r\n1,2\r\n\r\n\"3\",\r\n");
        assert_eq!(rows, [row(2, &["1", "2"]), row(4, &["3", ""])]);
        let file = open(b"\xEF\xBB\xBFa,b\r\n", None).unwrap();
        assert_eq!(file.layout(), Layout::Csv { delimiter: b',', header: b"a,b".to_vec() });
    }

    #[test]
    fn what_is_no_row_is_a_reject_and_its_neighbours_are_read() {
        let (rows, rejects) = read(b"a,b\n1,2\n1\n1,2,3\n\xFF,2\n1,\"x\"y\n1,x\0\n3,4\n");
        assert_eq!(rows, [row(2, &["1", "2"]), row(8, &["3", "4"])]);
        let reasons: Vec<(u64, &str)> = rejects.iter().map(|(line, reason)| (*line, reason.as_str())).collect();
        let expected = [
            (3, "1 fields where the header has 2"),
            (4, "3 fields where the header has 2"),
            (5, "not valid UTF-8; convert the file, as with iconv -f latin1 -t utf-8"),
            (6, "text follows a closing quote"),
            (7, "a NUL byte, which text can't hold"),
        ];
        assert_eq!(reasons, expected);
    }

    #[test]
    fn an_open_quote_takes_no_row_with_it_in_silence() {
        let (rows, rejects) = read(b"a,b\n1,2\n3,\"open\n5,6\n7,8\n");
        assert_eq!(rows, [row(2, &["1", "2"])]);
        assert_eq!(rejects, [(3, "a quote is opened and never closed".to_owned())]);
        // The quote of a later row closes it.
        let (rows, rejects) = read(b"a,b\n3,\"open\n5,\"six\"\n7,8\n");
        assert_eq!(rows, [row(4, &["7", "8"])]);
        assert_eq!(rejects, [(2, "text follows a closing quote".to_owned())]);
    }

    #[test]
    fn a_reject_keeps_its_bytes() {
        let mut file = open(b"a,b\r\n1,\"x\ny\",\xFF\r\n", None).unwrap();
        let chunk = file.next().unwrap().unwrap();
        assert_eq!(chunk.malformed[0].original, b"1,\"x\ny\",\xFF");
    }

    #[test]
    fn a_record_without_end_is_an_error_and_not_memory() {
        let mut text = b"a,b\n1,\"".to_vec();
        text.resize(RECORD_BYTES + (1 << 20), b'x');
        let error = open(&text, None).unwrap().next().unwrap_err();
        assert!(error.message().ends_with("the record on line 2 is longer than 16 MiB"), "{error}");
        assert!(error.hint().unwrap().contains("quote"));
    }

    #[test]
    fn a_large_field_is_read_whole() {
        let mut text = b"a,b\n1,".to_vec();
        text.resize(text.len() + 3_000_000, b'x');
        let (rows, rejects) = read(&text);
        assert_eq!(rows[0].1[1].as_ref().map(String::len), Some(3_000_000));
        assert_eq!(rejects, []);
    }

    #[test]
    fn a_header_is_needed_and_enough() {
        assert!(open(b"", None).err().unwrap().message().ends_with("the file is empty"));
        assert!(open(b"\n\n", None).err().unwrap().message().ends_with("the file is empty"));
        assert_eq!(read(b"a,b\n"), (vec![], vec![]));
        assert!(open(b"a,\xFF\n1,2\n", None).err().unwrap().message().contains("not valid UTF-8"));
        assert!(open(b"a,A\n1,2\n", None).err().unwrap().message().contains("more than one field"));
    }

    #[test]
    fn chunks_are_cut_by_rows() {
        let mut text = b"a\n".to_vec();
        for n in 0..CHUNK_ROWS + 1 {
            text.extend_from_slice(format!("{n}\n").as_bytes());
        }
        let mut file = open(&text, None).unwrap();
        assert_eq!(file.next().unwrap().unwrap().lines.len(), CHUNK_ROWS);
        let last = file.next().unwrap().unwrap();
        assert_eq!(last.lines, [CHUNK_ROWS as u64 + 2]);
        assert!(file.next().unwrap().is_none());
        assert_eq!(file.bytes_read(), text.len() as u64);
    }

    proptest::proptest! {
        #[test]
        fn any_fields_come_back(rows in proptest::collection::vec(proptest::array::uniform3("[ -~\\n]{0,8}"), 1..20)) {
            let mut text = b"a,b,c\n".to_vec();
            for row in &rows {
                let quoted = row.each_ref().map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
                text.extend_from_slice(quoted.join(",").as_bytes());
                text.push(b'\n');
            }
            let mut records = Records::new(BufReader::with_capacity(7, Cursor::new(text)), b',');
            assert!(records.read().unwrap());
            for row in &rows {
                assert!(records.read().unwrap());
                assert_eq!(quote_fault(records.original(), b','), None);
                for (index, field) in row.iter().enumerate() {
                    assert_eq!(records.field(index), field.as_bytes());
                }
            }
            assert!(!records.read().unwrap());
        }
    }
}
