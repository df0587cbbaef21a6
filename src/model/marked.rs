//! Types of Postgres that are text here, marked on the fields of columns so that clients are told of them.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field};
use postgres_types::Type;

/// The key of an Arrow field's metadata under which the name of its Postgres type stands, where the Arrow type does not
/// tell: `oid`, `name`, `char`, ...
pub const PG_TYPE_KEY: &str = "pg_type";

const NAME: &str = "ARROW:extension:name";
const METADATA: &str = "ARROW:extension:metadata";
const PREFIX: &str = "postgres.";

/// The types that can be marked.
const MARKED: [Type; 6] = [Type::UUID, Type::JSON, Type::JSONB, Type::VARCHAR, Type::BPCHAR, Type::NAME];

/// A field of text that is of a Postgres type with a modifier, -1 for none.
pub fn marked(postgres: &Type, modifier: i32) -> Field {
    let mark = HashMap::from([
        (NAME.to_owned(), format!("{PREFIX}{}", postgres.name())),
        (METADATA.to_owned(), modifier.to_string()),
    ]);
    Field::new("", DataType::Utf8View, true).with_metadata(mark)
}

/// The type and the modifier that a field of text is marked with.
pub fn mark(field: &Field) -> Option<(Type, i32)> {
    let name = field.metadata().get(NAME)?.strip_prefix(PREFIX)?;
    let postgres = MARKED.into_iter().find(|known| known.name() == name)?;
    let modifier = field.metadata().get(METADATA).and_then(|text| text.parse().ok()).unwrap_or(-1);
    (field.data_type().is_string() || field.data_type().is_null()).then_some((postgres, modifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back() {
        assert_eq!(mark(&marked(&Type::VARCHAR, 24)), Some((Type::VARCHAR, 24)));
        assert_eq!(mark(&marked(&Type::JSONB, -1)), Some((Type::JSONB, -1)));
        assert_eq!(mark(&Field::new("a", DataType::Utf8View, true)), None);
        assert_eq!(mark(&marked(&Type::UUID, -1).with_data_type(DataType::Int32)), None);
    }
}
