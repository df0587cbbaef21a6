//! Reads a table once where a sequence function takes both of its relations from it.
//!
//! ```text
//! Sequence: attribution, entity=[contact_id], beside: entity=[contact_id]      Sequence: attribution, entity=[contact_id],
//!   Projection / SubqueryAlias                                                   reads=[channel], reads=[what <> 'sale', what = 'sale']
//!     Filter: what <> 'sale'                                              ->     TableScan: events
//!       TableScan: events
//!   Filter: what = 'sale'
//!     TableScan: events
//! ```
//!
//! Nothing is held in memory then, and an entity's rows need not be found again. Conditions that both relations begin with stay below.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, TableScan, lit};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::expressions::with_columns;
use crate::operators::sequence::{Sequence, SequenceArguments};

/// See the module.
#[derive(Debug, Default)]
pub struct ReadOnce;

impl OptimizerRule for ReadOnce {
    fn name(&self) -> &str {
        "read_once"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let merged = match &plan {
            LogicalPlan::Extension(extension) => match extension.node.as_any().downcast_ref::<Sequence>() {
                Some(node) => merged(node)?,
                None => None,
            },
            _ => None,
        };
        Ok(merged.map_or(Transformed::no(plan), Transformed::yes))
    }
}

/// The function over the one table that its relations are of, if they are.
fn merged(node: &Sequence) -> Result<Option<LogicalPlan>> {
    let Some(beside) = node.beside() else {
        return Ok(None);
    };
    let (Some(own), Some(other)) = (Rows::of(node.input())?, Rows::of(&beside.input)?) else {
        return Ok(None);
    };
    let is_same = own.scan.table_name == other.scan.table_name && Arc::ptr_eq(&own.scan.source, &other.scan.source);
    let SequenceArguments { entity, at, tiebreak, slots, constants } = node.arguments();
    let rows = |expressions: &[Expr]| own.columns_of(expressions, node.input().schema());
    let others = |expressions: &[Expr]| other.columns_of(expressions, beside.input.schema());
    let (keys, names): (Vec<Expr>, Vec<String>) = entity.into_iter().unzip();
    let (keys, times) = (rows(&keys)?, rows(&[at])?);
    let is_alike = keys == others(&beside.entity)? && times == others(std::slice::from_ref(&beside.at))?;
    let slots = slots.iter().map(|slot| rows(slot)).chain(beside.slots.iter().map(|slot| others(slot)));
    let slots = slots.collect::<Result<Option<Vec<_>>>>()?;
    let (Some(keys), Some(mut times), Some(tiebreak), Some(slots)) = (keys, times, rows(&tiebreak)?, slots) else {
        return Ok(None);
    };
    let Some(at) = times.pop().filter(|_| is_same && is_alike) else {
        return Ok(None);
    };
    let entity = keys.into_iter().zip(names).collect();
    let (mut both, mut only_own, mut only_other) = (vec![], own.conditions, other.conditions);
    // Those that ask whether a column is NULL can't fail; others may be guarded by the conditions before them.
    take_both(&mut both, &mut only_own, &mut only_other);
    let is_other = conjunction(only_other).unwrap_or(lit(true));
    let input = LogicalPlan::TableScan(own.scan);
    let input = match conjunction(both) {
        Some(both) => LogicalPlan::Filter(Filter::try_new(both, Arc::new(input))?),
        None => input,
    };
    let arguments = SequenceArguments { entity, at, tiebreak, slots, constants };
    Ok(node.among(input, arguments, conjunction(only_own).unwrap_or(lit(true)), is_other))
}

/// Takes what both relations ask of their rows out of their conditions: those that begin alike, and those that can't fail.
fn take_both(both: &mut Vec<Expr>, own: &mut Vec<Expr>, other: &mut Vec<Expr>) {
    let alike = own.iter().zip(other.iter()).take_while(|(own, other)| own == other).count();
    both.extend(own.drain(..alike));
    other.drain(..alike);
    let is_safe = |condition: &Expr| matches!(condition, Expr::IsNotNull(of) if matches!(of.as_ref(), Expr::Column(_)));
    let safe: Vec<Expr> = own.extract_if(.., |condition| is_safe(condition) && other.contains(condition)).collect();
    other.retain(|condition| !safe.contains(condition));
    both.extend(safe);
}

/// A relation as rows of a table: those that meet the conditions, and what its columns are of them.
struct Rows {
    scan: TableScan,
    conditions: Vec<Expr>,
    columns: Vec<Expr>,
}

impl Rows {
    fn of(plan: &LogicalPlan) -> Result<Option<Self>> {
        match plan {
            LogicalPlan::TableScan(scan)
                if scan.projection.is_none() && scan.filters.is_empty() && scan.fetch.is_none() =>
            {
                let columns = scan.projected_schema.columns().into_iter().map(Expr::Column).collect();
                Ok(Some(Self { scan: scan.clone(), conditions: vec![], columns }))
            }
            LogicalPlan::SubqueryAlias(alias) => Self::of(&alias.input),
            LogicalPlan::Filter(filter) => {
                let Some(mut rows) = Self::of(&filter.input)?.filter(|_| is_of_the_row(&filter.predicate)) else {
                    return Ok(None);
                };
                let condition = rows.over_table(&filter.predicate, filter.input.schema())?;
                rows.conditions.extend(split_conjunction_owned(condition));
                Ok(Some(rows))
            }
            LogicalPlan::Projection(projection) => {
                let is_plain = projection.expr.iter().all(is_of_the_row);
                let Some(rows) = Self::of(&projection.input)?.filter(|_| is_plain) else {
                    return Ok(None);
                };
                let schema = projection.input.schema();
                let columns = projection.expr.iter().map(|given| rows.over_table(&given.clone().unalias(), schema));
                let columns = columns.collect::<Result<_>>()?;
                Ok(Some(Self { columns, ..rows }))
            }
            _ => Ok(None),
        }
    }

    /// The columns of the table that expressions over the relation are; none if they compute anything: that could fail for rows
    /// that are not the relation's.
    fn columns_of(&self, expressions: &[Expr], schema: &DFSchema) -> Result<Option<Vec<Expr>>> {
        let columns = expressions.iter().map(|expression| self.over_table(expression, schema));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(columns.iter().all(|column| matches!(column, Expr::Column(_))).then_some(columns))
    }

    /// An expression over the relation as one over the table.
    fn over_table(&self, expression: &Expr, schema: &DFSchema) -> Result<Expr> {
        with_columns(expression.clone(), |column| Ok(Some(self.columns[schema.index_of_column(column)?].clone())))
    }
}

/// Whether an expression depends on the row alone: no subquery, the same each time.
fn is_of_the_row(expression: &Expr) -> bool {
    let is_subquery = |e: &Expr| {
        matches!(e, Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) | Expr::OuterReferenceColumn(..))
    };
    !expression.is_volatile() && !expression.exists(|e| Ok(is_subquery(e))).unwrap_or(true)
}
