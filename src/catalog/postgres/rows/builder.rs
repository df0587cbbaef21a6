//! Collects the rows of a system relation by column name.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use chrono::{DateTime, Utc};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use crate::catalog::postgres::relations::{SystemColumn, SystemRelation};
use crate::model::type_functions;

/// Rows being collected. A column that a row does not name is NULL where the relation allows it, else the zero of its
/// type: 0, false, the empty string or list, as in the catalogs of Postgres.
pub(in crate::catalog::postgres) struct Rows {
    relation: &'static SystemRelation,
    /// The columns asked for, by their place in the relation.
    wanted: Vec<usize>,
    /// What each column has where a row does not name it.
    defaults: Vec<ScalarValue>,
    columns: Vec<Vec<ScalarValue>>,
    schema: SchemaRef,
    count: usize,
}

impl Rows {
    /// No rows yet. Only the columns of the projection are kept.
    pub(in crate::catalog::postgres) fn new(
        relation: &'static SystemRelation,
        projection: Option<&Vec<usize>>,
    ) -> Self {
        let wanted = projection.cloned().unwrap_or_else(|| (0..relation.columns.len()).collect());
        let schema = relation.arrow.project(&wanted).expect("a projection is made of the relation's own columns");
        let defaults = wanted.iter().map(|&at| default(&relation.columns[at], relation.arrow.field(at).data_type()));
        Self {
            relation,
            columns: vec![Vec::new(); wanted.len()],
            defaults: defaults.collect(),
            schema: Arc::new(schema),
            wanted,
            count: 0,
        }
    }

    /// Adds a row of named values.
    pub(in crate::catalog::postgres) fn push<const N: usize>(&mut self, values: [(&str, Value); N]) {
        for (name, _) in &values {
            debug_assert!(self.relation.columns.iter().any(|c| c.name == *name), "no column {name}");
        }
        for (index, &at) in self.wanted.iter().enumerate() {
            let name = self.relation.columns[at].name;
            let value = values.iter().find(|(given, _)| *given == name);
            let value = match value {
                Some((_, value)) => value.to_scalar(self.schema.field(index).data_type()),
                None => self.defaults[index].clone(),
            };
            self.columns[index].push(value);
        }
        self.count += 1;
    }

    /// The rows as a batch.
    pub(in crate::catalog::postgres) fn finish(self) -> Result<RecordBatch> {
        let columns = self.columns.into_iter().zip(self.schema.fields()).map(|(values, field)| {
            if values.is_empty() {
                return Ok(arrow::array::new_empty_array(field.data_type()));
            }
            ScalarValue::iter_to_array(values)
        });
        let options = RecordBatchOptions::new().with_row_count(Some(self.count));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new_with_options(self.schema, columns, &options)?)
    }
}

/// A value of a system column.
#[derive(Debug, Clone)]
pub(in crate::catalog::postgres) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Ints(Vec<i64>),
    Texts(Vec<String>),
    Instant(DateTime<Utc>),
}

impl Value {
    /// A value of the column's type: whole numbers are narrowed to it, functions become their OIDs.
    fn to_scalar(&self, data_type: &DataType) -> ScalarValue {
        let value = match self {
            Self::Null => ScalarValue::Null,
            Self::Bool(value) => ScalarValue::Boolean(Some(*value)),
            Self::Int(value) => ScalarValue::Int64(Some(*value)),
            Self::Float(value) => ScalarValue::Float64(Some(*value)),
            Self::Instant(value) => {
                ScalarValue::TimestampMicrosecond(Some(value.timestamp_micros()), Some("UTC".into()))
            }
            Self::Text(function) if *data_type == DataType::Int64 => {
                ScalarValue::Int64(Some(type_functions::oid(function).into()))
            }
            Self::Text(value) => return ScalarValue::Utf8(Some(value.clone())),
            Self::Ints(values) => list(values.iter().map(|v| ScalarValue::Int64(Some(*v))), data_type),
            Self::Texts(values) => list(values.iter().map(|v| ScalarValue::Utf8(Some(v.clone()))), data_type),
        };
        if value.data_type() == *data_type {
            return value;
        }
        value.cast_to(data_type).expect("system rows hold values of their columns' types")
    }
}

fn list(values: impl Iterator<Item = ScalarValue>, data_type: &DataType) -> ScalarValue {
    let DataType::List(item) = data_type else { unreachable!("lists are put into columns of lists") };
    let cast = |v: ScalarValue| v.cast_to(item.data_type()).expect("system rows hold values of their columns' types");
    let values: Vec<ScalarValue> = values.map(cast).collect();
    ScalarValue::List(ScalarValue::new_list_nullable(&values, item.data_type()))
}

fn default(column: &SystemColumn, data_type: &DataType) -> ScalarValue {
    let null = || ScalarValue::try_from(data_type).expect("system columns have types with a NULL");
    if column.nullable {
        return null();
    }
    match data_type {
        DataType::Utf8 => ScalarValue::Utf8(Some(String::new())),
        DataType::List(_) => list(std::iter::empty(), data_type),
        _ => ScalarValue::new_zero(data_type).unwrap_or_else(|_| null()),
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<DateTime<Utc>> for Value {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Instant(value)
    }
}

impl From<char> for Value {
    fn from(value: char) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<i64>> for Value {
    fn from(values: Vec<i64>) -> Self {
        Self::Ints(values)
    }
}

impl From<Vec<String>> for Value {
    fn from(values: Vec<String>) -> Self {
        Self::Texts(values)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
