//! Everything a DataFusion program needs, in one call.

use datafusion::prelude::SessionContext;

use crate::error::Result;
use crate::functions::{aggregates, scalars};

/// Adds all our SQL functions to a context of DataFusion's. They give right answers on any table; our own storage and plan
/// rules only make them faster.
///
/// ```
/// # async fn example() -> datafusion::error::Result<()> {
/// use datafusion::assert_batches_eq;
/// use datafusion::prelude::SessionContext;
///
/// let context = SessionContext::new();
/// journeydb::register(&context)?;
/// let answer = context.sql("SELECT csat(score) AS csat, nps(score) AS nps FROM (VALUES (10), (9), (5)) AS t(score)").await?;
/// assert_batches_eq!(
///     ["+------+--------------------+", "| csat | nps                |", "+------+--------------------+",
///      "| 8.0  | 33.333333333333336 |", "+------+--------------------+"],
///     &answer.collect().await?
/// );
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub fn register(context: &SessionContext) -> Result<()> {
    scalars().into_iter().for_each(|function| context.register_udf(function));
    aggregates().into_iter().for_each(|function| context.register_udaf(function));
    Ok(())
}
