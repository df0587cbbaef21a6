//! Removes the folders that crashes and dropped tables leave behind. Only for the moment after opening, when no statement is
//! under way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::table::Table;
use crate::error::Result;

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

fn names(files: &Files, folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(files.resolve(folder)?) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error.into()),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}
