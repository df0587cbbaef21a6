//! Questions about journeys, side by side with DuckDB and ClickHouse: the same rows, answers compared, ratios printed.
//! `cargo bench --bench queries [-- QUESTION ... --interactions N ...]`; needs Python 3, and fetches both peers from PyPI.
//!
//! A question is a file in `benches/peers/questions`, with one formulation for each database, for anybody to read and dispute.
//! It is asked of one database after the other, never of two at a time, repeatedly: of the peers with their tables in memory, of
//! JourneyDB without its column cache, so that it decodes its files each time, and with it.

mod answer;
mod comparison;
mod journeydb;
mod peer;
mod question;
mod rows;
#[path = "../process/server.rs"]
mod server;
#[path = "../process/status.rs"]
mod status;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io, thread};

use clap::Parser;

use answer::Answer;
use comparison::Comparison;
use journeydb::JourneyDb;
use peer::Peer;
use question::{QUESTIONS, Question};
use rows::{Rows, Shape};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// More interactions than these are copies of these under other accounts.
const SIMULATED: u64 = 20_000_000;

/// JourneyDB beside DuckDB and ClickHouse.
#[derive(Parser)]
struct Arguments {
    /// Questions to ask; all by default
    #[arg(value_parser = QUESTIONS.map(|(name, _)| name))]
    questions: Vec<String>,
    /// About so many interactions
    #[arg(long, value_name = "N", default_value_t = SIMULATED)]
    interactions: u64,
    /// How often a question is measured
    #[arg(long, value_name = "N", default_value = "5")]
    runs: NonZero<usize>,
    /// The database to measure, if it isn't the one just built
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_journeydb"))]
    binary: PathBuf,
    /// A setting of JourneyDB's sessions
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// Read files anew each time, with nothing of them in memory; as root, on Linux
    #[arg(long)]
    cold: bool,
    #[command(flatten)]
    shape: Shape,
    /// What `cargo bench` says to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A database that answers questions.
trait Database {
    /// Its name in the files of questions.
    fn name(&self) -> &'static str;

    /// Where its files are.
    fn store(&self) -> &Path;

    /// Starts it, asks so many times, ends it.
    fn ask(&self, sql: &str, times: usize) -> Result<Answer>;
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let copies = arguments.interactions.div_ceil(SIMULATED).max(1);
    let rows = Rows { shape: arguments.shape, copies };
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("queries");
    let simulated = arguments.interactions / copies;
    let folder = home.join(simulated.to_string());
    let ours = JourneyDb::new(&arguments.binary, folder.join("journeydb"), &arguments.settings);
    ours.simulate(simulated)?;
    let files = ours.prepare(&rows)?;
    let python = peer::python(&home)?;
    let duckdb = Peer::load("duckdb", &python, folder.join("duckdb.db"), &rows, &files)?;
    let clickhouse = Peer::load("clickhouse", &python, folder.join("clickhouse"), &rows, &files)?;

    let count = ours.ask(&format!("SELECT count(*) FROM {}", rows.table()), 1)?.rows.concat();
    println!("\n{}: {} rows, {} processors", rows.table(), count[0].as_deref().unwrap_or("no"), processors());
    println!("milliseconds: the best (median) of {}; how many times the better peer's speed (wanted)", arguments.runs);
    println!("{}", Comparison::heading());
    let mut differences = Vec::new();
    for (name, wanted) in QUESTIONS {
        if !arguments.questions.is_empty() && !arguments.questions.iter().any(|asked| asked == name) {
            continue;
        }
        let question = Question::read(name)?;
        let ask_peer = |peer: &Peer| match question.sql(peer.name(), &rows) {
            Some(sql) if arguments.cold => arguments.ask_fresh(peer, &sql).map(Some),
            Some(sql) => arguments.ask_again(peer, &sql).map(Some),
            None => Ok(None),
        };
        let (duckdb, clickhouse) = (ask_peer(&duckdb)?, ask_peer(&clickhouse)?);
        let sql = question.sql(ours.name(), &rows).ok_or("JourneyDB has to answer every question")?;
        let files = match arguments.cold {
            true => arguments.ask_fresh(&ours, &sql)?,
            false => arguments.ask_again(&ours.without_cache(), &sql)?,
        };
        let memory = if arguments.cold { None } else { Some(arguments.ask_again(&ours, &sql)?) };
        let comparison = Comparison { duckdb, clickhouse, files, memory };
        println!("{}", comparison.line(name, wanted));
        differences.extend(comparison.differences().map(|found| format!("{name}: {found}")));
    }
    println!("JourneyDB's memory at its highest: {} MiB", ours.highest_memory() / 1024);
    differences.iter().for_each(|difference| println!("{difference}"));
    if differences.is_empty() { Ok(()) } else { Err("the answers differ".into()) }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl Arguments {
    /// Asks one process after the other, once each; their files are in the file system's cache, or, cold, they are not.
    fn ask_fresh(&self, database: &dyn Database, sql: &str) -> Result<Answer> {
        let mut answer = Answer::default();
        for _ in 0..self.runs.get() {
            if self.cold {
                let dropped = Command::new("sh").args(["-c", "sync && echo 3 > /proc/sys/vm/drop_caches"]).status()?;
                if !dropped.success() {
                    return Err("--cold empties the file system's cache, which root may".into());
                }
            } else {
                read_all(database.store())?;
            }
            let once = database.ask(sql, 1)?;
            answer.milliseconds.extend(once.milliseconds);
            answer.rows = once.rows;
        }
        Ok(answer)
    }

    /// Asks one process again and again, after a first time that doesn't count.
    fn ask_again(&self, database: &dyn Database, sql: &str) -> Result<Answer> {
        let mut answer = database.ask(sql, self.runs.get() + 1)?;
        answer.milliseconds.remove(0);
        Ok(answer)
    }
}

/// Reads the files of a folder, or one file, so that the file system has them in its cache.
fn read_all(path: &Path) -> Result<()> {
    if path.is_dir() {
        fs::read_dir(path)?.try_for_each(|entry| read_all(&entry?.path()))
    } else {
        io::copy(&mut fs::File::open(path)?, &mut io::sink())?;
        Ok(())
    }
}
