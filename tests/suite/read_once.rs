//! A sequence function whose relations are both of one table reads it once, and answers as over two tables of the same rows.

use arrow::util::pretty::pretty_format_batches;
use journeydb::Database;

use super::columns::tables;

async fn text(database: &Database, sql: &str) -> String {
    pretty_format_batches(&database.sql(sql).await.unwrap()).unwrap().to_string()
}

/// An answer's rows, in an order of their own.
async fn rows(database: &Database, sql: &str) -> Vec<String> {
    let mut rows: Vec<String> = text(database, sql).await.lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

/// How often a plan scans a table.
async fn scans(database: &Database, sql: &str) -> usize {
    text(database, &format!("EXPLAIN {sql}")).await.matches("TableScan: ").count()
}

/// Calls over rows of `T` and rows of `C`. Some touches are conversions too, many rows are neither, texts and times are NULL.
const CALLS: &[&str] = &[
    "(SELECT * FROM T WHERE kind <> 'call'), (SELECT * FROM C WHERE kind = 'call'), touch => kind",
    "(SELECT * FROM T WHERE amount < 12), (SELECT * FROM C WHERE amount > 5), touch => id, conversion => id, reset => true",
    "T, (SELECT * FROM C WHERE amount = 3 AND kind = 'ad'), touch => note, lookback => '5 days'",
    "(SELECT * FROM T WHERE kind = 'web' AND amount > 2), (SELECT * FROM C WHERE kind = 'web' AND amount > 9), conversion => note",
    "(SELECT * FROM T WHERE kind IS NULL), C, touch => id, conversion => kind, lookback => '1 day', half_life => '6 hours'",
    "(SELECT * FROM T WHERE false), (SELECT * FROM C WHERE kind = 'ad'), touch => id",
    "(SELECT * FROM T WHERE kind = 'ad'), (SELECT * FROM C WHERE false), touch => id",
    "(SELECT account_id, contact_id, occurred_at AS seen, note AS what FROM (SELECT * FROM T WHERE amount > 1) AS t), \
     (SELECT * FROM (SELECT contact_id, occurred_at, account_id, id FROM C WHERE amount <= 7) AS c WHERE id > 100), \
     touch => what, conversion => id, touched_at => seen",
];

const ENTITIES: &[&str] = &["(account_id, contact_id)", "contact_id", "account_id"];

/// A call over relations `t` and `c`, as rows and as sums by touch.
fn questions(call: &str, entity: &str, t: &str, c: &str) -> Vec<String> {
    let call = call.replace("T,", &format!("{t},")).replace("FROM T ", &format!("FROM {t} "));
    let call = call.replace("C,", &format!("{c},")).replace("FROM C ", &format!("FROM {c} "));
    let relation = format!("attribution({call}, entity => {entity})");
    let all = format!("SELECT * FROM {relation}");
    let touch = call.contains("touch =>").then(|| {
        let sums = "round(sum(linear), 9) AS linear, round(sum(j_shaped), 9) AS j";
        format!("SELECT touch, {sums} FROM {relation} GROUP BY touch")
    });
    [all].into_iter().chain(touch).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_table_answers_as_two() {
    let database = tables().await;
    for call in CALLS {
        for entity in ENTITIES {
            let (once, twice) = (questions(call, entity, "s", "s"), questions(call, entity, "s", "u"));
            for (once, twice) in once.iter().zip(&twice) {
                assert_eq!(rows(&database, once).await, rows(&database, twice).await, "{once}");
                assert!(scans(&database, twice).await == 2 || twice.contains("false"), "{twice}");
                assert_eq!(scans(&database, once).await, 1, "{once}");
            }
        }
    }
}

/// Names lead to the one table through views and common table expressions.
#[tokio::test(flavor = "multi_thread")]
async fn names_lead_to_the_table() {
    let database = tables().await;
    database.sql("CREATE VIEW ads AS SELECT * FROM s WHERE kind = 'ad'").await.unwrap();
    let (direct, named) = (
        "SELECT * FROM attribution((SELECT * FROM s WHERE kind = 'ad'), (SELECT * FROM s WHERE kind = 'call'), touch => id)",
        "WITH calls AS (SELECT * FROM s WHERE kind = 'call') SELECT * FROM attribution(ads, calls, touch => id)",
    );
    assert_eq!(rows(&database, named).await, rows(&database, direct).await);
    assert_eq!(scans(&database, named).await, 1);
}

/// What depends on more than the row, or could fail for another row, is left as it is.
#[tokio::test(flavor = "multi_thread")]
async fn other_relations_are_read_for_themselves() {
    let database = tables().await;
    let conversions = "(SELECT * FROM s WHERE kind = 'call')";
    for (touches, conversions, arguments) in [
        ("(SELECT * FROM s WHERE kind = 'ad' LIMIT 9)", conversions, ""),
        ("(SELECT DISTINCT account_id, contact_id, occurred_at FROM s)", conversions, ""),
        ("(SELECT * FROM s WHERE random() < 2)", conversions, ""),
        ("(SELECT * FROM s WHERE id IN (SELECT max(id) FROM u))", conversions, ""),
        ("s", conversions, ", touch => 100 / (id + 1)"),
        ("s", conversions, ", conversion => note || kind"),
        ("(SELECT account_id, contact_id, occurred_at + INTERVAL '1 day' AS occurred_at FROM s)", conversions, ""),
        (
            "(SELECT contact_id, account_id AS unlike, occurred_at FROM s)",
            "(SELECT account_id AS contact_id, occurred_at FROM s)",
            "",
        ),
    ] {
        let sql = format!("SELECT * FROM attribution({touches}, {conversions}{arguments})");
        assert!(scans(&database, &sql).await >= 2, "{sql}");
        text(&database, &sql).await;
    }
}
