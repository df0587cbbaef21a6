//! Times in the resolution of a relation's own times.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use crate::error::Result;
pub(super) use crate::functions::Span;

/// Times in a relation's resolution, or NULL, as a column of its type.
pub(super) fn times(values: impl Into<Int64Array>, at: &DataType) -> Result<ArrayRef> {
    Ok(cast(&(Arc::new(values.into()) as ArrayRef), at)?)
}
