//! Lets filters on an entity reach the rows of a sequence function, and no others.
//!
//! The engine's own rule pushes every condition without columns below a node that it doesn't know: `WHERE random() < 0.5` over
//! a funnel would sample rows in place of people, and change the answer. So this rule stands in its place, hands it every
//! node but a filter over a sequence, and there decides by itself:
//!
//! ```text
//! Filter: contact_id = 'ann' AND level > 2        ->      Filter: level > 2
//!   Sequence: funnel, entity=[e.contact_id]                 Sequence: funnel, entity=[e.contact_id]
//!                                                             Filter: e.contact_id = 'ann'
//! ```

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan};
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::expressions::with_columns;
use crate::operators::sequence::Sequence;

/// See the module.
#[derive(Debug, Default)]
pub struct PushEntityFilters {
    engine: PushDownFilter,
}

impl OptimizerRule for PushEntityFilters {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.engine.apply_order()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        match &plan {
            LogicalPlan::Filter(filter) => match sequence(&filter.input) {
                Some(node) => push(filter, node),
                None => self.engine.rewrite(plan, config),
            },
            _ => self.engine.rewrite(plan, config),
        }
    }
}

fn sequence(plan: &LogicalPlan) -> Option<&Sequence> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
        _ => None,
    }
}

fn push(filter: &Filter, node: &Sequence) -> Result<Transformed<LogicalPlan>> {
    let (mut below, mut beside, mut above) = (vec![], vec![], vec![]);
    for condition in split_conjunction_owned(filter.predicate.clone()) {
        let own = over_rows(&condition, |column| node.entity_of(column))?;
        let other = over_rows(&condition, |column| node.entity_beside(column))?;
        match own {
            Some(own) if node.input_beside().is_none() || other.is_some() => {
                below.push(own);
                beside.extend(other);
            }
            _ => above.push(condition),
        }
    }
    let Some(below) = conjunction(below) else {
        return Ok(Transformed::no(LogicalPlan::Filter(filter.clone())));
    };
    let rows = LogicalPlan::Filter(Filter::try_new(below, Arc::new(node.input().clone()))?);
    let others = match (conjunction(beside), node.input_beside()) {
        (Some(beside), Some(input)) => Some(LogicalPlan::Filter(Filter::try_new(beside, Arc::new(input.clone()))?)),
        _ => None,
    };
    let sequence = node.over(rows, others);
    Ok(Transformed::yes(match conjunction(above) {
        Some(above) => LogicalPlan::Filter(Filter::try_new(above, Arc::new(sequence))?),
        None => sequence,
    }))
}

/// A condition on the answer as one on rows, if it reads nothing but the entity: `of` says what a column of the answer is of
/// them.
fn over_rows<'a>(condition: &Expr, of: impl Fn(&str) -> Option<&'a Expr>) -> Result<Option<Expr>> {
    let columns = condition.column_refs();
    let entity = columns.iter().all(|column| of(column.name()).is_some_and(|e| !e.is_volatile()));
    if columns.is_empty() || !entity || condition.is_volatile() {
        return Ok(None);
    }
    with_columns(condition.clone(), |column| Ok(of(column.name()).cloned())).map(Some)
}
