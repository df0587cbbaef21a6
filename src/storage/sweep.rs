//! Removes what nothing refers to any more: what crashes and dropped tables leave behind, and files that a table has
//! let go of long enough ago. Only for the moment after opening, when no statement is under way.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{TimeDelta, Utc};

use super::files::Files;
use super::table::Table;
use crate::error::Result;

/// How long a removed file stays for readers in other programs, as the Delta protocol advises.
const RETENTION: TimeDelta = TimeDelta::days(7);

/// Removes the folders below `tables` that are no live table's.
pub(super) fn sweep_folders(files: &Files, tables: &str, live: &[Arc<Table>]) -> Result<()> {
    let live: Vec<PathBuf> = live.iter().map(|table| table.folder.as_ref().into()).collect();
    let mut open = vec![PathBuf::from(tables)];
    while let Some(folder) = open.pop() {
        if live.contains(&folder) {
            continue;
        }
        if folder != Path::new(tables) && !live.iter().any(|table| table.starts_with(&folder)) {
            files.remove_folder(&folder)?;
            continue;
        }
        open.extend(names(files, &folder)?.into_iter().map(|name| folder.join(name)));
    }
    Ok(())
}

/// Removes the data files of a table that its newest version doesn't name: at once those that no version ever named,
/// after [`RETENTION`] those that an older one did.
pub(super) async fn sweep_table(files: &Files, table: &Table) -> Result<()> {
    let snapshot = table.snapshot();
    let active: HashSet<&str> = snapshot.files().iter().map(|file| file.path.as_str()).collect();
    let folder = PathBuf::from(table.folder.as_ref());
    let mut unnamed = names(files, &folder)?;
    unnamed.retain(|name| name.ends_with(".parquet") && !active.contains(name.as_str()));
    if unnamed.is_empty() {
        return Ok(());
    }
    let removed = table.log.tombstones().await?;
    let limit = (Utc::now() - RETENTION).timestamp_millis();
    for name in unnamed {
        if removed.get(&name).is_none_or(|time| *time < limit) {
            files.remove(&folder.join(name))?;
        }
    }
    Ok(())
}

fn names(files: &Files, folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(files.resolve(folder)?) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error.into()),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}
