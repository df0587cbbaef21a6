//! `state_intervals(input, ...)`: how long each journey stayed in each state, and where it went next.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, new_empty_array};
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{JoinType, ScalarValue};
use datafusion::functions_aggregate::expr_fn::{array_agg, bool_or, max};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, cast, col, lit, scalar_subquery,
};

use super::call::Call;
use super::entry::{AS_OF, AT, Argument, Column, Entry, INPUT, TIEBREAK};
use super::function::TableFunction;
use super::rows::{EntityRows, as_of};
use super::times::times;
use crate::error::Result;
use crate::operators::sequence::{Codes, Entity, Keeper, Kernel, Sequence, SequenceArguments, SequenceFunction, Slot};
use crate::sequence::events::NULL_STATE;
use crate::sequence::intervals::{Intervals, State};

const ENTRY: Entry = Entry {
    name: "state_intervals",
    family: "velocity",
    description: "Every stay of a journey in a state: when it was entered and left, for which state, and whether the journey \
                  jumped ahead, fell back or came again.",
    arguments: &[
        INPUT,
        Argument::optional("state", "expression", "The state that a row enters; the column `state` by default."),
        Argument::optional(
            "entity",
            "expression",
            "What a row belongs to: a column or expression, or several in parentheses; `journey_id` by default.",
        ),
        AT,
        TIEBREAK,
        AS_OF,
        Argument::optional(
            "position",
            "expression",
            "A state's place in the journey, the same in all its rows; that of journey.demand_states by default.",
        ),
        Argument::optional(
            "terminal",
            "condition",
            "Whether the journey ends in a row's state; by default where journey.demand_states gives it an outcome.",
        ),
        Argument::optional(
            "keep",
            "columns",
            "Other columns of the row that entered the state, as `(account_id, track)`; none by default.",
        ),
    ],
    columns: &[
        Column::of("(entity)", "as given", "The entity's column or columns, under their own names."),
        Column::of("state", "as state", "The state."),
        Column::of("visit", "bigint", "Which entry into this state it is, from 1."),
        Column::of("entered_at", "as at", "When it was entered."),
        Column::of("left_at", "as at", "When the next state was entered; NULL where there is none yet."),
        Column::of("next_state", "as state", "The state entered next, which may be the same again."),
        Column::of(
            "open",
            "boolean",
            "Whether the journey is still there and not at its end: what survival functions censor.",
        ),
        Column::of(
            "skipped",
            "bigint",
            "How many positions lie between this state and the next, going forward; those of lost and churned don't count.",
        ),
        Column::of("regressed", "boolean", "Whether the next state's position is before this one's."),
        Column::of("rework", "boolean", "Whether the state was entered before."),
        Column::of("(kept)", "as given", "With `keep`: its columns, under their own names."),
    ],
    nulls: "rows without entity, time or state are left out. Rows of one instant stand in the order of the tiebreak, then of \
            their positions, then of their states, then of what is kept. Where one of two states has no position, nothing is \
            skipped.",
    errors: "42883 for an unknown argument, 42703 for an unknown column, 22023 for a kept column that the answer has already.",
    cost: "linear in the rows, after sorting them by entity and time.",
    source: "Multi-state data in counting-process form (Putter, Fiocco & Geskus 2007), as velocity reads it.",
    example: "SELECT state, visit, left_at, next_state, open, skipped, regressed, rework FROM state_intervals((SELECT * FROM \
              (VALUES ('j', DATE '2025-01-01', 'a', 1), ('j', DATE '2025-01-05', 'c', 3), ('j', DATE '2025-01-09', 'a', 1)) \
              AS t(journey_id, entered_at, state, place)), position => place) ORDER BY visit, state;",
    output: "\
+-------+-------+---------------------+------------+-------+---------+-----------+--------+
| state | visit | left_at             | next_state | open  | skipped | regressed | rework |
+-------+-------+---------------------+------------+-------+---------+-----------+--------+
| a     | 1     | 2025-01-05T00:00:00 | c          | false | 0       | false     | false  |
| c     | 1     | 2025-01-09T00:00:00 | a          | false | 0       | true      | false  |
| a     | 2     |                     |            | true  | 0       | false     | true   |
+-------+-------+---------------------+------------+-------+---------+-----------+--------+",
};

pub(super) fn function() -> TableFunction {
    TableFunction { entry: &ENTRY, plan }
}

fn plan(mut call: Call<'_>) -> Result<LogicalPlan> {
    let mut rows = EntityRows::read(&mut call, "journey_id")?;
    let schema = Arc::clone(rows.input.schema());
    let state = call.column("state", "state", &schema)?;
    let as_of = rows.observe(&mut call)?;
    let position = call.expression("position", &schema)?;
    let mut terminal = call.conditions("terminal", &schema)?;
    let keep = call.columns("keep", &schema)?;
    let EntityRows { input, entity, at, mut tiebreak } = rows;

    let known = if position.is_some() { None } else { states(&mut call)? };
    let (input, position, positions) = match (position, known) {
        (Some(position), _) => {
            let positions = different(input.clone(), position.clone())?;
            (input, position, positions)
        }
        (None, Some(states)) => {
            let way = LogicalPlanBuilder::from(states.clone()).filter(col("known.on_the_way"))?.build()?;
            let positions = different(way, col("known.place"))?;
            let joined = LogicalPlanBuilder::from(input)
                .join_on(states, JoinType::Left, [cast(state.clone(), DataType::Utf8View).eq(col("known.name"))])?
                .build()?;
            if terminal.is_empty() {
                terminal.push(col("known.ends"));
            }
            (joined, col("known.place"), positions)
        }
        (None, None) => (input, lit(ScalarValue::Int64(None)), lit(ScalarValue::Null)),
    };
    if terminal.is_empty() {
        terminal.push(lit(false));
    }
    let position = cast(position, DataType::Int64);
    let function = StateIntervals { kept: kept(&call, &keep, &entity)? };
    tiebreak.extend([position.clone(), state.clone()]);
    tiebreak.extend(keep.iter().cloned());
    let mut slots = vec![vec![state], vec![position], terminal];
    slots.extend(keep.into_iter().map(|column| vec![column]));
    let arguments = SequenceArguments { entity, at, tiebreak, slots, constants: vec![as_of, positions] };
    Ok(Sequence::plan(Arc::new(function), arguments, input)?)
}

/// The names of the kept columns, which must be new to the answer.
fn kept(call: &Call<'_>, keep: &[Expr], entity: &[(Expr, String)]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::with_capacity(keep.len());
    for kept in keep {
        let Expr::Column(column) = kept else {
            return Err(call.invalid("keep", "columns", kept));
        };
        let name = &column.name;
        let taken = ENTRY.columns.iter().any(|own| own.name == name)
            || entity.iter().any(|(_, key)| key == name)
            || names.contains(name);
        if taken {
            return Err(call.invalid("keep", "columns that the answer doesn't have already", name));
        }
        names.push(name.clone());
    }
    Ok(names)
}

/// The journey's own states, one row each, if the database has them. All but lost and churned lie on the way.
fn states(call: &mut Call<'_>) -> Result<Option<LogicalPlan>> {
    let Some(states) = call.known_relation("journey", "demand_states") else {
        return Ok(None);
    };
    let aside = || bool_or(col("outcome").in_list(vec![lit("lost"), lit("churned")], false));
    let ends = || bool_or(col("outcome").is_not_null());
    let each = LogicalPlanBuilder::from(states)
        .aggregate([col("state")], [max(col("position")), ends(), aside()])?
        .project([
            col("state").alias("name"),
            max(col("position")).alias("place"),
            ends().alias("ends"),
            aside().is_not_true().alias("on_the_way"),
        ])?
        .alias("known")?;
    Ok(Some(each.build()?))
}

/// The different positions, as one list.
fn different(rows: LogicalPlan, position: Expr) -> Result<Expr> {
    let list = array_agg(cast(position, DataType::Int64)).distinct().build()?;
    let list = LogicalPlanBuilder::from(rows).aggregate(Vec::<Expr>::new(), [list])?;
    Ok(scalar_subquery(Arc::new(list.build()?)))
}

const STATE: usize = 0;
const POSITION: usize = 1;
const TERMINAL: usize = 2;
/// The first kept column.
const KEPT: usize = 3;

#[derive(Debug, PartialEq, Eq, Hash)]
struct StateIntervals {
    /// The names of the kept columns.
    kept: Vec<String>,
}

impl SequenceFunction for StateIntervals {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn slots(&self) -> Vec<Slot> {
        let own = [Slot::Code, Slot::Integer, Slot::Conditions(1)];
        own.into_iter().chain(self.kept.iter().map(|_| Slot::Kept)).collect()
    }

    fn answer(&self, at: &DataType, slots: &[DataType]) -> Vec<Field> {
        let state = Slot::plain(&slots[STATE]);
        let mut columns = vec![
            Field::new("state", state.clone(), false),
            Field::new("visit", DataType::Int64, false),
            Field::new("entered_at", at.clone(), false),
            Field::new("left_at", at.clone(), true),
            Field::new("next_state", state, true),
            Field::new("open", DataType::Boolean, false),
            Field::new("skipped", DataType::Int64, false),
            Field::new("regressed", DataType::Boolean, false),
            Field::new("rework", DataType::Boolean, false),
        ];
        columns.extend(self.kept.iter().zip(&slots[KEPT..]).map(|(name, kept)| Field::new(name, kept.clone(), true)));
        columns
    }

    fn kernel(&self, constants: &[ScalarValue], at: &DataType, slots: &[DataType]) -> Result<Box<dyn Kernel>> {
        let way = match &constants[1] {
            ScalarValue::List(list) if !list.is_null(0) => list.value(0),
            _ => new_empty_array(&DataType::Int64),
        };
        let way = way.as_primitive::<Int64Type>().iter().flatten().filter_map(|position| i32::try_from(position).ok());
        let kernel = Stays {
            at: at.clone(),
            as_of: as_of(&constants[0]),
            way: way.collect(),
            states: vec![],
            intervals: None,
            answer: Columns::default(),
            kept: slots[KEPT..].iter().map(|kept| (kept.clone(), Keeper::default())).collect(),
        };
        Ok(Box::new(kernel))
    }
}

struct Stays {
    at: DataType,
    as_of: i64,
    /// The positions of the way.
    way: Vec<i32>,
    /// What is known of the states seen, by code.
    states: Vec<Option<State>>,
    /// For these states; made anew when one more is seen.
    intervals: Option<Intervals>,
    answer: Columns,
    /// The kept columns, each with its type.
    kept: Vec<(DataType, Keeper)>,
}

/// The columns of the answer so far.
#[derive(Default)]
struct Columns {
    state: Vec<u32>,
    visit: Vec<i64>,
    entered: Vec<i64>,
    left: Vec<Option<i64>>,
    next: Vec<u32>,
    open: Vec<bool>,
    skipped: Vec<i64>,
    regressed: Vec<bool>,
    rework: Vec<bool>,
}

impl Stays {
    /// Learns the states of an entity's rows.
    fn learn(&mut self, entity: &Entity<'_>) {
        self.states.resize(entity.meaning().count(STATE), None);
        let (positions, terminal) = (entity.integers(POSITION), entity.masks(TERMINAL));
        for (row, code) in entity.codes(STATE).iter().enumerate().filter(|(_, code)| **code != NULL_STATE) {
            let state = &mut self.states[*code as usize];
            if state.is_none() {
                let position = i32::try_from(positions[row]).ok();
                *state = Some(State { position, terminal: terminal[row] & 1 == 1 });
                self.intervals = None;
            }
        }
    }
}

impl Kernel for Stays {
    fn run(&mut self, entity: &Entity<'_>) -> Result<usize> {
        self.learn(entity);
        let Self { states, way, as_of, intervals, answer, kept, .. } = self;
        let intervals = intervals.get_or_insert_with(|| {
            let states: Vec<State> = states.iter().map(|state| state.unwrap_or_default()).collect();
            Intervals::new(&states, way, *as_of)
        });
        let (times, before) = (entity.times(), answer.state.len());
        intervals.run(times, entity.codes(STATE), |stay| {
            answer.state.push(stay.state);
            answer.visit.push(i64::from(stay.visit));
            answer.entered.push(times[stay.entered]);
            answer.left.push(stay.left.map(|row| times[row]));
            answer.next.push(stay.next.unwrap_or(NULL_STATE));
            answer.open.push(stay.open);
            answer.skipped.push(i64::from(stay.skipped));
            answer.regressed.push(stay.regressed);
            answer.rework.push(stay.rework);
            for (slot, (_, keeper)) in kept.iter_mut().enumerate() {
                keeper.push(entity, KEPT + slot, Some(stay.entered));
            }
        });
        Ok(answer.state.len() - before)
    }

    fn take(&mut self, codes: &Codes) -> Result<Vec<ArrayRef>> {
        let answer = std::mem::take(&mut self.answer);
        let mut columns = vec![
            codes.values(STATE, &answer.state)?,
            Arc::new(Int64Array::from(answer.visit)),
            times(answer.entered, &self.at)?,
            times(answer.left, &self.at)?,
            codes.values(STATE, &answer.next)?,
            Arc::new(BooleanArray::from(answer.open)),
            Arc::new(Int64Array::from(answer.skipped)),
            Arc::new(BooleanArray::from(answer.regressed)),
            Arc::new(BooleanArray::from(answer.rework)),
        ];
        for (data_type, keeper) in &mut self.kept {
            columns.push(keeper.take(data_type)?);
        }
        Ok(columns)
    }
}
