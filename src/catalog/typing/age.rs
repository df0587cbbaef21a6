//! `age(a, b)` and the `justify_*` of intervals, which the engine has not.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, AsArray, IntervalMonthDayNanoArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeZone};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, SqlState};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
const DAYS_PER_MONTH: i64 = 30;

/// The function of this name.
pub(super) fn function(name: &str) -> Option<ScalarUDF> {
    let task = match name {
        "age" => Task::Age,
        "justify_days" => Task::Justify(justified_days),
        "justify_hours" => Task::Justify(justified_hours),
        "justify_interval" => Task::Justify(justified),
        _ => return None,
    };
    let arguments = if name == "age" { 2 } else { 1 };
    let signature = Signature::any(arguments, Volatility::Immutable);
    Some(ScalarUDF::from(Intervals { name: name.to_owned(), task, signature }))
}

#[derive(Debug, Clone, Copy)]
enum Task {
    Age,
    Justify(fn(Parts) -> Parts),
}

#[derive(Debug)]
struct Intervals {
    name: String,
    task: Task,
    signature: Signature,
}

impl PartialEq for Intervals {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Intervals {}

impl std::hash::Hash for Intervals {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Intervals {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let fits = types.iter().all(|kind| match (self.task, kind) {
            (_, DataType::Null) => true,
            (Task::Age, kind) => matches!(kind, DataType::Timestamp(..) | DataType::Date32) || kind.is_string(),
            (_, kind) => matches!(kind, DataType::Interval(_) | DataType::Duration(_)),
        });
        if !fits {
            let given: Vec<_> = types.iter().map(ToString::to_string).collect();
            let message = format!("function {}({}) does not exist", self.name, given.join(", "));
            return Err(Error::new(SqlState::UndefinedFunction, message).into());
        }
        Ok(DataType::Interval(IntervalUnit::MonthDayNano))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = call.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if scalar { 1 } else { call.number_rows };
        let arrays = call.args.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let answer: IntervalMonthDayNanoArray = match self.task {
            Task::Age => {
                let (later, earlier) = (local(&arrays[0])?, local(&arrays[1])?);
                let age =
                    |(later, earlier): (Option<_>, Option<_>)| later.zip(earlier).map(|(l, e)| age(l, e).interval());
                later.into_iter().zip(earlier).map(|pair| age(pair).transpose()).collect::<Result<_>>()?
            }
            Task::Justify(justify) => {
                let values = cast(&arrays[0], &DataType::Interval(IntervalUnit::MonthDayNano))?;
                let values = values.as_primitive::<IntervalMonthDayNanoType>().iter();
                let answers = values.map(|value| value.map(|value| justify(Parts::of(value)).interval()).transpose());
                answers.collect::<Result<_>>()?
            }
        };
        let answer: ArrayRef = Arc::new(answer);
        match scalar {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?)),
            false => Ok(ColumnarValue::Array(answer)),
        }
    }
}

/// Moments as their zone's clocks show them.
fn local(values: &ArrayRef) -> Result<Vec<Option<NaiveDateTime>>> {
    let zone = match values.data_type() {
        DataType::Timestamp(_, Some(zone)) => Some(Arc::clone(zone)),
        _ => None,
    };
    let moments = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
    let zone: Tz = zone.as_deref().unwrap_or("UTC").parse()?;
    let clock = |moment: i64| {
        let utc = DateTime::from_timestamp_micros(moment).map(|moment| moment.naive_utc());
        let out_of_range = || Error::new(SqlState::DatetimeFieldOverflow, "timestamp out of range for age");
        utc.map(|utc| zone.from_utc_datetime(&utc).naive_local()).ok_or_else(out_of_range)
    };
    let clocks = moments.as_primitive::<TimestampMicrosecondType>().iter();
    Ok(clocks.map(|moment| moment.map(clock).transpose()).collect::<Result<_, Error>>()?)
}

/// Months, days and nanoseconds of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parts {
    months: i64,
    days: i64,
    time: i64,
}

impl Parts {
    fn of(interval: IntervalMonthDayNano) -> Self {
        Self { months: interval.months.into(), days: interval.days.into(), time: interval.nanoseconds }
    }

    fn interval(self) -> Result<IntervalMonthDayNano> {
        let out_of_range = |_| Error::new(SqlState::DatetimeFieldOverflow, "interval out of range");
        let months = self.months.try_into().map_err(out_of_range)?;
        let days = self.days.try_into().map_err(out_of_range)?;
        Ok(IntervalMonthDayNano::new(months, days, self.time))
    }

    fn negated(self) -> Self {
        Self { months: -self.months, days: -self.days, time: -self.time }
    }
}

/// From one moment to a later one: whole months, the days beyond them, and the time beyond those. As `timestamp_age` of
/// PostgreSQL: a month that was begun has as many days as that of the earlier moment.
fn age(later: NaiveDateTime, earlier: NaiveDateTime) -> Parts {
    if later < earlier {
        // The days of the month are those of the first moment then, too, which is the earlier one.
        return age(earlier, later).negated();
    }
    let time =
        |at: NaiveDateTime| at.time().signed_duration_since(chrono::NaiveTime::MIN).num_nanoseconds().unwrap_or(0);
    let mut parts = Parts {
        months: i64::from(later.year() - earlier.year()) * 12 + i64::from(later.month()) - i64::from(earlier.month()),
        days: i64::from(later.day()) - i64::from(earlier.day()),
        time: time(later) - time(earlier),
    };
    if parts.time < 0 {
        parts.time += DAY;
        parts.days -= 1;
    }
    if parts.days < 0 {
        parts.days += days_of_month(earlier);
        parts.months -= 1;
    }
    parts
}

fn days_of_month(at: NaiveDateTime) -> i64 {
    at.date().num_days_in_month().into()
}

/// 30 days as a month.
fn justified_days(parts: Parts) -> Parts {
    let mut parts =
        Parts { months: parts.months + parts.days / DAYS_PER_MONTH, days: parts.days % DAYS_PER_MONTH, ..parts };
    settle(&mut parts.months, &mut parts.days, DAYS_PER_MONTH, 0);
    parts
}

/// 24 hours as a day.
fn justified_hours(parts: Parts) -> Parts {
    let mut parts = Parts { days: parts.days + parts.time / DAY, time: parts.time % DAY, ..parts };
    settle(&mut parts.days, &mut parts.time, DAY, 0);
    parts
}

/// Both, with one sign for all.
fn justified(parts: Parts) -> Parts {
    let days = parts.days + parts.time / DAY;
    let mut parts =
        Parts { months: parts.months + days / DAYS_PER_MONTH, days: days % DAYS_PER_MONTH, time: parts.time % DAY };
    settle(&mut parts.months, &mut parts.days, DAYS_PER_MONTH, parts.time);
    settle(&mut parts.days, &mut parts.time, DAY, 0);
    parts
}

/// Gives the smaller of two units, `per` of which are one of the larger, the larger one's sign; where it is 0, what is `below` it says
/// which sign it has.
fn settle(larger: &mut i64, smaller: &mut i64, per: i64, below: i64) {
    let sign = if *smaller == 0 { below.signum() } else { smaller.signum() };
    if *larger > 0 && sign < 0 {
        *smaller += per;
        *larger -= 1;
    } else if *larger < 0 && sign > 0 {
        *smaller -= per;
        *larger += 1;
    }
}
