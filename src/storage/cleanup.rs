//! Removes what a table has let go of long enough ago: entries of its log, and data files.
//!
//! How long is the table's own to say, in Delta's terms: `delta.logRetentionDuration`, 30 days unless given, and
//! `delta.deletedFileRetentionDuration`, a week. The log is cut only before a checkpoint, and after the newest version has been
//! read back through one: a table whose checkpoint is broken can still be opened from its entries.

use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use object_store::{Error as StoreError, ObjectMeta, ObjectStoreExt};

use super::table::Table;
use crate::error::Result;

/// How old a file is at least that no version names and that no statement can still be writing.
const ABANDONED: TimeDelta = TimeDelta::days(7);

/// Which files that no version ever named are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unnamed {
    /// All: for the moment after opening, when they can only be what a crash has left.
    All,
    /// Those older than any statement.
    Abandoned,
}

impl Table {
    /// Removes dead data files, writes a checkpoint, and removes the old entries of the log. In this order: a checkpoint forgets
    /// files that were let go of long enough ago.
    pub(super) async fn clean(&self) -> Result<()> {
        self.remove_dead_files(Unnamed::Abandoned).await?;
        self.checkpoint().await?;
        self.log.expire(&self.snapshot()).await
    }

    /// Removes the data files that neither the newest version names nor one that is being read: once they have been removed from
    /// the table for as long as other programs may still want to read them.
    pub(super) async fn remove_dead_files(&self, unnamed: Unnamed) -> Result<()> {
        let listed: Vec<ObjectMeta> = self.store.list(Some(&self.folder)).try_collect().await?;
        // Listed first: what a statement adds to the table meanwhile is not in the list.
        let needed = self.needed();
        let named = |object: &ObjectMeta| {
            let mut below = object.location.prefix_match(&self.folder)?;
            let name = below.next()?.as_ref().to_owned();
            (below.next().is_none() && name.ends_with(".parquet")).then_some(name)
        };
        let listed = listed.iter().filter_map(|object| Some((named(object)?, object)));
        let dead: Vec<_> = listed.filter(|(name, _)| !needed.contains(name)).collect();
        if dead.is_empty() {
            return Ok(());
        }
        let (mut removed, retention) = self.log.tombstones(self.snapshot().version()).await?;
        removed.extend(self.let_go.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let now = Utc::now();
        for (name, object) in dead {
            let gone = match removed.get(&name) {
                Some(time) => DateTime::from_timestamp_millis(*time).is_some_and(|time| time + retention < now),
                None => unnamed == Unnamed::All || object.last_modified + ABANDONED.max(retention) < now,
            };
            if gone {
                match self.store.delete(&object.location).await {
                    Ok(()) | Err(StoreError::NotFound { .. }) => {
                        self.let_go.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}
