//! A script as text.

use std::fmt::Write;

/// One step and what belongs to it.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// Comments before it.
    comments: Vec<String>,
    /// Its first line: what to do.
    pub head: String,
    /// Its messages.
    pub messages: Vec<String>,
    /// What PostgreSQL answers.
    pub expected: Option<Vec<String>>,
    /// What JourneyDB answers where it means to differ, and why.
    pub here: Option<(String, Vec<String>)>,
}

impl Step {
    /// What a server should answer: PostgreSQL, or the one under test.
    pub fn expected(&self, postgres: bool) -> &[String] {
        match &self.here {
            Some((_, lines)) if !postgres => lines,
            _ => self.expected.as_deref().unwrap_or_default(),
        }
    }

    /// Takes what a server answered for what it should answer.
    pub fn bless(&mut self, postgres: bool, answered: Vec<String>) {
        match &mut self.here {
            Some((_, lines)) if !postgres => *lines = answered,
            _ if postgres && !answered.is_empty() => self.expected = Some(answered),
            _ => {}
        }
    }

    /// The word its first line begins with.
    pub fn verb(&self) -> &str {
        self.head.split_whitespace().next().unwrap_or_default()
    }

    /// The connection it is about.
    pub fn connection(&self) -> &str {
        self.arguments().0
    }

    /// What its first line says beside its verb and its connection.
    pub fn rest(&self) -> &str {
        self.arguments().1
    }

    fn arguments(&self) -> (&str, &str) {
        let arguments = self.head[self.verb().len()..].trim();
        match arguments.strip_prefix('@') {
            Some(named) => named.split_once(' ').unwrap_or((named, "")),
            None => ("", arguments),
        }
    }
}

/// The steps of a script's text.
pub(super) fn parse(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let mut step = Step::default();
        for line in block.lines().map(str::to_owned) {
            match (&mut step.here, &mut step.expected) {
                (Some((_, lines)), _) => lines.push(line),
                (None, Some(expected)) => match line.strip_prefix("---- here: ") {
                    Some(reason) => step.here = Some((reason.to_owned(), Vec::new())),
                    None => expected.push(line),
                },
                (None, None) if line == "----" => step.expected = Some(Vec::new()),
                (None, None) if step.head.is_empty() && line.starts_with('#') => step.comments.push(line),
                (None, None) if step.head.is_empty() => step.head = line,
                (None, None) => step.messages.push(line),
            }
        }
        steps.push(step);
    }
    steps
}

/// The text of steps.
pub(super) fn print(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let separator = step.expected.is_some().then(|| "----".to_owned());
        let here = step.here.as_ref().map(|(reason, _)| format!("---- here: {reason}"));
        let head = (!step.head.is_empty()).then_some(&step.head);
        let lines = step.comments.iter().chain(head).chain(&step.messages).chain(&separator);
        let lines = lines.chain(step.expected.iter().flatten()).chain(&here);
        for line in lines.chain(step.here.iter().flat_map(|(_, lines)| lines)) {
            writeln!(text, "{line}").unwrap();
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

#[test]
fn a_script_is_printed_as_it_was_read() {
    let text = "# What for.\n\nsend @b\nQuery {\"query\":\"SELECT 1\"}\nSync\n\n\
                # Twice.\nuntil @b ReadyForQuery ReadyForQuery\n----\nA\nB\n---- here: because\nC\n";
    let mut steps = parse(text);
    assert_eq!(print(&steps), text);
    let step = &mut steps[2];
    assert_eq!((step.verb(), step.connection(), step.rest()), ("until", "b", "ReadyForQuery ReadyForQuery"));
    assert_eq!(
        (step.expected(true), step.expected(false)),
        (&["A".to_owned(), "B".to_owned()][..], &["C".to_owned()][..])
    );
    step.bless(false, vec!["D".to_owned()]);
    assert_eq!((step.expected(true).len(), step.expected(false)), (2, &["D".to_owned()][..]));
    step.bless(true, vec!["E".to_owned()]);
    assert_eq!((step.expected(true), step.expected(false)), (&["E".to_owned()][..], &["D".to_owned()][..]));
}
