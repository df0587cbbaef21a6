//! The database as its own catalogs tell of it: what is made, changed and dropped shows at once, in every session.

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use journeydb::Database;

/// The rows of a query: cells by bar, NULL as `~`.
async fn ask(database: &Database, sql: &str) -> Vec<String> {
    let batches = database.sql(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows = vec![];
    for batch in batches {
        let columns: Vec<_> = batch.columns().iter().map(|column| cast(column, &DataType::Utf8).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cell = |column: &arrow::array::ArrayRef| match column.is_null(row) {
                true => "~".to_owned(),
                false => column.as_string::<i32>().value(row).to_owned(),
            };
            rows.push(columns.iter().map(cell).collect::<Vec<_>>().join("|"));
        }
    }
    rows
}

const COLUMNS: &str = "SELECT attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, \
                       pg_catalog.col_description(attrelid, attnum) FROM pg_catalog.pg_attribute \
                       WHERE attrelid = 'shop.orders'::regclass AND attnum > 0 ORDER BY attnum";

#[tokio::test]
async fn tables_show_from_their_making_to_their_end() {
    let database = Database::in_memory().await.unwrap();
    let made = "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint NOT NULL, amount numeric(12,2), CHECK (amount > 0));\
                COMMENT ON COLUMN shop.orders.amount IS 'What was paid.'";
    database.sql(made).await.unwrap();
    assert_eq!(ask(&database, COLUMNS).await, ["id|bigint|true|~", "amount|numeric(12,2)|false|What was paid."]);
    let checks =
        "SELECT contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'shop.orders'::regclass";
    assert_eq!(ask(&database, checks).await, ["c|CHECK (amount > 0)"]);

    database.sql("INSERT INTO shop.orders VALUES (1, 2.50), (2, 3.50)").await.unwrap();
    let size = "SELECT reltuples::bigint, pg_table_size(oid) > 0 FROM pg_class WHERE relname = 'orders'";
    assert_eq!(ask(&database, size).await, ["2|true"]);

    let oid = ask(&database, "SELECT 'shop.orders'::regclass::oid").await;
    database.sql("ALTER TABLE shop.orders ADD COLUMN note text").await.unwrap();
    assert_eq!(ask(&database, COLUMNS).await.last().unwrap(), "note|text|false|~");
    assert_eq!(ask(&database, "SELECT 'shop.orders'::regclass::oid").await, oid, "an OID is for life");

    database.sql("DROP TABLE shop.orders").await.unwrap();
    assert_eq!(ask(&database, "SELECT to_regclass('shop.orders')").await, ["~"]);
    assert!(ask(&database, "SELECT 1 FROM information_schema.tables WHERE table_schema = 'shop'").await.is_empty());
}

#[tokio::test]
async fn views_are_views_with_the_columns_they_give() {
    let database = Database::in_memory().await.unwrap();
    database
        .sql("CREATE VIEW few AS SELECT account_id, count(*) AS n FROM journey.interactions GROUP BY 1")
        .await
        .unwrap();
    let kind = "SELECT relkind, pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'few'::regclass";
    assert_eq!(ask(&database, kind).await, ["v|journeydb"]);
    let columns = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'few' ORDER BY 1";
    assert_eq!(ask(&database, columns).await, ["account_id|text", "n|bigint"]);
    let definition = ask(&database, "SELECT pg_get_viewdef('few'::regclass)").await.remove(0);
    let words: Vec<&str> = definition.split_whitespace().collect();
    assert_eq!(words.join(" "), "SELECT account_id, count(*) AS n FROM journey.interactions GROUP BY 1;");
}

#[tokio::test]
async fn every_shipped_view_lists_its_columns() {
    let database = Database::in_memory().await.unwrap();
    let bare = "SELECT c.relname FROM pg_class c WHERE c.relkind = 'v' AND relnamespace = to_regnamespace('kpi') \
                AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid)";
    assert!(ask(&database, bare).await.is_empty());
    let some = "SELECT count(*) > 5 FROM pg_views WHERE schemaname = 'kpi'";
    assert_eq!(ask(&database, some).await, ["true"]);
}

#[tokio::test]
async fn our_functions_are_listed_with_arguments_and_comments() {
    let database = Database::in_memory().await.unwrap();
    let velocity = "SELECT prokind, pg_get_function_result(oid), pg_get_function_arguments(oid), \
                    obj_description(oid, 'pg_proc') IS NOT NULL FROM pg_proc WHERE proname = 'velocity'";
    let arguments = "started_at timestamp with time zone, ended_at timestamp with time zone \
                     [, observed_until timestamp with time zone]";
    assert_eq!(ask(&database, velocity).await, [format!("a|double precision|{arguments}|true")]);
    let silent = "SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('journey') \
                  AND obj_description(oid, 'pg_proc') IS NULL";
    assert!(ask(&database, silent).await.is_empty());
}

#[tokio::test]
async fn settings_are_read_and_set_by_functions() {
    let database = Database::in_memory().await.unwrap();
    let sql = "SELECT set_config('journey.period', 'week', false); SELECT current_setting('journey.period')";
    assert_eq!(ask(&database, sql).await, ["week"]);
    assert_eq!(ask(&database, "SELECT current_setting('no.such', true)").await, ["~"]);
    let error = database.sql("SELECT current_setting('no.such')").await.unwrap_err();
    assert_eq!(error.state().code(), "42704");
    let kept = "SET journey.period = 'day'; SELECT setting, source FROM pg_settings WHERE name = 'journey.period'";
    assert_eq!(ask(&database, kept).await, ["day|session"]);
}

#[tokio::test]
async fn user_statements_keep_their_meaning_beside_the_catalogs() {
    let database = Database::in_memory().await.unwrap();
    let sql = "CREATE TABLE o (c int, x int); INSERT INTO o VALUES (1, 5), (1, 7), (2, 3); \
               SELECT c, (SELECT max(i.x) FROM o i WHERE i.c = o.c) FROM o GROUP BY c ORDER BY c";
    assert_eq!(ask(&database, sql).await, ["1|7", "2|3"]);
    assert_eq!(ask(&database, "SELECT CASE WHEN c > 0 THEN '' ELSE c::text END FROM (VALUES (1)) t(c)").await, [""]);
}
