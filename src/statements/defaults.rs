//! DEFAULT: what a column holds where a statement doesn't say, NULL unless its table says otherwise.
//!
//! A default is kept as text. Statements plan it like anything that is written in them; rows that come by COPY or from a program
//! have it computed batch by batch.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, new_null_array};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{self, Visit, Visitor};
use datafusion::sql::sqlparser::parser::Parser;
use futures::StreamExt;

use super::context::Context;
use super::write::Target;
use super::{condition, prepared, query};
use crate::catalog::{RelationRecord, Resolver, as_column};
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;

/// The default of a column.
pub(super) fn of(relation: &RelationRecord, column: &str) -> Result<Option<ast::Expr>> {
    relation.default(column).map(parse).transpose()
}

/// The defaults that the columns of a new table declare.
pub(super) fn of_columns(
    context: &Context,
    resolver: &Resolver<'_>,
    columns: &[ast::ColumnDef],
    schema: &Schema,
) -> Result<BTreeMap<String, String>> {
    let mut defaults = BTreeMap::new();
    for (column, field) in columns.iter().zip(schema.fields()) {
        if let Some(default) = written(column) {
            defaults.insert(field.name().clone(), declared(context, resolver, default, field)?);
        }
    }
    Ok(defaults)
}

/// The default that a column is declared with.
pub(super) fn written(column: &ast::ColumnDef) -> Option<&ast::Expr> {
    column.options.iter().find_map(|option| match &option.option {
        // NULL is what a column has without one.
        ast::ColumnOption::Default(ast::Expr::Value(value)) if value.value == ast::Value::Null => None,
        ast::ColumnOption::Default(default) => Some(default),
        _ => None,
    })
}

/// Whether a value is the word DEFAULT.
pub(super) fn is_word(value: &ast::Expr) -> bool {
    let is_word = |word: &ast::Ident| word.quote_style.is_none() && word.value.eq_ignore_ascii_case("default");
    matches!(value, ast::Expr::Identifier(word) if is_word(word))
}

/// What the word DEFAULT stands for, in place of a value for a column.
pub(super) fn put(value: &mut ast::Expr, relation: &RelationRecord, column: &str) -> Result<()> {
    if is_word(value) {
        *value = of(relation, column)?.unwrap_or(ast::Expr::Value(ast::Value::Null.into()));
    }
    Ok(())
}

/// The default of a column as an expression of its type.
pub(super) fn planned(resolver: &Resolver<'_>, relation: &RelationRecord, field: &Field) -> Result<Option<Expr>> {
    of(relation, field.name())?.map(|default| plan(resolver, default, field)).transpose()
}

/// A default that is declared, as it is kept: it must be of a type that the column's type can be made of, and reads no rows.
pub(super) fn declared(
    context: &Context,
    resolver: &Resolver<'_>,
    default: &ast::Expr,
    field: &Field,
) -> Result<String> {
    let refused = |what: &str| {
        let message = format!("cannot use {what} in DEFAULT expression");
        Err(Error::new(SqlState::FeatureNotSupported, message))
    };
    match default.visit(&mut ReadsRows) {
        ControlFlow::Break(what) => refused(what),
        ControlFlow::Continue(()) => {
            // What can't be computed is told of now, and not by the first row.
            Computed::compile(context, plan(resolver, default.clone(), field)?)?.rows(0)?;
            Ok(default.to_string())
        }
    }
}

/// The expression that a kept text is.
pub(super) fn parse(text: &str) -> Result<ast::Expr> {
    let parser = Parser::new(&Postgres).try_with_sql(text);
    Ok(parser.and_then(|mut parser| parser.parse_expr()).map_err(DataFusionError::from)?)
}

fn plan(resolver: &Resolver<'_>, default: ast::Expr, field: &Field) -> Result<Expr> {
    match resolver.plan(prepared::selecting(std::iter::once(default))?)? {
        LogicalPlan::Projection(mut selected) if selected.expr.len() == 1 => {
            Ok(as_column(selected.expr.remove(0).unalias(), field))
        }
        other => Err(Error::internal(format!("a default was planned as {}", other.display()))),
    }
}

/// Rows with the columns of a table, of which only those given have values: the others get their defaults.
pub(super) fn complete(
    context: &Context,
    resolver: &Resolver<'_>,
    target: &Target,
    given: &[usize],
    rows: SendableRecordBatchStream,
) -> Result<SendableRecordBatchStream> {
    let (schema, columns) = (target.schema(), rows.schema());
    let absent = schema.fields().iter().enumerate().filter(|(at, _)| !given.contains(at));
    let absent = absent.filter(|(_, field)| target.relation.default(field.name()).is_some());
    let computed = absent.map(|(at, field)| Ok((at, Computed::of(context, resolver, &target.relation, field)?)));
    let computed = computed.collect::<Result<Vec<_>>>()?;
    if computed.is_empty() {
        return Ok(rows);
    }
    let batches = rows.map(move |batch| {
        let batch = batch?;
        let mut columns = batch.columns().to_vec();
        for (at, default) in &computed {
            columns[*at] = default.rows(batch.num_rows())?;
        }
        Ok(RecordBatch::try_new(batch.schema(), columns)?)
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(columns, batches)))
}

/// Finds what a default can't have.
struct ReadsRows;

impl Visitor for ReadsRows {
    type Break = &'static str;

    fn pre_visit_query(&mut self, _: &ast::Query) -> ControlFlow<Self::Break> {
        ControlFlow::Break("subquery")
    }

    fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<Self::Break> {
        match expr {
            ast::Expr::CompoundIdentifier(_) => ControlFlow::Break("column reference"),
            ast::Expr::Identifier(ident) if ident.quote_style.is_some() || !is_value(&ident.value) => {
                ControlFlow::Break("column reference")
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Words that are parsed as columns and are values.
fn is_value(word: &str) -> bool {
    ["localtimestamp", "current_schema"].iter().any(|value| word.eq_ignore_ascii_case(value))
}

/// A default that is computed for rows of its own.
#[derive(Clone)]
pub(super) struct Computed(Option<Arc<dyn PhysicalExpr>>, arrow::datatypes::DataType);

impl Computed {
    /// That of a column.
    pub fn of(context: &Context, resolver: &Resolver<'_>, relation: &RelationRecord, field: &Field) -> Result<Self> {
        match planned(resolver, relation, field)? {
            Some(default) => Self::compile(context, default),
            None => Ok(Self(None, field.data_type().clone())),
        }
    }

    fn compile(context: &Context, default: Expr) -> Result<Self> {
        let row = LogicalPlanBuilder::empty(true).project([default])?.build()?;
        let LogicalPlan::Projection(mut typed) = query::coerced(context, row)? else {
            return Err(Error::internal("a default that is no expression"));
        };
        let (default, kind) = (typed.expr.remove(0), typed.schema.field(0).data_type().clone());
        let no_columns = Arc::new(DFSchema::empty());
        let default = condition::settled(context, default, &no_columns)?;
        Ok(Self(Some(context.engine.create_physical_expr(default, &no_columns)?), kind))
    }

    /// So many values.
    pub fn rows(&self, count: usize) -> Result<ArrayRef> {
        let Some(default) = &self.0 else { return Ok(new_null_array(&self.1, count)) };
        let rows = RecordBatchOptions::new().with_row_count(Some(count));
        let rows = RecordBatch::try_new_with_options(Schema::empty().into(), vec![], &rows)?;
        Ok(default.evaluate(&rows)?.into_array(count)?)
    }
}
