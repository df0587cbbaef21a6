//! Everything a DataFusion program needs, in one call.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::SessionContext;

use crate::error::Result;
use crate::functions::{aggregates, scalars};
use crate::operators::sequence::SequenceQueries;
use crate::relations::Relations;
use crate::rules;

/// Adds all our SQL functions to a context of DataFusion's. They give right answers on any table; our own storage and plan
/// rules only make them faster.
///
/// Table functions stand in FROM: `funnel((SELECT * FROM events), steps => [...])`. DataFusion's own lookup of names sees no table
/// that stands in an argument alone, so name it in a subquery; [`Database`](crate::Database) takes `funnel(events, ...)` too.
/// The context's query planner is replaced by one that knows their plan nodes.
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
    context.register_relation_planner(Arc::new(Relations))?;
    let state = context.state_ref();
    let mut state = state.write();
    let planned = SessionStateBuilder::new_from_existing(state.clone())
        .with_optimizer_rules(rules::optimizer(state.optimizers().to_vec()))
        .with_query_planner(Arc::new(SequenceQueries));
    *state = planned.build();
    Ok(())
}
