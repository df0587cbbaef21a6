//! The types of a statement's parameters.

use std::collections::HashMap;

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, Result, SqlState};

/// The messages of the wire count parameters in 16 bits.
const MOST: usize = u16::MAX as usize;

/// The type of each parameter: what the statement implies by operators and columns, else what the client declared, else what it
/// implies by a cast of the parameter or an array beside it.
pub(super) fn types(plan: &LogicalPlan, hints: &[Option<DataType>]) -> Result<Vec<Option<DataType>>> {
    let mut types: Vec<Option<DataType>> = vec![None; hints.len()];
    for (name, data_type) in plan.get_parameter_types()? {
        let at = index(&name)
            .filter(|at| *at < MOST)
            .ok_or_else(|| Error::new(SqlState::UndefinedParameter, format!("there is no parameter {name}")))?;
        if at >= types.len() {
            types.resize(at + 1, None);
        }
        types[at] = data_type.filter(|t| *t != DataType::Null);
    }
    let implied = if types.iter().any(Option::is_none) { implied(plan)? } else { HashMap::new() };
    for (at, data_type) in types.iter_mut().enumerate() {
        let hint = || hints.get(at).cloned().flatten();
        *data_type = data_type.take().or_else(hint).or_else(|| implied.get(&at).cloned());
    }
    Ok(types)
}

/// Values as the statement was planned for them: text where nothing says the type.
pub(super) fn planned(values: Vec<ScalarValue>, types: &[Option<DataType>]) -> Vec<ScalarValue> {
    let planned = values.into_iter().zip(types).map(|(value, data_type)| match (data_type, value) {
        (None, ScalarValue::Null) => ScalarValue::Utf8View(None),
        (None, ScalarValue::Utf8(text)) => ScalarValue::Utf8View(text),
        (_, value) => value,
    });
    planned.collect()
}

/// Where a parameter stands among the values: `$1` is the first.
pub(super) fn index(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

/// What Postgres concludes and the engine doesn't: `$1::int`, `x = ANY ($1)`, `$1 = ANY (list)`, `LIMIT $1`.
fn implied(plan: &LogicalPlan) -> Result<HashMap<usize, DataType>> {
    let mut found = HashMap::new();
    plan.apply_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        if let LogicalPlan::Limit(limit) = node {
            for count in [&limit.skip, &limit.fetch].into_iter().flatten() {
                conclude(count, &DataType::Int64, &mut found);
            }
        }
        node.apply_expressions(|expression| {
            expression.apply(|expression| {
                of_expression(expression, &schema, &mut found);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })
    .map(|_| found)
    .map_err(Error::from)
}

fn of_expression(expression: &Expr, schema: &DFSchema, found: &mut HashMap<usize, DataType>) {
    match expression {
        Expr::Cast(cast) => conclude(&cast.expr, cast.field.data_type(), found),
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "array_has" => {
            let [list, element] = args.as_slice() else { return };
            if let Some(element) = known(element, schema) {
                conclude(list, &DataType::new_list(element, true), found);
            }
            if let Some(DataType::List(item)) = known(list, schema) {
                conclude(element, item.data_type(), found);
            }
        }
        _ => {}
    }
}

/// The type of an expression that is no parameter.
fn known(expression: &Expr, schema: &DFSchema) -> Option<DataType> {
    let data_type: EngineResult<DataType> = expression.get_type(schema);
    data_type.ok().filter(|data_type| !data_type.is_null())
}

fn conclude(expression: &Expr, data_type: &DataType, found: &mut HashMap<usize, DataType>) {
    if let Expr::Placeholder(Placeholder { id, .. }) = expression
        && let Some(at) = index(id)
    {
        found.entry(at).or_insert_with(|| data_type.clone());
    }
}
