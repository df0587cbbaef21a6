//! The values of a column as they are read, straight into an array of the table's own type.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{
    ArrayRef, BinaryViewBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int16Builder, Int32Builder, Int64Builder, StringViewBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    new_empty_array,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use super::super::binary_parameter::{self, date, fixed, instant, malformed, time};
use super::super::parameter::utf8;
use crate::error::{Error, Result, SqlState};
use crate::model::input::{Fit, boolean, bytea, decimal, double, fit, fit_text, integer, invalid, real, temporal};
use crate::model::output::ColumnType;
use crate::model::{mark, read};

/// Values of one column, of each type that tables hold: most go straight into an array, arrays and intervals by way of a value.
pub(super) enum Values {
    Bool(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Numeric(Decimal128Builder, u8, i8),
    Text(StringViewBuilder),
    Marked(StringViewBuilder, Type, i32),
    Bytea(BinaryViewBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Timestamptz(TimestampMicrosecondBuilder, Tz),
    Other(Others),
}

/// Values of a field, read one by one.
pub(super) struct Others {
    field: Field,
    postgres: Type,
    zone: String,
    null: ScalarValue,
    values: Vec<ScalarValue>,
}

/// The same for every kind of values.
macro_rules! each {
    ($values:expr, $builder:ident => $do:expr) => {
        match $values {
            Values::Bool($builder) => $do,
            Values::Int2($builder) => $do,
            Values::Int4($builder) => $do,
            Values::Int8($builder) => $do,
            Values::Float4($builder) => $do,
            Values::Float8($builder) => $do,
            Values::Numeric($builder, ..) => $do,
            Values::Text($builder) | Values::Marked($builder, ..) => $do,
            Values::Bytea($builder) => $do,
            Values::Date($builder) => $do,
            Values::Time($builder) => $do,
            Values::Timestamp($builder) => $do,
            Values::Timestamptz($builder, _) => $do,
            Values::Other($builder) => $do,
        }
    };
}

impl Values {
    /// None yet, of a column; instants without an offset are read in `zone`. 0A000 for a type that tables don't hold.
    pub fn of(field: &Field, zone: Tz) -> Result<Self> {
        if let (Some((postgres, modifier)), DataType::Utf8View) = (mark(field), field.data_type()) {
            return Ok(Self::Marked(StringViewBuilder::new(), postgres, modifier));
        }
        let instants = || TimestampMicrosecondBuilder::new().with_data_type(field.data_type().clone());
        Ok(match field.data_type() {
            DataType::Boolean => Self::Bool(BooleanBuilder::new()),
            DataType::Int16 => Self::Int2(Int16Builder::new()),
            DataType::Int32 => Self::Int4(Int32Builder::new()),
            DataType::Int64 => Self::Int8(Int64Builder::new()),
            DataType::Float32 => Self::Float4(Float32Builder::new()),
            DataType::Float64 => Self::Float8(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => {
                let builder = Decimal128Builder::new().with_data_type(field.data_type().clone());
                Self::Numeric(builder, *precision, *scale)
            }
            DataType::Utf8View => Self::Text(StringViewBuilder::new()),
            DataType::BinaryView => Self::Bytea(BinaryViewBuilder::new()),
            DataType::Date32 => Self::Date(Date32Builder::new()),
            DataType::Time64(TimeUnit::Microsecond) => Self::Time(Time64MicrosecondBuilder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, None) => Self::Timestamp(instants()),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => Self::Timestamptz(instants(), zone),
            DataType::List(_) | DataType::Interval(_) => Self::Other(Others {
                field: field.clone(),
                postgres: ColumnType::of(field)?.postgres,
                zone: zone.to_string(),
                null: ScalarValue::try_from(field.data_type())?,
                values: vec![],
            }),
            other => return Err(Error::unsupported(format!("COPY into a column of type {other}"))),
        })
    }

    /// Adds a NULL.
    pub fn null(&mut self) {
        each!(self, builder => builder.append_null());
    }

    /// Adds a value from its text.
    pub fn text(&mut self, bytes: &[u8]) -> Result<()> {
        let text = utf8(bytes)?;
        let syntax = |postgres| invalid(&postgres, text, SqlState::InvalidTextRepresentation);
        match self {
            Self::Text(values) => values.append_value(text),
            Self::Marked(values, postgres, modifier) => {
                values.append_value(fit_text(text, postgres, *modifier, Fit::Refuse)?);
            }
            Self::Bool(values) => values.append_value(boolean(text.trim()).ok_or_else(|| syntax(Type::BOOL))?),
            Self::Int2(values) => values.append_value(integer(&Type::INT2, text.trim())?),
            Self::Int4(values) => values.append_value(integer(&Type::INT4, text.trim())?),
            Self::Int8(values) => values.append_value(integer(&Type::INT8, text.trim())?),
            Self::Float4(values) => values.append_value(real(text.trim())?),
            Self::Float8(values) => values.append_value(double(text.trim())?),
            Self::Numeric(values, precision, scale) => {
                values.append_value(decimal::unscaled(text.trim(), *precision, *scale)?);
            }
            Self::Bytea(values) => values.append_value(bytea(text)?),
            Self::Date(values) => values.append_value(temporal::date(text.trim())?),
            Self::Time(values) => values.append_value(temporal::time(text.trim())?),
            Self::Timestamp(values) => values.append_value(temporal::timestamp(text.trim())?),
            Self::Timestamptz(values, zone) => values.append_value(temporal::timestamptz(text.trim(), zone)?),
            Self::Other(values) => values.add(read(&values.postgres, text, &values.zone)?)?,
        }
        Ok(())
    }

    /// Adds a value from what `typsend` of Postgres writes.
    pub fn binary(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Bool(values) => values.append_value(fixed::<1>(bytes)? != [0]),
            Self::Int2(values) => values.append_value(i16::from_be_bytes(fixed(bytes)?)),
            Self::Int4(values) => values.append_value(i32::from_be_bytes(fixed(bytes)?)),
            Self::Int8(values) => values.append_value(i64::from_be_bytes(fixed(bytes)?)),
            Self::Float4(values) => values.append_value(f32::from_be_bytes(fixed(bytes)?)),
            Self::Float8(values) => values.append_value(f64::from_be_bytes(fixed(bytes)?)),
            Self::Numeric(values, precision, scale) => values.append_value(numeric(bytes, *precision, *scale)?),
            Self::Text(values) => values.append_value(utf8(bytes)?),
            Self::Marked(values, postgres, modifier) => {
                match binary_parameter::decode(postgres, &Bytes::copy_from_slice(bytes))? {
                    ScalarValue::Utf8(Some(text)) => {
                        values.append_value(fit_text(&text, postgres, *modifier, Fit::Refuse)?);
                    }
                    _ => return Err(malformed()),
                }
            }
            Self::Bytea(values) => values.append_value(bytes),
            Self::Date(values) => values.append_value(date(bytes)?),
            Self::Time(values) => values.append_value(time(bytes)?),
            Self::Timestamp(values) | Self::Timestamptz(values, _) => values.append_value(instant(bytes)?),
            Self::Other(values) => {
                let value = binary_parameter::decode(&values.postgres, &Bytes::copy_from_slice(bytes))?;
                values.add(value)?;
            }
        }
        Ok(())
    }

    /// The values so far; none are left.
    pub fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()))
    }
}

impl Others {
    fn add(&mut self, value: ScalarValue) -> Result<()> {
        let value = value.cast_to(self.field.data_type())?.to_array()?;
        self.values.push(ScalarValue::try_from_array(&fit(&value, &self.field, Fit::Refuse)?, 0)?);
        Ok(())
    }

    fn append_null(&mut self) {
        self.values.push(self.null.clone());
    }

    fn finish(&mut self) -> ArrayRef {
        let values = std::mem::take(&mut self.values);
        if values.is_empty() {
            return new_empty_array(self.field.data_type());
        }
        ScalarValue::iter_to_array(values).expect("each was cast to the field's type")
    }
}

/// Base 10000 digits to an integer of `scale` decimals; those that 128 bits can't hold go by their text.
fn numeric(bytes: &[u8], precision: u8, scale: i8) -> Result<i128> {
    let word = |at: usize| bytes.get(2 * at..2 * at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let (Some(count), Some(weight), Some(sign)) = (word(0), word(1), word(2)) else { return Err(malformed()) };
    if bytes.len() != 8 + 2 * usize::from(count) {
        return Err(malformed());
    }
    let exponent = 4 * (i32::from(weight as i16) - i32::from(count) + 1) + i32::from(scale);
    let groups = (4..4 + usize::from(count)).filter_map(word);
    // Nine groups are 36 digits.
    let small = count <= 9 && sign & !0x4000 == 0 && groups.clone().all(|group| group < 10_000);
    if small
        && let Some(power) = 10i128.checked_pow(exponent.unsigned_abs())
        && let Some(value) =
            shifted(groups.fold(0, |number, group| number * 10_000 + i128::from(group)), exponent, power)
    {
        return decimal::fitting(if sign == 0 { value } else { -value }, precision, scale);
    }
    decimal::rescaled(binary_parameter::numeric(Bytes::copy_from_slice(bytes))?, precision, scale)
}

/// A number that isn't negative times its power of ten, rounded half up; `None` where it doesn't fit.
fn shifted(number: i128, exponent: i32, power: i128) -> Option<i128> {
    if exponent >= 0 {
        number.checked_mul(power)
    } else {
        Some(number / power + i128::from(number % power >= power / 2))
    }
}
