//! Statements that answer with rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::ParamValues;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;

use super::context::Context;
use super::{changes, explain, insert, parameters};
use crate::catalog::{Moment, Resolver, output_names};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared};

/// The parameters a statement takes and the columns it gives.
pub(super) fn describe(
    context: &Context,
    statement: &ast::Statement,
    hints: &[Option<DataType>],
) -> Result<(Vec<Option<DataType>>, SchemaRef)> {
    let plan = plan_with(context, statement, hints)?;
    let parameters = parameters::types(&plan, hints)?;
    if matches!(statement, ast::Statement::Explain { .. }) {
        return Ok((parameters, explain::schema()));
    }
    let names = output_names(statement, &plan);
    // Only with typed parameters are the outputs typed as they will be.
    let nulls = parameters.iter().map(|data_type| null(data_type.as_ref())).collect::<Result<Vec<_>>>()?;
    let plan = if nulls.is_empty() { plan } else { plan.with_param_values(ParamValues::from(nulls))? };
    let plan = if matches!(statement, ast::Statement::Query(_)) { coerced(context, plan)? } else { plan };
    Ok((parameters, named(plan.schema().inner(), &names)))
}

/// The plan with its types settled: before, `CASE WHEN a THEN '' ELSE b END` has the type of its first branch.
fn coerced(context: &Context, plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(context.engine.analyzer().execute_and_check(plan, context.engine.config_options(), |_, _| {})?)
}

/// Runs a query or an EXPLAIN.
pub(super) async fn run(
    context: &Context,
    prepared: &Prepared,
    statement: &ast::Statement,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    context.read().await?;
    if matches!(statement, ast::Statement::Explain { .. }) {
        let explained = explain::of(statement)?;
        if !explained.is_plain() {
            return Ok(Outcome::Rows(explained.run(context, values).await?));
        }
    }
    let resolver = context.resolver().with_parameters(&prepared.parameters);
    let plan = plan_by(&resolver, statement)?;
    let names = output_names(statement, &plan);
    if let ast::Statement::Query(_) = statement {
        let schema = |plan: &SchemaRef| named(plan, &names);
        let (keeper, types) = (&prepared.keeper, &prepared.parameters);
        if let Some(rows) = keeper.keep(context, &resolver, &plan, types, &values, schema).await? {
            return Ok(Outcome::Rows(as_promised(prepared, rows)?));
        }
    }
    let plan = bind(plan, values)?;
    if matches!(statement, ast::Statement::Explain { .. }) {
        let physical = context.engine.create_physical_plan(&plan).await?;
        return Ok(Outcome::Rows(explain::lines(context.workers.run(physical, context.task()))));
    }
    let rows = stream(context, &plan, &names).await?;
    Ok(Outcome::Rows(as_promised(prepared, rows)?))
}

/// The rows of a plan under the names their columns have for the user; dropping them stops it.
pub(super) async fn stream(
    context: &Context,
    plan: &LogicalPlan,
    names: &[String],
) -> Result<SendableRecordBatchStream> {
    let physical = context.engine.create_physical_plan(plan).await?;
    let rows = context.workers.run(physical, context.task());
    let schema = named(&rows.schema(), names);
    Ok(renamed(rows, schema))
}

/// Rows of the types that the client was told.
fn as_promised(prepared: &Prepared, rows: SendableRecordBatchStream) -> Result<SendableRecordBatchStream> {
    match &prepared.schema {
        Some(promised) if !same_types(promised, &rows.schema()) => {
            Err(Error::new(SqlState::FeatureNotSupported, "cached plan must not change result type")
                .with_hint("prepare the statement again"))
        }
        _ => Ok(rows),
    }
}

/// A write that WITH stands before is parsed as a query.
fn refuse_write_under_with(query: &ast::Query) -> Result<()> {
    match query.body.as_ref() {
        ast::SetExpr::Update(_) | ast::SetExpr::Delete(_) | ast::SetExpr::Merge(_) => {
            Err(Error::unsupported("WITH before UPDATE or DELETE").with_hint("put the query into a subquery of WHERE"))
        }
        _ => Ok(()),
    }
}

/// Plans a statement as of what the session's statements read.
pub(super) fn plan(context: &Context, statement: &ast::Statement) -> Result<LogicalPlan> {
    plan_with(context, statement, &[])
}

/// The same where the types of some parameters are known.
fn plan_with(context: &Context, statement: &ast::Statement, types: &[Option<DataType>]) -> Result<LogicalPlan> {
    plan_at(context, context.resolver().moment().clone(), statement, types)
}

/// Plans a statement as of a moment.
pub(super) fn plan_at(
    context: &Context,
    moment: Moment,
    statement: &ast::Statement,
    types: &[Option<DataType>],
) -> Result<LogicalPlan> {
    let resolver = context.resolver_at(moment).with_parameters(types);
    match statement {
        ast::Statement::Insert(_) => plan_by(&resolver.for_insert(), statement),
        _ => plan_by(&resolver, statement),
    }
}

fn plan_by(resolver: &Resolver<'_>, statement: &ast::Statement) -> Result<LogicalPlan> {
    match statement {
        ast::Statement::Insert(insert) => insert::plan(resolver, insert),
        ast::Statement::Update(update) => changes::plan_update(resolver, update),
        ast::Statement::Delete(delete) => changes::plan_delete(resolver, delete),
        ast::Statement::Query(query) => {
            refuse_write_under_with(query)?;
            resolver.plan(statement.clone())
        }
        other => {
            let explained = explain::of(other)?;
            // How the rows of a write are found is what there is to see of it.
            let plan = match plan_by(resolver, explained.statement())? {
                LogicalPlan::Dml(write) => Arc::unwrap_or_clone(write.input),
                plan => plan,
            };
            Ok(LogicalPlanBuilder::from(plan).explain(explained.is_verbose(), false)?.build()?)
        }
    }
}

/// Puts values in the place of parameters; a write needs them in the type its column has, because the engine plans no cast.
pub(super) fn bind(plan: LogicalPlan, values: Vec<ScalarValue>) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan);
    }
    let values = match &plan {
        LogicalPlan::Dml(_) => {
            let wanted = parameters::types(&plan, &[])?;
            let cast = |(value, wanted): (ScalarValue, Option<DataType>)| match wanted {
                Some(wanted) => value.cast_to(&wanted).map_err(Error::from),
                None => Ok(value),
            };
            values.into_iter().zip(wanted).map(cast).collect::<Result<Vec<_>>>()?
        }
        _ => values,
    };
    Ok(plan.with_param_values(ParamValues::from(values))?)
}

fn null(data_type: Option<&DataType>) -> Result<ScalarValue> {
    Ok(ScalarValue::try_new_null(data_type.unwrap_or(&DataType::Utf8View))?)
}

fn named(schema: &Schema, names: &[String]) -> SchemaRef {
    let fields = schema.fields().iter().zip(names).map(|(field, name)| field.as_ref().clone().with_name(name));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Whether clients that were told of one schema can read rows of the other. Texts are one type, in whatever layout, and so are
/// numerics, whatever their digits: how many `round(x, 2)` leaves is known only when constants are.
fn same_types(promised: &Schema, schema: &Schema) -> bool {
    let same = |one: &DataType, other: &DataType| {
        one == other
            || (one.is_decimal() && other.is_decimal())
            || (one.is_string() || one.is_null()) && (other.is_string() || other.is_null())
    };
    promised.fields().len() == schema.fields().len()
        && promised.fields().iter().zip(schema.fields()).all(|(a, b)| same(a.data_type(), b.data_type()))
}

/// The same rows under the names of a schema.
pub(super) fn renamed(rows: SendableRecordBatchStream, schema: SchemaRef) -> SendableRecordBatchStream {
    let renamed = schema.clone();
    let batches = rows.map(move |batch| {
        let batch = batch?;
        let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(nullable(&renamed), batch.columns().to_vec(), &options)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(nullable(&schema), batches))
}

/// The schema with every column nullable: a plan may promise more at its top than its batches keep.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
