//! Temporary tables are one session's: nobody else sees them, and nothing of them stays.

use std::path::{Path, PathBuf};
use std::time::Duration;

use journeydb::{Database, SqlState};

use super::statements::{run, state};

/// The folders of temporary tables in a database's folder.
fn folders(database: &Path) -> Vec<PathBuf> {
    let tables = std::fs::read_dir(database.join("tables")).unwrap().map(|entry| entry.unwrap().path());
    let own = tables.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("pg_temp"));
    own.flat_map(|schema| std::fs::read_dir(schema).unwrap().map(|entry| entry.unwrap().path())).collect()
}

async fn comes_true(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..100 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sessions_do_not_meet() {
    let database = Database::in_memory().await.unwrap();
    let (one, other) = (database.session(), database.session());
    run(&one, "CREATE TEMP TABLE t AS SELECT 1 AS a; CREATE TEMP VIEW v AS SELECT a FROM t").await.unwrap();
    run(&other, "CREATE TEMP TABLE t AS SELECT 2 AS a").await.unwrap();
    assert_eq!(run(&one, "SELECT a FROM v").await.unwrap(), "1");
    assert_eq!(run(&other, "SELECT a FROM t").await.unwrap(), "2");

    let schema = run(&one, "SELECT pg_my_temp_schema()::regnamespace::text").await.unwrap();
    for reached in [
        format!("SELECT * FROM {schema}.t"),
        format!("INSERT INTO {schema}.t VALUES (1)"),
        format!("DELETE FROM {schema}.t"),
        format!("TRUNCATE {schema}.t"),
        format!("DROP TABLE {schema}.t"),
        format!("ALTER TABLE {schema}.t ADD COLUMN b int"),
        format!("CREATE TABLE {schema}.mine (a int)"),
        format!("COPY {schema}.t TO STDOUT"),
        format!("GRANT SELECT ON {schema}.t TO PUBLIC"),
        "SELECT * FROM v".to_owned(),
    ] {
        let refused = state(&other, &reached).await;
        assert!(
            matches!(refused, Some(SqlState::UndefinedTable | SqlState::InvalidSchemaName)),
            "{reached}: {refused:?}"
        );
    }
    let listed = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'";
    assert_eq!(run(&one, listed).await.unwrap(), "2");
    assert_eq!(run(&other, listed).await.unwrap(), "1");
    assert_eq!(run(&database.session(), listed).await.unwrap(), "0");
    assert_eq!(run(&one, "SELECT a FROM t").await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_of_others_come_between() {
    let database = Database::in_memory().await.unwrap();
    let (one, other) = (database.session(), database.session());
    run(&one, "CREATE TABLE shared (a int); BEGIN; CREATE TEMP TABLE t AS SELECT 1 AS a").await.unwrap();
    run(&other, "CREATE TABLE later AS SELECT 5 AS a; INSERT INTO shared VALUES (7)").await.unwrap();
    run(&one, "INSERT INTO shared SELECT a FROM t; CREATE TABLE too AS SELECT a FROM t; COMMIT").await.unwrap();
    let all =
        "SELECT sum(a) FROM (SELECT a FROM shared UNION ALL SELECT a FROM later UNION ALL SELECT a FROM too) AS x";
    assert_eq!(run(&other, all).await.unwrap(), "14");
    assert_eq!(run(&one, all).await.unwrap(), "14");
    assert_eq!(run(&one, "SELECT a FROM t").await.unwrap(), "1");
    // A block that fails takes both back.
    run(&one, "BEGIN; INSERT INTO t VALUES (2); INSERT INTO shared VALUES (2)").await.unwrap();
    assert_eq!(state(&one, "SELECT 1 / 0").await, Some(SqlState::DivisionByZero));
    run(&one, "COMMIT").await.unwrap();
    assert_eq!(run(&one, "SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM shared)").await.unwrap(), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path()).await.unwrap();
    let session = database.session();
    run(&session, "CREATE TEMP TABLE a AS SELECT 1 AS x; CREATE TEMP TABLE b AS SELECT 2 AS x").await.unwrap();
    assert_eq!(folders(folder.path()).len(), 2);
    run(&session, "DROP TABLE a").await.unwrap();
    comes_true("a dropped table's folder goes", || folders(folder.path()).len() == 1).await;
    run(&session, "BEGIN; CREATE TEMP TABLE c (x int) ON COMMIT DROP; COMMIT").await.unwrap();
    run(&session, "BEGIN; CREATE TEMP TABLE d (x int); ROLLBACK").await.unwrap();
    comes_true("tables that came to nothing go", || folders(folder.path()).len() == 1).await;
    for record in std::fs::read_dir(folder.path().join("catalog")).unwrap() {
        let record = std::fs::read_to_string(record.unwrap().path()).unwrap();
        assert!(!record.contains("pg_temp"), "a temporary schema is in the catalog that everybody sees");
    }
    drop(session);
    comes_true("a session takes its tables along", || folders(folder.path()).is_empty()).await;

    // What a crash leaves is swept: a folder that no catalog names.
    let session = database.session();
    run(&session, "CREATE TEMP TABLE a AS SELECT 1 AS x").await.unwrap();
    let left = folders(folder.path()).pop().unwrap();
    drop(session);
    comes_true("a session takes its tables along", || folders(folder.path()).is_empty()).await;
    drop(database);
    std::fs::create_dir_all(left.join("_delta_log")).unwrap();
    let database = Database::open(folder.path()).await.unwrap();
    assert!(!left.exists());
    assert_eq!(state(&database.session(), "SELECT * FROM a").await, Some(SqlState::UndefinedTable));
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_have_them_and_owns_them() {
    let database = Database::in_memory().await.unwrap();
    let session = database.session();
    run(&session, "CREATE TABLE secret (a int); CREATE ROLE r; CREATE ROLE s; SET ROLE r").await.unwrap();
    run(&session, "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1); UPDATE t SET a = 2").await.unwrap();
    assert_eq!(run(&session, "SELECT tableowner FROM pg_tables WHERE tablename = 't'").await.unwrap(), "r");
    // A view of theirs reads no more than they may.
    let refused = Some(SqlState::InsufficientPrivilege);
    assert_eq!(state(&session, "CREATE TEMP VIEW v AS SELECT a FROM secret").await, refused);
    assert_eq!(state(&session, "CREATE TABLE everybodys (a int)").await, refused);
    // Another role in the same session may what it was granted.
    run(&session, "RESET ROLE; SET ROLE s").await.unwrap();
    assert_eq!(state(&session, "SELECT a FROM t").await, refused);
    run(&session, "RESET ROLE; SET ROLE r; GRANT SELECT ON t TO s; RESET ROLE; SET ROLE s").await.unwrap();
    assert_eq!(run(&session, "SELECT a FROM t").await.unwrap(), "2");
    assert_eq!(state(&session, "DROP TABLE t").await, refused);
    // A pooler's next client finds nothing of the last one.
    run(&session, "DISCARD ALL").await.unwrap();
    assert_eq!(state(&session, "SELECT a FROM t").await, Some(SqlState::UndefinedTable));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_of_a_view_is_taken_over() {
    let database = Database::in_memory().await.unwrap();
    let session = database.session();
    run(&session, "CREATE TABLE t AS SELECT 1 AS a; CREATE VIEW v AS SELECT a FROM t").await.unwrap();
    run(&session, "CREATE TEMP TABLE t AS SELECT 2 AS a").await.unwrap();
    assert_eq!(run(&session, "SELECT a FROM v").await.unwrap(), "1");
    run(&session, "CREATE TEMP TABLE transactions AS SELECT 9 AS amount").await.unwrap();
    assert_eq!(run(&session, "SELECT count(*) FROM kpi.clv").await.unwrap(), "0");
    assert_eq!(run(&session, "SELECT amount FROM transactions").await.unwrap(), "9");
}
