//! Writes the rows of many files into fewer, so that tables stay quick to read however small the writes are.
//!
//! Sorted tables: how many files a reader merges is what counts. Files that share values of the first column with others pile up
//! by size: below [`FULL`] rows in classes of four times the rows each, and the full ones among themselves. Where a pile has
//! [`PILE`] files they become one run of files. So a reader merges at most three files of each class and three full ones, and a
//! row is written anew about once per class on its way up, and again whenever three further full files lie over it: about 20
//! rows per new one where writes of 10000 rows go to a table of 20 million. Files that share nothing are joined with their neighbours only: a file over the gap between them would lie over others.
//!
//! Other tables: small files pile up by size in the same way and are put one after the other.
//!
//! One round takes at most [`ROWS`] rows, or what lies over a single value. It reads and writes without a lock. For its commit
//! alone it takes the table's write lock, so that no UPDATE or DELETE that has read the files is refused because of it; and
//! where such a statement was faster, the round's files are dropped.
//! Files of other programs, which claim no order, are brought into it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::config::TableParquetOptions;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlanProperties;
use futures::StreamExt;
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::ranges::Span;
use super::scan::TableScan;
use super::snapshot::{Operation, Snapshot, conflict};
use super::sorting::Sorting;
use super::table::Table;
use super::writer::{Drafts, Files, SORTED_FILE_ROWS, Writer};
use crate::error::{Error, Result};

/// From here on a file of a sorted table is as large as it should be.
const FULL: u64 = SORTED_FILE_ROWS as u64 / 2;
/// Files of a pile that are worth a rewrite in the background.
const PILE: usize = 4;
/// Rows that one round rewrites.
const ROWS: u64 = 8 << 20;
/// Files that one round rewrites.
const FILES: usize = 256;

/// How long work in the background waits for a statement that changes rows.
const PATIENCE: Duration = Duration::from_secs(5);

/// Below these a file of a table without an order is small: a quarter of what it may have.
const SMALL_BYTES: u64 = 32 << 20;
const SMALL_ROWS: u64 = 1 << 20;

/// How much is worth a rewrite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// Piles of [`PILE`] files: each row is rewritten a few times in its life.
    Steady,
    /// All that is small or overlaps.
    Complete,
}

impl Effort {
    fn pile(self) -> usize {
        match self {
            Self::Steady => PILE,
            Self::Complete => 2,
        }
    }

    /// The class of a size: from one to the next it is four times as much.
    fn class(self, size: u64, least: u64) -> u32 {
        match self {
            Self::Steady => (size / least).checked_ilog(4).map_or(0, |class| class + 1),
            Self::Complete => 0,
        }
    }
}

impl Table {
    /// One round: false if nothing is worth one. 40001 if another statement changed the same files first.
    pub(super) async fn compact(self: &Arc<Self>, effort: Effort) -> Result<bool> {
        let at = self.snapshot();
        let Some(group) = self.worth_joining(&at, effort) else { return Ok(false) };
        // A block that changes rows may take its time: there is no use in work that would have to wait for it.
        drop(self.turn_to_write(effort).await?);
        let drafts = self.rewritten(&at, &group).await?;
        let removes: Vec<_> = group.iter().map(|index| Arc::clone(&at.files()[*index])).collect();
        let before: Option<u64> = removes.iter().map(|file| file.rows()).sum();
        let after: Option<u64> = drafts.files().iter().map(|file| file.rows()).sum();
        if before.is_some() && before != after {
            return Err(Error::internal(format!("{before:?} rows became {after:?} when files were joined")));
        }
        let staged = self.staged(&at, Operation::Compact, removes, drafts);
        let writing = self.turn_to_write(effort).await?;
        staged.commit_under(writing).await?;
        Ok(true)
    }

    /// The write lock; 40001 where work in the background would have to wait long for it.
    async fn turn_to_write(&self, effort: Effort) -> Result<OwnedMutexGuard<()>> {
        match effort {
            Effort::Steady => timeout(PATIENCE, self.write_lock()).await.map_err(|_| conflict("rows are changed")),
            Effort::Complete => Ok(self.write_lock().await),
        }
    }

    /// The files that are to become fewer, by index; none if nothing is worth it. Those of a version that a block reads are not
    /// joined with others: it must find its rows, and no other ones, in the files that follow, or it could not change them.
    pub(super) fn worth_joining(&self, at: &Snapshot, effort: Effort) -> Option<Vec<usize>> {
        let read: Vec<_> = self.entered().iter().map(|version| self.followed(version)).collect();
        let mut classes: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
        for (index, file) in at.files().iter().enumerate() {
            let class = read.iter().map(|version| version.holds(&file.path)).collect();
            classes.entry(class).or_default().push(index);
        }
        classes.into_values().find_map(|class| {
            let group = choose(&at.part(&class), effort)?;
            Some(group.into_iter().map(|place| class[place]).collect())
        })
    }

    /// The rows of some files in new ones.
    async fn rewritten(self: &Arc<Self>, at: &Arc<Snapshot>, group: &[usize]) -> Result<Drafts> {
        let scan = TableScan::rows(Arc::clone(self), Arc::clone(at)).in_passing();
        let plan = scan.plan(group, 1, TableParquetOptions::default(), None, None)?;
        let context = TaskContext::default();
        context.runtime_env().register_object_store(self.url.as_ref(), Arc::clone(&self.store));
        let context = Arc::new(context);
        let in_order = plan.output_ordering().is_some();
        let mut writer = match at.sorting() {
            Some(sorting) if in_order => {
                Rewrite::InOrder(Box::new(Files::new(self.target(at))), at.schema().index_of(&sorting.columns()[0])?)
            }
            _ => Rewrite::Anyhow(Writer::new(self.target(at))?),
        };
        for partition in 0..plan.output_partitioning().partition_count() {
            let mut rows = plan.execute(partition, Arc::clone(&context))?;
            while let Some(batch) = rows.next().await {
                if self.is_closed() {
                    return Err(conflict("the table was dropped or rebuilt"));
                }
                match &mut writer {
                    Rewrite::InOrder(files, key) => files.write_sorted(batch?, *key).await?,
                    Rewrite::Anyhow(writer) => writer.write(batch?).await?,
                }
                tokio::task::yield_now().await;
            }
        }
        match writer {
            Rewrite::InOrder(files, _) => files.finish().await,
            Rewrite::Anyhow(writer) => writer.finish().await,
        }
    }
}

/// Where the rows of a round go.
enum Rewrite {
    /// They come in the table's order.
    InOrder(Box<Files>, usize),
    /// They are sorted first, if the table has an order.
    Anyhow(Writer),
}

/// The files of a version that are to become fewer, by index.
fn choose(at: &Snapshot, effort: Effort) -> Option<Vec<usize>> {
    match at.sorting() {
        Some(sorting) => choose_sorted(at, sorting, effort),
        None => choose_small(at, effort),
    }
}

fn choose_small(at: &Snapshot, effort: Effort) -> Option<Vec<usize>> {
    let rows = |file: usize| at.files()[file].rows().unwrap_or_default();
    let size = |file: usize| at.files()[file].size;
    let small = (0..at.files().len()).filter(|file| size(*file) < SMALL_BYTES && rows(*file) < SMALL_ROWS);
    let mut group = piled(small.map(|file| (file, size(file))).collect(), 1 << 20, effort)?;
    group.sort_unstable();
    Some(bounded(group, rows))
}

fn choose_sorted(at: &Snapshot, sorting: &Sorting, effort: Effort) -> Option<Vec<usize>> {
    let rows = |file: usize| at.files()[file].rows().unwrap_or_default();
    let (ours, foreign): (Vec<usize>, Vec<usize>) =
        (0..at.files().len()).partition(|file| at.files()[*file].keeps(sorting));
    if !foreign.is_empty() {
        return Some(bounded(foreign, rows));
    }
    let spans: Vec<Option<Span>> = ours.iter().map(|file| Span::of(at, *file)).collect();
    // Texts too long to be recorded whole: nobody knows what overlaps.
    let vague = ours.iter().zip(&spans).filter(|(file, span)| span.is_none() && rows(**file) < FULL);
    if let Some(group) = piled(vague.map(|(file, _)| (*file, rows(*file))).collect(), FULL >> 6, effort) {
        return Some(bounded(group, rows));
    }
    let (unknown, mut known): (Vec<Span>, Vec<Span>) = spans.into_iter().flatten().partition(|span| span.low.is_null());
    if unknown.len() >= effort.pile() {
        return Some(bounded(unknown.iter().map(|span| span.place).collect(), rows));
    }
    known.sort_by(|a, b| a.low.partial_cmp(&b.low).unwrap_or(std::cmp::Ordering::Equal));
    let group = choose_known(&known, effort)?;
    Some(bounded(group.iter().map(|at| known[*at].place).collect(), rows))
}

/// Among files with bounds, in the order of their lower ones; places in the list.
fn choose_known(files: &[Span], effort: Effort) -> Option<Vec<usize>> {
    let overlaps = overlapping(files);
    let small = |at: &usize| files[*at].rows < FULL;
    if effort == Effort::Steady {
        let wide = (0..files.len()).filter(|at| overlaps[*at]).filter(small);
        if let Some(group) = piled(wide.map(|at| (at, files[at].rows)).collect(), FULL >> 6, effort) {
            return Some(group);
        }
    }
    let alone: Vec<usize> = (0..files.len()).filter(|at| small(at) && !overlaps[*at]).collect();
    let neighbours = alone.chunk_by(|a, b| a + 1 == *b).find(|files| files.len() >= effort.pile());
    neighbours.map(<[usize]>::to_vec).or_else(|| {
        let deep = (0..files.len()).filter(|at| effort == Effort::Complete || !small(at));
        stacked(files, &deep.collect::<Vec<_>>(), effort.pile())
    })
}

/// Whether each file shares values with another.
fn overlapping(files: &[Span]) -> Vec<bool> {
    let mut overlaps = vec![false; files.len()];
    let mut furthest: Option<usize> = None;
    for at in 0..files.len() {
        if let Some(before) = furthest
            && files[before].high >= files[at].low
        {
            overlaps[before] = true;
            overlaps[at] = true;
        }
        if furthest.is_none_or(|before| files[before].high < files[at].high) {
            furthest = Some(at);
        }
    }
    overlaps
}

/// The first files that lie over one value, as many as a pile, and with them the following ones that they overlap, as far as a
/// round goes: what lies before the first that is left out shares nothing any more.
fn stacked(files: &[Span], among: &[usize], pile: usize) -> Option<Vec<usize>> {
    let mut stack: Vec<usize> = vec![];
    for (place, at) in among.iter().enumerate() {
        stack.retain(|below| files[*below].high >= files[*at].low);
        stack.push(*at);
        if stack.len() >= pile {
            let end = stack
                .iter()
                .map(|at| &files[*at].high)
                .max_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))?;
            let mut rows: u64 = stack.iter().map(|at| files[*at].rows).sum();
            let following = among[place + 1..].iter().take_while(|at| {
                rows += files[**at].rows;
                files[**at].low <= *end && rows <= ROWS
            });
            let following: Vec<usize> = following.copied().collect();
            return Some([stack.clone(), following].concat());
        }
    }
    None
}

/// The files of the first class that holds a pile, and of all classes below: places and sizes in, places out.
fn piled(mut files: Vec<(usize, u64)>, least: u64, effort: Effort) -> Option<Vec<usize>> {
    files.sort_by_key(|(_, size)| *size);
    let mut seen = 0;
    for class in files.chunk_by(|a, b| effort.class(a.1, least) == effort.class(b.1, least)) {
        seen += class.len();
        if class.len() >= effort.pile() {
            return Some(files[..seen].iter().map(|(place, _)| *place).collect());
        }
    }
    None
}

/// As many of the files as a round takes, and two at least.
fn bounded(files: Vec<usize>, rows: impl Fn(usize) -> u64) -> Vec<usize> {
    let mut total = 0;
    let kept = files.iter().enumerate().take_while(|(count, file)| {
        total += rows(**file);
        *count < 2 || (*count < FILES && total <= ROWS)
    });
    kept.map(|(_, file)| *file).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use datafusion::common::ScalarValue;
    use proptest::prelude::*;

    use super::*;

    /// A file as its rows by key.
    type File = BTreeMap<i64, u64>;

    const KEYS: i64 = 2048;

    fn even(low: i64, high: i64, rows: u64) -> File {
        (low..=high).map(|key| (key, (rows / (high - low + 1) as u64).max(1))).collect()
    }

    fn span(low: i64, high: i64, rows: u64) -> Span {
        Span { place: 0, rows, low: ScalarValue::from(low), high: ScalarValue::from(high) }
    }

    fn spans(files: &[File]) -> Vec<Span> {
        let ends = |file: &File| Some((*file.first_key_value()?.0, *file.last_key_value()?.0));
        let span = |file: &File| ends(file).map(|(low, high)| span(low, high, file.values().sum()));
        files.iter().filter_map(span).collect()
    }

    /// What a round makes of files: all their rows, in files of the usual size.
    fn joined<'a>(files: impl Iterator<Item = &'a File>) -> Vec<File> {
        let mut all = File::new();
        files.flatten().for_each(|(key, rows)| *all.entry(*key).or_default() += rows);
        let mut cut: Vec<File> = vec![File::new()];
        let mut rows = 0;
        for (key, count) in all {
            if rows >= SORTED_FILE_ROWS as u64 {
                cut.push(File::new());
                rows = 0;
            }
            rows += count;
            cut.last_mut().unwrap().insert(key, count);
        }
        cut
    }

    /// Rounds until nothing is worth one; the rows that were rewritten.
    fn settle(files: &mut Vec<File>, effort: Effort) -> u64 {
        let mut rewritten = 0;
        for _ in 0..10_000 {
            files.sort_by_key(|file| file.first_key_value().map(|(key, _)| *key));
            let spans = spans(files);
            let Some(group) = choose_known(&spans, effort) else { return rewritten };
            let group = bounded(group, |at| spans[at].rows);
            assert!(group.len() > 1, "a file alone becomes no better");
            rewritten += group.iter().map(|at| spans[*at].rows).sum::<u64>();
            let new = joined(group.iter().map(|at| &files[*at]));
            let kept = files.iter().enumerate().filter(|(at, _)| !group.contains(at)).map(|(_, file)| file.clone());
            *files = kept.chain(new).collect();
        }
        panic!("it doesn't end: {} files", files.len());
    }

    /// The most files that lie over one key.
    fn depth(files: &[File]) -> usize {
        let spans = spans(files);
        let over = |at: &Span| spans.iter().filter(|file| file.low <= at.low && at.low <= file.high).count();
        spans.iter().map(over).max().unwrap_or_default()
    }

    /// A table of 20 million rows gets 1000 writes of about 10000 over all of its keys.
    #[test]
    fn small_writes_cost_a_bounded_number_of_rewrites_and_layers() {
        let mut files = joined([even(0, KEYS - 1, 20_000_000)].iter());
        let (mut rewritten, mut deepest) = (0, 0);
        for write in 0..1000_i64 {
            files.push(even(write % 7, KEYS - 1 - write % 11, 10_240));
            rewritten += settle(&mut files, Effort::Steady);
            deepest = deepest.max(depth(&files));
        }
        assert!(deepest <= 15, "{deepest} layers");
        let factor = rewritten as f64 / 10_000_000.0;
        assert!(factor < 25.0, "each new row cost {factor} rows");
        settle(&mut files, Effort::Complete);
        assert_eq!(depth(&files), 1);
    }

    #[test]
    fn files_that_share_nothing_are_joined_with_neighbours_only() {
        let large = |at: i64| span(at * 100, at * 100 + 99, 500_000);
        let small = |at: i64| span(at * 100, at * 100 + 99, 10);
        let apart = [small(0), large(1), small(2), large(3), small(4), large(5), small(6), large(7), small(8)];
        assert_eq!(choose_known(&apart, Effort::Steady), None);
        assert_eq!(choose_known(&apart, Effort::Complete), None);
        let together = [large(0), small(1), small(2), small(3), small(4), large(5)];
        assert_eq!(choose_known(&together, Effort::Steady), Some(vec![1, 2, 3, 4]));
        assert_eq!(choose_known(&together[..3], Effort::Steady), None);
        assert_eq!(choose_known(&together[..3], Effort::Complete), Some(vec![1, 2]));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rounds_end_and_leave_little_to_merge(
            writes in proptest::collection::vec((0..KEYS, 1..KEYS, 1..2_000_000_u64), 1..40),
        ) {
            let mut files: Vec<File> = vec![];
            for (low, width, rows) in writes {
                files.extend(joined([even(low, (low + width).min(KEYS - 1), rows)].iter()));
                settle(&mut files, Effort::Steady);
                prop_assert!(depth(&files) <= 15);
            }
            let before: u64 = files.iter().flat_map(|file| file.values()).sum();
            settle(&mut files, Effort::Complete);
            prop_assert_eq!(depth(&files), 1);
            prop_assert_eq!(files.iter().flat_map(|file| file.values()).sum::<u64>(), before);
        }
    }
}
