//! `extract(field FROM x)` and `date_part(field, x)`: numeric the one, double precision the other, as in Postgres. The engine's
//! gives integers of most, so that seconds lose their fraction, and `extract(month FROM day) / 3` the rest of its division.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array};
use arrow::compute::kernels::cast::cast;
use arrow::compute::kernels::temporal::{DatePart as Kernel, date_part as of_kernel};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, Int32Type, IntervalMonthDayNano, IntervalMonthDayNanoType, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::common::{Result, plan_err};
use datafusion::functions::datetime::date_part::DatePartFunc;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, lit,
};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, SqlState};

const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

/// `date_part(field, x)`.
pub(super) fn date_part() -> ScalarUDF {
    ScalarUDF::from(DatePart { numeric: false, signature: Signature::any(2, Volatility::Immutable) })
}

/// `extract(field FROM x)`, of the arguments of the engine's own function.
pub(super) fn extract(arguments: Vec<Expr>) -> Expr {
    ScalarUDF::from(DatePart { numeric: true, signature: Signature::any(2, Volatility::Immutable) }).call(arguments)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DatePart {
    numeric: bool,
    signature: Signature,
}

/// A field of a moment or an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    IsoYear,
    Dow,
    IsoDow,
    Doy,
    Julian,
    Epoch,
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "microsecond" | "microseconds" | "us" | "usec" | "usecs" => Self::Microseconds,
            "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Self::Milliseconds,
            "second" | "seconds" | "s" | "sec" | "secs" => Self::Second,
            "minute" | "minutes" | "m" | "min" | "mins" => Self::Minute,
            "hour" | "hours" | "h" | "hr" | "hrs" => Self::Hour,
            "day" | "days" | "d" => Self::Day,
            "week" | "weeks" | "w" => Self::Week,
            "month" | "months" | "mon" | "mons" => Self::Month,
            "quarter" | "qtr" => Self::Quarter,
            "year" | "years" | "y" | "yr" | "yrs" => Self::Year,
            "decade" | "decades" | "dec" | "decs" => Self::Decade,
            "century" | "centuries" | "c" | "cent" => Self::Century,
            "millennium" | "millennia" | "mil" | "mils" => Self::Millennium,
            "isoyear" => Self::IsoYear,
            "dow" => Self::Dow,
            "isodow" => Self::IsoDow,
            "doy" => Self::Doy,
            "julian" | "j" | "jd" => Self::Julian,
            "epoch" => Self::Epoch,
            _ => return None,
        })
    }

    /// Digits behind the point.
    fn scale(self, of: &DataType) -> i8 {
        match self {
            Self::Second => 6,
            Self::Milliseconds => 3,
            Self::Epoch if *of != DataType::Date32 => 6,
            _ => 0,
        }
    }

    fn is_of_a_clock(self) -> bool {
        matches!(self, Self::Microseconds | Self::Milliseconds | Self::Second | Self::Minute | Self::Hour)
    }
}

impl ScalarUDFImpl for DatePart {
    fn name(&self) -> &str {
        if self.numeric { "extract" } else { "date_part" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("the type of {} depends on its field", self.name())
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs) -> Result<arrow::datatypes::FieldRef> {
        let of = call.arg_fields[1].data_type();
        let part = part(call.scalar_arguments[0], of)?;
        let kind = match self.numeric {
            true => DataType::Decimal128(DIGITS, part.scale(of)),
            false => DataType::Float64,
        };
        Ok(Arc::new(arrow::datatypes::Field::new(self.name(), kind, true)))
    }

    /// A year is the moments from its first to the next one's, which the bounds of files and pages are compared with. The engine
    /// has that for its own years, of which there is one before the first.
    fn preimage(&self, args: &[Expr], year: &Expr, info: &SimplifyContext) -> Result<PreimageResult> {
        match year.as_literal().and_then(whole).filter(|year| *year > 0) {
            Some(year) => DatePartFunc::new().preimage(args, &lit(year), info),
            None => Ok(PreimageResult::None),
        }
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ColumnarValue::Scalar(name) = &call.args[0] else {
            return Err(Error::internal("a field that is no constant").into());
        };
        let of = call.args[1].data_type();
        let part = part(Some(name), &of)?;
        let is_scalar = matches!(call.args[1], ColumnarValue::Scalar(_));
        let values = call.args[1].to_array(if is_scalar { 1 } else { call.number_rows })?;
        let scale = part.scale(&of);
        let parts = units(part, &values)?;
        let parts: ArrayRef = match self.numeric {
            true => Arc::new(parts.with_precision_and_scale(DIGITS, scale)?),
            false => {
                let unit = 10f64.powi(scale.into());
                Arc::new(parts.iter().map(|part| part.map(|units| units as f64 / unit)).collect::<Float64Array>())
            }
        };
        match is_scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&parts, 0)?)),
            false => Ok(ColumnarValue::Array(parts)),
        }
    }
}

/// The integer that a number is.
fn whole(number: &ScalarValue) -> Option<i32> {
    match number {
        ScalarValue::Decimal128(Some(_), _, scale) if *scale > 0 => None,
        ScalarValue::Decimal128(Some(number), ..) => i32::try_from(*number).ok(),
        ScalarValue::Float64(Some(number)) if number.fract() == 0.0 && number.abs() < 1e9 => Some(*number as i32),
        _ => None,
    }
}

/// Digits that hold any field.
const DIGITS: u8 = 21;

/// The field of this name, if values of the type have it.
fn part(name: Option<&ScalarValue>, of: &DataType) -> Result<Part> {
    let name = match name {
        Some(
            ScalarValue::Utf8(Some(name)) | ScalarValue::Utf8View(Some(name)) | ScalarValue::LargeUtf8(Some(name)),
        ) => name,
        _ => return Err(Error::unsupported("a field of extract or date_part that is no constant").into()),
    };
    let kind = match of {
        DataType::Date32 => "date",
        DataType::Timestamp(_, None) => "timestamp without time zone",
        DataType::Timestamp(..) => "timestamp with time zone",
        DataType::Interval(_) | DataType::Duration(_) => "interval",
        DataType::Time32(_) | DataType::Time64(_) => "time without time zone",
        DataType::Null => "unknown",
        _ => {
            let error =
                Error::new(SqlState::UndefinedFunction, format!("extract takes a moment or an interval, not {of}"));
            return Err(error.into());
        }
    };
    let part = Part::named(name).ok_or_else(|| {
        let known = ["timezone", "timezone_hour", "timezone_minute"].contains(&name.to_ascii_lowercase().as_str());
        let state = if known { SqlState::FeatureNotSupported } else { SqlState::InvalidParameterValue };
        let said = if known { "not supported" } else { "not recognized" };
        Error::new(state, format!("unit \"{name}\" {said} for type {kind}"))
    })?;
    let has = match of {
        DataType::Date32 => !part.is_of_a_clock(),
        DataType::Time32(_) | DataType::Time64(_) => part.is_of_a_clock() || part == Part::Epoch,
        DataType::Interval(_) | DataType::Duration(_) => {
            use Part::{Dow, Doy, IsoDow, IsoYear, Julian, Week};
            !matches!(part, Dow | Doy | IsoDow | IsoYear | Julian | Week)
        }
        _ => true,
    };
    match has {
        true => Ok(part),
        false => {
            Err(Error::new(SqlState::FeatureNotSupported, format!("unit \"{name}\" not supported for type {kind}"))
                .into())
        }
    }
}

/// The field of values, in the last of its digits.
fn units(part: Part, values: &ArrayRef) -> Result<Decimal128Array> {
    let days = |of: &ArrayRef| cast(of, &DataType::Date32);
    Ok(match values.data_type() {
        DataType::Null => Decimal128Array::new_null(values.len()),
        DataType::Interval(_) => {
            let values = cast(values, &DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano))?;
            values.as_primitive::<IntervalMonthDayNanoType>().iter().map(|v| v.map(|v| of_interval(part, v))).collect()
        }
        DataType::Duration(_) => {
            let values = cast(values, &DataType::Duration(TimeUnit::Microsecond))?;
            let values = values.as_primitive::<DurationMicrosecondType>();
            // The difference of two moments is days and the rest of a day.
            let parts = |value: i64| of_parts(part, 0, i128::from(value) / DAY, i128::from(value) % DAY);
            values.iter().map(|value| value.map(parts)).collect()
        }
        DataType::Time32(_) | DataType::Time64(_) => {
            let values = cast(&cast(values, &DataType::Time64(TimeUnit::Microsecond))?, &DataType::Int64)?;
            let values = values.as_primitive::<arrow::datatypes::Int64Type>();
            values.iter().map(|value| value.map(|value| of_parts(part, 0, 0, value.into()))).collect()
        }
        DataType::Timestamp(_, zone) if part == Part::Epoch => {
            let values = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
            values.as_primitive::<TimestampMicrosecondType>().iter().map(|v| v.map(i128::from)).collect()
        }
        DataType::Timestamp(..) if matches!(part, Part::Microseconds | Part::Milliseconds | Part::Second) => {
            // A minute has 60 seconds in every zone.
            let seconds = of_kernel(values, Kernel::Second)?;
            let fractions = of_kernel(values, Kernel::Microsecond)?;
            let (seconds, fractions) = (seconds.as_primitive::<Int32Type>(), fractions.as_primitive::<Int32Type>());
            let whole = |(second, fraction): (Option<i32>, Option<i32>)| {
                second.zip(fraction).map(|(s, f)| i128::from(s) * SECOND + i128::from(f) % SECOND)
            };
            seconds.iter().zip(fractions).map(whole).collect()
        }
        DataType::Date32 if part == Part::Epoch => {
            let values = values.as_primitive::<arrow::datatypes::Date32Type>();
            values.iter().map(|day| day.map(|day| i128::from(day) * 86_400)).collect()
        }
        _ => match part {
            Part::Julian => {
                /// The Julian day of 1970-01-01.
                const JULIAN_OF_EPOCH: i128 = 2_440_588;
                let days = days(values)?;
                let days = days.as_primitive::<arrow::datatypes::Date32Type>();
                days.iter().map(|day| day.map(|day| i128::from(day) + JULIAN_OF_EPOCH)).collect()
            }
            part => {
                let whole = of_kernel(values, kernel(part)?)?;
                let whole = whole.as_primitive::<Int32Type>();
                whole.iter().map(|value| value.map(|value| of_calendar(part, value.into()))).collect()
            }
        },
    })
}

fn kernel(part: Part) -> Result<Kernel> {
    Ok(match part {
        Part::Minute => Kernel::Minute,
        Part::Hour => Kernel::Hour,
        Part::Day => Kernel::Day,
        Part::Week => Kernel::WeekISO,
        Part::Month => Kernel::Month,
        Part::Quarter => Kernel::Quarter,
        Part::Year | Part::Decade | Part::Century | Part::Millennium => Kernel::Year,
        Part::IsoYear => Kernel::YearISO,
        Part::Dow => Kernel::DayOfWeekSunday0,
        Part::IsoDow => Kernel::DayOfWeekMonday0,
        Part::Doy => Kernel::DayOfYear,
        _ => return Err(Error::internal(format!("{part:?} is no field of a calendar")).into()),
    })
}

/// What a field is, of what the calendar says. There is no year 0: before the year 1 is the year -1.
fn of_calendar(part: Part, value: i128) -> i128 {
    let counted = |years: i128| if value > 0 { (value + years - 1) / years } else { -((years - value) / years) };
    match part {
        Part::Year if value <= 0 => value - 1,
        Part::Decade => value.div_euclid(10),
        Part::Century => counted(100),
        Part::Millennium => counted(1000),
        Part::IsoDow => value + 1,
        _ => value,
    }
}

fn of_interval(part: Part, interval: IntervalMonthDayNano) -> i128 {
    of_parts(part, interval.months.into(), interval.days.into(), i128::from(interval.nanoseconds) / 1000)
}

/// A field of months, days and microseconds, each of which counts for itself.
fn of_parts(part: Part, months: i128, days: i128, time: i128) -> i128 {
    let years = months / 12;
    match part {
        Part::Microseconds | Part::Milliseconds | Part::Second => time % (60 * SECOND),
        Part::Minute => time / (60 * SECOND) % 60,
        Part::Hour => time / (3600 * SECOND),
        Part::Day => days,
        Part::Month => months % 12,
        Part::Quarter => months % 12 / 3 + 1,
        Part::Year => years,
        Part::Decade => years / 10,
        Part::Century => years / 100,
        Part::Millennium => years / 1000,
        // A year has 365.25 days, a month beyond years 30.
        Part::Epoch => years * 31_557_600 * SECOND + months % 12 * 30 * DAY + days * DAY + time,
        _ => 0,
    }
}
