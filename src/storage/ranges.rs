//! How the files of a sorted table are read in their order, side by side.
//!
//! ```text
//! file          a-c   d-f   g-k   l-m   n-z        by the first column that rows are sorted by
//! partition     `---- 0 ----'     `---- 1 ----'    Range partitioning with the split point l
//! ```
//!
//! Files of one write never share a value of that column, and NULL, which comes last, has files of its own. Those of several
//! writes may share values: then nothing is said of the order, and
//! whoever needs one sorts.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, SplitPoint};
use datafusion::physical_expr::{LexOrdering, Partitioning, RangePartitioning};

use super::snapshot::{DataFile, Snapshot};

/// Files in their order, in groups of about as many rows, and what that says of the rows.
#[derive(Debug)]
pub(super) struct Ranges {
    /// The files of each partition, by index.
    pub groups: Vec<Vec<usize>>,
    pub ordering: LexOrdering,
    pub partitioning: Partitioning,
}

impl Ranges {
    /// The ranges of some of a version's files; none if they are not in the table's order, or share values of the first
    /// column, or don't say exactly enough.
    pub fn of(at: &Snapshot, files: &[usize], partitions: usize) -> Option<Self> {
        let sorting = at.sorting()?;
        let ordering = sorting.ordering(at.schema())?;
        let record = sorting.record();
        let key = at.schema().index_of(&sorting.columns()[0]).ok()?;
        let ranges = files.iter().map(|index| {
            let file = &at.files()[*index];
            let (low, high) = bounds(file, key).filter(|_| file.sorted_by.as_ref() == Some(&record))?;
            Some(File { index: *index, rows: file.rows()?, low, high })
        });
        let ranges = ranges.collect::<Option<Vec<File>>>().filter(|ranges| !ranges.is_empty())?;
        let (unknown, mut ranges): (Vec<File>, Vec<File>) = ranges.into_iter().partition(|file| file.low.is_null());
        ranges.sort_by(|a, b| a.low.partial_cmp(&b.low).unwrap_or(std::cmp::Ordering::Equal));
        if unknown.len() > 1 || !ranges.windows(2).all(|pair| pair[0].high < pair[1].low) {
            return None;
        }
        let mut groups = if ranges.is_empty() { vec![] } else { balanced(&ranges, partitions) };
        if !unknown.is_empty() {
            groups.push(vec![ranges.len()]);
            ranges.extend(unknown);
        }
        let splits = groups.iter().skip(1).map(|group| SplitPoint::new(vec![ranges[group[0]].low.clone()])).collect();
        let by_key = LexOrdering::new([ordering.first().clone()])?;
        let partitioning = Partitioning::Range(RangePartitioning::try_new(by_key, splits).ok()?);
        let groups = groups.into_iter().map(|group| group.into_iter().map(|place| ranges[place].index).collect());
        Some(Self { groups: groups.collect(), ordering, partitioning })
    }
}

struct File {
    index: usize,
    rows: u64,
    low: ScalarValue,
    high: ScalarValue,
}

/// The exact bounds of a column without NULL, or NULL for one that holds nothing else.
fn bounds(file: &Arc<DataFile>, column: usize) -> Option<(ScalarValue, ScalarValue)> {
    let ColumnStatistics { null_count, min_value, max_value, .. } = file.statistics.column_statistics.get(column)?;
    match (null_count, min_value, max_value) {
        (Precision::Exact(0), Precision::Exact(low), Precision::Exact(high)) => Some((low.clone(), high.clone())),
        (Precision::Exact(nulls), ..) if file.rows() == Some(*nulls as u64) => {
            Some((ScalarValue::Null, ScalarValue::Null))
        }
        _ => None,
    }
}

/// Neighbouring files in as many groups, of about as many rows each; places in the list.
fn balanced(files: &[File], partitions: usize) -> Vec<Vec<usize>> {
    let total: u64 = files.iter().map(|file| file.rows).sum();
    let count = partitions.clamp(1, files.len());
    let mut groups: Vec<Vec<usize>> = vec![vec![]];
    let mut before = 0;
    for (place, file) in files.iter().enumerate() {
        let (group, left) = (groups.len(), files.len() - place);
        let is_due = before + file.rows / 2 >= total * group as u64 / count as u64;
        let must = left <= count - group;
        if place > 0 && group < count && (is_due || must) {
            groups.push(vec![]);
        }
        if let Some(last) = groups.last_mut() {
            last.push(place);
        }
        before += file.rows;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(rows: &[u64], partitions: usize) -> Vec<Vec<usize>> {
        let file = |(index, rows): (usize, &u64)| {
            let bound = ScalarValue::from(index as i64);
            File { index, rows: *rows, low: bound.clone(), high: bound }
        };
        balanced(&rows.iter().enumerate().map(file).collect::<Vec<_>>(), partitions)
    }

    #[test]
    fn neighbours_share_a_partition() {
        assert_eq!(groups(&[1, 1, 1, 1], 2), [vec![0, 1], vec![2, 3]]);
        assert_eq!(groups(&[10, 1, 1, 1], 2), [vec![0], vec![1, 2, 3]]);
        assert_eq!(groups(&[1, 1, 1, 10], 2), [vec![0, 1, 2], vec![3]]);
        assert_eq!(groups(&[5], 4), [vec![0]]);
        assert_eq!(groups(&[1, 1, 1], 3), [vec![0], vec![1], vec![2]]);
    }

    #[test]
    fn no_partition_is_empty_and_none_is_lost() {
        for count in 1..12 {
            for partitions in 1..14 {
                let rows: Vec<u64> = (0..count).map(|i| (i * 7919) % 31).collect();
                let groups = groups(&rows, partitions);
                assert_eq!(groups.len(), partitions.min(count as usize), "{rows:?} in {partitions}");
                assert!(groups.iter().all(|group| !group.is_empty()), "{rows:?} in {partitions}");
                assert_eq!(groups.concat(), (0..count as usize).collect::<Vec<_>>());
            }
        }
    }
}
