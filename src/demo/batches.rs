//! Rows into Arrow batches with exactly the columns of the journey tables.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, StringViewBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;

use crate::model::journey_tables;

/// The journey tables, in the order of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    DemandStates,
    ConversationTracks,
    Accounts,
    Contacts,
    Contents,
    TeamRates,
    Interactions,
    StateChanges,
    Transactions,
    Surveys,
    Investments,
    Assignments,
    IdealSteps,
    Objectives,
    Adoption,
    Benchmarks,
    Identities,
}

/// Collects rows per table and hands out a batch whenever enough of one table's rows are there.
pub(super) struct Sink {
    buffers: Vec<Buffer>,
    full: VecDeque<(&'static str, RecordBatch)>,
    rows_per_batch: usize,
}

impl Sink {
    /// A sink for every table, or for one by name, whose batches have a number of rows (the last of a table may have fewer).
    pub(super) fn new(rows_per_batch: usize, only: Option<&str>) -> Self {
        let buffers = journey_tables().iter().map(|table| Buffer {
            name: &table.name,
            schema: table.schema(),
            columns: table.columns.iter().map(|c| Column::new(&c.data_type)).collect(),
            rows: 0,
            wanted: only.is_none_or(|name| name == table.name),
        });
        Self { buffers: buffers.collect(), full: VecDeque::new(), rows_per_batch: rows_per_batch.max(1) }
    }

    /// Whether anyone reads a table; the others' rows are dropped on arrival.
    pub(super) fn wants(&self, table: Table) -> bool {
        self.buffers[table as usize].wanted
    }

    /// Adds a row: each column's name beside its value, in the order of the table.
    pub(super) fn push<const COLUMNS: usize>(&mut self, table: Table, row: [(&'static str, Value<'_>); COLUMNS]) {
        let buffer = &mut self.buffers[table as usize];
        if !buffer.wanted {
            return;
        }
        debug_assert_eq!(COLUMNS, buffer.columns.len(), "{}", buffer.name);
        for (index, (name, value)) in row.into_iter().enumerate() {
            debug_assert_eq!(buffer.schema.field(index).name(), name, "{}", buffer.name);
            buffer.columns[index].append(value);
        }
        buffer.rows += 1;
        if buffer.rows == self.rows_per_batch {
            self.full.push_back(buffer.take());
        }
    }

    /// The next full batch.
    pub(super) fn next_full(&mut self) -> Option<(&'static str, RecordBatch)> {
        self.full.pop_front()
    }

    /// Hands out what is left, full or not.
    pub(super) fn finish(&mut self) {
        let rest = self.buffers.iter_mut().filter(|buffer| buffer.rows > 0).map(Buffer::take);
        self.full.extend(rest);
    }
}

struct Buffer {
    name: &'static str,
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
    wanted: bool,
}

impl Buffer {
    fn take(&mut self) -> (&'static str, RecordBatch) {
        self.rows = 0;
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays);
        (self.name, batch.expect("columns are built from the schema, and required ones get values"))
    }
}

/// One value of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Text(&'a str),
    Instant(i64),
    Number(f64),
    Integer(i32),
    Count(i64),
    Day(i32),
    Flag(bool),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Value::Number(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Value::Flag(flag)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

enum Column {
    Text(StringViewBuilder),
    Instant(TimestampMicrosecondBuilder),
    Number(Float64Builder),
    Integer(Int32Builder),
    Count(Int64Builder),
    Day(Date32Builder),
    Flag(BooleanBuilder),
}

impl Column {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Utf8View => Column::Text(StringViewBuilder::new()),
            DataType::Timestamp(_, _) => {
                Column::Instant(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::Float64 => Column::Number(Float64Builder::new()),
            DataType::Int32 => Column::Integer(Int32Builder::new()),
            DataType::Int64 => Column::Count(Int64Builder::new()),
            DataType::Date32 => Column::Day(Date32Builder::new()),
            DataType::Boolean => Column::Flag(BooleanBuilder::new()),
            other => panic!("no journey table has a column of type {other}"),
        }
    }

    fn append(&mut self, value: Value<'_>) {
        match (self, value) {
            (Column::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Column::Instant(builder), Value::Instant(instant)) => builder.append_value(instant),
            (Column::Number(builder), Value::Number(number)) => builder.append_value(number),
            (Column::Integer(builder), Value::Integer(integer)) => builder.append_value(integer),
            (Column::Count(builder), Value::Count(count)) => builder.append_value(count),
            (Column::Day(builder), Value::Day(day)) => builder.append_value(day),
            (Column::Flag(builder), Value::Flag(flag)) => builder.append_value(flag),
            (column, Value::Null) => column.append_null(),
            (_, value) => panic!("{value:?} does not fit its column"),
        }
    }

    fn append_null(&mut self) {
        match self {
            Column::Text(builder) => builder.append_null(),
            Column::Instant(builder) => builder.append_null(),
            Column::Number(builder) => builder.append_null(),
            Column::Integer(builder) => builder.append_null(),
            Column::Count(builder) => builder.append_null(),
            Column::Day(builder) => builder.append_null(),
            Column::Flag(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Text(builder) => Arc::new(builder.finish()),
            Column::Instant(builder) => Arc::new(builder.finish()),
            Column::Number(builder) => Arc::new(builder.finish()),
            Column::Integer(builder) => Arc::new(builder.finish()),
            Column::Count(builder) => Arc::new(builder.finish()),
            Column::Day(builder) => Arc::new(builder.finish()),
            Column::Flag(builder) => Arc::new(builder.finish()),
        }
    }
}
