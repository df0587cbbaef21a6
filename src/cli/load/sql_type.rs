//! The SQL names of the column types that tables hold.

use arrow::datatypes::{DataType, Field};

use journeydb::model::{LENGTH_HEADER, element_of, mark};

/// The name of a field's type as CREATE TABLE takes it and as messages show it; text for what tables can't hold as it is.
pub fn sql_type(field: &Field) -> String {
    if let Some(element) = element_of(field) {
        return format!("{}[]", sql_type(&element));
    }
    match mark(field) {
        Some((postgres, modifier)) if modifier >= LENGTH_HEADER => {
            format!("{}({})", postgres.name(), modifier - LENGTH_HEADER)
        }
        Some((postgres, _)) => postgres.name().to_owned(),
        None => plain(field.data_type()),
    }
}

fn plain(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "smallint".to_owned(),
        DataType::UInt16 | DataType::Int32 => "integer".to_owned(),
        DataType::UInt32 | DataType::Int64 => "bigint".to_owned(),
        DataType::UInt64 => "numeric(20,0)".to_owned(),
        DataType::Float16 | DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double precision".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => format!("numeric({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "bytea".to_owned()
        }
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::Dictionary(_, values) => plain(values),
        _ => "text".to_owned(),
    }
}
