//! `quantiles(values, fraction, descends, ...)`: a field for each fraction of the way, up or down.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_plan::PhysicalExpr;

use super::groups::Groups;
use super::select::{Place, quantiles};
use crate::error::Error;

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct QuantilesOf {
    signature: Signature,
}

impl Default for QuantilesOf {
    fn default() -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

/// The name of a fraction's field.
pub(super) fn name(fraction: usize) -> String {
    fraction.to_string()
}

/// The answer's fields for so many fractions.
pub(super) fn fields(fractions: usize) -> Fields {
    (0..fractions).map(|fraction| Field::new(name(fraction), DataType::Float64, true)).collect()
}

/// The type of collected values.
pub(super) fn list(values: Float64Array, offsets: OffsetBuffer<i32>) -> ArrayRef {
    Arc::new(ListArray::new(Arc::new(item()), offsets, Arc::new(values), None))
}

fn item() -> Field {
    Field::new_list_field(DataType::Float64, true)
}

impl AggregateUDFImpl for QuantilesOf {
    fn name(&self) -> &str {
        "quantiles"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields(types.len() / 2)))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("values", DataType::List(Arc::new(item())), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Values { places: places(&args)?, values: vec![] }))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::new(places(&args)?)))
    }
}

fn places(args: &AccumulatorArgs) -> Result<Vec<Place>> {
    let literal =
        |given: &Arc<dyn PhysicalExpr>| given.downcast_ref::<Literal>().map(|literal| literal.value().clone());
    let pairs = args.exprs[1..].chunks(2).map(|pair| match (literal(&pair[0]), pair.get(1).and_then(literal)) {
        (Some(ScalarValue::Float64(Some(fraction))), Some(ScalarValue::Boolean(Some(descends)))) => {
            Ok(Place { fraction, descends })
        }
        _ => Err(Error::internal("a quantile's place is no literal").into()),
    });
    pairs.collect()
}

/// The values where there are no groups.
#[derive(Debug)]
struct Values {
    places: Vec<Place>,
    values: Vec<f64>,
}

impl Values {
    fn add(&mut self, values: &Float64Array) {
        match values.nulls() {
            None => self.values.extend_from_slice(values.values()),
            Some(valid) => self.values.extend(valid.valid_indices().map(|row| values.value(row))),
        }
    }
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values[0].as_primitive::<Float64Type>());
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            self.add(values.as_primitive::<Float64Type>());
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values = Float64Array::from(std::mem::take(&mut self.values));
        let offsets = OffsetBuffer::from_lengths([values.len()]);
        Ok(vec![ScalarValue::try_from_array(&list(values, offsets), 0)?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let told = quantiles(&mut self.values, &self.places);
        let columns = told.into_iter().map(|value| Arc::new(Float64Array::from(vec![value])) as ArrayRef);
        let row = arrow::array::StructArray::try_new(fields(self.places.len()), columns.collect(), None)?;
        Ok(ScalarValue::Struct(Arc::new(row)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<f64>()
    }
}
