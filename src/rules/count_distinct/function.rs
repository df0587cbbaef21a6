//! `count(DISTINCT text)` as a function of its own: the engine's in all but the groups.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};

use super::groups::TextGroups;

/// See the module. It stands for a call with DISTINCT, and is itself called without: the engine would rewrite that into two
/// aggregations when it is the only one, and not otherwise.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CountTexts {
    signature: Signature,
}

impl Default for CountTexts {
    fn default() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8View], Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for CountTexts {
    fn name(&self) -> &str {
        "count_distinct"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        count_udaf().state_fields(StateFieldsArgs { is_distinct: true, ..args })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        count_udaf().accumulator(AccumulatorArgs { is_distinct: true, ..args })
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let number: FieldRef = Arc::new(Field::new("number", DataType::UInt32, true));
        let numbers = AccumulatorArgs { is_distinct: true, expr_fields: &[number], ..args };
        Ok(Box::new(TextGroups::new(count_udaf().create_groups_accumulator(numbers)?)))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }
}
