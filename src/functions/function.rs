//! The list of all functions.

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use super::entry::Entry;
use super::{conversion, levers, lift, satisfaction, velocity};

/// A function and its entry in the reference.
#[derive(Debug, Clone)]
pub struct Function {
    /// What it is.
    pub entry: &'static Entry,
    implementation: Implementation,
}

#[derive(Debug, Clone)]
enum Implementation {
    Scalar(ScalarUDF),
    Aggregate(AggregateUDF),
}

/// Every function, family by family.
pub fn functions() -> Vec<Function> {
    [satisfaction::functions(), conversion::functions(), velocity::functions(), lift::functions(), levers::functions()]
        .concat()
}

/// Every function of one row.
pub fn scalars() -> Vec<ScalarUDF> {
    functions().into_iter().filter_map(|function| function.into_scalar()).collect()
}

/// Every aggregate. Each also runs over windows.
pub fn aggregates() -> Vec<AggregateUDF> {
    functions().into_iter().filter_map(|function| function.into_aggregate()).collect()
}

impl Function {
    pub(super) fn scalar(entry: &'static Entry, function: ScalarUDF) -> Self {
        Self { entry, implementation: Implementation::Scalar(function) }
    }

    pub(super) fn aggregate(entry: &'static Entry, function: AggregateUDF) -> Self {
        Self { entry, implementation: Implementation::Aggregate(function) }
    }

    /// Whether it aggregates rows.
    pub fn is_aggregate(&self) -> bool {
        matches!(self.implementation, Implementation::Aggregate(_))
    }

    fn into_scalar(self) -> Option<ScalarUDF> {
        match self.implementation {
            Implementation::Scalar(function) => Some(function),
            Implementation::Aggregate(_) => None,
        }
    }

    fn into_aggregate(self) -> Option<AggregateUDF> {
        match self.implementation {
            Implementation::Aggregate(function) => Some(function),
            Implementation::Scalar(_) => None,
        }
    }
}
