//! Every block of README.md: what it shows is run, and what it prints is what comes out.
//!
//! `console` blocks are psql sessions on the demo of seed 1, statement and output; `JOURNEYDB_BLESS=1` writes the output anew.
//! `sh` blocks run in one empty folder, in order, beside the files that `csv` blocks give by name; `rust` is the doctest of
//! `Database`.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");

/// A fenced block: its language, the rest of its first line, its text.
struct Block {
    language: String,
    name: String,
    text: String,
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let (language, name) = fence.split_once(' ').unwrap_or((fence, ""));
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { language: language.into(), name: name.into(), text: text.join("\n") });
    }
    blocks
}

fn of(language: &str) -> Vec<Block> {
    let readme = std::fs::read_to_string(README).unwrap();
    blocks(&readme).into_iter().filter(|block| block.language == language).collect()
}

fn journeydb(folder: &Path, arguments: &[&str]) -> (String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_journeydb"));
    let command = command.current_dir(folder).args(arguments);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // What `user add` asks for; others don't read it.
    process.stdin.take().unwrap().write_all(b"a password\n").ok();
    let output = process.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    // 3 says that rows were rejected and kept aside.
    (text, matches!(output.status.code(), Some(0 | 3)))
}

#[test]
fn psql_sessions_show_what_psql_shows() {
    let folder = tempfile::tempdir().unwrap();
    assert!(journeydb(folder.path(), &["demo", "--no-serve", "--data", "demo"]).1);
    let mut readme = std::fs::read_to_string(README).unwrap();
    for block in of("console") {
        let mut shown = Vec::new();
        for part in block.text.split("journeydb=> ").skip(1) {
            let (sql, _) = part.split_once(';').expect("a statement ends with a semicolon");
            let one_line = sql.split("journeydb-> ").collect::<String>();
            let (output, worked) = journeydb(folder.path(), &["sql", "--data", "demo", &one_line]);
            assert!(worked, "{sql}: {output}");
            let output: Vec<&str> = output.lines().map(str::trim_end).collect();
            shown.push(format!("journeydb=> {sql};\n{}", output.join("\n").trim_end()));
        }
        let shown = shown.join("\n\n");
        if std::env::var_os("JOURNEYDB_BLESS").is_some() {
            readme = readme.replace(&block.text, &shown);
        } else {
            let hint = "JOURNEYDB_BLESS=1 cargo test --test suite readme writes it anew";
            assert_eq!(block.text, shown, "{hint}");
        }
    }
    if std::env::var_os("JOURNEYDB_BLESS").is_some() {
        std::fs::write(README, readme).unwrap();
    }
}

#[test]
fn commands_do_what_the_text_says() {
    let folder = tempfile::tempdir().unwrap();
    for file in of("csv") {
        std::fs::write(folder.path().join(&file.name), file.text + "\n").unwrap();
    }
    for line in of("sh").iter().flat_map(|block| block.text.lines()) {
        let words = shell_words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["journeydb", "serve", rest @ ..] => {
                let (help, worked) = journeydb(folder.path(), &["serve", "--help"]);
                assert!(
                    worked && rest.iter().filter(|w| w.starts_with("--")).all(|flag| help.contains(flag)),
                    "{line}"
                );
            }
            ["journeydb", arguments @ ..] => {
                let (output, worked) = journeydb(folder.path(), arguments);
                assert!(worked, "{line}: {output}");
            }
            ["cargo", "run", "--release", "--", command] => {
                assert!(journeydb(folder.path(), &[command, "--help"]).1, "{line}");
            }
            ["cargo", "test"] | ["psql", "-h", "127.0.0.1", "-p", "5433", "journeydb"] => {}
            _ => panic!("no test knows how to check: {line}"),
        }
    }
    assert!(folder.path().join("touches.csv.rejected").exists());
    let (rows, _) = journeydb(folder.path(), &["sql", "--data", "my-data", "SELECT count(*) FROM interactions"]);
    assert!(rows.contains('2'), "two of the three rows fit: {rows}");
}

#[test]
fn the_embedding_example_is_the_one_that_runs() {
    let source = include_str!("../../src/database.rs");
    let example: Vec<&str> =
        source.lines().filter_map(|line| line.strip_prefix("/// ").or((line == "///").then_some(""))).collect();
    let example = example.iter().filter(|line| !line.starts_with('#')).copied().collect::<Vec<_>>().join("\n");
    for block in of("rust") {
        assert!(example.contains(&block.text), "src/database.rs does not show:\n{}", block.text);
    }
}

/// Cuts a line into words as a shell does, with double quotes.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().expect("there is always a word").push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
