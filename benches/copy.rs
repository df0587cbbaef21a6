//! COPY of a million rows, in and out, in each format; beside PostgreSQL where one is given.
//! `cargo bench --bench copy [-- --rows N] [--postgres 'host=localhost user=postgres'] [--binary PATH]`

#[path = "process/server.rs"]
mod server;

use std::path::Path;
use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use tokio_postgres::Client;

use server::{Server, connect};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROWS: usize = 1_000_000;

/// Times each copy is made; the median counts.
const RUNS: usize = 5;

/// What a client sends at once.
const PIECE: usize = 64 * 1024;

const TABLE: &str =
    "CREATE TABLE copied (id bigint, account_id text, channel text, occurred_at timestamptz, amount numeric(12,2),
                                         score double precision, won boolean)";

const FORMATS: [&str; 3] = ["text", "csv", "binary"];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let rows = value("--rows").map_or(Ok(ROWS), |rows| rows.parse())?;
    let folder = tempfile::tempdir()?;
    let binary = value("--binary").unwrap_or_else(|| env!("CARGO_BIN_EXE_journeydb").to_owned());
    let server = Server::start(Path::new(&binary), folder.path(), &[])?;
    let mut systems = vec![("journeydb", connect(&server.address()).await?.0)];
    if let Some(address) = value("--postgres") {
        systems.push(("postgresql", connect(&address).await?.0));
    }
    println!("{rows} rows, the median of {RUNS} runs\n");
    println!("{:<12} {:<8} {:>9} {:>11} {:>9} {:>11}", "system", "format", "in s", "in rows/s", "out s", "out rows/s");
    let text = lines(rows);
    for (name, client) in &systems {
        client.batch_execute("DROP TABLE IF EXISTS copied").await?;
        client.batch_execute(TABLE).await?;
        send(client, "text", &text).await?;
        for format in FORMATS {
            // What the system itself writes, so that both read the same rows in their own best spelling.
            let (bytes, out) = median(async || receive(client, format).await).await?;
            let (_, into) = median(async || {
                client.batch_execute("TRUNCATE copied").await?;
                send(client, format, &bytes).await
            })
            .await?;
            let per_second = |seconds: f64| (rows as f64 / seconds).round();
            let (read, written) = (per_second(into), per_second(out));
            println!("{name:<12} {format:<8} {into:>9.2} {read:>11} {out:>9.2} {written:>11}");
        }
        client.batch_execute("DROP TABLE copied").await?;
    }
    Ok(())
}

/// The last result and the median time of some runs.
async fn median<T>(mut run: impl AsyncFnMut() -> Result<(T, f64)>) -> Result<(T, f64)> {
    let mut seconds = Vec::new();
    let mut last = None;
    for _ in 0..RUNS {
        let (result, taken) = run().await?;
        seconds.push(taken);
        last = Some(result);
    }
    seconds.sort_by(f64::total_cmp);
    Ok((last.ok_or("no run")?, seconds[RUNS / 2]))
}

async fn send(client: &Client, format: &str, bytes: &[u8]) -> Result<((), f64)> {
    let start = Instant::now();
    let mut sink = pin!(client.copy_in(&format!("COPY copied FROM STDIN WITH (FORMAT {format})")).await?);
    for piece in bytes.chunks(PIECE) {
        sink.feed(Bytes::copy_from_slice(piece)).await?;
    }
    sink.finish().await?;
    Ok(((), start.elapsed().as_secs_f64()))
}

async fn receive(client: &Client, format: &str) -> Result<(Vec<u8>, f64)> {
    let start = Instant::now();
    let mut bytes = Vec::new();
    let mut pieces = pin!(client.copy_out(&format!("COPY copied TO STDOUT WITH (FORMAT {format})")).await?);
    while let Some(piece) = pieces.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, start.elapsed().as_secs_f64()))
}

/// Rows in the text format, the same in every run.
fn lines(rows: usize) -> Vec<u8> {
    let mut text = String::new();
    for row in 0..rows {
        let (day, second) = (row % 28 + 1, row * 7919 % 86_400);
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        let channel = ["web", "mail", "phone", "fair"][row % 4];
        let (euros, cents) = (row * 31 % 100_000, row % 100);
        let score = (row * 17 % 1000) as f64 / 7.0;
        let won = if row % 11 == 0 { "\\N" } else { ["t", "f"][row % 2] };
        let line = format!(
            "{row}\tacc-{:06}\t{channel}\t2026-01-{day:02} {time}+00\t{euros}.{cents:02}\t{score}\t{won}\n",
            row / 50
        );
        text.push_str(&line);
    }
    text.into_bytes()
}
