//! The way from a source to an operator, with text as dictionaries: entities are then told apart by comparing numbers, and
//! conditions are computed once per entry.
//!
//! Only that way changes, and nothing that either end says: what else reads such a column on it gets its values.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::physical_expr::expressions::{CastExpr, Column, IsNotNullExpr, IsNullExpr};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use super::conditions::{first, only_column};
use super::per_entry::PerEntry;
use crate::model::AsCodes;

/// The same rows with text as dictionaries, if the plan is nothing but filters and projections over a source that has any.
pub fn input_in_codes(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if plan.children().is_empty() {
        return Ok(plan.with_new_state(Arc::new(AsCodes)));
    }
    if let Some(filter) = plan.downcast_ref::<FilterExec>() {
        return filter_in_codes(filter);
    }
    match plan.downcast_ref::<ProjectionExec>() {
        Some(projection) => projection_in_codes(projection),
        None => Ok(None),
    }
}

fn filter_in_codes(filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(input) = input_in_codes(filter.input())? else {
        return Ok(None);
    };
    let types = Types { plain: &filter.input().schema(), coded: &input.schema() };
    let predicate = types.condition(Arc::clone(filter.predicate()))?;
    let filter = FilterExecBuilder::new(predicate, input)
        .apply_projection_by_ref(filter.projection().as_ref())?
        .with_default_selectivity(filter.default_selectivity())
        .with_batch_size(filter.batch_size())
        .with_fetch(filter.fetch());
    Ok(Some(Arc::new(filter.build()?)))
}

fn projection_in_codes(projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(input) = input_in_codes(projection.input())? else {
        return Ok(None);
    };
    let types = Types { plain: &projection.input().schema(), coded: &input.schema() };
    let columns = projection
        .expr()
        .iter()
        .map(|given| Ok(ProjectionExpr { expr: types.keep(Arc::clone(&given.expr))?, alias: given.alias.clone() }));
    Ok(Some(Arc::new(ProjectionExec::try_new(columns.collect::<Result<Vec<_>>>()?, input)?)))
}

/// The columns of an input as they were, and as they come now.
pub struct Types<'a> {
    pub plain: &'a Schema,
    pub coded: &'a Schema,
}

impl Types<'_> {
    /// The same expressions, columns left as they come.
    pub fn kept(&self, expressions: &[Arc<dyn PhysicalExpr>]) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
        expressions.iter().map(|expression| self.keep(Arc::clone(expression))).collect()
    }

    /// The same expressions over the values that there were.
    pub fn decoded(&self, expressions: &[Arc<dyn PhysicalExpr>]) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
        expressions.iter().map(|expression| self.decode(Arc::clone(expression))).collect()
    }

    fn keep(&self, expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        if expression.is::<Column>() { Ok(expression) } else { self.decode(expression) }
    }

    /// A filter: what reads one coded column alone is computed per entry.
    pub fn condition(&self, condition: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let rewritten = condition.transform_down(|e| {
            if e.data_type(self.plain)? != DataType::Boolean || e.is::<IsNullExpr>() || e.is::<IsNotNullExpr>() {
                return Ok(Transformed::new(self.decode(e)?, true, TreeNodeRecursion::Jump));
            }
            let Some(column) = only_column(&e).filter(|column| self.was(column).is_some()) else {
                return Ok(Transformed::no(e));
            };
            let decoded = self.decode(e)?;
            let alone = first(Arc::clone(&decoded))?;
            Ok(Transformed::new(Arc::new(PerEntry::new(column, decoded, alone)), true, TreeNodeRecursion::Jump))
        });
        Ok(rewritten?.data)
    }

    /// The same expression over the values that there were.
    pub fn decode(&self, expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let decoded = expression.transform_down(|e| {
            let asks_for_null = e.is::<IsNullExpr>() || e.is::<IsNotNullExpr>();
            if asks_for_null && e.children().iter().all(|inner| inner.is::<Column>()) {
                return Ok(Transformed::new(e, false, TreeNodeRecursion::Jump));
            }
            let Some(plain) = e.downcast_ref::<Column>().and_then(|column| self.was(column)) else {
                return Ok(Transformed::no(e));
            };
            Ok(Transformed::new(Arc::new(CastExpr::new(e, plain, None)), true, TreeNodeRecursion::Jump))
        });
        Ok(decoded?.data)
    }

    /// Whether an expression reads a column that comes as codes.
    pub fn reads_codes(&self, expression: &Arc<dyn PhysicalExpr>) -> bool {
        collect_columns(expression).iter().any(|column| self.was(column).is_some())
    }

    /// The type that a column had, if it has another now.
    fn was(&self, column: &Column) -> Option<DataType> {
        let was = self.plain.field(column.index()).data_type();
        (was != self.coded.field(column.index()).data_type()).then(|| was.clone())
    }
}
