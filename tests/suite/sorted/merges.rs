//! Files that share entities are merged as they are read: plans stay free of sorts and exchanges, and only questions that need the
//! order pay for it.

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use journeydb::Database;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{both, rows, tables, text};

/// Many writes over the same accounts, one side by side with all of them.
async fn overlapping() -> Database {
    let database = tables().await;
    let mut random = ChaCha8Rng::seed_from_u64(11);
    both(&database, "s", "u", &rows(&mut random, 0..8, 0, 300)).await;
    both(&database, "s", "u", &rows(&mut random, 9..12, 300, 300)).await;
    for (part, letters) in [0..12, 2..3, 7..10, 0..1, 5..12].into_iter().enumerate() {
        both(&database, "s", "u", &rows(&mut random, letters.clone(), 600 + part * 10, 10)).await;
        both(&database, "t", "v", &rows(&mut random, letters, 600 + part * 10, 40)).await;
    }
    database
}

async fn explain(database: &Database, sql: &str) -> String {
    text(database, &format!("EXPLAIN {sql}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_order_neither_sort_nor_exchange() {
    let database = overlapping().await;
    for question in [
        "SELECT * FROM funnel(t, steps => [amount > 3, amount > 9, amount < 2], entity => account_id)",
        "SELECT * FROM funnel(s, steps => [amount > 3, amount > 9], entity => (account_id, contact_id), at => occurred_at)",
        "SELECT account_id, count(*) FROM s GROUP BY account_id",
        "SELECT account_id, contact_id, sum(amount) FROM s GROUP BY account_id, contact_id",
    ] {
        let plan = explain(&database, question).await;
        assert!(plan.contains(" merged"), "{plan}");
        assert!(!plan.contains("SortExec") && !plan.contains("RepartitionExec"), "{plan}");
    }
    // By account alone the rows of its contacts still have to be brought in order, each partition for itself.
    let accounts = explain(&database, "SELECT * FROM funnel(s, steps => [amount > 3], entity => account_id)").await;
    assert!(!accounts.contains("RepartitionExec"), "{accounts}");
    let all = explain(&database, "SELECT * FROM s ORDER BY account_id, contact_id, occurred_at").await;
    assert!(all.contains(" merged") && !all.contains("SortExec"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_no_order_do_not_merge() {
    let database = overlapping().await;
    for question in [
        "SELECT count(amount), sum(amount) FROM s",
        "SELECT sum(amount) FROM s WHERE id > 7",
        "SELECT amount % 7, count(*) FROM s GROUP BY amount % 7",
        "SELECT id FROM s",
        "SELECT id FROM s ORDER BY id",
        "SELECT id FROM s ORDER BY id LIMIT 3",
        "SELECT count(*) FROM s a JOIN u b ON a.id = b.id",
    ] {
        let plan = explain(&database, question).await;
        assert!(!plan.contains(" merged") && plan.contains("in any order"), "{question}: {plan}");
        // Of the order's columns only the one by which a file is cut in two is read.
        assert!(!plan.contains("occurred_at") && !plan.contains("contact_id"), "{question}: {plan}");
    }
}

/// What is left of a sort that the scan makes needless is a limit, in a subquery too.
#[tokio::test(flavor = "multi_thread")]
async fn limits_of_ordered_rows_take_the_first() {
    let database = overlapping().await;
    let keys = "account_id, contact_id, occurred_at";
    for question in [
        format!("SELECT {keys} FROM S ORDER BY {keys} LIMIT 7"),
        format!("SELECT {keys} FROM S ORDER BY {keys} LIMIT 400 OFFSET 250"),
        format!("SELECT {keys} FROM S ORDER BY {keys} OFFSET 600"),
        format!(
            "SELECT count(*), max(account_id), min(contact_id) FROM (SELECT {keys} FROM S ORDER BY {keys} LIMIT 100)"
        ),
        format!("SELECT count(*), min(account_id) FROM (SELECT {keys} FROM S ORDER BY {keys} OFFSET 500)"),
        format!("SELECT {keys} FROM S WHERE amount > 5 ORDER BY {keys} LIMIT 30"),
        format!("SELECT {keys} FROM S WHERE account_id > 'account f' ORDER BY {keys} LIMIT 30"),
    ] {
        let (sorted, unsorted) = (question.replace("FROM S", "FROM s"), question.replace("FROM S", "FROM u"));
        assert_eq!(text(&database, &sorted).await, text(&database, &unsorted).await, "{question}");
    }
    let some = database.sql("SELECT account_id FROM (SELECT * FROM s LIMIT 50) ORDER BY account_id").await.unwrap();
    assert_eq!(some.iter().map(|batch| batch.num_rows()).sum::<usize>(), 50);
    let accounts = some.iter().flat_map(|batch| batch.column(0).as_string_view().iter().flatten()).collect::<Vec<_>>();
    assert!(accounts.is_sorted(), "{accounts:?}");
}

/// Filters reach the files through the merge: which are read, and which of their pages.
#[tokio::test(flavor = "multi_thread")]
async fn filters_leave_files_out_before_the_merge() {
    let database = overlapping().await;
    let files = |plan: &str| plan.matches(".parquet").count();
    let funnel = |filter: &str| {
        format!("SELECT * FROM funnel((SELECT * FROM s WHERE {filter}), steps => [amount > 3], entity => account_id)")
    };
    let all = files(&explain(&database, &funnel("id >= 0")).await);
    let plan = explain(&database, &funnel("account_id = 'account a with a name that is longer than a view'")).await;
    assert!(plan.contains("pruning_predicate") && files(&plan) > 1 && files(&plan) < all, "{plan}");
    let old = database.sql("SELECT id FROM s WHERE occurred_at < '2025-01-03' ORDER BY id").await.unwrap();
    let expected = database.sql("SELECT id FROM u WHERE occurred_at < '2025-01-03' ORDER BY id").await.unwrap();
    let ids = |batches: &[arrow::array::RecordBatch]| {
        batches.iter().flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&old), ids(&expected));
}

/// One write after the other, each over all accounts: beyond a number of layers nothing is said of the order.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_layers_are_sorted_instead() {
    let database = tables().await;
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for part in 0..17 {
        both(&database, "s", "u", &rows(&mut random, 0..9, part * 20, 20)).await;
    }
    let funnel = "SELECT * FROM funnel(s, steps => [amount > 3, amount > 9], entity => account_id) ORDER BY 1";
    let plan = explain(&database, funnel).await;
    assert!(!plan.contains(" merged") && plan.contains("SortExec"), "{plan}");
    assert_eq!(text(&database, funnel).await, text(&database, &funnel.replace("(s,", "(u,")).await);
}
