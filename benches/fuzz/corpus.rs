//! What is known to be right: statements of the SQL tests and of the captured clients, and messages of the protocol scripts.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use sqllogictest::{DefaultColumnType, Record, parse_file};

use super::{Result, frontend};

/// A schema for what clients ask.
const SCHEMA: &str = "CREATE TABLE public.customer (id bigint NOT NULL, name text, balance numeric(12,2), joined timestamptz, active boolean)";

/// Everything that is mutated.
pub struct Corpus {
    /// Statements that follow each other, by file.
    pub files: Vec<Vec<String>>,
    /// Messages that follow each other, by script, without the first one.
    pub conversations: Vec<Vec<BytesMut>>,
}

impl Corpus {
    /// Reads the repository's tests.
    pub fn read() -> Result<Self> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let mut files = Vec::new();
        for path in below(&tests.join("slt"), "slt")? {
            let records = parse_file::<DefaultColumnType>(&path).map_err(|error| error.to_string())?;
            files.push(records.into_iter().filter_map(statement).collect());
        }
        for path in below(&tests.join("suite/wire/captures"), "txt")? {
            let text = fs::read_to_string(path)?;
            let asked = text.split("\n## ").skip(1).filter_map(|question| {
                let (_, sql) = question.split("\n----").next()?.split_once('\n')?;
                Some(sql.to_owned())
            });
            files.push([SCHEMA.to_owned()].into_iter().chain(asked).collect());
        }
        let mut conversations = Vec::new();
        for path in below(&tests.join("wire"), "pt")? {
            conversations.push(messages(&fs::read_to_string(path)?));
        }
        Ok(Self { files, conversations })
    }
}

fn statement(record: Record<DefaultColumnType>) -> Option<String> {
    match record {
        Record::Statement { sql, .. } | Record::Query { sql, .. } => Some(sql),
        _ => None,
    }
}

/// The messages that a script sends.
fn messages(script: &str) -> Vec<BytesMut> {
    let mut messages = Vec::new();
    for step in script.split("\n\n") {
        let mut lines = step.lines().skip_while(|line| line.starts_with('#') || line.is_empty());
        if lines.next().is_some_and(|head| head.starts_with("send")) {
            for line in lines.take_while(|line| !line.starts_with("----")) {
                let mut message = BytesMut::new();
                frontend::encode(line, &mut message);
                messages.push(message);
            }
        }
    }
    messages
}

/// The files below a folder, in order.
fn below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(below(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
