//! The values of a line of text or CSV: PostgreSQL 15's `CopyReadAttributesText` and `CopyReadAttributesCSV`.

use std::ops::Range;

use memchr::memchr;

use super::lines::{bad, has_backslash};
use crate::error::Result;
use crate::statements::{CopyFormat, CopyOptions};

/// The quotes of CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quoting {
    pub quote: u8,
    pub escape: u8,
}

impl Quoting {
    /// Those of the options; `None` in formats without quotes.
    pub fn of(options: &CopyOptions) -> Option<Self> {
        (options.format == CopyFormat::Csv).then_some(Self { quote: options.quote, escape: options.escape })
    }
}

/// Cuts lines into values, and holds those of one line.
pub(super) struct Fields {
    delimiter: u8,
    null: Vec<u8>,
    quoting: Option<Quoting>,
    /// The values behind each other, without quotes and backslashes.
    bytes: Vec<u8>,
    /// Where each is; `None` for NULL.
    values: Vec<Option<Range<usize>>>,
}

impl Fields {
    /// For the options of a COPY.
    pub fn new(options: &CopyOptions) -> Self {
        let (delimiter, null) = (options.delimiter, options.null.clone().into_bytes());
        Self { delimiter, null, quoting: Quoting::of(options), bytes: Vec::new(), values: Vec::new() }
    }

    /// How many values the line has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// A value of the line; `None` for NULL.
    pub fn value(&self, at: usize) -> Option<&[u8]> {
        self.values[at].clone().map(|range| &self.bytes[range])
    }

    /// What stands for NULL.
    pub fn null(&self) -> &[u8] {
        &self.null
    }

    /// Cuts a line; 22P04 where quotes have no end.
    pub fn split(&mut self, line: &[u8]) -> Result<()> {
        self.bytes.clear();
        self.values.clear();
        match self.quoting {
            Some(quoting) => self.split_csv(line, quoting),
            None => {
                match has_backslash(line) {
                    true => self.split_escaped(line),
                    false => self.split_plain(line),
                }
                Ok(())
            }
        }
    }

    fn split_plain(&mut self, mut line: &[u8]) {
        loop {
            let end = memchr(self.delimiter, line);
            let (raw, rest) = line.split_at(end.unwrap_or(line.len()));
            let start = self.bytes.len();
            self.bytes.extend_from_slice(raw);
            self.end_value(start, raw, false);
            match rest.split_first() {
                Some((_, rest)) => line = rest,
                None => return,
            }
        }
    }

    fn split_escaped(&mut self, line: &[u8]) {
        let (mut at, mut begin, mut start) = (0, 0, 0);
        while let Some(&byte) = line.get(at) {
            at += 1;
            if byte == self.delimiter {
                self.end_value(start, &line[begin..at - 1], false);
                (begin, start) = (at, self.bytes.len());
            } else if byte == b'\\' {
                let (letter, length) = unescaped(&line[at..]);
                self.bytes.extend(letter);
                at += length;
            } else {
                self.bytes.push(byte);
            }
        }
        self.end_value(start, &line[begin..], false);
    }

    fn split_csv(&mut self, line: &[u8], quoting: Quoting) -> Result<()> {
        let (mut at, mut begin, mut start) = (0, 0, 0);
        let (mut within, mut quoted) = (false, false);
        while let Some(&byte) = line.get(at) {
            at += 1;
            let next = line.get(at).copied();
            if within
                && byte == quoting.escape
                && next.is_some_and(|next| next == quoting.escape || next == quoting.quote)
            {
                self.bytes.extend(next);
                at += 1;
            } else if byte == quoting.quote {
                within = !within;
                quoted = true;
            } else if byte == self.delimiter && !within {
                self.end_value(start, &line[begin..at - 1], quoted);
                (begin, start, quoted) = (at, self.bytes.len(), false);
            } else {
                self.bytes.push(byte);
            }
        }
        if within {
            return Err(bad("unterminated CSV quoted field"));
        }
        self.end_value(start, &line[begin..], quoted);
        Ok(())
    }

    /// What was read since `start` is a value, or NULL by what it was written as.
    fn end_value(&mut self, start: usize, raw: &[u8], quoted: bool) {
        let null = !quoted && raw == self.null;
        self.values.push((!null).then_some(start..self.bytes.len()));
    }
}

/// What stands behind a backslash as the byte that it means, and how long it is; at the end of a line it means nothing.
fn unescaped(rest: &[u8]) -> (Option<u8>, usize) {
    let Some(&first) = rest.first() else { return (None, 0) };
    let digits = |from: usize, most: usize, radix: u32| {
        let digits = rest[from..].iter().take(most).map_while(|byte| char::from(*byte).to_digit(radix));
        digits.fold((0u32, from), |(number, length), digit| (number * radix + digit, length + 1))
    };
    match first {
        b'0'..=b'7' => {
            let (number, length) = digits(0, 3, 8);
            (Some(number as u8), length)
        }
        b'x' => match digits(1, 2, 16) {
            (_, 1) => (Some(b'x'), 1),
            (number, length) => (Some(number as u8), length),
        },
        b'b' => (Some(0x08), 1),
        b'f' => (Some(0x0c), 1),
        b'n' => (Some(b'\n'), 1),
        b'r' => (Some(b'\r'), 1),
        b't' => (Some(b'\t'), 1),
        b'v' => (Some(0x0b), 1),
        other => (Some(other), 1),
    }
}
