//! Whether a contact belongs to one account: whether in a table by (account_id, contact_id) and time the last column of the entity
//! determines those before it. All rows of a contact then lie together, and a question that says `contact_id` alone can use
//! the table's order.
//!
//! It is recorded file by file, as a tag. What always holds is this: *among all rows of a version's files that carry the tag, each
//! contact has one account*. A commit gives it to the files that it adds if their rows keep that up beside those that
//! carry it already and stay; to take files away can't break it. So the table has the property wherever all of its files carry
//! the tag, which a reader of that very version sees without asking anything else. Other programs don't write the tag: their files
//! end the property, and it is back when those files are gone.
//!
//! A contact that is NULL is none: whoever asks by contact leaves such rows out. An account that is NULL is one like any other,
//! because its rows lie apart from all others.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap, RandomState};
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, UInt32Array};
use arrow::compute::{partition, take};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::config::TableParquetOptions;
use datafusion::execution::TaskContext;
use futures::StreamExt;

use super::scan::TableScan;
use super::snapshot::{Change, DataFile, Operation, Snapshot};
use super::sorting::Sorting;
use super::table::Table;
use super::writer::Drafts;
use crate::error::Result;

/// The tag on a file, with the column that determines the others of the entity.
pub(super) const DETERMINED_BY: &str = "journeydb.determinedBy";

/// The most contacts that are told apart: a hash table of this many takes 285 MB.
const MOST: usize = 14 << 20;

/// Which account each contact belongs to, both by their hashes. Two contacts with one hash are taken for one with two accounts,
/// which only loses the property. Two accounts with one hash would let a contact that has both pass, once in 2^64 such contacts:
/// the seeds are made anew in each process, and nobody can choose names that collide.
#[derive(Debug)]
pub(super) enum Owners {
    /// Each has one.
    One(HashMap<u64, u64>),
    /// One has several.
    Several,
    /// There are more than [`MOST`].
    TooMany,
}

impl Default for Owners {
    fn default() -> Self {
        Self::One(HashMap::new())
    }
}

impl Owners {
    /// Takes rows of a table with an order that lie side by side in it.
    pub fn add(&mut self, batch: &RecordBatch, sorting: &Sorting) -> Result<()> {
        let entity = sorting.entity().iter().filter_map(|name| batch.column_by_name(name).cloned());
        let entity: Vec<ArrayRef> = entity.collect();
        let (Self::One(_), Some(_), [accounts @ .., contact]) = (&*self, sorting.determinant(), entity.as_slice())
        else {
            return Ok(());
        };
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let starts = partition(&entity)?.ranges().into_iter().filter(|run| contact.is_valid(run.start));
        let starts: UInt32Array = starts.map(|run| run.start as u32).collect();
        let (contacts, accounts) = (rows(std::slice::from_ref(contact), &starts)?, rows(accounts, &starts)?);
        static SEEDS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);
        for (contact, account) in contacts.iter().zip(accounts.iter()) {
            self.insert(SEEDS[0].hash_one(contact.data()), SEEDS[1].hash_one(account.data()));
        }
        Ok(())
    }

    /// Takes those of other rows.
    pub fn join(&mut self, mut others: Self) {
        if let (Self::One(known), Self::One(more)) = (&mut *self, &mut others)
            && known.len() < more.len()
        {
            std::mem::swap(known, more);
        }
        match others {
            Self::One(others) => others.into_iter().for_each(|(contact, account)| self.insert(contact, account)),
            none => *self = none,
        }
    }

    fn insert(&mut self, contact: u64, account: u64) {
        let Self::One(known) = self else { return };
        let is_full = known.len() >= MOST;
        match known.entry(contact) {
            Entry::Occupied(known) if *known.get() != account => *self = Self::Several,
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if is_full => *self = Self::TooMany,
            Entry::Vacant(place) => {
                place.insert(account);
            }
        }
    }

    /// Whether each contact has one account in the rows of both.
    fn agree(&self, others: &Self) -> bool {
        let (Self::One(known), Self::One(others)) = (self, others) else { return false };
        others.iter().all(|(contact, account)| known.get(contact).is_none_or(|known| known == account))
    }
}

/// Rows of some columns as bytes: equal ones are equal values, NULL too.
fn rows(columns: &[ArrayRef], places: &UInt32Array) -> Result<Rows> {
    let columns = columns.iter().map(|column| take(column, places, None)).collect::<Result<Vec<_>, _>>()?;
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    Ok(RowConverter::new(fields)?.convert_columns(&columns)?)
}

/// The owners in the files of a table that carry the tag, as far as somebody had to know. Whoever commits holds it.
#[derive(Debug, Default)]
pub(super) struct Register {
    files: HashSet<String>,
    owners: Owners,
}

impl Register {
    /// Whether the files that a change adds to a version may carry the tag: `added` are the owners in them, `inserts` says whether
    /// they have rows that were in none of the removed ones. What can't be read proves nothing.
    pub async fn proves(
        &mut self,
        table: &Arc<Table>,
        at: &Arc<Snapshot>,
        change: &Change,
        added: &Owners,
        inserts: bool,
    ) -> bool {
        let Some(sorting) = at.sorting().filter(|sorting| sorting.determinant().is_some()) else { return false };
        let is_tagged = |file: &Arc<DataFile>| file.is_determined(sorting);
        if !inserts && change.removes.iter().all(is_tagged) {
            return true;
        }
        if change.adds.is_empty() || !matches!(added, Owners::One(_)) {
            return false;
        }
        let removed: HashSet<&str> = change.removes.iter().map(|file| file.path.as_str()).collect();
        let stays = |file: &Arc<DataFile>| is_tagged(file) && !removed.contains(file.path.as_str());
        let beside: Vec<usize> = (0..at.files().len()).filter(|file| stays(&at.files()[*file])).collect();
        if self.agree(table, at, &beside, added).await {
            return true;
        }
        let is_exact = self.files.len() == beside.len();
        if is_exact || matches!(self.owners, Owners::TooMany) {
            return false;
        }
        // Contacts of files that are gone may have stood in the way.
        *self = Self::default();
        self.agree(table, at, &beside, added).await
    }

    /// Takes files that carry the tag.
    pub fn enter(&mut self, files: &[Arc<DataFile>], owners: Owners) {
        self.files.extend(files.iter().map(|file| file.path.clone()));
        self.owners.join(owners);
    }

    async fn agree(&mut self, table: &Arc<Table>, at: &Arc<Snapshot>, beside: &[usize], added: &Owners) -> bool {
        for file in beside {
            let path = &at.files()[*file].path;
            if !self.files.contains(path) {
                match read(table, at, *file).await {
                    Ok(owners) => self.enter(&at.files()[*file..=*file], owners),
                    Err(_) => return false,
                }
            }
        }
        self.owners.agree(added)
    }
}

impl Table {
    /// Reads the files that don't carry the tag, and gives it to them if their rows allow it: files from before there was such a
    /// tag, and those that were written while another file stood in the way.
    pub(super) async fn prove_owners(self: &Arc<Self>) -> Result<()> {
        let at = self.snapshot();
        let Some(sorting) = at.sorting().filter(|sorting| sorting.determinant().is_some()) else { return Ok(()) };
        let untagged: Vec<usize> =
            (0..at.files().len()).filter(|file| !at.files()[*file].is_determined(sorting)).collect();
        if untagged.is_empty() {
            return Ok(());
        }
        let mut owners = Owners::default();
        for file in &untagged {
            if !at.files()[*file].keeps(sorting) {
                return Ok(());
            }
            owners.join(read(self, &at, *file).await?);
            if !matches!(owners, Owners::One(_)) {
                return Ok(());
            }
        }
        let files: Vec<_> = untagged.iter().map(|file| Arc::clone(&at.files()[*file])).collect();
        let staged = self.staged(&at, Operation::Compact, files, Drafts::none(self.target(&at)));
        staged.restating(owners).commit_under(self.write_lock().await).await
    }
}

/// The owners in a file of a version.
async fn read(table: &Arc<Table>, at: &Arc<Snapshot>, file: usize) -> Result<Owners> {
    let mut owners = Owners::default();
    let Some(sorting) = at.sorting() else { return Ok(owners) };
    let columns = sorting.entity().iter().map(|column| at.schema().index_of(column));
    let columns = columns.collect::<Result<Vec<usize>, _>>()?;
    let scan = TableScan::rows(Arc::clone(table), Arc::clone(at)).in_passing();
    let plan = scan.plan(&[file], 1, TableParquetOptions::default(), Some(&columns), None)?;
    let context = TaskContext::default();
    context.runtime_env().register_object_store(table.url.as_ref(), Arc::clone(&table.store));
    let context = Arc::new(context);
    for partition in 0..plan.properties().output_partitioning().partition_count() {
        let mut rows = plan.execute(partition, Arc::clone(&context))?;
        while let Some(batch) = rows.next().await {
            owners.add(&batch?, sorting)?;
        }
    }
    Ok(owners)
}
