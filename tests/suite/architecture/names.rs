//! Finds the paths into the crate that a source names, in use lines and anywhere else.

use std::path::Path;

use super::text::{tokens, words};

/// The paths that a file names inside the crate, from the crate's root, and where.
pub fn named(file: &Path, code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (at, word) in words(code) {
        let mut base = match word {
            _ if code[..at].trim_end().ends_with("::") => continue,
            "crate" | "journeydb" => Vec::new(),
            "super" | "self" => module(file, &code[..at]),
            _ => continue,
        };
        if word == "super" {
            base.pop();
        }
        let end = at + word.len();
        if let Some(tail) = code[end..].trim_start().strip_prefix("::") {
            follow(tail, code.len() - tail.len(), base, &mut found);
        }
    }
    found
}

/// Follows `a::b`, `super::c` and `{d, e::f}` from a base; `at` is where the tail begins.
fn follow(tail: &str, at: usize, mut base: Vec<String>, found: &mut Vec<(usize, Vec<String>)>) {
    let at = at + (tail.len() - tail.trim_start().len());
    let tail = tail.trim_start();
    if let Some(group) = tail.strip_prefix('{') {
        for (offset, item) in items(group) {
            follow(item, at + 1 + offset, base.clone(), found);
        }
        return;
    }
    let end = tail.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(tail.len());
    match &tail[..end] {
        "super" => drop(base.pop()),
        "self" => {}
        "" => return,
        word => {
            base.push(word.to_owned());
            found.push((at, base));
            return;
        }
    }
    if let Some(next) = tail[end..].trim_start().strip_prefix("::") {
        follow(next, at + tail.len() - next.len(), base, found);
    }
}

/// The items of a brace group up to its closing brace, each with its offset.
fn items(group: &str) -> Vec<(usize, &str)> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.push((start, &group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push((start, &group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The module that code stands in, as a path from the crate's root: the file's, and the inline ones still open before it.
fn module(file: &Path, before: &str) -> Vec<String> {
    let names = file.iter().skip(1).map(|name| name.to_string_lossy().trim_end_matches(".rs").to_owned());
    let mut path: Vec<String> = names.filter(|name| name != "mod").collect();
    let (mut open, mut declared, mut previous) = (Vec::new(), None, "");
    for (_, token) in tokens(before) {
        match token {
            "{" => open.push(declared.take()),
            "}" => drop(open.pop()),
            ";" => declared = None,
            name if previous == "mod" => declared = Some(name.to_owned()),
            _ => {}
        }
        previous = token;
    }
    path.extend(open.into_iter().flatten());
    path
}
