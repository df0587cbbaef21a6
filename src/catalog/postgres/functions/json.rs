//! `json_build_object`, by which clients ask for several facts in one column.

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use serde_json::Value;
use std::sync::Arc;

use crate::error::{Error, SqlState};

/// The function.
pub(super) fn json_build_object() -> ScalarUDF {
    ScalarUDF::new_from_impl(BuildObject {
        signature: Signature::one_of(
            vec![
                datafusion::logical_expr::TypeSignature::Nullary,
                datafusion::logical_expr::TypeSignature::VariadicAny,
            ],
            Volatility::Stable,
        ),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BuildObject {
    signature: Signature,
}

impl ScalarUDFImpl for BuildObject {
    fn name(&self) -> &str {
        "json_build_object"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        let marked = [("ARROW:extension:name".to_owned(), "arrow.json".to_owned())];
        Ok(Arc::new(Field::new(self.name(), DataType::Utf8, false).with_metadata(marked.into())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if !args.args.len().is_multiple_of(2) {
            let message = "argument list must have even number of elements";
            return Err(Error::new(SqlState::InvalidParameterValue, message).into());
        }
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let rows = (0..args.number_rows).map(|row| {
            let values = columns.iter().map(|column| ScalarValue::try_from_array(column, row));
            object(&values.collect::<Result<Vec<_>>>()?)
        });
        Ok(ColumnarValue::Array(Arc::new(rows.collect::<Result<StringArray>>()?)))
    }
}

/// `{"key" : value, ...}`, spaced as Postgres spaces it.
fn object(pairs: &[ScalarValue]) -> Result<Option<String>> {
    let mut members = vec![];
    for pair in pairs.chunks(2) {
        if pair[0].is_null() {
            let message = "argument 1 cannot be null: keys of a JSON object are text";
            return Err(Error::new(SqlState::InvalidParameterValue, message).into());
        }
        let key = Value::String(pair[0].cast_to(&DataType::Utf8)?.to_string());
        members.push(format!("{key} : {}", json(&pair[1])?));
    }
    Ok(Some(format!("{{{}}}", members.join(", "))))
}

/// Numbers and truth values as themselves, anything else as text.
fn json(value: &ScalarValue) -> Result<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let ScalarValue::Boolean(Some(value)) = value {
        return Ok(Value::Bool(*value));
    }
    let text = value.cast_to(&DataType::Utf8)?.to_string();
    if value.data_type().is_numeric()
        && let Ok(number) = serde_json::from_str::<serde_json::Number>(&text)
    {
        return Ok(Value::Number(number));
    }
    Ok(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_written_as_postgres_writes_them() {
        let pairs = [
            ScalarValue::from("a\"b"),
            ScalarValue::from(1i64),
            ScalarValue::from("flag"),
            ScalarValue::from(true),
            ScalarValue::from("none"),
            ScalarValue::Utf8(None),
            ScalarValue::from("text"),
            ScalarValue::from("é"),
        ];
        // SELECT json_build_object('a"b', 1, 'flag', true, 'none', NULL, 'text', 'é') in PostgreSQL 15.
        let expected = r#"{"a\"b" : 1, "flag" : true, "none" : null, "text" : "é"}"#;
        assert_eq!(object(&pairs).unwrap().as_deref(), Some(expected));
        assert_eq!(object(&[]).unwrap().as_deref(), Some("{}"));
        assert!(object(&[ScalarValue::Utf8(None), ScalarValue::from(1i64)]).is_err());
    }
}
