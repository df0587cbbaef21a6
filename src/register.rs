//! Everything a DataFusion program needs, in one call.

use datafusion::prelude::SessionContext;

use crate::error::Result;
use crate::functions::{aggregates, scalars};

/// Adds all our SQL functions to a context of DataFusion's. They give right answers on any table; our own storage and plan
/// rules only make them faster.
pub fn register(context: &SessionContext) -> Result<()> {
    scalars().into_iter().for_each(|function| context.register_udf(function));
    aggregates().into_iter().for_each(|function| context.register_udaf(function));
    Ok(())
}
