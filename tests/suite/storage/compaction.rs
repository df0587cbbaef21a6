//! Files are joined behind the statements: no row is lost or doubled, nobody is refused because of it, and files that somebody
//! reads stay.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::Int64Type;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, TryStreamExt};
use journeydb::SqlState;
use journeydb::storage::{Home, Owner, Sorting, Table};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{addresses, append, batch, ids, integers, schema, stage_delete, stream};

async fn sorted(home: &Home, name: &str) -> Arc<Table> {
    let sorting = Sorting::new(vec!["name".into(), "id".into()], &schema()).unwrap();
    home.create_sorted_table(name, schema(), Some(&sorting)).await.unwrap()
}

/// A table of each kind with the same rows, in many small files that overlap.
async fn both_kinds(home: &Home) -> [Arc<Table>; 2] {
    let tables = [home.create_table("plain", schema()).await.unwrap(), sorted(home, "sorted").await];
    for table in &tables {
        for start in 0..10 {
            append(home, table, (0..30).map(|row| start + row * 10)).await.unwrap();
        }
    }
    tables
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_files_become_few_with_the_same_rows() {
    let home = Home::in_memory().unwrap();
    for table in both_kinds(&home).await {
        let (before, version) = (table.snapshot(), table.snapshot().version());
        home.vacuum(&table).await.unwrap();
        let sorted = table.snapshot().sorting().is_some();
        // Rows without a name have a file of their own.
        assert_eq!(table.snapshot().files().len(), if sorted { 2 } else { 1 });
        assert!(table.snapshot().version() > version);
        assert_eq!(ids(&table).await, (0..300).collect::<Vec<_>>());
        assert_eq!(integers(&table, before, "SELECT id FROM t ORDER BY id").await, (0..300).collect::<Vec<_>>());
        let settled = table.snapshot().version();
        home.vacuum(&table).await.unwrap();
        assert_eq!(table.snapshot().version(), settled, "there is nothing left to do");
    }
}

/// The two pairs that the format's own library answers with rows that are there twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_staged_before_a_compaction_of_the_same_files_is_refused() {
    let home = Home::in_memory().unwrap();
    for table in both_kinds(&home).await {
        let delete = stage_delete(&table, "id < 5").await.unwrap();
        let appended = table.stage_append(&table.snapshot(), stream(vec![batch(300..310)])).await.unwrap();
        home.vacuum(&table).await.unwrap();
        let error = home.commit(vec![delete]).await.unwrap_err();
        assert_eq!(error.state(), SqlState::SerializationFailure, "{error}");
        home.commit(vec![appended]).await.unwrap();
        assert_eq!(ids(&table).await, (0..310).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_compactions_of_the_same_files_do_not_double_them() {
    let home = Home::in_memory().unwrap();
    for (table, name) in both_kinds(&home).await.iter().zip(["plain", "sorted"]) {
        let other = home.open_table(name).await.unwrap();
        let (first, second) = tokio::join!(home.vacuum(table), home.vacuum(&other));
        first.unwrap();
        second.unwrap();
        let stale = home.open_table(name).await.unwrap();
        append(&home, &other, 300..310).await.unwrap();
        append(&home, &other, 310..320).await.unwrap();
        home.vacuum(&other).await.unwrap();
        home.vacuum(&stale).await.unwrap();
        append(&home, &stale, [320]).await.unwrap();
        assert_eq!(ids(&stale).await, (0..321).collect::<Vec<_>>());
        assert_eq!(ids(&home.open_table(name).await.unwrap()).await, (0..321).collect::<Vec<_>>());
    }
}

/// Files without our tags, as other programs write them, are brought into the table's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_other_programs_are_sorted_in() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = sorted(&home, "t").await;
    append(&home, &table, (0..40).rev()).await.unwrap();
    append(&home, &table, 20..60).await.unwrap();
    drop(table);
    for version in 1..=2 {
        let entry = folder.path().join(format!("tables/t/_delta_log/{version:020}.json"));
        let text = std::fs::read_to_string(&entry).unwrap();
        std::fs::write(&entry, text.replace("journeydb.sortedBy", "other.tag").replace("jdb.statistics", "other"))
            .unwrap();
    }
    let table = home.open_table("t").await.unwrap();
    assert!(!is_ordered(&table).await);
    home.vacuum(&table).await.unwrap();
    assert!(is_ordered(&table).await);
    assert_eq!(
        ids(&table).await,
        [(0..20).collect::<Vec<_>>(), (20..40).flat_map(|id| [id, id]).collect(), (40..60).collect()].concat()
    );
}

async fn is_ordered(table: &Arc<Table>) -> bool {
    let context = SessionContext::new();
    let plan = table.provider(table.snapshot()).scan(&context.state(), None, &[], None).await.unwrap();
    plan.properties().output_ordering().is_some()
}

/// Nobody knows what such files hold of the first column, before and after they are joined.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_texts_too_long_to_be_recorded_are_joined_too() {
    let home = Home::in_memory().unwrap();
    let table = sorted(&home, "t").await;
    for part in 0..5 {
        let rows: Vec<i64> = (0..20).map(|row| row * 5 + part).collect();
        let names = rows.iter().map(|id| Some(format!("{}{:03}", "long ".repeat(20), id % 7)));
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(rows.clone())), Arc::new(names.collect::<StringViewArray>())];
        let rows = RecordBatch::try_new(schema(), columns).unwrap();
        home.commit(vec![table.stage_append(&table.snapshot(), stream(vec![rows])).await.unwrap()]).await.unwrap();
    }
    assert!(!is_ordered(&table).await);
    home.vacuum(&table).await.unwrap();
    let joined = table.snapshot();
    assert_eq!(joined.files().len(), 1);
    home.vacuum(&table).await.unwrap();
    assert_eq!(table.snapshot().version(), joined.version());
    assert_eq!(ids(&table).await, (0..100).collect::<Vec<_>>());
}

/// Each writer has ids of its own; deletes and updates hold the write lock as statements do, and are never refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_files_are_joined() {
    for seed in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).await.unwrap();
        home.tend();
        for table in [home.create_table("plain", schema()).await.unwrap(), sorted(&home, "sorted").await] {
            let done = Arc::new(AtomicBool::new(false));
            let writers = (0..3).map(|writer| tokio::spawn(write(Arc::clone(&home), Arc::clone(&table), writer, seed)));
            let reader = tokio::spawn(read(Arc::clone(&table), Arc::clone(&done)));
            let vacuums = tokio::spawn(vacuum(Arc::clone(&home), Arc::clone(&table), Arc::clone(&done)));
            let kept = futures::future::try_join_all(writers).await.unwrap();
            done.store(true, Ordering::Relaxed);
            reader.await.unwrap();
            vacuums.await.unwrap();
            let expected: Vec<i64> = kept.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect();
            assert_eq!(ids(&table).await, expected, "seed {seed}");
            home.vacuum(&table).await.unwrap();
            assert_eq!(ids(&table).await, expected, "seed {seed}");
            let name = if table.snapshot().sorting().is_some() { "sorted" } else { "plain" };
            assert_eq!(ids(&home.open_table(name).await.unwrap()).await, expected, "seed {seed}");
        }
    }
}

/// What is left of a writer's ids.
async fn write(home: Arc<Home>, table: Arc<Table>, writer: i64, seed: u64) -> BTreeSet<i64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed * 10 + writer as u64);
    let (mut kept, mut next) = (BTreeSet::new(), writer * 1_000_000);
    for _ in 0..25 {
        let some = random.random_range(0..7);
        match random.random_range(0..10) {
            0..7 => {
                let new: Vec<i64> = (next..next + 20).collect();
                next += 20;
                append(&home, &table, new.iter().copied()).await.unwrap();
                kept.extend(new);
            }
            7..9 => {
                let _writing = table.lock(Owner::fresh()).await.unwrap();
                let own = format!("id / 1000000 = {writer} AND id % 7 = {some}");
                home.commit(vec![stage_delete(&table, &own).await.unwrap()]).await.unwrap();
                kept.retain(|id| id % 7 != some);
            }
            _ => {
                let _writing = table.lock(Owner::fresh()).await.unwrap();
                let at = table.snapshot();
                let own =
                    format!("id / 1000000 = {writer} AND id < {} AND id % 7 = {some}", writer * 1_000_000 + 100_000);
                let removed = addresses(&table, Arc::clone(&at), &own).await;
                let old = integers(&table, Arc::clone(&at), &format!("SELECT id FROM t WHERE {own}")).await;
                let new: Vec<i64> = old.iter().map(|id| id + 100_000).collect();
                let rows = stream(vec![batch(new.iter().copied())]);
                home.commit(vec![table.stage_rewrite(at, removed, Some(rows)).await.unwrap()]).await.unwrap();
                old.iter().for_each(|id| assert!(kept.remove(id)));
                kept.extend(new);
            }
        }
    }
    kept
}

/// A version holds no row twice at any time.
async fn read(table: Arc<Table>, done: Arc<AtomicBool>) {
    while !done.load(Ordering::Relaxed) {
        let at = table.snapshot();
        let doubled = "SELECT id FROM t GROUP BY id HAVING count(*) > 1";
        assert_eq!(integers(&table, Arc::clone(&at), doubled).await, Vec::<i64>::new());
        let count = integers(&table, Arc::clone(&at), "SELECT count(id) FROM t WHERE id >= 0").await;
        assert_eq!(at.rows(), Some(count[0] as u64));
    }
}

async fn vacuum(home: Arc<Home>, table: Arc<Table>, done: Arc<AtomicBool>) {
    while !done.load(Ordering::Relaxed) {
        match home.vacuum(&table).await {
            Err(error) if error.state() != SqlState::SerializationFailure => panic!("{error}"),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Sets a property of a table whose only version is 0, as another program would.
fn set_property(folder: &Path, table: &str, key: &str, value: &str) {
    let entry = folder.join(format!("tables/{table}/_delta_log/{:020}.json", 0));
    let text = std::fs::read_to_string(&entry).unwrap();
    let changed = text.replace("\"configuration\":{", &format!("\"configuration\":{{\"{key}\":\"{value}\","));
    assert_ne!(text, changed);
    std::fs::write(entry, changed).unwrap();
}

fn parquet_files(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder.join("tables/t")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".parquet")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_files_go_after_their_retention_and_not_while_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    drop(sorted(&home, "t").await);
    set_property(folder.path(), "t", "delta.deletedFileRetentionDuration", "interval 0 seconds");
    let table = home.open_table("t").await.unwrap();
    for start in 0..10 {
        append(&home, &table, (0..300).map(|row| start + row * 10)).await.unwrap();
    }
    assert_eq!(parquet_files(folder.path()), 20, "with names and without");
    // A query that has begun, of which only the stream is left.
    let mut rows = {
        let config = SessionConfig::new().with_target_partitions(1).with_batch_size(16);
        let context = SessionContext::new_with_config(config);
        context.register_table("t", table.provider(table.snapshot())).unwrap();
        context
            .sql("SELECT id FROM t WHERE name IS NOT NULL ORDER BY name, id")
            .await
            .unwrap()
            .execute_stream()
            .await
            .unwrap()
    };
    let first = rows.next().await.unwrap().unwrap();
    let draft = table.stage_append(&table.snapshot(), stream(vec![batch(5000..5001)])).await.unwrap();
    home.vacuum(&table).await.unwrap();
    assert_eq!(parquet_files(folder.path()), 20 + 2 + 1, "read, joined, and about to be committed");
    let rest: Vec<_> = rows.try_collect().await.unwrap();
    let read: usize = rest.iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(first.num_rows() + read, 2000);
    tokio::time::sleep(Duration::from_millis(50)).await;
    home.vacuum(&table).await.unwrap();
    assert_eq!(parquet_files(folder.path()), 2 + 1);
    home.commit(vec![draft]).await.unwrap();
    assert_eq!(ids(&table).await, (0..3000).chain([5000]).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_files_stay_for_a_week_unless_the_table_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    for id in 0..5 {
        append(&home, &table, [id]).await.unwrap();
    }
    home.vacuum(&table).await.unwrap();
    assert_eq!(parquet_files(folder.path()), 6);
    home.sweep(std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(parquet_files(folder.path()), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_cut_before_a_checkpoint_once_it_is_old() {
    for (retention, kept) in [("interval 30 days", true), ("interval 0 seconds", false)] {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).await.unwrap();
        drop(home.create_table("t", schema()).await.unwrap());
        set_property(folder.path(), "t", "delta.logRetentionDuration", retention);
        let table = home.open_table("t").await.unwrap();
        let stale = home.open_table("t").await.unwrap();
        for id in 0..5 {
            append(&home, &table, [id]).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        home.vacuum(&table).await.unwrap();
        let entry = |version: u64| folder.path().join(format!("tables/t/_delta_log/{version:020}.json"));
        assert_eq!(entry(0).exists(), kept, "{retention}");
        assert!(entry(table.snapshot().version()).exists());
        append(&home, &table, [5]).await.unwrap();
        // A handle from before finds its next version's name free, and must not take it.
        append(&home, &stale, [6]).await.unwrap();
        for table in [&stale, &home.open_table("t").await.unwrap()] {
            assert_eq!(ids(table).await, [0, 1, 2, 3, 4, 5, 6], "{retention}");
        }
    }
}

/// The work goes with the home, wherever it is; what it leaves is what it found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_stops_the_work() {
    let folder = tempfile::tempdir().unwrap();
    drop(sorted(&Home::open(folder.path()).await.unwrap(), "t").await);
    let mut expected = vec![];
    for round in 0..12 {
        let home = Home::open(folder.path()).await.unwrap();
        let table = home.open_table("t").await.unwrap();
        home.sweep(std::slice::from_ref(&table)).await.unwrap();
        assert_eq!(ids(&table).await, expected, "round {round}");
        home.tend();
        for part in 0..4 {
            let new = (0..50).map(|row| round * 1000 + part * 100 + row);
            append(&home, &table, new.clone()).await.unwrap();
            expected.extend(new);
        }
        tokio::time::sleep(Duration::from_millis(round as u64 * 3)).await;
        drop((home, table));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_writes_are_joined_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    home.tend();
    let table = sorted(&home, "t").await;
    for id in 0..40 {
        append(&home, &table, (0..5).map(|row| row * 100 + id)).await.unwrap();
    }
    for _ in 0..500 {
        if table.snapshot().files().len() <= 6 {
            let count = integers(&table, table.snapshot(), "SELECT count(*) FROM t").await;
            assert_eq!(count, [200]);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} files stay", table.snapshot().files().len());
}

/// A drop of the table in the middle neither waits for the end nor leaves anything to be committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_table_is_left_alone() {
    let home = Home::in_memory().unwrap();
    let table = sorted(&home, "t").await;
    for id in 0..4 {
        append(&home, &table, (0..1000).map(|row| row * 4 + id)).await.unwrap();
    }
    let version = table.snapshot().version();
    let mut commit = home.begin_commit();
    commit.let_go(Arc::clone(&table), None);
    commit.lock().await.finish(None, || ()).await.unwrap();
    home.vacuum(&table).await.unwrap();
    assert_eq!(table.snapshot().version(), version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_side_by_side_stay_side_by_side() {
    let home = Home::in_memory().unwrap();
    let sorting = Sorting::new(vec!["id".into()], &schema()).unwrap();
    let table = home.create_sorted_table("t", schema(), Some(&sorting)).await.unwrap();
    for start in [0, 400_000, 800_000] {
        append(&home, &table, start..start + 300_000).await.unwrap();
    }
    append(&home, &table, [1_200_000, 1_200_001]).await.unwrap();
    let before = table.snapshot();
    home.vacuum(&table).await.unwrap();
    assert_eq!(table.snapshot().files(), before.files(), "full, or without a small neighbour");
    // A row in the middle of one concerns that one alone.
    append(&home, &table, [450_000]).await.unwrap();
    home.vacuum(&table).await.unwrap();
    let kept = table.snapshot().files().iter().filter(|file| before.files().contains(file)).count();
    assert_eq!((table.snapshot().files().len(), kept), (4, 3));
    let batches = super::query(&table, table.snapshot(), "SELECT count(*), sum(id) FROM t").await;
    let sum: i64 = (0..300_000).chain(400_000..700_000).chain(800_000..1_100_000).sum::<i64>() + 2_400_001 + 450_000;
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 900_003);
    assert_eq!(batches[0].column(1).as_primitive::<Int64Type>().value(0), sum);
}
