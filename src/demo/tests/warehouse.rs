//! A demo's tables in a plain DataFusion context, to be asked in SQL.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;

use crate::demo::{Demo, Plan};
use crate::model::journey_tables;

/// A simulated demo and its rows.
pub(super) struct Warehouse {
    pub(super) demo: Demo,
    context: SessionContext,
}

impl Warehouse {
    pub(super) fn of(plan: Plan) -> Self {
        let demo = Demo::simulate(plan);
        let mut tables: HashMap<&str, Vec<RecordBatch>> = HashMap::new();
        for (name, batch) in demo.batches(8192) {
            tables.entry(name).or_default().push(batch);
        }
        let context = SessionContext::new();
        for definition in journey_tables() {
            let batches = tables.remove(definition.name.as_str()).unwrap_or_default();
            let table = MemTable::try_new(definition.schema(), vec![batches]).unwrap();
            context.register_table(definition.name.as_str(), Arc::new(table)).unwrap();
        }
        Self { demo, context }
    }

    /// The rows of a query whose columns are numbers, NULL as NaN.
    pub(super) fn rows(&self, sql: &str) -> Vec<Vec<f64>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let batches = runtime.block_on(async { self.context.sql(sql).await?.collect().await }).unwrap();
        let mut rows = Vec::new();
        for batch in batches {
            let columns: Vec<_> =
                batch.columns().iter().map(|c| arrow::compute::cast(c, &DataType::Float64).unwrap()).collect();
            for row in 0..batch.num_rows() {
                let value = |column: &Arc<dyn Array>| {
                    if column.is_null(row) { f64::NAN } else { column.as_primitive::<Float64Type>().value(row) }
                };
                rows.push(columns.iter().map(value).collect());
            }
        }
        rows
    }

    /// The only row of a query.
    pub(super) fn row<const N: usize>(&self, sql: &str) -> [f64; N] {
        let rows = self.rows(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].as_slice().try_into().unwrap()
    }

    /// The only number of a query.
    pub(super) fn number(&self, sql: &str) -> f64 {
        self.row::<1>(sql)[0]
    }
}
