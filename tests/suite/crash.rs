//! A server killed with SIGKILL at any moment: what was acknowledged is there afterwards, what was not is there whole or
//! not at all, and the folder opens again without help.
//!
//! A kill alone proves no fsync: the page cache outlives the process. `durability` cuts the power.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::{Rng, RngExt, SeedableRng};
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// What the database should hold: rows by key, keys that were moved to another table, and the views.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    rows: BTreeMap<i64, String>,
    moved: Vec<i64>,
    views: Vec<String>,
}

/// One change of the model, and the SQL that makes it.
fn change(random: &mut impl Rng, model: &Model, serial: i64) -> (String, Model) {
    let mut next = model.clone();
    let some_key = model.rows.keys().nth(random.random_range(0..model.rows.len().max(1))).copied();
    let sql = match (random.random_range(0..10), some_key) {
        (0..=1, Some(key)) => {
            next.rows.insert(key, format!("changed {serial}"));
            format!("UPDATE t SET v = 'changed {serial}' WHERE k = {key}")
        }
        (2, Some(key)) => {
            next.rows.retain(|k, _| *k > key);
            format!("DELETE FROM t WHERE k <= {key}")
        }
        (3, _) => {
            next.views.push(format!("v{serial}"));
            format!("CREATE VIEW v{serial} AS SELECT * FROM t WHERE k > {serial}")
        }
        // Two tables and the catalog by one block.
        (4..=6, Some(key)) => {
            next.rows.remove(&key);
            next.moved.push(key);
            next.views.push(format!("v{serial}"));
            format!(
                "BEGIN; INSERT INTO moved SELECT k FROM t WHERE k = {key}; DELETE FROM t WHERE k = {key}; \
                 CREATE VIEW v{serial} AS SELECT * FROM moved; COMMIT"
            )
        }
        (7, _) if serial % 7 == 0 => {
            next.rows.clear();
            "TRUNCATE t".to_owned()
        }
        _ => {
            // Two rows by one statement: half of it must never be seen.
            next.rows.insert(serial, "new".into());
            next.rows.insert(-serial, "new".into());
            format!("INSERT INTO t VALUES ({serial}, 'new'), (-{serial}, 'new')")
        }
    };
    (sql, next)
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_journeydb"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("-p ")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Self { process, port: port.expect("serve prints how to connect") }
    }

    async fn connect(&self) -> tokio_postgres::Client {
        let address = format!("host=127.0.0.1 port={} user=test dbname=journeydb", self.port);
        let (client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

async fn read(client: &tokio_postgres::Client) -> Model {
    let rows = |messages: Vec<SimpleQueryMessage>| {
        messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        })
    };
    let table = client.simple_query("SELECT k, v FROM t").await.unwrap();
    let moved = client.simple_query("SELECT k FROM moved ORDER BY k").await.unwrap();
    let views = "SELECT table_name FROM information_schema.views WHERE table_schema = 'public' ORDER BY 1";
    let views = client.simple_query(views).await.unwrap();
    Model {
        rows: rows(table).map(|r| (r.get(0).unwrap().parse().unwrap(), r.get(1).unwrap().to_owned())).collect(),
        moved: rows(moved).map(|r| r.get(0).unwrap().parse().unwrap()).collect(),
        views: rows(views).map(|r| r.get(0).unwrap().to_owned()).collect(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let mut known = Model::default();
    let mut serial = 0;
    Server::start(folder.path()).kill();
    for round in 0..8 {
        let server = Server::start(folder.path());
        let client = server.connect().await;
        if round == 0 {
            client.batch_execute("CREATE TABLE t (k bigint, v text); CREATE TABLE moved (k bigint)").await.unwrap();
        }
        let lifetime = Duration::from_millis(random.random_range(50..800));
        let mut possible = known.clone();
        let working = async {
            loop {
                serial += 1;
                let (sql, next) = change(&mut random, &known, serial);
                possible = next.clone();
                client.batch_execute(&sql).await.unwrap();
                known = next;
            }
        };
        let _ = tokio::time::timeout(lifetime, working).await;
        server.kill();

        let server = Server::start(folder.path());
        let mut found = read(&server.connect().await).await;
        for model in [&mut known, &mut possible, &mut found] {
            model.moved.sort_unstable();
            model.views.sort();
        }
        assert!(found == known || found == possible, "round {round}: found {found:?}, acknowledged {known:?}");
        known = found;
        server.kill();
    }
    assert!(serial > 20, "the server was killed before it did anything");
}
