//! The messages of DataFusion 55 and Arrow 59 that are told apart only by their words.
//!
//! Words change with releases, so the tests provoke every row.

use super::{Error, SqlState, suggestion};

/// An error by the first row of [`WORDS`] that fits, else with a state for all others of its kind.
pub(super) fn by_words(text: &str, otherwise: SqlState) -> Error {
    let row = WORDS.iter().find(|(words, ..)| text.contains(words));
    row.and_then(|(_, state, say)| say(text, *state))
        .unwrap_or_else(|| Error::new(row.map_or(otherwise, |(_, state, _)| *state), uncapitalized(&one_line(text))))
}

/// Says a message again; `None` where it isn't built as expected, and so is better left alone.
type Say = fn(&str, SqlState) -> Option<Error>;

/// What a message holds, what that means, and how it is said again.
const WORDS: &[(&str, SqlState, Say)] = &[
    ("Prepared statement '", SqlState::InvalidStatementName, unchanged),
    ("table function '", SqlState::UndefinedFunction, |text, state| {
        Some(Error::new(state, format!("function {} does not exist", quoted(text)?)))
    }),
    ("table '", SqlState::UndefinedTable, |text, state| missing_table(quoted(text)?, state)),
    ("doesn't exist.", SqlState::UndefinedTable, |text, state| missing_table(quoted(text)?, state)),
    ("already exists", SqlState::DuplicateTable, |text, state| {
        Some(Error::new(state, format!("relation \"{}\" already exists", quoted(text)?)))
    }),
    ("Invalid qualifier ", SqlState::UndefinedTable, |text, state| {
        let table = text.strip_prefix("Invalid qualifier ")?;
        Some(Error::new(state, format!("missing FROM-clause entry for table \"{table}\"")))
    }),
    ("Invalid function '", SqlState::UndefinedFunction, missing_function),
    ("No function matches", SqlState::UndefinedFunction, other_arguments),
    ("Cannot coerce arithmetic expression", SqlState::UndefinedFunction, |text, state| {
        let expression = between(text, "expression ", " to valid types")?;
        Some(Error::new(state, format!("operator does not exist: {}", sql_types(expression))))
    }),
    ("There isn't a common type", SqlState::UndefinedFunction, unchanged),
    ("must be in GROUP BY", SqlState::GroupingError, |text, state| {
        let column = between(text, "column \"", "\"")?;
        let rule = "must appear in the GROUP BY clause or be used in an aggregate function";
        Some(Error::new(state, format!("column \"{column}\" {rule}")))
    }),
    ("must appear in the GROUP BY", SqlState::GroupingError, unchanged),
    ("Aggregate functions are not allowed", SqlState::GroupingError, unchanged),
    ("Aggregate function calls cannot be nested", SqlState::GroupingError, unchanged),
    ("Projections require unique expression names", SqlState::DuplicateColumn, |_, state| {
        Some(Error::new(state, "two columns have the same name").with_hint("rename one with AS"))
    }),
    ("specified more than once", SqlState::DuplicateAlias, unchanged),
    ("Order by column out of bounds", SqlState::InvalidColumnReference, unchanged),
    ("Order by index starts at 1", SqlState::InvalidColumnReference, unchanged),
    ("Cannot find column with position", SqlState::InvalidColumnReference, unchanged),
    ("LIMIT must be >= 0", SqlState::InvalidRowCountInLimit, |_, state| {
        Some(Error::new(state, "LIMIT must not be negative"))
    }),
    ("OFFSET must be >=0", SqlState::InvalidRowCountInLimit, |_, state| {
        Some(Error::new(state, "OFFSET must not be negative"))
    }),
    ("Expected LIMIT to be an integer", SqlState::DatatypeMismatch, unchanged),
    ("non-boolean predicate", SqlState::DatatypeMismatch, |text, state| {
        let of = sql_types(text.rsplit("returning ").next()?);
        Some(Error::new(state, format!("a condition must be boolean, not {of}")))
    }),
    ("requires a boolean expression", SqlState::DatatypeMismatch, unchanged),
    ("logical boolean operation", SqlState::DatatypeMismatch, unchanged),
    ("Unsupported SQL type ", SqlState::UndefinedObject, |text, state| {
        let name = text.strip_prefix("Unsupported SQL type ")?.to_lowercase();
        Some(Error::new(state, format!("type \"{name}\" does not exist")))
    }),
    ("was not provided a value", SqlState::UndefinedParameter, |text, state| {
        Some(Error::new(state, format!("there is no parameter {}", quoted(text)?)))
    }),
    ("Argument #", SqlState::InvalidParameterValue, unchanged),
    ("There is no built-in encoding", SqlState::InvalidParameterValue, unchanged),
    ("Percentile value must be", SqlState::InvalidParameterValue, unchanged),
    ("Invalid escape character", SqlState::InvalidParameterValue, unchanged),
    ("Invalid window frame", SqlState::WindowingError, unchanged),
    ("Scalar subquery returned more than one row", SqlState::CardinalityViolation, |_, state| {
        Some(Error::new(state, "more than one row returned by a subquery used as an expression"))
    }),
    ("non-nullable but contains null", SqlState::NotNullViolation, |text, state| {
        Some(Error::new(state, format!("null value in column \"{}\" violates not-null constraint", quoted(text)?)))
    }),
    ("is too large to store in a Decimal", SqlState::NumericValueOutOfRange, |text, state| {
        let most = between(text, "Max is ", "").map(|most| format!("the column holds at most {most}"));
        Some(Error::new(state, "numeric field overflow").with_hint(most?))
    }),
    ("Can't cast value", SqlState::NumericValueOutOfRange, out_of_range),
    ("is out of range ", SqlState::NumericValueOutOfRange, out_of_range),
    ("Cannot cast string '", SqlState::InvalidTextRepresentation, bad_literal),
    ("Cannot cast value '", SqlState::InvalidTextRepresentation, bad_literal),
    ("Error parsing timestamp from '", SqlState::InvalidDatetimeFormat, |text, state| {
        Some(bad_datetime(quoted(text)?, "timestamp", state))
    }),
    ("string size overflow", SqlState::ProgramLimitExceeded, unchanged),
    ("verflow", SqlState::NumericValueOutOfRange, unchanged),
    ("negative count not allowed", SqlState::SubstringError, |_, state| {
        Some(Error::new(state, "negative substring length not allowed"))
    }),
    ("square root of a negative number", SqlState::InvalidArgumentForPowerFunction, |_, state| {
        Some(Error::new(state, "cannot take square root of a negative number"))
    }),
    ("zero raised to a negative power", SqlState::InvalidArgumentForPowerFunction, unchanged),
    ("regex parse error", SqlState::InvalidRegularExpression, |text, state| {
        let reason = text.lines().find_map(|line| line.strip_prefix("error: "))?;
        Some(Error::new(state, format!("invalid regular expression: {reason}")))
    }),
];

fn unchanged(_: &str, _: SqlState) -> Option<Error> {
    None
}

/// `database.schema.table`, as the engine names it; the user wrote the end of it.
fn missing_table(name: &str, state: SqlState) -> Option<Error> {
    let parts: Vec<&str> = name.split('.').collect();
    let written = match parts.as_slice() {
        [_, "public", table] => (*table).to_owned(),
        [_, rest @ ..] if parts.len() > 2 => rest.join("."),
        _ => name.to_owned(),
    };
    Some(Error::new(state, format!("relation \"{written}\" does not exist")))
}

/// The engine suggests a function however far off it is: only a near one helps.
fn missing_function(text: &str, state: SqlState) -> Option<Error> {
    let name = quoted(text)?;
    let error = Error::new(state, format!("function {name} does not exist"));
    let suggested = between(text, "Did you mean '", "'");
    Some(match suggested.and_then(|suggested| suggestion::nearest(name, &[suggested])) {
        Some(near) => error.with_hint(format!("perhaps you meant {near}")),
        None => error,
    })
}

fn other_arguments(text: &str, state: SqlState) -> Option<Error> {
    let call = between(text, "argument types '", "'")?;
    let error = Error::new(state, format!("function {} does not exist", sql_types(call)));
    let candidates: Vec<&str> = text.split("Candidate functions:").nth(1)?.split_whitespace().collect();
    Some(error.with_hint(format!("there is {}; cast the arguments to it", candidates.join(" "))))
}

fn out_of_range(text: &str, state: SqlState) -> Option<Error> {
    let integer = text.rsplit(' ').next()?;
    Some(Error::new(state, format!("{} out of range", sql_types(integer))))
}

/// A text that isn't one of its type: 22P02, or 22003 where it is a number but too large a one.
fn bad_literal(text: &str, state: SqlState) -> Option<Error> {
    let value = between(text, "'", "' to value of ")?;
    let of = sql_types(between(text, "' to value of ", " type")?);
    let digits = value.trim().trim_start_matches(['-', '+']);
    let is_number = match of.as_str() {
        "date" => return Some(bad_datetime(value, "date", SqlState::InvalidDatetimeFormat)),
        "smallint" | "integer" | "bigint" => !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()),
        other => other.starts_with("numeric") && digits.parse::<f64>().is_ok(),
    };
    Some(if is_number {
        let message = format!("value \"{value}\" is out of range for type {of}");
        Error::new(SqlState::NumericValueOutOfRange, message)
    } else {
        Error::new(state, format!("invalid input syntax for type {of}: \"{value}\""))
    })
}

/// A text that isn't a date or time: 22007, or 22008 where it is built like one, such as a thirteenth month.
fn bad_datetime(value: &str, of: &str, state: SqlState) -> Error {
    let built_like_one = value.len() >= 8 && value.chars().all(|c| c.is_ascii_digit() || "-: .TZ+".contains(c));
    if built_like_one {
        let message = format!("date/time field value out of range: \"{value}\"");
        return Error::new(SqlState::DatetimeFieldOverflow, message);
    }
    Error::new(state, format!("invalid input syntax for type {of}: \"{value}\""))
}

/// What stands first in single quotes.
fn quoted(text: &str) -> Option<&str> {
    between(text, "'", "'")
}

/// What stands between two pieces of text; an empty second one is the end.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    let end = if after.is_empty() { rest.len() } else { rest.find(after)? };
    Some(&rest[..end])
}

/// Arrow's names of types in SQL's words.
const TYPES: &[(&str, &str)] = &[
    ("Boolean", "boolean"),
    ("Int16", "smallint"),
    ("Int32", "integer"),
    ("Int64", "bigint"),
    ("Float32", "real"),
    ("Float64", "double precision"),
    ("Decimal128", "numeric"),
    ("LargeUtf8", "text"),
    ("Utf8View", "text"),
    ("Utf8", "text"),
    ("Date32", "date"),
];

fn sql_types(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let end = rest[start..].find(|c| !is_word(c)).map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        said.push_str(&rest[..start]);
        said.push_str(TYPES.iter().find(|(arrow, _)| *arrow == word).map_or(word, |(_, sql)| sql));
        rest = &rest[end..];
    }
    said + rest
}

/// The first letter small, unless the word is written in capitals.
fn uncapitalized(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(text.chars().skip(1)).collect()
        }
        _ => text.to_owned(),
    }
}

/// A message on one line: clients show one, and the engine appends backtraces and candidate lists to some.
pub(super) fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
