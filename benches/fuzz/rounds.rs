//! The process that serves and asks. It says what it does, a line each, so that the one that watches knows what it died of.

use std::io::Write;
use std::net::SocketAddr;
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use journeydb::Database;
use journeydb::server::{Options as Serving, Server};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::sync::oneshot;

use super::corpus::Corpus;
use super::statements::Pool;
use super::watch::{ASKED, FOUND, ROUND};
use super::{Options, Part, Result, messages, statements};

/// What is asked may take so much and so long.
const LIMITS: [(&str, &str); 4] =
    [("memory_limit", "512MB"), ("statement_timeout", "2s"), ("temp_file_limit", "256MB"), ("lock_timeout", "1s")];

/// The places of panics since the last look.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs rounds from a seed on until it is ended, or that one.
pub fn run(options: &Options, first: u64) -> Result<ExitCode> {
    std::panic::set_hook(Box::new(note));
    let corpus = Corpus::read()?;
    let pool = Pool::of(&corpus);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    for seed in first.. {
        say(ROUND, &seed.to_string());
        runtime.block_on(round(seed, Part::of(seed, options.part), &corpus, &pool))?;
        if options.seed.is_some() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn round(seed: u64, part: Part, corpus: &Corpus, pool: &Pool) -> Result<()> {
    let database = Database::in_memory().await?;
    for (name, value) in LIMITS {
        database.configure(name, value)?;
    }
    let server = Server::bind(database, Serving { listen: "127.0.0.1:0".to_owned(), ..Serving::default() }).await?;
    let address: SocketAddr = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    let random = ChaCha8Rng::seed_from_u64(seed);
    match part {
        Part::Statements => statements::round(address, corpus, pool, random).await?,
        Part::Messages => messages::round(address, corpus, random).await?,
    }
    // The server may be gone, which was said.
    let _ = stop.send(());
    serving.await?;
    Ok(())
}

/// Says what is asked next.
pub fn asks(what: &str) {
    say(ASKED, what);
}

/// Says what was found, and what had been asked.
pub fn found(what: &str, asked: &str) {
    say(FOUND, &format!("{what}, at {asked}"));
}

/// Says where something has panicked meanwhile.
pub fn find_panics(asked: &str) {
    for place in PANICS.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        found(&format!("a panic {place}"), asked);
    }
}

fn say(what: &str, text: &str) {
    let text: String = text.chars().take(4000).collect();
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{what}{}", text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""));
    if said.and_then(|()| out.flush()).is_err() {
        // Nobody watches any more.
        std::process::exit(1);
    }
}

/// pgwire's decoders panic on bodies that are too short; the server knows that and catches it.
fn note(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    if !place.contains("/pgwire-") && !place.contains("/bytes-") {
        let text = panic.payload_as_str().unwrap_or_default();
        PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(format!("in {place}: {text}"));
    }
}
