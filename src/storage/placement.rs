//! Checks that rows are in the order that their file will claim. Readers trust the claim: a row out of place would be missing from
//! answers without a word.

use std::cmp::Ordering;

use arrow::array::{ArrayRef, DynComparator, make_comparator};
use arrow::compute::SortOptions;
use arrow::record_batch::RecordBatch;

use super::sorting::Sorting;
use crate::error::{Error, Result};

/// Compares each row with the one before it.
#[derive(Debug, Default)]
pub(super) struct Placement {
    /// The columns of the order, in the last row so far.
    last: Vec<ArrayRef>,
}

impl Placement {
    /// Takes the next rows of a table with an order; XX000 if one belongs before its predecessor.
    pub fn check(&mut self, batch: &RecordBatch, sorting: Option<&Sorting>) -> Result<()> {
        let columns = sorting.into_iter().flat_map(Sorting::columns).map(|name| batch.column_by_name(name).cloned());
        let columns: Vec<ArrayRef> = columns.flatten().collect();
        let rows = batch.num_rows();
        if rows == 0 {
            return Ok(());
        }
        if !self.last.is_empty() {
            let across = comparators(&self.last, &columns)?;
            keeps(&across, 0, 0)?;
        }
        let within = comparators(&columns, &columns)?;
        (1..rows).try_for_each(|row| keeps(&within, row - 1, row))?;
        self.last = columns.iter().map(|column| column.slice(rows - 1, 1)).collect();
        Ok(())
    }
}

fn comparators(before: &[ArrayRef], after: &[ArrayRef]) -> Result<Vec<DynComparator>> {
    let options = SortOptions { descending: false, nulls_first: false };
    let columns = before.iter().zip(after).map(|(before, after)| make_comparator(before, after, options));
    Ok(columns.collect::<Result<_, _>>()?)
}

fn keeps(columns: &[DynComparator], before: usize, after: usize) -> Result<()> {
    let order = columns.iter().map(|column| column(before, after)).find(|order| order.is_ne());
    match order {
        Some(Ordering::Greater) => Err(Error::internal("rows are out of their table's order; none of them was kept")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringViewArray};
    use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
    use futures::TryStreamExt;
    use object_store::ObjectStore;
    use object_store::memory::InMemory;
    use object_store::path::Path;

    use super::*;
    use crate::storage::writer::{Files, Target};

    fn schema() -> SchemaRef {
        let nullable = |name: &str, data_type| Field::new(name, data_type, true);
        Arc::new(Schema::new(vec![nullable("n", DataType::Int64), nullable("account", DataType::Utf8View)]))
    }

    fn batch(rows: &[(Option<&str>, Option<i64>)]) -> RecordBatch {
        let numbers: Int64Array = rows.iter().map(|(_, n)| *n).collect();
        let accounts: StringViewArray = rows.iter().map(|(account, _)| *account).collect();
        RecordBatch::try_new(schema(), vec![Arc::new(numbers), Arc::new(accounts)]).unwrap()
    }

    /// Writes batches as sorted files, and tells whether they were taken and how many files are left.
    async fn write(batches: &[RecordBatch]) -> (Result<()>, usize) {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let sorting = Sorting::new(vec!["account".into(), "n".into()], &schema()).unwrap();
        let target =
            Target { store: Arc::clone(&store), folder: Path::from("t"), schema: schema(), sorting: Some(sorting) };
        let write = async {
            let mut files = Files::new(target);
            for batch in batches {
                files.write_sorted(batch.clone(), 1).await?;
            }
            files.finish().await
        };
        let written = write.await.map(|drafts| drop(drafts.keep()));
        tokio::task::yield_now().await;
        (written, store.list(None).try_collect::<Vec<_>>().await.unwrap().len())
    }

    #[tokio::test]
    async fn rows_out_of_order_are_refused_within_a_batch_and_across() {
        let (a, b) = (Some("a"), Some("b"));
        let in_order =
            [batch(&[(a, Some(1)), (a, Some(1)), (a, Some(2))]), batch(&[(a, None), (b, Some(0)), (None, Some(0))])];
        let (written, files) = write(&in_order).await;
        written.unwrap();
        assert_eq!(files, 2, "NULL has a file of its own");
        for misordered in [
            vec![batch(&[(b, Some(1)), (a, Some(2))])],
            vec![batch(&[(a, Some(2)), (a, Some(1))])],
            vec![batch(&[(None, Some(1)), (a, Some(1))])],
            vec![batch(&[(a, None), (a, Some(1))])],
            vec![batch(&[(b, Some(1))]), batch(&[]), batch(&[(a, Some(1))])],
            vec![batch(&[(a, Some(2))]), batch(&[(a, Some(1))])],
        ] {
            let (written, files) = write(&misordered).await;
            assert!(written.unwrap_err().message().starts_with("rows are out of their table's order"));
            assert_eq!(files, 0);
        }
    }
}
