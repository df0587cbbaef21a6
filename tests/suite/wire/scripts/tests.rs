//! Every file of `tests/wire`, here or against a PostgreSQL.
//!
//! `JOURNEYDB_SCRIPTS_AGAINST=host:port` runs them against a PostgreSQL that lets superuser `journeydb` in without a
//! password. With `JOURNEYDB_BLESS=1` too, what it answers is written as expected; `JOURNEYDB_BLESS=1` alone
//! writes what JourneyDB answers where a script says that it differs. `JOURNEYDB_SCRIPTS=portals` picks files by name.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::Served;
use super::file::{Step, parse, print};
use super::run::run;

#[tokio::test]
async fn scripts_are_answered_as_by_postgres() {
    let server = env::var("JOURNEYDB_SCRIPTS_AGAINST").ok();
    let bless = env::var_os("JOURNEYDB_BLESS").is_some();
    let mut failures = String::new();
    for path in files() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let mut steps = parse(&text);
        let answers = match &server {
            Some(address) => against_postgres(&steps, address).await,
            None => here(&steps).await,
        };
        if bless {
            for (step, answer) in steps.iter_mut().zip(&answers) {
                step.bless(server.is_some(), answer.clone());
            }
            fs::write(&path, print(&steps)).unwrap();
        }
        let differences = differences(&steps, &answers, server.is_some());
        if !differences.is_empty() {
            writeln!(failures, "== {name}\n{differences}").unwrap();
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

/// A difference that is declared but not there would hide that it is gone.
#[test]
fn declared_differences_are_differences() {
    for path in files() {
        for step in parse(&fs::read_to_string(&path).unwrap()) {
            let declared = step.here.is_some();
            assert!(!declared || step.expected(true) != step.expected(false), "{}: {}", path.display(), step.head);
        }
    }
}

async fn here(steps: &[Step]) -> Vec<Vec<String>> {
    let served = Served::start().await;
    run(steps, served.address, "journeydb").await
}

/// In a database of its own.
async fn against_postgres(steps: &[Step], address: &str) -> Vec<Vec<String>> {
    let address = address.parse().expect("JOURNEYDB_SCRIPTS_AGAINST is host:port");
    let (database, maintenance) = ("journeydb_script", "postgres");
    let statements = [format!("DROP DATABASE IF EXISTS {database}"), format!("CREATE DATABASE {database}")];
    let queries = statements.map(|sql| format!("send\nQuery {{\"query\":\"{sql}\"}}\n\nuntil ReadyForQuery"));
    run(&parse(&queries.join("\n\n")), address, maintenance).await;
    run(steps, address, database).await
}

/// What a server answered otherwise than it should, step by step.
fn differences(steps: &[Step], answers: &[Vec<String>], postgres: bool) -> String {
    let mut text = String::new();
    let mut sent = &[][..];
    for (step, answer) in steps.iter().zip(answers) {
        let expected = step.expected(postgres);
        if step.verb() == "send" {
            sent = &step.messages;
        }
        if expected != answer {
            sent.iter().for_each(|line| writeln!(text, "  {line}").unwrap());
            let only = |lines: &[String], others: &[String], mark: char, text: &mut String| {
                for line in lines.iter().filter(|line| !others.contains(line)) {
                    writeln!(text, "{mark} {line}").unwrap();
                }
            };
            only(expected, answer, '-', &mut text);
            only(answer, expected, '+', &mut text);
            writeln!(text).unwrap();
        }
    }
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire")
}

/// The scripts, by name.
fn files() -> Vec<PathBuf> {
    let wanted = env::var("JOURNEYDB_SCRIPTS").unwrap_or_default();
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let scripts = entries.filter(|path| path.extension().is_some_and(|extension| extension == "pt"));
    let mut files: Vec<_> = scripts.filter(|path| path.to_string_lossy().contains(&wanted)).collect();
    files.sort();
    files
}
