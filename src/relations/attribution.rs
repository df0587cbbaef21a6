//! `attribution(touches, conversions, ...)`: which touches each conversion is credited to, by every model side by side.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit};

use super::call::Call;
use super::entry::{Argument, Column, ENTITY, Entry};
use super::function::TableFunction;
use super::rows::EntityRows;
use super::times::{Span, times};
use crate::error::Result;
use crate::operators::sequence::{Codes, Entity, Keeper, Kernel, Sequence, SequenceArguments, SequenceFunction, Slot};
use crate::sequence::attribution::{Lookback, Milestones, Model, Path, append, windows};

const ENTRY: Entry = Entry {
    name: "attribution",
    family: "levers",
    description: "One row per conversion and touch before it, with the weight that each model gives the touch. The weights of a \
                  conversion add up to 1 in every model; a conversion without touch has one row of weight 1 whose touch is \
                  NULL, so that credit and what is unattributed add up to all conversions.",
    arguments: &[
        Argument::required(
            "touches",
            "relation",
            "The touches: a table, a view, a common table expression or `(SELECT ...)`.",
        ),
        Argument::required("conversions", "relation", "What they are credited with."),
        Argument::optional(
            "lookback",
            "interval",
            "How long before a conversion a touch may be, both ends included; 90 days by default. Months are calendar months.",
        ),
        ENTITY,
        Argument::optional("touched_at", "timestamp", "When a touch happened; `occurred_at` by default."),
        Argument::optional("converted_at", "timestamp", "When a conversion happened; `occurred_at` by default."),
        Argument::optional("touch", "expression", "What the answer says of a touch: its id, or its channel."),
        Argument::optional("conversion", "expression", "What the answer says of a conversion."),
        Argument::optional(
            "half_life",
            "interval",
            "The age at which time decay has halved a weight; 7 days by default.",
        ),
        Argument::optional(
            "reset",
            "boolean",
            "Whether a conversion's touches are forgotten by later ones; false by default.",
        ),
    ],
    columns: &[
        Column::of("(entity)", "as given", "The entity's column or columns, under their own names."),
        Column::of("conversion", "as conversion", "With `conversion`: what it says."),
        Column::of("converted_at", "as converted_at", "When the conversion happened."),
        Column::of("touch", "as touch", "With `touch`: what it says; NULL where the conversion has no touch."),
        Column::of("touched_at", "as touched_at", "When the touch happened; NULL where there is none."),
        Column::of("position", "bigint", "The touch's place among those of the conversion, from 1."),
        Column::of("touches", "bigint", "How many touches the conversion has."),
        Column::of("unattributed", "boolean", "Whether the row stands for a conversion without touch."),
        Column::of("first_touch", "double precision", "All to the first touch."),
        Column::of("last_touch", "double precision", "All to the last touch."),
        Column::of("linear", "double precision", "The same to each."),
        Column::of("position_based", "double precision", ".4 to the first, .4 to the last, .2 to those between."),
        Column::of("j_shaped", "double precision", ".2 to the first, .6 to the last, .2 to those between."),
        Column::of("inverse_j", "double precision", ".6 to the first, .2 to the last, .2 to those between."),
        Column::of("time_decay", "double precision", "Halved with every half-life before the conversion."),
    ],
    nulls: "rows without entity or time are left out. Touches of one instant stand in the order of `touch`. A touch at the \
            instant of the conversion counts.",
    errors: "42883 for an unknown argument; 42804 for a lookback that is no interval; 22023 for a negative one, or a half-life of \
             nothing or of months.",
    cost: "linear in touches, conversions and rows of the answer, after sorting both by entity and time.",
    source: "The position rules of web analytics; statistics of the models agree with R's ChannelAttribution on its own data.",
    example: "SELECT touch, position, linear, position_based, round(time_decay, 6) AS time_decay FROM attribution(\
              (SELECT * FROM (VALUES ('ann', DATE '2025-01-04', 'ad'), ('ann', DATE '2025-01-11', 'email'), \
              ('ann', DATE '2025-01-18', 'web'), ('ann', DATE '2025-01-25', 'call')) AS t(contact_id, occurred_at, channel)), \
              (SELECT 'ann' AS contact_id, DATE '2025-02-01' AS occurred_at), touch => channel) ORDER BY position;",
    output: "\
+-------+----------+--------+----------------+------------+
| touch | position | linear | position_based | time_decay |
+-------+----------+--------+----------------+------------+
| ad    | 1        | 0.25   | 0.4            | 0.066667   |
| email | 2        | 0.25   | 0.1            | 0.133333   |
| web   | 3        | 0.25   | 0.1            | 0.266667   |
| call  | 4        | 0.25   | 0.4            | 0.533333   |
+-------+----------+--------+----------------+------------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let touches = EntityRows::of(&mut call, "touches", "touched_at", "contact_id")?;
    let conversions = EntityRows::of(&mut call, "conversions", "converted_at", "contact_id")?;
    let touch = call.expression("touch", touches.input.schema())?;
    let conversion = call.expression("conversion", conversions.input.schema())?;
    let lookback = call.interval("lookback", "90 days")?;
    let half_life = call.interval("half_life", "7 days")?;
    // Months have no fixed length: where the lookback may have some, each conversion says when its own begins.
    let starts = match &lookback {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(span)), _) if span.months == 0 => None,
        _ => Some(col("at") - lookback.clone()),
    };
    let names: Vec<String> = touches.entity.iter().map(|(_, name)| name.clone()).collect();
    let reads = Reads {
        touch: touch.is_some(),
        conversion: conversion.is_some(),
        starts: starts.is_some(),
        reset: call.flag("reset")?,
    };

    // Both as rows of one relation, in the types of the touches: the operator brings an entity's together.
    let (touch_schema, conversion_schema) = (touches.input.schema(), conversions.input.schema());
    let mut types = touches.entity.iter().map(|(key, _)| key.get_type(touch_schema)).collect::<Result<Vec<_>, _>>()?;
    types.push(touches.at.get_type(touch_schema)?);
    let touch_type = touch.as_ref().map(|touch| touch.get_type(touch_schema)).transpose()?;
    let conversion_type = conversion.as_ref().map(|conversion| conversion.get_type(conversion_schema)).transpose()?;
    let side = |rows: EntityRows, converts: bool, touch: Option<Expr>, conversion: Option<Expr>| {
        let keys = rows.entity.into_iter().map(|(key, _)| key).chain([rows.at]).zip(&types);
        let names = names.iter().map(String::as_str).chain(["at"]);
        let typed = keys.zip(names).map(|((key, data_type), name)| cast(key, data_type.clone()).alias(name));
        let mut columns: Vec<Expr> = typed.collect();
        columns.push(lit(converts).alias("converts"));
        for (kept, data_type, name) in [(touch, &touch_type, "touch"), (conversion, &conversion_type, "conversion")] {
            if let Some(data_type) = data_type {
                columns.push(cast(kept.unwrap_or_else(|| lit(ScalarValue::Null)), data_type.clone()).alias(name));
            }
        }
        LogicalPlanBuilder::from(rows.input).project(columns)?.build()
    };
    let touched = side(touches, false, touch, None)?;
    let converted = side(conversions, true, None, conversion)?;
    let input = LogicalPlanBuilder::from(touched).union(converted)?.build()?;

    let entity = names.into_iter().map(|name| (col(&name), name)).collect();
    let mut slots = vec![vec![col("converts")]];
    slots.extend(reads.touch.then(|| vec![col("touch")]));
    slots.extend(reads.conversion.then(|| vec![col("conversion")]));
    slots.extend(starts.map(|starts| vec![starts]));
    let tiebreak = if reads.touch { vec![col("touch")] } else { vec![] };
    let arguments = SequenceArguments { entity, at: col("at"), tiebreak, slots, constants: vec![lookback, half_life] };
    Ok(Sequence::plan(Arc::new(reads), arguments, input)?)
}

/// The models of the answer, by the names of their columns; time decay comes last, with the half-life of the call.
const MODELS: [(&str, Model); 6] = [
    ("first_touch", Model::First),
    ("last_touch", Model::Last),
    ("linear", Model::Linear),
    ("position_based", Model::Position),
    ("j_shaped", Model::J),
    ("inverse_j", Model::InverseJ),
];

const CONVERTS: usize = 0;
const TOUCH: usize = 1;

/// What a call reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Reads {
    touch: bool,
    conversion: bool,
    starts: bool,
    reset: bool,
}

impl Reads {
    fn conversion(self) -> usize {
        TOUCH + usize::from(self.touch)
    }

    fn starts(self) -> usize {
        self.conversion() + usize::from(self.conversion)
    }
}

impl SequenceFunction for Reads {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::Conditions(1)];
        slots.extend(self.touch.then_some(Slot::Kept));
        slots.extend(self.conversion.then_some(Slot::Kept));
        slots.extend(self.starts.then_some(Slot::Integer));
        slots
    }

    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field> {
        let mut columns = vec![];
        columns.extend(self.conversion.then(|| Field::new("conversion", slots[self.conversion()].clone(), true)));
        columns.push(Field::new("converted_at", at.clone(), false));
        columns.extend(self.touch.then(|| Field::new("touch", slots[TOUCH].clone(), true)));
        columns.extend([
            Field::new("touched_at", at.clone(), true),
            Field::new("position", DataType::Int64, true),
            Field::new("touches", DataType::Int64, false),
            Field::new("unattributed", DataType::Boolean, false),
        ]);
        let models = MODELS.iter().map(|(name, _)| *name).chain(["time_decay"]);
        columns.extend(models.map(|name| Field::new(name, DataType::Float64, false)));
        columns
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>> {
        let span = Span::of(ENTRY.name, "lookback", &constants[0])?;
        let lookback = if self.starts { None } else { Some(span.fixed(ENTRY.name, "lookback", at)?) };
        let half_life = Span::of(ENTRY.name, "half_life", &constants[1])?.positive(ENTRY.name, "half_life", at)?;
        let models = MODELS.iter().map(|(_, model)| *model).chain([Model::TimeDecay { half_life }]).collect::<Vec<_>>();
        Ok(Box::new(Credit {
            reads: *self,
            lookback,
            touch_type: self.touch.then(|| slots[TOUCH].clone()),
            conversion_type: self.conversion.then(|| slots[self.conversion()].clone()),
            at: at.clone(),
            answer: Columns { weights: vec![vec![]; models.len()], ..Columns::default() },
            models,
            touches: Rows::default(),
            conversions: Rows::default(),
            starts: vec![],
        }))
    }
}

struct Credit {
    reads: Reads,
    /// None where each conversion has a start of its own.
    lookback: Option<i64>,
    touch_type: Option<DataType>,
    conversion_type: Option<DataType>,
    at: DataType,
    models: Vec<Model>,
    touches: Rows,
    conversions: Rows,
    starts: Vec<i64>,
    answer: Columns,
}

/// Some of an entity's rows.
#[derive(Default)]
struct Rows {
    rows: Vec<usize>,
    times: Vec<i64>,
}

impl Rows {
    fn push(&mut self, row: usize, time: i64) {
        self.rows.push(row);
        self.times.push(time);
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.times.clear();
    }
}

/// The columns of the answer so far.
#[derive(Default)]
struct Columns {
    conversion: Keeper,
    converted: Vec<i64>,
    touch: Keeper,
    touched: Vec<Option<i64>>,
    position: Vec<Option<i64>>,
    touches: Vec<i64>,
    /// By model.
    weights: Vec<Vec<f64>>,
}

impl Credit {
    /// Tells an entity's touches from its conversions.
    fn divide(&mut self, entity: &Entity<'_>) {
        self.touches.clear();
        self.conversions.clear();
        self.starts.clear();
        for (row, (time, converts)) in entity.times().iter().zip(entity.masks(CONVERTS)).enumerate() {
            if converts & 1 == 0 {
                self.touches.push(row, *time);
            } else {
                self.conversions.push(row, *time);
                if self.reads.starts {
                    self.starts.push(entity.integers(self.reads.starts())[row]);
                }
            }
        }
    }
}

impl Kernel for Credit {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        self.divide(entity);
        let Self { reads, lookback, models, touches, conversions, starts, answer, .. } = self;
        let before = answer.converted.len();
        let lookback = lookback.map_or(Lookback::Starts(starts), Lookback::Fixed);
        let spans = windows(&touches.times, &conversions.times, lookback, reads.reset);
        for (span, (row, time)) in spans.zip(conversions.rows.iter().zip(&conversions.times)) {
            let count = span.len();
            for place in 0..count.max(1) {
                let touch = (count > 0).then(|| span.start + place);
                answer.converted.push(*time);
                answer.touched.push(touch.map(|touch| touches.times[touch]));
                answer.position.push(touch.map(|_| place as i64 + 1));
                answer.touches.push(count as i64);
                if reads.conversion {
                    answer.conversion.push(entity, reads.conversion(), Some(*row));
                }
                if reads.touch {
                    answer.touch.push(entity, TOUCH, touch.map(|touch| touches.rows[touch]));
                }
            }
            if count == 0 {
                answer.weights.iter_mut().for_each(|weights| weights.push(1.0));
            } else {
                let milestones = Milestones::default();
                let path = Path { touches: &touches.times[span], conversion: *time, milestones };
                append(models, &path, &mut answer.weights);
            }
        }
        Ok(answer.converted.len() - before)
    }

    fn take(&mut self, _: &Codes) -> Result<Vec<ArrayRef>> {
        let empty = Columns { weights: vec![vec![]; self.models.len()], ..Columns::default() };
        let mut answer = std::mem::replace(&mut self.answer, empty);
        let mut columns: Vec<ArrayRef> = vec![];
        if let Some(conversion) = &self.conversion_type {
            columns.push(answer.conversion.take(conversion)?);
        }
        columns.push(times(answer.converted, &self.at)?);
        if let Some(touch) = &self.touch_type {
            columns.push(answer.touch.take(touch)?);
        }
        columns.push(times(answer.touched, &self.at)?);
        columns.push(Arc::new(Int64Array::from(answer.position)));
        let unattributed = answer.touches.iter().map(|touches| *touches == 0).collect::<Vec<_>>();
        columns.push(Arc::new(Int64Array::from(answer.touches)));
        columns.push(Arc::new(BooleanArray::from(unattributed)));
        columns.extend(answer.weights.into_iter().map(|weights| Arc::new(Float64Array::from(weights)) as ArrayRef));
        Ok(columns)
    }
}
