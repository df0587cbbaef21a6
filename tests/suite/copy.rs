//! COPY without a wire: bytes cut anywhere are read the same, and what is written is read again as it was.

use std::sync::Arc;

use arrow::array::*;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use bytes::BytesMut;
use journeydb::server::{CopyReader, CopyWriter};
use journeydb::{CopyIn, CopyOptions, Database, Outcome, Session};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

const TYPES: &str = include_str!("../data/copy/types.sql");
const ZONE: &str = "Europe/Berlin";

const FILES: [(&[u8], &str); 5] = [
    (include_bytes!("../data/copy/types.txt"), ""),
    (include_bytes!("../data/copy/types.csv"), "WITH (FORMAT csv, HEADER)"),
    (include_bytes!("../data/copy/types.bin"), "WITH (FORMAT binary)"),
    (include_bytes!("../data/copy/other.txt"), "WITH (DELIMITER ':', NULL 'none', HEADER)"),
    (include_bytes!("../data/copy/other.csv"), "WITH (FORMAT csv, DELIMITER ';', NULL 'nil', QUOTE '''', ESCAPE '/')"),
];

/// A session with the table of all types, empty.
async fn session() -> Session {
    let session = Database::in_memory().await.unwrap().session();
    let (create, _) = TYPES.split_once("INSERT").unwrap();
    execute(&session, create).await;
    session
}

async fn execute(session: &Session, sql: &str) -> Outcome {
    let statement = session.parse(sql).unwrap().remove(0);
    let prepared = session.prepare(&statement, &[]).await.unwrap();
    session.execute(&prepared, vec![]).await.unwrap()
}

async fn copy_in(session: &Session, options: &str) -> CopyIn {
    match execute(session, &format!("COPY types FROM STDIN {options}")).await {
        Outcome::CopyIn(copy) => copy,
        _ => panic!("COPY FROM STDIN waits for rows"),
    }
}

async fn copy_out(session: &Session, options: &str) -> (SchemaRef, CopyOptions) {
    match execute(session, &format!("COPY types TO STDOUT {options}")).await {
        Outcome::CopyOut(copy) => (copy.rows.schema(), copy.options),
        _ => panic!("COPY TO STDOUT gives rows"),
    }
}

/// What is read of pieces.
fn read<'a>(copy: &CopyIn, pieces: impl IntoIterator<Item = &'a [u8]>) -> RecordBatch {
    let mut reader = CopyReader::new(copy, ZONE).unwrap();
    let mut batches = Vec::new();
    for piece in pieces {
        reader.push(piece);
        while let Some(batch) = reader.next().unwrap() {
            batches.push(batch);
        }
    }
    batches.extend(reader.finish().unwrap());
    concat_batches(&reader.schema(), &batches).unwrap()
}

#[tokio::test]
async fn input_may_be_cut_anywhere() {
    let session = session().await;
    for (file, options) in FILES {
        let copy = copy_in(&session, options).await;
        let whole = read(&copy, [file]);
        assert_eq!(whole.num_rows(), 11);
        assert_eq!(read(&copy, file.chunks(1)), whole, "{options}");
        for cut in 0..file.len() {
            assert_eq!(read(&copy, [&file[..cut], &file[cut..]]), whole, "{options} cut at {cut}");
        }
    }
}

#[tokio::test]
async fn ends_of_lines_may_be_cut_anywhere() {
    let session = session().await;
    let text = "1\t2\n3\t\\\\\n4\t\\n\n5\t6\n\\.\nrest";
    let csv = "1,\"a\"\"\n\"\n2,\\.\n\"3\",\"\n\n\"\n\\.\nrest\"";
    for (sql, text, rows) in [("COPY types (id, s) FROM STDIN", text, 4), ("COPY types (id, s) FROM STDIN CSV", csv, 3)]
    {
        let Outcome::CopyIn(copy) = execute(&session, sql).await else { panic!("it waits for rows") };
        for end in ["\n", "\r\n", "\r"] {
            let text = text.replace('\n', end);
            let bytes = text.as_bytes();
            let whole = read(&copy, [bytes]);
            assert_eq!(whole.num_rows(), rows, "{sql} with {end:?}");
            for cut in 0..bytes.len() {
                assert_eq!(read(&copy, [&bytes[..cut], &bytes[cut..]]), whole, "{sql} cut at {cut}");
            }
        }
    }
}

/// Rows of the table, NULL where it may be.
fn batch(schema: SchemaRef) -> impl Strategy<Value = RecordBatch> {
    let row = (
        (any::<i32>(), of(any::<bool>()), of(any::<i16>()), of(any::<i32>()), of(any::<i64>())),
        (of(any::<f32>()), of(any::<f64>()), of(-999_999_999_999i128..=999_999_999_999), of(any::<i64>())),
        (of(text()), of(vec(any::<u8>(), 0..6))),
        // Postgres' dates and times start in 4714 BC.
        (of(-2_440_588i32..=2_145_042_905), of(-210_866_000_000_000_000i64..), of(-210_866_000_000_000_000i64..)),
    );
    vec(row, 1..40).prop_map(move |rows| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(rows.iter().map(|row| Some(row.0.0)).collect::<Int32Array>()),
            Arc::new(rows.iter().map(|row| row.0.1).collect::<BooleanArray>()),
            Arc::new(rows.iter().map(|row| row.0.2).collect::<Int16Array>()),
            Arc::new(rows.iter().map(|row| row.0.3).collect::<Int32Array>()),
            Arc::new(rows.iter().map(|row| row.0.4).collect::<Int64Array>()),
            Arc::new(rows.iter().map(|row| row.1.0).collect::<Float32Array>()),
            Arc::new(rows.iter().map(|row| row.1.1).collect::<Float64Array>()),
            Arc::new(
                rows.iter().map(|row| row.1.2).collect::<Decimal128Array>().with_precision_and_scale(12, 2).unwrap(),
            ),
            Arc::new(
                rows.iter()
                    .map(|row| row.1.3.map(|value| i128::from(value) * 98_765_432_109_876_543))
                    .collect::<Decimal128Array>()
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
            Arc::new(rows.iter().map(|row| row.2.0.as_deref()).collect::<StringViewArray>()),
            Arc::new(rows.iter().map(|row| row.2.1.as_deref()).collect::<BinaryViewArray>()),
            Arc::new(rows.iter().map(|row| row.3.0).collect::<Date32Array>()),
            Arc::new(rows.iter().map(|row| row.3.1).collect::<TimestampMicrosecondArray>()),
            Arc::new(rows.iter().map(|row| row.3.2).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        ];
        RecordBatch::try_new(schema.clone(), columns).unwrap()
    })
}

/// Text of the letters that the formats give a meaning to, and of any others but zero.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        proptest::sample::select("\\.N,;|'\"/\t\n\r\u{8}\u{b} nilä".chars().collect::<Vec<_>>()),
        any::<char>()
    ];
    vec(letter, 0..8).prop_map(|letters| letters.into_iter().filter(|letter| *letter != '\0').collect())
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let session = session().await;
    for options in [
        "",
        "WITH (DELIMITER '|', HEADER)",
        "WITH (FORMAT csv, HEADER)",
        "WITH (FORMAT csv, DELIMITER ';', NULL 'nil', QUOTE '''', ESCAPE '/')",
        "WITH (FORMAT csv, DELIMITER '/', QUOTE '|', ESCAPE '\"')",
        "WITH (FORMAT binary)",
    ] {
        let copy = copy_in(&session, options).await;
        let (schema, options) = copy_out(&session, options).await;
        let writer = CopyWriter::new(&schema, options.clone(), ZONE).unwrap();
        let rows = batch(CopyReader::new(&copy, ZONE).unwrap().schema());
        let mut runner = TestRunner::new(Config::with_cases(40));
        let read_again = |(rows, cut): (RecordBatch, prop::sample::Index)| {
            let mut out = BytesMut::new();
            writer.begin(&mut out);
            let encoded = writer.rows(&rows).unwrap();
            (0..encoded.count).for_each(|row| writer.row(&encoded, row, &mut out).unwrap());
            writer.end(&mut out);
            let (one, other) = out.split_at(cut.index(out.len()));
            prop_assert_eq!(read(&copy, [one, other]), rows);
            Ok(())
        };
        runner
            .run(&(rows, any::<prop::sample::Index>()), read_again)
            .unwrap_or_else(|error| panic!("{options:?}: {error}"));
    }
}

/// Bytes of which many mean something to the formats.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let meaning = b"\\.\"',;|\t\n\r0x\0\x01\xff\xc3PGCOPY".to_vec();
    let byte = prop_oneof![4 => proptest::sample::select(meaning), 1 => any::<u8>()];
    vec(byte, 0..120)
}

#[tokio::test]
async fn any_bytes_are_rows_or_an_error_wherever_they_are_cut() {
    let session = session().await;
    execute(&session, "CREATE TABLE loose (s text, bin bytea)").await;
    for options in ["", "WITH (FORMAT csv)", "WITH (FORMAT csv, QUOTE '''', ESCAPE '|')", "WITH (FORMAT binary)"] {
        let Outcome::CopyIn(copy) = execute(&session, &format!("COPY loose FROM STDIN {options}")).await else {
            panic!("COPY FROM STDIN waits for rows")
        };
        let signature: &[u8] = if options.contains("binary") { b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0" } else { b"" };
        let told = |pieces: [&[u8]; 2]| {
            let mut reader = CopyReader::new(&copy, ZONE)?;
            reader.push(signature);
            let mut rows = 0;
            for piece in pieces {
                reader.push(piece);
                while let Some(batch) = reader.next()? {
                    rows += batch.num_rows();
                }
            }
            Ok::<_, journeydb::Error>(rows + reader.finish()?.map_or(0, |batch| batch.num_rows()))
        };
        let mut runner = TestRunner::new(Config::with_cases(400));
        let cut_anywhere = |(bytes, cut): (Vec<u8>, prop::sample::Index)| {
            let (one, other) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(told([one, other]), told([&bytes, &[]]));
            Ok(())
        };
        runner.run(&(bytes(), any::<prop::sample::Index>()), cut_anywhere).unwrap_or_else(|e| panic!("{options}: {e}"));
    }
}
