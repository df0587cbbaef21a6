//! The files of a load: patterns, formats, and how each is opened.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use journeydb::{Error, Result, SqlState};

use super::chunk::{Source, in_file};
use super::csv::CsvFile;
use super::json::JsonFile;
use super::mapping::Mapping;
use super::parquet::ParquetFile;

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header line (.csv, .tsv).
    Csv,
    /// Apache Parquet (.parquet).
    Parquet,
    /// One JSON object per line (.json, .jsonl, .ndjson).
    Json,
}

/// How text is read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The format, where the names of the files don't say.
    pub format: Option<Format>,
    /// The delimiter of CSV; a tab for .tsv and a comma for the rest, unless given.
    pub delimiter: Option<u8>,
    /// The text that stands for NULL.
    pub null: Option<String>,
}

impl Reading {
    /// Opens a file.
    pub fn open(&self, path: &Path, mapping: &Mapping) -> Result<Box<dyn Source>> {
        let (named, tabs) = by_name(path);
        let Some(format) = self.format.or(named) else {
            return Err(Error::new(
                SqlState::InvalidParameterValue,
                format!("{}: the name does not say which format it has", path.display()),
            )
            .with_hint("say it with --format csv, parquet or json; unpack compressed files first"));
        };
        if path.is_dir() {
            return Err(Error::new(SqlState::UndefinedFile, format!("{} is a folder", path.display()))
                .with_hint(format!("give its files, as in '{}/*.csv'", path.display())));
        }
        Ok(match format {
            Format::Csv => {
                let delimiter = self.delimiter.unwrap_or(if tabs { b'\t' } else { b',' });
                Box::new(CsvFile::open(path, delimiter, self.null.clone(), mapping)?)
            }
            Format::Parquet => Box::new(ParquetFile::open(path, mapping)?),
            Format::Json => Box::new(JsonFile::open(path, self.null.clone(), mapping)?),
        })
    }
}

/// The format that a file's name says, and whether it says tabs. A reject file has that of the file it belongs to.
fn by_name(path: &Path) -> (Option<Format>, bool) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let (name, rejected) = name.strip_suffix(".rejected").map_or((name.as_str(), false), |name| (name, true));
    let format = match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "csv" | "tsv" => Some(Format::Csv),
        "parquet" | "pq" if rejected => Some(Format::Json),
        "parquet" | "pq" => Some(Format::Parquet),
        "json" | "jsonl" | "ndjson" => Some(Format::Json),
        _ => None,
    };
    (format, name.ends_with(".tsv"))
}

/// The files that paths and patterns name, each once, those of a pattern by name.
pub fn expand(patterns: &[String]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for pattern in patterns {
        if Path::new(pattern).exists() || !pattern.contains(['*', '?', '[']) {
            std::fs::metadata(pattern).map_err(|error| in_file(&pattern.as_str().into(), error))?;
            files.push(PathBuf::from(pattern));
            continue;
        }
        let paths = glob::glob(pattern)
            .map_err(|error| Error::new(SqlState::InvalidParameterValue, format!("pattern {pattern}: {error}")))?;
        let before = files.len();
        for path in paths {
            files.push(path.map_err(|error| in_file(&pattern.as_str().into(), std::io::Error::from(error)))?);
        }
        if files.len() == before {
            return Err(Error::new(SqlState::UndefinedFile, format!("no file matches {pattern}")));
        }
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_formats() {
        for (name, expected) in [
            ("a.csv", (Some(Format::Csv), false)),
            ("a.b.TSV", (Some(Format::Csv), true)),
            ("a.csv.rejected", (Some(Format::Csv), false)),
            ("a.tsv.rejected", (Some(Format::Csv), true)),
            ("a.parquet", (Some(Format::Parquet), false)),
            ("a.parquet.rejected", (Some(Format::Json), false)),
            ("a.jsonl", (Some(Format::Json), false)),
            ("a.csv.gz", (None, false)),
            ("csv", (None, false)),
        ] {
            assert_eq!(by_name(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_pattern_gives_its_files_in_order_and_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.csv", "c.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let pattern = format!("{}/*.csv", folder.path().display());
        let again = folder.path().join("a.csv").display().to_string();
        let files = expand(&[pattern, again]).unwrap();
        assert_eq!(files, [folder.path().join("a.csv"), folder.path().join("b.csv")]);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("x.csv").display().to_string();
        assert!(expand(&[missing]).unwrap_err().message().contains("x.csv"));
        let pattern = format!("{}/*.csv", folder.path().display());
        assert_eq!(expand(std::slice::from_ref(&pattern)).unwrap_err().message(), format!("no file matches {pattern}"));
    }
}
