//! Makes a DataFusion aggregate of a state, a way to add a row and a way to read the answer off.

use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

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

use super::accumulators::{Sliding, Whole};
use super::arguments::{Constants, Row};
use super::columns::Writer;
use super::groups::Groups;
use super::states::State;
use crate::error::{Error, Result};
use crate::functions::Function;
use crate::functions::entry::Entry;

/// An aggregate function.
pub(crate) trait Aggregate: Debug + Eq + Hash + Send + Sync + 'static {
    /// What it remembers.
    type State: State;
    /// What it is.
    const ENTRY: &'static Entry;
    /// Adds one row.
    fn insert(state: &mut Self::State, row: &Row) -> Result<()>;
    /// Refuses a state that has no answer though each of its rows was fit for one.
    fn check(_: &Self::State) -> Result<()> {
        Ok(())
    }
    /// Writes the answer, one value per column it returns.
    fn evaluate(state: &Self::State, constants: &Constants, answer: &mut Writer);
}

/// The function that SQL calls.
pub(crate) fn aggregate<A: Aggregate>() -> Function {
    let adapter =
        Adapter::<A> { signature: A::ENTRY.signature(), documentation: A::ENTRY.documentation(), of: PhantomData };
    Function::aggregate(A::ENTRY, AggregateUDF::new_from_impl(adapter))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Adapter<A> {
    signature: Signature,
    documentation: Documentation,
    of: PhantomData<A>,
}

impl<A: Aggregate> AggregateUDFImpl for Adapter<A> {
    fn name(&self) -> &str {
        A::ENTRY.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> PlanResult<Vec<DataType>> {
        Ok(A::ENTRY.coerce(types))
    }

    fn return_type(&self, types: &[DataType]) -> PlanResult<DataType> {
        A::ENTRY.check(types)?;
        Ok(A::ENTRY.return_type(types))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> PlanResult<Vec<FieldRef>> {
        let field = |column: &crate::functions::entry::Column| {
            let field = column.field();
            Arc::new(field.with_name(format_state_name(args.name, column.name)))
        };
        Ok(A::State::COLUMNS.iter().map(field).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> PlanResult<Box<dyn Accumulator>> {
        Ok(Box::new(Whole::<A>::new(constants::<A>(&args)?)))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> PlanResult<Box<dyn Accumulator>> {
        Ok(Box::new(Sliding::<A>::new(constants::<A>(&args)?)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> PlanResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::<A>::new(constants::<A>(&args)?)))
    }

    /// Refuses DISTINCT while planning, before the optimizer may turn it into a GROUP BY in some queries and not in others.
    fn simplify(&self) -> Option<AggregateFunctionSimplification> {
        Some(Box::new(|call: AggregateFunction, _: &SimplifyContext| {
            refuse_distinct(A::ENTRY, call.params.distinct)?;
            Ok(Expr::AggregateFunction(call))
        }))
    }

    /// What a correlated subquery gives for an outer row that has no inner ones.
    fn default_value(&self, _: &DataType) -> PlanResult<ScalarValue> {
        Ok(answer::<A>(&A::State::default(), &Constants::default())?)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

fn constants<A: Aggregate>(args: &AccumulatorArgs) -> Result<Constants> {
    refuse_distinct(A::ENTRY, args.is_distinct)?;
    Constants::of(A::ENTRY, args.exprs)
}

/// Refuses DISTINCT: it would drop observations.
pub(super) fn refuse_distinct(entry: &Entry, distinct: bool) -> Result<()> {
    if !distinct {
        return Ok(());
    }
    Err(Error::unsupported(format!("{}(DISTINCT ...)", entry.name))
        .with_hint("equal rows are separate observations; to drop repeated ones, aggregate over SELECT DISTINCT"))
}

/// The answer of one state.
pub(super) fn answer<A: Aggregate>(state: &A::State, constants: &Constants) -> Result<ScalarValue> {
    A::check(state)?;
    let mut writer = Writer::of_answers(A::ENTRY, 1);
    A::evaluate(state, constants, &mut writer);
    Ok(ScalarValue::try_from_array(&writer.finish_answers(A::ENTRY)?, 0)?)
}
