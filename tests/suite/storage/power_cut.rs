//! The power is cut after every single operation on the disk. Whatever was acknowledged by then is there afterwards, and
//! of what was under way everything or nothing.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema};
use journeydb::Result;
use journeydb::storage::{Home, Sorting, Table, determined_entity};

use super::shadow::{ShadowDisk, Unsynced};
use super::{append, schema, stage_delete, stream, try_integers};

/// Each live table: name, rows in order, number of columns.
type Contents = Vec<(String, Vec<i64>, usize)>;

/// What had been acknowledged after how many operations of the disk.
struct Acknowledged {
    operations: usize,
    contents: Contents,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_nothing_half_written_is_seen() {
    assert_eq!(losses(None, false, usize::MAX).await, Vec::<String>::new());
}

/// Files are joined, the log is cut, dead files are removed: the rows are the same throughout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compaction_leaves_the_old_files_or_the_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(ShadowDisk::new(folder.path(), None, false));
    let acknowledged = compactions(folder.path(), &disk).await;
    assert_eq!(compared(&disk, &acknowledged, usize::MAX).await, Vec::<String>::new());
}

/// Whom contacts belong to becomes known, unknown and known again together with the rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_of_contacts_is_true_of_the_rows_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(ShadowDisk::new(folder.path(), None, false));
    let acknowledged = moves(folder.path(), &disk).await;
    assert_eq!(compared(&disk, &acknowledged, usize::MAX).await, Vec::<String>::new());
}

/// Commits of two tables and the catalog, which need several writes each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_tables_all_change_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(ShadowDisk::new(folder.path(), None, false));
    let acknowledged = together(folder.path(), &disk).await;
    assert_eq!(compared(&disk, &acknowledged, usize::MAX).await, Vec::<String>::new());
    // Without the intents' syncs half a commit is seen.
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(ShadowDisk::new(folder.path(), Some("intents"), false));
    let acknowledged = together(folder.path(), &disk).await;
    assert_ne!(compared(&disk, &acknowledged, 1).await, Vec::<String>::new());
}

/// The test above can fail: it notices each sync that is left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_is_left_out_is_noticed() {
    for folder in ["_delta_log", "tables/a", "tables", "catalog", ""] {
        assert_ne!(losses(Some(folder), false, 1).await, Vec::<String>::new(), "folder {folder:?}");
    }
    assert_ne!(losses(None, true, 1).await, Vec::<String>::new(), "content");
}

/// Runs a script of statements, cuts the power after each operation, and tells what was wrong, up to a limit.
async fn losses(ignored_folder: Option<&'static str>, ignored_content: bool, limit: usize) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    // The root itself can't be told by its last name alone.
    let ignored_folder = ignored_folder.map(|name| match name {
        "" => String::leak(folder.path().canonicalize().unwrap().to_string_lossy().into_owned()),
        name => name,
    });
    let disk = Arc::new(ShadowDisk::new(folder.path(), ignored_folder, ignored_content));
    let acknowledged = script(folder.path(), &disk).await;
    compared(&disk, &acknowledged, limit).await
}

/// What each image of the disk holds that it shouldn't, up to a limit.
async fn compared(disk: &ShadowDisk, acknowledged: &[Acknowledged], limit: usize) -> Vec<String> {
    let mut losses = vec![];
    for (operation, image) in disk.history().iter().enumerate() {
        let done = acknowledged.partition_point(|step| step.operations <= operation + 1);
        let allowed: Vec<&Contents> =
            acknowledged[done.saturating_sub(1)..].iter().take(2).map(|step| &step.contents).collect();
        for unsynced in [Unsynced::Lost, Unsynced::Kept] {
            let after = tempfile::tempdir().unwrap();
            image.restore(after.path(), unsynced);
            match contents(after.path()).await {
                Ok(found) if allowed.contains(&&found) => {}
                Ok(found) => losses.push(format!("{operation} {unsynced:?}: {found:?}, not one of {allowed:?}")),
                Err(error) => losses.push(format!("{operation} {unsynced:?}: {error}")),
            }
        }
        if losses.len() >= limit {
            break;
        }
    }
    losses
}

/// Every kind of statement, and after each what the database then holds.
async fn script(path: &Path, disk: &Arc<ShadowDisk>) -> Vec<Acknowledged> {
    let mut log = vec![Acknowledged { operations: 0, contents: vec![] }];
    let mut expected: Contents = vec![];
    let home = Home::open_on(path, Arc::clone(disk) as _).await.unwrap();
    macro_rules! acknowledge {
        ($contents:expr) => {{
            expected = $contents;
            log.push(Acknowledged { operations: disk.operations(), contents: expected.clone() });
        }};
    }
    let row = |name: &str, ids: &[i64], columns| (name.to_owned(), ids.to_vec(), columns);

    let a = home.create_table("a", schema()).await.unwrap();
    home.write_catalog(1, b"a".to_vec()).await.unwrap();
    acknowledge!(vec![row("a", &[], 2)]);
    append(&home, &a, 0..4).await.unwrap();
    acknowledge!(vec![row("a", &[0, 1, 2, 3], 2)]);
    append(&home, &a, 4..6).await.unwrap();
    acknowledge!(vec![row("a", &[0, 1, 2, 3, 4, 5], 2)]);
    home.commit(vec![stage_delete(&a, "id % 2 = 0").await.unwrap()]).await.unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5], 2)]);
    a.checkpoint().await.unwrap();
    acknowledge!(expected);
    let b = home.create_table("b", schema()).await.unwrap();
    home.write_catalog(2, b"a b".to_vec()).await.unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5], 2), row("b", &[], 2)]);
    append(&home, &b, 7..8).await.unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5], 2), row("b", &[7], 2)]);
    home.commit(vec![a.stage_add_column(&a.snapshot(), Field::new("score", DataType::Float64, true)).unwrap()])
        .await
        .unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5], 3), row("b", &[7], 2)]);
    home.commit(vec![a.stage_append(&a.snapshot(), stream(vec![wide(&a, &[9])])).await.unwrap()]).await.unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5, 9], 3), row("b", &[7], 2)]);
    home.write_catalog(3, b"a".to_vec()).await.unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5, 9], 3)]);
    home.drop_table("b").await.unwrap();
    acknowledge!(expected);
    home.create_table("b", schema()).await.unwrap();
    home.write_catalog(4, b"a b".to_vec()).await.unwrap();
    acknowledge!(vec![row("a", &[1, 3, 5, 9], 3), row("b", &[], 2)]);
    home.commit(vec![a.stage_truncate(&a.snapshot())]).await.unwrap();
    acknowledge!(vec![row("a", &[], 3), row("b", &[], 2)]);
    for version in 5..14 {
        home.write_catalog(version, b"a b".to_vec()).await.unwrap();
    }
    acknowledge!(expected);
    log
}

/// Small writes to a table of each kind, joined. Dead files and log entries are not kept at all.
async fn compactions(path: &Path, disk: &Arc<ShadowDisk>) -> Vec<Acknowledged> {
    let home = Home::open_on(path, Arc::clone(disk) as _).await.unwrap();
    let sorting = Sorting::new(vec!["name".into(), "id".into()], &schema()).unwrap();
    let tables = [
        home.create_table("a", schema()).await.unwrap(),
        home.create_sorted_table("b", schema(), Some(&sorting)).await.unwrap(),
    ];
    home.write_catalog(1, b"a b".to_vec()).await.unwrap();
    let mut contents: Contents = ["a", "b"].map(|name| (name.to_owned(), vec![], 2)).into();
    let mut log = vec![Acknowledged { operations: 0, contents: vec![] }];
    log.push(Acknowledged { operations: disk.operations(), contents: contents.clone() });
    for start in [0, 100] {
        for (at, table) in tables.iter().enumerate() {
            for part in 0..3 {
                let rows: Vec<i64> = (0..5).map(|row| start + row * 3 + part).collect();
                append(&home, table, rows.iter().copied()).await.unwrap();
                contents[at].1.extend(rows);
                contents[at].1.sort_unstable();
                log.push(Acknowledged { operations: disk.operations(), contents: contents.clone() });
            }
            home.vacuum(table).await.unwrap();
            assert!(table.snapshot().files().len() <= 2);
            log.push(Acknowledged { operations: disk.operations(), contents: contents.clone() });
        }
    }
    log
}

/// Rows move from one table to another, with and without a new record of the catalog.
async fn together(path: &Path, disk: &Arc<ShadowDisk>) -> Vec<Acknowledged> {
    let home = Home::open_on(path, Arc::clone(disk) as _).await.unwrap();
    let (a, b) = (home.create_table("a", schema()).await.unwrap(), home.create_table("b", schema()).await.unwrap());
    append(&home, &a, 0..6).await.unwrap();
    home.write_catalog(1, b"a".to_vec()).await.unwrap();
    let mut log = vec![Acknowledged { operations: 0, contents: vec![] }];
    let mut acknowledge = |tables: &[(&str, &[i64])]| {
        let contents = tables.iter().map(|(name, ids)| (name.to_string(), ids.to_vec(), 2)).collect();
        log.push(Acknowledged { operations: disk.operations(), contents });
    };
    acknowledge(&[("a", &[0, 1, 2, 3, 4, 5])]);
    let moved = async |from: &Arc<Table>, to: &Arc<Table>, id: i64, record: Option<(u64, Vec<u8>)>| {
        let mut commit = home.begin_commit();
        commit.change(stage_delete(from, &format!("id = {id}")).await.unwrap());
        commit.change(to.stage_append(&to.snapshot(), stream(vec![super::batch([id])])).await.unwrap());
        commit.lock().await.finish(record, || ()).await.unwrap();
    };
    moved(&a, &b, 0, Some((2, b"a b".to_vec()))).await;
    acknowledge(&[("a", &[1, 2, 3, 4, 5]), ("b", &[0])]);
    moved(&a, &b, 3, None).await;
    acknowledge(&[("a", &[1, 2, 4, 5]), ("b", &[0, 3])]);
    moved(&b, &a, 0, None).await;
    acknowledge(&[("a", &[0, 1, 2, 4, 5]), ("b", &[3])]);
    moved(&b, &a, 3, Some((3, b"a".to_vec()))).await;
    acknowledge(&[("a", &[0, 1, 2, 3, 4, 5])]);
    log
}

/// Contacts get a second account, and lose it.
async fn moves(path: &Path, disk: &Arc<ShadowDisk>) -> Vec<Acknowledged> {
    let home = Home::open_on(path, Arc::clone(disk) as _).await.unwrap();
    let columns = ["account", "contact", "id"].map(|name| Field::new(name, DataType::Int64, true));
    let schema = Arc::new(Schema::new(columns.to_vec()));
    let sorting = Sorting::new(["account", "contact", "id"].map(str::to_owned).to_vec(), &schema).unwrap();
    let table = home.create_sorted_table("a", Arc::clone(&schema), Some(&sorting)).await.unwrap();
    home.write_catalog(1, b"a".to_vec()).await.unwrap();
    let mut log = vec![Acknowledged { operations: 0, contents: vec![] }];
    let mut acknowledge = |ids: &[i64], belongs: bool| {
        let known = determined_entity(table.provider(table.snapshot()).as_ref()).is_some();
        assert_eq!(known, belongs, "{ids:?}");
        log.push(Acknowledged { operations: disk.operations(), contents: vec![("a".to_owned(), ids.to_vec(), 3)] });
    };
    let rows = |rows: &[[i64; 3]]| {
        let column = |at: usize| Arc::new(rows.iter().map(|row| Some(row[at])).collect::<Int64Array>()) as ArrayRef;
        stream(vec![RecordBatch::try_new(Arc::clone(&schema), vec![column(0), column(1), column(2)]).unwrap()])
    };
    acknowledge(&[], true);
    home.commit(vec![
        table.stage_append(&table.snapshot(), rows(&[[1, 10, 0], [1, 11, 1], [2, 20, 2]])).await.unwrap(),
    ])
    .await
    .unwrap();
    acknowledge(&[0, 1, 2], true);
    home.commit(vec![table.stage_append(&table.snapshot(), rows(&[[2, 11, 3], [2, 20, 4]])).await.unwrap()])
        .await
        .unwrap();
    acknowledge(&[0, 1, 2, 3, 4], false);
    home.commit(vec![stage_delete(&table, "id = 3").await.unwrap()]).await.unwrap();
    acknowledge(&[0, 1, 2, 4], true);
    home.commit(vec![table.stage_append(&table.snapshot(), rows(&[[3, 10, 5]])).await.unwrap()]).await.unwrap();
    acknowledge(&[0, 1, 2, 4, 5], false);
    home.commit(vec![stage_delete(&table, "id = 0").await.unwrap()]).await.unwrap();
    acknowledge(&[1, 2, 4, 5], false);
    home.vacuum(&table).await.unwrap();
    acknowledge(&[1, 2, 4, 5], true);
    log
}

fn wide(table: &Table, ids: &[i64]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(ids.to_vec())),
        Arc::new(StringViewArray::from(vec!["wide"; ids.len()])),
        new_null_array(&DataType::Float64, ids.len()),
    ];
    RecordBatch::try_new(table.schema(), columns).unwrap()
}

/// Opens the database as any start does, and reads all of it.
async fn contents(path: &Path) -> Result<Contents> {
    let home = Home::open(path).await?;
    let record = home.read_catalog().await?.map(|(_, record)| String::from_utf8(record).unwrap()).unwrap_or_default();
    let mut tables = vec![];
    for name in record.split_whitespace() {
        tables.push(home.open_table(name).await?);
    }
    home.sweep(&tables).await?;
    let mut contents = vec![];
    for (name, table) in record.split_whitespace().zip(&tables) {
        let rows = try_integers(table, table.snapshot(), "SELECT id FROM t ORDER BY id").await?;
        if determined_entity(table.provider(table.snapshot()).as_ref()).is_some() {
            let several = "SELECT contact FROM t GROUP BY contact HAVING count(DISTINCT account) > 1";
            let several = try_integers(table, table.snapshot(), several).await?;
            assert_eq!(several, Vec::<i64>::new(), "{rows:?}");
        }
        contents.push((name.to_owned(), rows, table.schema().fields().len()));
    }
    Ok(contents)
}
