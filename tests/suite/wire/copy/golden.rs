//! Files that PostgreSQL 15 wrote: `tests/data/copy/types.sql` says how.

use super::super::{Served, rows};
use super::{copy_in, copy_out};

const TYPES: &str = include_str!("../../../data/copy/types.sql");

/// A file, and the options it was written with and is read with.
const FILES: [(&[u8], &str); 5] = [
    (include_bytes!("../../../data/copy/types.txt"), ""),
    (include_bytes!("../../../data/copy/types.csv"), "WITH (FORMAT csv, HEADER)"),
    (include_bytes!("../../../data/copy/types.bin"), "WITH (FORMAT binary)"),
    (include_bytes!("../../../data/copy/other.txt"), "WITH (DELIMITER ':', NULL 'none', HEADER)"),
    (
        include_bytes!("../../../data/copy/other.csv"),
        "WITH (FORMAT csv, DELIMITER ';', NULL 'nil', QUOTE '''', ESCAPE '/', FORCE_QUOTE (s, i4))",
    ),
];

#[tokio::test]
async fn what_postgres_wrote_is_read_and_written_again() {
    let served = Served::start().await;
    let client = served.connect_with("options='-c TimeZone=Europe/Berlin'").await.unwrap();
    let (create, _) = TYPES.split_once("INSERT").unwrap();
    client.batch_execute(create).await.unwrap();
    for (file, options) in FILES {
        client.batch_execute("TRUNCATE types").await.unwrap();
        let reading = options.replace(", FORCE_QUOTE (s, i4)", "");
        assert_eq!(copy_in(&client, &format!("COPY types FROM STDIN {reading}"), file).await.unwrap(), 11, "{options}");
        for (expected, options) in FILES {
            let sql = format!("COPY (SELECT * FROM types ORDER BY id) TO STDOUT {options}");
            let written = copy_out(&client, &sql).await.unwrap();
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!(shown(&written), shown(expected), "{reading} to {options}");
            assert_eq!(written, expected, "{reading} to {options}");
        }
    }
}

#[tokio::test]
async fn forced_nulls_are_those_of_postgres() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE t (a text, b text, c text)").await.unwrap();
    for (options, expected) in [
        ("", "~,,~"),
        ("FORCE_NULL (a, b)", "~,~,~"),
        ("FORCE_NOT_NULL (a, c)", ",,"),
        ("FORCE_NULL (a), FORCE_NOT_NULL (a)", ",,~"),
        ("NULL 'x', FORCE_NULL (c)", ",,"),
    ] {
        client.batch_execute("TRUNCATE t").await.unwrap();
        let options = if options.is_empty() { "FORMAT csv".to_owned() } else { format!("FORMAT csv, {options}") };
        copy_in(&client, &format!("COPY t FROM STDIN WITH ({options})"), b",\"\",\n").await.unwrap();
        assert_eq!(rows(&client, "SELECT * FROM t").await.unwrap(), expected, "{options}");
    }
}

#[tokio::test]
async fn columns_and_rows_are_chosen() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE \"T\" (a int, \"B\" text, c int)").await.unwrap();
    assert_eq!(copy_in(&client, "COPY \"T\" (c, \"B\") FROM STDIN", b"3\tx\n4\ty\n").await.unwrap(), 2);
    assert_eq!(
        copy_in(&client, "COPY \"T\" FROM STDIN WHERE a > 1 AND c IS NULL", b"1\tz\t\\N\n2\tz\t\\N\n").await.unwrap(),
        1
    );
    assert_eq!(rows(&client, "SELECT * FROM \"T\" ORDER BY c, a").await.unwrap(), "~,x,3;~,y,4;2,z,~");
    let written = copy_out(&client, "COPY \"T\" (\"B\", a) TO STDOUT CSV HEADER").await.unwrap();
    let mut lines: Vec<_> = std::str::from_utf8(&written).unwrap().lines().collect();
    lines[1..].sort();
    assert_eq!(lines, ["B,a", "x,", "y,", "z,2"]);
    assert_eq!(copy_in(&client, "COPY \"T\" (\"B\", a) FROM STDIN CSV HEADER", &written).await.unwrap(), 3);
    let match_header = "COPY \"T\" (\"B\", a) FROM STDIN WITH (FORMAT csv, HEADER match)";
    assert_eq!(copy_in(&client, match_header, &written).await.unwrap(), 3);
}

/// The spellings of releases before 9.0, before 7.3, and of today.
#[tokio::test]
async fn every_spelling_is_understood() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x|y'), (2, NULL)").await.unwrap();
    for (sql, expected) in [
        ("COPY t TO STDOUT", "1\tx|y\n2\t\\N\n"),
        ("copy t to stdin;", "1\tx|y\n2\t\\N\n"),
        ("COPY public.t TO STDOUT CSV", "1,x|y\n2,\n"),
        ("COPY t TO STDOUT WITH CSV HEADER", "a,b\n1,x|y\n2,\n"),
        ("COPY t TO STDOUT WITH CSV HEADER QUOTE AS '|' DELIMITER ';' NULL AS 'n'", "a;b\n1;|x||y|\n2;n\n"),
        ("COPY t TO STDOUT CSV QUOTE '|' ESCAPE '/' FORCE QUOTE a, b", "|1|,|x/|y|\n|2|,\n"),
        ("COPY t TO STDOUT CSV FORCE QUOTE *", "\"1\",\"x|y\"\n\"2\",\n"),
        ("COPY t TO STDOUT DELIMITERS '|'", "1|x\\|y\n2|\\N\n"),
        ("COPY t TO STDOUT USING DELIMITERS '|' WITH NULL AS ''", "1|x\\|y\n2|\n"),
        ("COPY t TO STDOUT (FORMAT 'csv', HEADER on, DELIMITER E'\\t', NULL $$n$$)", "a\tb\n1\tx|y\n2\tn\n"),
        ("COPY t TO STDOUT WITH (FORMAT text, HEADER 1, FREEZE, ENCODING 'utf-8')", "a\tb\n1\tx|y\n2\t\\N\n"),
        ("COPY (VALUES (1, 'a'), (2, 'b')) TO STDOUT WITH (HEADER false)", "1\ta\n2\tb\n"),
        ("COPY (WITH q AS (SELECT 1 AS one) SELECT one, '\\.' AS two FROM q) TO STDOUT CSV HEADER", "one,two\n1,\\.\n"),
        ("COPY (SELECT '\\.') TO STDOUT CSV", "\"\\.\"\n"),
        ("COPY (SELECT '') TO STDOUT CSV", "\"\"\n"),
    ] {
        let written = copy_out(&client, sql).await.unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), expected, "{sql}");
    }
    let binary = copy_out(&client, "COPY t TO STDOUT WITH BINARY").await.unwrap();
    assert_eq!(copy_out(&client, "COPY BINARY t TO STDOUT").await.unwrap(), binary);
    assert_eq!(copy_in(&client, "COPY BINARY t (a, b) FROM STDIN", &binary).await.unwrap(), 2);
    assert_eq!(copy_in(&client, "COPY t FROM STDIN CSV FORCE NOT NULL b FORCE NULL a", b"\"\",\n").await.unwrap(), 1);
    assert_eq!(rows(&client, "SELECT b FROM t WHERE a IS NULL").await.unwrap(), "");
    assert_eq!(rows(&client, "SELECT count(*) FROM t WHERE b = ''").await.unwrap(), "1");
}
