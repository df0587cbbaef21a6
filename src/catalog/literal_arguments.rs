//! `generate_series(date '2026-01-01', now(), interval '1 day')`: the engine's own table functions take literals alone.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::error::Result as EngineResult;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::scalar::ScalarValue;

use super::typing::as_in_postgres_alone;

/// Whether a table function takes literals alone.
pub(super) fn takes_literals_alone(function: &str) -> bool {
    matches!(function, "generate_series" | "range")
}

/// An argument with what is constant in it computed, and moments in nanoseconds.
pub(super) fn constant(argument: Expr, engine: &SessionState, zone: &str) -> EngineResult<Expr> {
    let scope = Arc::new(DFSchema::empty());
    let typed = as_in_postgres_alone(argument, &scope, zone)?;
    let context = SimplifyContext::builder()
        .with_schema(Arc::clone(&scope))
        .with_config_options(Arc::clone(engine.config_options()))
        .with_current_time()
        .build();
    let simplifier = ExprSimplifier::new(context);
    Ok(match simplifier.simplify(simplifier.coerce(typed, &scope)?)? {
        Expr::Literal(value, metadata) => {
            let taken = match value.data_type() {
                kind if kind.is_integer() => DataType::Int64,
                DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Nanosecond, zone),
                kind => kind,
            };
            // They know no NULL that is an integer.
            if value.is_null() && taken == DataType::Int64 {
                return Ok(Expr::Literal(ScalarValue::Null, metadata));
            }
            Expr::Literal(value.cast_to(&taken)?, metadata)
        }
        constant => constant,
    })
}
