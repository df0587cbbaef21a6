//! An aggregate's answer does not depend on how its rows are cut into batches, spread over partitions, ordered or grouped.
//!
//! Every aggregate of the crate is tested; a new one fails here until `CALLS` says how to call it.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, concat_batches, take_record_batch};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext, col};
use journeydb::functions::functions;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use regex::Regex;

/// How to call each aggregate over the columns of `rows`.
const CALLS: &[(&str, &[&str])] = &[
    ("csat", &["csat(score)"]),
    ("csat_summary", &["csat_summary(score)", "csat_summary(score, .9)"]),
    ("nps", &["nps(score)"]),
    ("nps_summary", &["nps_summary(score)"]),
    ("ces", &["ces(least(greatest(score, 1), 7))"]),
    ("ces_summary", &["ces_summary(least(greatest(score, 1), 7))"]),
    ("conversion_rate", &["conversion_rate(reached)"]),
    ("conversion_summary", &["conversion_summary(reached)"]),
    (
        "window_funnel",
        &[
            "window_funnel(INTERVAL '9 days', 'ordered', started_at, reached, treated, reached)",
            "window_funnel(INTERVAL '9 days', 'strict', started_at, reached, treated)",
            "window_funnel(INTERVAL '9 days', 'any', started_at, reached, treated, reached)",
            "window_funnel(INTERVAL '9 days', 'increase', started_at, reached, treated, reached)",
            "window_funnel(INTERVAL '9 days', 'reuse', started_at, reached, treated, reached)",
            "window_funnel(INTERVAL '1 month', 'ordered', started_at, reached, treated, reached)",
        ],
    ),
    (
        "sequence_match",
        &[
            "sequence_match('(?1)(?2)(?1)(?2)(?1)', started_at, reached, treated)",
            "sequence_match('(?1)(?t>60000)(?2)', started_at, reached, treated)",
        ],
    ),
    ("sequence_count", &["sequence_count('(?1)(?2)(?t<=400000)(?1)', started_at, reached, treated)"]),
    ("sequence_events", &["sequence_events('(?1).*(?2)(?2)', started_at, reached, treated)"]),
    ("retention", &["retention(started_at, reached, treated)", "retention(ended_at, treated, reached)"]),
    (
        "next_event",
        &[
            "next_event('forward', 'first_match', started_at, amount, reached, treated)",
            "next_event('backward', 'last_match', started_at, amount, reached)",
        ],
    ),
    ("velocity", &["velocity(started_at, ended_at)", "velocity(started_at, ended_at, observed_until)"]),
    ("velocity_quantile", &["velocity_quantile(.3, started_at, ended_at)"]),
    (
        "velocity_summary",
        &["velocity_summary(started_at, ended_at)", "velocity_summary(started_at, ended_at, observed_until)"],
    ),
    (
        "velocity_mean",
        &[
            "velocity_mean(started_at, ended_at)",
            "velocity_mean(started_at, ended_at, observed_until, INTERVAL '3 days')",
        ],
    ),
    ("velocity_mean_summary", &["velocity_mean_summary(started_at, ended_at, observed_until, INTERVAL '3 days')"]),
    (
        "velocity_test",
        &[
            "velocity_test(reached, started_at, ended_at)",
            "velocity_test(treated, started_at, ended_at, observed_until)",
        ],
    ),
    (
        "cumulative_incidence_summary",
        &[
            "cumulative_incidence_summary(reached, started_at, ended_at)",
            "cumulative_incidence_summary(treated, started_at, ended_at, observed_until)",
        ],
    ),
    ("clv", &["clv(amount)"]),
    ("cp", &["cp(amount, score)"]),
    ("clv_lift", &["clv_lift(amount, treated)", "clv_lift(amount, treated, baseline)"]),
    ("clv_lift_summary", &["clv_lift_summary(amount, treated)", "clv_lift_summary(amount, treated, baseline)"]),
    ("cp_lift", &["cp_lift(amount, treated, baseline)"]),
    ("cp_lift_summary", &["cp_lift_summary(amount, treated, baseline)"]),
    ("bg_nbd_summary", &["bg_nbd_summary(x, t_x, 40)"]),
    ("mbg_nbd_summary", &["mbg_nbd_summary(x, t_x, 40)"]),
    ("pareto_nbd_summary", &["pareto_nbd_summary(x, t_x, 40)"]),
    ("gamma_gamma_summary", &["gamma_gamma_summary(x, amount)"]),
];

/// What is computed from sorted times or histories does not depend on how they came together, and what is found in a sequence is whole or a
/// value of a row: there is no rounding to tolerate.
const EXACT: &[&str] = &[
    "velocity",
    "velocity_quantile",
    "velocity_summary",
    "velocity_mean",
    "velocity_mean_summary",
    "velocity_test",
    "cumulative_incidence_summary",
    "bg_nbd_summary",
    "mbg_nbd_summary",
    "pareto_nbd_summary",
    "gamma_gamma_summary",
    "window_funnel",
    "sequence_match",
    "sequence_count",
    "sequence_events",
    "retention",
    "next_event",
];
const TOLERANCE: f64 = 1e-12;
/// Arms of two or three rows can differ so little that the difference of their means keeps few digits.
const FEW_ROWS_TOLERANCE: f64 = 1e-9;
const GROUPS: usize = 5;
const ROWS: usize = 400;

/// One call's answers, group by group: the number, the fields of the summary, or the elements of the list.
type Answers = Vec<Vec<Option<f64>>>;

struct Call {
    sql: &'static str,
    exact: bool,
}

fn calls() -> Vec<Call> {
    let aggregates = functions().into_iter().filter(|function| function.is_aggregate());
    let of = |function: journeydb::functions::Function| {
        let name = function.entry.name;
        let exact = EXACT.contains(&name);
        let (_, calls) = CALLS.iter().find(|(called, _)| *called == name).unwrap_or_else(|| {
            panic!("{name} has no test of its merge: add a call of it to CALLS in tests/suite/merge.rs")
        });
        calls.iter().map(move |sql| Call { sql, exact })
    };
    aggregates.flat_map(of).collect()
}

/// The rows, some of every column NULL, in one batch. Group 4 has a single row.
async fn rows() -> RecordBatch {
    let mut random = ChaCha8Rng::seed_from_u64(20);
    let mut values = Vec::new();
    for i in 0..ROWS {
        let group = if i == 0 { GROUPS - 1 } else { i % (GROUPS - 1) };
        let mut or_null = |text: String| if random.random_bool(0.1) { "NULL".to_owned() } else { text };
        let (started, lasted) = (i * 7 % 90, i * i % 37);
        let row = [
            group.to_string(),
            or_null(format!("{}.5", i * 31 % 10)),
            or_null((i % 3 == 0).to_string()),
            or_null(format!("{}.37", 100 + i * i * 17 % 1000)),
            or_null((i % 2 == 0).to_string()),
            or_null(format!("{}.11", 50 + i * i * 17 % 1000 / 2 + i * 37 % 400)),
            or_null(format!("DATE '2026-01-01' + {started}")),
            or_null(format!("DATE '2026-01-01' + {}", (started + lasted).saturating_sub(2))),
            or_null("DATE '2026-03-20'".to_owned()),
        ];
        values.push(format!("({})", row.join(", ")));
    }
    let sql = format!(
        "SELECT g, CAST(score AS DOUBLE) AS score, reached, CAST(amount AS DOUBLE) AS amount, treated,
                CAST(baseline AS DOUBLE) AS baseline, started_at, ended_at, observed_until,
                CASE WHEN score < 6 THEN 0 WHEN score < 8 THEN 1 ELSE 6 END AS x,
                CASE WHEN score < 6 THEN 0 WHEN score < 8 THEN 3 WHEN reached THEN 6 ELSE 36 END AS t_x
         FROM (VALUES {}) AS t(g, score, reached, amount, treated, baseline, started_at, ended_at, observed_until)",
        values.join(", ")
    );
    let batches = SessionContext::new().sql(&sql).await.unwrap().collect().await.unwrap();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

/// A context in which the rows lie in so many partitions of batches of this size.
fn context(rows: &RecordBatch, batch_size: usize, partitions: usize, sorted: bool) -> SessionContext {
    let mut config = SessionConfig::new().with_batch_size(batch_size).with_target_partitions(partitions);
    // Hand rows on as states of one row each, as happens when grouping does not reduce them.
    config.options_mut().execution.skip_partial_aggregation_probe_rows_threshold =
        if batch_size == 2 { 1 } else { 100_000 };
    config.options_mut().execution.skip_partial_aggregation_probe_ratio_threshold = 0.0;
    let context = SessionContext::new_with_config(config);
    journeydb::register(&context).unwrap();
    let share = rows.num_rows().div_ceil(partitions);
    let slices = |from: usize, until: usize| {
        (from..until).step_by(batch_size).map(|at| rows.slice(at, batch_size.min(until - at))).collect::<Vec<_>>()
    };
    let parts = (0..partitions).map(|p| slices(p * share, ((p + 1) * share).min(rows.num_rows()))).collect();
    let mut table = MemTable::try_new(rows.schema(), parts).unwrap();
    if sorted {
        table = table.with_sort_order(vec![vec![col("g").sort(true, false)]; partitions]);
    }
    context.register_table("rows", Arc::new(table)).unwrap();
    context
}

async fn ask(context: &SessionContext, sql: &str) -> RecordBatch {
    let frame = context.sql(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    concat_batches(&schema, &batches).unwrap()
}

fn answers(column: &ArrayRef) -> Answers {
    let numbers = |array: &ArrayRef| -> Vec<Option<f64>> {
        // Times, which have no cast to floating point, by way of whole numbers.
        let array = match array.data_type() {
            DataType::Timestamp(..) => &cast(array, &DataType::Int64).unwrap(),
            _ => array,
        };
        cast(array, &DataType::Float64).unwrap().as_primitive::<Float64Type>().iter().collect()
    };
    if let Some(lists) = column.as_list_opt::<i32>() {
        return lists.iter().map(|list| numbers(&list.unwrap())).collect();
    }
    let fields: Answers = match column.as_struct_opt() {
        Some(summary) => summary.columns().iter().map(numbers).collect(),
        None => vec![numbers(column)],
    };
    (0..column.len()).map(|row| fields.iter().map(|field| field[row]).collect()).collect()
}

#[track_caller]
fn assert_same(call: &Call, got: &Answers, expected: &Answers, tolerance: f64, how: &str) {
    let tolerance = if call.exact { 0.0 } else { tolerance };
    let close = |got: &Option<f64>, expected: &Option<f64>| match (got, expected) {
        (Some(got), Some(expected)) => (got - expected).abs() <= tolerance * expected.abs(),
        (got, expected) => got == expected,
    };
    let same = got.len() == expected.len()
        && got.iter().zip(expected).all(|(got, expected)| got.len() == expected.len())
        && got.iter().flatten().zip(expected.iter().flatten()).all(|(got, expected)| close(got, expected));
    assert!(same, "{} differs {how}\ngot      {got:?}\nexpected {expected:?}", call.sql);
}

/// The answers of all calls, first by group and then over all rows, each group and the whole asked for by itself: no merge
/// takes part in them.
async fn expected(calls: &[Call], rows: &RecordBatch) -> Vec<(Answers, Answers)> {
    let context = context(rows, ROWS, 1, false);
    let mut all = Vec::new();
    for call in calls {
        let mut by_group = Vec::new();
        for group in 0..GROUPS {
            let one = ask(&context, &format!("SELECT {} FROM rows WHERE g = {group}", call.sql)).await;
            by_group.extend(answers(one.column(0)));
        }
        let whole = ask(&context, &format!("SELECT {} FROM rows", call.sql)).await;
        all.push((by_group, answers(whole.column(0))));
    }
    all
}

async fn assert_all(calls: &[Call], context: &SessionContext, expected: &[(Answers, Answers)], how: &str) {
    let list = calls.iter().map(|call| call.sql).collect::<Vec<_>>().join(", ");
    let by_group = ask(context, &format!("SELECT g, {list} FROM rows GROUP BY g ORDER BY g")).await;
    let whole = ask(context, &format!("SELECT {list} FROM rows")).await;
    for (i, call) in calls.iter().enumerate() {
        assert_same(call, &answers(by_group.column(i + 1)), &expected[i].0, TOLERANCE, &format!("by group, {how}"));
        assert_same(call, &answers(whole.column(i)), &expected[i].1, TOLERANCE, &format!("over all rows, {how}"));
    }
}

#[tokio::test]
async fn batches_partitions_and_order_change_no_answer() {
    let (calls, rows) = (calls(), rows().await);
    let expected = expected(&calls, &rows).await;
    let mut random = ChaCha8Rng::seed_from_u64(55);
    for batch_size in [1, 2, 3, 8192] {
        for partitions in 1..=4 {
            let mut order: Vec<u32> = (0..rows.num_rows() as u32).collect();
            order.shuffle(&mut random);
            let shuffled = take_record_batch(&rows, &UInt32Array::from(order)).unwrap();
            let how = format!("batches of {batch_size} in {partitions} partitions");
            let context = context(&shuffled, batch_size, partitions, false);
            assert_all(&calls, &context, &expected, &how).await;
        }
    }
}

/// Rows sorted by the key make groups leave as soon as they are complete, and those behind them move up.
#[tokio::test]
async fn groups_that_leave_early_change_no_answer() {
    let (calls, rows) = (calls(), rows().await);
    let expected = expected(&calls, &rows).await;
    let plain = context(&rows, 8192, 1, false);
    let sorted = ask(&plain, "SELECT * FROM rows ORDER BY g").await;
    for partitions in [1, 3] {
        let context = context(&sorted, 3, partitions, true);
        let plan = ask(&context, "EXPLAIN SELECT g, csat(score) FROM rows GROUP BY g").await;
        let plan = datafusion::arrow::util::pretty::pretty_format_batches(&[plan]).unwrap().to_string();
        assert!(plan.contains("ordering_mode=Sorted"), "{plan}");
        assert_all(&calls, &context, &expected, &format!("sorted, {partitions} partitions")).await;
    }
}

/// A frame that grows equals the aggregate of its rows, and so does one that also loses rows.
#[tokio::test]
async fn windows_equal_the_aggregate_of_their_rows() {
    let rows = rows().await.slice(0, 40);
    let context = context(&rows, 8192, 1, false);
    ask(&context, "CREATE VIEW numbered AS SELECT *, row_number() OVER () AS i FROM rows").await;
    for call in calls() {
        for (frame, first) in [("UNBOUNDED PRECEDING", "0"), ("6 PRECEDING", "n.i - 6")] {
            let over = format!(
                "SELECT {} OVER (ORDER BY i ROWS BETWEEN {frame} AND CURRENT ROW) FROM numbered ORDER BY i",
                call.sql
            );
            let joined = format!(
                "SELECT {} FROM numbered n JOIN numbered m ON m.i BETWEEN {first} AND n.i GROUP BY n.i ORDER BY n.i",
                qualified(call.sql)
            );
            let (over, joined) = (ask(&context, &over).await, ask(&context, &joined).await);
            assert_same(
                &call,
                &answers(over.column(0)),
                &answers(joined.column(0)),
                FEW_ROWS_TOLERANCE,
                &format!("over {frame}"),
            );
        }
    }
}

/// The call over the columns of `m`.
fn qualified(call: &str) -> String {
    let columns = r"\b(score|reached|amount|treated|baseline|started_at|ended_at|observed_until|x|t_x)\b";
    Regex::new(columns).unwrap().replace_all(call, "m.$1").into_owned()
}

#[tokio::test]
async fn filter_equals_where() {
    let rows = rows().await;
    let context = context(&rows, 3, 2, false);
    for call in calls() {
        let filter = format!("SELECT {} FILTER (WHERE score < 6) FROM rows", call.sql);
        let selected = format!("SELECT {} FROM rows WHERE score < 6", call.sql);
        let (filter, selected) = (ask(&context, &filter).await, ask(&context, &selected).await);
        assert_same(&call, &answers(filter.column(0)), &answers(selected.column(0)), TOLERANCE, "with FILTER");
        let by_group = format!("SELECT {} FILTER (WHERE score < 6) FROM rows GROUP BY g ORDER BY g", call.sql);
        let selected = format!("SELECT {} FROM rows WHERE score < 6 GROUP BY g ORDER BY g", call.sql);
        let (by_group, selected) = (ask(&context, &by_group).await, ask(&context, &selected).await);
        assert_same(
            &call,
            &answers(by_group.column(0)),
            &answers(selected.column(0)),
            TOLERANCE,
            "by group with FILTER",
        );
    }
}
