//! A sequence as a relation that can be read: one row, of where it stands.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, BooleanArray, Int64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::record::Sequence;
use super::sequences::SessionSequences;

/// `SELECT * FROM s`; what it says is as of the scan.
pub(super) struct SequenceRelation {
    /// The sequence's object id.
    pub oid: u32,
    /// How it counts.
    pub sequence: Sequence,
    /// Who knows where it stands.
    pub stands: Arc<SessionSequences>,
}

static COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("last_value", DataType::Int64, false),
        Field::new("log_cnt", DataType::Int64, false),
        Field::new("is_called", DataType::Boolean, false),
    ]))
});

impl std::fmt::Debug for SequenceRelation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SequenceRelation").field("oid", &self.oid).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for SequenceRelation {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&COLUMNS)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (stand, ahead) = self.stands.stand(self.oid, &self.sequence);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![stand.value])),
            Arc::new(Int64Array::from(vec![ahead as i64])),
            Arc::new(BooleanArray::from(vec![stand.is_called])),
        ];
        let row = RecordBatch::try_new(self.schema(), columns)?;
        Ok(MemorySourceConfig::try_new_exec(&[vec![row]], self.schema(), projection.cloned())?)
    }
}
