//! The way from a source to an operator, without a column that another one determines: an account beside the contact that belongs to it
//! is a quarter of what a question by contact decodes, and tells no rows apart.
//!
//! ```text
//! TotalsExec: gby=[account_id, contact_id]     ->      TotalsExec: gby=[contact_id]
//!   FilterExec: channel = 'web'                          FilterExec: channel = 'web'
//!     account_id, contact_id, channel                      contact_id, channel
//! ```

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::expressions::with_places;
use crate::model::Determined;

/// The same rows, rows of one value of `by` side by side as before, without a column that `by` determines; if the plan is nothing but
/// filters and projections that don't read the column, over a source that knows so.
fn without(plan: &Arc<dyn ExecutionPlan>, column: usize, by: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if plan.children().is_empty() {
        return Ok(plan.with_new_state(Arc::new(Determined { column, by })));
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        return filter_without(filter, column, by);
    }
    match plan.downcast_ref::<ProjectionExec>() {
        Some(projection) => projection_without(projection, column, by),
        None => Ok(None),
    }
}

fn filter_without(filter: &FilterExec, column: usize, by: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let places = filter.projection().as_deref();
    let below = |at: usize| places.map_or(at, |places| places[at]);
    let (gone, by) = (below(column), below(by));
    if reads(filter.predicate(), gone) {
        return Ok(None);
    }
    let Some(input) = without(filter.input(), gone, by)? else {
        return Ok(None);
    };
    let places = places.map(|places| {
        let kept = places.iter().filter(|place| **place != gone).map(|place| shifted(*place, gone));
        kept.collect::<Vec<_>>()
    });
    let filter = FilterExecBuilder::new(shift(filter.predicate(), gone)?, input)
        .apply_projection(places)?
        .with_default_selectivity(filter.default_selectivity())
        .with_batch_size(filter.batch_size())
        .with_fetch(filter.fetch());
    Ok(Some(Arc::new(filter.build()?)))
}

fn projection_without(projection: &ProjectionExec, column: usize, by: usize) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let given = projection.expr();
    let below = |at: usize| given[at].expr.downcast_ref::<Column>().map(Column::index);
    let (Some(gone), Some(by)) = (below(column), below(by)) else {
        return Ok(None);
    };
    let kept = || given.iter().enumerate().filter(|(at, _)| *at != column).map(|(_, given)| given);
    if kept().any(|given| reads(&given.expr, gone)) {
        return Ok(None);
    }
    let Some(input) = without(projection.input(), gone, by)? else {
        return Ok(None);
    };
    let columns =
        kept().map(|given| Ok(ProjectionExpr { expr: shift(&given.expr, gone)?, alias: given.alias.clone() }));
    Ok(Some(Arc::new(ProjectionExec::try_new(columns.collect::<Result<Vec<_>>>()?, input)?)))
}

/// Rows without one of the keys that they are kept together by.
pub struct Without {
    /// Which key.
    pub key: usize,
    /// Its column.
    pub column: usize,
    /// The rows.
    pub input: Arc<dyn ExecutionPlan>,
}

impl Without {
    /// A plan's rows without a key, if there is one that another key determines and that nobody else reads. `needed` says of a key
    /// whether the answer has it; `others` are the expressions beside the keys.
    pub fn determined(
        input: &Arc<dyn ExecutionPlan>,
        keys: &[Arc<dyn PhysicalExpr>],
        needed: impl Fn(usize) -> bool,
        others: &[Arc<dyn PhysicalExpr>],
    ) -> Result<Option<Self>> {
        let columns = keys.iter().map(|key| key.downcast_ref::<Column>().map(Column::index));
        let Some(columns) = columns.collect::<Option<Vec<usize>>>() else {
            return Ok(None);
        };
        for (key, column) in columns.iter().copied().enumerate() {
            if needed(key) || others.iter().any(|other| reads(other, column)) {
                continue;
            }
            for by in columns.iter().copied().filter(|by| *by != column) {
                if let Some(input) = without(input, column, by)? {
                    return Ok(Some(Self { key, column, input }));
                }
            }
        }
        Ok(None)
    }

    /// An expression over those rows.
    pub fn over(&self, expression: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        shift(expression, self.column)
    }
}

fn reads(expression: &Arc<dyn PhysicalExpr>, column: usize) -> bool {
    collect_columns(expression).iter().any(|read| read.index() == column)
}

fn shift(expression: &Arc<dyn PhysicalExpr>, gone: usize) -> Result<Arc<dyn PhysicalExpr>> {
    with_places(Arc::clone(expression), |column| shifted(column.index(), gone))
}

fn shifted(at: usize, gone: usize) -> usize {
    at - usize::from(at > gone)
}
