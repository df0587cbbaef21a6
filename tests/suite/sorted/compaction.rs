//! VACUUM and the work behind the statements, as SQL sees them.

use journeydb::{Database, Outcome, SqlState};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{both, rows, tables, text};

async fn files(database: &Database, table: &str) -> usize {
    text(database, &format!("EXPLAIN SELECT * FROM {table}")).await.matches(".parquet").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn vacuum_leaves_nothing_to_merge() {
    let database = tables().await;
    let mut random = ChaCha8Rng::seed_from_u64(23);
    for part in 0..6 {
        both(&database, "s", "u", &rows(&mut random, 0..9, part * 50, 50)).await;
    }
    let funnel =
        "SELECT * FROM funnel(s, steps => [amount > 3, amount > 9], entity => (account_id, contact_id)) ORDER BY 1, 2";
    let (before, all) = (text(&database, funnel).await, text(&database, "SELECT * FROM s ORDER BY id").await);
    database.sql("VACUUM s; VACUUM FULL u").await.unwrap();
    let plan = text(&database, &format!("EXPLAIN {funnel}")).await;
    assert!(!plan.contains(" merged"), "{plan}");
    assert_eq!((files(&database, "s").await, files(&database, "u").await), (2, 1), "with accounts and without; all");
    assert_eq!(text(&database, funnel).await, before);
    assert_eq!(text(&database, "SELECT * FROM s ORDER BY id").await, all);
    assert_eq!(text(&database, "SELECT * FROM u ORDER BY id").await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn vacuum_is_a_command_of_its_own() {
    let database = tables().await;
    let session = database.session();
    let run = async |sql: &str| {
        let prepared = session.prepare(&session.parse(sql)?[0], &[]).await?;
        session.execute(&prepared, vec![]).await
    };
    for sql in ["VACUUM", "VACUUM s", "VACUUM FULL public.s", "vacuum journey.interactions"] {
        let Outcome::Done(tag) = run(sql).await.unwrap() else { panic!("{sql} gives no rows") };
        assert_eq!(tag.to_string(), "VACUUM");
    }
    run("CREATE VIEW w AS SELECT * FROM s").await.unwrap();
    for (sql, state, message) in [
        ("VACUUM nowhere", SqlState::UndefinedTable, "relation \"nowhere\" does not exist"),
        ("VACUUM w", SqlState::WrongObjectType, "cannot vacuum view \"w\""),
        ("VACUUM SORT ONLY s", SqlState::FeatureNotSupported, "VACUUM with options is not supported"),
    ] {
        let Err(error) = run(sql).await else { panic!("{sql} is refused") };
        assert_eq!((error.state(), error.message()), (state, message), "{sql}");
    }
    run("SET default_transaction_read_only = on").await.unwrap();
    run("VACUUM s").await.unwrap();
    run("BEGIN").await.unwrap();
    let Err(error) = run("VACUUM s").await else { panic!("VACUUM is refused in a block") };
    assert_eq!(error.state(), SqlState::ActiveSqlTransaction);
    assert_eq!(error.message(), "VACUUM cannot run inside a transaction block");
}

/// Its rows stay in one file: no other may share the account.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_larger_than_a_file_stays_whole() {
    let database = tables().await;
    for table in ["t", "v"] {
        for part in 0..2 {
            let rows = format!(
                "SELECT CASE WHEN n > 300000 THEN 'b' WHEN n > 10 THEN 'm' ELSE 'z' END, to_timestamp_seconds(1735689600 + n), n * 2 + {part}
                 FROM generate_series(1, 320000) AS g(n)"
            );
            database.sql(&format!("INSERT INTO {table} (account_id, occurred_at, id) {rows}")).await.unwrap();
        }
    }
    let question = "SELECT * FROM funnel(T, steps => [id % 3 = 0, id % 5 = 1], entity => account_id) ORDER BY 1";
    let sums = "SELECT account_id, count(*), min(id), max(id), sum(id) FROM T GROUP BY account_id ORDER BY 1";
    for _ in 0..2 {
        for sql in [question, sums] {
            let ask =
                |table: &str| sql.replace("(T,", &format!("({table},")).replace("FROM T", &format!("FROM {table}"));
            assert_eq!(text(&database, &ask("t")).await, text(&database, &ask("v")).await);
        }
        database.sql("VACUUM t").await.unwrap();
    }
    assert_eq!(files(&database, "t").await, 2, "up to the end of the large account, and the rest");
}

/// A folder's database joins files by itself, and stops when it is closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_tends_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(29);
    let create =
        "CREATE TABLE s (account_id TEXT, contact_id TEXT, occurred_at TIMESTAMPTZ, id INT, amount DOUBLE PRECISION)
                  WITH (entity = 'account_id, contact_id', at = 'occurred_at')";
    Database::open(folder.path()).await.unwrap().sql(create).await.unwrap();
    for round in 0..4 {
        let database = Database::open(folder.path()).await.unwrap();
        for part in 0..10 {
            let rows = rows(&mut random, 0..9, round * 100 + part * 10, 10);
            database.sql(&format!("INSERT INTO s VALUES {rows}")).await.unwrap();
        }
    }
    let database = Database::open(folder.path()).await.unwrap();
    database.sql(&format!("INSERT INTO s VALUES {}", rows(&mut random, 0..9, 400, 10))).await.unwrap();
    for _ in 0..1000 {
        if files(&database, "s").await <= 6 {
            let count = text(&database, "SELECT count(*), count(DISTINCT id), min(id), max(id) FROM s").await;
            assert!(count.contains("| 410   | 410   | 0   | 409 |"), "{count}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} files stay", files(&database, "s").await);
}
