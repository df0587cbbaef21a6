//! `pg_sleep`: waits without holding a thread, and stops waiting when its statement is stopped.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, FieldRef};
use async_trait::async_trait;
use datafusion::error::Result;
use datafusion::logical_expr::async_udf::{AsyncScalarUDF, AsyncScalarUDFImpl};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::catalog::postgres::{relations, types};
use crate::error::Error;

/// The function.
pub(super) fn pg_sleep() -> ScalarUDF {
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Volatile);
    AsyncScalarUDF::new(Arc::new(Sleep { signature })).into_scalar_udf()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sleep {
    signature: Signature,
}

impl ScalarUDFImpl for Sleep {
    fn name(&self) -> &str {
        "pg_sleep"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(types::to_arrow(types::void()))
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(relations::field(self.name(), types::void(), true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(Error::internal("pg_sleep was called without being awaited").into())
    }
}

#[async_trait]
impl AsyncScalarUDFImpl for Sleep {
    /// Waits once for each row; negative numbers and NULL wait not at all. The result is void: an empty text.
    async fn invoke_async_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let seconds = args.args[0].to_array(args.number_rows)?;
        for row in 0..args.number_rows {
            if let ScalarValue::Float64(Some(seconds)) = ScalarValue::try_from_array(&seconds, row)? {
                tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
            }
        }
        Ok(ColumnarValue::Array(ScalarValue::from("").to_array_of_size(args.number_rows)?))
    }
}
