//! The binary format of COPY: a signature, flags, rows that count their values, a trailer.

use std::ops::Range;

use super::columns::Columns;
use super::lines::bad;
use super::reader::Step;
use super::values::Values;
use crate::error::Result;

/// What every copy begins with: no text, and broken by whoever changes ends of lines.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// The signature, no flags, and no extension.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What stands in the place of a row's count of values behind the last row.
pub(super) const TRAILER: i16 = -1;

/// The flag of copies with oids, which have not been made since PostgreSQL 12.
const OIDS: u32 = 1 << 16;

/// Reads rows of the binary format.
#[derive(Default)]
pub(super) struct BinaryRows {
    begun: bool,
    ended: bool,
    /// The row that was read last, from 1.
    row: u64,
    /// Where a row's values are; `None` is NULL.
    places: Vec<Option<Range<usize>>>,
}

impl BinaryRows {
    /// The row that is read next.
    pub fn line(&self) -> u64 {
        self.row + 1
    }

    /// Reads what the input begins with.
    pub fn step(&mut self, input: &[u8], all: bool, columns: &Columns, values: &mut [Values]) -> Result<Step> {
        let row = self.line();
        if self.ended {
            let after = || columns.on_line(bad("received copy data after EOF marker"), row);
            return if input.is_empty() { Ok(Step::End(0)) } else { Err(after()) };
        }
        if !self.begun {
            let header = header(input, all)?;
            self.begun = header.is_some();
            return Ok(header.map_or(Step::Part, Step::Passed));
        }
        let Some(count) = input.first_chunk().map(|bytes| i16::from_be_bytes(*bytes)) else {
            // Without a trailer, as it may end.
            return Ok(if all { Step::End(input.len()) } else { Step::Part });
        };
        if count == TRAILER {
            self.ended = true;
            return Ok(Step::Passed(2));
        }
        let expected = values.len();
        if usize::try_from(count) != Ok(expected) {
            return Err(columns.on_line(bad(&format!("row field count is {count}, expected {expected}")), row));
        }
        let length = self.places(input, expected).map_err(|error| columns.on_column(error, row, self.places.len()))?;
        match length {
            Some(length) => {
                self.row = row;
                self.read(input, columns, values)?;
                Ok(Step::Row(length))
            }
            None if all => Err(columns.on_column(bad("unexpected EOF in COPY data"), row, self.places.len())),
            None => Ok(Step::Part),
        }
    }

    /// Finds a row's values, and its length; `None` while it isn't whole. What is missing or wrong is the value behind the last
    /// place.
    fn places(&mut self, input: &[u8], count: usize) -> Result<Option<usize>> {
        self.places.clear();
        let mut at = 2;
        for _ in 0..count {
            let Some(size) = word(input, at) else { return Ok(None) };
            at += 4;
            if size == -1 {
                self.places.push(None);
                continue;
            }
            let size = usize::try_from(size).map_err(|_| bad("invalid field size"))?;
            if input.len() - at < size {
                return Ok(None);
            }
            self.places.push(Some(at..at + size));
            at += size;
        }
        Ok(Some(at))
    }

    fn read(&self, input: &[u8], columns: &Columns, values: &mut [Values]) -> Result<()> {
        for (at, (place, values)) in self.places.iter().zip(values).enumerate() {
            match place {
                Some(place) => {
                    let value = values.binary(&input[place.clone()]);
                    value.map_err(|error| columns.on_column(error, self.row, at))?;
                }
                None => values.null(),
            }
        }
        columns.check_required(|at| self.places[at].is_none()).map_err(|error| columns.on_line(error, self.row))
    }
}

/// The length of the header at the input's beginning, `None` while it isn't whole; 22P04 where it is none.
fn header(input: &[u8], all: bool) -> Result<Option<usize>> {
    let known = input.len().min(SIGNATURE.len());
    if input[..known] != SIGNATURE[..known] || (all && known < SIGNATURE.len()) {
        return Err(bad("COPY file signature not recognized"));
    }
    let missing = |what: &str| if all { Err(bad(&format!("invalid COPY file header ({what})"))) } else { Ok(None) };
    let Some(flags) = word(input, SIGNATURE.len()) else { return missing("missing flags") };
    let flags = flags as u32;
    if flags & OIDS != 0 {
        return Err(bad("invalid COPY file header (WITH OIDS)"));
    }
    if flags >> 16 != 0 {
        return Err(bad("unrecognized critical flags in COPY file header"));
    }
    let Some(extension) = word(input, SIGNATURE.len() + 4) else { return missing("missing length") };
    let Ok(extension) = usize::try_from(extension) else {
        return Err(bad("invalid COPY file header (missing length)"));
    };
    let length = SIGNATURE.len() + 8 + extension;
    if input.len() < length { missing("wrong length") } else { Ok(Some(length)) }
}

fn word(input: &[u8], at: usize) -> Option<i32> {
    Some(i32::from_be_bytes(*input.get(at..)?.first_chunk()?))
}
