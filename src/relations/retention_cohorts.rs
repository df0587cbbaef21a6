//! `retention_cohorts(input, ...)`: how many of those who started in a period came back in each period after it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int64Array};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast, col, lit};

use super::call::Call;
use super::entry::{AS_OF, AT, Argument, Column, ENTITY, Entry, INPUT};
use super::function::TableFunction;
use super::periods::{PERIODS, Period};
use super::rows::{EntityRows, as_of};
use crate::error::Result;
use crate::functions::units_per_second;
use crate::operators::sequence::{Codes, Entity, Kernel, Sequence, SequenceArguments, SequenceFunction, Slot};
use crate::sequence::cohorts::Cohorts;
use crate::sequence::events::Events;

const ENTRY: Entry = Entry {
    name: "retention_cohorts",
    family: "conversion",
    description: "Groups entities by the period of their first start, and counts how many of each group came back in each \
                  period after it.",
    arguments: &[
        INPUT,
        Argument::optional("start", "condition", "What a start is; every row by default."),
        Argument::optional("returned", "condition", "What coming back is; every row by default."),
        Argument::optional(
            "period",
            "text",
            "`day`, `week` (default, from Monday), `month`, `quarter` or `year`, in UTC.",
        ),
        ENTITY,
        AT,
        AS_OF,
    ],
    columns: &[
        Column::of("cohort", "date", "First day of the period in which its entities first started."),
        Column::of("age", "bigint", "Periods since then."),
        Column::of("size", "bigint", "How many entities the cohort has."),
        Column::of("returned", "bigint", "How many of them came back in the period of that age, after their start."),
        Column::of("rate", "double precision", "Their share."),
        Column::of(
            "complete",
            "boolean",
            "Whether that period is over at as_of; the rate of one that isn't may still rise.",
        ),
    ],
    nulls: "rows without entity or time are left out; entities that never start belong to no cohort. A return is strictly later \
            than the first start.",
    errors: "42883 for an unknown argument; 42804 for a condition that is none, or an unknown period.",
    cost: "linear in the rows, after sorting them by entity and time where they are not sorted.",
    source: "Cohort retention as product analytics tells it (unbounded: a return is looked for in each period by itself).",
    example: "SELECT cohort, age, size, returned, rate, complete FROM retention_cohorts((SELECT * FROM (VALUES \
              ('ann', DATE '2025-01-06'), ('ann', DATE '2025-01-14'), ('bob', DATE '2025-01-08'), \
              ('cyd', DATE '2025-01-20')) AS t(contact_id, occurred_at))) ORDER BY cohort, age;",
    output: "\
+------------+-----+------+----------+------+----------+
| cohort     | age | size | returned | rate | complete |
+------------+-----+------+----------+------+----------+
| 2025-01-06 | 0   | 2    | 0        | 0.0  | true     |
| 2025-01-06 | 1   | 2    | 1        | 0.5  | true     |
| 2025-01-06 | 2   | 2    | 0        | 0.0  | false    |
| 2025-01-20 | 0   | 1    | 0        | 0.0  | false    |
+------------+-----+------+----------+------+----------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let mut rows = EntityRows::read(&mut call, "contact_id")?;
    let schema = Arc::clone(rows.input.schema());
    let mut conditions = vec![];
    for argument in ["start", "returned"] {
        match call.conditions(argument, &schema)?.as_slice() {
            [] => conditions.push(lit(true)),
            [one] => conditions.push(one.clone()),
            more => return Err(call.invalid(argument, "one condition", format!("{} conditions", more.len()))),
        }
    }
    let period = call.word("period", &PERIODS)?.unwrap_or(Period::Week);
    let as_of = rows.observe(&mut call)?;
    let EntityRows { input, entity, at, .. } = rows;
    let arguments = SequenceArguments { entity, at, tiebreak: vec![], slots: vec![conditions], constants: vec![as_of] };
    let counted = Sequence::plan(Arc::new(RetentionCohorts { period }), arguments, input)?;
    // Each partition has cohorts of its own.
    let total = LogicalPlanBuilder::from(counted)
        .aggregate(
            [col("cohort"), col("age"), col("complete")],
            [sum(col("size")).alias("size"), sum(col("returned")).alias("returned")],
        )?
        .project([
            col("cohort"),
            col("age"),
            col("size"),
            col("returned"),
            (cast(col("returned"), DataType::Float64) / cast(col("size"), DataType::Float64)).alias("rate"),
            col("complete"),
        ])?;
    Ok(total.build()?)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RetentionCohorts {
    period: Period,
}

impl SequenceFunction for RetentionCohorts {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        vec![Slot::Conditions(2)]
    }

    fn is_total(&self) -> bool {
        true
    }

    fn answer(&self, _: &DataType, _: &[DataType]) -> Vec<Field> {
        vec![
            Field::new("cohort", DataType::Date32, false),
            Field::new("age", DataType::Int64, false),
            Field::new("size", DataType::Int64, false),
            Field::new("returned", DataType::Int64, false),
            Field::new("complete", DataType::Boolean, false),
        ]
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, _: &[DataType]) -> Result<Box<dyn Kernel>> {
        let units_per_day = 86_400 * units_per_second(at);
        Ok(Box::new(Counter {
            period: self.period,
            units_per_day,
            today: as_of(&constants[0]).div_euclid(units_per_day),
            cohorts: Cohorts::new(1, 2),
            periods: vec![],
            counts: BTreeMap::new(),
        }))
    }
}

struct Counter {
    period: Period,
    units_per_day: i64,
    /// The day of as_of.
    today: i64,
    cohorts: Cohorts,
    periods: Vec<i64>,
    /// By the number of the cohort's period.
    counts: BTreeMap<i64, Counts>,
}

#[derive(Default)]
struct Counts {
    size: i64,
    /// By age.
    returned: Vec<i64>,
}

impl Kernel for Counter {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        let Self { period, units_per_day, cohorts, periods, counts, .. } = self;
        let times = entity.times();
        periods.clear();
        periods.extend(times.iter().map(|time| period.number(time.div_euclid(*units_per_day))));
        let events = Events { times, conditions: entity.masks(0) };
        if let Some(cohort) = cohorts.run(events, periods) {
            let counts = counts.entry(cohort.period).or_default();
            counts.size += 1;
            for age in cohort.ages.iter().map(|age| *age as usize) {
                if counts.returned.len() <= age {
                    counts.returned.resize(age + 1, 0);
                }
                counts.returned[age] += 1;
            }
        }
        Ok(0)
    }

    /// Every age up to as_of, those at which nobody came back too.
    fn take(&mut self, _: &Codes) -> Result<Vec<ArrayRef>> {
        let (mut cohort, mut age, mut size, mut returned, mut complete) = (vec![], vec![], vec![], vec![], vec![]);
        let latest = self.period.number(self.today);
        for (number, counts) in std::mem::take(&mut self.counts) {
            for aged in 0..=(latest - number).max(0) {
                cohort.push(i32::try_from(self.period.first_day(number)).unwrap_or(i32::MAX));
                age.push(aged);
                size.push(counts.size);
                returned.push(counts.returned.get(aged as usize).copied().unwrap_or(0));
                complete.push(number + aged < latest);
            }
        }
        Ok(vec![
            Arc::new(Date32Array::from(cohort)),
            Arc::new(Int64Array::from(age)),
            Arc::new(Int64Array::from(size)),
            Arc::new(Int64Array::from(returned)),
            Arc::new(BooleanArray::from(complete)),
        ])
    }
}
