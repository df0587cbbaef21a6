//! Tables that keep their rows by entity and time answer as those that don't, however rows came in; and their plans neither sort
//! nor exchange where the files' ranges allow it.

mod compaction;
mod merges;
mod owners;
mod pruning;

use arrow::util::pretty::pretty_format_batches;
use journeydb::{Database, Error, SqlState};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const COLUMNS: &str = "account_id TEXT, contact_id TEXT, occurred_at TIMESTAMPTZ, id INT, amount DOUBLE PRECISION";

/// Two tables of each kind, `s` sorted and `u` not, with the same rows; `t` and `v` for joins.
async fn tables() -> Database {
    let database = Database::in_memory().await.unwrap();
    for (name, order) in [
        ("s", " WITH (entity = 'account_id, contact_id', at = 'occurred_at')"),
        ("u", ""),
        ("t", " WITH (entity = 'account_id', at = 'occurred_at')"),
        ("v", ""),
    ] {
        database.sql(&format!("CREATE TABLE {name} ({COLUMNS}){order}")).await.unwrap();
    }
    database
}

/// Rows of accounts in a range of letters, in no order, some without account, contact or time.
fn rows(random: &mut ChaCha8Rng, letters: std::ops::Range<u8>, first_id: usize, count: usize) -> String {
    let mut row = |id: usize| {
        let account = char::from(b'a' + random.random_range(letters.clone()));
        let contact = random.random_range(0..4);
        let day = random.random_range(1..28);
        let or_null = |chance: f64, text: String, random: &mut ChaCha8Rng| match random.random_bool(chance) {
            true => "NULL".to_owned(),
            false => text,
        };
        let account_text = or_null(0.05, format!("'account {account} with a name that is longer than a view'"), random);
        let contact_text = or_null(0.05, format!("'{account}{contact}'"), random);
        let time = or_null(0.02, format!("'2025-01-{day:02} 12:00:00Z'"), random);
        format!("({account_text}, {contact_text}, {time}, {id}, {})", id % 17)
    };
    (first_id..first_id + count).map(&mut row).collect::<Vec<_>>().join(", ")
}

async fn both(database: &Database, sorted: &str, unsorted: &str, rows: &str) {
    for table in [sorted, unsorted] {
        database.sql(&format!("INSERT INTO {table} VALUES {rows}")).await.unwrap();
    }
}

async fn text(database: &Database, sql: &str) -> String {
    pretty_format_batches(&database.sql(sql).await.unwrap()).unwrap().to_string()
}

/// Questions over `S` and `T`.
const QUESTIONS: &[&str] = &[
    "SELECT * FROM S ORDER BY id",
    "SELECT account_id, contact_id, occurred_at, id FROM S ORDER BY account_id, contact_id, occurred_at, id",
    "SELECT account_id, count(*), sum(amount), min(occurred_at) FROM S GROUP BY account_id ORDER BY 1",
    "SELECT account_id, contact_id, count(*), max(id) FROM S GROUP BY account_id, contact_id ORDER BY 1, 2",
    "SELECT contact_id, count(DISTINCT account_id), count(DISTINCT occurred_at) FROM S GROUP BY contact_id ORDER BY 1",
    "SELECT account_id, id, lag(id) OVER (PARTITION BY account_id ORDER BY occurred_at, id) FROM S ORDER BY id",
    "SELECT contact_id, id, row_number() OVER (PARTITION BY account_id, contact_id ORDER BY occurred_at, id) FROM S ORDER BY id",
    "SELECT a.account_id, count(*), sum(a.id + b.id) FROM S a JOIN T b ON a.account_id = b.account_id GROUP BY 1 ORDER BY 1",
    "SELECT a.id, b.id FROM S a JOIN T b USING (account_id, contact_id) WHERE a.occurred_at < b.occurred_at ORDER BY 1, 2",
    "SELECT a.id, count(b.id) FROM S a LEFT JOIN T b ON a.account_id = b.account_id AND b.amount > 12 GROUP BY a.id ORDER BY 1",
    "SELECT a.id, b.id FROM (SELECT * FROM S WHERE amount > 12) a FULL JOIN (SELECT * FROM T WHERE amount < 4) b
     ON a.account_id = b.account_id AND a.contact_id = b.contact_id ORDER BY 1, 2",
    "SELECT id FROM S a WHERE EXISTS (SELECT 1 FROM T b WHERE b.account_id = a.account_id AND b.amount = a.amount) ORDER BY 1",
    "SELECT id FROM S a WHERE account_id NOT IN (SELECT account_id FROM T WHERE account_id IS NOT NULL) ORDER BY 1",
    "SELECT id FROM S WHERE account_id = 'account c with a name that is longer than a view' ORDER BY 1",
    "SELECT id FROM S WHERE account_id IS NULL ORDER BY 1",
    "SELECT count(*) FROM (SELECT account_id FROM S UNION ALL SELECT account_id FROM T)",
    "SELECT account_id FROM S INTERSECT SELECT account_id FROM T ORDER BY 1",
    "SELECT * FROM funnel(S, steps => [amount > 3, amount > 9, amount < 2], entity => (account_id, contact_id)) ORDER BY 1, 2",
    "SELECT * FROM funnel(S, steps => [amount > 3, amount > 9]) ORDER BY 1",
    "SELECT * FROM transitions(S, state => amount, entity => account_id, tiebreak => id) ORDER BY 1, 2",
    "SELECT * FROM attribution(S, (SELECT * FROM T WHERE amount = 5), entity => account_id, touch => id) ORDER BY 1, 2, 3, 4",
];

async fn same_answers(database: &Database, when: &str) {
    for question in QUESTIONS {
        let ask = |s: &str, t: &str| {
            question
                .replace("FROM S", &format!("FROM {s}"))
                .replace("JOIN T", &format!("JOIN {t}"))
                .replace("FROM T", &format!("FROM {t}"))
                .replace("(S,", &format!("({s},"))
        };
        let expected = text(database, &ask("u", "v")).await;
        for (s, t) in [("s", "t"), ("s", "v"), ("u", "t"), ("s", "s")] {
            if (s, t) == ("s", "s") {
                assert_eq!(
                    text(database, &ask("s", "s")).await,
                    text(database, &ask("u", "u")).await,
                    "{when}: {question}"
                );
            } else {
                assert_eq!(text(database, &ask(s, t)).await, expected, "{when}: {question} over {s} and {t}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_do_not_depend_on_the_order_of_rows() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let database = tables().await;
    same_answers(&database, "empty").await;
    // Accounts a to e, then g to k: files that share no account.
    both(&database, "s", "u", &rows(&mut random, 0..5, 0, 60)).await;
    both(&database, "t", "v", &rows(&mut random, 0..9, 1000, 50)).await;
    same_answers(&database, "one file each").await;
    both(&database, "s", "u", &rows(&mut random, 6..11, 60, 60)).await;
    same_answers(&database, "files side by side").await;
    // Accounts in between and again.
    both(&database, "s", "u", &rows(&mut random, 0..12, 120, 60)).await;
    both(&database, "t", "v", &rows(&mut random, 3..5, 1050, 30)).await;
    same_answers(&database, "files that overlap").await;
    database.sql("VACUUM t").await.unwrap();
    same_answers(&database, "one table's files joined").await;
    for table in ["s", "u"] {
        database.sql(&format!("UPDATE {table} SET account_id = 'account b with a name that is longer than a view', amount = amount + 1
            WHERE id % 5 = 0")).await.unwrap();
        database.sql(&format!("DELETE FROM {table} WHERE id % 7 = 0")).await.unwrap();
    }
    same_answers(&database, "updated and deleted").await;
    database.sql("VACUUM").await.unwrap();
    same_answers(&database, "all joined").await;
    for table in ["s", "u"] {
        database.sql(&format!("ALTER TABLE {table} ADD COLUMN note TEXT")).await.unwrap();
        database.sql(&format!("ALTER TABLE {table} DROP COLUMN note")).await.unwrap();
    }
    same_answers(&database, "rebuilt").await;
    assert!(plan(&database, "s").await.contains("TotalsExec"), "a rebuilt table keeps its order");
}

async fn plan(database: &Database, table: &str) -> String {
    text(database, &format!("EXPLAIN SELECT account_id, count(*) FROM {table} GROUP BY account_id")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_use_the_order_where_files_share_no_entity() {
    let database = tables().await;
    let insert =
        async |rows: String| database.sql(&format!("INSERT INTO s (account_id, id) VALUES {rows}")).await.unwrap();
    let letters = |letters: &str| letters.chars().map(|c| format!("('{c}', 1)")).collect::<Vec<_>>().join(", ");
    insert(letters("cab")).await;
    insert(letters("fed")).await;
    let sorted = plan(&database, "s").await;
    assert!(sorted.contains("TotalsExec") && !sorted.contains("RepartitionExec"), "{sorted}");
    let unsorted = plan(&database, "u").await;
    assert!(!unsorted.contains("TotalsExec"), "{unsorted}");
    assert!(!sorted.contains("merged"), "{sorted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_makes_no_sense_is_refused() {
    let database = Database::in_memory().await.unwrap();
    for (options, state, message) in [
        ("entity = 'a'", SqlState::InvalidParameterValue, "entity and at belong together"),
        ("entity = 'a', at = 'b', fill = 7", SqlState::InvalidParameterValue, "unrecognized parameter \"fill = 7\""),
        ("filfactor = 70", SqlState::InvalidParameterValue, "unrecognized parameter \"filfactor = 70\""),
        ("entity = 'a', at = 'a, b'", SqlState::InvalidParameterValue, "at must name one column"),
        (
            "entity = 'a', at = 5",
            SqlState::InvalidParameterValue,
            "a table's entity and at must be names in quotes, got 5",
        ),
        ("entity = 'a, c', at = 'b'", SqlState::UndefinedColumn, "column \"c\" does not exist"),
        (
            "entity = 'a, b', at = 'b'",
            SqlState::InvalidTableDefinition,
            "the columns that a table is sorted by must be some, each named once",
        ),
    ] {
        let error = database.sql(&format!("CREATE TABLE t (a TEXT, b DATE) WITH ({options})")).await.unwrap_err();
        assert_eq!((error.state(), error.message()), (state, message), "{options}");
    }
    let ok: Result<_, Error> = database.sql("CREATE TABLE t (a TEXT, b DATE) WITH (entity = 'a', at = 'b')").await;
    ok.unwrap();
}

/// More rows than are sorted at once, and than a file holds.
#[tokio::test(flavor = "multi_thread")]
async fn large_writes_become_files_that_share_no_entity() {
    let database = tables().await;
    for table in ["s", "u"] {
        database
            .sql(&format!(
                "INSERT INTO {table} (account_id, id) SELECT CASE WHEN n % 50 > 0 THEN 'a' || CAST(n::bigint * 7919 % 3001 AS TEXT) END, n
                 FROM generate_series(1, 700000) AS g(n)"
            ))
            .await
            .unwrap();
    }
    let explained = plan(&database, "s").await;
    assert!(explained.contains("TotalsExec") && !explained.contains("RepartitionExec"), "{explained}");
    assert_eq!(explained.matches(".parquet").count(), 3, "two files of accounts, one of rows without: {explained}");
    for question in [
        "SELECT count(*), count(DISTINCT account_id), sum(id) FROM s",
        "SELECT account_id, count(*), min(id), max(id), sum(id) FROM s GROUP BY account_id ORDER BY 1 LIMIT 300",
        "SELECT count(*) FROM s a JOIN (SELECT DISTINCT account_id FROM s WHERE id < 5000) b ON a.account_id = b.account_id",
    ] {
        let unsorted = question.replace("FROM s", "FROM u");
        assert_eq!(text(&database, question).await, text(&database, &unsorted).await, "{question}");
    }
}
