//! One process holds a database's folder; another that tries learns which, and how to go through it.
//!
//! The operating system keeps the lock (`flock` or its like) and drops it with the process, however that ends, so a
//! stale lock can't be. The file's text is for people only.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result, SqlState};

/// The lock's file, below the root.
pub(super) const LOCK: &str = "lock";

/// How often and how long a handle of the same process is waited for: half a second in all.
const GRACE: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// The hold on a folder; ends when it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: Mutex<File>,
}

impl Lock {
    /// Takes the lock of a folder; 55P03 if another process, or another handle of this one, has it. A handle of this process
    /// that was dropped a moment ago may still be stopping its work, so it is waited for a little.
    pub async fn take(root: &Path) -> Result<Self> {
        let own = std::process::id().to_string();
        for _ in 0..GRACE {
            match Self::try_take(root)? {
                Ok(lock) => return Ok(lock),
                Err(holder) if holder.lines().next() == Some(&own) => tokio::time::sleep(PAUSE).await,
                Err(holder) => return Err(held(root, &holder)),
            }
        }
        Self::try_take(root)?.map_err(|holder| held(root, &holder))
    }

    /// The lock, or what its holder says of itself.
    fn try_take(root: &Path) -> Result<std::result::Result<Self, String>> {
        let path = root.join(LOCK);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(|error| unusable(root, &error))?;
        match file.try_lock() {
            Ok(()) => {
                let lock = Self { file: Mutex::new(file) };
                lock.write("")?;
                Ok(Ok(lock))
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Where a locked file can't be read, the error only says less.
                let _ = file.read_to_string(&mut text);
                Ok(Err(text))
            }
            Err(TryLockError::Error(error)) => Err(unusable(root, &error)),
        }
    }

    /// Says where the holder serves the folder.
    pub fn announce(&self, url: &str) -> Result<()> {
        self.write(url)
    }

    fn write(&self, url: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(format!("{}\n{url}\n", std::process::id()).as_bytes())?;
        Ok(())
    }
}

fn held(root: &Path, text: &str) -> Error {
    let mut lines = text.lines();
    let holder = match lines.next() {
        Some(process) if !process.is_empty() => format!("process {process}"),
        _ => "another process".to_owned(),
    };
    let held = format!("{} is held by {holder}", root.display());
    match lines.next() {
        Some(url) if !url.is_empty() => Error::new(SqlState::LockNotAvailable, format!("{held} serving {url}"))
            .with_hint(format!("pass --url {url} to go through it")),
        _ => Error::new(SqlState::LockNotAvailable, held).with_hint("end it first, or name another folder"),
    }
}

/// A folder that the process may not use.
pub(super) fn unusable(root: &Path, error: &std::io::Error) -> Error {
    let path: PathBuf = root.to_owned();
    let advice = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "give this user the right to read and write it, or name another folder",
        std::io::ErrorKind::NotADirectory | std::io::ErrorKind::AlreadyExists => "name a folder",
        std::io::ErrorKind::StorageFull => "free some space",
        _ => "name another folder",
    };
    Error::new(SqlState::IoError, format!("{} can't be used: {error}", path.display())).with_hint(advice)
}
