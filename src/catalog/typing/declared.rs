//! Texts as a marked type takes them: in casts to `uuid`, `jsonb` or `varchar(5)`, and on their way to columns of these.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use datafusion::scalar::ScalarValue;

use crate::model::input::{Fit, fit};
use crate::model::mark;

/// A text, or an array of texts, as the type takes it that a field is marked with; as it is where it is such a value already.
pub(super) fn fitted(value: Expr, field: &Field, how: Option<Fit>) -> Expr {
    let field = field.clone().with_name("").with_nullable(true);
    let fitted = Fitted { field: Arc::new(field), how, signature: Signature::any(1, Volatility::Immutable) };
    ScalarUDF::from(fitted).call(vec![value])
}

/// A value as a column takes it that it is assigned to; 22001 for a text that is too long for it.
pub fn as_column(value: Expr, column: &Field) -> Expr {
    let value = cast(value, column.data_type().clone());
    if mark(column).is_some() { fitted(value, column, Some(Fit::Refuse)) } else { value }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Fitted {
    field: FieldRef,
    how: Option<Fit>,
    signature: Signature,
}

impl ScalarUDFImpl for Fitted {
    fn name(&self) -> &str {
        "fitted"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match (&call.args[0], self.how) {
            (value, None) => value.cast_to(self.field.data_type(), None),
            (ColumnarValue::Scalar(value), Some(how)) => {
                let fitted = fit(&value.to_array()?, &self.field, how)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&fitted, 0)?))
            }
            (ColumnarValue::Array(values), Some(how)) => Ok(ColumnarValue::Array(fit(values, &self.field, how)?)),
        }
    }
}
