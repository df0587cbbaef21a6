//! What a program that embeds the database may rely on: parameters, sessions kept apart, one snapshot per statement.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::scalar::ScalarValue;
use futures::TryStreamExt;
use journeydb::{Database, Outcome, Session, SqlState, TransactionStatus};

async fn run(session: &Session, sql: &str, values: Vec<ScalarValue>) -> journeydb::Result<String> {
    let mut shown = String::new();
    for statement in session.parse(sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        shown = match session.execute(&prepared, values.clone()).await? {
            Outcome::Rows(rows) => {
                let batches: Vec<_> = rows.try_collect().await?;
                let cells = pretty_format_batches(&batches).unwrap().to_string();
                let rows = cells.lines().skip(3).filter(|line| line.starts_with('|'));
                let row = |line: &str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(",");
                rows.map(row).collect::<Vec<_>>().join(";")
            }
            Outcome::Done(tag) => tag.to_string(),
            Outcome::CopyOut(_) | Outcome::CopyIn(_) => panic!("these tests hold no COPY"),
        };
    }
    Ok(shown)
}

async fn fresh() -> (Database, Session) {
    let database = Database::in_memory().await.unwrap();
    let session = database.session();
    (database, session)
}

#[tokio::test]
async fn parameters_take_the_type_the_statement_implies() {
    let (_database, session) = fresh().await;
    run(&session, "CREATE TABLE t (a bigint, b text, c timestamptz)", vec![]).await.unwrap();
    let insert = &session.parse("INSERT INTO t VALUES ($1, $2, $3)").unwrap()[0];
    let prepared = session.prepare(insert, &[]).await.unwrap();
    assert_eq!(prepared.parameters()[0].as_ref().map(|field| field.data_type()), Some(&DataType::Int64));
    let values = vec![ScalarValue::Int16(Some(7)), ScalarValue::from("x"), ScalarValue::from("2026-01-02 03:04:05Z")];
    let Outcome::Done(tag) = session.execute(&prepared, values).await.unwrap() else { panic!("INSERT gives a tag") };
    assert_eq!(tag.to_string(), "INSERT 0 1");
    assert_eq!(run(&session, "SELECT a + 1, b, c FROM t", vec![]).await.unwrap(), "8,x,2026-01-02T03:04:05Z");
}

#[tokio::test]
async fn a_null_of_unknown_type_does_not_shift_the_parameters_after_it() {
    let (_database, session) = fresh().await;
    let sql = "SELECT x FROM (VALUES (1), (2)) v(x) WHERE $1 IS NULL AND x = $2";
    let values = vec![ScalarValue::Null, ScalarValue::Int16(Some(2))];
    assert_eq!(run(&session, sql, values).await.unwrap(), "2");
}

#[tokio::test]
async fn a_wrong_number_of_values_is_an_error() {
    let (_database, session) = fresh().await;
    let error = run(&session, "SELECT $1::int", vec![]).await.unwrap_err();
    assert_eq!(error.state(), SqlState::ProtocolViolation);
}

#[tokio::test]
async fn a_prepared_statement_sees_what_was_written_since() {
    let (_database, session) = fresh().await;
    run(&session, "CREATE TABLE t (a int)", vec![]).await.unwrap();
    let count = session.prepare(&session.parse("SELECT count(*) FROM t").unwrap()[0], &[]).await.unwrap();
    run(&session, "INSERT INTO t VALUES (1), (2)", vec![]).await.unwrap();
    let Outcome::Rows(rows) = session.execute(&count, vec![]).await.unwrap() else { panic!("a query gives rows") };
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    assert_eq!(ScalarValue::try_from_array(batches[0].column(0), 0).unwrap(), ScalarValue::Int64(Some(2)));
    run(&session, "DROP TABLE t; CREATE TABLE t (a text)", vec![]).await.unwrap();
    let all = session.prepare(&session.parse("SELECT * FROM t").unwrap()[0], &[]).await.unwrap();
    run(&session, "DROP TABLE t; CREATE TABLE t (a int)", vec![]).await.unwrap();
    let error = session.execute(&all, vec![]).await.err().unwrap();
    assert_eq!(
        (error.state(), error.message()),
        (SqlState::FeatureNotSupported, "cached plan must not change result type")
    );
}

#[tokio::test]
async fn sessions_share_tables_and_nothing_else() {
    let (database, one) = fresh().await;
    let other = database.session();
    run(&one, "SET search_path TO kpi; SET TimeZone TO 'Europe/Berlin'; BEGIN", vec![]).await.unwrap();
    assert_eq!(run(&other, "SHOW search_path", vec![]).await.unwrap(), "public, journey, kpi");
    assert_eq!(run(&other, "SHOW timezone", vec![]).await.unwrap(), "UTC");
    assert_eq!(
        (one.transaction_status(), other.transaction_status()),
        (TransactionStatus::Open, TransactionStatus::Idle)
    );
    run(&other, "CREATE TABLE public.shared (a int)", vec![]).await.unwrap();
    assert_eq!(run(&one, "SELECT count(*) FROM public.shared", vec![]).await.unwrap(), "0");
}

#[tokio::test]
async fn a_block_reads_fails_and_ends_as_in_postgres() {
    let (_database, session) = fresh().await;
    run(&session, "CREATE TABLE t (a int)", vec![]).await.unwrap();
    run(&session, "BEGIN", vec![]).await.unwrap();
    assert_eq!(run(&session, "INSERT INTO t VALUES (1); SELECT count(*) FROM t", vec![]).await.unwrap(), "1");
    let refused = run(&session, "INSERT INTO t VALUES ('x')", vec![]).await.unwrap_err();
    assert_eq!(refused.state(), SqlState::InvalidTextRepresentation);
    assert_eq!(session.transaction_status(), TransactionStatus::Failed);
    assert_eq!(run(&session, "SELECT 1", vec![]).await.unwrap_err().state(), SqlState::InFailedTransaction);
    assert_eq!(run(&session, "COMMIT", vec![]).await.unwrap(), "ROLLBACK");
    assert_eq!(session.transaction_status(), TransactionStatus::Idle);
    assert_eq!(run(&session, "SELECT count(*) FROM t", vec![]).await.unwrap(), "0");
}

#[tokio::test]
async fn settings_of_a_block_end_with_it() {
    let (_database, session) = fresh().await;
    run(&session, "BEGIN; SET LOCAL journey.period = 'week'; SET application_name = 'kept'; COMMIT", vec![])
        .await
        .unwrap();
    assert_eq!(session.setting("journey.period").as_deref(), Some("month"));
    assert_eq!(session.setting("application_name").as_deref(), Some("kept"));
    run(&session, "BEGIN; SET journey.period = 'week'; ROLLBACK", vec![]).await.unwrap();
    assert_eq!(session.setting("journey.period").as_deref(), Some("month"));
}

#[tokio::test]
async fn everything_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path()).await.unwrap();
    let session = database.session();
    let made = "CREATE SCHEMA s; CREATE TABLE s.t (a int NOT NULL, b text, CHECK (a > 0)); \
                INSERT INTO s.t VALUES (1, 'x'), (2, 'y'), (3, 'z'); UPDATE s.t SET b = 'Y' WHERE a = 2; \
                DELETE FROM s.t WHERE a = 3; ALTER TABLE s.t ADD COLUMN c double precision; \
                CREATE VIEW v AS SELECT a, b AS name FROM s.t; COMMENT ON VIEW v IS 'shown'; \
                ALTER TABLE s.t RENAME TO renamed; CREATE TABLE s.gone (a int); DROP TABLE s.gone; \
                CREATE OR REPLACE VIEW v AS SELECT a, b AS name, c FROM s.renamed";
    run(&session, made, vec![]).await.unwrap();
    let before = run(&session, "SELECT * FROM v ORDER BY a", vec![]).await.unwrap();
    assert_eq!(before, "1,x,;2,Y,");
    drop((session, database));
    let database = Database::open(folder.path()).await.unwrap();
    let session = database.session();
    assert_eq!(run(&session, "SELECT * FROM v ORDER BY a", vec![]).await.unwrap(), before);
    assert_eq!(run(&session, "SELECT * FROM s.gone", vec![]).await.unwrap_err().state(), SqlState::UndefinedTable);
    assert_eq!(
        run(&session, "INSERT INTO s.renamed VALUES (0, '')", vec![]).await.unwrap_err().state(),
        SqlState::CheckViolation
    );
}

#[tokio::test]
async fn a_folder_has_one_holder() {
    let folder = tempfile::tempdir().unwrap();
    let _held = Database::open(folder.path()).await.unwrap();
    let refused = Database::open(folder.path()).await.err().unwrap();
    assert_eq!(refused.state(), SqlState::LockNotAvailable);
}

#[tokio::test]
async fn a_query_may_give_the_same_output_twice() {
    let (_database, session) = fresh().await;
    let twice = "SELECT a, a, count(*), count(*), a + 1, a + 1 AS b FROM (VALUES (1)) t(a) GROUP BY a";
    assert_eq!(run(&session, twice, vec![]).await.unwrap(), "1,1,1,1,2,2");
    let prepared = session.prepare(&session.parse(twice).unwrap()[0], &[]).await.unwrap();
    let names: Vec<_> = prepared.schema().unwrap().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["a", "a", "count", "count", "?column?", "b"]);
    run(&session, "CREATE TABLE t (a int, b int); INSERT INTO t SELECT a, a FROM (VALUES (5)) s(a)", vec![])
        .await
        .unwrap();
    assert_eq!(run(&session, "SELECT * FROM t", vec![]).await.unwrap(), "5,5");
}

#[tokio::test]
async fn a_field_of_a_struct_is_read_as_in_postgres() {
    let (_database, session) = fresh().await;
    let fields = "SELECT (conversion_summary(x)).n, (conversion_summary(x)).reached FROM (VALUES (true), (false)) t(x)";
    assert_eq!(run(&session, fields, vec![]).await.unwrap(), "2,1");
}

/// Rows that arrive when the test sends them.
fn rows_by_hand() -> (tokio::sync::mpsc::Sender<RecordBatch>, SendableRecordBatchStream) {
    let schema = Arc::new(Schema::new(vec![Field::new("account_id", DataType::Utf8View, true)]));
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let rows = futures::stream::unfold(receiver, async |mut receiver| Some((Ok(receiver.recv().await?), receiver)));
    (sender, Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

fn an_account() -> RecordBatch {
    let column: ArrayRef = Arc::new(StringViewArray::from(vec!["a1"]));
    RecordBatch::try_from_iter([("account_id", column)]).unwrap()
}

/// Rows are on their way to a table while it is dropped, rebuilt or hidden: their writer must be told.
#[tokio::test(flavor = "multi_thread")]
async fn rows_for_a_table_that_goes_are_never_lost_in_silence() {
    for (table, change) in [
        ("t", "DROP TABLE t; CREATE TABLE t (account_id text, b int)"),
        ("t", "ALTER TABLE t DROP COLUMN b"),
        ("t", "ALTER TABLE t RENAME COLUMN b TO c"),
        ("journey.accounts", "CREATE OR REPLACE VIEW journey.accounts AS SELECT 'x' AS account_id"),
    ] {
        let (database, session) = fresh().await;
        run(&session, "CREATE TABLE t (account_id text, b int)", vec![]).await.unwrap();
        let (sender, rows) = rows_by_hand();
        let writer = database.session();
        let writing = tokio::spawn(async move { writer.append(table, rows).await });
        // The second is taken up only after the first: the append has begun.
        sender.send(an_account()).await.unwrap();
        sender.send(an_account()).await.unwrap();
        run(&session, change, vec![]).await.unwrap();
        drop(sender);
        let told = writing.await.unwrap().expect_err(change);
        assert_eq!(told.state(), SqlState::SerializationFailure, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_row_survives_changes_of_the_columns() {
    let (database, session) = fresh().await;
    run(&session, "CREATE TABLE t (a int, b int)", vec![]).await.unwrap();
    let insert = async |session: Session| {
        let mut kept = 0;
        for _ in 0..25 {
            match run(&session, "INSERT INTO t VALUES (1)", vec![]).await {
                Ok(_) => kept += 1,
                Err(error) => assert_eq!(error.state(), SqlState::SerializationFailure, "{error}"),
            }
            let updated = run(&session, "UPDATE t SET a = a + 0", vec![]).await;
            assert!(
                updated.as_ref().map_or_else(|e| e.state() == SqlState::SerializationFailure, |_| true),
                "{updated:?}"
            );
        }
        kept
    };
    let alter = async |session: Session| {
        for at in 0..25 {
            let (old, new) = if at % 2 == 0 { ("b", "c") } else { ("c", "b") };
            run(&session, &format!("ALTER TABLE t RENAME COLUMN {old} TO {new}"), vec![]).await.unwrap();
        }
        0
    };
    let (one, two, _) = tokio::join!(insert(database.session()), insert(database.session()), alter(database.session()));
    assert_eq!(run(&session, "SELECT count(*) FROM t", vec![]).await.unwrap(), (one + two).to_string());
}

/// Wherever a definition is cut off, the next one works, and reopening finds what sessions saw.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_definition_leaves_nothing_half_made() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path()).await.unwrap();
    let session = database.session();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    for at in 0..60_u64 {
        let sql = format!("CREATE TABLE t{at} AS SELECT 1 AS a");
        let _ = tokio::time::timeout(Duration::from_micros(at * 250), run(&session, &sql, vec![])).await;
        run(&session, &format!("CREATE TABLE IF NOT EXISTS t{at} AS SELECT 1 AS a"), vec![]).await.unwrap();
        assert_eq!(run(&session, &format!("SELECT sum(a) FROM t{at}"), vec![]).await.unwrap(), "1");
    }
    assert_eq!(run(&session, tables, vec![]).await.unwrap(), "60");
    drop((session, database));
    let session = Database::open(folder.path()).await.unwrap().session();
    assert_eq!(run(&session, tables, vec![]).await.unwrap(), "60");
    assert_eq!(run(&session, "SELECT sum(a) FROM t59", vec![]).await.unwrap(), "1");
}

#[tokio::test]
async fn a_failed_block_refuses_even_to_plan() {
    let (_database, session) = fresh().await;
    run(&session, "BEGIN", vec![]).await.unwrap();
    run(&session, "SELECT * FROM nowhere", vec![]).await.unwrap_err();
    let refused = run(&session, "SELECT * FROM nowhere", vec![]).await.unwrap_err();
    assert_eq!(refused.state(), SqlState::InFailedTransaction);
}
