//! EXPLAIN: Postgres' spelling of its options, and its answer as Postgres shapes it, one line of the plan a row.
//!
//! | file | what |
//! |---|---|
//! | `options` | what is asked to be shown |
//! | `tree` | the plan as a reader wants it, with what each step gave and took |
//! | `printed` | the tree as text and as JSON |

mod options;
mod printed;
mod tree;

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::Statement;
use futures::{StreamExt, TryStreamExt};

use self::options::{Format, Options};
use self::printed::Times;
use self::tree::Node;
use super::context::Context;
use super::query;
use crate::error::{Error, Result};

/// An EXPLAIN: what is explained, and what of it is shown.
pub(super) struct Explained {
    options: Options,
    /// A query, or a write that is made of one.
    statement: Statement,
}

/// Reads an EXPLAIN: a statement that is made of a query is explained by that query.
pub(super) fn of(explain: &Statement) -> Result<Explained> {
    let Statement::Explain { statement, .. } = explain else {
        return Err(Error::internal("only EXPLAIN explains"));
    };
    let options = Options::of(explain)?;
    if options.analyze && !matches!(**statement, Statement::Query(_)) {
        return Err(Error::unsupported("EXPLAIN ANALYZE of a write").with_hint("EXPLAIN shows its plan"));
    }
    let statement = match statement.as_ref() {
        Statement::Query(_) | Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) => {
            statement.as_ref().clone()
        }
        Statement::CreateTable(create) if create.query.is_some() => {
            Statement::Query(create.query.clone().ok_or_else(|| Error::internal("a query went missing"))?)
        }
        Statement::CreateView(create) => Statement::Query(create.query.clone()),
        _ => return Err(Error::unsupported("EXPLAIN of a statement without a query")),
    };
    Ok(Explained { options, statement })
}

impl Explained {
    /// What is explained.
    pub(super) fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Whether all that is known of each step is shown.
    pub(super) fn is_verbose(&self) -> bool {
        self.options.verbose
    }

    /// Whether the engine's words do.
    pub(super) fn is_plain(&self) -> bool {
        !self.options.analyze && self.options.format == Format::Text
    }

    /// The plan as a tree; run to its end for ANALYZE, its rows thrown away.
    pub(super) async fn run(&self, context: &Context, values: Vec<ScalarValue>) -> Result<SendableRecordBatchStream> {
        let began = Instant::now();
        let plan = query::bind(query::plan(context, &self.statement)?, values, &[])?;
        let plan = context.engine.create_physical_plan(&plan).await?;
        let planning = began.elapsed();
        let began = Instant::now();
        if self.options.analyze {
            let mut rows = context.workers.run(Arc::clone(&plan), context.task());
            while rows.try_next().await?.is_some() {}
        }
        let times = Times { planning, execution: self.options.analyze.then(|| began.elapsed()) };
        let lines = printed::lines(&Node::of(plan.as_ref(), &self.options), &times, &self.options)?;
        let batch = RecordBatch::try_new(schema(), vec![Arc::new(StringViewArray::from_iter_values(lines))])?;
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), futures::stream::iter([Ok(batch)]))))
    }
}

/// The columns of EXPLAIN's answer.
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("QUERY PLAN", DataType::Utf8View, true)]))
}

/// The engine's rows, a kind of plan and its text each, as lines: the kind, and below it the text indented.
pub(super) fn lines(rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let batches = rows.map(|batch| {
        let batch = batch?;
        let text = |column: usize| cast(batch.column(column), &DataType::Utf8View);
        let (kinds, plans) = (text(0)?, text(1)?);
        let mut lines: Vec<String> = Vec::new();
        for (kind, plan) in kinds.as_string_view().iter().zip(plans.as_string_view()) {
            lines.push(kind.unwrap_or_default().replace('_', " "));
            lines.extend(plan.unwrap_or_default().lines().map(|line| format!("  {line}")));
        }
        lines.retain(|line| !line.trim().is_empty());
        Ok(RecordBatch::try_new(schema(), vec![Arc::new(StringViewArray::from_iter_values(lines))])?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema(), batches))
}
