//! Mistakes, each with the SQLSTATE, message and context that PostgreSQL 15 answers it with.

use super::super::{Served, rows};
use super::copy_in;

/// A statement, what is sent to it, and PostgreSQL's error.
type Mistake = (&'static str, &'static [u8], &'static str, &'static str, &'static str);

const TABLE: &str =
    "CREATE TABLE t (a int, b text NOT NULL, c numeric(5,2), d timestamptz, e boolean, f smallint, g float8,
                                     h bytea, i date)";

#[rustfmt::skip]
const IN_ROWS: &[Mistake] = &[
    ("COPY t (a, b) FROM STDIN", b"1\tx\n2\n", "22P04", "missing data for column \"b\"", "COPY t, line 2: \"2\""),
    ("COPY t (a, b) FROM STDIN", b"1\tx\n2\ty\tz\n", "22P04", "extra data after last expected column", "COPY t, line 2: \"2\ty\tz\""),
    ("COPY t (a, b) FROM STDIN", b"1\tx\none\ty\n", "22P02", "invalid input syntax for type integer: \"one\"", "COPY t, line 2, column a: \"one\""),
    ("COPY t (a, b) FROM STDIN", b"1\tx\n2147483648\ty\n", "22003", "value \"2147483648\" is out of range for type integer", "COPY t, line 2, column a: \"2147483648\""),
    ("COPY t (a, b) FROM STDIN", b"\tx\n", "22P02", "invalid input syntax for type integer: \"\"", "COPY t, line 1, column a: \"\""),
    ("COPY t (a, b) FROM STDIN", b"\\N\t\\N\n", "23502", "null value in column \"b\" of relation \"t\" violates not-null constraint", "COPY t, line 1: \"\\N\t\\N\""),
    ("COPY t (a, b) FROM STDIN", b"1\txxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\tz\n", "22P04", "extra data after last expected column", "COPY t, line 1: \"1\txxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\""),
    ("COPY t (b, c) FROM STDIN", b"x\t1000\n", "22003", "numeric field overflow", "COPY t, line 1, column c: \"1000\""),
    ("COPY t (b, c) FROM STDIN", b"x\t1.2.3\n", "22P02", "invalid input syntax for type numeric: \"1.2.3\"", "COPY t, line 1, column c: \"1.2.3\""),
    ("COPY t (b, d) FROM STDIN", b"x\tsoon\n", "22007", "invalid input syntax for type timestamp with time zone: \"soon\"", "COPY t, line 1, column d: \"soon\""),
    ("COPY t (b, d) FROM STDIN", b"x\t2026-13-01 00:00:00\n", "22008", "date/time field value out of range: \"2026-13-01 00:00:00\"", "COPY t, line 1, column d: \"2026-13-01 00:00:00\""),
    ("COPY t (b, e) FROM STDIN", b"x\tmaybe\n", "22P02", "invalid input syntax for type boolean: \"maybe\"", "COPY t, line 1, column e: \"maybe\""),
    ("COPY t (b, f) FROM STDIN", b"x\t32768\n", "22003", "value \"32768\" is out of range for type smallint", "COPY t, line 1, column f: \"32768\""),
    ("COPY t (b, f) FROM STDIN", b"x\t1.5\n", "22P02", "invalid input syntax for type smallint: \"1.5\"", "COPY t, line 1, column f: \"1.5\""),
    ("COPY t (b, g) FROM STDIN", b"x\t1e400\n", "22003", "\"1e400\" is out of range for type double precision", "COPY t, line 1, column g: \"1e400\""),
    ("COPY t (b, g) FROM STDIN", b"x\t1e-400\n", "22003", "\"1e-400\" is out of range for type double precision", "COPY t, line 1, column g: \"1e-400\""),
    ("COPY t (b, g) FROM STDIN", b"x\tfive\n", "22P02", "invalid input syntax for type double precision: \"five\"", "COPY t, line 1, column g: \"five\""),
    ("COPY t (b, i) FROM STDIN", b"x\t2026-02-30\n", "22008", "date/time field value out of range: \"2026-02-30\"", "COPY t, line 1, column i: \"2026-02-30\""),
    ("COPY t (b, i) FROM STDIN", b"x\tx\n", "22007", "invalid input syntax for type date: \"x\"", "COPY t, line 1, column i: \"x\""),
    ("COPY t (a) FROM STDIN", b"1\n", "23502", "null value in column \"b\" of relation \"t\" violates not-null constraint", "COPY t, line 1: \"1\""),
    ("COPY t (a, b) FROM STDIN", b"1\tx\xff\n", "22021", "invalid byte sequence for encoding \"UTF8\": 0xff", "COPY t, line 1"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\\000\n", "22021", "invalid byte sequence for encoding \"UTF8\": 0x00", "COPY t, line 1: \"1\tx\\000\""),
    ("COPY t (a, b) FROM STDIN", b"1\tx\x00\n", "22021", "invalid byte sequence for encoding \"UTF8\": 0x00", "COPY t, line 1"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\n\\.", "22P04", "end-of-copy marker corrupt", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\\.y\n", "22P04", "end-of-copy marker corrupt", "COPY t, line 1"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\r\n2\ty\n", "22P04", "literal newline found in data", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\n2\ty\r\n", "22P04", "literal carriage return found in data", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\r2\ty\n", "22P04", "literal newline found in data", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN", b"1\tx\n\\.\r\n", "22P04", "end-of-copy marker does not match previous newline style", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN CSV", b"1,\"x\n", "22P04", "unterminated CSV quoted field", "COPY t, line 1: \"1,\"x\n\""),
    ("COPY t (a, b) FROM STDIN CSV", b"1\n", "22P04", "missing data for column \"b\"", "COPY t, line 1: \"1\""),
    ("COPY t (a, b) FROM STDIN CSV", b"1,x,y\n", "22P04", "extra data after last expected column", "COPY t, line 1: \"1,x,y\""),
    ("COPY t (a, b) FROM STDIN CSV", b"1,x\r\n2,y\n", "22P04", "unquoted newline found in data", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN CSV", b"1,x\n2,y\r\n", "22P04", "unquoted carriage return found in data", "COPY t, line 2"),
    ("COPY t (a, b) FROM STDIN CSV", b"1,x\n\\.", "22P02", "invalid input syntax for type integer: \"\\.\"", "COPY t, line 2, column a: \"\\.\""),
    ("COPY t (a, b) FROM STDIN CSV", b"1,\"a\nb\"\n2,\"c\nd\"\n3\n", "22P04", "missing data for column \"b\"", "COPY t, line 4: \"3\""),
    ("COPY t (a, b) FROM STDIN WITH (HEADER)", b"a\tb\nx\ty\n", "22P02", "invalid input syntax for type integer: \"x\"", "COPY t, line 2, column a: \"x\""),
    ("COPY t (a, b) FROM STDIN WITH (FORMAT csv, HEADER match)", b"a\n1,x\n", "22P04", "wrong number of fields in header line: got 1, expected 2", "COPY t, line 1: \"a\""),
    ("COPY t (a, b) FROM STDIN WITH (FORMAT csv, HEADER match)", b"a,c\n1,x\n", "22P04", "column name mismatch in header line field 2: got \"c\", expected \"b\"", "COPY t, line 1: \"a,c\""),
    ("COPY t (a, b) FROM STDIN WITH (FORMAT csv, HEADER match)", b"a,\n1,x\n", "22P04", "column name mismatch in header line field 2: got null value (\"\"), expected \"b\"", "COPY t, line 1: \"a,\""),
    ("COPY t (a, b) FROM STDIN BINARY", b"", "22P04", "COPY file signature not recognized", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY", "22P04", "COPY file signature not recognized", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x01\x00\x00\x00\x00\x00\x00\x00\x00", "22P04", "COPY file signature not recognized", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00", "22P04", "invalid COPY file header (missing flags)", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00", "22P04", "invalid COPY file header (missing length)", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x01\x00\x00\x00\x00\x00\x00", "22P04", "invalid COPY file header (WITH OIDS)", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x02\x00\x00\x00\x00\x00\x00", "22P04", "unrecognized critical flags in COPY file header", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\xff\xff\xff\xff", "22P04", "invalid COPY file header (missing length)", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x05", "22P04", "invalid COPY file header (wrong length)", ""),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03", "22P04", "row field count is 3, expected 2", "COPY t, line 1"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00\x01", "22P04", "unexpected EOF in COPY data", "COPY t, line 1, column b"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00\tx", "22P04", "unexpected EOF in COPY data", "COPY t, line 1, column b"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\xff\xff\xff\xfe", "22P04", "invalid field size", "COPY t, line 1, column a"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xffx", "22P04", "received copy data after EOF marker", "COPY t, line 1"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00\x01\x00\x00\x00\x01\xff\xff\xff", "22021", "invalid byte sequence for encoding \"UTF8\": 0xff", "COPY t, line 1, column b"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x05\x00\x00\x00\x01\x00\x00\x00\x00\x01x\xff\xff", "22P03", "incorrect binary data format", "COPY t, line 1, column a"),
    ("COPY t (a, b) FROM STDIN BINARY", b"PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff", "23502", "null value in column \"b\" of relation \"t\" violates not-null constraint", "COPY t, line 1"),
];

#[tokio::test]
async fn mistakes_in_rows_are_told_with_their_place() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute(TABLE).await.unwrap();
    for (sql, data, code, message, context) in IN_ROWS {
        let what = format!("{sql} of {:?}", String::from_utf8_lossy(data));
        let error = copy_in(&client, sql, data).await.expect_err(&what);
        let told = error.as_db_error().unwrap();
        assert_eq!(
            (told.code().code(), told.message(), told.where_().unwrap_or_default()),
            (*code, *message, *context),
            "{what}"
        );
    }
    assert_eq!(rows(&client, "SELECT count(*) FROM t").await.unwrap(), "0");
}

/// A statement and PostgreSQL's error.
#[rustfmt::skip]
const IN_STATEMENTS: &[(&str, &str, &str)] = &[
    ("COPY t FROM STDIN WITH (FORMAT xml)", "22023", "COPY format \"xml\" not recognized"),
    ("COPY t FROM STDIN WITH (FORMAT)", "42601", "format requires a parameter"),
    ("COPY t FROM STDIN WITH (FORMAT csv, FORMAT csv)", "42601", "conflicting or redundant options"),
    ("COPY t FROM STDIN WITH (nosuch 1)", "42601", "option \"nosuch\" not recognized"),
    ("COPY t FROM STDIN WITH (HEADER maybe)", "42601", "header requires a Boolean value or \"match\""),
    ("COPY t TO STDOUT WITH (HEADER match)", "0A000", "cannot use \"match\" with HEADER in COPY TO"),
    ("COPY t FROM STDIN WITH (FORMAT binary, HEADER)", "0A000", "cannot specify HEADER in BINARY mode"),
    ("COPY t FROM STDIN WITH (FORMAT binary, DELIMITER ',')", "42601", "cannot specify DELIMITER in BINARY mode"),
    ("COPY t FROM STDIN WITH (FORMAT binary, NULL '')", "42601", "cannot specify NULL in BINARY mode"),
    ("COPY t FROM STDIN WITH (DELIMITER ',,')", "0A000", "COPY delimiter must be a single one-byte character"),
    ("COPY t FROM STDIN WITH (DELIMITER 'ä')", "0A000", "COPY delimiter must be a single one-byte character"),
    ("COPY t FROM STDIN WITH (DELIMITER '')", "0A000", "COPY delimiter must be a single one-byte character"),
    ("COPY t FROM STDIN WITH (DELIMITER E'\\n')", "22023", "COPY delimiter cannot be newline or carriage return"),
    ("COPY t FROM STDIN WITH (DELIMITER 'a')", "22023", "COPY delimiter cannot be \"a\""),
    ("COPY t FROM STDIN WITH (NULL E'x\\ny')", "22023", "COPY null representation cannot use newline or carriage return"),
    ("COPY t FROM STDIN WITH (NULL E'x\\ty')", "0A000", "COPY delimiter must not appear in the NULL specification"),
    ("COPY t FROM STDIN WITH (FORMAT csv, NULL '\"x')", "0A000", "CSV quote character must not appear in the NULL specification"),
    ("COPY t FROM STDIN WITH (QUOTE '\"')", "0A000", "COPY quote available only in CSV mode"),
    ("COPY t FROM STDIN WITH (ESCAPE '\"')", "0A000", "COPY escape available only in CSV mode"),
    ("COPY t FROM STDIN WITH (FORMAT csv, QUOTE '\"\"')", "0A000", "COPY quote must be a single one-byte character"),
    ("COPY t FROM STDIN WITH (FORMAT csv, ESCAPE '\"\"')", "0A000", "COPY escape must be a single one-byte character"),
    ("COPY t FROM STDIN WITH (FORMAT csv, QUOTE ',')", "22023", "COPY delimiter and quote must be different"),
    ("COPY t FROM STDIN WITH (FORCE_QUOTE (a))", "0A000", "COPY force quote available only in CSV mode"),
    ("COPY t TO STDOUT WITH (FORCE_QUOTE (a))", "0A000", "COPY force quote available only in CSV mode"),
    ("COPY t FROM STDIN WITH (FORMAT csv, FORCE_QUOTE (a))", "0A000", "COPY force quote only available using COPY TO"),
    ("COPY t TO STDOUT WITH (FORMAT csv, FORCE_QUOTE a)", "22023", "argument to option \"force_quote\" must be a list of column names"),
    ("COPY t TO STDOUT WITH (FORMAT csv, FORCE_QUOTE (x))", "42703", "column \"x\" of relation \"t\" does not exist"),
    ("COPY t FROM STDIN WITH (FORCE_NOT_NULL (a))", "0A000", "COPY force not null available only in CSV mode"),
    ("COPY t TO STDOUT WITH (FORMAT csv, FORCE_NOT_NULL (a))", "0A000", "COPY force not null only available using COPY FROM"),
    ("COPY t FROM STDIN WITH (FORCE_NULL (a))", "0A000", "COPY force null available only in CSV mode"),
    ("COPY t TO STDOUT WITH (FORMAT csv, FORCE_NULL (a))", "0A000", "COPY force null only available using COPY FROM"),
    ("COPY t FROM STDIN WITH (FORMAT csv, FORCE_NULL (x))", "42703", "column \"x\" of relation \"t\" does not exist"),
    ("COPY t (a) FROM STDIN WITH (FORMAT csv, FORCE_NULL (b))", "42P10", "FORCE_NULL column \"b\" not referenced by COPY"),
    ("COPY t FROM STDIN WITH (FORMAT csv, FORCE_NULL *)", "22023", "argument to option \"force_null\" must be a list of column names"),
    ("COPY t FROM STDIN WITH (ENCODING 'nosuch')", "22023", "argument to option \"encoding\" must be a valid encoding name"),
    ("COPY t FROM STDIN WITH (FREEZE maybe)", "42601", "freeze requires a Boolean value"),
    ("COPY t FROM STDIN WITH CSV CSV", "42601", "conflicting or redundant options"),
    ("COPY t FROM STDIN WITH CSV BINARY", "42601", "conflicting or redundant options"),
    ("COPY t FROM STDIN CSV HEADER HEADER", "42601", "conflicting or redundant options"),
    ("COPY t FROM STDIN WITH DELIMITER 5", "42601", "syntax error at or near \"5\""),
    ("COPY t FROM STDIN WITH (DELIMITER 5)", "22023", "COPY delimiter cannot be \"5\""),
    ("COPY t FROM STDIN WITH (HEADER 2)", "42601", "header requires a Boolean value or \"match\""),
    ("COPY t FROM STDIN WITH ()", "42601", "syntax error at or near \")\""),
    ("COPY t FROM STDIN nosuch", "42601", "syntax error at or near \"nosuch\""),
    ("COPY t (x) FROM STDIN", "42703", "column \"x\" of relation \"t\" does not exist"),
    ("COPY t (a, a) FROM STDIN", "42701", "column \"a\" specified more than once"),
    ("COPY t () FROM STDIN", "42601", "syntax error at or near \")\""),
    ("COPY nosuch FROM STDIN", "42P01", "relation \"nosuch\" does not exist"),
    ("COPY v FROM STDIN", "42809", "cannot copy to view \"v\""),
    ("COPY v TO STDOUT", "42809", "cannot copy from view \"v\""),
    ("COPY v TO STDOUT WITH (FORMAT xml)", "42809", "cannot copy from view \"v\""),
    ("COPY (SELECT 1) FROM STDIN", "42601", "syntax error at or near \"FROM\""),
    ("COPY (SELECT $1) TO STDOUT", "42P02", "there is no parameter $1"),
    ("COPY t TO STDOUT WHERE a > 1", "42601", "WHERE clause not allowed with COPY TO"),
    ("COPY (SELECT 1; SELECT 2) TO STDOUT", "42601", "syntax error at or near \";\""),
    ("COPY t", "42601", "syntax error at end of input"),
    ("COPY t FROM", "42601", "syntax error at end of input"),
    ("COPY t INTO STDOUT", "42601", "syntax error at or near \"INTO\""),
    ("COPY BINARY t FROM STDIN WITH (FORMAT csv)", "42601", "conflicting or redundant options"),
    ("COPY t FROM STDIN WITH (FORMAT csv, DELIMITER)", "42601", "delimiter requires a parameter"),
    ("COPY t FROM STDIN WITH (FORMAT csv, ENCODING)", "42601", "encoding requires a parameter"),
    ("COPY t FROM STDIN WITH (HEADER off, HEADER on)", "42601", "conflicting or redundant options"),
    ("COPY t TO STDOUT WITH (FORMAT csv, FORCE_QUOTE *, FORCE_QUOTE *)", "42601", "conflicting or redundant options"),
    ("COPY t TO STDOUT DELIMITERS '|' DELIMITER ','", "42601", "conflicting or redundant options"),
    ("COPY t TO STDOUT WITH (FORMAT \"CSV\")", "22023", "COPY format \"CSV\" not recognized"),
    ("COPY t TO STDOUT WITH (FORMAT CSV, \"HEADER\")", "42601", "option \"HEADER\" not recognized"),
    ("COPY t TO STDOUT WITH (FORMAT 'CSV')", "22023", "COPY format \"CSV\" not recognized"),
    ("COPY t FROM STDIN WHERE nosuch > 1", "42703", "column \"nosuch\" does not exist"),
];

#[tokio::test]
async fn mistakes_in_statements_are_told_before_any_row() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT * FROM t").await.unwrap();
    for (sql, code, message) in IN_STATEMENTS {
        let error = client.simple_query(sql).await.map(drop).expect_err(sql);
        let told = error.as_db_error().expect(sql);
        assert_eq!((told.code().code(), told.message()), (*code, *message), "{sql}");
    }
    assert_eq!(rows(&client, "SELECT 1").await.unwrap(), "1");
}
