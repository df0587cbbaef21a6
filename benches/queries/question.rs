//! The questions, and how their files are read.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::rows::Rows;

/// Each question's name, and how many times the better peer's speed is wanted: of a fresh process, and of one that has the
/// columns in memory.
pub const QUESTIONS: [(&str, (&str, &str)); 8] = [
    ("funnel", ("7", "18")),
    ("funnel_overlapping", ("-", "-")),
    ("velocity", ("3.5", "10")),
    ("attribution", ("5", "15")),
    ("transitions", ("15", "40")),
    ("transitions_as_stored", ("-", "-")),
    ("revenue", ("1.3", "4")),
    ("scan", ("1", "1")),
];

/// One file of `benches/peers/questions`: what is asked, then for each database that can answer a section `-- <database>` of
/// SQL without comments.
pub struct Question {
    text: String,
}

impl Question {
    pub fn read(name: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/questions");
        Ok(Self { text: fs::read_to_string(folder.join(name).with_extension("sql"))? })
    }

    /// What to ask a database about these rows; None where the file doesn't ask it.
    pub fn sql(&self, database: &str, rows: &Rows) -> Option<String> {
        let heading = format!("-- {database}");
        let section = self.text.lines().skip_while(|line| *line != heading).skip(1);
        let lines: Vec<_> = section.take_while(|line| !line.starts_with("-- ")).collect();
        (!lines.is_empty()).then(|| rows.fill_in(&lines.join("\n"), database))
    }
}
