//! Who may know whom, and the habits of the sources, checked on every file.

mod names;
mod planted;
mod text;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use names::named;
use text::{blanked, line, tokens, words};

/// The folders (and top files) of `src`, and which others each may name. A part that isn't listed may not exist.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("config", &["error"]),
    ("activity", &["config"]),
    ("stats", &[]),
    ("sequence", &["stats"]),
    ("model", &["error"]),
    ("outcome", &["statements", "error"]),
    ("functions", &["stats", "sequence", "model", "error", "config"]),
    ("relations", &["operators", "sequence", "stats", "functions", "model", "error", "config"]),
    ("operators", &["sequence", "stats", "model", "error", "config"]),
    ("rules", &["operators", "model", "error", "config"]),
    ("storage", &["model", "error", "config"]),
    ("catalog", &["activity", "storage", "functions", "relations", "model", "error", "config"]),
    ("statements", &["activity", "session", "catalog", "storage", "workers", "model", "config", "error", "outcome"]),
    ("workers", &["error"]),
    ("register", &["functions", "relations", "operators", "rules", "model", "error", "config"]),
    ("engine", ASSEMBLY),
    ("session", ASSEMBLY),
    ("database", ASSEMBLY),
    ("server", &["activity", "database", "session", "outcome", "statements", "catalog", "model", "error", "config"]),
    ("demo", &["model", "error"]),
    ("cli", &["server", "database", "session", "outcome", "statements", "demo", "model", "config", "error"]),
];

/// What puts the parts together: everything below the server.
const ASSEMBLY: &[&str] = &[
    "activity",
    "database",
    "engine",
    "session",
    "workers",
    "register",
    "statements",
    "outcome",
    "catalog",
    "storage",
    "functions",
    "relations",
    "operators",
    "rules",
    "model",
    "error",
    "config",
];

/// Crates that a part may not name, because what it computes has to be testable, and portable, without them.
const FORBIDDEN_CRATES: &[(&str, &[&str])] = &[
    ("stats", &["arrow", "datafusion", "tokio", "rand", "chrono"]),
    ("sequence", &["arrow", "datafusion", "tokio", "rand", "chrono"]),
    ("model", &["tokio", "object_store"]),
    ("storage", &["pgwire"]),
];

/// Names the crate root re-exports, and the part each stands for.
const RE_EXPORTED: &[(&str, &str)] = &[
    ("Error", "error"),
    ("Result", "error"),
    ("SqlState", "error"),
    ("Notice", "outcome"),
    ("Notification", "outcome"),
    ("Outcome", "outcome"),
    ("Prepared", "outcome"),
    ("Severity", "outcome"),
    ("Tag", "outcome"),
    ("Database", "database"),
    ("Session", "session"),
    ("TransactionStatus", "statements"),
    ("Statement", "statements"),
    ("CopyDirection", "statements"),
    ("CopyIn", "statements"),
    ("CopyOut", "statements"),
    ("CopyOptions", "statements"),
    ("register", "register"),
];

/// The most lines a source file may have, and the files that have more: a list that only shrinks.
const LINES: usize = 500;
const LONGER: &[(&str, usize)] = &[];

/// Words that say nothing about what a file holds.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "manager", "misc"];

#[test]
fn the_sources_keep_to_the_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let violations: Vec<Violation> = sources(&root.join("src"))
        .chain(sources(&root.join("tests")))
        .chain(sources(&root.join("benches")))
        .flat_map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            check(path.strip_prefix(root).unwrap(), &text)
        })
        .collect();
    let report: String = violations.iter().map(|violation| format!("{violation}\n")).collect();
    assert!(violations.is_empty(), "{} places break the architecture:\n{report}", violations.len());
}

/// Every `.rs` file under a folder, in order.
fn sources(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(path);
            }
        }
    }
    found.into_iter()
}

/// A line that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: PathBuf,
    line: usize,
    rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.rule)
    }
}

fn check(file: &Path, text: &str) -> Vec<Violation> {
    let code = blanked(text);
    let mut broken: Vec<(usize, String)> = Vec::new();
    broken.extend(opening(text));
    broken.extend(length(file, text));
    broken.extend(name(file));
    if file.starts_with("src") {
        broken.extend(paths(file, &code));
        broken.extend(forbidden_crates(file, &code));
        broken.extend(lists_only(file, &code));
    }
    broken.sort();
    broken.dedup();
    broken.into_iter().map(|(line, rule)| Violation { file: file.to_owned(), line, rule }).collect()
}

fn opening(text: &str) -> Option<(usize, String)> {
    (!text.starts_with("//! ")).then(|| (1, "a file opens with //! and what it is for".to_owned()))
}

fn length(file: &Path, text: &str) -> Option<(usize, String)> {
    let allowed = LONGER.iter().find(|(path, _)| file == Path::new(path)).map_or(LINES, |(_, lines)| *lines);
    let lines = text.lines().count();
    (lines > allowed).then(|| (allowed, format!("{lines} lines are more than {allowed}: split the file")))
}

fn name(file: &Path) -> Option<(usize, String)> {
    let parts = file.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned());
    let empty = parts.flat_map(|part| part.split('_').map(str::to_owned).collect::<Vec<_>>());
    let empty = empty.into_iter().find(|word| EMPTY_NAMES.contains(&word.as_str()))?;
    Some((1, format!("the name {empty} doesn't say what the file holds")))
}

/// The part a file belongs to: `src/catalog/postgres/x.rs` and `src/catalog.rs` to `catalog`. The crate's root, `lib.rs`
/// and `main.rs`, assembles and is free.
fn part(file: &Path) -> Option<String> {
    let part = file.iter().nth(1)?.to_string_lossy().trim_end_matches(".rs").to_owned();
    (part != "lib" && part != "main").then_some(part)
}

/// Every path into the crate: `crate::x`, `journeydb::x`, `super::x` climbing out of the part, each also in braces.
fn paths(file: &Path, code: &str) -> Vec<(usize, String)> {
    let Some(own) = part(file) else { return Vec::new() };
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == own) else {
        return vec![(1, format!("{own} is not in the table of parts"))];
    };
    let mut broken = Vec::new();
    for (at, segments) in named(file, code) {
        let Some(first) = segments.first() else { continue };
        let target = RE_EXPORTED.iter().find(|(name, _)| name == first).map_or(first.as_str(), |(_, part)| part);
        if target != own && !allowed.contains(&target) {
            broken.push((line(code, at), format!("{own} may not use {target}")));
        }
    }
    broken
}

fn forbidden_crates(file: &Path, code: &str) -> Vec<(usize, String)> {
    let own = part(file).unwrap_or_default();
    let Some((_, forbidden)) = FORBIDDEN_CRATES.iter().find(|(name, _)| *name == own) else { return Vec::new() };
    let named = words(code).filter(|(at, word)| {
        let root = !code[..*at].trim_end().ends_with("::");
        let path = code[at + word.len()..].trim_start().starts_with("::");
        let imported = code[..*at].trim_end().ends_with("use");
        root && (path || imported) && forbidden.iter().any(|name| word == name || word.starts_with(&format!("{name}_")))
    });
    named.map(|(at, word)| (line(code, at), format!("{own} may not use the crate {word}"))).collect()
}

/// A `mod.rs` lists: modules, imports, re-exports, constants, and functions whose body is one expression without branches,
/// which is how a family of SQL functions names its members.
fn lists_only(file: &Path, code: &str) -> Vec<(usize, String)> {
    if file.file_name().is_none_or(|name| name != "mod.rs") {
        return Vec::new();
    }
    let mut broken = Vec::new();
    let (mut depth, mut in_function) = (0_usize, false);
    for (at, token) in tokens(code) {
        let refused = match token {
            "struct" | "enum" | "trait" | "impl" | "macro_rules" | "static" => depth == 0 && !in_function,
            "let" | "if" | "match" | "for" | "while" | "loop" | "return" => in_function,
            ";" => in_function && depth > 0,
            _ => false,
        };
        if refused {
            broken.push((line(code, at), format!("mod.rs lists and never implements: `{token}` doesn't belong here")));
        }
        match token {
            "fn" => in_function = true,
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                in_function &= depth > 0;
            }
            _ => {}
        }
    }
    broken
}
