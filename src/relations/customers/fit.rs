//! The models fitted to customers' histories: one row with the purchase model's parameters and Gamma-Gamma's.

use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col};

use super::forecast::Model;
use super::histories::Histories;
use crate::error::{Error, Result};
use crate::functions::aggregates;

/// Columns of the fit, each the answer of an aggregate.
pub(super) const PURCHASES: &str = "purchases";
pub(super) const SPENDING: &str = "spending";

/// Fits a model to the histories.
pub(super) fn fit(histories: &Histories, model: Model) -> Result<LogicalPlan> {
    let purchases = call(model.summary(), ["x", "t_x", "t"].map(col).to_vec())?;
    let spending = call("gamma_gamma_summary", ["x", "mean_value"].map(col).to_vec())?;
    let fit = LogicalPlanBuilder::from(histories.customers.clone())
        .aggregate(Vec::<Expr>::new(), [purchases.alias(PURCHASES), spending.alias(SPENDING)])?;
    Ok(fit.build()?)
}

/// A call of one of our aggregates.
fn call(name: &str, arguments: Vec<Expr>) -> Result<Expr> {
    let aggregate = aggregates().into_iter().find(|aggregate| aggregate.name() == name);
    Ok(aggregate.ok_or_else(|| Error::internal("the aggregate is none of ours"))?.call(arguments))
}
