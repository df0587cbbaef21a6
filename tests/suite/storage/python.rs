//! Another implementation of the format reads what we write: the Python package `deltalake`, where it is installed.

use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use journeydb::model::instant;
use journeydb::storage::Home;

use super::{stage_delete, stream};

/// Prints the version of the protocol, columns, rows, and the sum of ids: filtered by the reader's own use of our
/// statistics, then without. It leaves by `_exit`, after all is read and printed: the package's threads may otherwise
/// still run while the interpreter takes itself down, which ends the process by `std::terminate` now and then.
const READ: &str = r#"
import os, sys, deltalake
import pyarrow.compute as pc
table = deltalake.DeltaTable(sys.argv[1])
protocol = table.protocol()
rows = table.to_pyarrow_table()
high = table.to_pyarrow_table(filters=[("id", ">=", 60)])
columns = ",".join(f"{field.name}:{field.type}" for field in rows.schema)
nulls = ",".join(str(column.null_count) for column in rows.columns)
print(protocol.min_reader_version, protocol.min_writer_version, columns, rows.num_rows,
      pc.sum(rows["id"]).as_py() or 0, high.num_rows, nulls, flush=True)
os._exit(0)
"#;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8View, true),
        Field::new("at", instant(), false),
    ]))
}

fn rows(schema: &SchemaRef, ids: std::ops::Range<i64>) -> RecordBatch {
    let count = ids.clone().count();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(ids.clone().map(|id| (id % 2 == 0).then(|| format!("name {id}"))).collect::<StringViewArray>()),
        Arc::new(TimestampMicrosecondArray::from_iter_values(ids).with_timezone("UTC")),
    ];
    columns.extend(schema.fields()[3..].iter().map(|field| new_null_array(field.data_type(), count)));
    RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_package_reads_our_tables() {
    let installed = Command::new("python3").args(["-c", "import deltalake, pyarrow"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: python3 has no deltalake and pyarrow (pip install deltalake pyarrow)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = Home::open(folder.path()).await.unwrap();
    let table = home.create_table("journey/interactions", schema()).await.unwrap();
    let read = || {
        let path = folder.path().join("tables/journey/interactions");
        let output = Command::new("python3").args(["-c", READ]).arg(path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let columns = "1 2 id:int64,name:string,at:timestamp[us, tz=UTC]";
    for range in [0..50, 50..100] {
        let staged = table.stage_append(&table.snapshot(), stream(vec![rows(&schema(), range)])).await.unwrap();
        home.commit(vec![staged]).await.unwrap();
    }
    assert_eq!(read(), format!("{columns} 100 4950 40 0,50,0"));
    home.commit(vec![stage_delete(&table, "id % 2 = 1").await.unwrap()]).await.unwrap();
    assert_eq!(read(), format!("{columns} 50 2450 20 0,0,0"));
    let column = Field::new("seen", DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None), true);
    home.commit(vec![table.stage_add_column(&table.snapshot(), column).unwrap()]).await.unwrap();
    let staged = table.stage_append(&table.snapshot(), stream(vec![rows(&table.schema(), 100..101)])).await.unwrap();
    home.commit(vec![staged]).await.unwrap();
    let columns = format!("{columns},seen:timestamp[us, tz=UTC]");
    assert_eq!(read(), format!("{columns} 51 2550 21 0,0,0,51"));
    table.checkpoint().await.unwrap();
    assert_eq!(read(), format!("{columns} 51 2550 21 0,0,0,51"));
    home.vacuum(&table).await.unwrap();
    assert_eq!(table.snapshot().files().len(), 1);
    assert_eq!(read(), format!("{columns} 51 2550 21 0,0,0,51"));
    home.commit(vec![table.stage_truncate(&table.snapshot())]).await.unwrap();
    assert_eq!(read(), format!("{columns} 0 0 0 0,0,0,0"));
}
