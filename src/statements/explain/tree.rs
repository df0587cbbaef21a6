//! A plan as a reader wants it: its steps by names that say what they do, and what each gave and took.

use std::fmt;
use std::time::Duration;

use datafusion::physical_plan::{DisplayFormatType, ExecutionPlan};

use super::options::Options;

/// Steps that hand rows on as they are, shown only with VERBOSE.
const PLUMBING: [&str; 3] = ["PaceExec", "CooperativeExec", "CoalesceBatchesExec"];

/// Names for steps whose own, with Exec cut off, would say too little.
const NAMES: &[(&str, &str)] = &[
    ("CoalescePartitionsExec", "Gather"),
    ("DataSourceExec", "Scan"),
    ("GlobalLimitExec", "Limit"),
    ("LocalLimitExec", "Limit"),
    ("PlaceholderRowExec", "Result"),
    ("ProjectionExec", "Project"),
    ("RepartitionExec", "Exchange"),
    ("ScalarSubqueryExec", "Subqueries"),
    ("SequenceExec", "Journeys"),
    ("SortExec(TopK)", "Top Sort"),
    ("SortPreservingMergeExec", "Merge in Order"),
    ("TotalsExec", "Totals of Neighbours"),
];

/// The longest detail without VERBOSE, in letters.
const LONGEST: usize = 160;

/// One step.
pub(super) struct Node {
    /// What it does.
    pub name: String,
    /// More of that: a name, empty where there is none, and a text.
    pub details: Vec<(String, String)>,
    /// Rows that it gave.
    pub rows: Option<usize>,
    /// Time that it computed itself, on all threads together.
    pub time: Option<Duration>,
    /// Bytes that it put on disk because memory was short.
    pub spilled: usize,
    /// The steps that it reads.
    pub children: Vec<Node>,
}

impl Node {
    /// The tree of a plan, with figures where it has run.
    pub fn of(plan: &dyn ExecutionPlan, options: &Options) -> Self {
        let children = plan.children();
        if let ([only], false) = (children.as_slice(), options.verbose)
            && PLUMBING.contains(&plan.name())
        {
            return Self::of(only.as_ref(), options);
        }
        let metrics = plan.metrics().filter(|_| options.analyze);
        let metrics = metrics.as_ref();
        let time = metrics.and_then(|metrics| metrics.elapsed_compute()).filter(|_| options.timing);
        Self {
            name: name(plan.name()),
            details: details(plan, options.verbose),
            rows: metrics.and_then(|metrics| metrics.output_rows()),
            time: time.map(|nanoseconds| Duration::from_nanos(nanoseconds as u64)),
            spilled: metrics.and_then(|metrics| metrics.spilled_bytes()).unwrap_or(0),
            children: children.iter().map(|child| Self::of(child.as_ref(), options)).collect(),
        }
    }

    /// Time that it and all below it computed.
    pub fn whole_time(&self) -> Duration {
        self.time.unwrap_or_default() + self.children.iter().map(Self::whole_time).sum::<Duration>()
    }
}

fn name(of_engine: &str) -> String {
    if let Some((_, name)) = NAMES.iter().find(|(engine, _)| *engine == of_engine) {
        return (*name).to_owned();
    }
    let bare = of_engine.strip_suffix("Exec").unwrap_or(of_engine);
    let mut words = String::new();
    for letter in bare.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter);
    }
    words
}

/// What the engine says of a step, but for what says nothing to a reader.
fn details(plan: &dyn ExecutionPlan, verbose: bool) -> Vec<(String, String)> {
    let text = Rendered(plan).to_string();
    let own_name = format!("{}: ", plan.name());
    let mut details: Vec<(String, String)> = Vec::new();
    for line in text.lines().map(|line| line.trim().trim_start_matches(&own_name)) {
        let line = without_positions(line);
        let (key, value) = match line.split_once('=') {
            Some((key, value)) if key.chars().all(|letter| letter.is_alphanumeric() || "_(): ->".contains(letter)) => {
                (capitalised(key), value.to_owned())
            }
            _ => (String::new(), line),
        };
        let noise = value.is_empty() || value == plan.name() || (key == "Format" && value == "parquet");
        if !noise {
            details.push((key, if verbose { value } else { cut(value) }));
        }
    }
    if verbose || (plan.children().is_empty() && plan.name() == "DataSourceExec") {
        let schema = plan.schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        details.push(("Columns".to_owned(), cut(columns.join(", "))));
    }
    details
}

/// A step in the engine's words for readers.
struct Rendered<'a>(&'a dyn ExecutionPlan);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt_as(DisplayFormatType::TreeRender, f)
    }
}

/// `channel@3` as `channel`.
fn without_positions(text: &str) -> String {
    let mut parts = text.split('@');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if rest.len() == part.len() {
            plain.push('@');
        }
        plain.push_str(rest);
    }
    plain
}

fn capitalised(key: &str) -> String {
    let key = key.replace('_', " ");
    let mut letters = key.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn cut(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_names_in_words() {
        assert_eq!(name("SortExec"), "Sort");
        assert_eq!(name("SortExec(TopK)"), "Top Sort");
        assert_eq!(name("NestedLoopJoinExec"), "Nested Loop Join");
        assert_eq!(name("Other"), "Other");
    }

    #[test]
    fn positions_of_columns_are_left_out() {
        assert_eq!(without_positions("[a@0 ASC, b@12 DESC]"), "[a ASC, b DESC]");
        assert_eq!(without_positions("mail = 'x@y'"), "mail = 'x@y'");
    }

    #[test]
    fn long_details_are_cut_between_letters() {
        assert_eq!(cut("ä".repeat(LONGEST)), "ä".repeat(LONGEST));
        assert_eq!(cut("ä".repeat(LONGEST + 1)), format!("{} ...", "ä".repeat(LONGEST)));
    }
}
