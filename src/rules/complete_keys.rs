//! Has questions that say `contact_id` alone use the order of a table by (account_id, contact_id) and time, where the rows that they
//! read prove that a contact belongs to one account: each contact's rows lie together there.
//!
//! ```text
//! Sequence: funnel, entity=[e.contact_id]      ->      Sequence: funnel, entity=[e.contact_id] of [e.account_id]
//!   SubqueryAlias: e                                     SubqueryAlias: e
//!     Projection: contact_id, occurred_at                  Projection: contact_id, occurred_at, account_id
//!       TableScan: interactions                              TableScan: interactions
//! ```
//!
//! The column is followed down to the scan, through what neither adds rows nor joins them, and nothing but that scan is asked: what
//! it says is true of the version that it reads.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, Projection, SubqueryAlias, TableScan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use crate::operators::sequence::Sequence;

/// The columns of the entity that a table's rows are kept by, if the last of them alone determines the others.
pub type DeterminedEntity = fn(&dyn TableProvider) -> Option<&[String]>;

/// See the module.
#[derive(Debug)]
pub struct CompleteKeys {
    /// Asks a scan.
    entity: DeterminedEntity,
}

impl CompleteKeys {
    /// With what there is to ask.
    pub fn new(entity: DeterminedEntity) -> Self {
        Self { entity }
    }
}

impl OptimizerRule for CompleteKeys {
    fn name(&self) -> &str {
        "complete_keys"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        Ok(self.sequence(&plan).map_or(Transformed::no(plan), Transformed::yes))
    }
}

impl CompleteKeys {
    /// A sequence over rows that say what its entities belong to, if they can.
    fn sequence(&self, plan: &LogicalPlan) -> Option<LogicalPlan> {
        let LogicalPlan::Extension(extension) = plan else { return None };
        let node = extension.node.as_any().downcast_ref::<Sequence>()?;
        let owned = node.owned(|input, entity| {
            let [Expr::Column(entity)] = entity else { return None };
            let (input, owner) = self.completed(input, entity)?;
            Some((input, owner.into_iter().map(Expr::Column).collect()))
        });
        owned.map(LogicalPlan::from)
    }

    /// A plan's rows with what a column of theirs determines, and where that stands.
    fn completed(&self, plan: &LogicalPlan, key: &Column) -> Option<(LogicalPlan, Vec<Column>)> {
        match plan {
            LogicalPlan::TableScan(scan) => Some((plan.clone(), self.determined(scan, key)?)),
            LogicalPlan::Filter(Filter { predicate, input, .. }) => {
                let (input, others) = self.completed(input, key)?;
                Some((Filter::try_new(predicate.clone(), Arc::new(input)).map(LogicalPlan::Filter).ok()?, others))
            }
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, schema, .. }) => {
                let key = Column::from(input.schema().qualified_field(schema.maybe_index_of_column(key)?));
                let (input, others) = self.completed(input, &key)?;
                let places = others.iter().map(|other| input.schema().maybe_index_of_column(other));
                let places = places.collect::<Option<Vec<_>>>()?;
                let aliased = SubqueryAlias::try_new(Arc::new(input), alias.clone()).ok()?;
                let others = places.into_iter().map(|at| Column::from(aliased.schema.qualified_field(at))).collect();
                Some((LogicalPlan::SubqueryAlias(aliased), others))
            }
            LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
                let key = column(&expr[schema.maybe_index_of_column(key)?])?;
                let (input, others) = self.completed(input, key)?;
                let mut expr = expr.clone();
                let places = others.into_iter().map(|other| {
                    expr.iter().position(|given| column(given) == Some(&other)).unwrap_or_else(|| {
                        expr.push(Expr::Column(other));
                        expr.len() - 1
                    })
                });
                let places: Vec<usize> = places.collect();
                // It may have other columns of those names already.
                let projection = Projection::try_new(expr, Arc::new(input)).ok()?;
                let others = places.into_iter().map(|at| Column::from(projection.schema.qualified_field(at))).collect();
                Some((LogicalPlan::Projection(projection), others))
            }
            _ => None,
        }
    }

    /// What a column of a scan determines.
    fn determined(&self, scan: &TableScan, key: &Column) -> Option<Vec<Column>> {
        let provider = source_as_provider(&scan.source).ok()?;
        let (last, others) = (self.entity)(provider.as_ref())?.split_last()?;
        let at = |name: &String| scan.projected_schema.index_of_column_by_name(Some(&scan.table_name), name);
        if at(last)? != scan.projected_schema.maybe_index_of_column(key)? {
            return None;
        }
        let others = others.iter().map(|name| Some(Column::from(scan.projected_schema.qualified_field(at(name)?))));
        others.collect()
    }
}

/// The column that an expression is, under whatever name.
fn column(expression: &Expr) -> Option<&Column> {
    match expression {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => column(&alias.expr),
        _ => None,
    }
}
