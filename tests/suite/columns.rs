//! Columns read whole: as dictionaries where a question can use them so, kept in memory for the next one, added up without
//! hashing. None of it changes an answer.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use journeydb::Database;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A table in the order of its entities and one in none, with the same rows: texts of few kinds and of many, with NULLs.
pub async fn tables() -> Database {
    let database = Database::in_memory().await.unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(11);
    for (table, order) in [("s", " WITH (entity = 'account_id, contact_id', at = 'occurred_at')"), ("u", "")] {
        let columns = "account_id TEXT, contact_id TEXT, occurred_at TIMESTAMPTZ, id BIGINT, amount DOUBLE PRECISION, kind TEXT, note TEXT";
        database.sql(&format!("CREATE TABLE {table} ({columns}){order}")).await.unwrap();
    }
    // Two writes that share no account.
    for (first, letters, without) in [(0, b'a'..b'f', 0.1), (400, b'f'..b'k', 0.0)] {
        let rows = (first..first + 400)
            .map(|id| row(&mut random, id, letters.clone(), without))
            .collect::<Vec<_>>()
            .join(", ");
        for table in ["s", "u"] {
            database.sql(&format!("INSERT INTO {table} VALUES {rows}")).await.unwrap();
        }
    }
    database
}

/// A row of accounts in a range of letters, some of them without account.
fn row(random: &mut ChaCha8Rng, id: usize, letters: std::ops::Range<u8>, without: f64) -> String {
    let account = char::from(random.random_range(letters));
    let has_account = !random.random_bool(without);
    let contact = random.random_range(0..3);
    let mut or_null = |text: String| if random.random_bool(0.1) { "NULL".to_owned() } else { text };
    let (account_text, contact_text) = (
        if has_account { format!("'{account}'") } else { "NULL".to_owned() },
        or_null(format!("'{account}{contact}'")),
    );
    let (time, amount) =
        (or_null(format!("'2025-01-{:02} 12:00:00Z'", id * 7 % 28 + 1)), or_null(format!("{}", id % 17)));
    let kind =
        or_null(format!("'{}'", ["ad", "web", "call", "a kind with a name that is longer than a view"][id * 5 % 4]));
    format!("({account_text}, {contact_text}, {time}, {id}, {amount}, {kind}, 'note {id}')")
}

async fn text(database: &Database, sql: &str) -> String {
    pretty_format_batches(&database.sql(sql).await.unwrap()).unwrap().to_string()
}

/// The rows of S with every text computed, so that none is a dictionary and nothing is known of their order.
const COMPUTED: &str = "(SELECT account_id || '' AS account_id, contact_id || '' AS contact_id, occurred_at, id, amount, kind || '' AS kind, \
                         note || '' AS note FROM S)";

/// Questions over `S`.
const QUESTIONS: &[&str] = &[
    "SELECT * FROM funnel(S, steps => ARRAY[kind = 'ad', kind = 'web', amount > 5], entity => (account_id, contact_id)) ORDER BY 1, 2, 3",
    "SELECT * FROM funnel(S, steps => ARRAY[kind <> 'ad', kind IS NULL, kind IN ('web', 'call') OR amount > 12], entity => account_id) ORDER BY 1, 2",
    "SELECT level, count(*) FROM funnel(S, steps => ARRAY[kind LIKE 'a%', note LIKE '%7'], exclude => ARRAY[kind = 'call']) GROUP BY 1 ORDER BY 1",
    "SELECT * FROM funnel(S, steps => ARRAY[kind = 'ad', kind = 'ad'], hold => ARRAY[kind], tiebreak => id, id => note) ORDER BY 1, 2",
    "SELECT * FROM transitions(S, state => kind, entity => (account_id, contact_id), tiebreak => note) ORDER BY 1, 2",
    "SELECT * FROM transitions(S, state => note, entity => account_id, tiebreak => (kind, id)) ORDER BY 1, 2",
    "SELECT * FROM paths(S, state => kind, entity => account_id, tiebreak => id) ORDER BY 1, 2, 3",
    "SELECT * FROM sessions(S, gap => '2 days', entity => (account_id, contact_id)) ORDER BY 1, 2, 3",
    "SELECT * FROM funnel((SELECT * FROM S WHERE kind <> 'ad' AND (kind = 'web' OR amount > 3)), steps => ARRAY[amount > 2, amount > 9], entity => account_id) ORDER BY 1",
    "SELECT * FROM funnel((SELECT * FROM S WHERE kind IS NULL OR kind NOT IN ('ad', 'web')), steps => ARRAY[amount > 2], entity => account_id) ORDER BY 1",
    "SELECT * FROM funnel((SELECT * FROM S WHERE coalesce(kind, 'ad') = 'ad'), steps => ARRAY[amount > 2], entity => account_id) ORDER BY 1",
    "SELECT * FROM attribution((SELECT * FROM S WHERE kind <> 'call'), (SELECT * FROM S WHERE kind = 'call'), entity => (account_id, contact_id),
         lookback => '9 days', touch => kind, conversion => note) ORDER BY 1, 2, 3, 4, 5, 6, 7",
    "SELECT touch, sum(linear), sum(time_decay), count(*) FROM attribution((SELECT * FROM S WHERE amount > 4), (SELECT * FROM S WHERE amount = 4),
         entity => account_id, lookback => '1 month', touch => id, reset => true) GROUP BY 1 ORDER BY 1",
    "SELECT account_id, contact_id, count(*), count(amount), sum(amount), min(occurred_at), max(id) FROM S GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT account_id, count(*) FILTER (WHERE kind = 'ad'), min(occurred_at) FILTER (WHERE kind = 'web'), max(occurred_at) FILTER (WHERE kind IS NULL),
         sum(amount) FILTER (WHERE kind LIKE 'a%'), count(note) FILTER (WHERE amount > 5) FROM S GROUP BY 1 ORDER BY 1",
    "SELECT contact_id, count(*), max(occurred_at) FILTER (WHERE amount > 3) FROM S WHERE kind = 'ad' GROUP BY 1 ORDER BY 1",
    "SELECT account_id, sum(amount) AS total FROM S GROUP BY 1 ORDER BY total DESC NULLS LAST, account_id LIMIT 3",
    "SELECT count(*) FROM (SELECT account_id, min(occurred_at) FROM S GROUP BY account_id HAVING min(occurred_at) > '2025-01-02')",
    "SELECT kind, count(*), count(DISTINCT contact_id) FROM S GROUP BY kind ORDER BY kind",
    "SELECT count(*) FROM sessions((SELECT * FROM S WHERE account_id IS NOT NULL AND contact_id IS NOT NULL AND occurred_at IS NOT NULL LIMIT 7), gap => '0 seconds', entity => id)",
    "SELECT count(*) FROM (SELECT account_id, count(*) AS n FROM (SELECT * FROM S LIMIT 5) AS few GROUP BY account_id) AS t WHERE n > 5",
    "SELECT note FROM S WHERE kind = 'ad' AND account_id = 'c' ORDER BY note",
    // What comes first in the order is one value.
    "SELECT contact_id, count(*), avg(amount) FROM S WHERE account_id = 'c' GROUP BY contact_id ORDER BY contact_id",
    "SELECT * FROM funnel((SELECT * FROM S WHERE account_id = 'c'), steps => ARRAY[amount > 3, kind = 'ad']) ORDER BY 1, 2",
    "SELECT occurred_at, avg(amount), count(*) FILTER (WHERE kind = 'ad') FROM S WHERE account_id = 'c' AND contact_id = 'c1' GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FILTER (WHERE note LIKE '%7' AND kind <> 'web'), sum(amount) FILTER (WHERE kind IS NULL) FROM S WHERE contact_id > 'd'",
];

#[tokio::test(flavor = "multi_thread")]
async fn dictionaries_and_neighbours_change_no_answer() {
    let database = tables().await;
    for question in QUESTIONS {
        for table in ["s", "u"] {
            let computed = COMPUTED.replace("FROM S", &format!("FROM {table}"));
            let over = |argument: &str, relation: &str| {
                let marked = question.replace("(S,", "(<argument>,").replace("FROM S", "FROM <relation>");
                marked.replace("<argument>", argument).replace("<relation>", relation)
            };
            let (plain, computed) = (over(table, table), over(&computed, &format!("{computed} AS computed")));
            assert_eq!(text(&database, &plain).await, text(&database, &computed).await, "{plain}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sequence_functions_read_codes_and_totals_hash_nothing() {
    let database = tables().await;
    let explained = async |sql: &str| text(&database, &format!("EXPLAIN {sql}")).await;
    let funnel =
        explained("SELECT * FROM funnel(s, steps => ARRAY[kind = 'ad'], entity => (account_id, contact_id))").await;
    assert!(funnel.contains("codes=[account_id, contact_id, kind]"), "{funnel}");
    let totals =
        explained("SELECT account_id, contact_id, sum(amount) FILTER (WHERE kind = 'ad') FROM s GROUP BY 1, 2").await;
    assert!(totals.contains("TotalsExec") && !totals.contains("AggregateExec"), "{totals}");
    for other in ["avg(amount)", "count(DISTINCT kind)", "sum(id)", "min(note)", "max(amount)"] {
        let hashed = explained(&format!("SELECT account_id, {other} FROM s GROUP BY 1")).await;
        assert!(!hashed.contains("TotalsExec"), "{other}: {hashed}");
    }
}

/// What bounds prove of all rows is not asked of each, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn filters_that_bounds_prove_leave_no_row_out() {
    let database = tables().await;
    database.sql("CREATE TABLE known (at TIMESTAMPTZ NOT NULL, x DOUBLE PRECISION, n BIGINT, k TEXT)").await.unwrap();
    database.sql("INSERT INTO known VALUES ('2025-01-05', 1.5, 1, 'b'), ('2025-01-09', 'NaN', 3, 'd')").await.unwrap();
    database.sql("INSERT INTO known VALUES ('2025-02-05', -2, NULL, 'c'), ('2025-02-09', 7, 5, 'long enough to be no short text, by far')").await.unwrap();
    database.sql("INSERT INTO known VALUES ('2025-03-09', NULL, NULL, NULL)").await.unwrap();
    for condition in [
        "at <= '2025-03-09'",
        "at < '2025-03-09'",
        "at >= '2025-01-05'",
        "at > '2025-01-05'",
        "at <= '2030-01-01'",
        "x <= 7",
        "x < 1000",
        "x > -3",
        "x IS NOT NULL",
        "n IS NOT NULL",
        "n >= 1",
        "n > 0",
        "n < 6",
        "k >= 'b'",
        "k < 'z'",
        "k IS NOT NULL",
        "at > NULL",
        "n IS NULL",
    ] {
        let (pushed, held) = (
            format!("SELECT count(*), count(n), max(at) FROM known WHERE {condition}"),
            format!("SELECT count(*), count(n), max(at) FROM known WHERE ({condition}) IS TRUE"),
        );
        assert_eq!(text(&database, &pushed).await, text(&database, &held).await, "{condition}");
    }
    let proven = text(&database, "EXPLAIN SELECT n FROM known WHERE at <= '2030-01-01'").await;
    assert!(!proven.contains("FilterExec"), "{proven}");
}

/// Capacity, used bytes, hits and misses.
async fn cache(database: &Database) -> [i64; 4] {
    let rows = database.sql("SELECT capacity_bytes, used_bytes, hits, misses FROM pg_stat_column_cache").await.unwrap();
    [0, 1, 2, 3].map(|column| rows[0].column(column).as_primitive::<Int64Type>().value(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_kept_for_the_next_question_and_never_stale() {
    let database = tables().await;
    let question = "SELECT kind, count(*), sum(amount) FROM s GROUP BY kind ORDER BY kind";
    let [capacity, _, _, misses] = cache(&database).await;
    assert_eq!(capacity, 1 << 30);
    let first = text(&database, question).await;
    let [_, used, hits, decoded] = cache(&database).await;
    assert!(used > 0 && decoded > misses, "{used} bytes, {decoded} decoded");
    assert_eq!(text(&database, question).await, first);
    let [_, _, again, still] = cache(&database).await;
    assert_eq!((again > hits, still), (true, decoded), "the second time all are there");

    // Whatever changes rows makes other files, and those say what is there.
    for change in [
        "INSERT INTO s VALUES ('q', 'q1', '2025-02-01', 9000, 100, 'ad', 'new')",
        "UPDATE s SET amount = amount + 1, kind = 'other' WHERE account_id = 'c'",
        "DELETE FROM s WHERE kind = 'web'",
        "ALTER TABLE s ADD COLUMN extra TEXT",
        "TRUNCATE s",
        "INSERT INTO s SELECT *, 'x' FROM u",
    ] {
        database.sql(change).await.unwrap();
        let (kept, held) =
            (text(&database, question).await, question.replace("FROM s", "FROM (SELECT * FROM s LIMIT 100000) AS s"));
        assert_eq!(kept, text(&database, &held).await, "{change}");
    }
    database.sql("DROP TABLE s").await.unwrap();
    database.sql("CREATE TABLE s AS SELECT 'one' AS kind, 1.0::double precision AS amount").await.unwrap();
    assert!(text(&database, question).await.contains("one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_stays_within_its_bounds() {
    let database = tables().await;
    let question =
        "SELECT count(note), count(kind), sum(amount), sum(id), max(occurred_at) FILTER (WHERE id > 0) FROM s";
    let unbounded = text(&database, question).await;
    let [_, needed, ..] = cache(&database).await;
    for capacity in [0, needed as u64 / 3, 100] {
        database.set_column_cache(capacity);
        for _ in 0..4 {
            assert_eq!(text(&database, question).await, unbounded);
            let [_, used, ..] = cache(&database).await;
            assert!(used as u64 <= capacity, "{used} bytes of {capacity}");
        }
    }
}

/// A dictionary has entries that no row has any more: what fails for one of them alone fails for no row.
#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_asked_of_rows_alone() {
    let database = Database::in_memory().await.unwrap();
    let columns = "contact_id TEXT, occurred_at TIMESTAMPTZ, kind TEXT, v TEXT";
    database
        .sql(&format!("CREATE TABLE t ({columns}) WITH (entity = 'contact_id', at = 'occurred_at')"))
        .await
        .unwrap();
    database
        .sql("INSERT INTO t VALUES ('ann', '2026-01-01', 'num', '7'), ('ann', '2026-01-02', 'txt', 'abc'), ('bob', '2026-01-03', 'num', '4')")
        .await
        .unwrap();
    for counted in [
        "SELECT count(*) FILTER (WHERE v::int > 5) FROM t WHERE kind = 'num'",
        "SELECT count(*) FILTER (WHERE CASE WHEN kind = 'num' THEN v::int > 5 ELSE kind <> 'txt' END) FROM t WHERE kind = 'num'",
        "SELECT count(*) FROM funnel((SELECT * FROM t WHERE kind = 'num'), steps => ARRAY[v::int > 5]) WHERE level = 1",
    ] {
        assert_eq!(text(&database, counted).await.matches("| 1 ").count(), 1, "{counted}");
    }
}

/// Credit that is summed where it is found, and credit summed from its rows.
#[tokio::test(flavor = "multi_thread")]
async fn summed_credit_is_the_sum_of_the_rows() {
    let database = tables().await;
    let models = ["first_touch", "last_touch", "linear", "position_based", "j_shaped", "inverse_j", "time_decay"];
    for (touch, conversions, options) in [
        ("kind", "kind = 'call'", "lookback => '9 days'"),
        ("note", "amount = 4", "lookback => '1 month', reset => true"),
        ("id", "amount > 12", "half_life => '1 day'"),
        ("kind", "amount = 99", ""),
    ] {
        let options = if options.is_empty() { String::new() } else { format!(", {options}") };
        let rows = format!(
            "FROM attribution((SELECT * FROM s WHERE amount < 15), (SELECT * FROM u WHERE {conversions}), entity => (account_id, contact_id), touch => {touch}{options})"
        );
        let of = |sum: &dyn Fn(&str) -> String| {
            let sums = models.iter().map(|model| sum(model)).collect::<Vec<_>>().join(", ");
            format!("SELECT touch, {sums} {rows} GROUP BY touch")
        };
        let rounded = |sql: &str, names: &str| format!("SELECT touch, {names} FROM ({sql}) AS credit ORDER BY touch");
        let names = (1..=models.len()).map(|n| format!("round(c{n} * 1e9) AS c{n}")).collect::<Vec<_>>().join(", ");
        let place = |model: &str| models.iter().position(|known| *known == model).unwrap() + 1;
        let summed = rounded(&of(&|model| format!("sum({model}) AS c{}", place(model))), &names);
        let added = rounded(&of(&|model| format!("sum({model} + 0) AS c{}", place(model))), &names);
        let explained = text(&database, &format!("EXPLAIN {summed}")).await;
        assert!(explained.contains("Sequence: attribution") && !explained.contains("rows of"), "{explained}");
        assert_eq!(text(&database, &summed).await, text(&database, &added).await, "{touch} {conversions}{options}");
    }
}
