//! EXPLAIN ANALYZE as an analyst reads it, and as programs do.

use arrow::array::AsArray;
use journeydb::Database;
use serde_json::Value;

async fn journeys() -> Database {
    let database = Database::in_memory().await.unwrap();
    let rows = "SELECT 'i' || n, 'a' || n % 50, 'c' || n % 100, to_timestamp_seconds(1767225600 + n * 3600),
                CASE n % 3 WHEN 0 THEN 'email' WHEN 1 THEN 'call' ELSE 'web' END FROM generate_series(1, 3000) AS t(n)";
    let insert = "INSERT INTO interactions (interaction_id, account_id, contact_id, occurred_at, channel)";
    database.sql(&format!("{insert} {rows}")).await.unwrap();
    database
}

async fn lines(database: &Database, sql: &str) -> Vec<String> {
    let batches = database.sql(sql).await.unwrap();
    let texts = batches.iter().flat_map(|batch| batch.column(0).as_string_view().iter());
    texts.map(|text| text.unwrap().to_owned()).collect()
}

const FUNNEL: &str = "SELECT * FROM funnel(interactions, steps => ARRAY[channel = 'email', channel = 'call'],
                      within => INTERVAL '14 days') ORDER BY 1";

const AGGREGATE: &str = "SELECT channel, count(*) FROM interactions GROUP BY channel ORDER BY 2 DESC";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_ran_says_what_its_steps_gave_and_took() {
    let database = journeys().await;
    for (question, rows, steps) in
        [(FUNNEL, 100, &["Sort", "Journeys", "Scan"][..]), (AGGREGATE, 3, &["Sort", "Aggregate", "Scan"])]
    {
        let plan = lines(&database, &format!("EXPLAIN ANALYZE {question}")).await;
        let text = plan.join("\n");
        let first = plan.iter().find(|line| line.contains("(actual rows=")).unwrap();
        assert!(first.contains(&format!("(actual rows={rows} time=")), "{text}");
        for step in steps {
            let is_step = |line: &String| line.trim_start().trim_start_matches("->  ").starts_with(step);
            assert!(plan.iter().any(is_step), "{step} is not in\n{text}");
        }
        assert!(plan.iter().all(|line| line.chars().count() < 220), "{text}");
        assert!(!text.contains('@') && !text.contains("metrics=") && !text.contains("Pace"), "{text}");
        let shares = plan.iter().filter_map(|line| line.strip_suffix("%)")?.rsplit(' ').next()?.parse::<f64>().ok());
        assert!((95.0..=105.0).contains(&shares.sum::<f64>()), "{text}");
        assert!(
            plan[plan.len() - 2].starts_with("Planning Time: ") && plan[plan.len() - 1].starts_with("Execution Time: ")
        );
        let bare = lines(&database, &format!("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {question}")).await.join("\n");
        assert!(!bare.contains("time=") && !bare.contains("Time:") && bare.contains("rows="), "{bare}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_is_asked_of_the_bounds_of_files() {
    let database = journeys().await;
    for (year, bounds) in [
        ("extract(year FROM occurred_at) = 2026", ["occurred_at >= ", "occurred_at < "]),
        ("date_part('year', occurred_at) <= 2025", ["occurred_at < ", "pruning_predicate"]),
    ] {
        let plan =
            lines(&database, &format!("EXPLAIN SELECT count(*) FROM interactions WHERE {year}")).await.join("\n");
        assert!(bounds.iter().all(|bound| plan.contains(bound)), "{plan}");
        assert!(!plan.contains("extract(") && !plan.contains("date_part("), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_read_the_same_as_json() {
    let database = journeys().await;
    let texts = lines(&database, &format!("EXPLAIN (ANALYZE, FORMAT JSON, BUFFERS) {AGGREGATE}")).await;
    assert_eq!(texts.len(), 1);
    let whole: Value = serde_json::from_str(&texts[0]).unwrap();
    let (root, times) = (&whole[0]["Plan"], &whole[0]);
    assert_eq!(root["Actual Rows"], 3);
    assert!(times["Planning Time"].as_f64().unwrap() > 0.0 && times["Execution Time"].as_f64().unwrap() > 0.0);
    let mut deepest = root;
    while let Some(child) = deepest["Plans"].get(0) {
        assert!(child["Actual Total Time"].as_f64().unwrap_or(0.0) <= root["Actual Total Time"].as_f64().unwrap());
        deepest = child;
    }
    assert_eq!((&deepest["Node Type"], &deepest["Actual Rows"]), (&"Scan".into(), &3000.into()), "{}", texts[0]);
    let plan = lines(&database, &format!("EXPLAIN (FORMAT JSON) {AGGREGATE}")).await;
    let whole: Value = serde_json::from_str(&plan[0]).unwrap();
    assert_eq!(whole[0]["Plan"]["Actual Rows"], Value::Null);
}
