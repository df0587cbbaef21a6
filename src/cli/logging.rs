//! How the command logs: to standard error, as lines for people or as JSON for programs.

use std::io::{IsTerminal, stderr};

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// What is logged, and how.
#[derive(Debug, Args)]
pub struct Logging {
    /// How much is logged: error, warn, info, debug or trace, or what RUST_LOG takes, which is the default
    #[arg(long, value_name = "LEVEL", value_parser = directives)]
    log: Option<String>,

    /// Lines of text, or one JSON object a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    log_format: Format,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Logging {
    /// Begins to log.
    pub fn start(&self) {
        start(filter(self.log.as_deref(), "warn,journeydb=info"), self.log_format);
    }
}

/// Logs warnings as text, unless RUST_LOG asks for more.
pub fn start_with_warnings() {
    start(filter(None, "warn"), Format::Text);
}

fn start(filter: EnvFilter, format: Format) {
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match format {
        Format::Text => lines.with_ansi(stderr().is_terminal()).init(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
}

/// What is asked for on the command line, else by RUST_LOG, else by default.
fn filter(asked: Option<&str>, default: &str) -> EnvFilter {
    match asked {
        Some(directives) => EnvFilter::new(directives),
        None => EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default)),
    }
}

/// Directives of a filter: a level alone is ours, and others only warn.
fn directives(text: &str) -> Result<String, String> {
    let level = ["error", "warn", "info", "debug", "trace"].contains(&text);
    let directives = if level { format!("warn,journeydb={text}") } else { text.to_owned() };
    let wrong = |error| format!("{text:?} is no level: use error, warn, info, debug or trace ({error})");
    EnvFilter::try_new(&directives).map_err(wrong)?;
    Ok(directives)
}

#[cfg(test)]
mod tests {
    use super::directives;

    #[test]
    fn a_level_is_ours_and_directives_are_as_they_stand() {
        assert_eq!(directives("debug").as_deref(), Ok("warn,journeydb=debug"));
        assert_eq!(directives("info,journeydb::server=trace").as_deref(), Ok("info,journeydb::server=trace"));
        assert!(directives("journeydb=loud").is_err());
    }
}
