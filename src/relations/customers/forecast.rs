//! One customer's forecast from the fitted models: a function of the plan alone, which SQL cannot call.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Float64Builder, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result as PlanResult;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::error::{Error, Result};
use crate::functions::Span;
use crate::stats::customer_base::bg_nbd::BgNbd;
use crate::stats::customer_base::discount::present_value;
use crate::stats::customer_base::fit::PurchaseModel;
use crate::stats::customer_base::gamma_gamma::GammaGamma;
use crate::stats::customer_base::histories::History;
use crate::stats::customer_base::mbg_nbd::MbgNbd;
use crate::stats::customer_base::pareto_nbd::ParetoNbd;

/// How customers leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Model {
    Bg,
    Mbg,
    Pareto,
}

/// The models by their names in SQL.
pub(super) const MODELS: [(&str, Model); 3] =
    [("bg_nbd", Model::Bg), ("mbg_nbd", Model::Mbg), ("pareto_nbd", Model::Pareto)];

impl Model {
    /// The aggregate that fits it.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Bg => "bg_nbd_summary",
            Self::Mbg => "mbg_nbd_summary",
            Self::Pareto => "pareto_nbd_summary",
        }
    }

    /// The names of its parameters there.
    pub fn parameters(self) -> [&'static str; 4] {
        match self {
            Self::Bg | Self::Mbg => ["r", "alpha", "a", "b"],
            Self::Pareto => ["r", "alpha", "s", "beta"],
        }
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// The units by their names in SQL.
pub(super) const UNITS: [(&str, Unit); 4] =
    [("day", Unit::Day), ("week", Unit::Week), ("month", Unit::Month), ("year", Unit::Year)];

impl Unit {
    /// How many days it has, in the mean.
    pub fn days(self) -> f64 {
        match self {
            Self::Day => 1.0,
            Self::Week => 7.0,
            Self::Month => Span::DAYS_OF_MONTH,
            Self::Year => 12.0 * Span::DAYS_OF_MONTH,
        }
    }
}

/// More periods take long and say nothing more.
const MOST_PERIODS: f64 = 1200.0;

/// `forecast(purchases, spending, x, t_x, t, mean_value, horizon, period, discount)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Forecast {
    name: &'static str,
    model: Model,
    unit: Unit,
    signature: Signature,
}

/// What it gives.
pub(super) const COLUMNS: [&str; 4] = ["p_alive", "expected_purchases", "expected_value", "clv"];

impl Forecast {
    /// For errors, the name of the table function that calls it.
    pub fn new(name: &'static str, model: Model, unit: Unit) -> Self {
        Self { name, model, unit, signature: Signature::any(9, Volatility::Immutable) }
    }

    /// How many periods the horizon has, how long one is in units, and the discount.
    fn horizon(&self, [horizon, period, discount]: [ScalarValue; 3]) -> Result<(u32, f64, f64)> {
        let refuse =
            |argument: &str, expected: &str, got: String| Err(Error::argument(self.name, argument, expected, got));
        let days = |argument, value: &ScalarValue| Ok::<_, Error>(Span::of(self.name, argument, value)?.mean_days());
        let (all, one) = (days("horizon", &horizon)?, days("period", &period)?);
        if one <= 0.0 {
            return refuse("period", "longer than nothing", "0".to_owned());
        }
        let periods = (all / one).round();
        if (all / one - periods).abs() > 1e-9 * periods || !(1.0..=MOST_PERIODS).contains(&periods) {
            let expected = format!("1 to {MOST_PERIODS} whole periods");
            return refuse("horizon", &expected, (all / one).to_string());
        }
        match discount {
            ScalarValue::Float64(Some(rate)) if rate >= 0.0 && rate.is_finite() => {
                Ok((periods as u32, one / self.unit.days(), rate))
            }
            other => refuse("discount", "a rate of 0 or more", other.to_string()),
        }
    }

    fn rows<M: PurchaseModel>(&self, arguments: &[ArrayRef]) -> PlanResult<StructArray> {
        let constant = |place: usize| ScalarValue::try_from_array(&arguments[place], 0);
        let (periods, length, rate) = self.horizon([constant(6)?, constant(7)?, constant(8)?])?;
        let purchases = self.model.parameters().map(|name| field(&arguments[0], name));
        let spending = ["p", "q", "gamma"].map(|name| field(&arguments[1], name));
        let (recency, age) = (number(&arguments[3]), number(&arguments[4]));
        let (repeats, mean_value) = (arguments[2].as_primitive::<arrow::datatypes::Int64Type>(), number(&arguments[5]));
        let mut columns = COLUMNS.map(|_| Float64Builder::new());
        for row in 0..repeats.len() {
            let history =
                History { repeats: repeats.value(row) as f64, recency: recency.value(row), age: age.value(row) };
            let known = |columns: &[&Float64Array]| columns.iter().all(|column| column.is_valid(row));
            let buying = known(&purchases).then(|| M::new(purchases.map(|column| column.value(row))));
            let [p, q, gamma] = spending.map(|column| column.value(row));
            let spending = known(&spending).then_some(GammaGamma { p, q, gamma });
            let spent = if mean_value.is_valid(row) { mean_value.value(row) } else { 0.0 };
            let value = spending.and_then(|spending| spending.expected_value(history.repeats, spent));
            let until = |model: &M, t: f64| model.expected_purchases(&history, t);
            let answer = [
                buying.as_ref().map(|model| model.p_alive(&history)),
                buying.as_ref().map(|model| until(model, f64::from(periods) * length)),
                value,
                buying
                    .zip(value)
                    .map(|(model, value)| present_value(|t| until(&model, t), value, periods, length, rate)),
            ];
            // Beyond what the formulas can compute nothing is known.
            columns
                .iter_mut()
                .zip(answer)
                .for_each(|(column, number)| column.append_option(number.filter(|n| n.is_finite())));
        }
        let columns = columns.map(|mut column| Arc::new(column.finish()) as ArrayRef).to_vec();
        Ok(StructArray::try_new(fields(), columns, None)?)
    }
}

impl ScalarUDFImpl for Forecast {
    fn name(&self) -> &str {
        "forecast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> PlanResult<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> PlanResult<ColumnarValue> {
        if args.number_rows == 0 {
            return Ok(ColumnarValue::Array(Arc::new(StructArray::new_null(fields(), 0))));
        }
        let arguments: Vec<ArrayRef> =
            args.args.into_iter().map(|argument| argument.into_array(args.number_rows)).collect::<PlanResult<_>>()?;
        let answer = match self.model {
            Model::Bg => self.rows::<BgNbd>(&arguments),
            Model::Mbg => self.rows::<MbgNbd>(&arguments),
            Model::Pareto => self.rows::<ParetoNbd>(&arguments),
        };
        Ok(ColumnarValue::Array(Arc::new(answer?)))
    }
}

fn fields() -> Fields {
    COLUMNS.iter().map(|name| Field::new(*name, DataType::Float64, true)).collect()
}

fn number(array: &ArrayRef) -> &Float64Array {
    array.as_primitive::<Float64Type>()
}

/// A field of a summary.
fn field<'a>(summary: &'a ArrayRef, name: &str) -> &'a Float64Array {
    number(summary.as_struct().column_by_name(name).expect("summaries have their parameters as fields"))
}
