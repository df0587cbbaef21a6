//! Parameters whose values a plan asks for as it runs.

use std::sync::{Arc, PoisonError, RwLock};

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as EngineResult;
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use crate::error::{Error, Result};

/// The values of a plan's parameters.
#[derive(Debug, Clone)]
pub(super) struct Values {
    types: Vec<FieldRef>,
    now: Arc<RwLock<Vec<ScalarValue>>>,
}

impl Values {
    /// Room for values of these types; none where a type is not known.
    pub fn of(types: &[Option<FieldRef>]) -> Option<Self> {
        Some(Self { types: types.iter().cloned().collect::<Option<_>>()?, now: Arc::default() })
    }

    /// Takes values for the next run; false, and nothing taken, where one is not of its parameter's type: a plan made for it alone
    /// would compare it as it is, and here it would be rounded. Texts are of one type, in whatever layout.
    pub fn set(&self, values: &[ScalarValue]) -> bool {
        let fitting = |(value, field): (&ScalarValue, &FieldRef)| match (value.data_type(), field.data_type()) {
            (kind, wanted) if kind == *wanted => Some(value.clone()),
            (kind, wanted) if kind.is_string() && wanted.is_string() => value.cast_to(wanted).ok(),
            _ => None,
        };
        let fitting: Option<Vec<_>> = values.iter().zip(&self.types).map(fitting).collect();
        match fitting {
            Some(fitting) if values.len() == self.types.len() => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = fitting;
                true
            }
            _ => false,
        }
    }

    /// The plan with calls that answer these values for its placeholders.
    pub fn in_place_of_placeholders(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let called = |e: Expr| match &e {
            Expr::Placeholder(Placeholder { id, .. }) => match self.call(id) {
                Some(call) => Ok(Transformed::yes(call)),
                None => Ok(Transformed::no(e)),
            },
            _ => Ok(Transformed::no(e)),
        };
        let replaced = plan.transform_up_with_subqueries(|node| {
            let names = NamePreserver::new(&node);
            let node = node.map_expressions(|e| {
                let name = names.save(&e);
                Ok(e.transform_up(called)?.update_data(|e| name.restore(e)))
            });
            node?.map_data(|node| match node {
                LogicalPlan::Values(rows) => LogicalPlanBuilder::values(rows.values)?.build(),
                node => node.recompute_schema(),
            })
        });
        Ok(replaced?.data)
    }

    fn call(&self, placeholder: &str) -> Option<Expr> {
        let at = placeholder.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)?;
        let field = Arc::new(self.types.get(at)?.as_ref().clone().with_name(placeholder));
        // It is asked for as the plan runs: to the planner its value is nobody's guess.
        let signature = Signature::nullary(Volatility::Volatile);
        let bound = Bound { at, field, signature, values: self.clone() };
        Some(Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(bound)), vec![])))
    }
}

/// The function that answers one parameter's value.
#[derive(Debug)]
struct Bound {
    at: usize,
    field: FieldRef,
    signature: Signature,
    values: Values,
}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && Arc::ptr_eq(&self.values.now, &other.values.now)
    }
}

impl Eq for Bound {}

impl std::hash::Hash for Bound {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.at.hash(state);
    }
}

impl ScalarUDFImpl for Bound {
    fn name(&self) -> &str {
        self.field.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> EngineResult<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> EngineResult<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> EngineResult<ColumnarValue> {
        let values = self.values.now.read().unwrap_or_else(PoisonError::into_inner);
        let value = values.get(self.at).cloned();
        Ok(ColumnarValue::Scalar(value.ok_or_else(|| Error::internal("a parameter without a value"))?))
    }
}
