//! `coalesce(at, '9999-12-31')`: what is quoted takes the type of the others, as in Postgres. The engine knows no type that
//! texts and moments have in common.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions::core::coalesce as of_engine;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The engine's function with the types of Postgres'.
pub(super) fn coalesce() -> ScalarUDF {
    ScalarUDF::from(Coalesce { engines: of_engine(), signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Coalesce {
    engines: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for Coalesce {
    fn name(&self) -> &str {
        "coalesce"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.engines.return_type(types)
    }

    fn return_field_from_args(&self, call: ReturnFieldArgs) -> Result<FieldRef> {
        self.engines.return_field_from_args(call)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let others = types.iter().filter(|kind| !kind.is_string() && !kind.is_null());
        match self.engines.coerce_types(types) {
            // A text that is no constant fails as its values are read, if they are of another type.
            Err(error) => match others.cloned().reduce(|kind, other| if kind == other { kind } else { DataType::Null })
            {
                Some(kind) if kind.is_temporal() || kind == DataType::Boolean => Ok(vec![kind; types.len()]),
                _ => Err(error),
            },
            common => common,
        }
    }

    fn simplify(&self, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.engines.simplify(arguments, context)
    }

    fn conditional_arguments<'a>(&self, arguments: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.engines.conditional_arguments(arguments)
    }

    fn short_circuits(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.engines.invoke_with_args(call)
    }
}
