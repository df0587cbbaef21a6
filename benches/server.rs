//! What a served answer costs beside the answer: memory while a client reads millions of rows, and processor time after a
//! client has stopped caring. `cargo bench --bench server [-- ROWS]`, on Linux: it reads the server's figures in /proc.

#[path = "process/server.rs"]
mod server;
#[path = "process/status.rs"]
mod status;

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use server::{Server, connect};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: u64 = 20_000_000;

/// What never ends by itself in the time of a benchmark: an aggregate, a join, a sort, and rows on their way.
const ENDLESS: [(&str, &str); 4] = [
    ("aggregate", "SELECT count(DISTINCT n % 1000003) FROM generate_series(1, 20000000000) AS t(n)"),
    (
        "join",
        "SELECT count(*) FROM generate_series(1, 3000000) AS a(n) JOIN generate_series(1, 3000000) AS b(m) ON a.n % 7 > b.m % 11",
    ),
    ("sort", "SELECT n FROM generate_series(1, 100000000) AS t(n) ORDER BY n % 1000003, n DESC"),
    ("rows", "SELECT n FROM generate_series(1, 20000000000) AS t(n)"),
];

#[tokio::main]
async fn main() -> Result<()> {
    let rows = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(ROWS);
    println!(
        "{:<10} {:>12} {:>9} {:>13} {:>11} {:>11} {:>11}",
        "protocol", "rows", "seconds", "rows/s", "before", "median", "highest"
    );
    for protocol in [Protocol::Simple, Protocol::Extended] {
        read_all(protocol, rows).await?;
    }
    println!("\n{:<10} {:<12} {:>11} {:>29}", "query", "left by", "stopped ms", "processor ms a second later");
    for (name, sql) in ENDLESS {
        leave(name, sql, Leaving::Cancel).await?;
        leave(name, sql, Leaving::Disconnect).await?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Simple,
    Extended,
}

/// Reads rows as they come, and watches the server's memory.
async fn read_all(protocol: Protocol, rows: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Arc::new(start(folder.path())?);
    let (client, _socket) = connect(&server.address()).await?;
    let sql = format!("SELECT n, 'row ' || n AS text, n * 1.5 AS number FROM generate_series(1, {rows}) AS t(n)");
    // The first query of a process sets up what later ones share.
    client.simple_query("SELECT count(*) FROM ppp_account").await?;
    let before = status::memory(server.process.id(), "VmRSS:")?;
    let done = Arc::new(AtomicBool::new(false));
    let watch = std::thread::spawn({
        let (server, done) = (Arc::clone(&server), Arc::clone(&done));
        move || {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                seen.extend(status::memory(server.process.id(), "VmRSS:").ok());
                std::thread::sleep(Duration::from_millis(50));
            }
            seen.sort_unstable();
            seen
        }
    });
    let start = Instant::now();
    let read = match protocol {
        Protocol::Simple => {
            let mut read = 0;
            let mut messages = pin!(client.simple_query_raw(&sql).await?);
            while let Some(message) = messages.try_next().await? {
                read += u64::from(matches!(message, SimpleQueryMessage::Row(_)));
            }
            read
        }
        Protocol::Extended => {
            let mut read = 0;
            let mut answer = pin!(client.query_raw(&sql, Vec::<i32>::new()).await?);
            while answer.try_next().await?.is_some() {
                read += 1;
            }
            read
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    done.store(true, Ordering::Relaxed);
    let seen = watch.join().map_err(|_| "the watch on memory failed")?;
    assert_eq!(read, rows, "every row arrives");
    let mib = |kib: u64| format!("{} MiB", kib / 1024);
    println!(
        "{:<10} {read:>12} {seconds:>9.1} {:>13.0} {:>11} {:>11} {:>11}",
        format!("{protocol:?}").to_lowercase(),
        read as f64 / seconds,
        mib(before),
        mib(seen.get(seen.len() / 2).copied().unwrap_or(before)),
        mib(status::memory(server.process.id(), "VmHWM:")?),
    );
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Leaving {
    Cancel,
    Disconnect,
}

/// Starts a query, leaves it after a second, and sees what the server still does.
async fn leave(name: &str, sql: &'static str, leaving: Leaving) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = start(folder.path())?;
    let (client, socket) = connect(&server.address()).await?;
    let cancel = client.cancel_token();
    let running = tokio::spawn(async move {
        let mut messages = pin!(client.simple_query_raw(sql).await?);
        while messages.try_next().await?.is_some() {}
        Ok::<_, tokio_postgres::Error>(())
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let left = Instant::now();
    match leaving {
        Leaving::Cancel => {
            cancel.cancel_query(NoTls).await?;
            let state = running.await?.err().and_then(|error| error.code().cloned());
            assert_eq!(state, Some(tokio_postgres::error::SqlState::QUERY_CANCELED), "{name}");
        }
        Leaving::Disconnect => socket.abort(),
    }
    // Stopped is when a tenth of a second passes without processor time.
    let mut stopped = left.elapsed();
    let mut used = processor(server.process.id())?;
    let quiet = loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = processor(server.process.id())?;
        if now == used || left.elapsed() > Duration::from_secs(30) {
            break now;
        }
        (used, stopped) = (now, left.elapsed());
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let later = processor(server.process.id())? - quiet;
    let left_by = format!("{leaving:?}").to_lowercase();
    println!("{name:<10} {left_by:<12} {:>11} {later:>29}", stopped.as_millis());
    Ok(())
}

/// Processor time that a process has used, in milliseconds; the kernel counts in hundredths of a second.
fn processor(process: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after_name = stat.rsplit_once(')').ok_or("an odd /proc/*/stat")?.1;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap_or(0));
    Ok(ticks.sum::<u64>() * 10)
}

/// A server of this build.
fn start(folder: &Path) -> Result<Server> {
    Ok(Server::start(Path::new(env!("CARGO_BIN_EXE_journeydb")), folder, &[])?)
}
