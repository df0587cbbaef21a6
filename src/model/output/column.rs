//! One column of a batch, cast to the layout it is written in.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    FixedSizeBinaryArray, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray,
    ListArray, StringViewArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, DurationMicrosecondType, Field, IntervalMonthDayNano, TimeUnit,
};
use arrow::datatypes::{
    Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use bytes::BytesMut;
use postgres_types::Type;

use super::text;
use super::types::ColumnType;
use crate::error::{Error, Result};
use crate::model::LENGTH_HEADER;

const MICROSECONDS: DataType = DataType::Duration(TimeUnit::Microsecond);

/// Durations, which the difference of two timestamps is, as intervals of days and the rest of a day, as in Postgres.
fn in_days(durations: &ArrayRef) -> ArrayRef {
    const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;
    let durations = durations.as_primitive::<DurationMicrosecondType>();
    Arc::new(durations.unary::<_, IntervalMonthDayNanoType>(|duration| {
        let (days, rest) = (duration / MICROSECONDS_PER_DAY, duration % MICROSECONDS_PER_DAY);
        IntervalMonthDayNano::new(0, days as i32, rest * 1000)
    }))
}

/// Texts of a `char(n)`, with the blanks at their end that are not kept.
fn padded(texts: &StringViewArray, length: usize) -> StringViewArray {
    texts.iter().map(|text| text.map(|text| format!("{text:<length$}"))).collect()
}

/// The values of one column and what is needed to write them.
pub struct Column {
    /// Its type in Postgres.
    pub postgres: Type,
    /// The values, of rows that are NULL too.
    pub values: Values,
    nulls: Option<NullBuffer>,
}

/// The layouts of `types`.
#[allow(missing_docs)]
pub enum Values {
    Bool(BooleanArray),
    Int2(Int16Array),
    Int4(Int32Array),
    Int8(Int64Array),
    Oid(UInt32Array),
    Float4(Float32Array),
    Float8(Float64Array),
    Numeric(Decimal128Array),
    WideNumeric(Decimal256Array),
    Text(StringViewArray),
    Bytea(BinaryViewArray),
    Uuid(FixedSizeBinaryArray),
    Date(Date32Array),
    Time(Time64MicrosecondArray),
    Timestamp(TimestampMicrosecondArray),
    Timestamptz(TimestampMicrosecondArray, Tz),
    Interval(IntervalMonthDayNanoArray),
    List(ListArray, Box<Column>),
    Record(Vec<Column>),
}

impl Column {
    /// Casts an array to its wire layout; `zone` is what timestamptz is printed in.
    pub fn new(array: &ArrayRef, kind: &ColumnType, zone: Tz) -> Result<Self> {
        // Without `safe: false` a value that doesn't fit would silently become NULL.
        let strict = CastOptions { safe: false, ..CastOptions::default() };
        let array = match array.data_type() {
            DataType::Duration(_) => in_days(&cast_with_options(array, &MICROSECONDS, &strict)?),
            _ => cast_with_options(array, &kind.arrow, &strict)?,
        };
        Self::of_layout(&array, kind, zone)
    }

    fn of_layout(array: &ArrayRef, kind: &ColumnType, zone: Tz) -> Result<Self> {
        let values = match array.data_type() {
            DataType::Boolean => Values::Bool(array.as_boolean().clone()),
            DataType::Int16 => Values::Int2(array.as_primitive::<Int16Type>().clone()),
            DataType::Int32 => Values::Int4(array.as_primitive::<Int32Type>().clone()),
            DataType::Int64 => Values::Int8(array.as_primitive::<Int64Type>().clone()),
            DataType::UInt32 => Values::Oid(array.as_primitive::<UInt32Type>().clone()),
            DataType::Float32 => Values::Float4(array.as_primitive::<Float32Type>().clone()),
            DataType::Float64 => Values::Float8(array.as_primitive::<Float64Type>().clone()),
            DataType::Decimal128(..) => Values::Numeric(array.as_primitive::<Decimal128Type>().clone()),
            DataType::Decimal256(..) => Values::WideNumeric(array.as_primitive::<Decimal256Type>().clone()),
            DataType::Utf8View if kind.postgres == Type::BPCHAR && kind.modifier >= LENGTH_HEADER => {
                Values::Text(padded(array.as_string_view(), (kind.modifier - LENGTH_HEADER) as usize))
            }
            DataType::Utf8View => Values::Text(array.as_string_view().clone()),
            DataType::BinaryView => Values::Bytea(array.as_binary_view().clone()),
            DataType::FixedSizeBinary(_) => Values::Uuid(array.as_fixed_size_binary().clone()),
            DataType::Date32 => Values::Date(array.as_primitive::<Date32Type>().clone()),
            DataType::Time64(_) => Values::Time(array.as_primitive::<Time64MicrosecondType>().clone()),
            DataType::Timestamp(_, None) => Values::Timestamp(array.as_primitive::<TimestampMicrosecondType>().clone()),
            DataType::Timestamp(_, Some(_)) => {
                Values::Timestamptz(array.as_primitive::<TimestampMicrosecondType>().clone(), zone)
            }
            DataType::Interval(_) => Values::Interval(array.as_primitive::<IntervalMonthDayNanoType>().clone()),
            DataType::List(child) => {
                let list = array.as_list::<i32>().clone();
                let elements = Self::nested(list.values(), child, zone)?;
                Values::List(list, Box::new(elements))
            }
            DataType::Struct(fields) => {
                let record = array.as_struct();
                let columns =
                    fields.iter().zip(record.columns()).map(|(field, column)| Self::nested(column, field, zone));
                let columns = columns.collect::<Result<_>>()?;
                Values::Record(columns)
            }
            other => return Err(Error::internal(format!("no wire layout for {other}"))),
        };
        Ok(Self { postgres: kind.postgres.clone(), values, nulls: array.nulls().cloned() })
    }

    fn nested(array: &ArrayRef, field: &Field, zone: Tz) -> Result<Self> {
        Self::of_layout(array, &ColumnType::of(field)?, zone)
    }

    /// Whether the value of a row is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// A value in the text format; `None` for NULL.
    pub fn text(&self, row: usize) -> Option<String> {
        if self.is_null(row) {
            return None;
        }
        let mut out = BytesMut::new();
        text::write(self, row, &mut out);
        Some(String::from_utf8_lossy(&out).into_owned())
    }
}
