//! Makes the plan node of the logical one.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::SequenceExec;
use super::node::{Sequence, slot_type};
use super::prepare::Arguments;

/// DataFusion's planner of queries, which knows [`Sequence`] too.
#[derive(Debug, Default)]
pub struct SequenceQueries;

#[async_trait]
impl QueryPlanner for SequenceQueries {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(SequencePlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

/// Plans [`Sequence`].
#[derive(Debug, Default)]
struct SequencePlanner;

#[async_trait]
impl ExtensionPlanner for SequencePlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(node), [input]) = (node.as_any().downcast_ref::<Sequence>(), physical_inputs) else {
            return Ok(None);
        };
        let schema = node.input.schema();
        let one = |expression: &Expr| planner.create_physical_expr(expression, schema, session, context);
        let all = |expressions: &[Expr]| expressions.iter().map(one).collect::<Result<Vec<Arc<dyn PhysicalExpr>>>>();
        let mut arguments = Arguments {
            function: node.function.clone(),
            entity: all(&node.entity)?,
            at: one(&node.at)?,
            tiebreak: all(&node.tiebreak)?,
            slots: node.slots.iter().map(|slot| all(slot)).collect::<Result<_>>()?,
            constants: all(&node.constants)?,
            at_type: node.at.get_type(schema)?,
            slot_types: node.slots.iter().map(|slot| slot_type(slot, schema)).collect::<Result<_>>()?,
            wanted: vec![],
        };
        let answer = Arc::clone(datafusion::logical_expr::UserDefinedLogicalNodeCore::schema(node).inner());
        arguments.wanted = vec![true; answer.fields().len() - arguments.keys()];
        Ok(Some(Arc::new(SequenceExec::try_new(arguments, Arc::clone(input), answer)?)))
    }
}
