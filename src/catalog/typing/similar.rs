//! `SIMILAR TO`: the SQL standard's patterns as regular expressions. The engine takes them as they stand, and finds other texts.

use datafusion::common::Result;
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, SqlState};

/// The match of a regular expression that answers the same; 0A000 for a pattern that is computed.
pub(super) fn as_regular_expression(similar: Like) -> Result<Expr> {
    let pattern = match similar.pattern.as_ref() {
        Expr::Literal(ScalarValue::Utf8(Some(pattern)) | ScalarValue::Utf8View(Some(pattern)), _) => {
            lit(translated(pattern, similar.escape_char.unwrap_or('\\'))?)
        }
        Expr::Literal(value, _) if value.is_null() => lit(ScalarValue::Utf8(None)),
        _ => return Err(Error::unsupported("SIMILAR TO with a pattern that is computed").with_hint("use ~").into()),
    };
    let operator = if similar.negated { Operator::RegexNotMatch } else { Operator::RegexMatch };
    Ok(binary_expr(*similar.expr, operator, pattern))
}

/// PostgreSQL's `similar_escape`: `%` is any text, `_` any letter, `.`, `^` and `$` are letters, the rest is as in regular
/// expressions.
fn translated(pattern: &str, escape: char) -> Result<String, Error> {
    let mut regular = String::from("(?s)^(?:");
    let mut in_brackets = false;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            _ if letter == escape => {
                let escaped = letters.next().ok_or_else(|| {
                    Error::new(SqlState::InvalidRegularExpression, "a pattern must not end with its escape character")
                })?;
                if !escaped.is_alphanumeric() {
                    regular.push('\\');
                }
                regular.push(escaped);
            }
            '[' | ']' => {
                in_brackets = letter == '[';
                regular.push(letter);
            }
            '%' if !in_brackets => regular.push_str(".*"),
            '_' if !in_brackets => regular.push('.'),
            '.' | '^' | '$' | '\\' if !in_brackets => {
                regular.push('\\');
                regular.push(letter);
            }
            letter => regular.push(letter),
        }
    }
    Ok(regular + ")$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_become_regular_expressions() {
        for (pattern, expected) in [
            ("%(b|d)%", "(?s)^(?:.*(b|d).*)$"),
            ("a_c", "(?s)^(?:a.c)$"),
            ("a.c$", "(?s)^(?:a\\.c\\$)$"),
            ("[a%_^]", "(?s)^(?:[a%_^])$"),
            ("100\\%", "(?s)^(?:100\\%)$"),
        ] {
            assert_eq!(translated(pattern, '\\').unwrap(), expected, "{pattern}");
        }
        assert!(translated("a\\", '\\').is_err());
    }
}
