//! Counts the rows that are not loaded, names the first of them, and keeps all in reject files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use journeydb::{Error, Result, SqlState};

use super::chunk::{Layout, Reject};

/// Rejects named on the terminal; the reject file has them all.
const NAMED: u64 = 5;

/// What becomes of rejects.
pub struct Rejects {
    /// Whether the first reject ends the load.
    strict: bool,
    /// The folder of the reject files; `None` for the folder of each file.
    folder: Option<PathBuf>,
    /// The reject file of the file being read, made with its first reject.
    open: Option<(PathBuf, BufWriter<File>)>,
    written: Vec<PathBuf>,
    count: u64,
}

impl Rejects {
    /// Keeps rejects in a folder, or beside their files.
    pub fn new(strict: bool, folder: Option<PathBuf>) -> Self {
        Self { strict, folder, open: None, written: Vec::new(), count: 0 }
    }

    /// Rows rejected so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes one reject of a file; an error where the load is strict. Gives the line that names it, for the first few.
    pub fn take(&mut self, file: &Path, layout: &Layout, reject: &Reject) -> Result<Option<String>> {
        let named = format!("{}:{}: {}", file.display(), reject.line, reject.reason);
        if self.strict {
            return Err(Error::new(SqlState::InvalidTextRepresentation, named)
                .with_hint("nothing was loaded; mend the row, or leave out --strict to keep such rows aside"));
        }
        let path = self.path(file);
        self.write(path, layout, reject)?;
        self.count += 1;
        Ok((self.count <= NAMED).then_some(named))
    }

    /// Closes the last file and gives all that were written.
    pub fn finish(mut self) -> Result<Vec<PathBuf>> {
        self.close()?;
        Ok(self.written)
    }

    /// `orders.csv` keeps its rejects in `orders.csv.rejected`, which `*.csv` does not find the next time.
    fn path(&self, file: &Path) -> PathBuf {
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(".rejected");
        match &self.folder {
            Some(folder) => folder.join(name),
            None => file.with_file_name(name),
        }
    }

    fn write(&mut self, path: PathBuf, layout: &Layout, reject: &Reject) -> Result<()> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != path) {
            self.close()?;
            let mut file = BufWriter::new(File::create(&path).map_err(|error| unwritable(&path, &error))?);
            if let Layout::Csv { delimiter, header } = layout {
                let delimiter = [*delimiter];
                let names: [&[u8]; 2] = [b"rejected_line", b"rejected_because"];
                file.write_all(&[names[0], names[1], header].join(&delimiter[..]))?;
                file.write_all(b"\n")?;
            }
            self.written.push(path.clone());
            self.open = Some((path, file));
        }
        if let Some((path, file)) = &mut self.open {
            file.write_all(&line(layout, reject)?).map_err(|error| unwritable(path, &error))?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        match self.open.take() {
            Some((path, mut file)) => file.flush().map_err(|error| unwritable(&path, &error)),
            None => Ok(()),
        }
    }
}

/// The row as the file holds it, behind its line and the reason.
fn line(layout: &Layout, reject: &Reject) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    match layout {
        Layout::Csv { delimiter, .. } => {
            let reason = reject.reason.replace('"', "\"\"");
            write!(text, "{}{}\"{reason}\"{}", reject.line, char::from(*delimiter), char::from(*delimiter))?;
            text.extend_from_slice(&reject.original);
        }
        Layout::Json => {
            let reason = serde_json::Value::from(reject.reason.as_str());
            write!(text, "{{\"rejected_line\":{},\"rejected_because\":{reason}", reject.line)?;
            text.extend(fields_of(&reject.original));
            text.push(b'}');
        }
    }
    text.push(b'\n');
    Ok(text)
}

/// The fields of an object to stand behind others; a line that is none is kept whole, as a text.
fn fields_of(original: &[u8]) -> Vec<u8> {
    let object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(original);
    let inner = original.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    match (object, inner) {
        (Ok(object), Some(_)) if object.is_empty() => Vec::new(),
        (Ok(_), Some(inner)) => [b",", inner].concat(),
        _ => {
            let text = serde_json::Value::from(String::from_utf8_lossy(original));
            format!(",\"rejected_text\":{text}").into_bytes()
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(SqlState::IoError, format!("can't write rejected rows to {}: {error}", path.display()))
        .with_hint("name a folder that can be written to with --rejects")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(layout: &Layout, rejects: &[(u64, &str, &[u8])]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in.csv");
        let mut taker = Rejects::new(false, None);
        for (line, reason, original) in rejects {
            let reject = Reject { line: *line, reason: (*reason).to_owned(), original: original.to_vec() };
            taker.take(&file, layout, &reject).unwrap();
        }
        assert_eq!(taker.count(), rejects.len() as u64);
        let files = taker.finish().unwrap();
        assert_eq!(files, [folder.path().join("in.csv.rejected")]);
        String::from_utf8(std::fs::read(&files[0]).unwrap()).unwrap()
    }

    #[test]
    fn csv_rows_are_kept_as_they_were() {
        let layout = Layout::Csv { delimiter: b';', header: b"a;\"b\"".to_vec() };
        let text = kept(&layout, &[(3, "a: \"x\" is bad", b"x;\"y\nz\""), (9, "3 fields", b"1;2;3")]);
        assert_eq!(
            text,
            "rejected_line;rejected_because;a;\"b\"\n3;\"a: \"\"x\"\" is bad\";x;\"y\nz\"\n9;\"3 fields\";1;2;3\n"
        );
    }

    #[test]
    fn json_rows_keep_their_fields_and_what_is_no_object_its_text() {
        let text =
            kept(&Layout::Json, &[(1, "bad", br#"{"a": 1.10}"#), (2, "worse", b"{\"a\": "), (3, "empty", b"{ }")]);
        assert_eq!(
            text,
            "{\"rejected_line\":1,\"rejected_because\":\"bad\",\"a\": 1.10}\n\
             {\"rejected_line\":2,\"rejected_because\":\"worse\",\"rejected_text\":\"{\\\"a\\\": \"}\n\
             {\"rejected_line\":3,\"rejected_because\":\"empty\"}\n"
        );
    }

    #[test]
    fn a_strict_load_ends_at_the_first() {
        let reject = Reject { line: 7, reason: "no".to_owned(), original: Vec::new() };
        let error = Rejects::new(true, None).take(Path::new("f.csv"), &Layout::Json, &reject).unwrap_err();
        assert_eq!(error.message(), "f.csv:7: no");
    }

    #[test]
    fn a_folder_that_can_not_be_written_to_is_named() {
        let reject = Reject { line: 1, reason: "no".to_owned(), original: Vec::new() };
        let mut rejects = Rejects::new(false, Some("/nowhere/at/all".into()));
        let error = rejects.take(Path::new("f.csv"), &Layout::Json, &reject).unwrap_err();
        assert!(error.message().contains("/nowhere/at/all/f.csv.rejected"), "{error}");
    }
}
