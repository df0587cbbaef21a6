//! RETURNING: what a write answers with, of each row that it adds, changes or removes.
//!
//! The list is planned as that of a SELECT over the tables that it may name, the target first. It is then computed in the plan of
//! the write, from the new values, and its rows are kept until the write is done.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::changes;
use super::context::Context;
use super::query;
use super::spool::Spool;
use crate::catalog::{Resolver, output_names};
use crate::error::{Error, Result};
use crate::outcome::{Outcome, Tag};

/// Batches on their way from the write to what keeps them.
const BATCHES_AHEAD: usize = 2;

/// A write as a query: of each row the new values of the table's columns, none where the row goes, and then what RETURNING gives.
pub(super) struct Change {
    /// The query.
    pub plan: LogicalPlan,
    /// How many of its columns are new values.
    pub values: usize,
    /// The names of the others, where there is a RETURNING.
    pub returned: Option<Vec<String>>,
}

/// A list of RETURNING, planned.
pub(super) struct Returning {
    list: Vec<Expr>,
    names: Vec<String>,
}

impl Returning {
    /// Plans a list over the tables that it may name.
    pub fn plan(
        resolver: &Resolver<'_>,
        list: Option<&[ast::SelectItem]>,
        tables: &[ast::TableWithJoins],
    ) -> Result<Option<Self>> {
        let Some(list) = list else { return Ok(None) };
        let select = changes::select(list.to_vec(), tables.to_vec(), None)?;
        let plan = resolver.plan(select.clone())?;
        let names = output_names(&select, &plan);
        let (list, _) = changes::parts(plan, "RETURNING")?;
        Ok(Some(Self { list, names }))
    }
}

impl Change {
    /// A write whose new values are the first columns of a query, under the names that RETURNING has for them; all that it may name
    /// besides comes after.
    pub fn new(rows: LogicalPlan, values: usize, returning: Option<Returning>) -> Result<Self> {
        Self::with(rows, values, returning, values..values)
    }

    /// The same where the write needs what comes after the new values too: it comes last.
    pub fn beside(rows: LogicalPlan, values: usize, returning: Option<Returning>) -> Result<Self> {
        let others = values..rows.schema().fields().len();
        Self::with(rows, values, returning, others)
    }

    fn with(rows: LogicalPlan, values: usize, returning: Option<Returning>, others: Range<usize>) -> Result<Self> {
        let Some(Returning { list, names }) = returning else { return Ok(Self { plan: rows, values, returned: None }) };
        let column = |at: usize| Expr::from(rows.schema().qualified_field(at));
        // Names of their own: RETURNING may give a column under its name, or twice.
        let list = list.into_iter().enumerate().map(|(at, expr)| expr.unalias().alias(format!("returning {at}")));
        let columns: Vec<Expr> = (0..values).map(column).chain(list).chain(others.map(column)).collect();
        let plan = LogicalPlanBuilder::from(rows).project(columns)?.build()?;
        Ok(Self { plan, values, returned: Some(names) })
    }

    /// The places of the columns that RETURNING gives.
    pub fn places(&self) -> Vec<usize> {
        let count = self.returned.as_ref().map_or(0, Vec::len);
        (self.values..self.values + count).collect()
    }

    /// The columns that RETURNING gives, of all that the query has.
    pub fn columns(&self, schema: &SchemaRef) -> Result<SchemaRef> {
        Ok(Arc::new(schema.project(&self.places())?))
    }

    /// Parts the rows of the change into the new values, for the write, and what RETURNING gives, for [`Change::keep`]: the write
    /// doesn't get on unless both are read.
    pub fn part(
        &self,
        rows: SendableRecordBatchStream,
    ) -> Result<(SendableRecordBatchStream, Option<SendableRecordBatchStream>)> {
        let values: Vec<usize> = (0..self.values).collect();
        let schema = Arc::new(rows.schema().project(&values)?);
        if self.returned.is_none() {
            let rows = rows.map(move |batch| Ok(batch?.project(&values)?));
            return Ok((Box::pin(RecordBatchStreamAdapter::new(schema, rows)), None));
        }
        let places = self.places();
        let returned = self.columns(&rows.schema())?;
        let (sender, receiver) = mpsc::channel::<Result<RecordBatch, DataFusionError>>(BATCHES_AHEAD);
        let rows = rows.then(move |batch| {
            let (values, places, sender) = (values.clone(), places.clone(), sender.clone());
            async move {
                let batch = batch?;
                let gone = |_| DataFusionError::from(Error::internal("what RETURNING gives is no longer kept"));
                sender.send(Ok(batch.project(&places)?)).await.map_err(gone)?;
                Ok(batch.project(&values)?)
            }
        });
        let kept = futures::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
        let kept: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(returned, kept));
        Ok((Box::pin(RecordBatchStreamAdapter::new(schema, rows)), Some(kept)))
    }

    /// Keeps what RETURNING gives until the write is done.
    pub async fn keep(&self, context: &Context, rows: Option<SendableRecordBatchStream>) -> Result<Option<Returned>> {
        let (Some(rows), Some(names)) = (rows, &self.returned) else { return Ok(None) };
        let spool = Arc::new(Spool::collect(rows, context.engine.runtime_env()).await?);
        Ok(Some(Returned { spool, names: names.clone() }))
    }
}

/// What RETURNING gave.
pub(super) struct Returned {
    spool: Arc<Spool>,
    names: Vec<String>,
}

impl Returned {
    /// The answer of a write that is done.
    pub fn answer(returned: Option<Self>, tag: Tag) -> Outcome {
        match returned {
            None => Outcome::Done(tag),
            Some(Self { spool, names }) => {
                let total = spool.total();
                Outcome::Rows(query::under_names(spool.rows(0..total), &names))
            }
        }
    }
}
