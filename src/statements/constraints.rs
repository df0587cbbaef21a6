//! NOT NULL and CHECK: what every row written to a table must satisfy.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::physical_expr::PhysicalExpr;

use super::condition::{self, Clause};
use super::context::Context;
use crate::catalog::{Body, Check, RelationRecord};
use crate::error::{Error, Result, SqlState, Subject};

/// The constraints of one table, ready to be checked.
pub(crate) struct Constraints {
    relation: String,
    namespace: String,
    schema: SchemaRef,
    checks: Vec<(Check, Arc<dyn PhysicalExpr>)>,
}

impl Constraints {
    /// Those of a relation whose rows have a schema.
    pub(crate) fn of(context: &Context, relation: &RelationRecord, schema: SchemaRef) -> Result<Self> {
        let Body::Table { checks, .. } = &relation.body else {
            return Err(Error::internal("only tables have constraints"));
        };
        let clause = Clause { word: "CHECK", called: "check constraint" };
        let compile = |check: &Check| {
            let condition = condition::compiled(context, &relation.name, &schema, &check.expression, &clause)?;
            Ok((check.clone(), condition))
        };
        let checks = checks.iter().map(compile).collect::<Result<_>>()?;
        Ok(Self { relation: relation.name.clone(), namespace: relation.schema.clone(), schema, checks })
    }

    /// The first violation in a batch.
    pub(crate) fn enforce(&self, batch: &RecordBatch) -> Result<()> {
        match self.violations(batch)?.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// Every row that violates a constraint, in order, with the first it violates.
    pub(crate) fn violations(&self, batch: &RecordBatch) -> Result<Vec<(usize, Error)>> {
        let mut found: Vec<Option<Error>> = vec![None; batch.num_rows()];
        let mut report = |row: usize, error: &dyn Fn() -> Error| {
            found[row].get_or_insert_with(error);
        };
        for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
            if !field.is_nullable() && column.null_count() > 0 {
                for row in (0..batch.num_rows()).filter(|row| column.is_null(*row)) {
                    report(row, &|| {
                        let column = Some(field.name().clone());
                        not_null_violation(&self.relation, field.name()).about(Subject { column, ..self.subject() })
                    });
                }
            }
        }
        for (check, expr) in &self.checks {
            let verdict = expr.evaluate(batch)?.into_array(batch.num_rows())?;
            let Some(verdict) = verdict.as_boolean_opt() else { continue };
            // A NULL verdict passes, as in Postgres.
            for row in (0..batch.num_rows()).filter(|row| verdict.is_valid(*row) && !verdict.value(*row)) {
                report(row, &|| self.refused(check));
            }
        }
        Ok(found.into_iter().enumerate().filter_map(|(row, error)| Some((row, error?))).collect())
    }

    fn refused(&self, check: &Check) -> Error {
        let (relation, name) = (&self.relation, &check.name);
        let message = format!("new row for relation \"{relation}\" violates check constraint \"{name}\"");
        let subject = Subject { constraint: Some(name.clone()), ..self.subject() };
        let error = Error::new(SqlState::CheckViolation, message).about(subject);
        error.with_hint(format!("it must satisfy {}", check.expression))
    }

    fn subject(&self) -> Subject {
        Subject { schema: self.namespace.clone(), table: self.relation.clone(), ..Subject::default() }
    }
}

/// The error of a NULL in a column that must have a value.
pub(crate) fn not_null_violation(relation: &str, column: &str) -> Error {
    let message = format!("null value in column \"{column}\" of relation \"{relation}\" violates not-null constraint");
    Error::new(SqlState::NotNullViolation, message)
}
