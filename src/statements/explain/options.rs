//! The options of EXPLAIN, as Postgres reads them.

use datafusion::sql::sqlparser::ast::{AnalyzeFormat, AnalyzeFormatKind, Expr, Statement, UtilityOption, Value};

use crate::error::{Error, Result, SqlState};

/// What EXPLAIN is asked to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Options {
    /// Run it, and say what each step gave and took.
    pub analyze: bool,
    /// Every step, those that only hand rows on too, and all that is known of it.
    pub verbose: bool,
    /// How long each step took.
    pub timing: bool,
    /// How long it took in all; with ANALYZE unless it is asked not to.
    pub summary: bool,
    /// Text, or JSON for programs.
    pub format: Format,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
}

impl Options {
    /// Those of an EXPLAIN: 42601 for one that Postgres has not, 22023 for those that need ANALYZE.
    pub fn of(explain: &Statement) -> Result<Self> {
        let Statement::Explain { analyze, verbose, format, options, .. } = explain else {
            return Err(Error::internal("only EXPLAIN has its options"));
        };
        let mut read = Self { analyze: *analyze, verbose: *verbose, timing: true, summary: true, format: Format::Text };
        if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format {
            read.format = match format {
                AnalyzeFormat::TEXT => Format::Text,
                AnalyzeFormat::JSON => Format::Json,
                other => return Err(no_format(&other.to_string())),
            };
        }
        let (mut summary, mut needs_analyze) = (None, None);
        for option in options.iter().flatten() {
            let name = option.name.value.to_lowercase();
            match name.as_str() {
                "analyze" => read.analyze = switch(option)?,
                "verbose" => read.verbose = switch(option)?,
                "summary" => summary = Some(switch(option)?),
                "timing" | "wal" => {
                    let on = switch(option)?;
                    if name == "timing" {
                        read.timing = on;
                    }
                    needs_analyze = on.then_some(name.to_uppercase()).or(needs_analyze);
                }
                "format" => read.format = named_format(option)?,
                // What they choose among, plans here have not: estimated costs, shared buffers, changed planner settings.
                "costs" | "buffers" | "settings" => {
                    switch(option)?;
                }
                _ => {
                    let text = format!("unrecognized EXPLAIN option \"{name}\"");
                    return Err(Error::new(SqlState::SyntaxError, text));
                }
            }
        }
        if let Some(option) = needs_analyze.filter(|_| !read.analyze) {
            let text = format!("EXPLAIN option {option} requires ANALYZE");
            return Err(Error::new(SqlState::InvalidParameterValue, text));
        }
        read.summary = summary.unwrap_or(read.analyze);
        Ok(read)
    }
}

fn switch(option: &UtilityOption) -> Result<bool> {
    match word(option).as_deref() {
        None | Some("true" | "on" | "1") => Ok(true),
        Some("false" | "off" | "0") => Ok(false),
        Some(_) => {
            let text = format!("{} requires a Boolean value", option.name.value.to_lowercase());
            Err(Error::new(SqlState::SyntaxError, text))
        }
    }
}

fn named_format(option: &UtilityOption) -> Result<Format> {
    match word(option).as_deref() {
        Some("text") => Ok(Format::Text),
        Some("json") => Ok(Format::Json),
        Some(other @ ("xml" | "yaml")) => Err(no_format(&other.to_uppercase())),
        other => {
            let text = format!("unrecognized value for EXPLAIN option \"format\": \"{}\"", other.unwrap_or_default());
            Err(Error::new(SqlState::InvalidParameterValue, text))
        }
    }
}

fn no_format(name: &str) -> Error {
    Error::unsupported(format!("EXPLAIN in the format {name}")).with_hint("use FORMAT TEXT or FORMAT JSON")
}

/// The argument of an option in lower case.
fn word(option: &UtilityOption) -> Option<String> {
    option.arg.as_ref().map(|argument| match argument {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.to_lowercase(),
            other => other.to_string().to_lowercase(),
        },
        other => other.to_string().to_lowercase(),
    })
}
