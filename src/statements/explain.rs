//! EXPLAIN: Postgres' spelling of its options, and its answer as Postgres shapes it, one line of the plan a row.

use std::sync::Arc;

use arrow::array::{AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast::{AnalyzeFormat, AnalyzeFormatKind, Expr, Statement, UtilityOption, Value};
use futures::StreamExt;

use super::write;
use crate::error::{Error, Result, SqlState};

/// An EXPLAIN as the engine plans it: a statement that is made of a query is explained by that query.
pub(super) fn of(explain: &Statement) -> Result<Statement> {
    let mut explain = explain.clone();
    let Statement::Explain { analyze, verbose, statement, format, options, .. } = &mut explain else {
        return Ok(explain);
    };
    for option in options.take().unwrap_or_default() {
        apply(&option, analyze, verbose)?;
    }
    match format.take() {
        None => {}
        Some(AnalyzeFormatKind::Keyword(AnalyzeFormat::TEXT) | AnalyzeFormatKind::Assignment(AnalyzeFormat::TEXT)) => {}
        Some(_) => return Err(no_format()),
    }
    if *analyze && !matches!(**statement, Statement::Query(_)) {
        return Err(Error::unsupported("EXPLAIN ANALYZE of a write").with_hint("EXPLAIN shows its plan"));
    }
    let explained = match statement.as_ref() {
        Statement::Query(_) | Statement::Insert(_) | Statement::Update(_) => return Ok(explain),
        Statement::Delete(delete) => write::doomed(delete)?,
        Statement::CreateTable(create) if create.query.is_some() => {
            Statement::Query(create.query.clone().ok_or_else(|| Error::internal("a query went missing"))?)
        }
        Statement::CreateView(create) => Statement::Query(create.query.clone()),
        _ => return Err(Error::unsupported("EXPLAIN of a statement without a query")),
    };
    **statement = explained;
    Ok(explain)
}

/// The options that change what is asked; others only choose what Postgres prints of its own plans.
fn apply(option: &UtilityOption, analyze: &mut bool, verbose: &mut bool) -> Result<()> {
    let name = option.name.value.to_lowercase();
    let word = option.arg.as_ref().map(|arg| match arg {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => text.to_lowercase(),
            other => other.to_string().to_lowercase(),
        },
        other => other.to_string().to_lowercase(),
    });
    let on = !matches!(word.as_deref(), Some("false" | "off" | "0"));
    match name.as_str() {
        "analyze" => *analyze = on,
        "verbose" => *verbose = on,
        "format" if word.as_deref() == Some("text") => {}
        "format" => return Err(no_format()),
        "costs" | "buffers" | "timing" | "summary" | "settings" | "wal" | "generic_plan" => {}
        _ => return Err(Error::new(SqlState::SyntaxError, format!("unrecognized EXPLAIN option \"{name}\""))),
    }
    Ok(())
}

fn no_format() -> Error {
    Error::unsupported("EXPLAIN in another format than TEXT")
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
