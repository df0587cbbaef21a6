//! JSON as it stands in a text: RFC 8259, as strictly as Postgres reads it.

use std::borrow::Cow;

use recursive::recursive;

use crate::error::{Error, Result, SqlState};

/// Arrays and objects in each other; deeper ones would end a thread's stack.
const DEEPEST: usize = 1000;

/// A value and its text.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    /// The letters that it was read from.
    pub text: &'a str,
    /// What it is.
    pub json: Json<'a>,
}

/// A value.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// The digits as they are written.
    Number(&'a str),
    String(Quoted<'a>),
    Array(Vec<Node<'a>>),
    /// All fields, in the order in which they are written; a key may come twice.
    Object(Vec<(Quoted<'a>, Node<'a>)>),
}

/// What stands between two quotes, with its escapes.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(&'a str);

impl<'a> Node<'a> {
    /// Reads a text; 22P02 where it is no JSON, 54001 where it is too deep.
    pub fn read(text: &'a str) -> Result<Self> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let node = reader.node()?;
        reader.skip_blanks();
        if reader.at < text.len() { Err(invalid()) } else { Ok(node) }
    }
}

impl<'a> Quoted<'a> {
    /// The text that it means; 22P05 where that has a zero, 22P02 where half of a pair of surrogates is missing.
    pub fn text(self) -> Result<Cow<'a, str>> {
        if !self.0.contains('\\') {
            return Ok(Cow::Borrowed(self.0));
        }
        let mut text = String::with_capacity(self.0.len());
        let mut rest = self.0;
        while let Some((before, escape)) = rest.split_once('\\') {
            text.push_str(before);
            let letter = escape.as_bytes().first().copied().unwrap_or_default();
            let mut length = 1;
            text.push(match letter {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => {
                    let (letter, read) = unicode(escape)?;
                    length = read;
                    letter
                }
                other => char::from(other),
            });
            rest = &escape[length..];
        }
        text.push_str(rest);
        Ok(Cow::Owned(text))
    }
}

/// The letter of `uXXXX`, or of two of them that are one, and how long that is written.
fn unicode(escape: &str) -> Result<(char, usize)> {
    let unit = |at: usize| u32::from_str_radix(escape.get(at..at + 4)?, 16).ok();
    let first = unit(1).ok_or_else(invalid)?;
    match first {
        0 => Err(Error::new(SqlState::UntranslatableCharacter, "unsupported Unicode escape sequence")
            .with_detail("\\u0000 cannot be converted to text.")),
        0xd800..=0xdbff => {
            let second = Some(6).filter(|_| escape.get(5..7) == Some("\\u")).and_then(|_| unit(7));
            let second = second.filter(|unit| (0xdc00..=0xdfff).contains(unit)).ok_or_else(invalid)?;
            let letter = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            Ok((char::from_u32(letter).ok_or_else(invalid)?, 11))
        }
        unit => Ok((char::from_u32(unit).ok_or_else(invalid)?, 5)),
    }
}

/// The error of PostgreSQL for a text that is no JSON, of either type.
fn invalid() -> Error {
    Error::new(SqlState::InvalidTextRepresentation, "invalid input syntax for type json")
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    #[recursive]
    fn node(&mut self) -> Result<Node<'a>> {
        self.skip_blanks();
        let start = self.at;
        let json = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Json::String(self.quoted()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            _ => self.word()?,
        };
        Ok(Node { text: &self.text[start..self.at], json })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json<'a>>) -> Result<Json<'a>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Error::new(SqlState::StatementTooComplex, "stack depth limit exceeded")
                .with_hint(format!("arrays and objects of JSON may stand {DEEPEST} deep in each other")));
        }
        self.at += 1;
        let json = read(self);
        self.depth -= 1;
        json
    }

    fn object(&mut self) -> Result<Json<'a>> {
        let mut fields = Vec::new();
        if self.takes(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_blanks();
            let key = self.quoted()?;
            self.expect(b':')?;
            fields.push((key, self.node()?));
            if !self.takes(b',') {
                return self.expect(b'}').map(|()| Json::Object(fields));
            }
        }
    }

    fn array(&mut self) -> Result<Json<'a>> {
        let mut elements = Vec::new();
        if self.takes(b']') {
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.node()?);
            if !self.takes(b',') {
                return self.expect(b']').map(|()| Json::Array(elements));
            }
        }
    }

    fn quoted(&mut self) -> Result<Quoted<'a>> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
                            if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                                return Err(invalid());
                            }
                            self.at += 5;
                        }
                        _ => return Err(invalid()),
                    }
                }
                Some(0..=0x1f) | None => return Err(invalid()),
                Some(_) => self.at += 1,
            }
        }
        let quoted = Quoted(&self.text[start..self.at]);
        self.at += 1;
        Ok(quoted)
    }

    fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.digits()? {
            digits if digits.len() > 1 && digits.starts_with('0') => return Err(invalid()),
            _ => {}
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        // `1a` is no number and something else.
        match self.peek() {
            Some(letter) if letter.is_ascii_alphanumeric() || !letter.is_ascii() => Err(invalid()),
            _ => Ok(&self.text[start..self.at]),
        }
    }

    fn digits(&mut self) -> Result<&'a str> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += length;
        if length == 0 { Err(invalid()) } else { Ok(&rest[..length]) }
    }

    fn word(&mut self) -> Result<Json<'a>> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        self.at += length;
        match &rest[..length] {
            "null" => Ok(Json::Null),
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            _ => Err(invalid()),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Whether this letter comes next, behind blanks; it is passed then.
    fn takes(&mut self, letter: u8) -> bool {
        self.skip_blanks();
        let there = self.peek() == Some(letter);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, letter: u8) -> Result<()> {
        if self.takes(letter) { Ok(()) } else { Err(invalid()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `'...'::json` in PostgreSQL 15.
    #[test]
    fn what_is_json_is_what_postgres_takes() {
        for text in [
            "1",
            "-0.5e+3",
            " null ",
            "[]",
            "{ }",
            r#"{"a":[1,{"b":null}],"a":"x"}"#,
            r#""\u00e4\n\/""#,
            r#""\ud83d""#,
            "[1 , 2]",
            "0",
            "-0",
            "1E5",
        ] {
            assert_eq!(Node::read(text).map(|node| node.text).ok(), Some(text.trim()), "{text}");
        }
        for text in [
            "",
            " ",
            "'a'",
            "{a:1}",
            "[1,]",
            "[,1]",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "nul",
            "nulls",
            "True",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "\"a",
            "\"\n\"",
            r#""\x""#,
            r#""\u12g4""#,
            "1 2",
            "[1]]",
            "1a",
            "1ä",
            "{\"a\":1,}",
        ] {
            let error = Node::read(text).map(|node| node.text).unwrap_err();
            assert_eq!(error.state(), SqlState::InvalidTextRepresentation, "{text}");
            assert_eq!(error.message(), "invalid input syntax for type json");
        }
    }

    #[test]
    fn escapes_are_the_letters_they_stand_for() {
        let text = |json: &str| match Node::read(json).unwrap().json {
            Json::String(quoted) => quoted.text().map(Cow::into_owned).map_err(|error| error.state()),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(r#""a\"\\\/\b\f\n\r\t""#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\t");
        assert_eq!(text(r#""\u00e4\ud83d\ude00ü""#).unwrap(), "ä😀ü");
        assert_eq!(text(r#""\u0000""#), Err(SqlState::UntranslatableCharacter));
        for half in [r#""\ud83d""#, r#""\ud83dx""#, r#""\ude00""#, r#""\ud83d\u0041""#] {
            assert_eq!(text(half), Err(SqlState::InvalidTextRepresentation), "{half}");
        }
    }

    #[test]
    fn a_deep_text_is_refused() {
        let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(Node::read(&deep(DEEPEST)).is_ok());
        assert_eq!(Node::read(&deep(DEEPEST + 1)).unwrap_err().state(), SqlState::StatementTooComplex);
        assert_eq!(Node::read(&"[".repeat(1 << 20)).unwrap_err().state(), SqlState::StatementTooComplex);
    }
}
