//! The rows that a sequence function reads: what they belong to and when they happened.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, scalar_subquery};

use super::call::Call;
use crate::error::Result;
use crate::functions::sql_name;
use crate::model::instant;

/// A relation's rows as sequences.
pub(super) struct EntityRows {
    /// Rows whose entity and time are known.
    pub input: LogicalPlan,
    /// What a row belongs to, and the answer's names for it.
    pub entity: Vec<(Expr, String)>,
    /// When it happened.
    pub at: Expr,
    /// What orders rows of one instant.
    pub tiebreak: Vec<Expr>,
}

impl EntityRows {
    /// Reads `input`, `entity`, `at` and `tiebreak`. `at` is `occurred_at` by default, or `entered_at` where the relation
    /// has that alone. Rows without entity or time are left out.
    pub fn read(call: &mut Call<'_>, default_entity: &str) -> Result<Self> {
        Self::of(call, "input", "at", default_entity)
    }

    /// The same for a relation and a time by other names.
    pub fn of(call: &mut Call<'_>, input: &'static str, time: &'static str, default_entity: &str) -> Result<Self> {
        let input = call.input(input)?;
        let schema = input.schema();
        let mut entity = call.expressions("entity", schema)?;
        if entity.is_empty() {
            entity.push(call.column("entity", default_entity, schema)?);
        }
        let has = |column: &str| schema.fields().iter().any(|field| field.name() == column);
        let default = if !has("occurred_at") && has("entered_at") { "entered_at" } else { "occurred_at" };
        let at = call.column(time, default, schema)?;
        let at = match at.get_type(schema)? {
            DataType::Timestamp(..) => at,
            DataType::Date32 | DataType::Date64 => cast(at, DataType::Timestamp(TimeUnit::Microsecond, None)),
            DataType::Null => cast(at, instant()),
            other => {
                let got = format!("{at}, which is {}", sql_name(&other));
                return Err(call.wrong(time, "a date or a timestamp", got));
            }
        };
        let tiebreak = call.expressions("tiebreak", schema)?;
        let known = entity.iter().chain([&at]).map(|expression| expression.clone().is_not_null());
        let known = known.reduce(Expr::and);
        let builder = LogicalPlanBuilder::from(input);
        let input = match known {
            Some(known) => builder.filter(known)?,
            None => builder,
        };
        let entity = named(entity);
        Ok(Self { input: input.build()?, entity, at, tiebreak })
    }

    /// Reads `as_of` and leaves later rows out; without it, it is the latest time of the whole input. As a whole number in
    /// the resolution of the rows' times.
    pub fn observe(&mut self, call: &mut Call<'_>) -> Result<Expr> {
        let rows = LogicalPlanBuilder::from(self.input.clone());
        let as_of = match call.instant("as_of", &self.at, self.input.schema())? {
            Some(as_of) => {
                self.input = rows.filter(self.at.clone().lt_eq(as_of.clone()))?.build()?;
                as_of
            }
            None => {
                let latest = rows.aggregate(Vec::<Expr>::new(), [max(self.at.clone())])?;
                scalar_subquery(Arc::new(latest.build()?))
            }
        };
        Ok(cast(as_of, DataType::Int64))
    }
}

/// What a constant as_of is to a kernel; nothing is later where the input has no rows.
pub(super) fn as_of(value: &ScalarValue) -> i64 {
    match value {
        ScalarValue::Int64(Some(as_of)) => *as_of,
        _ => i64::MAX,
    }
}

/// Names for the entity's columns: a column keeps its own.
fn named(entity: Vec<Expr>) -> Vec<(Expr, String)> {
    let only = entity.len() == 1;
    let name = |(index, expression): (usize, Expr)| {
        let name = match &expression {
            Expr::Column(column) => column.name.clone(),
            Expr::Alias(alias) => alias.name.clone(),
            _ if only => "entity".to_owned(),
            _ => format!("entity{}", index + 1),
        };
        (expression, name)
    };
    entity.into_iter().enumerate().map(name).collect()
}
