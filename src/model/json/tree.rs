//! `jsonb`: keys by length and then by bytes, the last of equal ones, numbers as a numeric prints them.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::{Display, Formatter, Write};

use super::node::{Json, Node};
use super::number::plain;
use crate::error::Result;

/// A value; its `Display` is the text that Postgres prints.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tree {
    Null,
    Bool(bool),
    /// Digits without an exponent.
    Number(String),
    String(String),
    Array(Vec<Tree>),
    Object(BTreeMap<Key, Tree>),
}

/// A key of an object, in Postgres' order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub String);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Tree {
    /// Reads a text; 22P02 where it is no JSON, 22P05 and 22003 for text and numbers that Postgres can't hold.
    pub fn read(text: &str) -> Result<Self> {
        Self::of(&Node::read(text)?)
    }

    /// The value of a node.
    pub fn of(node: &Node<'_>) -> Result<Self> {
        Ok(match &node.json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(digits) => Self::Number(plain(digits)?),
            Json::String(quoted) => Self::String(quoted.text()?.into_owned()),
            Json::Array(elements) => Self::Array(elements.iter().map(Self::of).collect::<Result<_>>()?),
            Json::Object(fields) => {
                let field = |(key, value): &(_, _)| -> Result<_> {
                    let key: &super::node::Quoted<'_> = key;
                    Ok((Key(key.text()?.into_owned()), Self::of(value)?))
                };
                Self::Object(fields.iter().map(field).collect::<Result<_>>()?)
            }
        })
    }

    /// Whether an object has a key, or an array a string.
    pub fn has(&self, key: &str) -> bool {
        let is_key = |value: &Self| matches!(value, Self::String(text) if text == key);
        match self {
            Self::Object(fields) => fields.keys().any(|Key(name)| name == key),
            Self::Array(elements) => elements.iter().any(is_key),
            scalar => is_key(scalar),
        }
    }

    /// Whether it holds all that another value does: each field, each element. An array holds a scalar, too, that is one of its
    /// elements.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Array(elements), scalar) if !matches!(scalar, Self::Array(_) | Self::Object(_)) => {
                elements.iter().any(|element| element.holds(scalar))
            }
            _ => self.holds(other),
        }
    }

    fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(own), Self::Object(fields)) => {
                fields.iter().all(|(key, value)| own.get(key).is_some_and(|own| own.holds(value)))
            }
            (Self::Array(own), Self::Array(elements)) => {
                elements.iter().all(|element| own.iter().any(|own| own.holds(element)))
            }
            (Self::Number(own), Self::Number(digits)) => significant(own) == significant(digits),
            _ => self == other,
        }
    }
}

/// The digits of a number without the zeros at the end of its decimals.
fn significant(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

impl Display for Tree {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(digits) => f.write_str(digits),
            Self::String(text) => quote(text, f),
            Self::Array(elements) => {
                f.write_char('[')?;
                for (at, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if at > 0 { ", " } else { "" })?;
                }
                f.write_char(']')
            }
            Self::Object(fields) => {
                f.write_char('{')?;
                for (at, (Key(key), value)) in fields.iter().enumerate() {
                    f.write_str(if at > 0 { ", " } else { "" })?;
                    quote(key, f)?;
                    write!(f, ": {value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

/// Writes a text as a string of JSON.
pub(super) fn quote(text: &str, out: &mut impl Write) -> std::fmt::Result {
    out.write_char('"')?;
    for letter in text.chars() {
        match letter {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(letter))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `'...'::jsonb::text` in PostgreSQL 15.
    #[test]
    fn the_normal_form_is_that_of_postgres() {
        for (text, expected) in [
            (
                r#"{"b": 1,  "aa": [1, null], "a": {"x":"y\"ü"}, "b": 2}"#,
                r#"{"a": {"x": "y\"ü"}, "b": 2, "aa": [1, null]}"#,
            ),
            ("[1.10,1e2 , true]", "[1.10, 100, true]"),
            (r#""\u00e4\/\u001f\u007f""#, "\"ä/\\u001f\u{7f}\""),
            ("{}", "{}"),
            ("  null ", "null"),
        ] {
            assert_eq!(Tree::read(text).unwrap().to_string(), expected, "{text}");
        }
    }
}
