//! The process that watches: it starts the one that serves, again where it dies, and says what was found.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use super::status::memory;
use super::{Options, Result};

/// A server that says nothing for so long has stopped: each statement has its own, shorter time.
const SILENCE: Duration = Duration::from_secs(90);

/// The most memory, in KiB: the server's own limit is a fraction of it.
const MOST_MEMORY: u64 = 4 << 20;

/// What the other process says, a line each.
pub const ROUND: &str = "round ";
pub const ASKED: &str = "asked ";
pub const FOUND: &str = "found ";

/// The rounds so far.
struct Seen {
    rounds: u64,
    asked: u64,
    /// What was found, without the numbers in it: the same defect is said once.
    found: BTreeSet<String>,
    seed: u64,
    last: String,
}

/// Runs until the time is over, or one round.
pub fn run(options: &Options) -> Result<ExitCode> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let first = options.seed.or(options.from).unwrap_or(now);
    let mut seen = Seen { rounds: 0, asked: 0, found: BTreeSet::new(), seed: first, last: String::new() };
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut next = first;
    loop {
        let mut server = start(options, next)?;
        let why = watch(&mut server, options, end, &mut seen)?;
        // It may be gone by itself.
        let _ = server.kill();
        server.wait()?;
        match why {
            None => break,
            Some(why) => {
                let last = seen.last.clone();
                seen.found(&format!("{why}, at {last}"));
            }
        }
        if options.seed.is_some() || Instant::now() >= end {
            break;
        }
        next = seen.seed + 1;
    }
    let Seen { rounds, asked, found, .. } = &seen;
    println!("{rounds} rounds from {first} on, {asked} statements and messages, {} defects", found.len());
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start(options: &Options, seed: u64) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--serve-from", &seed.to_string()]).stdout(Stdio::piped());
    if let Some(part) = options.part {
        command.args(["--part", &format!("{part:?}").to_lowercase()]);
    }
    if options.seed.is_some() {
        command.args(["--seed", &seed.to_string()]);
    }
    Ok(command.spawn()?)
}

/// What ended a server; `None` where it was time, or its only round was over.
fn watch(server: &mut Child, options: &Options, end: Instant, seen: &mut Seen) -> Result<Option<String>> {
    let lines = lines(server)?;
    let mut heard = Instant::now();
    while Instant::now() < end {
        match lines.recv_timeout(Duration::from_millis(200)) {
            Ok(line) => {
                heard = Instant::now();
                seen.hear(&line);
            }
            Err(RecvTimeoutError::Timeout) if heard.elapsed() < SILENCE => {}
            Err(RecvTimeoutError::Timeout) => return Ok(Some("the server has stopped".to_owned())),
            Err(RecvTimeoutError::Disconnected) => {
                let status = server.wait()?;
                let over = status.success() && options.seed.is_some();
                return Ok((!over).then(|| format!("the server is dead, {status}")));
            }
        }
        if memory(server.id(), "VmRSS:").is_ok_and(|kilobytes| kilobytes > MOST_MEMORY) {
            return Ok(Some(format!("the server takes more than {} MiB", MOST_MEMORY >> 10)));
        }
    }
    Ok(None)
}

fn lines(server: &mut Child) -> Result<Receiver<String>> {
    let output = server.stdout.take().ok_or("the server has no output")?;
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        let mut said = BufReader::new(output).lines().map_while(std::result::Result::ok);
        said.try_for_each(|line| sender.send(line))
    });
    Ok(lines)
}

impl Seen {
    fn hear(&mut self, line: &str) {
        if let Some(seed) = line.strip_prefix(ROUND) {
            self.rounds += 1;
            self.seed = seed.parse().unwrap_or(self.seed);
        } else if let Some(asked) = line.strip_prefix(ASKED) {
            self.asked += 1;
            self.last = asked.to_owned();
        } else if let Some(found) = line.strip_prefix(FOUND) {
            self.found(found);
        }
    }

    fn found(&mut self, what: &str) {
        let defect = what.split(", at ").next().unwrap_or(what);
        if self.found.insert(defect.replace(|letter: char| letter.is_ascii_digit(), "")) {
            println!("seed {}: {what}\n", self.seed);
        }
    }
}
