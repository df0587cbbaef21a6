//! Makes the plan node of the logical one.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::SequenceExec;
use super::function::Slot;
use super::node::{Sequence, slot_type};
use super::prepare::{Arguments, Side};

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
        let (Some(node), [input, others @ ..]) = (node.as_any().downcast_ref::<Sequence>(), physical_inputs) else {
            return Ok(None);
        };
        let all = |expressions: &[Expr], schema: &DFSchema| {
            let one = |expression| planner.create_physical_expr(expression, schema, session, context);
            expressions.iter().map(one).collect::<Result<Vec<Arc<dyn PhysicalExpr>>>>()
        };
        let slots = |kinds: Vec<Slot>, slots: &[Vec<Expr>], schema: &DFSchema| {
            let slots = kinds.into_iter().zip(slots).map(|(kind, slot)| Ok((kind, all(slot, schema)?)));
            slots.collect::<Result<Vec<_>>>()
        };
        let schema = node.input.schema();
        let mut slot_types = node.slots.iter().map(|slot| slot_type(slot, schema)).collect::<Result<Vec<_>>>()?;
        let beside = match (&node.beside, others) {
            (Some(beside), [other]) => {
                let schema = beside.input.schema();
                for slot in &beside.slots {
                    slot_types.push(slot_type(slot, schema)?);
                }
                let rows = Side {
                    entity: all(&beside.entity, schema)?,
                    owner: all(&node.owner_beside, schema)?,
                    promised: false,
                    at: planner.create_physical_expr(&beside.at, schema, session, context)?,
                    tiebreak: vec![],
                    slots: slots(node.function.beside(), &beside.slots, schema)?,
                };
                Some((rows.ordered_as(other)?, Arc::clone(other)))
            }
            _ => None,
        };
        let rows = Side {
            entity: all(&node.entity, schema)?,
            owner: all(&node.owner, schema)?,
            promised: false,
            at: planner.create_physical_expr(&node.at, schema, session, context)?,
            tiebreak: all(&node.tiebreak, schema)?,
            slots: slots(node.function.slots(), &node.slots, schema)?,
        };
        let mut arguments = Arguments {
            function: node.function.clone(),
            rows: rows.ordered_as(input)?,
            constants: all(&node.constants, schema)?,
            at_type: node.at.get_type(schema)?,
            slot_types,
            wanted: vec![],
        };
        let answer = Arc::clone(datafusion::logical_expr::UserDefinedLogicalNodeCore::schema(node).inner());
        arguments.wanted = vec![true; answer.fields().len() - arguments.keys()];
        Ok(Some(Arc::new(SequenceExec::try_new(arguments, Arc::clone(input), beside, answer)?)))
    }
}
