//! What is copied: the columns, the rows, and the one commit of what came in.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{self, CopySource, CopyTarget};
use datafusion::sql::sqlparser::parser::Parser;
use futures::StreamExt;

use super::super::condition::{self, Clause};
use super::super::context::Context;
use super::super::{defaults, names, query, write};
use super::options::CopyOptions;
use super::parse::{CopyDirection, CopyStatement};
use crate::catalog::Privilege;
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;
use crate::outcome::{Outcome, Tag};

/// `COPY ... TO STDOUT`: rows on their way out.
pub struct CopyOut {
    /// The rows; dropping them stops the query.
    pub rows: SendableRecordBatchStream,
    /// How they are spelled.
    pub options: CopyOptions,
}

/// `COPY ... FROM STDIN`: what the rows to come must be. Whoever receives them hands them to [`crate::Session::copy_in`].
#[derive(Clone)]
pub struct CopyIn {
    /// How they are spelled.
    pub options: CopyOptions,
    /// The table's name, for messages.
    pub relation: String,
    /// The table's columns: what the batches must have.
    pub schema: SchemaRef,
    /// Which of them come, in their order; the others have their defaults.
    pub columns: Vec<usize>,
    target: TableReference,
    /// WHERE: what is kept of what comes.
    condition: Option<Arc<dyn PhysicalExpr>>,
}

impl CopyIn {
    /// Whether WHERE says which of the rows that come are stored.
    pub fn is_filtered(&self) -> bool {
        self.condition.is_some()
    }
}

/// Begins a COPY.
pub(in crate::statements) async fn run(context: &Context, copy: &CopyStatement) -> Result<Outcome> {
    refuse_files(&copy.target)?;
    if copy.direction == CopyDirection::Out {
        context.read().await?;
    }
    match (&copy.source, copy.direction) {
        (CopySource::Query(query), _) => to_stdout(context, query_of(query)?, None, copy).await,
        (CopySource::Table { table_name, columns }, CopyDirection::Out) => {
            refuse_view(context, table_name)?;
            to_stdout(context, all_of(table_name)?, Some((table_name, columns)), copy).await
        }
        (CopySource::Table { table_name, columns }, CopyDirection::In) => {
            from_stdin(context, table_name, columns, copy)
        }
    }
}

/// Adds the rows that came to the table and counts those that its WHERE kept. They have the columns of
/// [`CopyIn::schema`].
pub(crate) async fn append(context: &Context, copy: CopyIn, rows: SendableRecordBatchStream) -> Result<Tag> {
    let mut block = context.block().await;
    let target = write::target(&context.resolver_at(block.moment()), &copy.target, Privilege::Insert)?;
    if target.schema() != copy.schema {
        let message = format!("relation \"{}\" was changed while rows were copied to it", copy.relation);
        return Err(Error::new(SqlState::SerializationFailure, message));
    }
    let resolver = context.resolver_at(block.moment());
    let rows = defaults::complete(context, &resolver, &target, &copy.columns, rows)?;
    drop(resolver);
    let rows = match copy.condition {
        Some(condition) => kept(rows, condition),
        None => rows,
    };
    let count = write::append_to(context, &mut block, target, rows).await?;
    block.finish().await?;
    Ok(Tag::counted("COPY", count))
}

async fn to_stdout(
    context: &Context,
    statement: ast::Statement,
    table: Option<(&ast::ObjectName, &[ast::Ident])>,
    copy: &CopyStatement,
) -> Result<Outcome> {
    let options = CopyOptions::of(&copy.options, true)?;
    let plan = query::plan(context, &statement)?;
    if let Some(name) = plan.get_parameter_types()?.into_keys().min() {
        return Err(Error::new(SqlState::UndefinedParameter, format!("there is no parameter {name}")));
    }
    let names = crate::catalog::output_names(&statement, &plan);
    let relation = table.map(|(name, _)| names::parts(name)).transpose()?.and_then(|mut parts| parts.pop());
    let listed = table.map_or(&[][..], |(_, columns)| columns);
    let columns = columns(relation.as_deref(), &names, listed)?;
    let copied: Vec<&str> = columns.iter().map(|&at| names[at].as_str()).collect();
    check_named(relation.as_deref(), &options, &names, &copied)?;
    let copied = copied.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let plan = if listed.is_empty() { plan } else { projected(plan, &columns)? };
    let rows = query::stream(context, &plan, &copied).await?;
    Ok(Outcome::CopyOut(CopyOut { rows, options }))
}

fn from_stdin(
    context: &Context,
    name: &ast::ObjectName,
    listed: &[ast::Ident],
    copy: &CopyStatement,
) -> Result<Outcome> {
    let target = names::reference(name)?;
    if is_view(context, &target) {
        let message = format!("cannot copy to view \"{}\"", target.table());
        return Err(Error::new(SqlState::WrongObjectType, message).with_hint("write to the tables it reads"));
    }
    let table = write::target(&context.resolver(), &target, Privilege::Insert)?;
    let (relation, schema) = (table.relation.name.clone(), table.schema());
    let options = CopyOptions::of(&copy.options, false)?;
    let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let columns = columns(Some(&relation), &names, listed)?;
    let copied: Vec<&str> = columns.iter().map(|&at| names[at].as_str()).collect();
    check_named(Some(&relation), &options, &names, &copied)?;
    let clause = Clause { word: "WHERE", called: "COPY FROM WHERE condition" };
    let condition = copy.condition.as_ref();
    let condition = condition.map(|c| condition::compiled(context, &relation, &schema, &c.to_string(), &clause));
    let condition = condition.transpose()?;
    Ok(Outcome::CopyIn(CopyIn { options, relation, schema, columns, target, condition }))
}

/// The table that rows come into, if they do.
pub(in crate::statements) fn target(copy: &CopyStatement) -> Option<TableReference> {
    match &copy.source {
        CopySource::Table { table_name, .. } => names::reference(table_name).ok(),
        CopySource::Query(_) => None,
    }
}

/// Files and programs are the server's: nobody reaches them by SQL.
fn refuse_files(target: &CopyTarget) -> Result<()> {
    let what = match target {
        CopyTarget::Stdin | CopyTarget::Stdout => return Ok(()),
        CopyTarget::File { .. } => "a file of the server",
        CopyTarget::Program { .. } => "a program of the server",
    };
    Err(Error::new(SqlState::InsufficientPrivilege, format!("permission denied to COPY to or from {what}"))
        .with_hint("use STDIN or STDOUT; psql's \\copy reads and writes files of the client"))
}

/// A view is copied by a query, as in Postgres; other names are the query's to resolve.
fn refuse_view(context: &Context, name: &ast::ObjectName) -> Result<()> {
    let name = names::reference(name)?;
    if !is_view(context, &name) {
        return Ok(());
    }
    let message = format!("cannot copy from view \"{}\"", name.table());
    Err(Error::new(SqlState::WrongObjectType, message).with_hint("try the COPY (SELECT ...) TO variant"))
}

fn is_view(context: &Context, name: &TableReference) -> bool {
    let resolver = context.resolver();
    resolver.relation(name).is_ok_and(|relation| resolver.moment().state.table(relation).is_none())
}

fn query_of(query: &ast::Query) -> Result<ast::Statement> {
    match query.body.as_ref() {
        ast::SetExpr::Insert(_) | ast::SetExpr::Update(_) | ast::SetExpr::Delete(_) | ast::SetExpr::Merge(_) => {
            Err(Error::unsupported("COPY of a statement that writes").with_hint("write first, then copy a SELECT"))
        }
        _ => Ok(ast::Statement::Query(Box::new(query.clone()))),
    }
}

/// `SELECT * FROM` a relation.
fn all_of(name: &ast::ObjectName) -> Result<ast::Statement> {
    let select = Parser::parse_sql(&Postgres, &format!("SELECT * FROM {name}"));
    select.map_err(DataFusionError::from)?.pop().ok_or_else(|| Error::internal("a query that is none"))
}

fn projected(plan: LogicalPlan, columns: &[usize]) -> Result<LogicalPlan> {
    let all = plan.schema().columns();
    let columns = columns.iter().map(|&at| datafusion::logical_expr::Expr::Column(all[at].clone()));
    Ok(LogicalPlanBuilder::from(plan).project(columns.collect::<Vec<_>>())?.build()?)
}

/// The columns listed, by position; all where none is.
fn columns(relation: Option<&str>, names: &[String], listed: &[ast::Ident]) -> Result<Vec<usize>> {
    if listed.is_empty() {
        return Ok((0..names.len()).collect());
    }
    let mut columns = Vec::with_capacity(listed.len());
    for column in listed {
        let column = names::fold(column);
        let at = names.iter().position(|name| *name == column).ok_or_else(|| missing(relation, &column))?;
        if columns.contains(&at) {
            let message = format!("column \"{column}\" specified more than once");
            return Err(Error::new(SqlState::DuplicateColumn, message));
        }
        columns.push(at);
    }
    Ok(columns)
}

/// Options may name columns that are copied, and no others.
fn check_named(relation: Option<&str>, options: &CopyOptions, names: &[String], copied: &[&str]) -> Result<()> {
    for (option, column) in options.named() {
        if !names.iter().any(|name| name == column) {
            return Err(missing(relation, column));
        }
        if !copied.contains(&column) {
            let message = format!("{option} column \"{column}\" not referenced by COPY");
            return Err(Error::new(SqlState::InvalidColumnReference, message));
        }
    }
    Ok(())
}

fn missing(relation: Option<&str>, column: &str) -> Error {
    let of = relation.map(|relation| format!(" of relation \"{relation}\"")).unwrap_or_default();
    Error::new(SqlState::UndefinedColumn, format!("column \"{column}\"{of} does not exist"))
}

/// The rows for which a condition holds.
fn kept(rows: SendableRecordBatchStream, condition: Arc<dyn PhysicalExpr>) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let batches = rows.map(move |batch| {
        let batch = batch?;
        let verdict = condition.evaluate(&batch)?.into_array(batch.num_rows())?;
        let none = BooleanArray::from(vec![false; batch.num_rows()]);
        let verdict = if verdict.data_type().is_null() { &none } else { verdict.as_boolean() };
        Ok(filter_record_batch(&batch, verdict)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, batches))
}
