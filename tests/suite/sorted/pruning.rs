//! A filter on the time or on the entity reads only the files that may hold such rows: before and after they are joined.

use journeydb::Database;

use super::{tables, text};

async fn files(database: &Database, filter: &str) -> usize {
    text(database, &format!("EXPLAIN SELECT id FROM s WHERE {filter}")).await.matches(".parquet").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_on_time_and_entity_leave_files_out() {
    let database = tables().await;
    // A write per month, of accounts a to f; those of March are of x and y alone.
    for month in 1..=4 {
        let accounts = if month == 3 { "xy" } else { "abcdef" };
        let rows: Vec<String> = accounts
            .chars()
            .map(|account| format!("('{account}', 'c', '2025-{month:02}-10 00:00:00.000001Z', {month}, 1)"))
            .collect();
        for table in ["s", "u"] {
            database.sql(&format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await.unwrap();
        }
    }
    for (filter, expected) in [
        ("id > 0", 4),
        ("occurred_at >= '2025-03-01'", 2),
        ("occurred_at > '2025-04-10 00:00:00.000001Z'", 0),
        ("occurred_at >= '2025-04-10 00:00:00.000001Z'", 1),
        ("occurred_at BETWEEN '2025-02-01' AND '2025-02-28'", 1),
        ("account_id = 'y'", 1),
        ("account_id < 'f'", 3),
        ("account_id IN ('a', 'b') AND occurred_at < '2025-02-01'", 1),
        ("account_id = 'a' AND contact_id = 'd'", 0),
    ] {
        assert_eq!(files(&database, filter).await, expected, "{filter}");
        let ask = |table: &str| format!("SELECT count(*), sum(id), min(account_id) FROM {table} WHERE {filter}");
        assert_eq!(text(&database, &ask("s")).await, text(&database, &ask("u")).await, "{filter}");
    }
    database.sql("VACUUM s").await.unwrap();
    for (filter, expected) in
        [("occurred_at >= '2025-03-01'", 1), ("occurred_at > '2025-05-01'", 0), ("account_id > 'z'", 0)]
    {
        assert_eq!(files(&database, filter).await, expected, "{filter}");
    }
}
