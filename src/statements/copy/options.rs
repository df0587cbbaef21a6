//! What the options of COPY mean, and which go together: the rules and messages of PostgreSQL 15's `ProcessCopyOptions`.

use super::parse::{Argument, Clause};
use crate::error::{Error, Result, SqlState};

/// How rows are spelled in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyFormat {
    /// A line a row, values apart by a delimiter, special letters behind backslashes.
    Text,
    /// A line a row, values apart by commas, special ones in quotes.
    Csv,
    /// A signature, rows of values as `typsend` writes them, a trailer.
    Binary,
}

/// What the first line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyHeader {
    /// A row.
    Absent,
    /// The names of the columns, passed over as it is read.
    Names,
    /// The names of the columns, which must be those that are filled.
    Match,
}

/// Columns chosen by an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// All there are.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

impl Chosen {
    /// Whether a column is among them.
    pub fn contains(&self, column: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|name| name == column),
        }
    }
}

/// The options of a COPY; those of another format than its own have no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOptions {
    /// How rows are spelled.
    pub format: CopyFormat,
    /// What stands between two values.
    pub delimiter: u8,
    /// What stands for NULL.
    pub null: String,
    /// What the first line is.
    pub header: CopyHeader,
    /// What stands around a value that needs it.
    pub quote: u8,
    /// What stands before a quote inside of quotes.
    pub escape: u8,
    /// Columns whose values are written in quotes, needed or not.
    pub force_quote: Chosen,
    /// Columns in which what stands for NULL is read as the text it is.
    pub force_not_null: Chosen,
    /// Columns in which what stands for NULL is NULL in quotes too.
    pub force_null: Chosen,
}

impl CopyOptions {
    /// Reads the options of a COPY, `to` or from somewhere.
    pub(super) fn of(clauses: &[Clause], to: bool) -> Result<Self> {
        let given = Given { clauses };
        if let Some(redundant) = given.redundant() {
            return Err(at(redundant, SqlState::SyntaxError, "conflicting or redundant options"));
        }
        if let Some(other) = clauses.iter().find(|clause| !NAMES.contains(&clause.name.as_str())) {
            return Err(at(other, SqlState::SyntaxError, format!("option \"{}\" not recognized", other.name)));
        }
        let format = match given.clause("format") {
            None => CopyFormat::Text,
            Some(clause) => match string(clause)?.as_str() {
                "text" => CopyFormat::Text,
                "csv" => CopyFormat::Csv,
                "binary" => CopyFormat::Binary,
                other => {
                    let message = format!("COPY format \"{other}\" not recognized");
                    return Err(at(clause, SqlState::InvalidParameterValue, message));
                }
            },
        };
        given.clause("freeze").map(boolean).transpose()?;
        given.clause("encoding").map(utf8).transpose()?;
        let header = given.clause("header").map_or(Ok(CopyHeader::Absent), |clause| header(clause, to))?;
        let (delimiter, null) = (given.string("delimiter")?, given.string("null")?);
        let (quote, escape) = (given.string("quote")?, given.string("escape")?);
        let force_quote = given.columns("force_quote", true)?;
        let (force_not_null, force_null) =
            (given.columns("force_not_null", false)?, given.columns("force_null", false)?);

        let csv = format == CopyFormat::Csv;
        if format == CopyFormat::Binary {
            refuse(delimiter.is_some(), SqlState::SyntaxError, "cannot specify DELIMITER in BINARY mode")?;
            refuse(null.is_some(), SqlState::SyntaxError, "cannot specify NULL in BINARY mode")?;
            refuse(
                header != CopyHeader::Absent,
                SqlState::FeatureNotSupported,
                "cannot specify HEADER in BINARY mode",
            )?;
        }
        let delimiter = one_byte("delimiter", delimiter.as_deref().unwrap_or(if csv { "," } else { "\t" }))?;
        let null = null.unwrap_or_else(|| if csv { String::new() } else { "\\N".to_owned() });
        check_delimiter(delimiter, &null, csv)?;
        for (option, name) in [(&quote, "quote"), (&escape, "escape")] {
            refuse(
                option.is_some() && !csv,
                SqlState::FeatureNotSupported,
                &format!("COPY {name} available only in CSV mode"),
            )?;
        }
        let quote = one_byte("quote", quote.as_deref().unwrap_or("\""))?;
        let escape = escape.as_deref().map_or(Ok(quote), |escape| one_byte("escape", escape))?;
        if csv {
            let same = delimiter == quote;
            refuse(same, SqlState::InvalidParameterValue, "COPY delimiter and quote must be different")?;
            let quoted = null.as_bytes().contains(&quote);
            let message = "CSV quote character must not appear in the NULL specification";
            refuse(quoted, SqlState::FeatureNotSupported, message)?;
        }
        for (chosen, name, direction, wrong) in [
            (&force_quote, "force quote", "TO", !to),
            (&force_not_null, "force not null", "FROM", to),
            (&force_null, "force null", "FROM", to),
        ] {
            let (given, state) = (chosen.is_some(), SqlState::FeatureNotSupported);
            refuse(given && !csv, state, &format!("COPY {name} available only in CSV mode"))?;
            refuse(given && wrong, state, &format!("COPY {name} only available using COPY {direction}"))?;
        }
        let chosen = |columns: Option<Chosen>| columns.unwrap_or(Chosen::Named(Vec::new()));
        let (force_quote, force_null) = (chosen(force_quote), chosen(force_null));
        let force_not_null = chosen(force_not_null);
        Ok(Self { format, delimiter, null, header, quote, escape, force_quote, force_not_null, force_null })
    }

    /// The columns that options name, with the option's name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let options = [
            ("FORCE_QUOTE", &self.force_quote),
            ("FORCE_NOT_NULL", &self.force_not_null),
            ("FORCE_NULL", &self.force_null),
        ];
        options.into_iter().flat_map(|(option, chosen)| {
            let names = match chosen {
                Chosen::All => &[][..],
                Chosen::Named(names) => names,
            };
            names.iter().map(move |name| (option, name.as_str()))
        })
    }
}

const NAMES: &[&str] = &[
    "format",
    "freeze",
    "delimiter",
    "null",
    "header",
    "quote",
    "escape",
    "force_quote",
    "force_not_null",
    "force_null",
    "encoding",
];

/// The options as they were written.
struct Given<'a> {
    clauses: &'a [Clause],
}

impl<'a> Given<'a> {
    fn clause(&self, name: &str) -> Option<&'a Clause> {
        self.clauses.iter().find(|clause| clause.name == name)
    }

    fn redundant(&self) -> Option<&'a Clause> {
        let before = |at: usize| self.clauses[..at].iter().any(|clause| clause.name == self.clauses[at].name);
        (0..self.clauses.len()).find(|&at| before(at)).map(|at| &self.clauses[at])
    }

    fn string(&self, name: &str) -> Result<Option<String>> {
        self.clause(name).map(string).transpose()
    }

    fn columns(&self, name: &str, all: bool) -> Result<Option<Chosen>> {
        let Some(clause) = self.clause(name) else { return Ok(None) };
        match &clause.argument {
            Argument::List(names) => Ok(Some(Chosen::Named(names.clone()))),
            Argument::Star if all => Ok(Some(Chosen::All)),
            _ => {
                let message = format!("argument to option \"{name}\" must be a list of column names");
                Err(at(clause, SqlState::InvalidParameterValue, message))
            }
        }
    }
}

/// An argument as text, as `defGetString` of Postgres reads it.
fn string(clause: &Clause) -> Result<String> {
    match &clause.argument {
        Argument::Text(text) => Ok(text.clone()),
        Argument::Star => Ok("*".to_owned()),
        Argument::List(items) => Ok(items.join(".")),
        Argument::None => Err(Error::new(SqlState::SyntaxError, format!("{} requires a parameter", clause.name))),
    }
}

/// An argument as a truth, which no argument is too.
fn truth(clause: &Clause) -> Option<bool> {
    match &clause.argument {
        Argument::None => Some(true),
        Argument::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "1" => Some(true),
            "false" | "off" | "0" => Some(false),
            _ => None,
        },
        Argument::Star | Argument::List(_) => None,
    }
}

fn boolean(clause: &Clause) -> Result<bool> {
    let message = || format!("{} requires a Boolean value", clause.name);
    truth(clause).ok_or_else(|| Error::new(SqlState::SyntaxError, message()))
}

fn header(clause: &Clause, to: bool) -> Result<CopyHeader> {
    match (truth(clause), &clause.argument) {
        (Some(true), _) => Ok(CopyHeader::Names),
        (Some(false), _) => Ok(CopyHeader::Absent),
        (None, Argument::Text(text)) if text.eq_ignore_ascii_case("match") => match to {
            false => Ok(CopyHeader::Match),
            true => Err(Error::new(SqlState::FeatureNotSupported, "cannot use \"match\" with HEADER in COPY TO")),
        },
        _ => Err(Error::new(SqlState::SyntaxError, "header requires a Boolean value or \"match\"")),
    }
}

/// Text is UTF-8 everywhere here; Postgres' names of it are taken in any spelling that it takes.
fn utf8(clause: &Clause) -> Result<()> {
    let name = string(clause)?;
    let letters = name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    match letters.collect::<String>().as_str() {
        "utf8" | "unicode" => Ok(()),
        other if ENCODINGS.iter().any(|family| other.starts_with(family)) => {
            Err(Error::unsupported(format!("the encoding {name}")).with_hint("send and read UTF8"))
        }
        _ => {
            let message = "argument to option \"encoding\" must be a valid encoding name";
            Err(at(clause, SqlState::InvalidParameterValue, message))
        }
    }
}

/// How the names of Postgres' other encodings begin.
const ENCODINGS: &[&str] = &[
    "big5", "euc", "gb", "iso88", "johab", "koi8", "latin", "mskanji", "mule", "shift", "sjis", "sqlascii", "tcvn",
    "uhc", "vscii", "win", "abc", "alt",
];

fn one_byte(option: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] => Ok(*byte),
        _ => {
            let message = format!("COPY {option} must be a single one-byte character");
            Err(Error::new(SqlState::FeatureNotSupported, message))
        }
    }
}

fn check_delimiter(delimiter: u8, null: &str, csv: bool) -> Result<()> {
    let end_of_line = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let message = "COPY delimiter cannot be newline or carriage return";
    refuse(end_of_line(&delimiter), SqlState::InvalidParameterValue, message)?;
    let message = "COPY null representation cannot use newline or carriage return";
    refuse(null.as_bytes().iter().any(end_of_line), SqlState::InvalidParameterValue, message)?;
    // What a backslash gives a meaning to.
    let taken = matches!(delimiter, b'\\' | b'.' | b'a'..=b'z' | b'0'..=b'9');
    let message = format!("COPY delimiter cannot be \"{}\"", char::from(delimiter));
    refuse(taken && !csv, SqlState::InvalidParameterValue, &message)?;
    let message = "COPY delimiter must not appear in the NULL specification";
    refuse(null.as_bytes().contains(&delimiter), SqlState::FeatureNotSupported, message)
}

fn refuse(wrong: bool, state: SqlState, message: &str) -> Result<()> {
    if wrong { Err(Error::new(state, message)) } else { Ok(()) }
}

fn at(clause: &Clause, state: SqlState, message: impl Into<String>) -> Error {
    Error::new(state, message).at_place(clause.place.line, clause.place.column)
}
