//! The extended query protocol.

use std::time::SystemTime;

use bytes::{BufMut, BytesMut};
use futures::{TryStreamExt, pin_mut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::types::{ToSql, Type};

use super::{Served, state};

#[tokio::test]
async fn a_prepared_statement_runs_again_with_other_values() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE t (a bigint, b text, at timestamptz)").await.unwrap();
    let insert = client.prepare("INSERT INTO t VALUES ($1, $2, $3)").await.unwrap();
    assert_eq!(insert.params(), [Type::INT8, Type::TEXT, Type::TIMESTAMPTZ]);
    for a in 1i64..=3 {
        let b = (a != 2).then(|| format!("row {a}"));
        assert_eq!(client.execute(&insert, &[&a, &b, &SystemTime::UNIX_EPOCH]).await.unwrap(), 1);
    }
    let select = client.prepare("SELECT a, b, at FROM t WHERE a >= $1 ORDER BY a").await.unwrap();
    for (from, expected) in [(1i64, 3), (3, 1), (9, 0)] {
        assert_eq!(client.query(&select, &[&from]).await.unwrap().len(), expected);
    }
    let row = &client.query(&select, &[&2i64]).await.unwrap()[0];
    assert_eq!(row.get::<_, i64>(0), 2);
    assert_eq!(row.get::<_, Option<String>>(1), None);
    assert_eq!(row.get::<_, SystemTime>(2), SystemTime::UNIX_EPOCH);
}

#[tokio::test]
async fn a_null_of_unknown_type_keeps_the_others_in_place() {
    let served = Served::start().await;
    let client = served.connect().await;
    let sql = "SELECT x FROM (VALUES (1), (2)) v(x) WHERE $1 IS NULL AND x = $2";
    let statement = client.prepare_typed(sql, &[Type::UNKNOWN, Type::INT4]).await.unwrap();
    let none: Option<&str> = None;
    let rows = client.query(&statement, &[&none, &2i32]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, i32>(0)).collect::<Vec<_>>(), [2]);
    assert!(client.query(&statement, &[&"x", &2i32]).await.unwrap().is_empty());
}

#[tokio::test]
async fn integers_of_any_width_meet_numbers_of_any_type() {
    let served = Served::start().await;
    let client = served.connect().await;
    client.batch_execute("CREATE TABLE p (price numeric(12,2), n bigint, f double precision)").await.unwrap();
    client.batch_execute("INSERT INTO p VALUES (3.00, 3, 3)").await.unwrap();
    for column in ["price", "n", "f"] {
        let sql = format!("SELECT count(*) FROM p WHERE {column} = $1");
        let values: [(Type, &(dyn ToSql + Sync)); 3] = [(Type::INT2, &3i16), (Type::INT4, &3i32), (Type::INT8, &3i64)];
        for (kind, value) in values {
            let statement = client.prepare_typed(&sql, &[kind]).await.unwrap();
            assert_eq!(client.query_one(&statement, &[value]).await.unwrap().get::<_, i64>(0), 1, "{column}");
        }
    }
    let insert = client.prepare_typed("INSERT INTO p VALUES ($1, $2, $3)", &[Type::INT2, Type::INT2, Type::INT4]);
    client.execute(&insert.await.unwrap(), &[&7i16, &7i16, &7i32]).await.unwrap();
    assert_eq!(super::rows(&client, "SELECT price, n + 1, f FROM p WHERE n = 7").await.unwrap(), "7.00,8,7");
}

#[tokio::test]
async fn a_portal_stops_at_its_row_limit_and_goes_on() {
    let served = Served::start().await;
    let mut client = served.connect().await;
    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind("SELECT value FROM generate_series(1, 5) ORDER BY 1", &[]).await.unwrap();
    for expected in [vec![1i64, 2], vec![3, 4], vec![5], vec![]] {
        let rows = transaction.query_portal(&portal, 2).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), expected);
    }
    for all in [0, -5, i32::MAX] {
        let portal = transaction.bind("SELECT value FROM generate_series(1, 5)", &[]).await.unwrap();
        assert_eq!(transaction.query_portal(&portal, all).await.unwrap().len(), 5);
    }
}

#[tokio::test]
async fn rows_arrive_as_they_come() {
    let served = Served::start().await;
    let client = served.connect().await;
    let none: [&(dyn ToSql + Sync); 0] = [];
    let rows = client.query_raw("SELECT value FROM generate_series(1, 200000)", none).await.unwrap();
    pin_mut!(rows);
    let mut sum = 0;
    while let Some(row) = rows.try_next().await.unwrap() {
        sum += row.get::<_, i64>(0);
    }
    assert_eq!(sum, 200_000 * 200_001 / 2);
}

#[tokio::test]
async fn mistakes_of_the_client_are_told() {
    let served = Served::start().await;
    let client = served.connect().await;
    let error = client.prepare("SELECT 1; SELECT 2").await.unwrap_err();
    assert_eq!(state(&error), "42601");
    let error = client.prepare("SELECT nothing").await.unwrap_err();
    assert_eq!(state(&error), "42703");
    assert_eq!(client.query("SELECT 1::int", &[]).await.unwrap().len(), 1);
}

/// Messages by hand, for what a correct client never sends.
struct Raw(TcpStream);

impl Raw {
    async fn connect(served: &Served) -> Self {
        let mut raw = Self(TcpStream::connect(served.address).await.unwrap());
        let mut startup = BytesMut::new();
        startup.put_i32(0);
        startup.put_i32(196_608);
        startup.put_slice(b"user\0raw\0\0");
        let length = startup.len() as i32;
        startup[..4].copy_from_slice(&length.to_be_bytes());
        raw.0.write_all(&startup).await.unwrap();
        raw.until_ready().await;
        raw
    }

    async fn send(&mut self, messages: &[(u8, &[u8])]) {
        let mut bytes = BytesMut::new();
        for (kind, body) in messages {
            bytes.put_u8(*kind);
            bytes.put_i32(body.len() as i32 + 4);
            bytes.put_slice(body);
        }
        self.0.write_all(&bytes).await.unwrap();
    }

    /// The types of the messages up to ReadyForQuery, an error as its SQLSTATE.
    async fn until_ready(&mut self) -> String {
        let mut seen = Vec::new();
        loop {
            let kind = super::soon(self.0.read_u8()).await.unwrap();
            let length = self.0.read_i32().await.unwrap() as usize - 4;
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.unwrap();
            if kind == b'E' {
                let fields = body.split(|byte| *byte == 0).filter(|field| field.first() == Some(&b'C'));
                seen.extend(fields.map(|field| String::from_utf8_lossy(&field[1..]).into_owned()));
            } else {
                seen.push((kind as char).to_string());
            }
            if kind == b'Z' {
                return seen.join(" ");
            }
        }
    }
}

const SYNC: (u8, &[u8]) = (b'S', b"");

#[tokio::test]
async fn statements_and_portals_are_known_by_name() {
    let served = Served::start().await;
    let mut raw = Raw::connect(&served).await;
    raw.send(&[(b'P', b"s\0SELECT 1\0\0\0"), SYNC]).await;
    assert_eq!(raw.until_ready().await, "1 Z");
    for (messages, expected) in [
        (vec![(b'P', &b"s\0SELECT 2\0\0\0"[..])], "42P05 Z"),
        (vec![(b'B', &b"\0none\0\0\0\0\0\0\0"[..])], "26000 Z"),
        (vec![(b'E', &b"none\0\0\0\0\0"[..])], "34000 Z"),
        (vec![(b'D', &b"Pnone\0"[..])], "34000 Z"),
        (vec![(b'C', &b"Snone\0"[..])], "3 Z"),
        (vec![(b'B', b"p\0s\0\0\0\0\0\0\0"), (b'B', b"p\0s\0\0\0\0\0\0\0")], "2 42P03 Z"),
        // One value for a statement of none; then nothing more is done up to Sync.
        (vec![(b'B', b"\0s\0\0\0\0\x01\0\0\0\x011\0\0"), (b'E', b"\0\0\0\0\0")], "08P01 Z"),
        // A portal ends with its implicit transaction.
        (vec![(b'B', b"p\0s\0\0\0\0\0\0\0"), (b'E', b"p\0\0\0\0\0")], "2 D C Z"),
        (vec![(b'E', b"p\0\0\0\0\0")], "34000 Z"),
        // Described as a statement, run with a limit, and run on.
        (
            vec![(b'D', b"Ss\0"), (b'B', b"\0s\0\0\0\0\0\0\0"), (b'E', b"\0\0\0\0\x01"), (b'E', b"\0\0\0\0\x01")],
            "t T 2 D s C Z",
        ),
        (vec![(b'P', b"\0\0\0\0"), (b'B', b"\0\0\0\0\0\0\0\0"), (b'D', b"P\0"), (b'E', b"\0\0\0\0\0")], "1 2 n I Z"),
        // Text that is no number, for a parameter whose type the statement tells.
        (vec![(b'P', b"\0SELECT 1 + $1\0\0\0"), (b'B', b"\0\0\0\0\0\x01\0\0\0\x01x\0\0")], "1 22P02 Z"),
    ] {
        let mut messages = messages;
        messages.push(SYNC);
        raw.send(&messages).await;
        assert_eq!(raw.until_ready().await, expected, "{messages:?}");
    }
}

#[tokio::test]
async fn cursors_of_sql_and_portals_of_the_protocol_are_one() {
    let served = Served::start().await;
    let mut raw = Raw::connect(&served).await;
    for (messages, expected) in [
        (vec![(b'Q', &b"BEGIN\0"[..])], "C Z"),
        (vec![(b'Q', b"DECLARE c CURSOR FOR SELECT value FROM generate_series(1, 4)\0")], "C Z"),
        (vec![(b'D', b"Pc\0"), (b'E', b"c\0\0\0\0\x02"), SYNC], "T D D s Z"),
        (vec![(b'Q', b"FETCH c\0")], "T D C Z"),
        // A statement prepared before its cursor has the columns that the cursor has when it is bound.
        (vec![(b'P', b"f\0FETCH 1 FROM later\0\0\0"), (b'D', b"Sf\0"), SYNC], "1 t n Z"),
        (vec![(b'P', b"s\0SELECT 1 UNION ALL SELECT 2\0\0\0"), (b'B', b"later\0s\0\0\0\0\0\0\0"), SYNC], "1 2 Z"),
        (vec![(b'B', b"\0f\0\0\0\0\0\0\0"), (b'D', b"P\0"), (b'E', b"\0\0\0\0\0"), SYNC], "2 T D C Z"),
        (vec![(b'E', b"later\0\0\0\0\0"), SYNC], "D C Z"),
        (vec![(b'E', b"later\0\0\0\0\0"), SYNC], "C Z"),
        (vec![(b'C', b"Pc\0"), (b'E', b"later\0\0\0\0\0"), SYNC], "3 C Z"),
        (vec![(b'Q', b"FETCH c\0")], "34000 Z"),
        (vec![(b'Q', b"ROLLBACK\0")], "C Z"),
        (vec![(b'Q', b"DEALLOCATE s\0")], "C Z"),
        (vec![(b'B', b"\0s\0\0\0\0\0\0\0"), SYNC], "26000 Z"),
        // What SQL prepares the protocol binds.
        (vec![(b'Q', b"PREPARE q (int) AS SELECT $1 + 1\0")], "C Z"),
        (vec![(b'D', b"Sq\0"), (b'B', b"\0q\0\0\0\0\x01\0\0\0\x011\0\0"), (b'E', b"\0\0\0\0\0"), SYNC], "t T 2 D C Z"),
        (vec![(b'P', b"e\0EXECUTE q (41)\0\0\0"), (b'D', b"Se\0"), SYNC], "1 t T Z"),
        (vec![(b'C', b"Sq\0"), (b'B', b"\0e\0\0\0\0\0\0\0"), (b'E', b"\0\0\0\0\0"), SYNC], "3 2 26000 Z"),
        // A portal can't read from itself.
        (vec![(b'Q', b"BEGIN\0")], "C Z"),
        (
            vec![(b'P', b"i\0FETCH me\0\0\0"), (b'B', b"me\0i\0\0\0\0\0\0\0"), (b'E', b"me\0\0\0\0\0"), SYNC],
            "1 2 55000 Z",
        ),
        (vec![(b'Q', b"ROLLBACK\0")], "C Z"),
    ] {
        raw.send(&messages).await;
        assert_eq!(raw.until_ready().await, expected, "{messages:?}");
    }
}

#[tokio::test]
async fn parameters_have_the_type_that_they_are_cast_to() {
    let served = Served::start().await;
    let client = served.connect().await;
    for (sql, expected) in [
        ("SELECT $1::int", vec![Type::INT4]),
        ("SELECT $1::text", vec![Type::TEXT]),
        ("SELECT $1::timestamptz, $2::date", vec![Type::TIMESTAMPTZ, Type::DATE]),
        ("SELECT x FROM (VALUES ('a'), ('b')) v(x) WHERE x = ANY ($1)", vec![Type::TEXT_ARRAY]),
        ("SELECT 1 WHERE 2 = ANY ($1::int[])", vec![Type::INT4_ARRAY]),
        ("SELECT value FROM generate_series(1, 3) LIMIT $1", vec![Type::INT8]),
        ("SELECT $1", vec![Type::TEXT]),
        ("SELECT typname FROM pg_type WHERE oid = ANY ($1::oid[])", vec![Type::OID_ARRAY]),
        ("SELECT n FROM generate_series(1, $1) AS a(n)", vec![Type::INT8]),
        ("SELECT n, $2::text FROM generate_series(1, $1) AS a(n)", vec![Type::INT8, Type::TEXT]),
    ] {
        assert_eq!(client.prepare(sql).await.unwrap().params(), expected, "{sql}");
    }
    let row = client.query_one("SELECT $1::int", &[&7i32]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
    let sql = "SELECT count(*) FROM (VALUES ('a'), ('b')) v(x) WHERE x = ANY ($1)";
    assert_eq!(client.query_one(sql, &[&vec!["b", "c"]]).await.unwrap().get::<_, i64>(0), 1);
    let none: Option<&str> = None;
    assert_eq!(client.query_one("SELECT $1", &[&none]).await.unwrap().get::<_, Option<String>>(0), None);
}

#[tokio::test]
async fn series_are_of_the_values_of_their_parameters() {
    let served = Served::start().await;
    let client = served.connect().await;
    let sql = "SELECT sum(n)::bigint, $2::text FROM generate_series(1, $1) AS a(n) WHERE n > $3";
    let statement = client.prepare(sql).await.unwrap();
    // A statement that is executed often keeps its plan where it can.
    for (last, sum) in [(4i64, 9i64), (100_000, 5_000_049_999), (3, 5), (6, 20), (7, 27)] {
        let row = client.query_one(&statement, &[&last, &"x", &1i64]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (sum, "x"));
    }
    let none: Option<i64> = None;
    assert_eq!(client.query("SELECT n FROM generate_series(1, $1) AS a(n)", &[&none]).await.unwrap().len(), 0);
    client.batch_execute("CREATE TABLE numbers (n bigint)").await.unwrap();
    client.execute("INSERT INTO numbers SELECT n FROM generate_series(1, $1) AS a(n)", &[&5i64]).await.unwrap();
    assert_eq!(super::rows(&client, "SELECT count(*) FROM numbers").await.unwrap(), "5");
}

#[tokio::test]
async fn a_broken_message_ends_its_connection_only() {
    let served = Served::start().await;
    let mut raw = Raw::connect(&served).await;
    raw.send(&[(b'B', b"\0\0\0\0\0\x01\0\0\0\x64")]).await;
    let mut rest = Vec::new();
    super::soon(raw.0.read_to_end(&mut rest)).await.unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("08P01"));
    assert_eq!(super::rows(&served.connect().await, "SELECT 1").await.unwrap(), "1");
}
