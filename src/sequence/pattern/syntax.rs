//! The text of a pattern, read into places to fill with rows.

use std::error::Error;
use std::fmt;

/// A place in a pattern that one row fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The bit of the condition its row satisfies; none for any row.
    pub(super) condition: Option<u32>,
    /// How its row follows the row of the place before. Says nothing at the first place.
    pub(super) after: Gap,
}

/// How the row of a place follows the row of the place before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// No row between.
    Adjacent,
    /// Any rows between, and times that differ by at least `min` and at most `max`. None is met where `min > max`.
    Apart { min: i64, max: i64 },
}

impl Gap {
    /// Any rows between, at any distance.
    pub(super) const FREE: Self = Self::Apart { min: 0, max: i64::MAX };

    /// Whether any distance in time is too short or too long.
    pub(super) fn is_timed(self) -> bool {
        !matches!(self, Self::Adjacent | Self::FREE)
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Apart { min: a, max: b }, Self::Apart { min: c, max: d }) => {
                Self::Apart { min: a.max(c), max: b.min(d) }
            }
            (Self::Adjacent, apart) | (apart, Self::Adjacent) => apart,
        }
    }
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Where, in characters from 1.
    pub position: usize,
    /// What could have stood there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at position {}: expected {}, found {}", self.position, self.expected, self.found)
    }
}

impl Error for PatternError {}

/// Reads a text whose conditions are numbered from 1 to `conditions`, and never beyond the 64 bits of a row. There is
/// always a place: a text without any reads as `.`.
pub(super) fn parse(text: &str, conditions: usize, unit_per_second: i64) -> Result<Vec<Place>, PatternError> {
    let conditions = conditions.min(u64::BITS as usize);
    let mut reader = Reader { text, rest: text };
    let mut places = Vec::new();
    let (mut after, mut timed) = (Gap::Adjacent, false);
    while !reader.rest.is_empty() {
        if reader.eats(".*") {
            after = after.and(Gap::FREE);
        } else if reader.rest.starts_with("(?t") {
            if places.is_empty() {
                return Err(reader.expected("(?N) or . before a time clause"));
            }
            after = after.and(reader.time_clause(unit_per_second)?);
            timed = true;
        } else {
            places.push(Place { condition: reader.row(conditions)?, after });
            (after, timed) = (Gap::Adjacent, false);
        }
    }
    if timed {
        return Err(reader.expected("(?N) or . after a time clause"));
    }
    if places.is_empty() {
        places.push(Place { condition: None, after });
    }
    Ok(places)
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    /// `(?N)` or `.`
    fn row(&mut self, conditions: usize) -> Result<Option<u32>, PatternError> {
        if self.eats(".") {
            return Ok(None);
        }
        if !self.eats("(?") {
            return Err(self.expected("(?N), ., .* or a time clause such as (?t<=60)"));
        }
        let number = format!("a condition's number from 1 to {conditions}");
        let start = self.rest;
        let n = self.number(&number)?;
        if n == 0 || n > conditions as u64 {
            self.rest = start;
            return Err(self.expected(&number));
        }
        self.closes()?;
        Ok(Some((n - 1) as u32))
    }

    /// `(?t<=n)`, in units of the times.
    fn time_clause(&mut self, unit_per_second: i64) -> Result<Gap, PatternError> {
        self.eats("(?t");
        let Some(operator) = ["<=", ">=", "==", "<", ">"].into_iter().find(|operator| self.eats(operator)) else {
            return Err(self.expected("<, <=, >, >= or =="));
        };
        let seconds = self.number("a whole number of seconds")?;
        self.closes()?;
        let n = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(unit_per_second);
        let (min, max) = match operator {
            "<" => (0, n.saturating_sub(1)),
            "<=" => (0, n),
            ">" => (n.saturating_add(1), i64::MAX),
            ">=" => (n, i64::MAX),
            _ => (n, n),
        };
        Ok(Gap::Apart { min, max })
    }

    /// Digits. A number that no count of conditions and no distance in time reaches is as good as the largest.
    fn number(&mut self, expected: &str) -> Result<u64, PatternError> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(self.expected(expected));
        }
        let (digits, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Ok(digits.parse().unwrap_or(u64::MAX))
    }

    fn closes(&mut self) -> Result<(), PatternError> {
        if self.eats(")") { Ok(()) } else { Err(self.expected(")")) }
    }

    fn eats(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expected(&self, expected: &str) -> PatternError {
        let read = &self.text[..self.text.len() - self.rest.len()];
        let found = match self.rest {
            "" => "the end of the pattern".to_owned(),
            rest => format!("\"{rest}\""),
        };
        PatternError { position: read.chars().count() + 1, expected: expected.to_owned(), found }
    }
}
