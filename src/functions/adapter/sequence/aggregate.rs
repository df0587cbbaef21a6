//! Makes a DataFusion aggregate of an entry and a kernel that answers for one group after the other.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::function::{AccumulatorArgs, AggregateFunctionSimplification, StateFieldsArgs};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Expr, GroupsAccumulator, Signature,
};

use super::call::Call;
use super::groups::Groups;
use super::order::Ordered;
use super::rows::Rows;
use super::whole::Whole;
use crate::error::Result;
use crate::functions::Function;
use crate::functions::adapter::aggregate::refuse_distinct;
use crate::functions::adapter::arguments::constant;
use crate::functions::entry::{Entry, Kind, Returns};

/// An aggregate that reads rows in the order of time. Its entry has one argument of [`Kind::Time`], at most one of
/// [`Kind::Any`], and ends with its conditions.
pub(in crate::functions) trait SequenceAggregate:
    Debug + Eq + Hash + Send + Sync + 'static
{
    /// What it is.
    const ENTRY: &'static Entry;
    /// What answers a call.
    fn kernel(call: &Call) -> Result<Box<dyn Kernel>>;
}

/// Answers for one group after the other.
pub(in crate::functions) trait Kernel: Debug + Send + Sync {
    /// Whether rows without any condition change an answer. Where they don't they aren't kept.
    fn reads_every_row(&self) -> bool;
    /// Adds the answer of a group.
    fn run(&mut self, rows: Ordered<'_>);
    /// Takes the answers since the last time. `values` holds the values of all groups' rows, by their numbers.
    fn finish(&mut self, values: &ArrayRef) -> Result<ArrayRef>;
}

/// The function that SQL calls.
pub(in crate::functions) fn sequence_aggregate<S: SequenceAggregate>() -> Function {
    let adapter =
        Adapter::<S> { signature: S::ENTRY.signature(), documentation: S::ENTRY.documentation(), of: PhantomData };
    Function::aggregate(S::ENTRY, AggregateUDF::new_from_impl(adapter))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Adapter<S> {
    signature: Signature,
    documentation: Documentation,
    of: PhantomData<S>,
}

impl<S: SequenceAggregate> AggregateUDFImpl for Adapter<S> {
    fn name(&self) -> &str {
        S::ENTRY.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> PlanResult<Vec<DataType>> {
        Ok(S::ENTRY.coerce(types))
    }

    fn return_type(&self, types: &[DataType]) -> PlanResult<DataType> {
        S::ENTRY.check(types)?;
        Ok(S::ENTRY.return_type(types))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> PlanResult<Vec<FieldRef>> {
        let value = S::ENTRY.arguments.iter().position(|argument| argument.kind == Kind::Any);
        let fields = Rows::state_fields(value.map(|value| args.input_fields[value].data_type()));
        let named = |field: arrow::datatypes::Field| {
            let name = format_state_name(args.name, field.name());
            Arc::new(field.with_name(name))
        };
        Ok(fields.into_iter().map(named).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> PlanResult<Box<dyn Accumulator>> {
        let (call, kernel) = read::<S>(&args)?;
        Ok(Box::new(Whole::new(call, kernel)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> PlanResult<Box<dyn GroupsAccumulator>> {
        let (call, kernel) = read::<S>(&args)?;
        Ok(Box::new(Groups::new(call, kernel)))
    }

    /// Refuses while planning what can be known then: DISTINCT, and constants that are none or have no meaning.
    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        Some(Box::new(|call: AggregateFunction, context: &SimplifyContext| {
            refuse_distinct(S::ENTRY, call.params.distinct)?;
            if !awaits_parameters(S::ENTRY, &call.params.args) {
                let types = call.params.args.iter().map(|argument| context.get_data_type(argument));
                let types = types.collect::<PlanResult<_>>()?;
                S::kernel(&Call::new(S::ENTRY, &call.params.args, types, literal)?)?;
            }
            Ok(Expr::AggregateFunction(call))
        }))
    }

    /// What a correlated subquery gives for an outer row that has no inner ones.
    fn default_value(&self, data_type: &DataType) -> PlanResult<ScalarValue> {
        match S::ENTRY.returns {
            Returns::OneOf(_) => ScalarValue::try_new_null(data_type),
            _ => ScalarValue::new_default(data_type),
        }
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

fn read<S: SequenceAggregate>(args: &AccumulatorArgs) -> Result<(Call, Box<dyn Kernel>)> {
    refuse_distinct(S::ENTRY, args.is_distinct)?;
    let types = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
    let call = Call::new(S::ENTRY, args.exprs, types, constant)?;
    let kernel = S::kernel(&call)?;
    Ok((call, kernel))
}

/// Whether a constant is not known yet, and may still turn out to be one.
fn awaits_parameters(entry: &Entry, arguments: &[Expr]) -> bool {
    let mut constants = entry.arguments.iter().zip(arguments).filter(|(argument, _)| argument.kind.is_constant());
    constants.any(|(_, given)| !matches!(given, Expr::Literal(..)) && !given.any_column_refs())
}

fn literal(expression: &Expr) -> Option<ScalarValue> {
    match expression {
        Expr::Literal(value, _) => Some(value.clone()),
        _ => None,
    }
}
