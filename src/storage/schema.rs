//! Column types: what SQL sees, what the Delta log says, and what lies in the files.
//!
//! | SQL sees | log | file |
//! |---|---|---|
//! | Boolean, Int16, Int32, Int64, Float32, Float64, Date32 | boolean, short, integer, long, float, double, date | the same |
//! | Decimal128(p, s) | decimal(p, s) | the same |
//! | Utf8View | string | Utf8 |
//! | BinaryView | binary | Binary |
//! | Timestamp(us, UTC) | timestamp | Timestamp(us, UTC) |
//! | Timestamp(us) | timestamp, marked [`ZONELESS`] | Timestamp(us, UTC) |
//!
//! A zone-less timestamp of Delta's own would raise the table's protocol and shut other readers out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use deltalake_core::kernel::{DataType as DeltaType, MetadataValue, PrimitiveType, StructField, StructType};

use crate::error::{Error, Result, SqlState};
use crate::model::instant;

/// The mark on a field of the log whose instants SQL sees without a zone.
const ZONELESS: &str = "jdb.zoneless";

/// The log's schema for one of SQL's; 0A000 for a type that tables don't hold.
pub(super) fn to_delta(schema: &Schema) -> Result<StructType> {
    let fields = schema.fields().iter().map(|field| {
        let zoneless = field.data_type() == &zoneless_timestamp();
        let delta = StructField::new(field.name(), delta_type(field)?, field.is_nullable());
        Ok(if zoneless { delta.with_metadata([(ZONELESS, MetadataValue::Boolean(true))]) } else { delta })
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    StructType::try_new(fields).map_err(|error| Error::new(SqlState::DuplicateColumn, error.to_string()))
}

/// SQL's schema for one of the log's; 0A000 for a type that we don't read.
pub(super) fn from_delta(schema: &StructType) -> Result<SchemaRef> {
    let fields = schema.fields().map(|field| Ok(Field::new(field.name(), sql_type(field)?, field.is_nullable())));
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
}

/// A batch as files hold it.
pub(super) fn to_file(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| -> Result<ArrayRef> {
        Ok(match column.data_type() {
            // Not a cast, which would need a zone to convert from: the same microseconds, said to be UTC.
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                Arc::new(column.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC"))
            }
            _ => Arc::clone(column),
        })
    });
    Ok(RecordBatch::try_new(file_schema(&batch.schema()), columns.collect::<Result<Vec<_>>>()?)?)
}

/// The schema of [`to_file`]'s batches. Parquet knows no difference between a view and a plain string.
pub(super) fn file_schema(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, None) => Field::new(field.name(), instant(), field.is_nullable()),
        _ => field.as_ref().clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn zoneless_timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

fn delta_type(field: &Field) -> Result<DeltaType> {
    let primitive = match field.data_type() {
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Int16 => PrimitiveType::Short,
        DataType::Int32 => PrimitiveType::Integer,
        DataType::Int64 => PrimitiveType::Long,
        DataType::Float32 => PrimitiveType::Float,
        DataType::Float64 => PrimitiveType::Double,
        DataType::Utf8View => PrimitiveType::String,
        DataType::BinaryView => PrimitiveType::Binary,
        DataType::Date32 => PrimitiveType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, None) => PrimitiveType::Timestamp,
        DataType::Decimal128(precision, scale) if *scale >= 0 => {
            PrimitiveType::decimal(*precision, scale.unsigned_abs())
                .map_err(|error| Error::new(SqlState::InvalidParameterValue, error.to_string()))?
        }
        other if *other == instant() => PrimitiveType::Timestamp,
        other => return Err(Error::unsupported(format!("column \"{}\" of type {other} in a table", field.name()))),
    };
    Ok(DeltaType::Primitive(primitive))
}

fn sql_type(field: &StructField) -> Result<DataType> {
    let DeltaType::Primitive(primitive) = field.data_type() else {
        return Err(unreadable(field));
    };
    Ok(match primitive {
        PrimitiveType::Boolean => DataType::Boolean,
        PrimitiveType::Short => DataType::Int16,
        PrimitiveType::Integer => DataType::Int32,
        PrimitiveType::Long => DataType::Int64,
        PrimitiveType::Float => DataType::Float32,
        PrimitiveType::Double => DataType::Float64,
        PrimitiveType::String => DataType::Utf8View,
        PrimitiveType::Binary => DataType::BinaryView,
        PrimitiveType::Date => DataType::Date32,
        PrimitiveType::Timestamp if is_zoneless(field) => zoneless_timestamp(),
        PrimitiveType::Timestamp => instant(),
        PrimitiveType::Decimal(decimal) => {
            DataType::Decimal128(decimal.precision(), i8::try_from(decimal.scale()).map_err(|_| unreadable(field))?)
        }
        _ => return Err(unreadable(field)),
    })
}

/// A checkpoint may give the mark back as text.
fn is_zoneless(field: &StructField) -> bool {
    match field.metadata().get(ZONELESS) {
        Some(MetadataValue::Boolean(mark)) => *mark,
        Some(MetadataValue::String(mark)) => mark == "true",
        _ => false,
    }
}

fn unreadable(field: &StructField) -> Error {
    Error::unsupported(format!("column \"{}\" of Delta type {}", field.name(), field.data_type()))
}
