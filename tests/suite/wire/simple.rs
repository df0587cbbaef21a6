//! The simple query protocol.

use super::{Served, rows, state};

#[tokio::test]
async fn statements_of_one_text_are_answered_one_by_one() {
    let served = Served::start().await;
    let client = served.connect().await;
    assert_eq!(rows(&client, "SELECT 1; SELECT 'a', NULL; SELECT 2.50::numeric(4,2)").await.unwrap(), "1|a,~|2.50");
    assert_eq!(rows(&client, "").await.unwrap(), "");
    assert_eq!(rows(&client, " -- a comment\n ; ;").await.unwrap(), "");
}

#[tokio::test]
async fn an_error_takes_back_what_ran_before_it_and_leaves_out_what_comes_after() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE t (a int)").await.unwrap();
    let error = client.batch_execute("INSERT INTO t VALUES (1); SELECT * FROM nowhere; INSERT INTO t VALUES (2)").await;
    assert_eq!(state(&error.unwrap_err()), "42P01");
    assert_eq!(rows(&client, "SELECT a FROM t").await.unwrap(), "");
    let error = client.batch_execute("INSERT INTO t VALUES (3); SELEC").await.unwrap_err();
    assert_eq!(state(&error), "42601");
    assert_eq!(rows(&client, "SELECT a FROM t").await.unwrap(), "");
}

#[tokio::test]
async fn a_correlated_subquery_in_the_select_list_has_its_value() {
    let served = Served::start().await;
    let client = served.connect().await;
    client
        .batch_execute(
            "CREATE TABLE c (id int); CREATE TABLE o (cid int, x int);
             INSERT INTO c VALUES (1), (2), (3); INSERT INTO o VALUES (1, 10), (1, 20), (2, 5)",
        )
        .await
        .unwrap();
    let sql = "SELECT c.id, (SELECT max(o.x) FROM o WHERE o.cid = c.id) FROM c ORDER BY c.id";
    assert_eq!(rows(&client, sql).await.unwrap(), "1,20;2,5;3,~");
}

#[tokio::test]
async fn common_mistakes_have_their_sqlstate() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE t (a int, b text)").await.unwrap();
    for (sql, expected) in [
        ("SELEC 1", "42601"),
        ("SELECT 'open", "42601"),
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nothing FROM t", "42703"),
        ("SELECT t1.a FROM t t1, t t2 WHERE a = 1", "42702"),
        ("SELECT nofunction(1)", "42883"),
        ("SELECT 1 / 0", "22012"),
        ("SELECT 'x'::int", "22P02"),
        ("SELECT a FROM t GROUP BY b", "42803"),
        ("SET nosuch = 1", "42704"),
        ("SET TimeZone = 'Mars/Base'", "22023"),
        ("CREATE TABLE t (a int)", "42P07"),
        ("DROP TABLE nowhere", "42P01"),
        ("COPY t TO '/tmp/out.csv'", "42501"),
        ("SELECT $1", "42P02"),
    ] {
        let error = client.batch_execute(sql).await.expect_err(sql);
        assert_eq!(state(&error), expected, "{sql}: {error:?}");
        let told = error.as_db_error().unwrap();
        assert!(!told.message().contains('\n'), "{sql}: {}", told.message());
    }
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}

#[tokio::test]
async fn sessions_share_no_settings() {
    let served = Served::start().await;
    let (one, other) = (served.connect().await, served.connect().await);
    one.batch_execute("SET TimeZone = 'Asia/Kolkata'").await.unwrap();
    let sql = "SELECT TIMESTAMPTZ '2026-01-02 03:04:05.5Z'";
    assert_eq!(rows(&one, sql).await.unwrap(), "2026-01-02 08:34:05.5+05:30");
    assert_eq!(rows(&other, sql).await.unwrap(), "2026-01-02 03:04:05.5+00");
}

#[tokio::test]
async fn startup_parameters_are_applied_or_end_the_connection() {
    let served = Served::start().await;
    let client = served.connect_with("application_name=report options='-c TimeZone=Europe/Berlin'").await.unwrap();
    assert_eq!(rows(&client, "SHOW application_name").await.unwrap(), "report");
    assert_eq!(rows(&client, "SHOW TimeZone").await.unwrap(), "Europe/Berlin");
    client.batch_execute("SET TimeZone = 'UTC'; RESET TimeZone").await.unwrap();
    assert_eq!(rows(&client, "SHOW TimeZone").await.unwrap(), "Europe/Berlin");
    let refused = served.connect_with("options='-c nosuch=1'").await.err().unwrap();
    assert_eq!(state(&refused), "42704");
    let refused = served.connect_with("options='-c TimeZone=Mars/Base'").await.err().unwrap();
    assert_eq!(state(&refused), "22023");
}
