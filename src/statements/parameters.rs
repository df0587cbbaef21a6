//! The types of a statement's parameters.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::scalar::ScalarValue;
use postgres_types::Type;

use crate::catalog::{MOST_PARAMETERS, parameter_index};
use crate::error::{Error, Result, SqlState};
use crate::model::{PG_TYPE_KEY, array_of, element_of, mark, marked};

/// The type of each parameter: what the statement implies by operators and columns, else what the client declared, else what it
/// implies by a cast of the parameter or an array beside it.
pub(super) fn types(plan: &LogicalPlan, hints: &[Option<FieldRef>]) -> Result<Vec<Option<FieldRef>>> {
    let mut types: Vec<Option<FieldRef>> = vec![None; hints.len()];
    for (name, field) in fields(plan)? {
        let at = parameter_index(&name)
            .filter(|at| *at < MOST_PARAMETERS)
            .ok_or_else(|| Error::new(SqlState::UndefinedParameter, format!("there is no parameter {name}")))?;
        if at >= types.len() {
            types.resize(at + 1, None);
        }
        types[at] = field.filter(|field| !field.data_type().is_null());
    }
    let implied = if types.iter().any(Option::is_none) { implied(plan)? } else { HashMap::new() };
    for (at, field) in types.iter_mut().enumerate() {
        let hint = || hints.get(at).cloned().flatten();
        *field = field.take().or_else(hint).or_else(|| implied.get(&at).cloned());
    }
    Ok(types)
}

/// What the plan says of each parameter, in the first place that says something: a text may be of a `varchar` of one length here and
/// of another there. 42P08 where it would be of two types.
fn fields(plan: &LogicalPlan) -> Result<HashMap<String, Option<FieldRef>>> {
    let mut found: HashMap<String, Option<FieldRef>> = HashMap::new();
    plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|expression| {
                if let Expr::Placeholder(Placeholder { id, field }) = expression {
                    let known = found.entry(id.clone()).or_default();
                    match (known.as_ref(), field) {
                        (Some(known), Some(field)) if known.data_type() != field.data_type() => {
                            let message = format!("inconsistent types deduced for parameter {id}");
                            return Err(Error::new(SqlState::AmbiguousParameter, message).into());
                        }
                        (Some(_), _) => {}
                        (None, field) => *known = field.as_deref().map(of_column),
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found)
}

/// A parameter of the type of a column. How long a text may be is the column's to say: a parameter has no modifier.
pub(super) fn of_column(field: &Field) -> FieldRef {
    let plain = Field::new("", field.data_type().clone(), true);
    Arc::new(match (mark(field), field.metadata().get(PG_TYPE_KEY)) {
        (Some((postgres, _)), _) => marked(&postgres, -1).with_data_type(field.data_type().clone()),
        (None, Some(name)) if name == Type::OID.name() => {
            plain.with_metadata([(PG_TYPE_KEY.into(), name.clone())].into())
        }
        _ => plain,
    })
}

/// Values as the statement was planned for them: text where nothing says the type.
pub(super) fn planned(values: Vec<ScalarValue>, types: &[Option<FieldRef>]) -> Vec<ScalarValue> {
    let planned = values.into_iter().zip(types).map(|(value, field)| match (field, value) {
        (None, ScalarValue::Null) => ScalarValue::Utf8View(None),
        (None, ScalarValue::Utf8(text)) => ScalarValue::Utf8View(text),
        (_, value) => value,
    });
    planned.collect()
}

/// What Postgres concludes and the engine doesn't: `$1::int`, `x = ANY ($1)`, `$1 = ANY (list)`, `LIMIT $1`.
fn implied(plan: &LogicalPlan) -> Result<HashMap<usize, FieldRef>> {
    let mut found = HashMap::new();
    plan.apply_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        if let LogicalPlan::Limit(limit) = node {
            for count in [&limit.skip, &limit.fetch].into_iter().flatten() {
                conclude(count, &Field::new("", DataType::Int64, true), &mut found);
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

fn of_expression(expression: &Expr, schema: &DFSchema, found: &mut HashMap<usize, FieldRef>) {
    match expression {
        Expr::Cast(cast) => conclude(&cast.expr, &cast.field, found),
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "array_has" => {
            let [list, element] = args.as_slice() else { return };
            if let Some(element) = known(element, schema) {
                conclude(list, &array_of(&element), found);
            }
            if let Some(array) = known(list, schema).and_then(|list| element_of(&list)) {
                conclude(element, &array, found);
            }
        }
        _ => {}
    }
}

/// An expression that is no parameter, as a field.
fn known(expression: &Expr, schema: &DFSchema) -> Option<FieldRef> {
    let (_, field) = expression.to_field(schema).ok()?;
    (!field.data_type().is_null()).then_some(field)
}

fn conclude(expression: &Expr, field: &Field, found: &mut HashMap<usize, FieldRef>) {
    if let Expr::Placeholder(Placeholder { id, .. }) = expression
        && let Some(at) = parameter_index(id)
    {
        found.entry(at).or_insert_with(|| of_column(field));
    }
}
