//! Where a contact belongs to one account, questions by contact alone use the order of accounts and contacts; where it doesn't, or
//! nobody knows, they get the same answers the long way.

use std::ops::Range;

use journeydb::Database;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{COLUMNS, text};

/// Questions by contact over `S`, with `T` beside it.
const QUESTIONS: &[&str] = &[
    "SELECT * FROM funnel(S, steps => [amount > 3, amount > 9, amount < 2]) ORDER BY 1",
    "SELECT * FROM funnel((SELECT contact_id, occurred_at, amount FROM S WHERE amount > 2), steps => [amount > 3, amount > 9]) ORDER BY 1",
    "SELECT * FROM funnel((SELECT contact_id AS account_id, occurred_at, amount FROM S), steps => [amount > 3], entity => account_id) ORDER BY 1",
    "WITH w AS (SELECT contact_id AS who, account_id AS whose, occurred_at AS since, amount FROM S)
     SELECT who, level FROM funnel((SELECT * FROM w AS x), steps => [amount > 3, amount > 9], entity => who, at => since) ORDER BY 1",
    "SELECT * FROM funnel((SELECT a.* FROM S a JOIN T b ON a.id = b.id), steps => [amount > 3]) ORDER BY 1",
    "SELECT * FROM funnel((SELECT contact_id, occurred_at, amount FROM S UNION ALL SELECT contact_id, occurred_at, amount FROM T),
        steps => [amount > 3, amount > 9]) ORDER BY 1",
    "SELECT * FROM funnel(S, steps => [amount > 3]) WHERE contact_id > 'c2' ORDER BY 1",
    "SELECT * FROM transitions(S, state => amount, tiebreak => id) ORDER BY 1, 2",
    "SELECT * FROM sessions(S, gap => '3 days') ORDER BY 1, 2, 3",
    "SELECT * FROM attribution(S, (SELECT * FROM T WHERE amount > 12), touch => id) ORDER BY 1, 2, 3, 4",
    "SELECT * FROM attribution((SELECT contact_id, occurred_at, id FROM S WHERE amount < 9),
        (SELECT contact_id, occurred_at FROM T WHERE amount > 12), touch => id) ORDER BY 1, 2, 3, 4",
    "SELECT touch, sum(linear) > 0 FROM attribution(S, (SELECT * FROM T WHERE amount = 5), touch => amount) GROUP BY touch ORDER BY 1",
    "SELECT contact_id, count(*), count(DISTINCT account_id), min(occurred_at), max(id) FROM S GROUP BY contact_id ORDER BY 1",
    "SELECT contact_id, count(*), min(occurred_at), max(id) FROM S GROUP BY contact_id ORDER BY 1",
    "SELECT x.contact_id AS c, count(*) AS n, min(occurred_at), sum(amount) FROM (SELECT * FROM S) AS x WHERE contact_id IS NOT NULL
     GROUP BY x.contact_id HAVING count(*) > 2 ORDER BY n DESC, 1",
    "SELECT a.n, b.contact_id FROM (SELECT contact_id, count(*) AS n FROM S WHERE contact_id IS NOT NULL GROUP BY contact_id) AS a
     FULL JOIN (SELECT contact_id FROM T WHERE contact_id IS NOT NULL GROUP BY 1) AS b ON a.contact_id = b.contact_id ORDER BY 1, 2",
];

/// `s` and `t` keep an order, `u` and `v` have the same rows and none.
async fn tables() -> Database {
    let database = Database::in_memory().await.unwrap();
    for name in ["s", "t"] {
        let order = "WITH (entity = 'account_id, contact_id', at = 'occurred_at')";
        database.sql(&format!("CREATE TABLE {name} ({COLUMNS}) {order}")).await.unwrap();
    }
    for name in ["u", "v"] {
        database.sql(&format!("CREATE TABLE {name} ({COLUMNS})")).await.unwrap();
    }
    database
}

/// Rows of some of 8 accounts in no order, each with contacts of its own; the third account is unknown. Where `holes` are allowed,
/// some rows lack contact or time.
fn rows(random: &mut ChaCha8Rng, accounts: Range<usize>, first_id: usize, count: usize, holes: bool) -> String {
    let mut row = |id: usize| {
        let account = random.random_range(accounts.clone());
        let (contact, day) = (account + 8 * random.random_range(0..4), random.random_range(1..28));
        let mut or_null = |text: String| if holes && random.random_bool(0.04) { "NULL".to_owned() } else { text };
        let contact = or_null(format!("'c{contact:02}'"));
        let time = or_null(format!("'2025-01-{day:02} 12:00:00Z'"));
        let account = if account == 3 { "NULL".to_owned() } else { format!("'account {account}'") };
        format!("({account}, {contact}, {time}, {id}, {})", id % 17)
    };
    (first_id..first_id + count).map(&mut row).collect::<Vec<_>>().join(", ")
}

async fn both(database: &Database, tables: [&str; 2], rows: &str) {
    for table in tables {
        database.sql(&format!("INSERT INTO {table} VALUES {rows}")).await.unwrap();
    }
}

/// The same answers over all tables, in batches of any size; by the order of accounts or not.
async fn same_answers(database: &Database, is_used: bool, when: &str) {
    for question in QUESTIONS {
        let ask = |s: &str, t: &str| {
            let question = question.replace("(S,", &format!("({s},")).replace("FROM S", &format!("FROM {s}"));
            question.replace("JOIN T", &format!("JOIN {t}")).replace("FROM T", &format!("FROM {t}"))
        };
        let expected = text(database, &ask("u", "v")).await;
        let pairs = [("s", "t"), ("s", "v"), ("u", "t")];
        for (s, t) in pairs.into_iter().take(if ask("s", "t") == ask("s", "v") { 1 } else { 3 }) {
            assert_eq!(text(database, &ask(s, t)).await, expected, "{when}: {question} over {s} and {t}");
        }
    }
    let plan = text(database, "EXPLAIN SELECT * FROM funnel(s, steps => [amount > 3])").await;
    assert_eq!(plan.contains("entity=[s.contact_id] of [s.account_id]"), is_used, "{when}: {plan}");
}

/// Whether a table function's rows come by account and contact: without an exchange and without a sort.
async fn uses_order(database: &Database, call: &str) -> bool {
    let plan = text(database, &format!("EXPLAIN SELECT * FROM {call}")).await;
    let (_, below) = plan.split_once("SequenceExec").unwrap();
    let moved = below.contains("RepartitionExec") || below.contains("SortExec");
    assert_eq!(plan.contains("] of ["), !moved, "{plan}");
    !moved
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_do_not_depend_on_whom_contacts_belong_to() {
    let mut random = ChaCha8Rng::seed_from_u64(29);
    let database = tables().await;
    same_answers(&database, true, "empty").await;
    for account in 0..8 {
        both(&database, ["s", "u"], &rows(&mut random, account..account + 1, account * 20, 20, true)).await;
        both(&database, ["t", "v"], &rows(&mut random, account..account + 1, account * 20, 11, true)).await;
    }
    same_answers(&database, true, "files side by side").await;
    both(&database, ["s", "u"], &rows(&mut random, 0..8, 160, 60, true)).await;
    both(&database, ["t", "v"], &rows(&mut random, 2..6, 170, 30, true)).await;
    both(&database, ["s", "u"], &rows(&mut random, 2..3, 230, 9, true)).await;
    same_answers(&database, true, "files that overlap").await;
    // Contacts without a name may be anybody's.
    both(&database, ["s", "u"], "('account 1', NULL, '2025-01-05', 300, 4), ('account 2', NULL, '2025-01-05', 301, 5)")
        .await;
    same_answers(&database, true, "nobody in two accounts").await;
    for (part, account) in ["'account 99'", "NULL"].into_iter().enumerate() {
        both(&database, ["s", "u"], &format!("({account}, 'c05', '2025-01-09', 40{part}, 11)")).await;
        same_answers(&database, false, "one in two accounts").await;
        for table in ["s", "u"] {
            database.sql(&format!("DELETE FROM {table} WHERE id = 40{part}")).await.unwrap();
        }
        same_answers(&database, true, "the second is gone").await;
    }
    // A contact moves as a whole, and then half of another one does.
    for table in ["s", "u"] {
        database.sql(&format!("UPDATE {table} SET account_id = 'account 77' WHERE contact_id = 'c08'")).await.unwrap();
    }
    same_answers(&database, true, "moved").await;
    for table in ["s", "u"] {
        database
            .sql(&format!("UPDATE {table} SET account_id = 'account 78' WHERE contact_id = 'c09' AND id % 2 = 0"))
            .await
            .unwrap();
    }
    same_answers(&database, false, "torn").await;
    both(&database, ["s", "u"], &rows(&mut random, 0..8, 500, 20, true)).await;
    database.sql("VACUUM").await.unwrap();
    same_answers(&database, false, "torn and joined").await;
    for table in ["s", "u"] {
        database.sql(&format!("UPDATE {table} SET account_id = 'account 78' WHERE contact_id = 'c09'")).await.unwrap();
    }
    database.sql("VACUUM").await.unwrap();
    same_answers(&database, true, "mended").await;
    for table in ["s", "u"] {
        database.sql(&format!("ALTER TABLE {table} ADD COLUMN note TEXT")).await.unwrap();
    }
    same_answers(&database, true, "wider").await;
    for table in ["s", "u"] {
        database.sql(&format!("ALTER TABLE {table} DROP COLUMN note")).await.unwrap();
    }
    same_answers(&database, true, "rebuilt").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_use_the_order_wherever_rows_come_straight_from_the_table() {
    let database = tables().await;
    let mut random = ChaCha8Rng::seed_from_u64(31);
    for (table, start) in [("s", 0), ("s", 200), ("t", 400)] {
        let rows = rows(&mut random, 0..8, start, 200, false);
        database.sql(&format!("INSERT INTO {table} VALUES {rows}")).await.unwrap();
    }
    database
        .sql("CREATE VIEW w AS SELECT contact_id AS who, occurred_at, amount FROM s WHERE contact_id IS NOT NULL")
        .await
        .unwrap();
    for call in [
        "funnel(s, steps => [amount > 3, amount > 9])",
        "funnel((SELECT * FROM s AS x WHERE occurred_at IS NOT NULL), steps => [amount > 9])",
        "funnel((SELECT contact_id, occurred_at, amount FROM s), steps => [amount > 9])",
        "funnel((SELECT contact_id, amount * 2 AS doubled, occurred_at FROM (SELECT * FROM s)), steps => [true])",
        "funnel(w, steps => [amount > 9], entity => who)",
        "transitions(s, state => amount, tiebreak => id)",
        "attribution((SELECT contact_id, occurred_at, id FROM s), (SELECT contact_id, occurred_at FROM t), touch => id)",
        "attribution((SELECT contact_id, occurred_at, id FROM s WHERE amount < 9), (SELECT * FROM s WHERE amount > 12), touch => id)",
    ] {
        assert!(uses_order(&database, call).await, "{call}");
    }
    for call in [
        "funnel((SELECT * FROM s UNION ALL SELECT * FROM t), steps => [amount > 9])",
        "funnel((SELECT a.* FROM s AS a JOIN t AS b ON a.id = b.id), steps => [amount > 9])",
        "funnel((SELECT DISTINCT contact_id, occurred_at, amount FROM s), steps => [amount > 9])",
        "funnel((SELECT contact_id, amount * 2 AS account_id, occurred_at FROM (SELECT * FROM s)), steps => [true])",
        "funnel((SELECT upper(contact_id) AS contact_id, occurred_at FROM s), steps => [true])",
        "funnel(u, steps => [amount > 9])",
        "funnel(s, steps => [amount > 9], entity => id)",
    ] {
        assert!(!uses_order(&database, call).await, "{call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_not_read_where_contacts_tell_rows_apart() {
    let skipping = [
        "SELECT level, count(*) FROM funnel(S, steps => [amount > 3, amount > 9], entity => (account_id, contact_id)) GROUP BY 1 ORDER BY 1",
        "SELECT contact_id, level FROM funnel(S, steps => [amount > 3, amount > 9]) ORDER BY 1",
        "SELECT contact_id, level FROM funnel(S, steps => [amount > 3], entity => (account_id, contact_id)) ORDER BY 1, 2",
        "SELECT level FROM funnel((SELECT amount > 4 AS big, occurred_at AS since, account_id AS a, contact_id AS c FROM S WHERE id % 3 > 0),
            steps => [big], entity => (a, c), at => since) ORDER BY 1",
        "SELECT * FROM transitions(S, state => amount, tiebreak => id, entity => (account_id, contact_id)) ORDER BY 1, 2",
        "SELECT count(*), sum(n), max(last) FROM (SELECT count(*) AS n, max(occurred_at) FILTER (WHERE amount > 3) AS last
            FROM S WHERE amount < 12 GROUP BY account_id, contact_id)",
        "SELECT contact_id, sum(amount) FROM S GROUP BY contact_id ORDER BY 1",
    ];
    let reading = [
        "SELECT contact_id, level FROM funnel(S, steps => [amount > 3], entity => (contact_id, account_id)) ORDER BY 1, 2",
        "SELECT account_id, level FROM funnel(S, steps => [amount > 3], entity => (account_id, contact_id)) ORDER BY 1, 2",
        "SELECT level FROM funnel(S, steps => [amount > 3, account_id > 'account 3'], entity => (account_id, contact_id)) ORDER BY 1",
        "SELECT level FROM funnel((SELECT * FROM S WHERE account_id > 'account 3'), steps => [amount > 3], entity => (account_id, contact_id)) ORDER BY 1",
        "SELECT level FROM funnel(S, steps => [amount > 3], entity => account_id) ORDER BY 1",
        "SELECT account_id, sum(amount) FROM S GROUP BY account_id, contact_id ORDER BY 1, 2",
        "SELECT count(*) FILTER (WHERE account_id > 'account 3') FROM S GROUP BY account_id, contact_id ORDER BY 1",
    ];
    let database = tables().await;
    let mut random = ChaCha8Rng::seed_from_u64(41);
    let same = async |question: &str, reads: bool, when: &str| {
        let over =
            |table: &str| question.replace("(S,", &format!("({table},")).replace("FROM S", &format!("FROM {table}"));
        assert_eq!(text(&database, &over("s")).await, text(&database, &over("u")).await, "{when}: {question}");
        let plan = text(&database, &format!("EXPLAIN {}", over("s"))).await;
        let mut sources = plan.lines().filter(|line| line.contains("DataSourceExec"));
        assert_eq!(sources.any(|source| source.contains("account_id")), reads, "{when}: {question}: {plan}");
    };
    for account in 0..8 {
        both(&database, ["s", "u"], &rows(&mut random, account..account + 1, account * 20, 20, false)).await;
    }
    for (question, reads) in skipping.iter().map(|q| (q, false)).chain(reading.iter().map(|q| (q, true))) {
        same(question, reads, "files side by side").await;
    }
    // Files that overlap are merged by account.
    both(&database, ["s", "u"], &rows(&mut random, 0..8, 160, 60, false)).await;
    for question in skipping {
        same(question, true, "merged").await;
    }
    database.sql("VACUUM").await.unwrap();
    // Rows of a single file behind a filter are spread over all processors, and sorted again.
    for question in
        skipping.iter().filter(|question| !question.contains("WHERE id") && !question.contains("WHERE amount <"))
    {
        same(question, false, "joined").await;
    }
    // Nobody's rows lie side by side with nobody's of the next account.
    both(&database, ["s", "u"], "('account 1', NULL, '2025-01-05', 300, 4), ('account 2', NULL, '2025-01-05', 301, 5)")
        .await;
    database.sql("VACUUM").await.unwrap();
    for question in skipping.iter().chain(&reading) {
        // Grouped by contact alone, nobody's rows are one group: no account is asked for.
        same(question, !question.contains("GROUP BY contact_id"), "nobody").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_a_contact_are_found_side_by_side() {
    let database = tables().await;
    let mut random = ChaCha8Rng::seed_from_u64(37);
    both(&database, ["s", "u"], &rows(&mut random, 0..8, 0, 200, false)).await;
    let totals = "SELECT contact_id, count(*), min(occurred_at), sum(amount) FROM S GROUP BY contact_id ORDER BY 1";
    let explained = async |sql: &str| {
        let sorted = sql.replace("FROM S", "FROM s");
        assert_eq!(text(&database, &sorted).await, text(&database, &sql.replace("FROM S", "FROM u")).await, "{sql}");
        text(&database, &format!("EXPLAIN {sorted}")).await
    };
    let by_order = explained(totals).await;
    assert!(by_order.contains("TotalsExec: gby=[contact_id@0]") && !by_order.contains("RepartitionExec"), "{by_order}");
    // Those without a contact are one group, of whatever accounts.
    both(&database, ["s", "u"], "('account 1', NULL, '2025-01-05', 300, 4), ('account 2', NULL, '2025-01-05', 301, 5)")
        .await;
    let by_hash = explained(totals).await;
    assert!(by_hash.contains("AggregateExec: mode=FinalPartitioned, gby=[contact_id@"), "{by_hash}");
    let known = explained(&totals.replace("FROM S", "FROM S WHERE contact_id IS NOT NULL")).await;
    assert!(known.contains("TotalsExec: gby=[contact_id@0]"), "{known}");
    for other in [
        "SELECT contact_id, id, count(*) FROM S WHERE contact_id IS NOT NULL GROUP BY contact_id, id ORDER BY 1, 2",
        "SELECT contact_id, count(*) FROM S WHERE contact_id IS NOT NULL GROUP BY ROLLUP (contact_id) ORDER BY 1",
        "SELECT id, count(*) FROM S GROUP BY id ORDER BY 1",
    ] {
        let plan = explained(other).await;
        assert!(!plan.contains("account_id"), "{plan}");
    }
}

/// The last column may determine several, of any type that has one spelling per value.
#[tokio::test(flavor = "multi_thread")]
async fn other_orders_have_other_owners() {
    let database = Database::in_memory().await.unwrap();
    let order = "WITH (entity = 'region, account, contact', at = 'at')";
    database
        .sql(&format!("CREATE TABLE s (at TIMESTAMPTZ, contact INT, account INT, region TEXT) {order}"))
        .await
        .unwrap();
    let rows =
        "SELECT to_timestamp_seconds(n * 7919 % 5000), n % 97, n % 97 % 13, 'r' || CAST(n % 97 % 13 % 3 AS TEXT)";
    database.sql(&format!("INSERT INTO s {rows} FROM generate_series(1, 4000) AS g(n)")).await.unwrap();
    let funnel =
        "SELECT * FROM funnel(s, steps => [date_part('second', at) > 30], entity => contact, at => at) ORDER BY 1";
    let plan = text(&database, &format!("EXPLAIN {funnel}")).await;
    assert!(plan.contains("entity=[s.contact] of [s.region, s.account]"), "{plan}");
    assert!(plan.contains("SequenceExec: funnel, entity=[contact@1], at=at@0"), "{plan}");
    let by_order = text(&database, funnel).await;
    database.sql("INSERT INTO s VALUES (NULL, 5, 6, 'r0')").await.unwrap();
    let plan = text(&database, &format!("EXPLAIN {funnel}")).await;
    assert!(!plan.contains("] of ["), "{plan}");
    assert_eq!(text(&database, funnel).await, by_order);
    // Floating point has two zeros.
    database
        .sql("CREATE TABLE f (a INT, c DOUBLE PRECISION, at TIMESTAMPTZ) WITH (entity = 'a, c', at = 'at')")
        .await
        .unwrap();
    database.sql("INSERT INTO f VALUES (1, 0.0, '2025-01-01'), (2, -0.0, '2025-01-02')").await.unwrap();
    let funnel = "SELECT * FROM funnel(f, steps => [true, true], entity => c, at => at)";
    assert!(!text(&database, &format!("EXPLAIN {funnel}")).await.contains("] of ["));
}
