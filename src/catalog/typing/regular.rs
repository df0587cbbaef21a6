//! Regular expressions as Postgres reads them, and the functions that replace and find by them.
//!
//! The engine's library reads most of them alike. Otherwise: in Postgres `.` matches a newline, too, `\m`, `\M`, `\y` and `\Y` are
//! the ends of words, and a replacement has `\1`, `\&` and `\\`, where `$1` is text.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListBuilder, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::scalar::ScalarValue;
use regex::{Captures, Regex, RegexBuilder};

use crate::error::{Error, SqlState};

/// The pattern of an operator as the engine's library reads it; a pattern that is computed stays as it is.
pub(super) fn pattern(pattern: Expr) -> Expr {
    match &pattern {
        Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => {
            let read = translated(text);
            if read == *text { pattern } else { lit(read) }
        }
        _ => pattern,
    }
}

/// A pattern of Postgres in the library's spelling.
fn translated(pattern: &str) -> String {
    let mut read = String::with_capacity(pattern.len() + 4);
    let mut letters = pattern.chars();
    let (mut in_brackets, mut dots) = (false, false);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('m') if !in_brackets => read.push_str("\\b{start}"),
                Some('M') if !in_brackets => read.push_str("\\b{end}"),
                Some('y') if !in_brackets => read.push_str("\\b"),
                Some('Y') if !in_brackets => read.push_str("\\B"),
                Some('Z') if !in_brackets => read.push_str("\\z"),
                Some(escaped) => read.extend(['\\', escaped]),
                None => read.push('\\'),
            },
            '[' | ']' => {
                in_brackets = letter == '[';
                read.push(letter);
            }
            '.' if !in_brackets => {
                dots = true;
                read.push('.');
            }
            letter => read.push(letter),
        }
    }
    if dots { format!("(?s){read}") } else { read }
}

/// What a function does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    /// `regexp_replace(text, pattern, replacement [, start [, number]] [, flags])`
    Replace,
    /// `regexp_match(text, pattern [, flags])`: the groups of the first match.
    Match,
    /// `substring(text FROM pattern)`: the first group, or the whole match.
    Substring,
}

/// The function of this name.
pub(super) fn function(name: &str) -> Option<ScalarUDF> {
    Some(match name {
        "regexp_replace" => of(Task::Replace),
        "regexp_match" => of(Task::Match),
        SUBSTRING => of(Task::Substring),
        _ => return None,
    })
}

/// What `substring(text FROM pattern)` is called, which nobody else may call.
pub(in crate::catalog) const SUBSTRING: &str = "substring from";

fn of(task: Task) -> ScalarUDF {
    ScalarUDF::from(Regular { task, signature: Signature::variadic_any(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Regular {
    task: Task,
    signature: Signature,
}

impl ScalarUDFImpl for Regular {
    fn name(&self) -> &str {
        match self.task {
            Task::Replace => "regexp_replace",
            Task::Match => "regexp_match",
            Task::Substring => "substring",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let is_text = |at: usize| types.get(at).is_none_or(|kind| kind.is_string() || kind.is_null());
        let is_number = |at: usize| types.get(at).is_none_or(|kind| kind.is_integer());
        let fits = match self.task {
            Task::Substring => types.len() == 2 && is_text(0) && is_text(1),
            Task::Match => (2..=3).contains(&types.len()) && (0..3).all(is_text),
            Task::Replace => match types.len() {
                3 | 4 if (0..4).all(is_text) => true,
                4..=6 => (0..3).all(is_text) && is_number(3) && is_number(4) && is_text(5),
                _ => false,
            },
        };
        if !fits {
            let given: Vec<_> = types.iter().map(ToString::to_string).collect();
            let message = format!("function {}({}) does not exist", self.name(), given.join(", "));
            return Err(Error::new(SqlState::UndefinedFunction, message).into());
        }
        Ok(match self.task {
            Task::Match => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
            _ => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = call.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { call.number_rows };
        let arrays = call.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let answer = match self.task {
            Task::Replace => replace(&arrays, rows)?,
            Task::Match => matched(&arrays, rows)?,
            Task::Substring => substrings(&arrays, rows)?,
        };
        match scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?)),
            false => Ok(ColumnarValue::Array(answer)),
        }
    }
}

fn texts(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn replace(arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let numbered = arrays.get(3).is_some_and(|array| array.data_type().is_integer());
    let number = |at: usize| -> Result<Option<ArrayRef>> {
        let array = arrays.get(at).filter(|_| numbered);
        Ok(array.map(|array| cast(array, &DataType::Int64)).transpose()?)
    };
    let (starts, numbers) = (number(3)?, number(4)?);
    let flags = if numbered { arrays.get(5) } else { arrays.get(3) };
    let flags = flags.map(texts).transpose()?;
    let (values, patterns, replacements) = (texts(&arrays[0])?, texts(&arrays[1])?, texts(&arrays[2])?);
    let mut known = Known::default();
    let mut replaced = StringBuilder::with_capacity(rows, 0);
    for row in 0..rows {
        let at = |array: &StringArray| arrow::array::Array::is_valid(array, row).then(|| array.value(row).to_owned());
        let whole = |array: &Option<ArrayRef>, unsaid: i64| match array {
            Some(array) => {
                arrow::array::Array::is_valid(array, row).then(|| array.as_primitive::<Int64Type>().value(row))
            }
            None => Some(unsaid),
        };
        let flags = match &flags {
            Some(flags) => at(flags),
            None => Some(String::new()),
        };
        let texts = (at(&values), at(&patterns), at(&replacements));
        let (Some(value), Some(pattern), Some(replacement), Some(flags)) = (texts.0, texts.1, texts.2, flags) else {
            replaced.append_null();
            continue;
        };
        let (Some(start), Some(number)) = (whole(&starts, 1), whole(&numbers, 1)) else {
            replaced.append_null();
            continue;
        };
        let (Ok(start @ 1..), Ok(number)) = (usize::try_from(start), usize::try_from(number)) else {
            let message = "start must be greater than zero, and the number of a match not negative";
            return Err(Error::new(SqlState::InvalidParameterValue, message).into());
        };
        let (regex, global) = known.regex(&pattern, &flags)?;
        let number = if numbered && numbers.is_some() {
            number
        } else if global {
            0
        } else {
            1
        };
        replaced.append_value(replaced_in(&value, regex, &replacement, start, number));
    }
    Ok(Arc::new(replaced.finish()))
}

/// A text with its `number`th match from a letter on replaced, or with all of them for 0.
fn replaced_in(text: &str, regex: &Regex, replacement: &str, start: usize, number: usize) -> String {
    let skipped = text.char_indices().nth(start - 1).map_or(text.len(), |(at, _)| at);
    let (mut out, mut end) = (String::with_capacity(text.len()), 0);
    let mut begin = skipped;
    let mut met = 0;
    while let Some(found) = regex.captures_at(text, begin) {
        let whole = found.get_match();
        met += 1;
        if number == 0 || met == number {
            out.push_str(&text[end..whole.start()]);
            expand(&mut out, replacement, &found);
            end = whole.end();
            if number > 0 {
                break;
            }
        }
        // A match of nothing is left behind by a letter.
        begin = match whole.is_empty() {
            true => match text[whole.end()..].chars().next() {
                Some(letter) => whole.end() + letter.len_utf8(),
                None => break,
            },
            false => whole.end(),
        };
    }
    out + &text[end..]
}

fn expand(out: &mut String, replacement: &str, found: &Captures) {
    let mut letters = replacement.chars();
    while let Some(letter) = letters.next() {
        match (letter, (letter == '\\').then(|| letters.next()).flatten()) {
            ('\\', Some(digit @ '1'..='9')) => {
                let group = digit as usize - '0' as usize;
                out.push_str(found.get(group).map_or("", |group| group.as_str()));
            }
            ('\\', Some('&')) => out.push_str(found.get_match().as_str()),
            ('\\', Some('\\') | None) => out.push('\\'),
            ('\\', Some(other)) => out.extend(['\\', other]),
            (letter, _) => out.push(letter),
        }
    }
}

fn matched(arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let (values, patterns) = (texts(&arrays[0])?, texts(&arrays[1])?);
    let flags = arrays.get(2).map(texts).transpose()?;
    let mut known = Known::default();
    let mut lists = ListBuilder::with_capacity(StringBuilder::new(), rows);
    for row in 0..rows {
        let at = |array: &StringArray| arrow::array::Array::is_valid(array, row).then(|| array.value(row).to_owned());
        let flags = flags.as_ref().map_or(Some(String::new()), at);
        let (Some(value), Some(pattern), Some(flags)) = (at(&values), at(&patterns), flags) else {
            lists.append_null();
            continue;
        };
        let (regex, global) = known.regex(&pattern, &flags)?;
        if global {
            let error =
                Error::new(SqlState::InvalidParameterValue, "regexp_match() does not support the \"global\" option");
            return Err(error.with_hint("use regexp_replace, or split the text first").into());
        }
        match regex.captures(&value) {
            Some(found) => lists.append_value(groups(&found)),
            None => lists.append_null(),
        }
    }
    Ok(Arc::new(lists.finish()))
}

/// The groups of a match; the whole of it where the pattern has none.
fn groups<'t>(found: &Captures<'t>) -> Vec<Option<&'t str>> {
    let skipped = usize::from(found.len() > 1);
    found.iter().skip(skipped).map(|group| group.map(|group| group.as_str())).collect()
}

fn substrings(arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let (values, patterns) = (texts(&arrays[0])?, texts(&arrays[1])?);
    let mut known = Known::default();
    let mut found = StringBuilder::with_capacity(rows, 0);
    for pair in values.iter().zip(&patterns) {
        let (Some(value), Some(pattern)) = pair else {
            found.append_null();
            continue;
        };
        let (regex, _) = known.regex(pattern, "")?;
        let captures = regex.captures(value);
        found.append_option(captures.and_then(|captures| groups(&captures).into_iter().next().flatten()));
    }
    Ok(Arc::new(found.finish()))
}

/// The pattern of the row before: most calls have one for all rows.
#[derive(Default)]
struct Known {
    last: Option<(String, String, Regex, bool)>,
}

impl Known {
    /// The expression of a pattern with flags, and whether these ask for every match.
    fn regex(&mut self, pattern: &str, flags: &str) -> Result<(&Regex, bool)> {
        let is_last = self.last.as_ref().is_some_and(|(p, f, ..)| p == pattern && f == flags);
        if !is_last {
            let (regex, global) = compiled(pattern, flags)?;
            self.last = Some((pattern.to_owned(), flags.to_owned(), regex, global));
        }
        match &self.last {
            Some((_, _, regex, global)) => Ok((regex, *global)),
            None => Err(Error::internal("no regular expression").into()),
        }
    }
}

fn compiled(pattern: &str, flags: &str) -> Result<(Regex, bool)> {
    let (mut global, mut ignores_case, mut by_lines, mut spaced, mut literal) = (false, false, false, false, false);
    for flag in flags.chars() {
        match flag {
            'g' => global = true,
            'i' => ignores_case = true,
            'c' => ignores_case = false,
            'n' | 'm' => by_lines = true,
            's' => by_lines = false,
            'x' => spaced = true,
            'q' => literal = true,
            't' | 'e' => {}
            other => {
                let message = format!("invalid regular expression option: \"{other}\"");
                return Err(Error::new(SqlState::InvalidParameterValue, message).into());
            }
        }
    }
    let read = if literal { regex::escape(pattern) } else { translated(pattern) };
    let read = read.strip_prefix("(?s)").unwrap_or(&read);
    let built = RegexBuilder::new(read)
        .case_insensitive(ignores_case)
        .dot_matches_new_line(!by_lines)
        .multi_line(by_lines)
        .ignore_whitespace(spaced)
        .build();
    match built {
        Ok(regex) => Ok((regex, global)),
        Err(error) => {
            let what = error.to_string();
            let what = what.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("invalid regular expression: {what}");
            Err(Error::new(SqlState::InvalidRegularExpression, message).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `regexp_replace` of PostgreSQL 15 answers.
    #[test]
    fn replacements_are_postgres() {
        for (text, pattern, replacement, flags, expected) in [
            ("foobarbaz", "b(..)", "X\\1Y", "g", "fooXarYXazY"),
            ("abc", "b", "[\\&]", "", "a[b]c"),
            ("abc", "b", "\\\\", "", "a\\c"),
            ("abc", "b", "$1", "", "a$1c"),
            ("abc", "", "X", "g", "XaXbXcX"),
            ("aBcb", "b", "x", "gi", "axcx"),
            ("a.b.c", ".", "-", "gq", "a-b-c"),
            ("a\nb", "a.b", "x", "", "x"),
            ("a\nb", "a.b", "x", "n", "a\nb"),
            ("foo foobar", "\\mfoo\\M", "x", "g", "x foobar"),
        ] {
            let (regex, global) = compiled(pattern, flags).unwrap();
            let number = if global { 0 } else { 1 };
            assert_eq!(replaced_in(text, &regex, replacement, 1, number), expected, "{pattern}");
        }
        let (regex, _) = compiled("a|e|i|o|u", "i").unwrap();
        assert_eq!(replaced_in("A PostgreSQL function", &regex, "X", 1, 3), "A PostgrXSQL function");
        assert_eq!(replaced_in("A PostgreSQL function", &regex, "X", 2, 0), "A PXstgrXSQL fXnctXXn");
        assert!(compiled("(", "").is_err());
        assert!(compiled("a", "z").is_err());
    }
}
