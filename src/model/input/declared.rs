//! Texts as a type that is marked on a field takes them: a uuid in small digits, jsonb in its normal form, a `varchar(5)` of five
//! letters.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringViewArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use postgres_types::{Kind, Type};

use super::value::invalid;
use crate::error::{Error, Result, SqlState};
use crate::model::json::{Node, Tree};
use crate::model::mark;
use crate::model::marked::LENGTH_HEADER;

/// What becomes of a text that is too long for its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// It is cut: in a cast that somebody wrote.
    Cut,
    /// 22001, unless what is too much are blanks: as a value of a column.
    Refuse,
}

/// Values of a field's Arrow type as the field is marked; those of a field that isn't are what they were. 22P02 for text that is no
/// value of the type.
pub fn fit(values: &ArrayRef, field: &Field, how: Fit) -> Result<ArrayRef> {
    let Some((postgres, modifier)) = mark(field) else { return Ok(Arc::clone(values)) };
    match postgres.kind() {
        Kind::Array(element) => {
            let lists = values.as_list::<i32>();
            let elements = fit_all(lists.values(), element, modifier, how)?;
            let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            Ok(Arc::new(ListArray::try_new(item, offsets, elements, nulls)?))
        }
        _ => fit_all(values, &postgres, modifier, how),
    }
}

fn fit_all(values: &ArrayRef, postgres: &Type, modifier: i32, how: Fit) -> Result<ArrayRef> {
    let texts = cast(values, &DataType::Utf8View)?;
    let texts: &StringViewArray = texts.as_string_view();
    if matches!(*postgres, Type::VARCHAR | Type::NAME) && modifier < LENGTH_HEADER {
        return Ok(Arc::new(texts.clone()));
    }
    let mut fitted = StringViewBuilder::with_capacity(texts.len());
    for text in texts {
        match text {
            Some(text) => fitted.append_value(fit_text(text, postgres, modifier, how)?),
            None => fitted.append_null(),
        }
    }
    Ok(Arc::new(fitted.finish()))
}

/// One text as a marked type takes it.
pub fn fit_text<'a>(text: &'a str, postgres: &Type, modifier: i32, how: Fit) -> Result<Cow<'a, str>> {
    Ok(match *postgres {
        Type::UUID => uuid(text)?,
        Type::JSON => {
            Node::read(text).map_err(|error| of_text(error, text))?;
            Cow::Borrowed(text)
        }
        Type::JSONB => Cow::Owned(Tree::read(text).map_err(|error| of_text(error, text))?.to_string()),
        Type::VARCHAR => Cow::Borrowed(within(text, postgres, modifier, how)?),
        Type::BPCHAR if modifier < LENGTH_HEADER => Cow::Borrowed(text),
        Type::BPCHAR => Cow::Borrowed(within(text, postgres, modifier, how)?.trim_end_matches(' ')),
        _ => Cow::Borrowed(text),
    })
}

/// An error about JSON, whose message has none of the text, with the text.
fn of_text(error: Error, text: &str) -> Error {
    const LONGEST_TOLD: usize = 1000;
    match error.state() {
        SqlState::InvalidTextRepresentation if text.len() <= LONGEST_TOLD => {
            error.with_detail(format!("The text is \"{text}\"."))
        }
        _ => error,
    }
}

/// A text of no more letters than a type has; blanks beyond them are cut.
fn within<'a>(text: &'a str, postgres: &Type, modifier: i32, how: Fit) -> Result<&'a str> {
    let Ok(most) = usize::try_from(modifier - LENGTH_HEADER) else { return Ok(text) };
    if text.len() <= most {
        return Ok(text);
    }
    let Some((end, _)) = text.char_indices().nth(most) else { return Ok(text) };
    let (kept, rest) = text.split_at(end);
    if how == Fit::Refuse && rest.bytes().any(|byte| byte != b' ') {
        let name = if *postgres == Type::BPCHAR { "character" } else { "character varying" };
        let message = format!("value too long for type {name}({most})");
        return Err(Error::new(SqlState::StringDataRightTruncation, message));
    }
    Ok(kept)
}

/// Thirty-two digits, in braces or not, with hyphens behind any four of them.
fn uuid(text: &str) -> Result<Cow<'_, str>> {
    let is_normal = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    if text.len() == 36 && text.bytes().enumerate().all(is_normal) {
        return Ok(Cow::Borrowed(text));
    }
    let syntax = || invalid(&Type::UUID, text, SqlState::InvalidTextRepresentation);
    let body = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').ok_or_else(syntax)?,
        None => text,
    };
    let mut digits = String::with_capacity(32);
    for (at, letter) in body.char_indices() {
        match letter {
            // One hyphen at most, and none at the end.
            '-' if !digits.is_empty()
                && digits.len() < 32
                && digits.len().is_multiple_of(4)
                && !body[..at].ends_with('-') => {}
            digit if digit.is_ascii_hexdigit() => digits.push(digit.to_ascii_lowercase()),
            _ => return Err(syntax()),
        }
    }
    if digits.len() != 32 {
        return Err(syntax());
    }
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]);
    Ok(Cow::Owned(parts.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitted(text: &str, postgres: Type, length: i32, how: Fit) -> Result<String> {
        fit_text(text, &postgres, length + LENGTH_HEADER, how).map(Cow::into_owned)
    }

    /// `'...'::uuid` in PostgreSQL 15.
    #[test]
    fn uuids_are_read_in_every_form_of_postgres() {
        let normal = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
        for text in [
            normal,
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
        ] {
            assert_eq!(fit_text(text, &Type::UUID, -1, Fit::Refuse).unwrap(), normal, "{text}");
        }
        for text in [
            "",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
            "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
            "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0-eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
            " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            "urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ] {
            let error = fit_text(text, &Type::UUID, -1, Fit::Refuse).unwrap_err();
            assert_eq!(error.message(), format!("invalid input syntax for type uuid: \"{text}\""));
        }
    }

    /// Assignments to columns, and casts, in PostgreSQL 15.
    #[test]
    fn long_texts_are_refused_or_cut() {
        assert_eq!(fitted("abcde", Type::VARCHAR, 5, Fit::Refuse).unwrap(), "abcde");
        assert_eq!(fitted("äöüßé", Type::VARCHAR, 5, Fit::Refuse).unwrap(), "äöüßé");
        assert_eq!(fitted("abcde   ", Type::VARCHAR, 5, Fit::Refuse).unwrap(), "abcde");
        assert_eq!(fitted("abc  ", Type::VARCHAR, 5, Fit::Refuse).unwrap(), "abc  ");
        assert_eq!(fitted("abcdef", Type::VARCHAR, 5, Fit::Cut).unwrap(), "abcde");
        let error = fitted("abcdef", Type::VARCHAR, 5, Fit::Refuse).unwrap_err();
        assert_eq!(error.state(), SqlState::StringDataRightTruncation);
        assert_eq!(error.message(), "value too long for type character varying(5)");
        assert_eq!(fitted("ab ", Type::BPCHAR, 5, Fit::Refuse).unwrap(), "ab");
        assert_eq!(fitted("abcdef", Type::BPCHAR, 5, Fit::Cut).unwrap(), "abcde");
        let error = fitted("abcdef", Type::BPCHAR, 5, Fit::Refuse).unwrap_err();
        assert_eq!(error.message(), "value too long for type character(5)");
    }
}
