//! The catalog's records: numbered documents, of which the newest counts.

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode};

use super::home::CATALOG;
use crate::error::{Error, Result, SqlState};

/// Records kept, the newest included.
const KEPT: usize = 8;

/// The records in a home's store.
#[derive(Debug)]
pub(super) struct Records {
    store: Arc<dyn ObjectStore>,
}

impl Records {
    pub fn new(store: Arc<dyn ObjectStore>) -> Self {
        Self { store }
    }

    /// The newest record and its version.
    pub async fn newest(&self) -> Result<Option<(u64, Vec<u8>)>> {
        let Some(version) = self.versions().await?.last().copied() else {
            return Ok(None);
        };
        let record = self.store.get(&path(version)).await?.bytes().await?;
        Ok(Some((version, record.to_vec())))
    }

    /// Writes a record, durable when this returns; 40001 if that version is there.
    pub async fn write(&self, version: u64, record: Vec<u8>) -> Result<()> {
        match self.store.put_opts(&path(version), record.into(), PutMode::Create.into()).await {
            Ok(_) => {}
            Err(StoreError::AlreadyExists { .. }) => {
                return Err(Error::new(SqlState::SerializationFailure, "the catalog was changed by another statement")
                    .with_hint("run the statement again"));
            }
            Err(error) => return Err(error.into()),
        }
        // The record is written: an old one that stays is no reason to say that it isn't.
        if let Err(error) = self.forget().await {
            tracing::warn!(%error, "old catalog records stay until the next change");
        }
        Ok(())
    }

    /// Writes a record unless it, or a later one, is there.
    pub async fn ensure(&self, version: u64, record: Vec<u8>) -> Result<()> {
        if self.versions().await?.last().is_some_and(|newest| *newest >= version) {
            return Ok(());
        }
        self.write(version, record).await
    }

    async fn forget(&self) -> Result<()> {
        let versions = self.versions().await?;
        for old in &versions[..versions.len().saturating_sub(KEPT)] {
            self.store.delete(&path(*old)).await?;
        }
        Ok(())
    }

    /// In order.
    async fn versions(&self) -> Result<Vec<u64>> {
        let listed: Vec<_> = self.store.list(Some(&Path::from(CATALOG))).try_collect().await?;
        let version = |path: &Path| path.filename()?.strip_suffix(".json")?.parse().ok();
        let mut versions: Vec<u64> = listed.iter().filter_map(|object| version(&object.location)).collect();
        versions.sort_unstable();
        Ok(versions)
    }
}

fn path(version: u64) -> Path {
    Path::from(format!("{CATALOG}/{version:020}.json"))
}
