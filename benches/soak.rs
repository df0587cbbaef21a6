//! A day's mix on many connections: is every answer right, is no connection lost, does memory stay where it was?
//!
//! `cargo bench --bench soak -- --seconds 600 [--connections 64] [--server BINARY]`, on Linux: it reads the server's figures in
//! /proc. 70 % of the work are a dashboard's aggregates, 20 % point queries, 5 % loads by COPY, 5 % new connections; a part of
//! the aggregates is cancelled on its way. The first fifth of the time is warm-up. It fails, with exit code 1, on an error that
//! was not asked for, on rows that were loaded and aren't there, on a connection that waits for longer than its statement may
//! take, and on more than a tenth of memory beyond that after warm-up.

#[path = "process/server.rs"]
mod server;
#[path = "process/status.rs"]
mod status;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use futures::SinkExt;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Statement};

use server::{Server, connect};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What a dashboard asks.
const AGGREGATES: [&str; 5] = [
    "SELECT channel, count(*), count(DISTINCT account_id) FROM interactions GROUP BY channel ORDER BY 2 DESC",
    "SELECT date_trunc('month', occurred_at) AS month, kind, sum(amount) FROM transactions GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT * FROM funnel_steps(interactions, steps => ARRAY[channel = 'email', lever = 'team'], within => INTERVAL '30 days')",
    "SELECT lever, count(*) FROM interactions WHERE occurred_at >= '2024-06-01' GROUP BY lever ORDER BY 2 DESC LIMIT 5",
    "SELECT account_id, count(*) FROM interactions GROUP BY account_id ORDER BY 2 DESC, 1 LIMIT 20",
];

const POINT: &str = "SELECT contact_id, account_id FROM contacts WHERE contact_id = $1";

/// Runs until it is cancelled.
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 100000000000)";

/// Rows of one load.
const LOAD: u64 = 200;

/// The longest that anything may take: beyond it a connection starves.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    #[arg(long, default_value_t = 64)]
    connections: u64,
    #[arg(long, default_value_t = 20_000)]
    interactions: u64,
    /// The server to test; the one that was built with this benchmark unless it is given
    #[arg(long, default_value = env!("CARGO_BIN_EXE_journeydb"))]
    server: PathBuf,
    /// What cargo adds
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let folder = tempfile::tempdir()?;
    let server = Arc::new(start(&options, folder.path())?);
    let client = Arc::new(connect(&server.address()).await?.0);
    client.batch_execute("CREATE TABLE soak (connection bigint, n bigint, text text)").await?;
    let contacts = client.query("SELECT contact_id FROM contacts ORDER BY contact_id", &[]).await?;
    let contacts: Arc<[String]> = contacts.iter().map(|row| row.get(0)).collect();
    let (began, length) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut workers = Vec::new();
    for number in 0..options.connections {
        let random = ChaCha8Rng::seed_from_u64(number);
        let (server, contacts, owner) = (server.clone(), contacts.clone(), client.clone());
        let worker = Worker { number, random, server, contacts, owner, seen: Seen::default() };
        workers.push(tokio::spawn(worker.work(began + length)));
    }
    let (warm, hot) = watch(&server, began, length).await?;
    let mut all = Seen::default();
    for worker in workers {
        all.add(worker.await?);
    }
    let loaded = client.query_one("SELECT count(*) FROM soak", &[]).await?.get::<_, i64>(0) as u64;
    let good = all.report(loaded);
    let growth = hot as f64 / warm as f64;
    println!("resident memory: {} MiB after warm-up, {} MiB at the end, x {growth:.3}", warm >> 10, hot >> 10);
    Ok(if good && growth <= 1.1 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The memory of the server in KiB, at the end of the warm-up and at the end: each the median of a tenth of the time.
async fn watch(server: &Server, began: Instant, length: Duration) -> Result<(u64, u64)> {
    let mut samples = Vec::new();
    while began.elapsed() < length {
        samples.push((began.elapsed(), status::memory(server.process.id(), "VmRSS:")?));
        sleep(length / 500).await;
    }
    let median = |from: f64, to: f64| {
        let within = samples.iter().filter(|(at, _)| *at >= length.mul_f64(from) && *at < length.mul_f64(to));
        let mut sizes: Vec<u64> = within.map(|(_, size)| *size).collect();
        sizes.sort_unstable();
        sizes.get(sizes.len() / 2).copied().unwrap_or(1)
    };
    Ok((median(0.2, 0.3), median(0.9, 1.0)))
}

/// One connection's work.
struct Worker {
    number: u64,
    random: ChaCha8Rng,
    server: Arc<Server>,
    contacts: Arc<[String]>,
    /// Who cancels.
    owner: Arc<Client>,
    seen: Seen,
}

/// A connection with what it has prepared.
struct Open {
    client: Client,
    point: Statement,
    pid: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Aggregate,
    Point,
    Load,
    Connect,
    Cancelled,
}

impl Worker {
    async fn work(mut self, end: Instant) -> Seen {
        let mut open = None;
        while Instant::now() < end {
            let kind = match (&open, self.random.random_range(0..100)) {
                (None, _) | (_, 95..) => Kind::Connect,
                (_, 0..2) => Kind::Cancelled,
                (_, 2..70) => Kind::Aggregate,
                (_, 70..90) => Kind::Point,
                (_, _) => Kind::Load,
            };
            let began = Instant::now();
            let done = match timeout(PATIENCE, self.ask(kind, &mut open)).await {
                Ok(done) => done,
                Err(_) => {
                    // Whatever comes of it, this connection is not asked again.
                    open = None;
                    Err("no answer in time".into())
                }
            };
            self.seen.took.entry(kind).or_default().push(began.elapsed());
            let Err(error) = done else { continue };
            let error = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            *self.seen.errors.entry(format!("{kind:?}: {error}")).or_default() += 1;
            if open.take_if(|open| open.client.is_closed()).is_some() {
                self.seen.lost += 1;
            }
        }
        self.seen.asked.push(self.seen.took.values().map(Vec::len).sum());
        self.seen
    }

    async fn ask(&mut self, kind: Kind, open: &mut Option<Open>) -> Result<()> {
        let Some(Open { client, point, pid }) = open.as_ref().filter(|_| kind != Kind::Connect) else {
            let (client, _) = connect(&self.server.address()).await?;
            let point = client.prepare(POINT).await?;
            let pid = client.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
            *open = Some(Open { client, point, pid });
            return Ok(());
        };
        match kind {
            Kind::Point => self.point(client, point).await,
            Kind::Load => self.load(client).await,
            Kind::Cancelled => self.cancelled(client, *pid).await,
            Kind::Aggregate | Kind::Connect => self.aggregate(client).await,
        }
    }

    async fn aggregate(&mut self, client: &Client) -> Result<()> {
        let rows = client.query(AGGREGATES[self.random.random_range(0..AGGREGATES.len())], &[]).await?;
        if rows.is_empty() { Err("no rows".into()) } else { Ok(()) }
    }

    async fn point(&mut self, client: &Client, point: &Statement) -> Result<()> {
        let contact = &self.contacts[self.random.random_range(0..self.contacts.len())];
        let row = client.query_one(point, &[contact]).await?;
        if row.get::<_, &str>(0) == contact { Ok(()) } else { Err("another contact than was asked for".into()) }
    }

    async fn load(&mut self, client: &Client) -> Result<()> {
        let mut rows = String::new();
        for _ in 0..LOAD {
            rows += &format!("{}\t{}\ta text of some length\n", self.number, self.random.random_range(0..1000));
        }
        let mut sink = std::pin::pin!(client.copy_in("COPY soak FROM STDIN").await?);
        sink.send(bytes::Bytes::from(rows)).await?;
        let loaded = sink.finish().await?;
        self.seen.loaded += loaded;
        if loaded == LOAD { Ok(()) } else { Err(format!("{loaded} rows loaded, not {LOAD}").into()) }
    }

    /// A statement that is asked to stop on its way answers with 57014. A request that comes before it runs is lost, as it
    /// must be, so it is asked again. It is made by SQL, whose answer says that it has been heard: the driver doesn't wait for
    /// a CancelRequest, which then may stop the next statement.
    async fn cancelled(&mut self, client: &Client, pid: i32) -> Result<()> {
        let wait = Duration::from_millis(self.random.random_range(1..50));
        let mut query = std::pin::pin!(client.simple_query(ENDLESS));
        let answer = loop {
            tokio::select! {
                answer = &mut query => break answer,
                () = sleep(wait) => drop(self.owner.query_one("SELECT pg_cancel_backend($1)", &[&pid]).await?),
            }
        };
        match answer {
            Err(error) if error.code().is_some_and(|state| state.code() == "57014") => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err("a count to 100 billion ended".into()),
        }
    }
}

/// What happened.
#[derive(Default)]
struct Seen {
    took: BTreeMap<Kind, Vec<Duration>>,
    /// How often each connection was answered.
    asked: Vec<usize>,
    errors: BTreeMap<String, u64>,
    loaded: u64,
    lost: u64,
}

impl Seen {
    fn add(&mut self, other: Self) {
        for (kind, times) in other.took {
            self.took.entry(kind).or_default().extend(times);
        }
        for (error, count) in other.errors {
            *self.errors.entry(error).or_default() += count;
        }
        self.asked.extend(other.asked);
        self.loaded += other.loaded;
        self.lost += other.lost;
    }

    /// Prints it; whether all was as it should be.
    fn report(&mut self, found: u64) -> bool {
        println!("{:<10} {:>9} {:>10} {:>10} {:>10}", "", "count", "median ms", "p99 ms", "max ms");
        for (kind, times) in &mut self.took {
            times.sort_unstable();
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
            let (kind, count) = (format!("{kind:?}"), times.len());
            println!("{kind:<10} {count:>9} {:>10.1} {:>10.1} {:>10.1}", at(0.5), at(0.99), at(1.0));
        }
        for (error, count) in &self.errors {
            println!("{count} x {error}");
        }
        let (least, most) = (self.asked.iter().min().unwrap_or(&0), self.asked.iter().max().unwrap_or(&0));
        println!("answers of one connection: {least} to {most}");
        let errors: u64 = self.errors.values().sum();
        println!("{errors} errors that were not asked for; {} connections lost", self.lost);
        println!("{} rows loaded, {found} found", self.loaded);
        errors == 0 && self.lost == 0 && self.loaded == found
    }
}

/// Simulates a company and serves it.
fn start(options: &Options, folder: &Path) -> Result<Server> {
    let made = Command::new(&options.server)
        .args(["demo", "--no-serve", "--interactions", &options.interactions.to_string(), "--data"])
        .arg(folder)
        .stdout(Stdio::null())
        .status()?;
    if !made.success() {
        return Err("the company could not be simulated".into());
    }
    let connections = format!("max_connections={}", options.connections + 64);
    Ok(Server::start(&options.server, folder, &["-c", &connections])?)
}
