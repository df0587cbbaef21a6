//! What pgbench measures, beside PostgreSQL where one is given: a point query by its key, an aggregate over a million rows,
//! the million rows themselves, and point queries of 64 clients at once, all prepared.
//!
//! `cargo bench --bench throughput [-- --postgres 'host=localhost user=postgres'] [--seconds 5] [--pgbench PATH]
//! [--server BINARY]`. The systems take turns; the median of three turns counts. Of the 64 clients it also says how the slow
//! tail looks, and how often the luckiest and the unluckiest client was answered.

#[path = "process/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use server::{Server, connect};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const TURNS: usize = 3;

const CLIENTS: usize = 64;

/// Statements that make the rows, on either system.
const ROWS: [&str; 6] = [
    "DROP TABLE IF EXISTS throughput_few",
    "DROP TABLE IF EXISTS throughput_many",
    "CREATE TABLE throughput_few (id bigint, account_id text, amount numeric(12,2))",
    "INSERT INTO throughput_few SELECT n, 'account ' || n % 100, n * 0.25 FROM generate_series(1, 10000) AS t(n)",
    "CREATE TABLE throughput_many (id bigint, account_id text, channel bigint, amount double precision)",
    "INSERT INTO throughput_many SELECT n, 'account ' || n % 5000, n % 12, n * 0.25 FROM generate_series(1, 1000000) AS t(n)",
];

/// What PostgreSQL wants besides, to be at its best.
const TUNED: [&str; 2] =
    ["CREATE UNIQUE INDEX ON throughput_few (id)", "VACUUM (ANALYZE, FREEZE) throughput_few, throughput_many"];

const POINT: &str = "\\set id random(1, 10000)\nSELECT account_id, amount FROM throughput_few WHERE id = :id;\n";

const QUESTIONS: [(&str, &str, usize); 4] = [
    ("point query", POINT, 1),
    ("aggregate", "SELECT channel, count(*), sum(amount), max(id) FROM throughput_many GROUP BY channel;\n", 1),
    ("million rows", "SELECT id, account_id, channel, amount FROM throughput_many;\n", 1),
    ("64 clients", POINT, CLIENTS),
];

#[derive(Parser)]
struct Options {
    /// A PostgreSQL to compare with
    #[arg(long)]
    postgres: Option<String>,
    /// How long a turn takes
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    #[arg(long, default_value = "pgbench")]
    pgbench: PathBuf,
    /// The server to measure; the one that was built with this benchmark unless it is given
    #[arg(long, default_value = env!("CARGO_BIN_EXE_journeydb"))]
    server: PathBuf,
    /// What cargo adds
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let server = Server::start(&options.server, &folder.path().join("data"), &[])?;
    let mut systems = vec![("journeydb", server.address(), &[][..])];
    systems.extend(options.postgres.clone().map(|address| ("postgresql", address, &TUNED[..])));
    for (_, address, more) in &systems {
        let (client, _) = connect(address).await?;
        for statement in ROWS.iter().chain(*more) {
            client.batch_execute(statement).await?;
        }
    }
    println!(
        "{:<14} {:<12} {:>10} {:>10} {:>10} {:>10} {:>8} {:>17}",
        "", "", "mean ms", "p50", "p99", "max", "/s", "per client"
    );
    for (question, script, clients) in QUESTIONS {
        let mut turns = vec![Vec::new(); systems.len()];
        for _ in 0..TURNS {
            for (turns, (_, address, _)) in turns.iter_mut().zip(&systems) {
                turns.push(turn(&options, folder.path(), address, script, clients)?);
            }
        }
        let mut means = Vec::new();
        for (turns, (system, ..)) in turns.iter_mut().zip(&systems) {
            turns.sort_by(|a, b| a.mean.total_cmp(&b.mean));
            let Turn { mean, p50, p99, max, per_second, least, most } = turns[TURNS / 2];
            let per_client = format!("{least} to {most}");
            println!(
                "{question:<14} {system:<12} {mean:>10.3} {p50:>10.3} {p99:>10.3} {max:>10.3} {per_second:>8.0} {per_client:>17}"
            );
            means.push(mean);
        }
        if let [ours, theirs] = means[..] {
            println!("{:<14} {:<12} {:>10}", "", "ratio", format!("x {:.2}", ours / theirs));
        }
    }
    Ok(())
}

/// What a turn showed: milliseconds of a statement, statements per second, and how many the clients had.
#[derive(Clone, Copy)]
struct Turn {
    mean: f64,
    p50: f64,
    p99: f64,
    max: f64,
    per_second: f64,
    least: usize,
    most: usize,
}

/// One run of pgbench.
fn turn(options: &Options, folder: &Path, address: &str, script: &str, clients: usize) -> Result<Turn> {
    let folder = tempfile::tempdir_in(folder)?;
    let file = folder.path().join("script.sql");
    std::fs::write(&file, script)?;
    let done = Command::new(&options.pgbench)
        .args(["--no-vacuum", "--protocol", "prepared", "--log", "--log-prefix"])
        .arg(folder.path().join("log"))
        .args(["--time", &options.seconds.to_string(), "--client", &clients.to_string()])
        .args(["--jobs", &clients.min(2).to_string(), "--file"])
        .arg(&file)
        .args(reached(address)?)
        .output()
        .map_err(|error| format!("{}: {error}", options.pgbench.display()))?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    let mut took = Vec::new();
    let mut asked = vec![0; clients];
    for entry in std::fs::read_dir(folder.path())? {
        let path = entry?.path();
        if path == file {
            continue;
        }
        for line in std::fs::read_to_string(path)?.lines() {
            // client, transaction, microseconds, and more.
            let mut words = line.split_whitespace().map(|word| word.parse::<usize>().unwrap_or_default());
            let (client, _, microseconds) = (words.next(), words.next(), words.next());
            asked[client.ok_or("a log without clients")?] += 1;
            took.push(microseconds.ok_or("a log without times")? as f64 / 1e3);
        }
    }
    if took.is_empty() {
        return Err("no statement ended in a turn: give it more --seconds".into());
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    let (mean, per_second) = (took.iter().sum::<f64>() / took.len() as f64, took.len() as f64 / options.seconds as f64);
    let (least, most) = (asked.iter().min().copied().unwrap_or(0), asked.iter().max().copied().unwrap_or(0));
    Ok(Turn { mean, p50: at(0.5), p99: at(0.99), max: at(1.0), per_second, least, most })
}

/// An address as pgbench takes it.
fn reached(address: &str) -> Result<Vec<String>> {
    let config: Config = address.parse()?;
    let host = match config.get_hosts() {
        [Host::Tcp(host), ..] => host.clone(),
        #[cfg(unix)]
        [Host::Unix(folder), ..] => folder.display().to_string(),
        _ => "localhost".to_owned(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let user = config.get_user().ok_or("the address names no user")?;
    let database = config.get_dbname().unwrap_or(user);
    Ok(["--host", &host, "--port", &port, "--username", user, database].map(str::to_owned).to_vec())
}
