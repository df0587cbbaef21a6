//! `percentile_cont` is what Postgres says it is, however many of a column are asked for and however the rows are spread.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Groups, and values with NULLs and NaN.
type Rows = Vec<(i64, Option<f64>)>;

fn rows() -> Rows {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut one = |row: i64| {
        let value = match random.random_range(0..10) {
            0 => None,
            1 => Some(f64::NAN),
            2..5 => Some(f64::from(random.random_range(0..4_i32))),
            _ => Some(random.random_range(-1e6..1e6)),
        };
        (row % 7, value)
    };
    (0..900).map(&mut one).collect()
}

async fn context(batch_size: usize, partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_batch_size(batch_size).with_target_partitions(partitions);
    let context = SessionContext::new_with_config(config);
    journeydb::register(&context).unwrap();
    let batches: Vec<RecordBatch> = rows()
        .chunks(100)
        .map(|rows| {
            let groups: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|(group, _)| *group)));
            let values: ArrayRef = Arc::new(Float64Array::from_iter(rows.iter().map(|(_, value)| *value)));
            RecordBatch::try_from_iter_with_nullable([("g", groups, true), ("x", values, true)]).unwrap()
        })
        .collect();
    let spread = batches.chunks(batches.len().div_ceil(partitions)).map(<[_]>::to_vec).collect();
    context.register_table("t", Arc::new(MemTable::try_new(batches[0].schema(), spread).unwrap())).unwrap();
    context
}

/// The definition, by sorting: NULLs are left out, NaN is above all numbers.
fn literal(rows: impl Iterator<Item = Option<f64>>, fraction: f64) -> Option<f64> {
    placed(rows, fraction, false)
}

fn placed(rows: impl Iterator<Item = Option<f64>>, fraction: f64, descends: bool) -> Option<f64> {
    let mut values: Vec<f64> = rows.flatten().collect();
    values.sort_by(f64::total_cmp);
    if descends {
        values.reverse();
    }
    let place = fraction * values.len().checked_sub(1)? as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(if place.fract() == 0.0 { below } else { below + place.fract() * (above - below) })
}

fn bits(value: Option<f64>) -> Option<u64> {
    value.map(f64::to_bits)
}

const OF: &str = "WITHIN GROUP (ORDER BY x)";

#[tokio::test]
async fn groups_have_their_quantiles() {
    let sql = format!(
        "SELECT g, percentile_cont(0.25) {OF}, percentile_cont(0.9) WITHIN GROUP (ORDER BY x DESC), count(x), \
         percentile_cont(0.333) {OF} FILTER (WHERE x < 1), percentile_cont(0.25) {OF} AS again FROM t GROUP BY g ORDER BY g"
    );
    for (batch_size, partitions) in [(8192, 1), (50, 3), (7, 2)] {
        let answer = context(batch_size, partitions).await.sql(&sql).await.unwrap().collect().await.unwrap();
        let told = arrow::compute::concat_batches(&answer[0].schema(), &answer).unwrap();
        for group in 0..7 {
            let of = |keep: fn(f64) -> bool| {
                let rows = rows().into_iter().filter(move |(of, _)| *of == group);
                rows.map(move |(_, value)| value.filter(|value| keep(*value)))
            };
            let column = |column: usize| {
                let values = told.column(column).as_primitive::<Float64Type>();
                values.is_valid(group as usize).then(|| values.value(group as usize))
            };
            let all: fn(f64) -> bool = |_| true;
            assert_eq!(bits(column(1)), bits(literal(of(all), 0.25)), "{group}");
            assert_eq!(bits(column(2)), bits(placed(of(all), 0.9, true)), "{group}");
            assert_eq!(bits(column(4)), bits(literal(of(|value| value < 1.0), 0.333)), "{group}");
            assert_eq!(bits(column(5)), bits(column(1)), "{group}");
        }
    }
}

#[tokio::test]
async fn all_rows_have_theirs_and_no_rows_have_none() {
    let sql = format!("SELECT percentile_cont(0.5) {OF}, percentile_cont(0.75) {OF}, percentile_cont(1.0) {OF} FROM t");
    for (batch_size, partitions) in [(8192, 1), (50, 3), (7, 2)] {
        let context = context(batch_size, partitions).await;
        let answer = context.sql(&sql).await.unwrap().collect().await.unwrap();
        for (column, fraction) in [0.5, 0.75].into_iter().enumerate() {
            let told = answer[0].column(column).as_primitive::<Float64Type>().value(0);
            let expected = literal(rows().into_iter().map(|(_, value)| value), fraction);
            assert_eq!(bits(Some(told)), bits(expected), "{fraction}");
        }
        assert!(answer[0].column(2).as_primitive::<Float64Type>().value(0).is_nan());
        let none = context.sql(&format!("{sql} WHERE x > 1 AND x < 1")).await.unwrap().collect().await.unwrap();
        assert_eq!(none[0].column(0).null_count(), 1);
    }
}

/// Values are collected once, whatever their names above; what is not ours to find is left to the engine.
#[tokio::test]
async fn one_collection_serves_them_all() {
    let context = context(8192, 2).await;
    let text = async |sql: &str| {
        let answer = context.sql(sql).await.unwrap().collect().await.unwrap();
        pretty_format_batches(&answer).unwrap().to_string()
    };
    let together = format!(
        "SELECT percentile_cont(0.5) {OF} AS half, percentile_cont(0.2) {OF}, percentile_cont(0.2) {OF} + 1 AS more FROM t"
    );
    let plan = text(&format!("EXPLAIN {together}")).await;
    assert!(
        plan.contains("aggr=[[quantiles(t.x, Float64(0.5), Boolean(false), Float64(0.2), Boolean(false))")
            && !plan.contains("aggr=[[percentile"),
        "{plan}"
    );
    let told = text(&together).await;
    assert!(told.contains("| half ") && told.contains("| percentile_cont(Float64(0.2)) WITHIN GROUP"), "{told}");
    let rollup = format!(
        "SELECT g, percentile_cont(0.5) {OF} AS half, count(*) FROM t GROUP BY ROLLUP (g) ORDER BY g NULLS FIRST LIMIT 1"
    );
    let half = text(&format!("SELECT percentile_cont(0.5) {OF} AS half FROM t")).await;
    let half = half.lines().nth(3).unwrap().trim_matches(['|', ' ']).to_owned();
    assert!(text(&rollup).await.contains(&half), "{half}");
    let error = context.sql(&format!("SELECT percentile_cont(1.5) {OF}, percentile_cont(0.5) {OF} FROM t")).await;
    let error = match error {
        Ok(frame) => frame.collect().await.unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("between 0.0 and 1.0"), "{error}");
}
