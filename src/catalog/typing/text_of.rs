//! `value::text`: what Postgres prints. The engine prints `3.0`, `2026-01-02T03:04:05` and `[1, 2]`.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, StringViewBuilder};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::error::Error;
use crate::model::output::{Column, ColumnType};

/// A value as text, where the engine's own text is another; as it is where it is text or of no known type.
pub(super) fn as_text(value: Expr, inputs: &DFSchema, zone: &str) -> Expr {
    match value.get_type(inputs) {
        Ok(kind) if differs(&kind) => {
            ScalarUDF::from(TextOf { zone: zone.into(), signature: Signature::any(1, Volatility::Immutable) })
                .call(vec![value])
        }
        _ => value,
    }
}

/// Whether the engine prints values of a type otherwise than Postgres.
pub(super) fn differs(kind: &DataType) -> bool {
    kind.is_floating()
        || kind.is_binary()
        || kind.is_temporal()
        || kind.is_nested() && !matches!(kind, DataType::Union(..) | DataType::Map(..))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TextOf {
    /// What instants are local in.
    zone: Arc<str>,
    signature: Signature,
}

impl ScalarUDFImpl for TextOf {
    fn name(&self) -> &str {
        "text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs) -> Result<FieldRef> {
        ColumnType::of(&call.arg_fields[0])?;
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8View, true)))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let kind = ColumnType::of(&call.arg_fields[0])?;
        let zone: Tz = self.zone.parse().map_err(|_| Error::internal(format!("no time zone {}", self.zone)))?;
        match &call.args[0] {
            ColumnarValue::Scalar(value) => {
                let text = texts(&value.to_array()?, &kind, zone)?;
                Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&text, 0)?))
            }
            ColumnarValue::Array(values) => Ok(ColumnarValue::Array(texts(values, &kind, zone)?)),
        }
    }
}

fn texts(values: &ArrayRef, kind: &ColumnType, zone: Tz) -> Result<ArrayRef> {
    let column = Column::new(values, kind, zone)?;
    let mut texts = StringViewBuilder::with_capacity(values.len());
    (0..values.len()).for_each(|row| texts.append_option(column.text(row)));
    Ok(Arc::new(texts.finish()))
}
