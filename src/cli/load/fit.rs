//! Casts a chunk to the columns of a table, and finds the rows that don't fit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray, new_empty_array, new_null_array};
use arrow::compute::kernels::cmp::neq;
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;

use datafusion::scalar::ScalarValue;
use journeydb::model::input::{Fit, fit as fit_column, fit_text};
use journeydb::model::output::ColumnType;
use journeydb::model::{mark, read};
use journeydb::{Error, Result, SqlState};

use super::sql_type::sql_type;

/// A value that a bad row is refused for is quoted up to this many characters.
const QUOTED: usize = 40;

/// Rows with the columns of the table, and which of them are refused.
#[derive(Debug)]
pub struct Fitted {
    /// All rows; a value that does not fit is NULL here, and its row is among the faults.
    pub rows: RecordBatch,
    /// Refused rows by index, in order, each with its first fault.
    pub faults: Vec<(usize, String)>,
}

/// Casts columns, matched by name, to those of a table; a column without a counterpart is NULL throughout.
pub fn fit(columns: &RecordBatch, table: &SchemaRef) -> Result<Fitted> {
    let mut faults: Vec<Option<String>> = vec![None; columns.num_rows()];
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for field in table.fields() {
        let array = match columns.column_by_name(field.name()) {
            Some(column) => {
                let cast = cast(column, field)?;
                if cast.logical_null_count() > column.logical_null_count() {
                    note(&mut faults, column, &cast, field)?;
                }
                cast
            }
            None => new_null_array(field.data_type(), columns.num_rows()),
        };
        // NOT NULL is the table's to judge, row by row; a batch that promised it could not hold the rows at fault.
        fields.push(Field::new(field.name(), field.data_type().clone(), true));
        arrays.push(array);
    }
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    let faults = faults.into_iter().enumerate().filter_map(|(row, fault)| Some((row, fault?))).collect();
    Ok(Fitted { rows, faults })
}

/// Notes the rows whose value became NULL.
fn note(faults: &mut [Option<String>], column: &ArrayRef, cast: &ArrayRef, field: &Field) -> Result<()> {
    let given = column.logical_nulls();
    for (row, fault) in faults.iter_mut().enumerate() {
        let had_value = given.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        if fault.is_none() && had_value && cast.is_null(row) {
            *fault = Some(misfit(column, row, field)?);
        }
    }
    Ok(())
}

/// Casts a column; what does not fit becomes NULL.
pub fn cast(column: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let (from, to) = (column.data_type(), field.data_type());
    if !can_cast_types(from, to) {
        return Err(Error::new(
            SqlState::DatatypeMismatch,
            format!("a field of type {from} can't go into column \"{}\" of type {}", field.name(), sql_type(field)),
        ));
    }
    let options = CastOptions { safe: true, ..Default::default() };
    if let (Some((postgres, modifier)), DataType::Utf8View) = (mark(field), to) {
        let texts = cast_with_options(column, to, &options)?;
        let fitted = |text| fit_text(text, &postgres, modifier, Fit::Refuse).ok();
        let fitted = texts.as_string_view().iter().map(|text| text.and_then(fitted));
        return Ok(Arc::new(fitted.collect::<StringViewArray>()));
    }
    if !matches!(from, DataType::Utf8View) || matches!(to, DataType::Utf8View | DataType::BinaryView) {
        let cast = cast_with_options(column, to, &options)?;
        return if from.is_floating() && to.is_integer() { without_fractions(column, cast) } else { Ok(cast) };
    }
    if reads_one_by_one(to) {
        return read_each(column.as_string_view(), field);
    }
    let text: StringViewArray = column.as_string_view().iter().map(|text| text.map(|text| spelled(text, to))).collect();
    let cast = cast_with_options(&text, to, &options)?;
    if *to == DataType::Float64 { without_overflow(&text, cast) } else { Ok(cast) }
}

/// Whether Arrow reads text of a type otherwise than Postgres writes it.
fn reads_one_by_one(to: &DataType) -> bool {
    matches!(to, DataType::List(_) | DataType::Time64(_) | DataType::Interval(_))
}

/// The values of texts as Postgres reads them; what does not fit becomes NULL.
fn read_each(texts: &StringViewArray, field: &Field) -> Result<ArrayRef> {
    let postgres = ColumnType::of(field)?.postgres;
    let value = |text: &str| {
        let value = read(&postgres, text, "UTC")?.cast_to(field.data_type())?.to_array()?;
        Ok::<_, Error>(ScalarValue::try_from_array(&fit_column(&value, field, Fit::Refuse)?, 0)?)
    };
    let null = ScalarValue::try_from(field.data_type())?;
    let values = texts.iter().map(|text| text.and_then(|text| value(text).ok()).unwrap_or_else(|| null.clone()));
    let values = values.collect::<Vec<_>>();
    if values.is_empty() { Ok(new_empty_array(field.data_type())) } else { Ok(ScalarValue::iter_to_array(values)?) }
}

/// The text as the cast knows it: without spaces around, and times of day with their seconds.
fn spelled<'a>(text: &'a str, to: &DataType) -> std::borrow::Cow<'a, str> {
    let text = text.trim();
    let minutes = matches!(to, DataType::Timestamp(..)) && text.len() == 16 && text.as_bytes()[13] == b':';
    if minutes { format!("{text}:00").into() } else { text.into() }
}

/// Text beyond the range of a double is cast to infinity, which only a text that says so may be.
fn without_overflow(text: &StringViewArray, cast: ArrayRef) -> Result<ArrayRef> {
    let numbers = cast.as_primitive::<Float64Type>();
    let overflow: BooleanArray = (0..numbers.len())
        .map(|row| {
            let infinite = numbers.is_valid(row) && numbers.value(row).is_infinite();
            Some(infinite && !text.value(row).to_ascii_lowercase().contains("inf"))
        })
        .collect();
    Ok(arrow::compute::nullif(&cast, &overflow)?)
}

/// A cast to an integer cuts fractions off; such values don't fit.
fn without_fractions(column: &ArrayRef, cast: ArrayRef) -> Result<ArrayRef> {
    let back = cast_with_options(&cast, column.data_type(), &CastOptions { safe: true, ..Default::default() })?;
    Ok(arrow::compute::nullif(&cast, &neq(column, &back)?)?)
}

fn misfit(column: &ArrayRef, row: usize, field: &Field) -> Result<String> {
    let value = array_value_to_string(column, row)?;
    let cut: String = value.chars().take(QUOTED).collect();
    let dots = if cut.len() < value.len() { "..." } else { "" };
    Ok(format!("{}: \"{cut}{dots}\" is not a valid {}", field.name(), sql_type(field)))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, TimestampMicrosecondArray};
    use arrow::datatypes::{Int64Type, TimeUnit};
    use datafusion::sql::sqlparser::ast::Statement;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;
    use journeydb::model::{column_type, instant};

    use super::*;

    fn texts(name: &str, values: &[Option<&str>]) -> RecordBatch {
        let column: StringViewArray = values.iter().copied().collect();
        RecordBatch::try_from_iter_with_nullable([(name, Arc::new(column) as ArrayRef, true)]).unwrap()
    }

    fn table(columns: &[(&str, DataType)]) -> SchemaRef {
        let fields = columns.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), false));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn fitted(values: &[Option<&str>], data_type: DataType) -> Fitted {
        fit(&texts("x", values), &table(&[("x", data_type)])).unwrap()
    }

    #[test]
    fn times_in_common_forms_are_utc_unless_they_say_otherwise() {
        let noon = 1_704_196_800_000_000; // 2024-01-02 12:00:00 UTC
        let forms = [
            "2024-01-02 12:00:00",
            "2024-01-02T12:00:00Z",
            "2024-01-02 12:00",
            "2024-01-02 14:00:00+02",
            "2024-01-02T07:00:00.000-05:00",
            " 2024-01-02 12:00:00 ",
        ];
        let fitted = fitted(&forms.map(Some), instant());
        assert!(fitted.faults.is_empty(), "{:?}", fitted.faults);
        let expected = TimestampMicrosecondArray::from(vec![noon; forms.len()]).with_timezone("UTC");
        assert_eq!(fitted.rows.column(0).as_ref(), &expected as &dyn Array);
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_column_and_type() {
        let fitted =
            fitted(&[Some("1"), Some("1.5"), None, Some("nine"), Some("99999999999999999999")], DataType::Int64);
        assert_eq!(fitted.faults[0], (1, "x: \"1.5\" is not a valid bigint".to_owned()));
        assert_eq!(fitted.faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(fitted.rows.column(0).as_primitive::<Int64Type>().value(0), 1);
        assert_eq!(fitted.rows.column(0).null_count(), 4);
    }

    #[test]
    fn other_bad_values_are_faults_too() {
        for (data_type, bad) in [
            (instant(), vec!["01/02/2024", "2024-02-30", "1700000000", "yesterday", "2024-01-02 25:00:00"]),
            (DataType::Date32, vec!["2024-13-01", "02.01.2024"]),
            (DataType::Boolean, vec!["2", "maybe"]),
            (DataType::Float64, vec!["1,5", "$5", "1e400", "-1e999", "abc"]),
            (DataType::Decimal128(10, 2), vec!["12345678901234567890", "NaN"]),
            (DataType::Int32, vec!["2147483648"]),
        ] {
            let values: Vec<Option<&str>> = bad.iter().copied().map(Some).collect();
            assert_eq!(fitted(&values, data_type.clone()).faults.len(), bad.len(), "{data_type}");
        }
    }

    #[test]
    fn booleans_numbers_and_text_have_their_usual_forms() {
        for (data_type, good) in [
            (DataType::Boolean, vec!["true", "F", "1", "0", "yes", "No"]),
            (DataType::Float64, vec!["1", "-1.5e3", "NaN", "Infinity", "-inf", ".5"]),
            (DataType::Decimal128(10, 2), vec!["1", "-1.005"]),
            (DataType::Utf8View, vec!["", " spaces kept ", "naïve"]),
            (DataType::Date32, vec!["2024-02-29"]),
            (DataType::Timestamp(TimeUnit::Microsecond, None), vec!["2024-02-29 00:00:00"]),
        ] {
            let values: Vec<Option<&str>> = good.iter().copied().map(Some).collect();
            assert_eq!(fitted(&values, data_type.clone()).faults, [], "{data_type}");
        }
    }

    #[test]
    fn columns_match_by_name_and_the_rest_is_null() {
        let table = table(&[("a", DataType::Int64), ("b", DataType::Utf8View)]);
        let fitted = fit(&texts("b", &[Some("x"), Some("y")]), &table).unwrap();
        assert_eq!(fitted.rows.column_by_name("a").unwrap().null_count(), 2);
        assert_eq!(fitted.rows.column_by_name("b").unwrap().null_count(), 0);
    }

    #[test]
    fn texts_of_marked_types_and_arrays_are_read_as_by_postgres() {
        let field = |sql: &str| {
            let statement = format!("CREATE TABLE t (x {sql})");
            let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &statement).unwrap();
            let Statement::CreateTable(create) = &parsed[0] else { panic!("{parsed:?}") };
            Arc::new(Schema::new(vec![column_type(&create.columns[0].data_type).unwrap().with_name("x")]))
        };
        for (sql, good, bad) in [
            ("uuid", "A0EEBC999C0B4EF8BB6D6BB9BD380A11", "nope"),
            ("jsonb", "{\"a\": 1}", "{a}"),
            ("varchar(3)", "abc", "abcd"),
            ("time", "24:00", "25:00"),
            ("text[]", "{a,b}", "{a"),
            ("int[]", "{1,NULL}", "{x}"),
            ("varchar(1)[]", "{a,b}", "{ab}"),
        ] {
            let fitted = fit(&texts("x", &[Some(good), None, Some(bad)]), &field(sql)).unwrap();
            let message = format!("x: \"{bad}\" is not a valid ");
            assert_eq!(fitted.faults.len(), 1, "{sql}");
            assert!(fitted.faults[0].1.starts_with(&message), "{:?}", fitted.faults);
            assert_eq!(fitted.rows.column(0).null_count(), 2, "{sql}");
        }
    }

    #[test]
    fn fractions_do_not_become_integers() {
        let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(2.0), Some(2.5), None, Some(f64::NAN)]));
        let batch = RecordBatch::try_from_iter([("x", column)]).unwrap();
        let fitted = fit(&batch, &table(&[("x", DataType::Int64)])).unwrap();
        assert_eq!(fitted.faults.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 3]);
    }
}
