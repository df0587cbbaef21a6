//! Column types: what SQL sees, what the Delta log says, and what lies in the files.
//!
//! | SQL sees | log | file |
//! |---|---|---|
//! | Boolean, Int16, Int32, Int64, Float32, Float64, Date32 | boolean, short, integer, long, float, double, date | the same |
//! | Decimal128(p, s) | decimal(p, s) | the same |
//! | Utf8View | string, marked [`TYPE`] and [`MODIFIER`] where it is of a marked type | Utf8 |
//! | BinaryView | binary | Binary |
//! | Timestamp(us, UTC) | timestamp | Timestamp(us, UTC) |
//! | Timestamp(us) | timestamp, marked [`ZONELESS`] | Timestamp(us, UTC) |
//! | Time64(us) | long, marked [`TYPE`] | Int64 |
//! | Interval(MonthDayNano) | string, marked [`TYPE`] | Utf8: `1 months 2 days 3 microseconds` |
//! | List of one of them | array of it, marked as it would be | List |
//!
//! A zone-less timestamp of Delta's own would raise the table's protocol and shut other readers out; times of day and intervals it
//! has none. Their forms are read by arrow's own casts, so that a scan needs no more than the types of the table, and intervals by
//! Postgres and Spark too.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, IntervalMonthDayNanoArray, ListArray, RecordBatch, StringBuilder,
};
use arrow::datatypes::{
    DataType, Field, IntervalMonthDayNanoType, IntervalUnit, Schema, SchemaRef, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use deltalake_core::kernel::{ArrayType, DataType as DeltaType, MetadataValue, PrimitiveType, StructField, StructType};
use postgres_types::Type;

use crate::error::{Error, Result, SqlState};
use crate::model::{instant, mark, marked, marked_array, marked_type, with_mark_of};

/// The mark on a field of the log whose instants SQL sees without a zone.
const ZONELESS: &str = "jdb.zoneless";

/// The mark on a field of the log with the name of its Postgres type, of an array that of its elements.
const TYPE: &str = "jdb.type";

/// The mark on a field of the log with the modifier of its type: how long a text may be.
const MODIFIER: &str = "jdb.modifier";

const TIME: &str = "time";
const INTERVAL: &str = "interval";

/// The log's schema for one of SQL's; 0A000 for a type that tables don't hold.
pub(super) fn to_delta(schema: &Schema) -> Result<StructType> {
    let fields = schema.fields().iter().map(|field| {
        let delta = delta_type(field.name(), field.data_type())?;
        Ok(StructField::new(field.name(), delta, field.is_nullable()).with_metadata(marks(field)))
    });
    let fields = fields.collect::<Result<Vec<_>>>()?;
    StructType::try_new(fields).map_err(|error| Error::new(SqlState::DuplicateColumn, error.to_string()))
}

/// SQL's schema for one of the log's; 0A000 for a type that we don't read.
pub(super) fn from_delta(schema: &StructType) -> Result<SchemaRef> {
    let fields = schema.fields().map(|field| {
        let plain = Field::new(field.name(), sql_type(field, field.data_type())?, field.is_nullable());
        Ok(with_mark_of(plain, &marked_as(field)))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
}

/// A batch as files hold it.
pub(super) fn to_file(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(in_file).collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(file_schema(&batch.schema()), columns)?)
}

fn in_file(column: &ArrayRef) -> Result<ArrayRef> {
    Ok(match column.data_type() {
        // Not a cast, which would need a zone to convert from: the same microseconds, said to be UTC.
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            Arc::new(column.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC"))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let times = column.as_primitive::<Time64MicrosecondType>();
            Arc::new(Int64Array::new(times.values().clone(), times.nulls().cloned()))
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => intervals(column.as_primitive::<IntervalMonthDayNanoType>()),
        DataType::List(element) => {
            let lists = column.as_list::<i32>();
            let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
            Arc::new(ListArray::try_new(element_of_file(element), offsets, in_file(lists.values())?, nulls)?)
        }
        _ => Arc::clone(column),
    })
}

fn intervals(intervals: &IntervalMonthDayNanoArray) -> ArrayRef {
    use std::fmt::Write;
    let mut texts = StringBuilder::new();
    for interval in intervals {
        if let Some(interval) = interval {
            let (months, days, microseconds) = (interval.months, interval.days, interval.nanoseconds / 1000);
            write!(texts, "{months} months {days} days {microseconds} microseconds")
                .expect("a builder takes every text");
            texts.append_value("");
        } else {
            texts.append_null();
        }
    }
    Arc::new(texts.finish())
}

/// The schema of [`to_file`]'s batches. Parquet knows no difference between a view and a plain string.
pub(super) fn file_schema(schema: &Schema) -> SchemaRef {
    let fields =
        schema.fields().iter().map(|field| Field::new(field.name(), file_type(field.data_type()), field.is_nullable()));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn file_type(sql: &DataType) -> DataType {
    match sql {
        DataType::Timestamp(TimeUnit::Microsecond, None) => instant(),
        DataType::Time64(TimeUnit::Microsecond) => DataType::Int64,
        DataType::Interval(IntervalUnit::MonthDayNano) => DataType::Utf8,
        DataType::List(element) => DataType::List(element_of_file(element)),
        other => other.clone(),
    }
}

/// The elements of a list by the name that Parquet and Delta have for them.
fn element_of_file(element: &Field) -> Arc<Field> {
    Arc::new(Field::new("element", file_type(element.data_type()), true))
}

fn zoneless_timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// What the log can't tell of a field by its type.
fn marks(field: &Field) -> Vec<(&'static str, MetadataValue)> {
    let innermost = match field.data_type() {
        DataType::List(element) => element.data_type(),
        plain => plain,
    };
    let named = |name: &str| vec![(TYPE, MetadataValue::String(name.to_owned()))];
    if let Some((postgres, modifier)) = mark(field) {
        let mut marks = named(postgres.name().trim_start_matches('_'));
        if modifier >= 0 {
            marks.push((MODIFIER, MetadataValue::Number(modifier.into())));
        }
        return marks;
    }
    match innermost {
        DataType::Time64(_) => named(TIME),
        DataType::Interval(_) => named(INTERVAL),
        plain if *plain == zoneless_timestamp() => vec![(ZONELESS, MetadataValue::Boolean(true))],
        _ => vec![],
    }
}

fn delta_type(name: &str, sql: &DataType) -> Result<DeltaType> {
    let primitive = match sql {
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Int16 => PrimitiveType::Short,
        DataType::Int32 => PrimitiveType::Integer,
        DataType::Int64 | DataType::Time64(TimeUnit::Microsecond) => PrimitiveType::Long,
        DataType::Float32 => PrimitiveType::Float,
        DataType::Float64 => PrimitiveType::Double,
        DataType::Utf8View | DataType::Interval(IntervalUnit::MonthDayNano) => PrimitiveType::String,
        DataType::BinaryView => PrimitiveType::Binary,
        DataType::Date32 => PrimitiveType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, None) => PrimitiveType::Timestamp,
        DataType::Decimal128(precision, scale) if *scale >= 0 => {
            PrimitiveType::decimal(*precision, scale.unsigned_abs())
                .map_err(|error| Error::new(SqlState::InvalidParameterValue, error.to_string()))?
        }
        DataType::List(element) => return Ok(ArrayType::new(delta_type(name, element.data_type())?, true).into()),
        other if *other == instant() => PrimitiveType::Timestamp,
        other => return Err(Error::unsupported(format!("column \"{name}\" of type {other} in a table"))),
    };
    Ok(DeltaType::Primitive(primitive))
}

fn sql_type(field: &StructField, delta: &DeltaType) -> Result<DataType> {
    let primitive = match delta {
        DeltaType::Primitive(primitive) => primitive,
        DeltaType::Array(array) if !matches!(array.element_type(), DeltaType::Array(_)) => {
            return Ok(DataType::new_list(sql_type(field, array.element_type())?, true));
        }
        _ => return Err(unreadable(field)),
    };
    let name = text_mark(field, TYPE);
    Ok(match primitive {
        PrimitiveType::Boolean => DataType::Boolean,
        PrimitiveType::Short => DataType::Int16,
        PrimitiveType::Integer => DataType::Int32,
        PrimitiveType::Long if name == Some(TIME) => DataType::Time64(TimeUnit::Microsecond),
        PrimitiveType::Long => DataType::Int64,
        PrimitiveType::Float => DataType::Float32,
        PrimitiveType::Double => DataType::Float64,
        PrimitiveType::String if name == Some(INTERVAL) => DataType::Interval(IntervalUnit::MonthDayNano),
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

/// A field of the type that the log's field is marked with; one without a mark if it isn't.
fn marked_as(field: &StructField) -> Field {
    let unmarked = || Field::new("", DataType::Null, true);
    let Some(element) = text_mark(field, TYPE).and_then(marked_type) else { return unmarked() };
    let postgres = match field.data_type() {
        DeltaType::Array(_) => marked_array(&element).unwrap_or(Type::UNKNOWN),
        _ => element,
    };
    let modifier = match field.metadata().get(MODIFIER) {
        Some(MetadataValue::Number(modifier)) => i32::try_from(*modifier).ok(),
        Some(MetadataValue::String(modifier)) => modifier.parse().ok(),
        _ => None,
    };
    marked(&postgres, modifier.unwrap_or(-1))
}

fn text_mark<'a>(field: &'a StructField, key: &str) -> Option<&'a str> {
    match field.metadata().get(key) {
        Some(MetadataValue::String(mark)) => Some(mark),
        _ => None,
    }
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
