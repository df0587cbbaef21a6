//! Forecasts of lifetime value for CDNOW's customers, against what the models' authors publish and what lifetimes computes
//! (`tests/golden/customers.py`): through SQL, from transactions made of each customer's repeats, recency, age and mean value.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::prelude::SessionContext;
use serde_json::Value;

/// Purchases of 2,357 customers over 39 weeks of 1997; Fader & Hardie's sample of the company's data.
const CUSTOMERS: &str = include_str!("../data/cdnow/customers.csv");

/// The day on which observation ends, in days since 1970.
const END: i32 = 4000;

/// A customer: number, repeats, and weeks from the first purchase to the last and to the end; the mean value of the repeats.
struct Customer {
    id: i64,
    repeats: i32,
    recency: f64,
    age: f64,
    value: f64,
}

fn customers() -> impl Iterator<Item = Customer> {
    CUSTOMERS.lines().skip(1).map(|line| {
        let [id, repeats, recency, age, value]: [f64; 5] =
            line.split(',').map(|number| number.trim().parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
        Customer { id: id as i64, repeats: repeats as i32, recency, age, value }
    })
}

/// A context with the transactions of customers, weeks being so many days long. The first purchase is worth something else than the
/// others, and must not count.
fn context(customers: impl Iterator<Item = Customer>, days_of_week: f64) -> SessionContext {
    let (mut ids, mut days, mut amounts) = (vec![], vec![], vec![]);
    for customer in customers {
        let [recency, age] = [customer.recency, customer.age].map(|weeks| (weeks * days_of_week).round() as i32);
        assert!(recency >= customer.repeats, "purchases are of different days");
        for purchase in 0..=customer.repeats {
            ids.push(customer.id);
            days.push(END - age + if purchase == customer.repeats { recency } else { purchase });
            amounts.push(if purchase == 0 { 1000.0 } else { customer.value });
        }
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from(ids))),
        ("day", Arc::new(Date32Array::from(days))),
        ("amount", Arc::new(Float64Array::from(amounts))),
    ];
    let context = SessionContext::new();
    journeydb::register(&context).unwrap();
    context.register_batch("purchases", RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    context
}

async fn ask(context: &SessionContext, sql: &str) -> RecordBatch {
    let frame = context.sql(sql).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let schema = Arc::new(frame.schema().as_arrow().clone());
    concat_batches(&schema, &frame.collect().await.unwrap()).unwrap()
}

/// The column of numbers.
fn numbers(batch: &RecordBatch, column: usize) -> Vec<f64> {
    batch.column(column).as_primitive::<Float64Type>().iter().map(Option::unwrap).collect()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} is not {expected}");
}

/// Parameters, and the likelihood of times in weeks.
async fn assert_fitted(context: &SessionContext, model: &str, expected: [f64; 4], ln_likelihood: f64) {
    let of = format!(
        "(SELECT * FROM purchases), entity => id, at => day, model => '{model}', unit => 'day', as_of => arrow_cast({END}, 'Date32')"
    );
    let sql = format!("SELECT estimate, log_likelihood FROM clv_model({of}) WHERE part = 'purchases'");
    let told = ask(context, &sql).await;
    for ((i, found), expected) in numbers(&told, 0).into_iter().enumerate().zip(expected) {
        // Days are hundredths of a week there, and two of Pareto/NBD's parameters are times.
        let unit = if i == 1 || (i == 3 && model == "pareto_nbd") { 100.0 } else { 1.0 };
        assert_close(found / unit, expected, 1e-4 * expected);
    }
    let repeats: i32 = customers().map(|customer| customer.repeats).sum();
    assert_close(numbers(&told, 1)[0] + f64::from(repeats) * 100.0_f64.ln(), ln_likelihood, 1e-3);
}

/// Weeks are given in hundredths, so a week of a hundred days gives the very numbers that were published.
#[tokio::test]
async fn cdnow_is_fitted_and_forecast_as_published() {
    let context = context(customers(), 100.0);
    assert_fitted(&context, "bg_nbd", [0.242593, 4.413532, 0.792886, 2.425754], -9582.4256).await;
    assert_fitted(&context, "mbg_nbd", [0.524838, 6.182992, 0.891356, 1.613999], -9582.1327).await;
    assert_fitted(&context, "pareto_nbd", [0.553276, 10.577613, 0.606213, 11.667907], -9594.9739).await;

    let rows = format!(
        "(SELECT * FROM purchases), entity => id, at => day, unit => 'day', as_of => arrow_cast({END}, 'Date32')"
    );
    let spending =
        ask(&context, &format!("SELECT estimate, log_likelihood FROM clv_model({rows}) WHERE part = 'value'")).await;
    for (found, expected) in numbers(&spending, 0).into_iter().zip([6.248803, 3.744588, 15.447746]) {
        assert_close(found, expected, 1e-4 * expected);
    }
    assert_close(numbers(&spending, 1)[0], -4055.9232, 1e-3);

    let half_a_year = format!("clv_forecast({rows}, horizon => '3900 days', period => '3900 days')");
    let first = ask(
        &context,
        &format!("SELECT expected_purchases, p_alive, expected_value FROM {half_a_year} WHERE id = 1 AND x = 2 AND t_x = 3043 AND t = 3886"),
    )
    .await;
    for (column, expected) in [1.2259105, 0.7266092, 24.658616].into_iter().enumerate() {
        assert_close(numbers(&first, column)[0], expected, 1e-4 * expected);
    }
    let all = ask(&context, &format!("SELECT sum(expected_purchases) FROM {half_a_year}")).await;
    assert_close(numbers(&all, 0)[0], 1653.4233, 0.05);
    let alive = ask(&context, &format!("SELECT avg(p_alive) FROM clv_forecast({rows}, model => 'pareto_nbd')")).await;
    assert_close(numbers(&alive, 0)[0], 0.446279, 1e-5);

    // Twelve months of 4.345 weeks, at one per cent a month.
    let year = format!("clv_forecast({rows}, horizon => '5214 days', period => '434.5 days', discount => .01)");
    let worth = ask(&context, &format!("SELECT clv FROM {year} ORDER BY id LIMIT 5")).await;
    for (found, expected) in numbers(&worth, 0).into_iter().zip([36.2785, 4.6375, 8.3441, 8.3441, 8.3441]) {
        assert_close(found, expected, 1e-3);
    }
    let mean = ask(&context, &format!("SELECT avg(clv) FROM {year}")).await;
    assert_close(numbers(&mean, 0)[0], 30.339372, 1e-3);
}

/// All of them, a third and half of them at random, in whole days.
#[tokio::test]
async fn samples_of_cdnow_are_fitted_and_forecast_as_by_lifetimes() {
    let golden: Value = serde_json::from_str(include_str!("../golden/customers.json")).unwrap();
    let place = |id: i64| (id as u64 * 2_654_435_761 % (1 << 32)) as f64 / 4_294_967_296.0;
    let within = |name: &str, id: i64| match name {
        "third" => place(id) < 1.0 / 3.0,
        "half" => place(id) > 0.5,
        _ => true,
    };
    for (name, told) in golden.as_object().unwrap() {
        let context = context(customers().filter(|customer| within(name, customer.id)), 7.0);
        for model in ["bg_nbd", "mbg_nbd", "pareto_nbd"] {
            let of = format!(
                "(SELECT * FROM purchases), entity => id, at => day, model => '{model}', as_of => arrow_cast({END}, 'Date32')"
            );
            let fitted =
                ask(&context, &format!("SELECT parameter, estimate FROM clv_model({of}) WHERE part = 'purchases'"))
                    .await;
            let names = cast(fitted.column(0), &DataType::Utf8).unwrap();
            for (parameter, found) in names.as_string::<i32>().iter().zip(numbers(&fitted, 1)) {
                let expected = told[model]["parameters"][parameter.unwrap()].as_f64().unwrap();
                assert_close(found, expected, 1e-4 * expected);
            }
            let sums = ask(
                &context,
                &format!(
                    "SELECT sum(p_alive), sum(expected_purchases), sum(expected_value), sum(clv), CAST(count(*) AS DOUBLE)
                     FROM clv_forecast({of}, horizon => '364.98 days', period => '30.415 days', discount => .01)"
                ),
            )
            .await;
            for (column, sum) in ["p_alive", "expected_purchases", "expected_value", "clv"].into_iter().enumerate() {
                let expected = told[model][sum].as_f64().unwrap();
                assert_close(numbers(&sums, column)[0], expected, 1e-4 * expected);
            }
            assert_eq!(numbers(&sums, 4)[0], told["customers"].as_f64().unwrap());
        }
    }
}
