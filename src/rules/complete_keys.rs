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
//! `GROUP BY contact_id` becomes one by account and contact in the same way, where no row lacks its contact: those that do may be of
//! several accounts, and are one group.
//!
//! The column is followed down to the scan, through what neither adds rows nor joins them, and nothing but that scan is asked: what
//! it says is true of the version that it reads.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Aggregate, Expr, Filter, LogicalPlan, Projection, SubqueryAlias, TableScan};
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
        let completed = match &plan {
            LogicalPlan::Extension(extension) => {
                extension.node.as_any().downcast_ref().and_then(|node| self.sequence(node))
            }
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            _ => None,
        };
        Ok(completed.map_or(Transformed::no(plan), Transformed::yes))
    }
}

/// A relation's rows with what a column of theirs determines.
struct Completed {
    plan: LogicalPlan,
    /// Where that stands.
    owner: Vec<Column>,
    /// Whether the column is NULL in no row.
    is_known: bool,
}

impl CompleteKeys {
    /// A sequence over rows that say what its entities belong to, if they can.
    fn sequence(&self, node: &Sequence) -> Option<LogicalPlan> {
        let owned = node.owned(|input, entity| {
            let [Expr::Column(entity)] = entity else { return None };
            let Completed { plan, owner, .. } = self.completed(input, entity)?;
            Some((plan, owner.into_iter().map(Expr::Column).collect()))
        });
        owned.map(LogicalPlan::from)
    }

    /// Groups by what the only key determines, too.
    fn aggregate(&self, aggregate: &Aggregate) -> Option<LogicalPlan> {
        let [Expr::Column(key)] = aggregate.group_expr.as_slice() else { return None };
        let Completed { plan, owner, .. } = self.completed(&aggregate.input, key).filter(|found| found.is_known)?;
        let groups = owner.into_iter().chain([key.clone()]).map(Expr::Column).collect();
        let groups = Aggregate::try_new(Arc::new(plan), groups, aggregate.aggr_expr.clone()).ok()?;
        let answer = aggregate.schema.columns().into_iter().map(Expr::Column).collect();
        let groups = Arc::new(LogicalPlan::Aggregate(groups));
        let answer = Projection::try_new_with_schema(answer, groups, Arc::clone(&aggregate.schema));
        answer.map(LogicalPlan::Projection).ok()
    }

    fn completed(&self, plan: &LogicalPlan, key: &Column) -> Option<Completed> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan, key),
            LogicalPlan::Filter(Filter { predicate, input, .. }) => {
                let found = self.completed(input, key)?;
                let says_so = |e: &&Expr| matches!(e, Expr::IsNotNull(of) if **of == Expr::Column(key.clone()));
                let is_known = found.is_known || split_conjunction(predicate).iter().any(says_so);
                let filter = Filter::try_new(predicate.clone(), Arc::new(found.plan)).ok()?;
                Some(Completed { plan: LogicalPlan::Filter(filter), is_known, ..found })
            }
            LogicalPlan::SubqueryAlias(SubqueryAlias { input, alias, schema, .. }) => {
                let key = Column::from(input.schema().qualified_field(schema.maybe_index_of_column(key)?));
                let Completed { plan, owner, is_known } = self.completed(input, &key)?;
                let places = owner.iter().map(|owner| plan.schema().maybe_index_of_column(owner));
                let places = places.collect::<Option<Vec<_>>>()?;
                let aliased = SubqueryAlias::try_new(Arc::new(plan), alias.clone()).ok()?;
                let owner = places.into_iter().map(|at| Column::from(aliased.schema.qualified_field(at))).collect();
                Some(Completed { plan: LogicalPlan::SubqueryAlias(aliased), owner, is_known })
            }
            LogicalPlan::Projection(Projection { expr, input, schema, .. }) => {
                let key = column(&expr[schema.maybe_index_of_column(key)?])?;
                let Completed { plan, owner, is_known } = self.completed(input, key)?;
                let mut expr = expr.clone();
                let places = owner.into_iter().map(|owner| {
                    expr.iter().position(|given| column(given) == Some(&owner)).unwrap_or_else(|| {
                        expr.push(Expr::Column(owner));
                        expr.len() - 1
                    })
                });
                let places: Vec<usize> = places.collect();
                // It may have other columns of those names already.
                let projection = Projection::try_new(expr, Arc::new(plan)).ok()?;
                let owner = places.into_iter().map(|at| Column::from(projection.schema.qualified_field(at))).collect();
                Some(Completed { plan: LogicalPlan::Projection(projection), owner, is_known })
            }
            _ => None,
        }
    }

    /// A scan, if the column alone determines others of its table's.
    fn scan(&self, scan: &TableScan, key: &Column) -> Option<Completed> {
        let provider = source_as_provider(&scan.source).ok()?;
        let (last, others) = (self.entity)(provider.as_ref())?.split_last()?;
        let at = |name: &String| scan.projected_schema.index_of_column_by_name(Some(&scan.table_name), name);
        if at(last)? != scan.projected_schema.maybe_index_of_column(key)? {
            return None;
        }
        let owner = others.iter().map(|name| Some(Column::from(scan.projected_schema.qualified_field(at(name)?))));
        let owner = owner.collect::<Option<_>>()?;
        let statistics = provider.statistics()?.column_statistics;
        let is_known = statistics.get(provider.schema().index_of(last).ok()?)?.null_count == Precision::Exact(0);
        Some(Completed { plan: LogicalPlan::TableScan(scan.clone()), owner, is_known })
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
