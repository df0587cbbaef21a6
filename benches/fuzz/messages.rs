//! Rounds of messages: conversations of the protocol scripts, with their bytes cut, changed and put elsewhere.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Result;
use super::client::Client;
use super::corpus::Corpus;
use super::rounds::{asks, find_panics, found};

/// Conversations of a round.
const CONVERSATIONS: usize = 20;

/// How long a server may take to see that its client has left.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a length may claim.
const LENGTHS: [i32; 8] = [0, -1, 3, 4, 5, 65_536, i32::MAX, i32::MIN];

/// The field of an ErrorResponse that says that the server itself is at fault.
const AT_FAULT: &[u8] = b"CXX000\0";

/// Speaks to the server; after that it has to serve somebody else.
pub async fn round(address: SocketAddr, corpus: &Corpus, mut random: ChaCha8Rng) -> Result<()> {
    let mut asked = String::new();
    for _ in 0..CONVERSATIONS {
        let bytes = conversation(corpus, &mut random)?;
        asked = bytes.escape_ascii().to_string();
        asks(&asked);
        match timeout(PATIENCE, converse(address, &bytes, &mut random)).await {
            Ok(answer) if answer.windows(AT_FAULT.len()).any(|field| field == AT_FAULT) => {
                found("an internal error", &asked)
            }
            Ok(_) => {}
            Err(_) => found("a connection that outlives its client", &asked),
        }
        find_panics(&asked);
    }
    let mut ping = BytesMut::new();
    // Plans of clients that have left may take their time yet.
    frontend::query("SET statement_timeout = 0; SELECT 1", &mut ping)?;
    let answered = match Client::open(address).await {
        Ok(mut client) => {
            client.answer(&ping, b"").await?.is_some_and(|answer| answer.whole && answer.errors.is_empty())
        }
        Err(_) => false,
    };
    if !answered {
        found("a server that answers nobody any more", &asked);
    }
    Ok(())
}

/// Sends bytes in pieces, leaves, and gives what was answered.
async fn converse(address: SocketAddr, bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut socket) = TcpStream::connect(address).await else { return answer };
    let (mut reader, mut writer) = socket.split();
    let piece = random.random_range(1..=bytes.len().max(1));
    let leaves = Duration::from_millis(random.random_range(0..100));
    let writing = async {
        for piece in bytes.chunks(piece) {
            // A server that has closed the connection does not read the rest.
            if writer.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        sleep(leaves).await;
        // It may be closed already.
        let _ = writer.shutdown().await;
    };
    // An end that is a reset is an end.
    let _ = tokio::join!(reader.read_to_end(&mut answer), writing);
    answer
}

/// What a client says that is nearly right.
fn conversation(corpus: &Corpus, random: &mut ChaCha8Rng) -> Result<Vec<u8>> {
    let mut messages = vec![BytesMut::new()];
    frontend::startup_message([("user", "fuzz"), ("database", "journeydb")], &mut messages[0])?;
    messages.extend(corpus.conversations.choose(random).into_iter().flatten().cloned());
    for _ in 0..random.random_range(1..5) {
        mutate(&mut messages, corpus, random);
    }
    Ok(messages.concat())
}

fn mutate(messages: &mut Vec<BytesMut>, corpus: &Corpus, random: &mut ChaCha8Rng) {
    // Mostly what comes after the startup message, without which there is nothing more.
    let first = usize::from(messages.len() > 1 && random.random_ratio(9, 10));
    let at = random.random_range(first..messages.len());
    let header = usize::from(at > 0);
    let message = &mut messages[at];
    if message.is_empty() {
        return;
    }
    let byte = random.random_range(0..message.len());
    match random.random_range(0..10) {
        0 => message.truncate(byte),
        1 | 2 => message[byte] = random.random(),
        3 => message[byte] ^= 1 << random.random_range(0..8),
        4 => {
            if let (Some(length), Some(claim)) = (message.get_mut(header..header + 4), LENGTHS.choose(random)) {
                length.copy_from_slice(&claim.to_be_bytes());
            }
        }
        // A body that was cut, or that goes on, under a length that says so.
        5 => {
            message.truncate(byte.max(header + 4));
            relabel(message, header);
        }
        6 => {
            let more: Vec<u8> = (0..random.random_range(1..40)).map(|_| random.random()).collect();
            message.extend_from_slice(&more);
            relabel(message, header);
        }
        7 => {
            let again = message.clone();
            messages.push(again);
        }
        8 => {
            let other = random.random_range(first..messages.len());
            messages.swap(at, other);
        }
        _ => {
            if let Some(message) = corpus.conversations.choose(random).and_then(|other| other.choose(random)) {
                messages.insert(at, message.clone());
            }
        }
    }
}

/// Gives a message the length that it has.
fn relabel(message: &mut BytesMut, header: usize) {
    let length = (message.len() - header) as i32;
    if let Some(field) = message.get_mut(header..header + 4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}
