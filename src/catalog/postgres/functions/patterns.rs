//! Texts cut where a regular expression matches.

use std::cell::RefCell;

use datafusion::logical_expr::Volatility;
use regex::Regex;

use super::signature::Kind::Text;
use super::signature::{Answer, Call, SystemFunction};
use crate::error::{Error, Result, SqlState};

pub(super) const FUNCTIONS: &[SystemFunction] = &[SystemFunction {
    name: "regexp_split_to_array",
    required: &[Text, Text],
    optional: &[],
    result: "_text",
    strict: true,
    volatility: Volatility::Immutable,
    answer: |call: &Call| {
        let (Some(text), Some(pattern)) = (call.text(0), call.text(1)) else { return Ok(Answer::Null) };
        with_pattern(pattern, |pattern| Answer::Texts(split(text, pattern)))
    },
}];

/// The parts of a text between matches. As in Postgres, a match of nothing doesn't count at either end, or right after
/// another match.
fn split(text: &str, pattern: &Regex) -> Vec<String> {
    let mut parts = vec![];
    let mut from = 0;
    for found in pattern.find_iter(text) {
        if found.is_empty() && (found.start() == from || found.start() == text.len()) {
            continue;
        }
        parts.push(text[from..found.start()].to_owned());
        from = found.end();
    }
    parts.push(text[from..].to_owned());
    parts
}

/// Hands on a pattern; the last one of the thread is kept, since a column is mostly cut by one. 2201B for what is no pattern.
fn with_pattern<T>(pattern: &str, work: impl FnOnce(&Regex) -> T) -> Result<T> {
    thread_local! {
        static LAST: RefCell<Option<Regex>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| {
        let known = match last.take() {
            Some(known) if known.as_str() == pattern => known,
            _ => Regex::new(pattern).map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                Error::new(SqlState::InvalidRegularExpression, format!("invalid regular expression: {reason}"))
            })?,
        };
        Ok(work(last.insert(known)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_as_postgres_cuts_them() {
        // As regexp_split_to_array() of PostgreSQL 15 answers.
        for (text, pattern, parts) in [
            ("the quick  fox", r"\s+", &["the", "quick", "fox"][..]),
            ("abc", "", &["a", "b", "c"]),
            ("", "x", &[""]),
            ("", "", &[""]),
            ("xaxbx", "x", &["", "a", "b", ""]),
            ("aXXb", "X*", &["a", "b"]),
            ("héllo", "l*", &["h", "é", "o"]),
        ] {
            assert_eq!(with_pattern(pattern, |pattern| split(text, pattern)).unwrap(), parts, "{text} by {pattern}");
        }
        assert!(with_pattern("(", |_| ()).is_err());
    }
}
