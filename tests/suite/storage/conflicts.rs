//! Statements that meet: which commit, which are told to run again, and that no row is ever there twice.

use std::sync::Arc;

use journeydb::SqlState;
use journeydb::storage::Home;

use super::{append, batch, ids, schema, stage_delete, stream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_rewrites_of_a_file_the_second_is_refused() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    append(&home, &table, 0..10).await.unwrap();
    let first = stage_delete(&table, "id = 1").await.unwrap();
    let second = stage_delete(&table, "id = 2").await.unwrap();
    home.commit(vec![first]).await.unwrap();
    let error = home.commit(vec![second]).await.unwrap_err();
    assert_eq!(error.state(), SqlState::SerializationFailure, "{error}");
    assert_eq!(ids(&table).await, [0, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn truncate_and_rewrite_of_the_same_files_conflict_in_either_order() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    for truncate_first in [true, false] {
        append(&home, &table, 0..10).await.unwrap();
        let delete = stage_delete(&table, "id = 1").await.unwrap();
        let truncate = table.stage_truncate(&table.snapshot());
        let (first, second) = if truncate_first { (truncate, delete) } else { (delete, truncate) };
        home.commit(vec![first]).await.unwrap();
        let error = home.commit(vec![second]).await.unwrap_err();
        assert_eq!(error.state(), SqlState::SerializationFailure, "{error}");
        assert_eq!(ids(&table).await.len(), if truncate_first { 0 } else { 9 });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_different_files_both_commit() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    append(&home, &table, 0..5).await.unwrap();
    append(&home, &table, 5..10).await.unwrap();
    let first = stage_delete(&table, "id = 1").await.unwrap();
    let second = stage_delete(&table, "id = 6").await.unwrap();
    let third = table.stage_append(&table.snapshot(), stream(vec![batch(10..12)])).await.unwrap();
    home.commit(vec![first]).await.unwrap();
    home.commit(vec![second]).await.unwrap();
    home.commit(vec![third]).await.unwrap();
    assert_eq!(ids(&table).await, [0, 2, 3, 4, 5, 7, 8, 9, 10, 11]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_handle_sees_what_the_first_did_before_it_commits() {
    let home = Home::in_memory().unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    append(&home, &table, 0..10).await.unwrap();
    let other = home.open_table("t").await.unwrap();
    let behind = stage_delete(&other, "id = 2").await.unwrap();
    home.commit(vec![stage_delete(&table, "id = 1").await.unwrap()]).await.unwrap();
    let error = home.commit(vec![behind]).await.unwrap_err();
    assert_eq!(error.state(), SqlState::SerializationFailure, "{error}");
    append(&home, &other, 10..11).await.unwrap();
    assert_eq!(ids(&other).await, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

/// Another program may clean the log up. A handle from before finds the next version's name free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_handle_does_not_commit_into_the_past() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    let stale = home.open_table("t").await.unwrap();
    for id in 0..4 {
        append(&home, &table, [id]).await.unwrap();
    }
    table.checkpoint().await.unwrap();
    for version in 0..4 {
        std::fs::remove_file(folder.path().join(format!("tables/t/_delta_log/{version:020}.json"))).unwrap();
    }
    append(&home, &stale, [4]).await.unwrap();
    assert_eq!(ids(&stale).await, [0, 1, 2, 3, 4]);
    assert_eq!(ids(&home.open_table("t").await.unwrap()).await, [0, 1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_appends_all_arrive_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    let writers = (0..4).map(|writer| {
        let (home, table) = (Arc::clone(&home), Arc::clone(&table));
        tokio::spawn(async move {
            for row in 0..50 {
                append(&home, &table, [writer * 50 + row]).await.unwrap();
            }
        })
    });
    futures::future::try_join_all(writers).await.unwrap();
    let all: Vec<i64> = (0..200).collect();
    assert_eq!(table.snapshot().version(), 200);
    assert_eq!(ids(&table).await, all);
    assert_eq!(ids(&home.open_table("t").await.unwrap()).await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_staged_and_dropped_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    append(&home, &table, 0..3).await.unwrap();
    let files = || {
        let entries = std::fs::read_dir(folder.path().join("tables/t")).unwrap();
        entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".parquet")).count()
    };
    let staged = table.stage_append(&table.snapshot(), stream(vec![batch(3..6)])).await.unwrap();
    assert_eq!(files(), 2);
    drop(staged);
    for _ in 0..500 {
        if files() == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the staged file stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_caller_goes_away_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    let staged = table.stage_append(&table.snapshot(), stream(vec![batch(0..3)])).await.unwrap();
    let mut commit = Box::pin(home.commit(vec![staged]));
    assert!(futures::poll!(&mut commit).is_pending());
    drop(commit);
    for _ in 0..500 {
        if table.snapshot().version() == 1 {
            assert_eq!(ids(&home.open_table("t").await.unwrap()).await, [0, 1, 2]);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the commit was never finished");
}
