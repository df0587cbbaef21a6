//! Casts of text to arrays and bytes read it as Postgres does: `'{1,2}'::int[]` has two elements, `'\x00ff'::bytea` two
//! bytes. The engine would make an array of one element, and keep the letters.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, ListBuilder, StringArray, StringBuilder};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;

use super::expressions::rewrite;
use crate::error::{Error, SqlState};
use crate::model::text_forms;

/// See the module.
#[derive(Debug, Default)]
pub struct ReadText;

impl AnalyzerRule for ReadText {
    fn name(&self) -> &str {
        "read_text"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, read)
    }
}

fn read(expression: Expr, inputs: &DFSchema) -> Transformed<Expr> {
    match expression {
        Expr::Cast(Cast { expr, field }) if is_read(field.data_type()) && is_text(&expr, inputs) => {
            let function = Arc::new(ScalarUDF::new_from_impl(Read::into(field)));
            Transformed::yes(Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![*expr])))
        }
        other => Transformed::no(other),
    }
}

fn is_read(target: &DataType) -> bool {
    matches!(target, DataType::List(_) | DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

fn is_text(expression: &Expr, inputs: &DFSchema) -> bool {
    expression.get_type(inputs).is_ok_and(|data_type| data_type.is_string())
}

/// Reads text as values of a type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Read {
    target: FieldRef,
    signature: Signature,
}

impl Read {
    fn into(target: FieldRef) -> Self {
        Self { target, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Read {
    fn name(&self) -> &str {
        if matches!(self.target.data_type(), DataType::List(_)) { "array_in" } else { "byteain" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), self.target.data_type().clone(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = matches!(args.args[0], ColumnarValue::Scalar(_));
        let rows = if scalar { 1 } else { args.number_rows };
        let text = cast(&args.args[0].to_array(rows)?, &DataType::Utf8)?;
        let values = values(text.as_string(), self.target.data_type())?;
        if scalar {
            return Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}

fn values(text: &StringArray, target: &DataType) -> Result<ArrayRef> {
    match target {
        DataType::List(element) => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for text in text {
                match text {
                    Some(text) => lists.append_value(text_forms::array_elements(text).ok_or_else(|| malformed(text))?),
                    None => lists.append_null(),
                }
            }
            let lists = lists.finish();
            let strings = lists.values().as_string::<i32>();
            let elements = if is_read(element.data_type()) {
                values(strings, element.data_type())?
            } else {
                cast(lists.values(), element.data_type())?
            };
            let (_, offsets, _, nulls) = lists.into_parts();
            Ok(Arc::new(arrow::array::ListArray::try_new(Arc::clone(element), offsets, elements, nulls)?))
        }
        _ => {
            let bytes =
                text.iter().map(|text| text.map(|t| text_forms::bytes(t).ok_or_else(|| no_bytes(t))).transpose());
            let bytes = bytes.collect::<std::result::Result<Vec<_>, Error>>()?;
            let bytes: ArrayRef = Arc::new(BinaryArray::from_iter(bytes));
            cast(&bytes, target)
        }
    }
}

/// A cast that fails on what does not fit, in place of NULL.
fn cast(values: &dyn Array, target: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(values, target, &CastOptions { safe: false, ..CastOptions::default() })?)
}

fn malformed(text: &str) -> Error {
    Error::new(SqlState::InvalidTextRepresentation, format!("malformed array literal: \"{text}\""))
        .with_hint("arrays have one dimension and are written as '{1,2,NULL}'")
}

fn no_bytes(text: &str) -> Error {
    let state =
        if text.starts_with("\\x") { SqlState::InvalidParameterValue } else { SqlState::InvalidTextRepresentation };
    Error::new(state, format!("invalid input syntax for type bytea: \"{text}\""))
}
