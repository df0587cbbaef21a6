//! Which Postgres type each Arrow type is, and in which Arrow type it is written.
//!
//! Arrow holds most Postgres types in several layouts; a column is cast to one of them before it is written, so that the
//! formats know fourteen layouts instead of forty.
//!
//! | Arrow | Postgres | written as |
//! |---|---|---|
//! | Boolean | bool | Boolean |
//! | Int8, Int16, UInt8 | int2 | Int16 |
//! | Int32, UInt16 | int4 | Int32 |
//! | Int64, UInt32 | int8 | Int64 |
//! | UInt64 | numeric(20,0) | Decimal128 |
//! | Float16, Float32; Float64 | float4; float8 | Float32; Float64 |
//! | Decimal32..128; Decimal256 | numeric(p,s) | Decimal128; Decimal256 |
//! | Utf8, LargeUtf8, Utf8View, Null | text, json where marked `arrow.json`, what `model::mark` says | Utf8View |
//! | Binary, LargeBinary, BinaryView, FixedSizeBinary | bytea | BinaryView |
//! | FixedSizeBinary(16) marked `arrow.uuid` | uuid | itself |
//! | Date32, Date64 | date | Date32 |
//! | Time32, Time64 | time | Time64 in microseconds |
//! | Timestamp without, with a zone | timestamp, timestamptz | Timestamp in microseconds |
//! | Interval, Duration | interval | Interval(MonthDayNano) |
//! | every kind of list | array of the innermost type | List |
//! | Struct | record | Struct |
//! | Dictionary, RunEndEncoded | as their values | as their values |
//!
//! Columns of the system relations are marked with their Postgres type where Arrow's does not tell it: `oid` and functions
//! are Int64 and written as UInt32, `name`, `"char"`, `varchar` are text, and `void` is an empty one.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use postgres_types::Type;

use crate::error::{Error, Result};
use crate::model::{PG_TYPE_KEY, element_of, mark};

/// The type of a result column on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnType {
    /// The Postgres type.
    pub postgres: Type,
    /// The type modifier: precision and scale of a numeric, the length of a text that has a limit, else -1.
    pub modifier: i32,
    /// The Arrow type its values are cast to before they are written.
    pub arrow: DataType,
}

impl ColumnType {
    /// The wire type of a column; 0A000 where Postgres has none for it.
    pub fn of(field: &Field) -> Result<Self> {
        let found = lookup(field).filter(|found| can_cast_types(field.data_type(), &found.arrow));
        found.ok_or_else(|| {
            Error::unsupported(format!("column \"{}\" of type {} over the wire", field.name(), field.data_type()))
                .with_hint("cast it to text or select parts of it")
        })
    }

    /// The bytes of a value, -1 where they vary: `typlen` of pg_type.
    pub fn size(&self) -> i16 {
        match self.postgres {
            Type::BOOL => 1,
            Type::INT2 => 2,
            Type::INT4 | Type::FLOAT4 | Type::DATE | Type::OID | Type::XID | Type::CID | Type::REGPROC | Type::VOID => {
                4
            }
            Type::CHAR => 1,
            Type::NAME => 64,
            Type::INT8 | Type::FLOAT8 | Type::TIME | Type::TIMESTAMP | Type::TIMESTAMPTZ => 8,
            Type::INTERVAL | Type::UUID => 16,
            _ => -1,
        }
    }
}

fn lookup(field: &Field) -> Option<ColumnType> {
    let plain = |postgres, arrow| Some(ColumnType { postgres, modifier: -1, arrow });
    if let Some(marked) = field.metadata().get(PG_TYPE_KEY).and_then(|name| system_type(name)) {
        return Some(marked);
    }
    if let Some((postgres, modifier)) = mark(field) {
        let arrow = match element_of(field) {
            Some(element) => DataType::List(Arc::new(element.with_name(Field::LIST_FIELD_DEFAULT_NAME))),
            None => DataType::Utf8View,
        };
        return Some(ColumnType { postgres, modifier, arrow });
    }
    match (field.data_type(), field.extension_type_name()) {
        (DataType::FixedSizeBinary(16), Some("arrow.uuid")) => plain(Type::UUID, DataType::FixedSizeBinary(16)),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View, Some("arrow.json")) => {
            plain(Type::JSON, DataType::Utf8View)
        }
        (DataType::Boolean, _) => plain(Type::BOOL, DataType::Boolean),
        (DataType::Int8 | DataType::Int16 | DataType::UInt8, _) => plain(Type::INT2, DataType::Int16),
        (DataType::Int32 | DataType::UInt16, _) => plain(Type::INT4, DataType::Int32),
        (DataType::Int64 | DataType::UInt32, _) => plain(Type::INT8, DataType::Int64),
        (DataType::UInt64, _) => numeric(20, 0, DataType::Decimal128(20, 0)),
        (DataType::Float16 | DataType::Float32, _) => plain(Type::FLOAT4, DataType::Float32),
        (DataType::Float64, _) => plain(Type::FLOAT8, DataType::Float64),
        (DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s), _) => {
            numeric(*p, *s, DataType::Decimal128(*p, *s))
        }
        (DataType::Decimal256(p, s), _) => numeric(*p, *s, field.data_type().clone()),
        (DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null, _) => {
            plain(Type::TEXT, DataType::Utf8View)
        }
        (DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_), _) => {
            plain(Type::BYTEA, DataType::BinaryView)
        }
        (DataType::Date32 | DataType::Date64, _) => plain(Type::DATE, DataType::Date32),
        (DataType::Time32(_) | DataType::Time64(_), _) => plain(Type::TIME, DataType::Time64(TimeUnit::Microsecond)),
        (DataType::Timestamp(_, None), _) => plain(Type::TIMESTAMP, DataType::Timestamp(TimeUnit::Microsecond, None)),
        (DataType::Timestamp(_, zone), _) => {
            plain(Type::TIMESTAMPTZ, DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))
        }
        (DataType::Interval(_) | DataType::Duration(_), _) => {
            plain(Type::INTERVAL, DataType::Interval(IntervalUnit::MonthDayNano))
        }
        (
            DataType::List(child)
            | DataType::LargeList(child)
            | DataType::ListView(child)
            | DataType::LargeListView(child)
            | DataType::FixedSizeList(child, _),
            _,
        ) => array(child),
        (DataType::Struct(fields), _) => {
            let written = fields.iter().map(|field| Some(Arc::new(retyped(field, lookup(field)?.arrow))));
            plain(Type::RECORD, DataType::Struct(written.collect::<Option<_>>()?))
        }
        (DataType::Dictionary(_, values), _) => lookup(&field.clone().with_data_type(values.as_ref().clone())),
        (DataType::RunEndEncoded(_, values), _) => lookup(&field.clone().with_data_type(values.data_type().clone())),
        _ => None,
    }
}

/// A type that only columns of system relations have; `None` for what is shown as its Arrow type: names of objects.
fn system_type(name: &str) -> Option<ColumnType> {
    if let Some(element) = name.strip_prefix('_') {
        return system_array(element, system_array_type(element)?);
    }
    let (postgres, arrow) = match name {
        "oid" => (Type::OID, DataType::UInt32),
        "xid" => (Type::XID, DataType::UInt32),
        "cid" => (Type::CID, DataType::UInt32),
        "regproc" => (Type::REGPROC, DataType::UInt32),
        "name" => (Type::NAME, DataType::Utf8View),
        "char" => (Type::CHAR, DataType::Utf8View),
        "varchar" => (Type::VARCHAR, DataType::Utf8View),
        "void" => (Type::VOID, DataType::Utf8View),
        "pg_node_tree" => (Type::PG_NODE_TREE, DataType::Utf8View),
        "aclitem" => (Type::ACLITEM, DataType::Utf8View),
        "int2vector" => return system_array("int2", Type::INT2_VECTOR),
        "oidvector" => return system_array("oid", Type::OID_VECTOR),
        _ => return None,
    };
    Some(ColumnType { postgres, modifier: -1, arrow })
}

fn system_array_type(element: &str) -> Option<Type> {
    Some(match element {
        "oid" => Type::OID_ARRAY,
        "name" => Type::NAME_ARRAY,
        "char" => Type::CHAR_ARRAY,
        "aclitem" => Type::ACLITEM_ARRAY,
        _ => return None,
    })
}

fn system_array(element: &str, postgres: Type) -> Option<ColumnType> {
    let arrow = system_type(element).map_or(DataType::Int16, |element| element.arrow);
    let marked = HashMap::from([(PG_TYPE_KEY.to_owned(), element.to_owned())]);
    let child = Field::new_list_field(arrow, true).with_metadata(marked);
    Some(ColumnType { postgres, modifier: -1, arrow: DataType::List(Arc::new(child)) })
}

/// PostgreSQL's `make_numeric_typmod`.
fn numeric(precision: u8, scale: i8, arrow: DataType) -> Option<ColumnType> {
    let modifier = ((i32::from(precision) << 16) | (i32::from(scale) & 0x7ff)) + 4;
    Some(ColumnType { postgres: Type::NUMERIC, modifier, arrow })
}

/// An array of arrays has the type of its innermost elements, as in Postgres.
fn array(child: &FieldRef) -> Option<ColumnType> {
    let element = lookup(child)?;
    let postgres = match element.arrow {
        DataType::List(_) => element.postgres.clone(),
        _ => array_type(&element.postgres)?,
    };
    let arrow = DataType::List(Arc::new(retyped(child, element.arrow)));
    Some(ColumnType { postgres, modifier: element.modifier, arrow })
}

fn retyped(field: &FieldRef, arrow: DataType) -> Field {
    field.as_ref().clone().with_data_type(arrow).with_nullable(true)
}

fn array_type(element: &Type) -> Option<Type> {
    Some(match *element {
        Type::BOOL => Type::BOOL_ARRAY,
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::NUMERIC => Type::NUMERIC_ARRAY,
        Type::TEXT => Type::TEXT_ARRAY,
        Type::VARCHAR => Type::VARCHAR_ARRAY,
        Type::BPCHAR => Type::BPCHAR_ARRAY,
        Type::NAME => Type::NAME_ARRAY,
        Type::JSON => Type::JSON_ARRAY,
        Type::JSONB => Type::JSONB_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::UUID => Type::UUID_ARRAY,
        Type::DATE => Type::DATE_ARRAY,
        Type::TIME => Type::TIME_ARRAY,
        Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
        Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
        Type::INTERVAL => Type::INTERVAL_ARRAY,
        Type::OID => Type::OID_ARRAY,
        Type::RECORD => Type::RECORD_ARRAY,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arrow: DataType) -> ColumnType {
        ColumnType::of(&Field::new("c", arrow, true)).unwrap()
    }

    #[test]
    fn numeric_modifiers_are_those_of_postgres() {
        // SELECT atttypmod FROM pg_attribute of numeric(12,2), numeric(38,10), numeric(5,-2) in PostgreSQL 15.
        assert_eq!(of(DataType::Decimal128(12, 2)).modifier, 786_438);
        assert_eq!(of(DataType::Decimal128(38, 10)).modifier, 2_490_382);
        assert_eq!(of(DataType::Decimal64(5, -2)).modifier, 329_730);
    }

    #[test]
    fn arrays_of_arrays_have_the_innermost_type() {
        let list = |child| DataType::new_list(child, true);
        assert_eq!(of(list(list(DataType::Int32))).postgres, Type::INT4_ARRAY);
        assert_eq!(of(list(DataType::Utf8)).arrow, list(DataType::Utf8View));
    }

    #[test]
    fn a_type_postgres_lacks_is_refused_by_name() {
        let union = DataType::Union(arrow::datatypes::UnionFields::empty(), arrow::datatypes::UnionMode::Sparse);
        let error = ColumnType::of(&Field::new("mixed", union.clone(), true)).unwrap_err();
        assert_eq!(error.state(), crate::error::SqlState::FeatureNotSupported);
        assert!(error.message().contains("\"mixed\""));
        assert!(ColumnType::of(&Field::new("c", DataType::new_list(union, true), true)).is_err());
    }

    #[test]
    fn dictionaries_and_runs_are_their_values() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::LargeUtf8));
        assert_eq!(of(dictionary).postgres, Type::TEXT);
    }
}
