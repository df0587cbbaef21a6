//! Quoted literals and parameters in the branches of a UNION take the type of the other branches, as in Postgres: in
//! `SELECT '1' UNION SELECT 2` they are integers.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, cast};

use super::expression::give;
use super::literals::quoted;

/// The branches with their quoted literals and parameters typed.
pub(super) fn alike(branches: Vec<Arc<LogicalPlan>>) -> Result<Vec<Arc<LogicalPlan>>> {
    let columns = branches.first().map_or(0, |branch| branch.schema().fields().len());
    let kinds: Vec<Option<DataType>> = (0..columns).map(|at| known(&branches, at)).collect();
    branches.into_iter().map(|branch| typed(branch, &kinds)).collect()
}

/// The type of a column that is no text, by the first branch that says one.
fn known(branches: &[Arc<LogicalPlan>], at: usize) -> Option<DataType> {
    let said = branches.iter().filter(|branch| literal(branch, at).is_none());
    let mut kinds = said.filter_map(|branch| branch.schema().fields().get(at)).map(|field| field.data_type());
    kinds.find(|kind| !kind.is_null()).filter(|kind| !kind.is_string()).cloned()
}

fn typed(branch: Arc<LogicalPlan>, kinds: &[Option<DataType>]) -> Result<Arc<LogicalPlan>> {
    let LogicalPlan::Projection(projection) = branch.as_ref() else { return Ok(branch) };
    let column = |(at, expression): (usize, &Expr)| match (kinds.get(at), literal(&branch, at)) {
        (Some(Some(kind)), Some(unknown)) => {
            let (qualifier, field) = branch.schema().qualified_field(at);
            let mut typed = unknown.clone();
            give(&mut typed, &Field::new("", kind.clone(), true));
            if quoted(&typed).is_some() {
                typed = cast(typed, kind.clone());
            }
            typed.alias_qualified(qualifier.cloned(), field.name())
        }
        _ => expression.clone(),
    };
    let columns: Vec<Expr> = projection.expr.iter().enumerate().map(column).collect();
    if columns == projection.expr {
        return Ok(branch);
    }
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(columns, Arc::clone(&projection.input))?)))
}

/// The quoted literal, or the parameter without a type, that a branch has for a column.
fn literal(branch: &LogicalPlan, at: usize) -> Option<&Expr> {
    let LogicalPlan::Projection(projection) = branch else { return None };
    let mut expression = projection.expr.get(at)?;
    while let Expr::Alias(alias) = expression {
        expression = &alias.expr;
    }
    (quoted(expression).is_some() || is_open(expression)).then_some(expression)
}

/// Whether an expression is a parameter whose type nobody said.
pub(super) fn is_open(expression: &Expr) -> bool {
    matches!(expression, Expr::Placeholder(parameter) if parameter.field.is_none())
}
