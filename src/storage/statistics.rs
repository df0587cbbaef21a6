//! What is known of a file's rows: counts, NULLs and bounds per column, collected from the rows as they are written, and
//! their form in the Delta log.
//!
//! A bound that is wrong makes readers skip rows that are there, so only what survives JSON unchanged is recorded:
//!
//! | type | recorded bounds |
//! |---|---|
//! | integers | always |
//! | floating point | finite ones that a common JSON reader gives back; a NaN or an infinity leaves its end open |
//! | numeric | up to 15 digits, which a reader that parses doubles gives back unchanged |
//! | text | the first [`TEXT`] characters, the upper one rounded up; shorter ones are exact |
//! | date, timestamp | years 1 to 9999 |
//! | boolean, bytea | none |

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use chrono::{DateTime, Datelike, Days, NaiveDate};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::functions_aggregate::min_max::{MaxAccumulator, MinAccumulator};
use datafusion::logical_expr::Accumulator;
use serde_json::{Map, Number, Value, json};

use crate::error::Result;

/// Characters of a recorded text bound: keys such as a UUID's 36 are recorded whole, so that files of a sorted table know their
/// ranges.
const TEXT: usize = 64;

/// Digits that a decimal number keeps on its way through a double.
const DIGITS: usize = 15;

/// Collects the statistics of the rows that go into a file.
pub(super) struct Collector {
    rows: usize,
    columns: Vec<Column>,
}

struct Column {
    /// Not counted in arrays, which the protocol has no counts for.
    nulls: Option<usize>,
    bounds: Option<(MinAccumulator, MaxAccumulator)>,
}

impl Collector {
    pub fn new(schema: &Schema) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| {
            let data_type = field.data_type();
            let bounds = match data_type {
                // Intervals are compared by a rule of their own, which bounds know nothing of.
                DataType::Boolean | DataType::BinaryView | DataType::List(_) | DataType::Interval(_) => None,
                _ => Some((MinAccumulator::try_new(data_type)?, MaxAccumulator::try_new(data_type)?)),
            };
            Ok(Column { nulls: (!data_type.is_nested()).then_some(0), bounds })
        });
        Ok(Self { rows: 0, columns: columns.collect::<Result<_>>()? })
    }

    pub fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        for (column, values) in self.columns.iter_mut().zip(batch.columns()) {
            column.nulls = column.nulls.map(|nulls| nulls + values.null_count());
            if let Some((min, max)) = &mut column.bounds {
                min.update_batch(std::slice::from_ref(values))?;
                max.update_batch(std::slice::from_ref(values))?;
            }
        }
        Ok(())
    }

    pub fn finish(self, bytes: usize) -> Result<Statistics> {
        let columns = self.columns.into_iter().map(|column| {
            let nulls = column.nulls.map_or(Precision::Absent, Precision::Exact);
            let known = ColumnStatistics::new_unknown().with_null_count(nulls);
            Ok(match column.bounds {
                Some((mut min, mut max)) => known
                    .with_min_value(recordable(min.evaluate()?, End::Lower))
                    .with_max_value(recordable(max.evaluate()?, End::Upper)),
                None => known,
            })
        });
        Ok(Statistics {
            num_rows: Precision::Exact(self.rows),
            total_byte_size: Precision::Inexact(bytes),
            column_statistics: columns.collect::<Result<_>>()?,
        })
    }
}

/// The `stats` of an add action.
pub(super) fn encode(statistics: &Statistics, schema: &Schema) -> String {
    let (mut lower, mut upper, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (field, column) in schema.fields().iter().zip(&statistics.column_statistics) {
        let note = |map: &mut Map<String, Value>, value: Option<Value>| {
            map.extend(value.map(|value| (field.name().clone(), value)));
        };
        note(&mut lower, column.min_value.get_value().and_then(to_json));
        note(&mut upper, column.max_value.get_value().and_then(to_json));
        note(&mut nulls, column.null_count.get_value().map(|count| json!(count)));
    }
    let rows = statistics.num_rows.get_value();
    json!({"numRecords": rows, "minValues": lower, "maxValues": upper, "nullCount": nulls, "tightBounds": true})
        .to_string()
}

/// The statistics that an add action records; unknown is whatever is missing or can't be read. Bounds that another
/// program wrote are estimates: it may have cut instants to milliseconds.
pub(super) fn decode(stats: Option<&str>, schema: &Schema, bytes: usize, exact: bool) -> Statistics {
    let record: Value = stats.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
    let count = |value: &Value| match value.as_u64() {
        Some(count) => Precision::Exact(count as usize),
        None => Precision::Absent,
    };
    let bound = |value: &Value, data_type: &DataType| match from_json(value, data_type) {
        Some(bound) if exact && !was_cut(&bound) => Precision::Exact(bound),
        Some(bound) => Precision::Inexact(bound),
        None => Precision::Absent,
    };
    let columns = schema.fields().iter().map(|field| {
        ColumnStatistics::new_unknown()
            .with_null_count(count(&record["nullCount"][field.name()]))
            .with_min_value(bound(&record["minValues"][field.name()], field.data_type()))
            .with_max_value(bound(&record["maxValues"][field.name()], field.data_type()))
    });
    Statistics {
        num_rows: count(&record["numRecords"]),
        total_byte_size: Precision::Inexact(bytes),
        column_statistics: columns.collect(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Lower,
    Upper,
}

/// A bound as it will be read back, if it can be.
fn recordable(bound: ScalarValue, end: End) -> Precision<ScalarValue> {
    let bound = match bound {
        ScalarValue::Utf8View(Some(text)) => match shortened(text, end) {
            Some(text) => ScalarValue::Utf8View(Some(text)),
            None => return Precision::Absent,
        },
        other => other,
    };
    // Through the text: JSON readers, serde_json among them, may give a double back one unit in the last place off.
    let read = to_json(&bound).and_then(|value| serde_json::from_str(&value.to_string()).ok());
    let returned = read.and_then(|value: Value| from_json(&value, &bound.data_type()));
    match returned {
        Some(returned) if returned != bound => Precision::Absent,
        Some(returned) if was_cut(&returned) => Precision::Inexact(returned),
        Some(returned) => Precision::Exact(returned),
        None => Precision::Absent,
    }
}

/// Whether a bound is one that [`shortened`] may have made.
fn was_cut(bound: &ScalarValue) -> bool {
    matches!(bound, ScalarValue::Utf8View(Some(text)) if text.chars().count() >= TEXT)
}

/// The first characters of a text, not above it at the lower end and not below it at the upper; always as many as
/// [`TEXT`] if it was cut, so that it shows.
fn shortened(text: String, end: End) -> Option<String> {
    let Some((length, _)) = text.char_indices().nth(TEXT) else {
        return Some(text);
    };
    let mut characters: Vec<char> = text[..length].chars().collect();
    if end == End::Upper {
        let next = |c: char| if c == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(c as u32 + 1) };
        let (at, raised) = characters.iter().enumerate().rev().find_map(|(at, c)| Some((at, next(*c)?)))?;
        characters[at] = raised;
    }
    Some(characters.into_iter().collect())
}

fn to_json(bound: &ScalarValue) -> Option<Value> {
    match bound {
        ScalarValue::Int16(Some(value)) => Some(json!(value)),
        ScalarValue::Int32(Some(value)) => Some(json!(value)),
        ScalarValue::Int64(Some(value)) | ScalarValue::Time64Microsecond(Some(value)) => Some(json!(value)),
        ScalarValue::Float32(Some(value)) => Number::from_f64(f64::from(*value)).map(Value::Number),
        ScalarValue::Float64(Some(value)) => Number::from_f64(*value).map(Value::Number),
        ScalarValue::Decimal128(Some(value), _, scale) => {
            if value.unsigned_abs().to_string().len() > DIGITS {
                return None;
            }
            let scale = u32::try_from(*scale).ok()?;
            format!("{value}e-{scale}").parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        ScalarValue::Utf8View(Some(text)) => Some(json!(text)),
        ScalarValue::Date32(Some(days)) => written(date(*days)?).map(|date| json!(date.format("%Y-%m-%d").to_string())),
        ScalarValue::TimestampMicrosecond(Some(micros), _) => {
            let instant = DateTime::from_timestamp_micros(*micros)?;
            written(instant.date_naive())?;
            Some(json!(instant.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()))
        }
        _ => None,
    }
}

fn from_json(value: &Value, data_type: &DataType) -> Option<ScalarValue> {
    Some(match data_type {
        DataType::Int16 => ScalarValue::Int16(Some(value.as_i64()?.try_into().ok()?)),
        DataType::Int32 => ScalarValue::Int32(Some(value.as_i64()?.try_into().ok()?)),
        DataType::Int64 => ScalarValue::Int64(Some(value.as_i64()?)),
        DataType::Time64(TimeUnit::Microsecond) => ScalarValue::Time64Microsecond(Some(value.as_i64()?)),
        DataType::Float32 => ScalarValue::Float32(Some(value.as_f64()? as f32)),
        DataType::Float64 => ScalarValue::Float64(Some(value.as_f64()?)),
        DataType::Decimal128(precision, scale) => {
            let unscaled = value.as_f64()? * 10f64.powi(i32::from(*scale));
            if unscaled.abs() >= 10f64.powi(DIGITS as i32) {
                return None;
            }
            ScalarValue::Decimal128(Some(unscaled.round() as i128), *precision, *scale)
        }
        DataType::Utf8View => ScalarValue::Utf8View(Some(value.as_str()?.to_owned())),
        DataType::Date32 => {
            let date = NaiveDate::parse_from_str(value.as_str()?, "%Y-%m-%d").ok()?;
            ScalarValue::Date32(Some(date.signed_duration_since(epoch()).num_days().try_into().ok()?))
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let instant = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
            ScalarValue::TimestampMicrosecond(Some(instant.timestamp_micros()), zone.clone())
        }
        _ => return None,
    })
}

/// A date whose year other programs read without doubt.
fn written(date: NaiveDate) -> Option<NaiveDate> {
    (1..=9999).contains(&date.year()).then_some(date)
}

fn date(days: i32) -> Option<NaiveDate> {
    let distance = Days::new(days.unsigned_abs().into());
    if days < 0 { epoch().checked_sub_days(distance) } else { epoch().checked_add_days(distance) }
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, Decimal128Array};
    use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray};
    use arrow::datatypes::Field;
    use proptest::prelude::*;

    use super::*;

    fn recorded(column: ArrayRef) -> (Statistics, String, Schema) {
        let batch = RecordBatch::try_from_iter_with_nullable([("c", column, true)]).unwrap();
        let mut collector = Collector::new(&batch.schema()).unwrap();
        collector.add(&batch).unwrap();
        let statistics = collector.finish(100).unwrap();
        let text = encode(&statistics, &batch.schema());
        (statistics, text, batch.schema().as_ref().clone())
    }

    /// What is in memory after a write is what reopening reads, and the bounds hold every value.
    fn check(column: ArrayRef) -> Result<(), TestCaseError> {
        let (statistics, text, schema) = recorded(Arc::clone(&column));
        prop_assert_eq!(&decode(Some(&text), &schema, 100, true), &statistics);
        let known = &statistics.column_statistics[0];
        prop_assert_eq!(known.null_count, Precision::Exact(column.null_count()));
        for row in (0..column.len()).filter(|row| column.is_valid(*row)) {
            let value = ScalarValue::try_from_array(&column, row).unwrap();
            if let Some(min) = known.min_value.get_value() {
                prop_assert!(min <= &value, "{min:?} is above {value:?}");
            }
            if let Some(max) = known.max_value.get_value() {
                prop_assert!(max >= &value, "{max:?} is below {value:?}");
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bounds_hold_every_value(
            integers in proptest::collection::vec(any::<Option<i64>>(), 1..20),
            doubles in proptest::collection::vec(proptest::option::of(proptest::num::f64::ANY), 1..20),
            texts in proptest::collection::vec(proptest::option::of("\\PC{0,50}"), 1..20),
            highest in proptest::collection::vec("[\u{D7FF}\u{10FFFE}-\u{10FFFF}]{28,40}", 1..5),
            days in proptest::collection::vec(any::<Option<i32>>(), 1..20),
            decimals in proptest::collection::vec(proptest::option::of(-(10i128.pow(18))..10i128.pow(18)), 1..20),
        ) {
            check(Arc::new(TimestampMicrosecondArray::from(integers.clone()).with_timezone("UTC")))?;
            check(Arc::new(TimestampMicrosecondArray::from(integers.clone())))?;
            check(Arc::new(Int64Array::from(integers)))?;
            check(Arc::new(Float64Array::from(doubles)))?;
            check(Arc::new(texts.iter().map(Option::as_deref).collect::<StringViewArray>()))?;
            check(Arc::new(highest.iter().map(Some).collect::<StringViewArray>()))?;
            check(Arc::new(Date32Array::from(days)))?;
            for scale in [0, 2, 10] {
                let column = Decimal128Array::from(decimals.clone()).with_precision_and_scale(38, scale).unwrap();
                check(Arc::new(column))?;
            }
        }
    }

    #[test]
    fn values_that_json_can_not_carry_leave_the_bound_open() {
        let (statistics, text, _) = recorded(Arc::new(Float64Array::from(vec![1.5, f64::NAN, 2.5])));
        assert_eq!(statistics.column_statistics[0].min_value, Precision::Exact(ScalarValue::from(1.5)));
        assert_eq!(statistics.column_statistics[0].max_value, Precision::Absent);
        assert!(!text.contains("NaN"), "{text}");
        let long = "é".repeat(TEXT + 1);
        let (statistics, ..) = recorded(Arc::new(StringViewArray::from(vec![long.as_str()])));
        let cut = |last: &str| ScalarValue::Utf8View(Some("é".repeat(TEXT - 1) + last));
        assert_eq!(statistics.column_statistics[0].min_value, Precision::Inexact(cut("é")));
        assert_eq!(statistics.column_statistics[0].max_value, Precision::Inexact(cut("ê")));
    }

    #[test]
    fn the_record_is_the_protocols() {
        let column = TimestampMicrosecondArray::from(vec![Some(1_700_000_000_000_001), None]).with_timezone("UTC");
        let (_, text, _) = recorded(Arc::new(column));
        let instant = "2023-11-14T22:13:20.000001Z";
        let expected = json!({"numRecords": 2, "minValues": {"c": instant}, "maxValues": {"c": instant},
            "nullCount": {"c": 1}, "tightBounds": true});
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn records_that_are_broken_or_foreign_are_estimates_at_most() {
        let schema = Schema::new(vec![Field::new("c", DataType::Int64, true)]);
        for broken in [None, Some("{"), Some("[]"), Some(r#"{"numRecords":"many","minValues":{"c":"x"}}"#)] {
            let statistics = decode(broken, &schema, 100, true);
            assert_eq!(statistics.num_rows, Precision::Absent, "{broken:?}");
            assert_eq!(statistics.column_statistics[0].min_value, Precision::Absent, "{broken:?}");
        }
        let foreign = decode(Some(r#"{"numRecords":3,"maxValues":{"c":9}}"#), &schema, 100, false);
        assert_eq!(foreign.num_rows, Precision::Exact(3));
        assert_eq!(foreign.column_statistics[0].max_value, Precision::Inexact(ScalarValue::from(9i64)));
    }
}
