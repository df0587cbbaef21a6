//! Arrow columns written and read row by row: the states of aggregates, and their answers.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanBuilder, Float64Array, Float64Builder, Int64Array, Int64Builder, ListArray, ListBuilder,
    StringArray, StringBuilder, StructArray,
};
use arrow::datatypes::Fields;
use datafusion::common::cast;

use crate::error::{Error, Result, SqlState};
use crate::functions::entry::{Column, ColumnKind, Entry, Returns};

/// The one column of a function that returns a number.
const NUMBER: &[Column] = &[Column::number("value", "")];

/// The one column of a function that returns a list of booleans.
const BOOLEANS: &[Column] = &[Column { name: "value", kind: ColumnKind::Booleans, description: "" }];

/// Writes rows, one value per declared column in the declared order.
pub(crate) struct Writer {
    columns: &'static [Column],
    builders: Vec<Builder>,
    next: usize,
}

enum Builder {
    Whole(Int64Builder),
    Number(Float64Builder),
    Instants(ListBuilder<Int64Builder>),
    Numbers(ListBuilder<Float64Builder>),
    Texts(ListBuilder<StringBuilder>),
    Booleans(ListBuilder<BooleanBuilder>),
}

impl Writer {
    /// A writer of these columns.
    pub(super) fn new(columns: &'static [Column], rows: usize) -> Self {
        let builder = |column: &Column| match column.kind {
            ColumnKind::Count | ColumnKind::Instant => Builder::Whole(Int64Builder::with_capacity(rows)),
            ColumnKind::Number => Builder::Number(Float64Builder::with_capacity(rows)),
            ColumnKind::Instants => Builder::Instants(ListBuilder::with_capacity(Int64Builder::new(), rows)),
            ColumnKind::Numbers => Builder::Numbers(ListBuilder::with_capacity(Float64Builder::new(), rows)),
            ColumnKind::Texts => Builder::Texts(ListBuilder::with_capacity(StringBuilder::new(), rows)),
            ColumnKind::Booleans => Builder::Booleans(ListBuilder::with_capacity(BooleanBuilder::new(), rows)),
        };
        Self { columns, builders: columns.iter().map(builder).collect(), next: 0 }
    }

    /// A writer of a function's answers.
    pub(super) fn of_answers(entry: &Entry, rows: usize) -> Self {
        match entry.returns {
            Returns::Summary(columns) => Self::new(columns, rows),
            Returns::Booleans => Self::new(BOOLEANS, rows),
            _ => Self::new(NUMBER, rows),
        }
    }

    /// The next column's count.
    pub(crate) fn count(&mut self, value: u64) {
        self.instant(Some(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    /// The next column's instant.
    pub(crate) fn instant(&mut self, value: Option<i64>) {
        match self.advance() {
            Builder::Whole(builder) => builder.append_option(value),
            _ => unreachable!("columns are written in the order they are declared"),
        }
    }

    /// The next column's number.
    pub(crate) fn number(&mut self, value: impl Into<Option<f64>>) {
        match self.advance() {
            Builder::Number(builder) => builder.append_option(value.into()),
            _ => unreachable!("columns are written in the order they are declared"),
        }
    }

    /// The next column's instants or durations.
    pub(crate) fn instants(&mut self, values: &[i64]) {
        match self.advance() {
            Builder::Instants(builder) => {
                builder.values().append_slice(values);
                builder.append(true);
            }
            _ => unreachable!("columns are written in the order they are declared"),
        }
    }

    /// The next column's numbers.
    pub(crate) fn numbers(&mut self, values: &[f64]) {
        match self.advance() {
            Builder::Numbers(builder) => {
                builder.values().append_slice(values);
                builder.append(true);
            }
            _ => unreachable!("columns are written in the order they are declared"),
        }
    }

    /// The next column's texts.
    pub(crate) fn texts<'t>(&mut self, values: impl Iterator<Item = &'t String>) {
        match self.advance() {
            Builder::Texts(builder) => builder.append_value(values.map(Some)),
            _ => unreachable!("columns are written in the order they are declared"),
        }
    }

    /// The next column's booleans.
    pub(crate) fn booleans(&mut self, values: impl Iterator<Item = bool>) {
        match self.advance() {
            Builder::Booleans(builder) => builder.append_value(values.map(Some)),
            _ => unreachable!("columns are written in the order they are declared"),
        }
    }

    fn advance(&mut self) -> &mut Builder {
        let at = self.next;
        self.next = (at + 1) % self.builders.len();
        &mut self.builders[at]
    }

    /// The columns as arrays.
    pub(super) fn finish(self) -> Vec<ArrayRef> {
        let array = |builder| match builder {
            Builder::Whole(mut builder) => Arc::new(builder.finish()) as ArrayRef,
            Builder::Number(mut builder) => Arc::new(builder.finish()),
            Builder::Instants(mut builder) => Arc::new(builder.finish()),
            Builder::Numbers(mut builder) => Arc::new(builder.finish()),
            Builder::Texts(mut builder) => Arc::new(builder.finish()),
            Builder::Booleans(mut builder) => Arc::new(builder.finish()),
        };
        self.builders.into_iter().map(array).collect()
    }

    /// The columns as one array of a function's answers. Input is finite, so an answer that is not has overflowed (22003).
    pub(super) fn finish_answers(self, entry: &Entry) -> Result<ArrayRef> {
        let columns = self.columns;
        let mut arrays = self.finish();
        for array in &arrays {
            if let Some(numbers) = array.as_any().downcast_ref::<Float64Array>()
                && numbers.iter().flatten().any(|value| !value.is_finite())
            {
                let message = format!("{}: result out of range", entry.name);
                return Err(Error::new(SqlState::NumericValueOutOfRange, message));
            }
        }
        Ok(match entry.returns {
            Returns::Summary(_) => {
                let fields = columns.iter().map(Column::field).collect::<Fields>();
                Arc::new(StructArray::try_new(fields, arrays, None)?)
            }
            _ => arrays.remove(0),
        })
    }
}

/// Reads rows, one value per declared column in the declared order.
pub(crate) struct Reader<'a> {
    columns: Vec<Values<'a>>,
    row: usize,
    next: usize,
}

enum Values<'a> {
    Whole(&'a Int64Array),
    Number(&'a Float64Array),
    Instants(&'a ListArray),
    Numbers(&'a ListArray),
    Texts(&'a ListArray),
}

impl<'a> Reader<'a> {
    /// A reader of these columns, at their first row.
    pub(super) fn new(columns: &'static [Column], arrays: &'a [ArrayRef]) -> Result<Self> {
        let read = |(column, array): (&Column, &'a ArrayRef)| {
            Ok(match column.kind {
                ColumnKind::Count | ColumnKind::Instant => Values::Whole(cast::as_int64_array(array)?),
                ColumnKind::Number => Values::Number(cast::as_float64_array(array)?),
                ColumnKind::Instants => Values::Instants(cast::as_list_array(array)?),
                ColumnKind::Numbers => Values::Numbers(cast::as_list_array(array)?),
                ColumnKind::Texts => Values::Texts(cast::as_list_array(array)?),
                ColumnKind::Booleans => unreachable!("answers alone have columns of booleans, and are not read back"),
            })
        };
        Ok(Self { columns: columns.iter().zip(arrays).map(read).collect::<Result<_>>()?, row: 0, next: 0 })
    }

    /// The next column's count.
    pub(crate) fn count(&mut self) -> u64 {
        self.instant().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    }

    /// The next column's instant.
    pub(crate) fn instant(&mut self) -> Option<i64> {
        match self.advance() {
            (Values::Whole(array), row) => array.is_valid(row).then(|| array.value(row)),
            _ => unreachable!("columns are read in the order they are declared"),
        }
    }

    /// The next column's number.
    pub(crate) fn number(&mut self) -> f64 {
        match self.advance() {
            (Values::Number(array), row) => array.value(row),
            _ => unreachable!("columns are read in the order they are declared"),
        }
    }

    /// The next column's instants or durations.
    pub(crate) fn instants(&mut self) -> Vec<i64> {
        match self.advance() {
            (Values::Instants(array), row) => {
                let values = array.value(row);
                values.as_any().downcast_ref::<Int64Array>().map_or_else(Vec::new, |values| values.values().to_vec())
            }
            _ => unreachable!("columns are read in the order they are declared"),
        }
    }

    /// The next column's numbers.
    pub(crate) fn numbers(&mut self) -> Vec<f64> {
        match self.advance() {
            (Values::Numbers(array), row) => {
                let values = array.value(row);
                values.as_any().downcast_ref::<Float64Array>().map_or_else(Vec::new, |values| values.values().to_vec())
            }
            _ => unreachable!("columns are read in the order they are declared"),
        }
    }

    /// The next column's texts.
    pub(crate) fn texts(&mut self) -> Vec<String> {
        match self.advance() {
            (Values::Texts(array), row) => {
                let values = array.value(row);
                let texts = values.as_any().downcast_ref::<StringArray>();
                texts.map_or_else(Vec::new, |texts| texts.iter().flatten().map(str::to_owned).collect())
            }
            _ => unreachable!("columns are read in the order they are declared"),
        }
    }

    fn advance(&mut self) -> (&Values<'a>, usize) {
        let (at, row) = (self.next, self.row);
        self.next = (at + 1) % self.columns.len();
        if self.next == 0 {
            self.row += 1;
        }
        (&self.columns[at], row)
    }
}
