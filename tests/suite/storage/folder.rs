//! The home folder: who may open it, what it refuses, what it sweeps.

use std::fs;
use std::path::Path;

use journeydb::storage::Home;
use journeydb::{Error, SqlState};

use super::{append, batch, ids, schema, stage_delete, stream};

async fn refused(path: &Path) -> Error {
    let error = Home::open(path).await.unwrap_err();
    assert!(!error.message().contains('\n') && error.hint().is_some(), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_opener_learns_who_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let error = refused(folder.path()).await;
    assert_eq!(error.state(), SqlState::LockNotAvailable);
    assert!(error.message().ends_with(&format!("is held by process {}", std::process::id())), "{error}");
    home.announce("postgres://127.0.0.1:5433").unwrap();
    let error = refused(folder.path()).await;
    assert!(error.message().ends_with("serving postgres://127.0.0.1:5433"), "{error}");
    assert_eq!(error.hint(), Some("pass --url postgres://127.0.0.1:5433 to go through it"));
    drop(home);
    Home::open(folder.path()).await.unwrap();
}

/// A table can still write, so it keeps the folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_open_holds_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("t", schema()).await.unwrap();
    drop(home);
    assert_eq!(refused(folder.path()).await.state(), SqlState::LockNotAvailable);
    drop(table);
    Home::open(folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_are_no_database_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    fs::write(&file, "dear").unwrap();
    assert_eq!(refused(folder.path()).await.state(), SqlState::ObjectNotInPrerequisiteState);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(refused(&file).await.state(), SqlState::IoError);
    assert_eq!(refused(&file.join("below")).await.state(), SqlState::IoError);
    Home::open(&folder.path().join("new/deep")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newer_and_damaged_formats_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Home::open(folder.path()).await.unwrap());
    let mark = folder.path().join("journeydb.json");
    assert_eq!(fs::read_to_string(&mark).unwrap(), r#"{"format":1}"#);
    fs::write(&mark, r#"{"format":2}"#).unwrap();
    let error = refused(folder.path()).await;
    assert_eq!(error.hint(), Some("open it with a newer release"));
    fs::write(&mark, "").unwrap();
    assert_eq!(refused(folder.path()).await.state(), SqlState::ObjectNotInPrerequisiteState);
    fs::write(&mark, r#"{"format":1}"#).unwrap();
    Home::open(folder.path()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn catalog_records_have_one_writer_each_and_the_newest_counts() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    assert_eq!(home.read_catalog().await.unwrap(), None);
    for version in 1..=12 {
        home.write_catalog(version, format!("record {version}").into_bytes()).await.unwrap();
    }
    let error = home.write_catalog(12, b"another".to_vec()).await.unwrap_err();
    assert_eq!(error.state(), SqlState::SerializationFailure);
    assert_eq!(home.read_catalog().await.unwrap(), Some((12, b"record 12".to_vec())));
    assert_eq!(fs::read_dir(folder.path().join("catalog")).unwrap().count(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sweeping_removes_what_crashes_leave_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("journey/live", schema()).await.unwrap();
    append(&home, &table, 0..5).await.unwrap();
    home.commit(vec![stage_delete(&table, "id = 1").await.unwrap()]).await.unwrap();
    home.create_table("journey/dead", schema()).await.unwrap();
    home.create_table("gone/too", schema()).await.unwrap();
    std::mem::forget(table.stage_append(&table.snapshot(), stream(vec![batch(5..6)])).await.unwrap());
    let tables = folder.path().join("tables");
    let live = tables.join("journey/live");
    fs::write(live.join("notes.txt"), "mine").unwrap();
    fs::write(folder.path().join("tmp/draft"), "torn").unwrap();
    assert_eq!(parquet_files(&live), 3);

    home.sweep(std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(parquet_files(&live), 2, "one is active, one a tombstone that other programs may still read");
    assert!(live.join("notes.txt").exists());
    assert!(!tables.join("journey/dead").exists() && !tables.join("gone").exists());
    assert_eq!(ids(&table).await, [0, 2, 3, 4]);
}

/// The forgotten handle above keeps its folder's lock, so the temporary files have a test of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opening_removes_unfinished_files() {
    let folder = tempfile::tempdir().unwrap();
    drop(Home::open(folder.path()).await.unwrap());
    let draft = folder.path().join("tmp/draft");
    fs::write(&draft, "torn").unwrap();
    Home::open(folder.path()).await.unwrap();
    assert!(!draft.exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn symbolic_links_do_not_lead_out_of_the_folder() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let home = Home::open(folder.path()).await.unwrap();
    fs::write(outside.path().join("precious.txt"), "keep").unwrap();
    fs::create_dir(folder.path().join("tables")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("tables/t")).unwrap();
    for error in [
        home.create_table("t", schema()).await.unwrap_err(),
        home.open_table("t").await.unwrap_err(),
        home.drop_table("t").await.unwrap_err(),
    ] {
        assert!(error.message().contains("symbolic link") || error.state() == SqlState::UndefinedTable, "{error}");
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    home.create_table("../../up", schema()).await.unwrap();
    assert!(folder.path().join("tables/=2e=2e/=2e=2e/up").exists());
}

fn parquet_files(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".parquet")).count()
}
