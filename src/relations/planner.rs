//! Finds calls of table functions in FROM and plans them.

use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::sql::sqlparser::ast::{FunctionArg, ObjectName, ObjectNamePart, TableFactor};

use super::call::Call;
use super::function::{TableFunction, table_functions};
use crate::error::{Error, Result, SqlState};

/// Plans our table functions; every other relation is left to the engine.
#[derive(Debug, Default)]
pub struct Relations;

impl RelationPlanner for Relations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> datafusion::error::Result<RelationPlanning> {
        let (name, arguments, alias, with_ordinality) = match &relation {
            TableFactor::Table { name, args: Some(args), alias, with_ordinality, .. } => {
                (name, &args.args, alias, *with_ordinality)
            }
            TableFactor::Function { name, args, alias, with_ordinality, .. } => (name, args, alias, *with_ordinality),
            _ => return Ok(RelationPlanning::Original(Box::new(relation))),
        };
        let Some(function) = find(name, context) else {
            refuse_named(name, arguments)?;
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let entry = function.entry;
        if with_ordinality {
            Err(Error::unsupported(format!("{}(...) WITH ORDINALITY", entry.name)))?;
        }
        let alias = alias.clone();
        let plan = (function.plan)(Call::read(entry, arguments.clone(), context)?)?;
        let plan = LogicalPlanBuilder::from(plan).alias(entry.name)?.build()?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

/// The function of a name, whatever its schema.
fn find(name: &ObjectName, context: &dyn RelationPlannerContext) -> Option<TableFunction> {
    let Some(ObjectNamePart::Identifier(last)) = name.0.last() else {
        return None;
    };
    let name = context.normalize_ident(last.clone());
    table_functions().into_iter().find(|function| function.entry.name == name)
}

/// The engine's functions take no named arguments, and would complain of the form of the first one.
fn refuse_named(name: &ObjectName, arguments: &[FunctionArg]) -> Result<()> {
    if arguments.iter().all(|argument| matches!(argument, FunctionArg::Unnamed(_))) {
        return Ok(());
    }
    let written = name.to_string();
    let functions = table_functions();
    let near = functions.iter().map(|function| function.entry.name).min_by_key(|n| strsim::levenshtein(n, &written));
    let error = Error::new(SqlState::UndefinedFunction, format!("table function {written}(...) does not exist"));
    Err(match near {
        Some(near) if strsim::levenshtein(near, &written) <= near.len() / 2 => {
            error.with_hint(format!("did you mean {near}?"))
        }
        _ => error,
    })
}
