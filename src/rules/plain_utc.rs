//! Truncates moments of UTC as the plain timestamps they are: UTC has no offset to look up, which is what the engine spends
//! most of its time on for every row.
//!
//! ```text
//! date_trunc(p, x)    ->    CAST(date_trunc(p, CAST(x AS timestamp)) AS timestamptz)
//! CAST(x AS date)     ->    CAST(CAST(x AS timestamp) AS date)
//! ```
//!
//! Moments of any other zone are left alone.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, cast};
use datafusion::optimizer::AnalyzerRule;

use super::expressions::rewrite;

/// See the module.
#[derive(Debug, Default)]
pub struct PlainUtc;

impl AnalyzerRule for PlainUtc {
    fn name(&self) -> &str {
        "plain_utc"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, truncate_plainly)
    }
}

fn truncate_plainly(expression: Expr, inputs: &DFSchema) -> Transformed<Expr> {
    match expression {
        Expr::ScalarFunction(mut call) if call.func.name() == "date_trunc" && call.args.len() == 2 => {
            let Some((plain, utc)) = plain_and_utc(&call.args[1], inputs) else {
                return Transformed::no(Expr::ScalarFunction(call));
            };
            let moment = call.args.remove(1);
            call.args.push(cast(moment, plain));
            Transformed::yes(cast(Expr::ScalarFunction(call), utc))
        }
        Expr::Cast(Cast { expr, field }) if field.data_type() == &DataType::Date32 => {
            let Some((plain, _)) = plain_and_utc(&expr, inputs) else {
                return Transformed::no(Expr::Cast(Cast { expr, field }));
            };
            Transformed::yes(Expr::Cast(Cast { expr: Box::new(cast(*expr, plain)), field }))
        }
        other => Transformed::no(other),
    }
}

/// The type of a moment of UTC without its zone, and with it.
fn plain_and_utc(moment: &Expr, inputs: &DFSchema) -> Option<(DataType, DataType)> {
    match moment.get_type(inputs) {
        Ok(DataType::Timestamp(unit, Some(zone))) if matches!(&*zone, "UTC" | "+00:00") => {
            Some((DataType::Timestamp(unit, None), DataType::Timestamp(unit, Some(zone))))
        }
        _ => None,
    }
}
