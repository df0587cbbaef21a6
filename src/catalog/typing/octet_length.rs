//! `octet_length` of texts and bytes; the engine's own measures texts alone.

use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Error, SqlState};

/// The function.
pub(super) fn octet_length() -> ScalarUDF {
    ScalarUDF::from(OctetLength { signature: Signature::any(1, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OctetLength {
    signature: Signature,
}

impl ScalarUDFImpl for OctetLength {
    fn name(&self) -> &str {
        "octet_length"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [kind] if kind.is_string() || kind.is_binary() || kind.is_null() => Ok(DataType::Int32),
            [DataType::Dictionary(_, kind)] if kind.is_string() => Ok(DataType::Int32),
            _ => Err(Error::new(SqlState::UndefinedFunction, "octet_length takes a text or bytes").into()),
        }
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = call.args[0].to_array(call.number_rows)?;
        let plain = match array.data_type() {
            DataType::Null => cast(&array, &DataType::Utf8)?,
            DataType::Dictionary(_, values) => cast(&array, values)?,
            _ => array,
        };
        Ok(ColumnarValue::Array(cast(&length(&plain)?, &DataType::Int32)?))
    }
}
