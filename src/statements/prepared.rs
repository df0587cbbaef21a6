//! PREPARE, EXECUTE and DEALLOCATE. The protocol's prepared statements are the same ones.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arrow::datatypes::FieldRef;
use datafusion::error::DataFusionError;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{self, Expr, SelectItem};
use datafusion::sql::sqlparser::parser::Parser;
use futures::TryStreamExt;

use super::context::Context;
use super::place::place;
use super::{Statement, dispatch, query};
use crate::catalog::postgres::{self, PreparedFacts};
use crate::error::{Error, Result, SqlState};
use crate::model::Postgres;
use crate::model::input::{Fit, fit};
use crate::outcome::{Outcome, Prepared, Tag};

/// The name of the statement that the next one replaces.
const UNNAMED: &str = "";

/// A statement kept under a name.
pub(crate) struct PreparedStatement {
    /// What it runs; `None` for an empty text.
    pub prepared: Option<Prepared>,
    /// The OIDs of the types that a client declared, of the first parameters; 0 where it left one open.
    pub declared: Vec<u32>,
    /// The text that made it.
    pub text: String,
    by_sql: bool,
    since: SystemTime,
    runs: AtomicU64,
}

impl PreparedStatement {
    /// One of the protocol.
    pub fn parsed(prepared: Option<Prepared>, declared: Vec<u32>, text: &str) -> Self {
        let (text, since) = (text.to_owned(), SystemTime::now());
        Self { prepared, declared, text, by_sql: false, since, runs: AtomicU64::new(0) }
    }

    /// Counts a run of it.
    pub fn count_run(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// The OID of each parameter's type: as declared, else as the statement implies, else text.
    fn parameter_types(&self) -> Vec<u32> {
        let parameters = self.prepared.as_ref().map_or(&[][..], Prepared::parameters);
        let count = parameters.len().max(self.declared.len());
        let implied = |at: usize| parameters.get(at)?.as_deref().map(postgres::type_oid);
        let declared = |at: usize| self.declared.get(at).copied().filter(|oid| *oid != 0);
        (0..count).map(|at| declared(at).or_else(|| implied(at)).unwrap_or(postgres::TEXT_OID)).collect()
    }
}

/// The prepared statements of a session, by name.
pub(crate) struct PreparedStatements {
    by_name: HashMap<String, Arc<PreparedStatement>>,
    most: usize,
}

impl PreparedStatements {
    /// None yet, and at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { by_name: HashMap::new(), most }
    }

    /// Refuses a name that is taken, 42P05, and one statement too many, 53400.
    pub fn check_free(&self, name: &str) -> Result<()> {
        if name != UNNAMED && self.by_name.contains_key(name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(Error::new(SqlState::DuplicatePreparedStatement, message));
        }
        if !self.by_name.contains_key(name) && self.by_name.len() >= self.most {
            let message = format!("a session may have {} prepared statements", self.most);
            let error = Error::new(SqlState::ConfigurationLimitExceeded, message);
            return Err(error.with_hint("close some, or start the server with a larger max_prepared_statements"));
        }
        Ok(())
    }

    /// Keeps a statement under a name.
    pub fn add(&mut self, name: &str, statement: PreparedStatement) {
        self.by_name.insert(name.to_owned(), Arc::new(statement));
    }

    /// What a name runs, if it is known.
    pub(super) fn find(&self, name: &str) -> Option<Prepared> {
        self.by_name.get(name).and_then(|statement| statement.prepared.clone())
    }

    /// The statement of a name; 26000 where there is none.
    pub fn named(&self, name: &str) -> Result<Arc<PreparedStatement>> {
        self.by_name.get(name).cloned().ok_or_else(|| {
            let message = match name {
                UNNAMED => "unnamed prepared statement does not exist".to_owned(),
                _ => format!("prepared statement \"{name}\" does not exist"),
            };
            Error::new(SqlState::InvalidStatementName, message)
        })
    }

    /// Forgets a statement; portals made of it live on. False where there is none.
    pub fn close(&mut self, name: &str) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// Forgets the unnamed statement, as a simple query does.
    pub fn close_unnamed(&mut self) {
        self.close(UNNAMED);
    }

    /// Forgets all.
    pub(super) fn close_all(&mut self) {
        self.by_name.clear();
    }

    /// What `pg_prepared_statements` shows.
    pub fn facts(&self) -> Vec<PreparedFacts> {
        let named = self.by_name.iter().filter(|(name, _)| *name != UNNAMED);
        let facts = named.map(|(name, statement)| PreparedFacts {
            name: name.clone(),
            statement: statement.text.clone(),
            since: statement.since,
            parameter_types: statement.parameter_types(),
            from_sql: statement.by_sql,
            runs: statement.runs.load(Ordering::Relaxed),
        });
        facts.collect()
    }
}

pub(super) async fn prepare(
    context: &Context,
    whole: &Statement,
    name: &str,
    types: &[ast::DataType],
    statement: &ast::Statement,
) -> Result<Outcome> {
    context.objects.prepared().check_free(name)?;
    let hints = data_types(context, types)?;
    let declared = hints.iter().map(|hint| hint.as_deref().map_or(0, postgres::type_oid)).collect();
    let prepared = Box::pin(dispatch::prepare(context.clone(), whole.part(statement.clone()), hints)).await?;
    let statement =
        PreparedStatement { by_sql: true, ..PreparedStatement::parsed(Some(prepared), declared, whole.text()) };
    context.objects.prepared().add(name, statement);
    Ok(Outcome::Done(Tag::of("PREPARE")))
}

pub(super) async fn execute(context: &Context, name: &str, arguments: &[Expr]) -> Result<Outcome> {
    let statement = context.objects.prepared().named(name)?;
    let Some(prepared) = statement.prepared.clone() else { return Ok(Outcome::Done(Tag::of("EXECUTE"))) };
    let (expected, got) = (prepared.parameters().len(), arguments.len());
    if expected != got {
        let message = format!("wrong number of parameters for prepared statement \"{name}\"");
        return Err(Error::new(SqlState::SyntaxError, message)
            .with_hint(format!("Expected {expected} parameters but got {got}.")));
    }
    let values = evaluate(context, arguments, prepared.parameters()).await?;
    statement.count_run();
    Box::pin(dispatch::execute(context.clone(), prepared, values)).await
}

/// The types that parameters are declared with; `unknown` leaves one open.
fn data_types(context: &Context, types: &[ast::DataType]) -> Result<Vec<Option<FieldRef>>> {
    let data_type = |sql: &ast::DataType| {
        if sql.to_string().eq_ignore_ascii_case("unknown") {
            return Ok(None);
        }
        let null = Box::new(Expr::value(ast::Value::Null));
        let (kind, data_type) = (ast::CastKind::DoubleColon, sql.clone());
        let cast = Expr::Cast { kind, expr: null, data_type, array: false, format: None };
        let plan = query::plan(context, &selecting(std::iter::once(cast))?)?;
        Ok(Some(Arc::new(plan.schema().field(0).as_ref().clone())))
    };
    types.iter().map(data_type).collect()
}

/// `SELECT a, b, ...`.
pub(super) fn selecting(values: impl Iterator<Item = Expr>) -> Result<ast::Statement> {
    let mut parsed = Parser::parse_sql(&Postgres, "SELECT NULL").map_err(DataFusionError::from)?;
    if let Some(ast::Statement::Query(query)) = parsed.first_mut()
        && let ast::SetExpr::Select(select) = query.body.as_mut()
    {
        select.projection = values.map(SelectItem::UnnamedExpr).collect();
    }
    parsed.pop().ok_or_else(|| Error::internal("a query that is none"))
}

/// The values of arguments, in the types that the parameters have.
async fn evaluate(context: &Context, arguments: &[Expr], types: &[Option<FieldRef>]) -> Result<Vec<ScalarValue>> {
    if arguments.is_empty() {
        return Ok(vec![]);
    }
    let arguments = selecting(arguments.iter().cloned())?;
    let physical = context.engine.create_physical_plan(&query::plan(context, &arguments)?).await?;
    let batches: Vec<_> = context.workers.run(physical, context.task()).try_collect().await?;
    let row = batches.iter().find(|batch| batch.num_rows() > 0);
    let row = row.ok_or_else(|| Error::internal("arguments without a row"))?;
    let values = row.columns().iter().zip(types).map(|(column, wanted)| {
        let value = ScalarValue::try_from_array(column, 0)?;
        match wanted {
            Some(wanted) => {
                let value = value.cast_to(wanted.data_type()).map_err(|error| located(&arguments, error.into()))?;
                let fitted = fit(&value.to_array()?, wanted, Fit::Cut).map_err(|error| located(&arguments, error))?;
                Ok(ScalarValue::try_from_array(&fitted, 0)?)
            }
            None => Ok(value),
        }
    });
    values.collect()
}

/// An error that says where what it names stands.
fn located(statement: &ast::Statement, error: Error) -> Error {
    match place(statement, &error) {
        Some(at) => error.at_place(at.line, at.column),
        None => error,
    }
}

pub(super) fn deallocate(context: &Context, name: Option<&str>) -> Result<Outcome> {
    let mut prepared = context.objects.prepared();
    match name {
        None => {
            prepared.close_all();
            Ok(Outcome::Done(Tag::of("DEALLOCATE ALL")))
        }
        Some(name) => {
            prepared.named(name)?;
            prepared.close(name);
            Ok(Outcome::Done(Tag::of("DEALLOCATE")))
        }
    }
}
