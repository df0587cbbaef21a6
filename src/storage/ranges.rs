//! Which partition of a sorted table's scan reads which files, so that each is in the table's order and no two share a value of
//! the first column.
//!
//! ```text
//! by the first column      a-c   d-f   g-k   l-m   n-z      files of one write share no value
//!                             c-e               o           of a later one, small
//! partition                `----- 0 ----'    `--- 1 ---'    Range partitioning with the split point l
//! layers of 0              a-c   d-f   g-k  |  c-e          merged
//! ```
//!
//! Files of one write never share a value of that column, and NULL, which comes last, has files of its own. Files of several
//! writes may. Those of a partition are dealt into layers whose files share none; one layer is read file after file, several
//! are merged. Split points are first values of files, chosen so that few rows lie in files that cross one: such a file is read
//! by each partition that it reaches, and each keeps the rows between its own two split points.
//!
//! More than [`LAYERS`] layers say that many small writes came in at once: a sort of all is no slower than such a merge, so
//! nothing is said of the order until compaction has run.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, SplitPoint};
use datafusion::physical_expr::{LexOrdering, Partitioning, RangePartitioning};

use super::snapshot::{DataFile, Snapshot};

/// The most layers that a partition merges.
const LAYERS: usize = 16;

/// How files are read in the table's order, side by side, and what that says of the rows.
#[derive(Debug)]
pub(super) struct Ranges {
    /// One per partition.
    pub ranges: Vec<Range>,
    /// Over the table's columns.
    pub ordering: LexOrdering,
    pub partitioning: Partitioning,
}

/// The rows of one partition: those whose value of the first column is at least `low` and below `high`, as far as there are such
/// bounds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Range {
    pub low: Option<ScalarValue>,
    pub high: Option<ScalarValue>,
    /// Files that share no value, in their order.
    pub layers: Vec<Vec<Part>>,
}

/// A file, by its place in the list that ranges were made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub file: usize,
    /// Whether it holds rows of other partitions too.
    pub crosses: bool,
}

impl Ranges {
    /// The ranges of some of a version's files; none if they are not in the table's order, don't say exactly enough, or are not
    /// worth merging.
    pub fn of(at: &Snapshot, files: &[usize], partitions: usize) -> Option<Self> {
        let sorting = at.sorting()?;
        let ordering = sorting.ordering(at.schema())?;
        let key = at.schema().index_of(&sorting.columns()[0]).ok()?;
        let spans =
            files.iter().enumerate().map(|(place, index)| Span::of(at, *index).map(|span| Span { place, ..span }));
        let spans = spans.collect::<Option<Vec<Span>>>().filter(|spans| !spans.is_empty())?;
        let (unknown, known): (Vec<Span>, Vec<Span>) = spans.into_iter().partition(|span| span.low.is_null());
        let mut ranges = dealt(known, partitions);
        let merges = ranges.iter().any(Range::is_merged);
        if merges && !is_exact(at.schema().field(key).data_type()) {
            return None;
        }
        let mut splits: Vec<ScalarValue> = ranges.iter().filter_map(|range| range.low.clone()).collect();
        if !unknown.is_empty() {
            splits.extend((!ranges.is_empty()).then_some(ScalarValue::Null));
            let layers = unknown.iter().map(|span| vec![Part { file: span.place, crosses: false }]);
            ranges.push(Range { low: None, high: None, layers: layers.collect() });
        }
        if ranges.iter().any(|range| range.layers.len() > LAYERS) {
            return None;
        }
        let splits = splits.into_iter().map(|split| SplitPoint::new(vec![split])).collect();
        let by_key = LexOrdering::new([ordering.first().clone()])?;
        let partitioning = Partitioning::Range(RangePartitioning::try_new(by_key, splits).ok()?);
        Some(Self { ranges, ordering, partitioning })
    }

    /// The files of each partition, by place, if it only has to read one after the other.
    pub fn groups(&self) -> Option<Vec<Vec<usize>>> {
        let groups = self.ranges.iter().map(|range| match range.layers.as_slice() {
            [layer] if !range.is_merged() => Some(layer.iter().map(|part| part.file).collect()),
            _ => None,
        });
        groups.collect()
    }
}

impl Range {
    /// Whether it is more than files one after the other.
    pub fn is_merged(&self) -> bool {
        self.layers.len() > 1 || self.layers.iter().flatten().any(|part| part.crosses)
    }
}

/// What a file in the table's order holds of the first column.
pub(super) struct Span {
    /// In a list of files.
    pub place: usize,
    pub rows: u64,
    /// NULL, as `high` is, if it holds nothing else.
    pub low: ScalarValue,
    pub high: ScalarValue,
}

impl Span {
    /// Of a version's file; none if it is not in the table's order or doesn't say exactly enough.
    pub fn of(at: &Snapshot, file: usize) -> Option<Self> {
        let sorting = at.sorting()?;
        let key = at.schema().index_of(&sorting.columns()[0]).ok()?;
        let place = file;
        let file = at.files().get(file).filter(|file| file.keeps(sorting))?;
        let (low, high) = bounds(file, key)?;
        Some(Self { place, rows: file.rows()?, low, high })
    }
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

/// Whether values compare as sorting does; of floating point numbers the two zeros are one value here and two there.
fn is_exact(data_type: &DataType) -> bool {
    !data_type.is_floating()
}

/// Files without NULL as ranges of about as many rows each, none of them empty.
fn dealt(mut spans: Vec<Span>, partitions: usize) -> Vec<Range> {
    spans.sort_by(|a, b| a.low.partial_cmp(&b.low).unwrap_or(std::cmp::Ordering::Equal));
    let splits = splits(&spans, partitions);
    let lows = std::iter::once(None).chain(splits.iter().cloned().map(Some));
    let highs = splits.iter().cloned().map(Some).chain([None]);
    let ranges = lows.zip(highs).map(|(low, high)| {
        let layers = layers(&spans, low.as_ref(), high.as_ref());
        Range { low, high, layers }
    });
    ranges.filter(|range| !range.layers.is_empty()).collect()
}

/// The files of a range in as few layers as there can be: each goes to the first whose last file ends before it. `spans` are in the
/// order of their lower bounds.
fn layers(spans: &[Span], low: Option<&ScalarValue>, high: Option<&ScalarValue>) -> Vec<Vec<Part>> {
    let mut layers: Vec<(&ScalarValue, Vec<Part>)> = vec![];
    for span in spans {
        let (before, after) = (low.is_some_and(|low| span.high < *low), high.is_some_and(|high| span.low >= *high));
        if before || after {
            continue;
        }
        let crosses = low.is_some_and(|low| span.low < *low) || high.is_some_and(|high| span.high >= *high);
        let part = Part { file: span.place, crosses };
        match layers.iter_mut().find(|(end, _)| **end < span.low) {
            Some((end, parts)) => {
                *end = &span.high;
                parts.push(part);
            }
            None => layers.push((&span.high, vec![part])),
        }
    }
    layers.into_iter().map(|(_, parts)| parts).collect()
}

/// First values of files that cut the rows into about as many ranges. At each, the rows of files that cross it are at most half
/// of those of a range; where there are too few such values, fewer and larger ranges.
fn splits(spans: &[Span], partitions: usize) -> Vec<ScalarValue> {
    let total: u64 = spans.iter().map(|span| span.rows).sum();
    let mut ends: Vec<&Span> = spans.iter().collect();
    ends.sort_by(|a, b| a.high.partial_cmp(&b.high).unwrap_or(std::cmp::Ordering::Equal));
    let (mut begun, mut ended, mut at_end) = (0, 0, 0);
    let mut candidates: Vec<Candidate> = vec![];
    for span in spans {
        while ends.get(at_end).is_some_and(|end| end.high < span.low) {
            ended += ends[at_end].rows;
            at_end += 1;
        }
        if candidates.last().is_none_or(|last| last.value < &span.low) {
            candidates.push(Candidate { value: &span.low, crossing: begun - ended, before: (begun + ended) / 2 });
        }
        begun += span.rows;
    }
    let mut wanted = partitions.max(1);
    loop {
        let good = |candidate: &&Candidate| candidate.crossing * 2 * wanted as u64 <= total;
        let kept: Vec<&Candidate> = candidates.iter().filter(good).collect();
        if wanted == 1 || kept.len() >= wanted.min(candidates.len()) {
            let next = kept.iter().skip(1).map(|candidate| candidate.before).chain([total]);
            let rows: Vec<u64> = kept.iter().zip(next).map(|(candidate, next)| next - candidate.before).collect();
            let groups = balanced(&rows, wanted);
            return groups.iter().skip(1).map(|group| kept[group[0]].value.clone()).collect();
        }
        wanted /= 2;
    }
}

/// A place to split at.
struct Candidate<'a> {
    value: &'a ScalarValue,
    /// Rows of the files that hold values on both sides.
    crossing: u64,
    /// Rows below, about.
    before: u64,
}

/// Neighbouring blocks of rows in as many groups, of about as many rows each; places in the list.
fn balanced(blocks: &[u64], partitions: usize) -> Vec<Vec<usize>> {
    let total: u64 = blocks.iter().sum();
    let count = partitions.clamp(1, blocks.len().max(1));
    let mut groups: Vec<Vec<usize>> = vec![vec![]];
    let mut before = 0;
    for (place, rows) in blocks.iter().enumerate() {
        let (group, left) = (groups.len(), blocks.len() - place);
        let is_due = before + rows / 2 >= total * group as u64 / count as u64;
        let must = left <= count - group;
        if place > 0 && group < count && (is_due || must) {
            groups.push(vec![]);
        }
        if let Some(last) = groups.last_mut() {
            last.push(place);
        }
        before += rows;
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_share_a_partition() {
        assert_eq!(balanced(&[1, 1, 1, 1], 2), [vec![0, 1], vec![2, 3]]);
        assert_eq!(balanced(&[10, 1, 1, 1], 2), [vec![0], vec![1, 2, 3]]);
        assert_eq!(balanced(&[1, 1, 1, 10], 2), [vec![0, 1, 2], vec![3]]);
        assert_eq!(balanced(&[5], 4), [vec![0]]);
        assert_eq!(balanced(&[1, 1, 1], 3), [vec![0], vec![1], vec![2]]);
    }

    #[test]
    fn no_partition_is_empty_and_none_is_lost() {
        for count in 1..12 {
            for partitions in 1..14 {
                let rows: Vec<u64> = (0..count).map(|i| (i * 7919) % 31).collect();
                let groups = balanced(&rows, partitions);
                assert_eq!(groups.len(), partitions.min(count as usize), "{rows:?} in {partitions}");
                assert!(groups.iter().all(|group| !group.is_empty()), "{rows:?} in {partitions}");
                assert_eq!(groups.concat(), (0..count as usize).collect::<Vec<_>>());
            }
        }
    }

    fn spans(files: &[(i64, i64, u64)]) -> Vec<Span> {
        let span = |(place, (low, high, rows)): (usize, &(i64, i64, u64))| Span {
            place,
            rows: *rows,
            low: ScalarValue::from(*low),
            high: ScalarValue::from(*high),
        };
        files.iter().enumerate().map(span).collect()
    }

    fn part(file: usize, crosses: bool) -> Part {
        Part { file, crosses }
    }

    #[test]
    fn large_files_say_where_to_split_and_small_ones_cross() {
        // Two large files side by side, and a small one over both.
        let ranges = dealt(spans(&[(0, 49, 1000), (50, 99, 1000), (20, 70, 10)]), 2);
        let split = Some(ScalarValue::from(50_i64));
        assert_eq!(
            ranges,
            [
                Range { low: None, high: split.clone(), layers: vec![vec![part(0, false)], vec![part(2, true)]] },
                Range { low: split, high: None, layers: vec![vec![part(2, true)], vec![part(1, false)]] },
            ]
        );
        // Two large ones over each other: one partition reads both.
        let ranges = dealt(spans(&[(0, 90, 1000), (10, 99, 1000)]), 2);
        assert_eq!(ranges, [Range { low: None, high: None, layers: vec![vec![part(0, false)], vec![part(1, false)]] }]);
        // A shared end is an overlap.
        let ranges = dealt(spans(&[(0, 50, 10), (50, 99, 10)]), 1);
        assert_eq!(ranges[0].layers.len(), 2);
        // Too many crossing rows for eight ranges, few enough for two.
        let ranges = dealt(spans(&[(0, 49, 1000), (50, 99, 1000), (20, 70, 200)]), 8);
        assert_eq!(ranges.len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Every value of every file is read by exactly one partition, in a layer whose files share no value.
        #[test]
        fn each_value_is_read_once(
            files in proptest::collection::vec((0..60_i64, 0..20_i64, 1..2000_u64), 1..14),
            partitions in 1..6_usize,
        ) {
            let files: Vec<_> = files.iter().map(|(low, length, rows)| (*low, low + length, *rows)).collect();
            let ranges = dealt(spans(&files), partitions);
            prop_assert!(ranges.len() <= partitions);
            for (place, (low, high, _)) in files.iter().enumerate() {
                for value in *low..=*high {
                    let scalar = ScalarValue::from(value);
                    let readers = ranges.iter().flat_map(|range| {
                        let inside = range.low.as_ref().is_none_or(|low| *low <= scalar)
                            && range.high.as_ref().is_none_or(|high| scalar < *high);
                        let parts = range.layers.iter().flatten().filter(|part| part.file == place);
                        parts.filter(move |part| inside || !part.crosses).map(move |_| inside)
                    });
                    prop_assert_eq!(readers.collect::<Vec<_>>(), vec![true], "{} of file {}", value, place);
                }
            }
            for layer in ranges.iter().flat_map(|range| &range.layers) {
                prop_assert!(layer.windows(2).all(|pair| files[pair[0].file].1 < files[pair[1].file].0));
            }
        }
    }
}
