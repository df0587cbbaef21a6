//! A change of one table that is written and not yet committed.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::log::Metadata;
use super::owners::Owners;
use super::snapshot::Change;
use super::table::Table;
use super::writer::Drafts;
use crate::error::{Error, Result};

/// A change whose files are written and durable, and that nobody sees. Dropping it takes it back.
#[derive(Debug)]
pub struct Staged {
    pub(super) table: Arc<Table>,
    pub(super) change: Change,
    pub(super) drafts: Drafts,
    pub(super) inserted: u64,
    pub(super) removed: u64,
}

impl Staged {
    pub(super) fn new(table: Arc<Table>, change: Change, drafts: Drafts) -> Self {
        Self { table, change, drafts, inserted: 0, removed: 0 }
    }

    pub(super) fn counted(self, inserted: u64, removed: u64) -> Self {
        Self { inserted, removed, ..self }
    }

    pub(super) fn altering(mut self, metadata: Metadata, schema: SchemaRef) -> Self {
        self.change.altered = Some(Arc::new(metadata));
        self.change.schema = schema;
        self
    }

    /// The same files once more, to say of them whom the contacts in their rows belong to.
    pub(super) fn restating(mut self, owners: Owners) -> Self {
        self.change.adds.clone_from(&self.change.removes);
        self.drafts.own(owners);
        self
    }

    /// This change and the rows that another one of the same table adds, as one.
    pub fn with(mut self, mut added: Staged) -> Result<Self> {
        if !Arc::ptr_eq(&self.table, &added.table) || !added.change.removes.is_empty() {
            return Err(Error::internal("only added rows of the same table join a change"));
        }
        self.change.adds.append(&mut added.change.adds);
        self.drafts.join(added.drafts);
        self.inserted += added.inserted;
        Ok(self)
    }

    /// The names of the files that it adds.
    pub fn added(&self) -> HashSet<String> {
        self.change.adds.iter().map(|file| file.path.clone()).collect()
    }

    /// The table it changes.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// Rows that it adds.
    pub fn inserted(&self) -> u64 {
        self.inserted
    }

    /// Rows that it takes away, updated ones too.
    pub fn removed(&self) -> u64 {
        self.removed
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.change.adds.is_empty() && self.change.removes.is_empty() && self.change.altered.is_none()
    }
}
