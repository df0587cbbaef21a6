//! Columns of types that are marked in the table's log: they are the same after reopening, and files are skipped by their bounds
//! without an answer changing.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use journeydb::Database;

async fn text(database: &Database, sql: &str) -> String {
    pretty_format_batches(&database.sql(sql).await.unwrap()).unwrap().to_string()
}

async fn count(database: &Database, sql: &str) -> i64 {
    database.sql(sql).await.unwrap()[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[tokio::test]
async fn types_survive_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let columns = "id uuid, raw json, doc jsonb, name varchar(5), code char(3), at time, ids uuid[], names varchar(3)[], moments timestamp[],
        hours time[], span interval, spans interval[]";
    let types = "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum";
    let database = Database::open(folder.path()).await.unwrap();
    database.sql(&format!("CREATE TABLE t ({columns})")).await.unwrap();
    database
        .sql(
            "INSERT INTO t VALUES ('A0EEBC999C0B4EF8BB6D6BB9BD380A11', '{\"b\":1}', '{\"b\":1,\"a\":2}', 'ab', 'c', '23:59:59.5',
                 '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}', '{a,NULL}', '{2026-01-02}', '{04:05}',
                 '1 year 2 mons -3 days 04:05:06.789012', '{1 day,NULL}')",
        )
        .await
        .unwrap();
    let (told, rows) = (text(&database, types).await, text(&database, "SELECT * FROM t").await);
    assert!(told.contains("character varying(3)[]") && told.contains("time without time zone[]"), "{told}");
    assert!(rows.contains("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "{rows}");
    drop(database);
    let database = Database::open(folder.path()).await.unwrap();
    assert_eq!(text(&database, types).await, told);
    assert_eq!(text(&database, "SELECT * FROM t").await, rows);
    assert!(database.sql("INSERT INTO t (name) VALUES ('abcdef')").await.is_err());
    // A second reading is of what the first one kept in memory.
    assert_eq!(text(&database, "SELECT * FROM t").await, rows);
}

#[tokio::test]
async fn files_are_skipped_by_their_bounds_alone() {
    let database = Database::in_memory().await.unwrap();
    database.sql("CREATE TABLE t (id uuid, at time, name varchar(8), tags text[], span interval)").await.unwrap();
    // Eight files, of which the last ones hold what no bound tells.
    for file in 0..8 {
        let rows: Vec<String> = (0..50)
            .map(|row| {
                let (n, hour) = (file * 50 + row, file * 3);
                // Every other file says in days what the next one says in months and hours.
                let span = if file % 2 == 0 { format!("{} days", n * 30) } else { format!("{} mons {} hours", n - 1, 720) };
                format!("('{n:08x}-0000-0000-0000-00000000000{file}', '{hour:02}:{row:02}', 'n{n}', '{{t{file},x}}', '{span}')")
            })
            .collect();
        database.sql(&format!("INSERT INTO t VALUES {}", rows.join(", "))).await.unwrap();
    }
    database
        .sql("INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL), (NULL, '24:00', NULL, '{}', NULL)")
        .await
        .unwrap();
    for (condition, expected) in [
        ("id = '00000064-0000-0000-0000-000000000002'", 1),
        ("id >= '0000015E-0000-0000-0000-000000000000'", 50),
        ("id IN ('00000000000000000000000000000000', '{0000018f-0000-0000-0000-000000000007}')", 2),
        ("id < '00000000-0000-0000-0000-000000000001'", 1),
        ("at >= '21:30'", 21),
        ("at BETWEEN '03:10' AND '03:19'", 10),
        ("at = '24:00'", 1),
        ("at IS NULL", 1),
        ("name = 'n399'", 1),
        ("tags = '{t3,x}'", 50),
        ("tags IS NULL", 1),
        ("'t5' = ANY (tags)", 50),
        ("span = '120 mons'", 1),
        ("span = '10500 days'", 1),
        ("span >= '10500 days'", 50),
        ("span < '60 days'", 2),
        ("span IN ('1 mon', '360 days', '11970 days')", 3),
        ("span IS NULL", 2),
    ] {
        for _ in 0..2 {
            assert_eq!(
                count(&database, &format!("SELECT count(*) FROM t WHERE {condition}")).await,
                expected,
                "{condition}"
            );
        }
    }
    database.sql("DELETE FROM t WHERE id < '00000032-0000-0000-0000-000000000000'").await.unwrap();
    database.sql("VACUUM t").await.unwrap();
    assert_eq!(count(&database, "SELECT count(*) FROM t WHERE id IS NOT NULL").await, 350);
    assert_eq!(count(&database, "SELECT count(DISTINCT tags) FROM t").await, 8);
}
