//! Where the lines of text and CSV end, in input that may be cut anywhere.
//!
//! The rules are those of PostgreSQL 15's `CopyReadLineText`: the first line says how lines end, a backslash (text) or quotes
//! (CSV) keep an end of line inside of a value, and `\.` alone ends the data.

use memchr::{memchr, memchr2, memchr3};

use super::fields::Quoting;
use crate::error::{Error, Result, SqlState};

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnd {
    Newline,
    Return,
    Both,
}

/// What the input begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A line of so many bytes, with its end so many.
    Line { length: usize, consumed: usize },
    /// A part of a line.
    Part,
    /// A last line of so many bytes, maybe none, behind which nothing counts.
    Last { length: usize },
}

/// What `\.` is.
enum Mark {
    /// The end of the data.
    Ends,
    /// Not known without more input.
    Part,
    /// The end of the data, on a line that ends otherwise than the lines before it.
    OtherEnd,
    /// Nothing of its own.
    None,
}

const OTHER_END: &str = "end-of-copy marker does not match previous newline style";

/// Cuts input into lines.
pub(super) struct Lines {
    /// The quotes of CSV; `None` for text.
    quoting: Option<Quoting>,
    end: Option<LineEnd>,
    /// Of the line that is being looked for: how much of it was looked at, and what it was within.
    seen: usize,
    in_quotes: bool,
    escaped: bool,
    inner_ends: u64,
}

impl Lines {
    /// For CSV with its quotes, or for text.
    pub fn new(quoting: Option<Quoting>) -> Self {
        Self { quoting, end: None, seen: 0, in_quotes: false, escaped: false, inner_ends: 0 }
    }

    /// How many ends of lines the last line kept inside of quotes.
    pub fn inner_ends(&self) -> u64 {
        self.inner_ends
    }

    /// The first line of the input, which begins where the last one ended. `all`: no more input comes.
    pub fn next(&mut self, input: &[u8], all: bool) -> Result<Cut> {
        if self.seen == 0 {
            self.inner_ends = 0;
        }
        let cut = match self.quoting {
            None => self.next_text(input, all)?,
            Some(quoting) => self.next_csv(input, all, quoting)?,
        };
        if cut != Cut::Part {
            (self.seen, self.in_quotes, self.escaped) = (0, false, false);
        }
        Ok(cut)
    }

    fn next_text(&mut self, input: &[u8], all: bool) -> Result<Cut> {
        while let Some(found) = memchr3(b'\n', b'\r', b'\\', &input[self.seen..]) {
            self.seen += found;
            match (input[self.seen], input.get(self.seen + 1)) {
                (b'\\', None) if !all => return Ok(Cut::Part),
                (b'\\', Some(b'.')) => return self.text_mark(input, all),
                (b'\\', _) => self.seen = input.len().min(self.seen + 2),
                _ => return self.line(input, all),
            }
        }
        self.seen = input.len();
        Ok(if all { Cut::Last { length: input.len() } } else { Cut::Part })
    }

    fn next_csv(&mut self, input: &[u8], all: bool, quoting: Quoting) -> Result<Cut> {
        if self.seen == 0
            && input.first() == Some(&b'\\')
            && let Some(cut) = self.csv_mark(input, all)?
        {
            return Ok(cut);
        }
        while self.seen < input.len() {
            let rest = &input[self.seen..];
            if !self.in_quotes {
                let Some(found) = memchr3(quoting.quote, b'\n', b'\r', rest) else { break };
                self.seen += found;
                if input[self.seen] != quoting.quote {
                    return self.line(input, all);
                }
                (self.in_quotes, self.escaped) = (true, false);
                self.seen += 1;
                continue;
            }
            self.in_quotes(rest, quoting);
        }
        self.seen = input.len();
        Ok(if all { Cut::Last { length: input.len() } } else { Cut::Part })
    }

    /// Goes on to the next byte that matters inside of quotes. A quote that is escaped by a quote ends the quotes and begins
    /// them again, which comes to the same.
    fn in_quotes(&mut self, rest: &[u8], quoting: Quoting) {
        let newline = if self.end == Some(LineEnd::Newline) { b'\n' } else { b'\r' };
        let found = match quoting.escape == quoting.quote {
            true => memchr2(quoting.quote, newline, rest),
            false => memchr3(quoting.quote, newline, quoting.escape, rest),
        };
        let Some(found) = found else {
            self.escaped &= rest.is_empty();
            self.seen += rest.len();
            return;
        };
        let escaped = self.escaped && found == 0;
        let byte = rest[found];
        self.seen += found + 1;
        self.escaped = byte == quoting.escape && quoting.escape != quoting.quote && !escaped;
        self.in_quotes = byte != quoting.quote || escaped;
        self.inner_ends += u64::from(byte == newline);
    }

    /// A line that ends where the search stands.
    fn line(&mut self, input: &[u8], all: bool) -> Result<Cut> {
        let length = self.seen;
        let line = |consumed| Ok(Cut::Line { length, consumed });
        if input[length] == b'\n' {
            return match self.end {
                Some(LineEnd::Return | LineEnd::Both) => Err(self.stray("newline")),
                _ => {
                    self.end = Some(LineEnd::Newline);
                    line(length + 1)
                }
            };
        }
        match (self.end, input.get(length + 1)) {
            (Some(LineEnd::Newline), _) => Err(self.stray("carriage return")),
            (Some(LineEnd::Return), _) => line(length + 1),
            (_, None) if !all => Ok(Cut::Part),
            (_, Some(b'\n')) => {
                self.end = Some(LineEnd::Both);
                line(length + 2)
            }
            (Some(LineEnd::Both), _) => Err(self.stray("carriage return")),
            (None, _) => {
                self.end = Some(LineEnd::Return);
                line(length + 1)
            }
        }
    }

    /// `\.` in text, where it means nothing else: with its end of line it ends the data.
    fn text_mark(&self, input: &[u8], all: bool) -> Result<Cut> {
        let after = &input[self.seen + 2..];
        match self.mark(after, all) {
            Mark::Ends => Ok(Cut::Last { length: self.seen }),
            Mark::Part => Ok(Cut::Part),
            Mark::OtherEnd => Err(bad(OTHER_END)),
            Mark::None if after.first() == Some(&b'\n') => Err(bad(OTHER_END)),
            Mark::None => Err(bad("end-of-copy marker corrupt")),
        }
    }

    /// `\.` in CSV, where it may be a value: it ends the data alone on its line. `None` where it doesn't.
    fn csv_mark(&self, input: &[u8], all: bool) -> Result<Option<Cut>> {
        let mark = match input {
            [b'\\', b'.', after @ ..] => self.mark(after, all),
            [b'\\'] if !all => Mark::Part,
            _ => Mark::None,
        };
        match mark {
            Mark::Ends => Ok(Some(Cut::Last { length: 0 })),
            Mark::Part => Ok(Some(Cut::Part)),
            Mark::OtherEnd => Err(bad(OTHER_END)),
            Mark::None => Ok(None),
        }
    }

    /// What `\.` is, by what stands behind it.
    fn mark(&self, after: &[u8], all: bool) -> Mark {
        match (self.end, after) {
            (Some(LineEnd::Both), [b'\r', b'\n', ..]) => Mark::Ends,
            (Some(LineEnd::Both), [] | [b'\r']) if !all => Mark::Part,
            (Some(LineEnd::Both), _) => Mark::None,
            (_, []) if !all => Mark::Part,
            (Some(LineEnd::Newline), [b'\r', ..]) | (Some(LineEnd::Return), [b'\n', ..]) => Mark::OtherEnd,
            (_, [b'\r' | b'\n', ..]) => Mark::Ends,
            _ => Mark::None,
        }
    }

    /// An end of line other than the first line's, which Postgres takes for a mistake.
    fn stray(&self, what: &str) -> Error {
        match self.quoting {
            None => {
                let letter = if what == "newline" { 'n' } else { 'r' };
                bad(&format!("literal {what} found in data"))
                    .with_hint(format!("use \"\\{letter}\" to represent {what}"))
            }
            Some(_) => bad(&format!("unquoted {what} found in data"))
                .with_hint(format!("use quoted CSV field to represent {what}")),
        }
    }
}

/// Whether a text has a backslash, without which it stands as it is.
pub(super) fn has_backslash(text: &[u8]) -> bool {
    memchr(b'\\', text).is_some()
}

/// A mistake in the form of the data: 22P04.
pub(super) fn bad(message: &str) -> Error {
    Error::new(SqlState::BadCopyFileFormat, message)
}
