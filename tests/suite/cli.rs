//! The command line as a user meets it: the built binary, its output and its exit codes.

mod log;
mod users;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray, TimestampNanosecondArray};
use arrow::record_batch::RecordBatch;
use tempfile::TempDir;

/// A folder with files and a database in it.
struct Place(TempDir);

/// What a command left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_journeydb"));
        command.args(arguments).current_dir(self.0.path()).env("HOME", self.0.path()).env_remove("RUST_LOG");
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// The result of a query as CSV, without its header.
    fn ask(&self, sql: &str) -> String {
        let ran = self.run(&["sql", "--data", "db", "--format", "csv", sql]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.split_once('\n').unwrap().1.to_owned()
    }
}

fn ran(output: std::process::Output) -> Ran {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// A server on a port of its own, ended with the test; its log is the file `log`.
struct Serving {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    port: String,
}

impl Serving {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let log = std::fs::File::create(place.path("log")).unwrap();
        let mut process = place.command(arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let psql = lines.find(|line| line.as_ref().unwrap().contains("psql -h 127.0.0.1 -p ")).unwrap().unwrap();
        let port = psql.split("-p ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Self { process, lines, port }
    }

    fn url(&self) -> String {
        format!("postgres://127.0.0.1:{}/journeydb", self.port)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

const CONTACTS: &str = "contact_id,Account_ID,created_at,uses_product,colour\n\
    c1,a1,2024-01-02 03:04:05,yes,red\n\
    c2,a1,yesterday,no,blue\n\
    ,a2,2024-01-03,no,green\n\
    c4,a2\n\
    c5,\"a,5\",,,\n";

#[test]
fn csv_loads_and_its_rejects_are_kept_and_can_be_loaded_again() {
    let place = Place::new();
    place.file("contacts.csv", CONTACTS);
    let ran = place.run(&["load", "contacts", "contacts.csv", "--data", "db"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("contacts: 2 rows loaded, 3 rejected"), "{}", ran.out);
    assert!(
        ran.err.contains("rejected contacts.csv:3: created_at: \"yesterday\" is not a valid timestamptz"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("contacts.csv:4: null value in column \"contact_id\""), "{}", ran.err);
    assert!(ran.err.contains("contacts.csv:5: 2 fields where the header has 5"), "{}", ran.err);
    assert!(ran.err.contains("left out: colour"), "{}", ran.err);
    let rows = place.ask("SELECT contact_id, account_id, created_at, uses_product FROM contacts ORDER BY contact_id");
    assert_eq!(rows, "c1,a1,2024-01-02 03:04:05+00,t\nc5,\"a,5\",,\n");

    let kept = place.read("contacts.csv.rejected");
    assert!(
        kept.starts_with("rejected_line,rejected_because,contact_id,Account_ID,created_at,uses_product,colour\n3,")
    );
    assert!(kept.contains("\",c2,a1,yesterday,no,blue\n"), "{kept}");
    let mended = kept.replace("yesterday", "2024-01-01").replace(",,a2,", ",c3,a2,").replace("c4,a2", "c4,a2,,,");
    place.file("contacts.csv.rejected", mended);
    let ran = place.run(&["load", "contacts", "contacts.csv.rejected", "--data", "db"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(place.ask("SELECT count(*) FROM contacts"), "5\n");
}

#[test]
fn a_check_constraint_makes_a_reject() {
    let place = Place::new();
    place.file("i.csv", "interaction_id,occurred_at,lever\n1,2024-01-01,content\n2,2024-01-01,luck\n");
    let ran = place.run(&["load", "interactions", "i.csv", "--data", "db"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("i.csv:3: ") && ran.err.contains("violates check constraint"), "{}", ran.err);
    assert_eq!(place.ask("SELECT interaction_id FROM interactions"), "1\n");
}

#[test]
fn a_strict_load_that_meets_a_bad_row_loads_nothing() {
    let place = Place::new();
    place.file("contacts.csv", CONTACTS);
    let ran = place.run(&["load", "contacts", "contacts.csv", "--data", "db", "--strict"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error: contacts.csv:3: created_at: \"yesterday\""), "{}", ran.err);
    assert!(ran.err.contains("hint: nothing was loaded"), "{}", ran.err);
    assert_eq!(place.ask("SELECT count(*) FROM contacts"), "0\n");
    assert!(!place.path("contacts.csv.rejected").exists());
}

#[test]
fn what_the_table_requires_must_be_in_the_file() {
    let place = Place::new();
    place.file("i.csv", "account_id,when\na1,2024-01-01\n");
    let ran = place.run(&["load", "interactions", "i.csv", "--data", "db"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("error: i.csv: no field for occurred_at, interaction_id, which interactions requires"),
        "{}",
        ran.err
    );
    let maps = ["--map", "occurred_at=when", "--map", "interaction_id=account_id"];
    let ran = place.run(&[&["load", "interactions", "i.csv", "--data", "db"], &maps[..]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(place.ask("SELECT interaction_id, occurred_at FROM interactions"), "a1,2024-01-01 00:00:00+00\n");
}

#[test]
fn parquet_and_json_load_alike() {
    let place = Place::new();
    let nanoseconds = vec![Some(1_704_164_645_000_000_000), None];
    let columns: [(&str, ArrayRef); 3] = [
        ("transaction_id", Arc::new(StringArray::from(vec![Some("t1"), Some("t2")]))),
        ("occurred_at", Arc::new(TimestampNanosecondArray::from(nanoseconds))),
        ("amount", Arc::new(Float64Array::from(vec![Some(12.5), Some(1.0)]))),
    ];
    write_parquet(&place.path("a.parquet"), &RecordBatch::try_from_iter(columns).unwrap());
    place.file(
        "b.jsonl",
        "{\"transaction_id\": \"t3\", \"occurred_at\": \"2024-01-02T03:04:05Z\", \"amount\": 3, \"kind\": \"new\"}\n\
         {\"transaction_id\": \"t4\", \"amount\": 4}\n\
         {\"transaction_id\": \n",
    );
    let ran = place.run(&["load", "transactions", "a.parquet", "b.jsonl", "--data", "db"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let rows = place.ask("SELECT transaction_id, occurred_at, amount, kind FROM transactions ORDER BY 1");
    assert_eq!(rows, "t1,2024-01-02 03:04:05+00,12.5,\nt3,2024-01-02 03:04:05+00,3,new\n");
    let kept = place.read("a.parquet.rejected");
    assert!(kept.starts_with("{\"rejected_line\":2,") && kept.contains("\"transaction_id\":\"t2\""), "{kept}");
    let kept = place.read("b.jsonl.rejected");
    assert!(kept.contains("\"transaction_id\": \"t4\"") && kept.contains("rejected_text"), "{kept}");
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_table_is_made_from_its_files() {
    let place = Place::new();
    place.file("1.csv", "Id,Zip,Paid,Day\n1,01234,1.5,2024-01-01\n");
    place.file("2.csv", "Id,Zip,Paid,Day\n2,98765,2,\n");
    let ran = place.run(&["load", "orders", "*.csv", "--create", "--data", "db"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(place.ask("SELECT * FROM orders ORDER BY id"), "1,01234,1.5,2024-01-01\n2,98765,2,\n");
    let ran = place.run(&["load", "orders", "1.csv", "--create", "--data", "db"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("already exists"), "{}", ran.err);
    assert_eq!(place.ask("SELECT count(*) FROM orders"), "2\n");
}

#[test]
fn a_file_that_can_not_be_read_is_a_one_line_error() {
    let place = Place::new();
    place.file("empty.csv", "");
    place.file("rows.csv.gz", "x");
    place.file("broken.parquet", "PAR1 but not really");
    place.file("array.json", "[{\"account_id\": \"a\"}]");
    for (arguments, expected) in [
        (vec!["accounts", "empty.csv"], "empty.csv: the file is empty"),
        (vec!["accounts", "missing.csv"], "missing.csv: "),
        (vec!["accounts", "rows.csv.gz"], "rows.csv.gz: the name does not say which format it has"),
        (vec!["accounts", "broken.parquet"], "broken.parquet: not readable as Parquet"),
        (vec!["accounts", "array.json"], "array.json: holds a JSON array"),
        (vec!["accounts", "nothing*.csv"], "no file matches nothing*.csv"),
        (vec!["nowhere", "array.json"], "nowhere"),
        (vec!["accounts", "array.json", "--map", "price=x"], "--map names column \"price\""),
    ] {
        let ran = place.run(&[&["load", "--data", "db"], arguments.as_slice()].concat());
        assert_eq!(ran.code, 1, "{arguments:?}");
        let first = ran.err.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(expected), "{arguments:?}: {}", ran.err);
        assert!(ran.err.lines().count() <= 2, "{}", ran.err);
    }
}

#[test]
fn a_load_into_a_served_folder_goes_through_the_server() {
    let place = Place::new();
    place.file("contacts.csv", CONTACTS);
    let serving = Serving::start(&place, &["serve", "--data", "db", "--listen", "127.0.0.1:0"]);
    let ran = place.run(&["load", "contacts", "contacts.csv", "--data", "db"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.lines().nth(1).unwrap().contains(&format!("--url {}", serving.url())), "{}", ran.err);

    let ran = place.run(&["load", "contacts", "contacts.csv", "--url", &serving.url(), "--strict"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    place.file("short.csv", "account_id\na1\n");
    let ran = place.run(&["load", "contacts", "short.csv", "--url", &serving.url()]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no field for contact_id, which contacts requires"), "{}", ran.err);
    let ran = place.run(&["load", "contacts", "contacts.csv", "--url", &serving.url()]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("contacts: 2 rows loaded, 3 rejected"), "{}", ran.out);
    assert!(ran.err.contains("contacts.csv:4: null value in column \"contact_id\""), "{}", ran.err);
    let sql = "SELECT contact_id, account_id, created_at, uses_product FROM contacts ORDER BY contact_id";
    let ran = place.run(&["sql", "--url", &serving.url(), "--format", "json", sql]);
    let expected = "{\"contact_id\":\"c1\",\"account_id\":\"a1\",\"created_at\":\"2024-01-02 03:04:05+00\",\"uses_product\":true}\n\
                    {\"contact_id\":\"c5\",\"account_id\":\"a,5\",\"created_at\":null,\"uses_product\":null}\n";
    assert_eq!(ran.out, expected, "{}", ran.err);
}

#[test]
fn a_strict_load_through_a_server_is_all_or_nothing() {
    let place = Place::new();
    let serving = Serving::start(&place, &["serve", "--data", "db", "--listen", "127.0.0.1:0"]);
    let load = |file: &str| place.run(&["load", "accounts", file, "--strict", "--url", &serving.url()]);
    let count = || {
        let sql = "SELECT (SELECT count(*) FROM accounts), count(*) FROM information_schema.tables \
                   WHERE table_name LIKE 'loading%'";
        place.run(&["sql", "--format", "csv", "--url", &serving.url(), sql]).out.lines().nth(1).map(str::to_owned)
    };
    place.file("bad.csv", "account_id,icp_fit\na1,0.5\na2,1.5\n");
    let ran = load("bad.csv");
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("violates check constraint"), "{}", ran.err);
    assert_eq!(count().as_deref(), Some("0,0"));
    place.file("good.csv", "account_id,icp_fit\na1,0.5\n'a''2',\n");
    assert_eq!(load("good.csv").code, 0);
    assert_eq!(count().as_deref(), Some("2,0"));
}

#[test]
fn a_server_that_is_not_there_is_an_error_that_says_so() {
    let place = Place::new();
    let ran = place.run(&["sql", "--url", "postgres://127.0.0.1:1/journeydb", "SELECT 1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("can't connect to postgres://127.0.0.1:1/journeydb"), "{}", ran.err);
    assert!(ran.err.contains("hint: start the server"), "{}", ran.err);
}

#[test]
fn serving_fails_in_one_line_where_it_can_not() {
    let place = Place::new();
    let serving = Serving::start(&place, &["serve", "--data", "db", "--listen", "127.0.0.1:0"]);
    let taken = format!("127.0.0.1:{}", serving.port);
    let ran = place.run(&["serve", "--data", "other", "--listen", &taken]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("error: cannot listen on {taken}: the port is in use")), "{}", ran.err);
    let ran = place.run(&["serve", "--data", "other", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("without a password"), "{}", ran.err);
    place.file("file", "no folder");
    let ran = place.run(&["serve", "--data", "file", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("error: ") && ran.err.contains("hint: "), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_server_ends_when_it_is_asked_to() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--data", "db", "--listen", "127.0.0.1:0"]);
    let killed = Command::new("kill").args(["-TERM", &serving.process.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(serving.process.wait().unwrap().code(), Some(0));
    assert_eq!(place.run(&["sql", "--data", "db", "SELECT 1"]).code, 0);
}

#[test]
fn results_print_as_tables_csv_and_json() {
    let place = Place::new();
    let sql = "SELECT 'x,y' AS name, 1.5 AS n, true AS ok, NULL AS nothing";
    let ran = place.run(&["sql", "--data", "db", sql]);
    let expected = " name |  n  | ok | nothing \n------+-----+----+---------\n x,y  | 1.5 | t  |\n(1 row)\n\n";
    assert_eq!(ran.out, expected, "{}", ran.err);
    assert_eq!(place.run(&["sql", "--data", "db", "--format", "csv", sql]).out, "name,n,ok,nothing\n\"x,y\",1.5,t,\n");
    let json = "{\"name\":\"x,y\",\"n\":1.5,\"ok\":true,\"nothing\":null}\n";
    assert_eq!(place.run(&["sql", "--data", "db", "--format", "json", sql]).out, json);
}

#[test]
fn statements_run_in_turn_up_to_the_first_error() {
    let place = Place::new();
    place.file(
        "s.sql",
        "CREATE TABLE t (a INT);\n-- a comment\nINSERT INTO t VALUES (1), (2); SELECT nope FROM t; DROP TABLE t;",
    );
    let ran = place.run(&["sql", "--data", "db", "--file", "s.sql"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.out, "CREATE TABLE\nINSERT 0 2\n");
    assert!(ran.err.starts_with("error: column \"nope\" does not exist"), "{}", ran.err);
    assert_eq!(place.ask("SELECT sum(a) FROM t"), "3\n");
    assert_eq!(place.run(&["sql"]).code, 2);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::new();
    let sql = "SELECT value FROM generate_series(1, 200000) AS g (value)";
    let mut process =
        place.command(&["sql", "--data", "db", sql]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let ran = ran(process.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}

#[test]
fn copy_reads_standard_input_and_writes_standard_output() {
    let place = Place::new();
    place.file("rows.csv", "a,b\n1,x\n2,\"y, z\"\n3,\n");
    let copy = |target: [&str; 2], sql: &str| {
        let rows = std::fs::File::open(place.path("rows.csv")).unwrap();
        ran(place.command(&["sql", target[0], target[1], sql]).stdin(rows).output().unwrap())
    };
    let embedded = ["--data", "db"];
    copy(embedded, "CREATE TABLE t (a INT, b TEXT)");
    let (into, out) =
        ("COPY t FROM STDIN WITH CSV HEADER", "COPY (SELECT * FROM t ORDER BY a) TO STDOUT WITH CSV HEADER");
    assert_eq!(copy(embedded, into).out, "COPY 3\n");
    assert_eq!(copy(embedded, out).out, place.read("rows.csv"));
    let refused = copy(embedded, "COPY t FROM STDIN WITH CSV");
    assert_eq!(refused.code, 1);
    let expected = "error: invalid input syntax for type integer: \"a\"\ncontext: COPY t, line 1, column a: \"a\"\n";
    assert!(refused.err.starts_with(expected), "{}", refused.err);

    let serving = Serving::start(&place, &["serve", "--data", "db", "--listen", "127.0.0.1:0"]);
    let url = serving.url();
    let served = ["--url", url.as_str()];
    assert_eq!(copy(served, "TRUNCATE t").code, 0);
    assert_eq!(copy(served, into).out, "COPY 3\n");
    assert_eq!(copy(served, out).out, place.read("rows.csv"));
    let refused = copy(served, "COPY t FROM STDIN WITH CSV");
    assert!(refused.err.starts_with(expected), "{}", refused.err);
    let beside = copy(served, "SELECT 1; COPY t TO STDOUT");
    assert!(beside.err.contains("by itself"), "{}", beside.err);
}

#[test]
fn the_shell_takes_statements_over_several_lines() {
    let place = Place::new();
    let mut process = place
        .command(&["shell", "--data", "db"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = b"SELECT 1\n  AS one;\nSELECT nope;\n\\x\n\\d contacts\n\\q\nSELECT 2 AS two;\n";
    process.stdin.take().unwrap().write_all(lines).unwrap();
    let ran = ran(process.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains(" one \n-----\n   1\n(1 row)\n"), "{}", ran.out);
    assert!(ran.out.contains("error: column \"nope\" does not exist"), "{}", ran.out);
    assert!(ran.out.contains("unknown command \\x"), "{}", ran.out);
    assert!(ran.out.contains("uses_product"), "{}", ran.out);
    assert!(!ran.out.contains("two"), "{}", ran.out);
}

#[test]
fn the_demo_prints_its_layers_and_keeps_its_truth() {
    let place = Place::new();
    let arguments = ["demo", "--no-serve", "--interactions", "2000", "--data", "db"];
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for layer in ["Levers", "Conversion", "Velocity", "Lift", "Satisfaction"] {
        assert!(ran.out.contains(&format!("\n{layer}: ")), "{}", ran.out);
    }
    assert!(!ran.out.contains("(0 rows)"), "{}", ran.out);
    let truth: serde_json::Value = serde_json::from_str(&place.read("db/truth.json")).unwrap();
    let planted = truth["ppp"]["top"][0]["account_id"].as_str().unwrap().to_owned();
    assert_eq!(
        place.ask("SELECT account_id FROM ppp_account ORDER BY ppp DESC NULLS LAST LIMIT 1"),
        format!("{planted}\n")
    );
    let ran = place.run(&arguments);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("error: db is not empty"), "{}", ran.err);
}

#[test]
fn the_demo_serves_what_it_made() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["demo", "--interactions", "2000", "--listen", "127.0.0.1:0"]);
    let queries: Vec<String> = serving.lines.by_ref().skip(1).take(3).map(Result::unwrap).collect();
    for query in queries {
        let ran = place.run(&["sql", "--url", &serving.url(), query.trim()]);
        assert_eq!(ran.code, 0, "{query}: {}", ran.err);
        assert!(!ran.out.contains("(0 rows)"), "{query}: {}", ran.out);
    }
}
