//! A table function's answer does not depend on how its rows are cut into batches, spread over partitions, ordered or encoded;
//! and it keeps to the memory it has.
//!
//! Every table function is tested; a new one fails here until `CALLS` says how to call it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{cast, concat_batches, take_record_batch};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use journeydb::relations::table_functions;
use journeydb::{Error, SqlState};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How to call each table function over the table `t`, in answers that have an order.
const CALLS: &[(&str, &[&str])] = &[
    (
        "funnel",
        &[
            "SELECT * FROM funnel(t, steps => [what = 'a', what = 'b', amount > 5], within => '3 days') ORDER BY 1",
            "SELECT * FROM funnel(t, steps => [what = 'a', what = 'b'], within => '1 month', id => id, tiebreak => id) ORDER BY 1",
            "SELECT * FROM funnel(t, steps => [what = 'a', what = 'b', what = 'c'], entry => 'each', exclude => what = 'd',
             hold => ['place'], tiebreak => id, id => id) ORDER BY 1, 2, 3, 4, 5, 6",
            "SELECT level, status, count(*) FROM funnel(t, steps => [what = 'a', amount > 3, what = 'b'], entity =>
             (contact_id, place), mode => 'any', as_of => '2025-01-15') GROUP BY 1, 2 ORDER BY 1, 2",
        ],
    ),
    ("funnel_steps", &["SELECT * FROM funnel_steps(t, steps => [what = 'a', what = 'b'], by => place, tiebreak => id) ORDER BY 1, 2"]),
    ("transitions", &["SELECT * FROM transitions(t, state => what) ORDER BY 1, 2"]),
    (
        "paths",
        &[
            "SELECT * FROM paths(t, state => what) ORDER BY 1, 2",
            "SELECT * FROM paths(t, state => what, starts => what = 'a', ends => what = 'd', gap => '5 days', max_length => 3,
             keep => 'last', repeats => true, tiebreak => id, outcome => id) ORDER BY 1, 2",
        ],
    ),
    ("retention_cohorts", &["SELECT * FROM retention_cohorts(t, period => 'day', returned => what = 'b') ORDER BY 1, 2"]),
    (
        "state_intervals",
        &["SELECT * FROM state_intervals(t, state => what, entity => contact_id, tiebreak => id, terminal => what = 'd',
           position => CASE what WHEN 'a' THEN 1 WHEN 'b' THEN 3 WHEN 'c' THEN 2 END, keep => (place, amount)) ORDER BY 1, 4, 2, 3"],
    ),
    ("sessions", &["SELECT * FROM sessions(t, gap => '18 hours') ORDER BY 1, 2"]),
    (
        "clv_forecast",
        &[
            "SELECT * FROM clv_forecast(t, entity => contact_id, amount => amount, period => '1 day', horizon => '30 days') ORDER BY 1",
            "SELECT * FROM clv_forecast((SELECT * FROM t WHERE what = 'd' AND place = 'a'), model => 'mbg_nbd', unit => 'day',
             entity => contact_id, amount => amount) ORDER BY 1",
        ],
    ),
    ("clv_model", &["SELECT * FROM clv_model(t, entity => contact_id, amount => amount) ORDER BY 1, 2"]),
    (
        "attribution",
        &[
            "SELECT * FROM attribution((SELECT * FROM t WHERE what <> 'd'), (SELECT * FROM t WHERE what = 'd'), touch => id,
             conversion => id, lookback => '6 days') ORDER BY 1, 2, 3, 4",
            "SELECT touch, round(sum(linear), 9), round(sum(time_decay), 9) FROM attribution((SELECT * FROM t WHERE what <> 'd'),
             (SELECT * FROM t WHERE what = 'd'), touch => what, reset => true, lookback => '1 month') GROUP BY 1 ORDER BY 1",
        ],
    ),
];

const ROWS: usize = 600;

/// Rows of forty people, many at one instant, some without person, time or kind.
fn rows() -> RecordBatch {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut some = |missing: f64, most: u64| -> Vec<Option<u64>> {
        (0..ROWS).map(|_| (!random.random_bool(missing)).then(|| random.random_range(0..most))).collect()
    };
    let text = |values: Vec<Option<u64>>, letters: bool| -> ArrayRef {
        let one = |value: u64| match letters {
            true => char::from(b'a' + value as u8).to_string(),
            false => format!("someone with a long name, number {value}"),
        };
        Arc::new(values.into_iter().map(|value| value.map(one)).collect::<StringViewArray>())
    };
    let hours = some(0.02, 24 * 28);
    // Half of all rows at midnight, so that many have the same time.
    let micros = hours
        .iter()
        .map(|hour| hour.map(|hour| (hour - if hour % 2 == 0 { hour % 24 } else { 0 }) as i64 * 3_600_000_000));
    let start = 1_735_689_600_000_000;
    let at = micros.map(|micros| micros.map(|micros| start + micros)).collect::<TimestampMicrosecondArray>();
    let numbers = |values: Vec<Option<u64>>| -> ArrayRef {
        Arc::new(values.into_iter().map(|value| value.map(|value| value as i64)).collect::<Int64Array>())
    };
    RecordBatch::try_from_iter_with_nullable([
        ("contact_id", text(some(0.02, 40), false), true),
        ("occurred_at", Arc::new(at) as ArrayRef, true),
        ("what", text(some(0.05, 4), true), true),
        ("place", text(some(0.1, 3), true), true),
        ("amount", numbers(some(0.1, 10)), true),
        ("id", Arc::new(Int64Array::from_iter_values(0..ROWS as i64)), true),
    ])
    .unwrap()
}

/// The rows with texts as dictionaries.
fn encoded(rows: &RecordBatch) -> RecordBatch {
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns()).map(|(field, column)| {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let column =
            if column.data_type() == &DataType::Utf8View { cast(column, &dictionary).unwrap() } else { column.clone() };
        (field.name().clone(), column, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

struct Spread {
    batch_size: usize,
    partitions: usize,
    shuffled: bool,
    encoded: bool,
}

async fn run(spread: &Spread, sql: &str) -> String {
    let config = SessionConfig::new().with_batch_size(spread.batch_size).with_target_partitions(spread.partitions);
    let context = SessionContext::new_with_config(config);
    journeydb::register(&context).unwrap();
    let mut all = rows();
    if spread.shuffled {
        let mut order: Vec<u32> = (0..ROWS as u32).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(9));
        all = take_record_batch(&all, &UInt32Array::from(order)).unwrap();
    }
    if spread.encoded {
        all = encoded(&all);
    }
    let batches: Vec<RecordBatch> =
        (0..ROWS).step_by(spread.batch_size).map(|at| all.slice(at, spread.batch_size.min(ROWS - at))).collect();
    let share = batches.len().div_ceil(spread.partitions);
    let partitions = batches.chunks(share).map(<[_]>::to_vec).collect();
    context.register_table("t", Arc::new(MemTable::try_new(all.schema(), partitions).unwrap())).unwrap();
    // DataFusion's own lookup finds no table that stands in an argument alone.
    let sql = sql.replace("(t,", "((SELECT * FROM t),");
    let answer = context.sql(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let answer = answer.collect().await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let Some(schema) = answer.first().map(RecordBatch::schema) else {
        panic!("{sql} has no answer");
    };
    let answer = concat_batches(&schema, &answer).unwrap();
    pretty_format_batches(&[answer]).unwrap().to_string()
}

#[tokio::test]
async fn the_answer_depends_on_the_rows_alone() {
    for function in table_functions() {
        let name = function.entry.name;
        let (_, calls) =
            CALLS.iter().find(|(called, _)| *called == name).unwrap_or_else(|| panic!("CALLS lacks {name}"));
        for sql in *calls {
            let whole = Spread { batch_size: 8192, partitions: 1, shuffled: false, encoded: false };
            let expected = run(&whole, sql).await;
            assert!(expected.lines().count() > 4, "{sql}: {expected}");
            for (batch_size, partitions, shuffled, encoded) in [
                (8192, 3, true, false),
                (1, 1, true, false),
                (2, 2, false, true),
                (3, 4, true, true),
                (97, 5, true, false),
                (8192, 2, true, true),
            ] {
                let got = run(&Spread { batch_size, partitions, shuffled, encoded }, sql).await;
                assert_eq!(
                    got, expected,
                    "{sql}: batches of {batch_size}, {partitions} partitions, encoded: {encoded}"
                );
            }
        }
    }
}

/// What nobody reads need not be made, and what is read is the same.
#[tokio::test]
async fn a_column_is_the_same_alone() {
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
    journeydb::register(&context).unwrap();
    context.register_batch("t", rows()).unwrap();
    let values = async |sql: &str, column: &str| {
        let batches = context.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}")).collect().await.unwrap();
        let mut values = vec![];
        for batch in &batches {
            let column = batch.column_by_name(column).unwrap();
            values.extend((0..column.len()).map(|row| array_value_to_string(column, row).unwrap()));
        }
        values.sort();
        values
    };
    for (name, calls) in CALLS {
        let call = calls.iter().find(|call| call.starts_with("SELECT * FROM")).unwrap_or_else(|| panic!("{name}"));
        let from = call
            .split_once(" FROM ")
            .unwrap()
            .1
            .rsplit_once(" ORDER BY")
            .unwrap()
            .0
            .replace("(t,", "((SELECT * FROM t),");
        let all = format!("SELECT * FROM {from}");
        let columns =
            context.sql(&all).await.unwrap().schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        for column in &columns {
            let alone = values(&format!("SELECT {column} AS renamed FROM {from}"), "renamed").await;
            assert!(!alone.is_empty());
            assert_eq!(alone, values(&all, column).await, "{name}: {column} alone");
            let both = format!("SELECT {column}, count(*) AS counted FROM {from} GROUP BY {column}");
            assert!(!values(&both, "counted").await.is_empty(), "{both}");
        }
    }
}

#[tokio::test]
async fn an_entity_that_outgrows_the_memory_is_named() {
    let memory = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(GreedyMemoryPool::new(20 << 20)));
    let config = SessionConfig::new().with_target_partitions(1);
    let context = SessionContext::new_with_config_rt(config, Arc::new(memory.build().unwrap()));
    journeydb::register(&context).unwrap();
    // Ordered by itself, so that no sort needs the memory.
    let rows = "(SELECT 'the one' AS contact_id, value AS occurred_at FROM generate_series(TIMESTAMP '2025-01-01',
                TIMESTAMP '2025-02-10', INTERVAL '1 second'))";
    let sql = format!("SELECT count(*) FROM funnel({rows}, steps => [true, true], as_of => '2026-01-01')");
    let error = context.sql(&sql).await.unwrap().collect().await.unwrap_err();
    let error = Error::from(error);
    assert_eq!(error.state(), SqlState::OutOfMemory, "{error}");
    assert!(error.message().starts_with("funnel: the rows of one entity (the one) don't fit into memory"), "{error}");
}

#[test]
fn a_long_entity_is_cancelled_within_a_second() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .global_queue_interval(3)
        .enable_all()
        .build()
        .unwrap();
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
    journeydb::register(&context).unwrap();
    let rows = "(SELECT value % 3 AS contact_id, arrow_cast(value, 'Timestamp(Microsecond, None)') AS occurred_at
                FROM generate_series(1, 100000000000))";
    let sql = format!("SELECT count(*) FROM sessions({rows})");
    let running = runtime.spawn(async move { context.sql(&sql).await?.collect().await });
    std::thread::sleep(Duration::from_millis(500));
    assert!(!running.is_finished());
    running.abort();
    let asked = Instant::now();
    while runtime.metrics().num_alive_tasks() > 0 {
        assert!(asked.elapsed() < Duration::from_secs(1), "still running a second after it was dropped");
        std::thread::sleep(Duration::from_millis(1));
    }
    runtime.shutdown_background();
}
