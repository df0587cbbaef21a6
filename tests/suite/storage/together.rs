//! Several tables in one commit: all of them change, at one instant, or none does, also where the disk fails in the middle.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use journeydb::SqlState;
use journeydb::storage::{Disk, DiskFile, Home, LocalDisk, Table};

use super::{append, batch, ids, schema, stage_delete, stream};

async fn two(home: &Home) -> [Arc<Table>; 2] {
    let tables = [home.create_table("a", schema()).await.unwrap(), home.create_table("b", schema()).await.unwrap()];
    append(home, &tables[0], 0..4).await.unwrap();
    tables
}

/// The commit that moves a row from one table to the other.
async fn try_move(home: &Home, [from, to]: [&Arc<Table>; 2], id: i64) -> journeydb::Result<()> {
    let gone = stage_delete(from, &format!("id = {id}")).await?;
    let come = to.stage_append(&to.snapshot(), stream(vec![batch([id])])).await?;
    home.commit(vec![come, gone]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_in_one_table_changes_none() {
    let home = Home::in_memory().unwrap();
    let [a, b] = two(&home).await;
    let gone = stage_delete(&a, "id = 1").await.unwrap();
    let come = b.stage_append(&b.snapshot(), stream(vec![batch([1])])).await.unwrap();
    home.commit(vec![stage_delete(&a, "id = 2").await.unwrap()]).await.unwrap();
    let error = home.commit(vec![come, gone]).await.unwrap_err();
    assert_eq!(error.state(), SqlState::SerializationFailure, "{error}");
    assert_eq!((ids(&a).await, ids(&b).await), (vec![0, 1, 3], vec![]));
}

/// Rows go back and forth; whoever looks at both tables at once finds each in exactly one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_one_table_without_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let [a, b] = two(&home).await;
    let moving = {
        let (home, a, b) = (Arc::clone(&home), Arc::clone(&a), Arc::clone(&b));
        tokio::spawn(async move {
            for _ in 0..20 {
                try_move(&home, [&a, &b], 1).await.unwrap();
                try_move(&home, [&b, &a], 1).await.unwrap();
            }
        })
    };
    let mut looks = 0;
    while !moving.is_finished() {
        let (at, bt) = home.look(|| (a.snapshot(), b.snapshot()));
        assert_eq!(at.rows().unwrap() + bt.rows().unwrap(), 4);
        looks += 1;
        tokio::task::yield_now().await;
    }
    moving.await.unwrap();
    assert!(looks > 20, "{looks} looks");
}

/// A disk on which one operation fails.
#[derive(Debug)]
struct FailingDisk {
    operations: Arc<AtomicUsize>,
    failing: usize,
}

impl FailingDisk {
    fn step(&self) -> io::Result<()> {
        match self.operations.fetch_add(1, Ordering::SeqCst) == self.failing {
            true => Err(io::Error::other("the disk failed")),
            false => Ok(()),
        }
    }
}

impl Disk for FailingDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step()?;
        LocalDisk.create(path)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.remove(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.make_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.remove_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.sync_folder(path)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_once_leaves_all_or_nothing() {
    let (mut failed, mut done) = (0, 0);
    for failing in 0.. {
        let folder = tempfile::tempdir().unwrap();
        {
            let home = Home::open(folder.path()).await.unwrap();
            two(&home).await;
        }
        let operations = Arc::new(AtomicUsize::new(0));
        let disk = FailingDisk { operations: Arc::clone(&operations), failing: usize::MAX };
        let home = Home::open_on(folder.path(), Arc::new(disk)).await.unwrap();
        let opening = operations.load(Ordering::SeqCst);
        drop(home);
        let disk = FailingDisk { operations: Arc::clone(&operations), failing: opening * 2 + failing };
        let home = Home::open_on(folder.path(), Arc::new(disk)).await.unwrap();
        let (a, b) = (home.open_table("a").await.unwrap(), home.open_table("b").await.unwrap());
        let told = try_move(&home, [&a, &b], 1).await;
        let expected = match &told {
            Ok(()) => (vec![0, 2, 3], vec![1]),
            Err(_) => (vec![0, 1, 2, 3], vec![]),
        };
        assert_eq!((ids(&a).await, ids(&b).await), expected, "operation {failing}: {told:?}");
        drop((home, a, b));
        // What is left of it goes in the background, with handles of its own.
        let home = loop {
            match Home::open(folder.path()).await {
                Ok(home) => break home,
                Err(error) if error.state() == SqlState::LockNotAvailable => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        };
        let (a, b) = (home.open_table("a").await.unwrap(), home.open_table("b").await.unwrap());
        assert_eq!((ids(&a).await, ids(&b).await), expected, "operation {failing}, reopened: {told:?}");
        match told {
            Ok(()) => done += 1,
            Err(_) => failed += 1,
        }
        if operations.load(Ordering::SeqCst) <= opening * 2 + failing {
            break;
        }
    }
    assert!(failed > 10 && done > 5, "{failed} failed, {done} were finished");
}
