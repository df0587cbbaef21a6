//! A plan's tree as lines of text, and as the JSON that Postgres' tools read.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::options::{Format, Options};
use super::tree::Node;
use crate::error::{Error, Result};

/// How long an EXPLAIN took.
pub(super) struct Times {
    /// From the text to the plan.
    pub planning: Duration,
    /// From the plan to the last row; `None` where it did not run.
    pub execution: Option<Duration>,
}

/// The lines of the answer.
pub(super) fn lines(root: &Node, times: &Times, options: &Options) -> Result<Vec<String>> {
    match options.format {
        Format::Text => Ok(text(root, times, options)),
        Format::Json => {
            let whole = serde_json::to_string_pretty(&document(root, times, options));
            Ok(vec![whole.map_err(|error| Error::internal(format!("a plan is no JSON: {error}")))?])
        }
    }
}

fn text(root: &Node, times: &Times, options: &Options) -> Vec<String> {
    let mut lines = Vec::new();
    step(root, 0, root.whole_time(), &mut lines);
    if options.summary {
        lines.push(format!("Planning Time: {}", milliseconds(times.planning)));
        lines.extend(times.execution.map(|execution| format!("Execution Time: {}", milliseconds(execution))));
    }
    lines
}

fn step(node: &Node, depth: usize, whole: Duration, lines: &mut Vec<String>) {
    let (indent, arrow) = match depth {
        0 => (String::new(), ""),
        depth => (" ".repeat(6 * depth - 4), "->  "),
    };
    let mut figures = Vec::new();
    figures.extend(node.rows.map(|rows| format!("rows={rows}")));
    if let Some(time) = node.time {
        let share = if whole.is_zero() { 0.0 } else { 100.0 * time.as_secs_f64() / whole.as_secs_f64() };
        figures.push(format!("time={} {share:.0}%", milliseconds(time)));
    }
    if node.spilled > 0 {
        figures.push(format!("disk={}kB", node.spilled.div_ceil(1024)));
    }
    let figures = if figures.is_empty() { String::new() } else { format!("  (actual {})", figures.join(" ")) };
    lines.push(format!("{indent}{arrow}{}{figures}", node.name));
    let indent = " ".repeat(6 * depth + 2);
    for (key, value) in &node.details {
        lines.push(if key.is_empty() { format!("{indent}{value}") } else { format!("{indent}{key}: {value}") });
    }
    node.children.iter().for_each(|child| step(child, depth + 1, whole, lines));
}

fn document(root: &Node, times: &Times, options: &Options) -> Value {
    let mut whole = Map::new();
    whole.insert("Plan".to_owned(), object(root));
    if options.summary {
        whole.insert("Planning Time".to_owned(), rounded(times.planning));
        if let Some(execution) = times.execution {
            whole.insert("Execution Time".to_owned(), rounded(execution));
        }
    }
    Value::Array(vec![Value::Object(whole)])
}

/// Under the names of Postgres; times there include what is below a step.
fn object(node: &Node) -> Value {
    let mut shown = Map::new();
    shown.insert("Node Type".to_owned(), json!(node.name));
    if let Some(rows) = node.rows {
        shown.insert("Actual Rows".to_owned(), json!(rows));
        shown.insert("Actual Loops".to_owned(), json!(1));
    }
    if let Some(time) = node.time {
        shown.insert("Actual Total Time".to_owned(), rounded(node.whole_time()));
        shown.insert("Own Time".to_owned(), rounded(time));
    }
    if node.spilled > 0 {
        shown.insert("Disk Usage".to_owned(), json!(node.spilled.div_ceil(1024)));
    }
    let plain: Vec<&str> =
        node.details.iter().filter(|(key, _)| key.is_empty()).map(|(_, text)| text.as_str()).collect();
    if !plain.is_empty() {
        shown.insert("Detail".to_owned(), json!(plain.join("; ")));
    }
    for (key, value) in node.details.iter().filter(|(key, _)| !key.is_empty()) {
        shown.insert(key.clone(), json!(value));
    }
    if !node.children.is_empty() {
        shown.insert("Plans".to_owned(), node.children.iter().map(object).collect());
    }
    Value::Object(shown)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// Milliseconds to the microsecond.
fn rounded(time: Duration) -> Value {
    json!(time.as_micros() as f64 / 1e3)
}
