//! Times in the resolution of a relation's own times.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;

use crate::error::Result;
pub(super) use crate::functions::Span;

/// Times in a relation's resolution as a column of its type.
pub(super) fn times(values: Vec<i64>, at: &DataType) -> Result<ArrayRef> {
    Ok(cast(&(Arc::new(Int64Array::from(values)) as ArrayRef), at)?)
}

/// The same, where some are missing.
pub(super) fn times_or_null(values: Vec<Option<i64>>, at: &DataType) -> Result<ArrayRef> {
    Ok(cast(&(Arc::new(Int64Array::from(values)) as ArrayRef), at)?)
}
