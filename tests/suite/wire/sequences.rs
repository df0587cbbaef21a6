//! Sequences over the wire: no two sessions get the same number, and none comes again after a restart.

use std::collections::HashSet;

use journeydb::Database;
use journeydb::server::Options;
use tempfile::TempDir;

use super::{Served, rows, soon, state};

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_race_share_no_number() {
    let server = Served::start().await;
    let first = server.connect().await;
    first.batch_execute("CREATE TABLE t (id serial PRIMARY KEY, by int)").await.unwrap();
    let mut racing = vec![];
    for by in 0..4 {
        let client = server.connect().await;
        racing.push(tokio::spawn(async move {
            for _ in 0..10 {
                client.batch_execute(&format!("INSERT INTO t (by) VALUES ({by}), ({by})")).await.unwrap();
            }
        }));
    }
    for race in racing {
        soon(race).await.unwrap();
    }
    assert_eq!(rows(&first, "SELECT count(*), count(DISTINCT id), max(id) FROM t").await.unwrap(), "80,80,80");
    assert_eq!(state(&first.batch_execute("SELECT currval('t_id_seq')").await.unwrap_err()), "55000");
    server.shut_down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_comes_again_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let server = Served::serve(Database::open(folder.path()).await.unwrap(), Options::default()).await;
        let client = server.connect().await;
        client.batch_execute("CREATE SEQUENCE IF NOT EXISTS s").await.unwrap();
        for _ in 0..40 {
            assert!(seen.insert(rows(&client, "SELECT nextval('s')").await.unwrap()));
        }
        server.shut_down().await;
    }
}
