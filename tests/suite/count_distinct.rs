//! `count(DISTINCT text)` per group gives what the engine alone gives, however the rows are spread, and under its name.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use arrow::util::pretty::pretty_format_batches;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::prelude::{SessionConfig, SessionContext};
use journeydb::rules;
use rand::{RngExt, SeedableRng};

type Rules = Vec<Arc<dyn AnalyzerRule + Send + Sync>>;

/// Three partitions of texts, short ones and ones that don't fit into a view, a tenth of them NULL.
fn rows() -> MemTable {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let mut text = |kinds: u32| -> ArrayRef {
        let one = |_| {
            let kind = random.random_range(0..kinds);
            let long = if kind.is_multiple_of(3) { "a text that is longer than a view, " } else { "" };
            (kind % 10 != 9).then(|| format!("{long}{kind}"))
        };
        Arc::new((0..2000).map(one).collect::<StringViewArray>())
    };
    let mut batch = || RecordBatch::try_from_iter([("g", text(40)), ("a", text(300)), ("b", text(7))]).unwrap();
    let partitions: Vec<Vec<RecordBatch>> = (0..3).map(|_| (0..4).map(|_| batch()).collect()).collect();
    MemTable::try_new(partitions[0][0].schema(), partitions).unwrap()
}

async fn run(rules: Rules, batch_size: usize, partitions: usize, sql: &str) -> String {
    let config = SessionConfig::new().with_batch_size(batch_size).with_target_partitions(partitions);
    let state =
        SessionStateBuilder::new().with_config(config).with_default_features().with_analyzer_rules(rules).build();
    let context = SessionContext::new_with_state(state);
    context.register_table("t", Arc::new(rows())).unwrap();
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}

#[tokio::test]
async fn counts_are_the_engines() {
    for sql in [
        "SELECT g, count(DISTINCT a) FROM t GROUP BY g ORDER BY g",
        "SELECT g, count(DISTINCT a), count(DISTINCT b), count(*), count(a) FROM t GROUP BY g ORDER BY g",
        "SELECT g, b, count(DISTINCT a) AS n FROM t GROUP BY g, b HAVING count(DISTINCT a) > 5 ORDER BY n, g, b",
        "SELECT g, count(DISTINCT a) FILTER (WHERE b <> '1') FROM t GROUP BY g ORDER BY g",
        "SELECT g, count(DISTINCT upper(a)), max(b) FROM t WHERE a IS NULL OR b = '2' GROUP BY g ORDER BY g",
        "SELECT g, b, count(DISTINCT a) FROM t GROUP BY ROLLUP (g, b) ORDER BY g, b",
        "SELECT a, g, count(DISTINCT b), count(DISTINCT g) FROM t GROUP BY a, g ORDER BY a, g",
        // Groups that come in order are answered while rows still come.
        "SELECT g, count(DISTINCT a) FROM (SELECT * FROM t ORDER BY g) AS s GROUP BY g ORDER BY g",
        "SELECT count(DISTINCT a) FROM t",
        "SELECT g, count(DISTINCT a) FROM t WHERE false GROUP BY g",
        "SELECT g FROM t AS o WHERE (SELECT count(DISTINCT i.a) FROM t AS i WHERE i.g = o.g) > 250 GROUP BY g ORDER BY g",
    ] {
        let expected = run(Analyzer::new().rules, 8192, 1, sql).await;
        for (batch_size, partitions) in [(8192, 1), (8192, 3), (100, 3), (7, 2)] {
            let got = run(rules::analyzer(Analyzer::new().rules), batch_size, partitions, sql).await;
            assert_eq!(got, expected, "{sql} with batches of {batch_size} in {partitions} partitions");
        }
    }
}

#[tokio::test]
async fn it_is_ours_that_counts() {
    let sql = "EXPLAIN SELECT g, count(DISTINCT a), count(DISTINCT b) FROM t GROUP BY g";
    let plan = run(rules::analyzer(Analyzer::new().rules), 8192, 2, sql).await;
    assert!(plan.contains("count_distinct(t.a) AS count(DISTINCT t.a)"), "{plan}");
}
