//! Makes a DataFusion scalar function of a function of one row.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature};

use super::arguments::{Arguments, Row};
use super::columns::Writer;
use crate::error::Result;
use crate::functions::Function;
use crate::functions::entry::Entry;

/// A function of one row that gives a number.
pub(crate) trait Scalar: Debug + Eq + Hash + Send + Sync + 'static {
    /// What it is.
    const ENTRY: &'static Entry;
    /// Its value.
    fn evaluate(row: &Row) -> Result<Option<f64>>;
}

/// The function that SQL calls.
pub(crate) fn scalar<S: Scalar>() -> Function {
    let adapter =
        Adapter::<S> { signature: S::ENTRY.signature(), documentation: S::ENTRY.documentation(), of: PhantomData };
    Function::scalar(S::ENTRY, ScalarUDF::new_from_impl(adapter))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Adapter<S> {
    signature: Signature,
    documentation: Documentation,
    of: PhantomData<S>,
}

impl<S: Scalar> ScalarUDFImpl for Adapter<S> {
    fn name(&self) -> &str {
        S::ENTRY.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> PlanResult<Vec<DataType>> {
        Ok(S::ENTRY.coerce(types))
    }

    fn return_type(&self, types: &[DataType]) -> PlanResult<DataType> {
        S::ENTRY.check(types)?;
        Ok(S::ENTRY.return_type(types))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let answers = evaluate::<S>(&arrays, if constant { 1 } else { args.number_rows })?;
        Ok(match constant {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?),
            false => ColumnarValue::Array(answers),
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

fn evaluate<S: Scalar>(arrays: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    let arguments = Arguments::new(S::ENTRY, arrays)?;
    let mut writer = Writer::of_answers(S::ENTRY, rows);
    for row in 0..rows {
        writer.number(S::evaluate(&arguments.row(row))?);
    }
    writer.finish_answers(S::ENTRY)
}
