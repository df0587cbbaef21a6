//! Types of Postgres that are text here, marked on the fields of columns: `uuid`, `jsonb`, `varchar(5)`, and arrays of them.
//!
//! | type | its text |
//! |---|---|
//! | `uuid` | 32 small digits in five groups, so that texts compare as uuids do |
//! | `json` | as it was written |
//! | `jsonb` | the normal form that Postgres prints, so that equal texts are equal values |
//! | `varchar(n)` | no longer than that |
//! | `char(n)` | no longer than that and without blanks at its end, which mean nothing; they are added as it is written |

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use postgres_types::{Kind, Type};

/// The key of an Arrow field's metadata under which the name of its Postgres type stands, where the Arrow type does not
/// tell: `oid`, `name`, `char`, ...
pub const PG_TYPE_KEY: &str = "pg_type";

const NAME: &str = "ARROW:extension:name";
const METADATA: &str = "ARROW:extension:metadata";
const PREFIX: &str = "postgres.";

/// The types that can be marked, and arrays of them.
const MARKED: [(Type, Type); 6] = [
    (Type::UUID, Type::UUID_ARRAY),
    (Type::JSON, Type::JSON_ARRAY),
    (Type::JSONB, Type::JSONB_ARRAY),
    (Type::VARCHAR, Type::VARCHAR_ARRAY),
    (Type::BPCHAR, Type::BPCHAR_ARRAY),
    (Type::NAME, Type::NAME_ARRAY),
];

/// What the length of a `varchar` or a `char` adds to in a modifier.
pub const LENGTH_HEADER: i32 = 4;

/// A field of text, or of an array of it, that is of a Postgres type with a modifier, -1 for none.
///
/// The mark of an array stands on the array's own field: the type of a list holds what is marked on its elements, so marks there
/// would make two types of arrays of text.
pub fn marked(postgres: &Type, modifier: i32) -> Field {
    let arrow = match postgres.kind() {
        Kind::Array(_) => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true))),
        _ => DataType::Utf8View,
    };
    Field::new("", arrow, true).with_metadata(metadata(postgres, modifier))
}

fn metadata(postgres: &Type, modifier: i32) -> HashMap<String, String> {
    HashMap::from([
        (NAME.to_owned(), format!("{PREFIX}{}", postgres.name())),
        (METADATA.to_owned(), modifier.to_string()),
    ])
}

/// A field with the mark of another one, if that has one.
pub fn with_mark_of(field: Field, other: &Field) -> Field {
    match mark(other) {
        Some((postgres, modifier)) => field.with_metadata(metadata(&postgres, modifier)),
        None => field,
    }
}

/// The type and the modifier that a field of text, or of an array of it, is marked with.
pub fn mark(field: &Field) -> Option<(Type, i32)> {
    let name = field.metadata().get(NAME)?.strip_prefix(PREFIX)?;
    let modifier = field.metadata().get(METADATA).and_then(|text| text.parse().ok()).unwrap_or(-1);
    let of_text = |kind: &DataType| kind.is_string() || kind.is_null();
    MARKED.into_iter().find_map(|(scalar, array)| match field.data_type() {
        DataType::List(element) if array.name() == name && of_text(element.data_type()) => Some((array, modifier)),
        kind if scalar.name() == name && of_text(kind) => Some((scalar, modifier)),
        _ => None,
    })
}

/// The type by the name that a mark has for it.
pub fn marked_type(name: &str) -> Option<Type> {
    MARKED.into_iter().flat_map(|(scalar, array)| [scalar, array]).find(|known| known.name() == name)
}

/// The marked type of the arrays of a marked type.
pub fn marked_array(element: &Type) -> Option<Type> {
    MARKED.into_iter().find_map(|(scalar, array)| (scalar == *element).then_some(array))
}

/// The type of arrays of what a field holds.
pub fn array_of(element: &Field) -> Field {
    match mark(element) {
        Some((postgres, modifier)) => marked(&marked_array(&postgres).unwrap_or(Type::TEXT_ARRAY), modifier),
        None => Field::new("", DataType::new_list(element.data_type().clone(), true), true),
    }
}

/// The type of the elements of what a field holds, if that is arrays.
pub fn element_of(array: &Field) -> Option<Field> {
    let DataType::List(element) = array.data_type() else { return None };
    Some(match mark(array).map(|(postgres, modifier)| (postgres.kind().clone(), modifier)) {
        Some((Kind::Array(postgres), modifier)) => marked(&postgres, modifier),
        _ => element.as_ref().clone().with_name("").with_nullable(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back() {
        assert_eq!(mark(&marked(&Type::VARCHAR, 24)), Some((Type::VARCHAR, 24)));
        assert_eq!(mark(&marked(&Type::JSONB, -1)), Some((Type::JSONB, -1)));
        assert_eq!(mark(&marked(&Type::UUID_ARRAY, -1)), Some((Type::UUID_ARRAY, -1)));
        assert_eq!(mark(&Field::new("a", DataType::Utf8View, true)), None);
        assert_eq!(mark(&marked(&Type::UUID, -1).with_data_type(DataType::Int32)), None);
        assert_eq!(mark(&marked(&Type::UUID_ARRAY, -1).with_data_type(DataType::Utf8View)), None);
    }
}
