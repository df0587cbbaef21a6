//! SQL reaches no file of the server and no address: there is no feature that would, and what other engines have for it is
//! refused.

use std::path::Path;

use futures::TryStreamExt;
use journeydb::{Database, Outcome, Session};

async fn run(session: &Session, sql: &str) -> journeydb::Result<usize> {
    let mut count = 0;
    for statement in session.parse(sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        if let Outcome::Rows(rows) = session.execute(&prepared, vec![]).await? {
            count = rows.try_collect::<Vec<_>>().await?.iter().map(|batch| batch.num_rows()).sum();
        }
    }
    Ok(count)
}

fn everything_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything_in(&path));
        }
        found.push(path.display().to_string());
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reads_or_writes_a_file_of_the_server() {
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret.csv");
    std::fs::write(&secret, "a,b\n1,2\n").unwrap();
    std::fs::create_dir(place.path().join("out")).unwrap();
    let database = Database::open(place.path().join("db")).await.unwrap();
    let session = database.session();
    run(&session, "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1, 2)").await.unwrap();
    let before = everything_in(&place.path().join("out"));
    let (file, out) = (secret.display().to_string(), place.path().join("out/x").display().to_string());
    let data = everything_in(&place.path().join("db")).into_iter().find(|path| path.ends_with(".parquet")).unwrap();
    let attacks = [
        format!("CREATE EXTERNAL TABLE e STORED AS PARQUET LOCATION '{data}'"),
        format!("CREATE EXTERNAL TABLE e (a int) STORED AS CSV LOCATION '{file}'"),
        "CREATE EXTERNAL TABLE e STORED AS PARQUET LOCATION 'http://127.0.0.1:9/x.parquet'".to_owned(),
        format!("CREATE TABLE e (a int) LOCATION '{file}'"),
        format!("CREATE TABLE e (a int) WITH (location = '{file}')"),
        format!("COPY t TO '{out}.csv'"),
        format!("COPY (SELECT * FROM t) TO '{out}.parquet'"),
        format!("COPY (SELECT * FROM t) TO '{out}' STORED AS PARQUET"),
        format!("COPY t FROM '{file}'"),
        "COPY t FROM PROGRAM 'cat /etc/passwd'".to_owned(),
        format!("COPY t TO PROGRAM 'cat > {out}'"),
        format!("SELECT * FROM '{file}'"),
        format!("SELECT * FROM \"{file}\""),
        format!("SELECT * FROM \"file://{file}\""),
        format!("SELECT * FROM '{data}'"),
        "SELECT * FROM \"http://127.0.0.1:9/x.parquet\"".to_owned(),
        format!("SELECT * FROM read_parquet('{data}')"),
        format!("SELECT * FROM read_csv('{file}')"),
        format!("SELECT * FROM parquet_scan('{data}')"),
        format!("SELECT * FROM parquet_metadata('{data}')"),
        format!("SELECT * FROM csv_scan('{file}')"),
        format!("SELECT pg_read_file('{file}')"),
        format!("SELECT pg_read_binary_file('{file}')"),
        "SELECT pg_ls_dir('/')".to_owned(),
        format!("SELECT lo_import('{file}')"),
        format!("LOAD '{file}'"),
        format!("INSERT OVERWRITE DIRECTORY '{out}' SELECT 1"),
        format!("UNLOAD ('SELECT 1') TO '{out}'"),
        "CREATE FUNCTION f() RETURNS int AS '/lib/libc.so.6', 'abort' LANGUAGE C".to_owned(),
        "CREATE EXTENSION file_fdw".to_owned(),
        format!("ATTACH DATABASE '{file}' AS other"),
        "SET datafusion.catalog.location = '/'".to_owned(),
        "SET datafusion.runtime.temp_directory = '/tmp'".to_owned(),
        "SET datafusion.runtime.memory_limit = '100G'".to_owned(),
        "SELECT set_config('datafusion.catalog.location', '/', false)".to_owned(),
    ];
    let mut reached = Vec::new();
    for attack in &attacks {
        if let Ok(count) = run(&session, attack).await {
            reached.push(format!("{attack}: {count} rows"));
        }
    }
    assert!(reached.is_empty(), "{reached:#?}");
    assert_eq!(everything_in(&place.path().join("out")), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_tables_are_no_paths() {
    let place = tempfile::tempdir().unwrap();
    let database = Database::open(place.path().join("db")).await.unwrap();
    let session = database.session();
    run(&session, "CREATE TABLE \"../../escaped\" (a int); INSERT INTO \"../../escaped\" VALUES (1)").await.unwrap();
    run(&session, "CREATE SCHEMA \"..\"; CREATE TABLE \"..\".\"/etc\" (a int); INSERT INTO \"..\".\"/etc\" VALUES (1)")
        .await
        .unwrap();
    let inside = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(inside.collect::<Vec<_>>(), ["db"]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_in_the_folder_lead_nowhere() {
    let place = tempfile::tempdir().unwrap();
    let elsewhere = place.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("kept"), "x").unwrap();
    let folder = place.path().join("db");
    drop(Database::open(&folder).await.unwrap());
    std::os::unix::fs::symlink(&elsewhere, folder.join("tables/public")).unwrap();
    let refused = Database::open(&folder).await.err().unwrap();
    assert!(refused.message().contains("symbolic link"), "{refused}");
    // Nothing outside is read, written or swept.
    assert_eq!(everything_in(&elsewhere), [elsewhere.join("kept").display().to_string()]);
    assert_eq!(std::fs::read_to_string(elsewhere.join("kept")).unwrap(), "x");
}

/// Catalog records hold what passwords are checked with.
#[cfg(unix)]
#[tokio::test]
async fn others_on_the_machine_read_no_catalog_record() {
    use std::os::unix::fs::PermissionsExt;
    let place = tempfile::tempdir().unwrap();
    drop(Database::open(place.path().join("db")).await.unwrap());
    for folder in ["catalog", "tmp"] {
        let mode = std::fs::metadata(place.path().join("db").join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
}
