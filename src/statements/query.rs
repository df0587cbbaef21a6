//! Statements that answer with rows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::ParamValues;
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;

use super::context::Context;
use super::returning::Change;
use super::{changes, constants, explain, insert, lock, parameters};
use crate::catalog::{Moment, Resolver, output_names};
use crate::error::{Error, Result, SqlState};
use crate::model::mark;
use crate::outcome::{Outcome, Prepared};

/// What is known of a statement before it runs.
#[derive(Default)]
pub(super) struct Description {
    /// The type of each parameter, where something in the statement says.
    pub parameters: Vec<Option<FieldRef>>,
    /// The columns of its rows; `None` where it gives none.
    pub schema: Option<SchemaRef>,
    /// What running it will fail with. Not known of statements with parameters: what is computed of them is no constant.
    pub fault: Option<Error>,
}

/// The parameters a statement takes and the columns it gives.
pub(super) fn describe(
    context: &Context,
    statement: &ast::Statement,
    hints: &[Option<FieldRef>],
) -> Result<Description> {
    let plan = plan_with(context, statement, hints)?;
    let parameters = parameters::types(&plan, hints)?;
    if matches!(statement, ast::Statement::Explain { .. }) {
        return Ok(Description { parameters, schema: Some(explain::schema()), fault: None });
    }
    let names = output_names(statement, &plan);
    let plan = typed(context, plan, &parameters)?;
    let fault = if parameters.is_empty() { constants::fault(context, &plan)? } else { None };
    Ok(Description { parameters, schema: Some(named(plan.schema().inner(), &names)), fault })
}

/// The parameters that a write takes, and the columns that its RETURNING gives.
pub(super) fn describe_write(
    context: &Context,
    statement: &ast::Statement,
    hints: &[Option<FieldRef>],
) -> Result<Description> {
    let moment = context.resolver().moment().clone();
    let change = change_at(context, moment, statement, hints)?;
    let parameters = parameters::types(&change.plan, hints)?;
    let fault = if parameters.is_empty() { constants::fault(context, &change.plan)? } else { None };
    let Some(names) = &change.returned else { return Ok(Description { parameters, schema: None, fault }) };
    let plan = typed(context, change.plan.clone(), &parameters)?;
    let schema = Some(named(change.columns(plan.schema().inner())?.as_ref(), names));
    Ok(Description { parameters, schema, fault })
}

/// The plan with its types settled. Only with typed parameters are the outputs typed as they will be.
fn typed(context: &Context, plan: LogicalPlan, parameters: &[Option<FieldRef>]) -> Result<LogicalPlan> {
    let nulls = parameters.iter().map(|field| null(field.as_deref())).collect::<Result<Vec<_>>>()?;
    let plan = if nulls.is_empty() { plan } else { plan.with_param_values(ParamValues::List(nulls))? };
    coerced(context, plan)
}

/// The plan with its types settled: before, `CASE WHEN a THEN '' ELSE b END` has the type of its first branch.
pub(super) fn coerced(context: &Context, plan: LogicalPlan) -> Result<LogicalPlan> {
    Ok(context.engine.analyzer().execute_and_check(plan, context.engine.config_options(), |_, _| {})?)
}

/// Runs a query or an EXPLAIN.
pub(super) async fn run(
    context: &Context,
    prepared: &Prepared,
    statement: &ast::Statement,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    if let ast::Statement::Query(query) = statement {
        lock::lock_rows(context, query).await?;
    }
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
    if let ast::Statement::Query(query) = statement
        && query.locks.is_empty()
    {
        let schema = |plan: &SchemaRef| named(plan, &names);
        let (keeper, types) = (&prepared.keeper, &prepared.parameters);
        if let Some(rows) = keeper.keep(context, &resolver, &plan, types, &values, schema).await? {
            return Ok(Outcome::Rows(as_promised(prepared, rows)?));
        }
    }
    let plan = bind(plan, values, &prepared.parameters)?;
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
    Ok(under_names(context.workers.run(physical, context.task()), names))
}

/// Rows under the names that their columns have for the user.
pub(super) fn under_names(rows: SendableRecordBatchStream, names: &[String]) -> SendableRecordBatchStream {
    let schema = named(&rows.schema(), names);
    renamed(rows, schema)
}

/// Rows of the types that the client was told.
fn as_promised(prepared: &Prepared, rows: SendableRecordBatchStream) -> Result<SendableRecordBatchStream> {
    keep_promise(prepared, &rows.schema()).map(|()| rows)
}

/// 0A000 where the client was told of other types.
pub(super) fn keep_promise(prepared: &Prepared, schema: &Schema) -> Result<()> {
    match &prepared.schema {
        Some(promised) if !same_types(promised, schema) => {
            Err(Error::new(SqlState::FeatureNotSupported, "cached plan must not change result type")
                .with_hint("prepare the statement again"))
        }
        _ => Ok(()),
    }
}

/// A write that WITH stands before is parsed as a query.
fn refuse_write_under_with(query: &ast::Query) -> Result<()> {
    match query.body.as_ref() {
        ast::SetExpr::Update(_) | ast::SetExpr::Delete(_) | ast::SetExpr::Merge(_) => {
            Err(Error::unsupported("WITH RECURSIVE before UPDATE or DELETE")
                .with_hint("put the query into a subquery of WHERE"))
        }
        _ => Ok(()),
    }
}

/// Plans a statement as of what the session's statements read.
pub(super) fn plan(context: &Context, statement: &ast::Statement) -> Result<LogicalPlan> {
    plan_with(context, statement, &[])
}

/// The same where the types of some parameters are known.
fn plan_with(context: &Context, statement: &ast::Statement, types: &[Option<FieldRef>]) -> Result<LogicalPlan> {
    plan_at(context, context.resolver().moment().clone(), statement, types)
}

/// Plans a statement as of a moment.
pub(super) fn plan_at(
    context: &Context,
    moment: Moment,
    statement: &ast::Statement,
    types: &[Option<FieldRef>],
) -> Result<LogicalPlan> {
    plan_by(&resolver_for(context, moment, statement, types), statement)
}

/// What names mean to a statement as of a moment.
fn resolver_for<'c>(
    context: &'c Context,
    moment: Moment,
    statement: &ast::Statement,
    types: &[Option<FieldRef>],
) -> Resolver<'c> {
    let resolver = context.resolver_at(moment).with_parameters(types);
    if matches!(statement, ast::Statement::Insert(_)) { resolver.for_insert() } else { resolver }
}

fn plan_by(resolver: &Resolver<'_>, statement: &ast::Statement) -> Result<LogicalPlan> {
    match statement {
        ast::Statement::Query(query) => {
            refuse_write_under_with(query)?;
            resolver.plan(statement.clone())
        }
        ast::Statement::Explain { .. } => {
            let explained = explain::of(statement)?;
            // How the rows of a write are found is what there is to see of it.
            let plan = plan_by(resolver, explained.statement())?;
            Ok(LogicalPlanBuilder::from(plan).explain(explained.is_verbose(), false)?.build()?)
        }
        write => Ok(change_by(resolver, write)?.plan),
    }
}

/// Plans a write as of a moment.
pub(super) fn change_at(
    context: &Context,
    moment: Moment,
    statement: &ast::Statement,
    types: &[Option<FieldRef>],
) -> Result<Change> {
    change_by(&resolver_for(context, moment, statement, types), statement)
}

fn change_by(resolver: &Resolver<'_>, statement: &ast::Statement) -> Result<Change> {
    match statement {
        ast::Statement::Insert(insert) => insert::plan(resolver, insert),
        ast::Statement::Update(update) => changes::plan_update(resolver, update),
        ast::Statement::Delete(delete) => changes::plan_delete(resolver, delete),
        _ => Err(Error::internal("a statement that is neither a query nor a write")),
    }
}

/// Puts values in the place of parameters of these types.
pub(super) fn bind(plan: LogicalPlan, values: Vec<ScalarValue>, types: &[Option<FieldRef>]) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan);
    }
    let types = types.iter().map(Option::as_deref).chain(std::iter::repeat(None));
    let values = values.into_iter().zip(types).map(|(value, field)| with_mark(value, field));
    Ok(plan.with_param_values(ParamValues::List(values.collect()))?)
}

/// The same for a write, which needs them in the type that its column has, because the engine plans no cast.
pub(super) fn bind_change(change: Change, values: Vec<ScalarValue>) -> Result<Change> {
    let wanted = parameters::types(&change.plan, &[])?.into_iter().chain(std::iter::repeat(None));
    let cast = |(value, wanted): (ScalarValue, Option<FieldRef>)| match wanted {
        Some(wanted) => value.cast_to(wanted.data_type()).map_err(Error::from),
        None => Ok(value),
    };
    let values = values.into_iter().zip(wanted).map(cast).collect::<Result<Vec<_>>>()?;
    // Without marks: those of one row of VALUES would have to be those of all.
    Ok(Change { plan: bind(change.plan, values, &[])?, ..change })
}

fn null(field: Option<&Field>) -> Result<ScalarAndMetadata> {
    let value = ScalarValue::try_new_null(field.map_or(&DataType::Utf8View, Field::data_type))?;
    Ok(with_mark(value, field))
}

/// A value with what marks its parameter.
fn with_mark(value: ScalarValue, field: Option<&Field>) -> ScalarAndMetadata {
    ScalarAndMetadata::new(value, field.filter(|field| mark(field).is_some()).map(FieldMetadata::from))
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
