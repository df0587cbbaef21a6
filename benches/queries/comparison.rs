//! One question's answers, side by side.

use crate::answer::Answer;

pub struct Comparison {
    pub duckdb: Option<Answer>,
    pub clickhouse: Option<Answer>,
    /// JourneyDB's, from its files.
    pub files: Answer,
    /// JourneyDB's, from its column cache.
    pub memory: Option<Answer>,
}

impl Comparison {
    /// What stands over the lines.
    pub fn heading() -> String {
        let names = ["DuckDB", "ClickHouse", "files", "memory", "times as fast", "memory"];
        columns("", names.map(String::from))
    }

    /// Times, and how many times as fast as the better peer JourneyDB is, with what is wanted of it.
    pub fn line(&self, question: &str, wanted: (&str, &str)) -> String {
        let times = |answer: Option<&Answer>| answer.map_or("-".into(), Answer::times);
        let peers = [&self.duckdb, &self.clickhouse].into_iter().flatten();
        let better = peers.map(Answer::best).fold(f64::INFINITY, f64::min);
        let ratio = |answer: &Answer, wanted| format!("{:.2} ({wanted})", better / answer.best());
        let cells = [
            times(self.duckdb.as_ref()),
            times(self.clickhouse.as_ref()),
            times(Some(&self.files)),
            times(self.memory.as_ref()),
            ratio(&self.files, wanted.0),
            self.memory.as_ref().map_or("-".into(), |memory| ratio(memory, wanted.1)),
        ];
        columns(question, cells)
    }

    /// What differs from JourneyDB's answer from its files.
    pub fn differences(&self) -> impl Iterator<Item = String> {
        let others =
            [("DuckDB", &self.duckdb), ("ClickHouse", &self.clickhouse), ("JourneyDB, from memory,", &self.memory)];
        others.into_iter().filter_map(|(who, other)| {
            let difference = self.files.difference(other.as_ref()?)?;
            Some(format!("{who} answers {difference}"))
        })
    }
}

fn columns(question: &str, cells: [String; 6]) -> String {
    cells.iter().fold(format!("{question:<21}"), |line, cell| format!("{line} {cell:>14}"))
}
