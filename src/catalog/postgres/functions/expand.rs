//! `information_schema._pg_expandarray`: the elements of an array, each with its place, by which clients read the columns of keys.
//!
//! It gives rows; here it gives their list, and where it is called that is unnested.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Error, SqlState};

/// Its name.
pub const EXPAND: &str = "_pg_expandarray";

/// The function.
pub(super) fn expand_array() -> ScalarUDF {
    ScalarUDF::new_from_impl(Expand { signature: Signature::any(1, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Expand {
    signature: Signature,
}

impl ScalarUDFImpl for Expand {
    fn name(&self) -> &str {
        EXPAND
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::List(element)] => Ok(DataType::List(record(element.data_type()))),
            _ => {
                let message = "_pg_expandarray takes an array";
                Err(Error::new(SqlState::UndefinedFunction, message).into())
            }
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = args.args[0].to_array(args.number_rows)?;
        let lists = arrays.as_list::<i32>();
        let lengths = || (0..lists.len()).map(|row| if lists.is_valid(row) { lists.value_length(row) } else { 0 });
        let places: Int32Array = lengths().flat_map(|length| 1..=length).collect();
        let elements: Vec<ArrayRef> =
            (0..lists.len()).filter(|row| lists.is_valid(*row)).map(|row| lists.value(row)).collect();
        let elements: Vec<&dyn Array> = elements.iter().map(AsRef::as_ref).collect();
        let values = match elements.as_slice() {
            [] => lists.values().slice(0, 0),
            some => arrow::compute::concat(some)?,
        };
        let item = record(&lists.value_type());
        let DataType::Struct(fields) = item.data_type() else { unreachable!("a record is a struct") };
        let records = StructArray::try_new(fields.clone(), vec![values, Arc::new(places)], None)?;
        let offsets = arrow::buffer::OffsetBuffer::from_lengths(lengths().map(|length| length as usize));
        let list = ListArray::try_new(item, offsets, Arc::new(records), lists.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(list)))
    }
}

/// `(x, n)`: an element and its place.
fn record(element: &DataType) -> Arc<Field> {
    let fields = [Field::new("x", element.clone(), true), Field::new("n", DataType::Int32, false)];
    Arc::new(Field::new_list_field(DataType::Struct(Fields::from_iter(fields)), true))
}
