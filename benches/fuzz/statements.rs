//! Rounds of statements: those of one file of tests, in their order, with others in between that are nearly like them.

use std::net::SocketAddr;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::Result;
use super::client::{Answer, Client};
use super::corpus::Corpus;
use super::rounds::{asks, find_panics, found};

/// Tokens of a statement.
type Tokens = Vec<String>;

/// What values are at their ends.
const ENDS: [&str; 32] = [
    "0",
    "-1",
    "0.0",
    "1e308",
    "5e-324",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999999999999999999999",
    "'NaN'::float8",
    "'-Infinity'::float8",
    "NULL",
    "''",
    "'x'",
    "true",
    "$1",
    "$2",
    "*",
    "ARRAY[]::int[]",
    "ARRAY[NULL]",
    "ARRAY[ARRAY[1, 2], ARRAY[3]]",
    "'0001-01-01'::date",
    "'294276-12-31'::timestamptz",
    "INTERVAL '178000000 years'",
    "INTERVAL '-1 day'",
    "'\\x00ff'::bytea",
    "repeat('x', 100000)",
    "ROW(1, 'a')",
    "(SELECT 1)",
    "(SELECT NULL WHERE false)",
    "now()",
    "'\u{df}\u{10ffff}\u{301}'",
];

/// Where a statement may stand.
const FRAMES: [(&str, &str); 18] = [
    ("SELECT * FROM (", ") AS fuzz"),
    ("SELECT count(*) FROM (", ") AS fuzz GROUP BY 1"),
    ("SELECT (", ")"),
    ("SELECT 1 WHERE EXISTS (", ")"),
    ("SELECT 1 WHERE 1 IN (", ")"),
    ("WITH fuzz AS (", ") SELECT * FROM fuzz AS a JOIN fuzz AS b ON true LIMIT 10"),
    ("WITH RECURSIVE fuzz AS (", " UNION ALL SELECT * FROM fuzz) SELECT * FROM fuzz LIMIT 10"),
    ("SELECT *, row_number() OVER (ORDER BY 1) FROM (", ") AS fuzz ORDER BY 1 DESC LIMIT 3 OFFSET 1"),
    ("EXPLAIN ", ""),
    ("EXPLAIN ANALYZE ", ""),
    ("COPY (", ") TO STDOUT (FORMAT BINARY)"),
    ("CREATE TABLE fuzz AS ", ""),
    ("CREATE OR REPLACE VIEW fuzz AS ", ""),
    ("INSERT INTO interactions ", ""),
    ("DECLARE fuzz SCROLL CURSOR WITH HOLD FOR ", "; FETCH 2 FROM fuzz; FETCH BACKWARD 1 FROM fuzz; CLOSE fuzz"),
    ("PREPARE fuzz AS ", "; EXECUTE fuzz(1, 2); DEALLOCATE fuzz"),
    ("BEGIN; SAVEPOINT a; ", "; ROLLBACK TO a; COMMIT"),
    ("SELECT 1; ", "; SELECT 2"),
];

/// Errors that end a connection as they should.
const ENDING: [&str; 5] = ["57P01", "57P05", "25P03", "25P04", "54000"];

/// What statements are made of, by kind.
pub struct Pool {
    statements: Vec<Tokens>,
    words: Vec<String>,
    literals: Vec<String>,
    signs: Vec<String>,
    /// Whatever stands in brackets, with them.
    groups: Vec<Tokens>,
}

impl Pool {
    /// All of a corpus.
    pub fn of(corpus: &Corpus) -> Self {
        let statements: Vec<_> = corpus.files.iter().flatten().map(|sql| tokens(sql)).collect();
        let all = || statements.iter().flatten();
        let of = |kind: fn(&str) -> bool| all().filter(|token| kind(token)).cloned().collect();
        let groups =
            statements.iter().flat_map(|tokens| groups(tokens).map(|(from, to)| tokens[from..to].to_vec())).collect();
        let is_sign = |token: &str| !is_word(token) && !is_literal(token);
        Self { words: of(is_word), literals: of(is_literal), signs: of(is_sign), groups, statements }
    }
}

/// Runs a file's statements, and some that are nearly like them.
pub async fn round(address: SocketAddr, corpus: &Corpus, pool: &Pool, mut random: ChaCha8Rng) -> Result<()> {
    let mut client = Client::open(address).await?;
    let Some(file) = corpus.files.choose(&mut random) else { return Ok(()) };
    for statement in file {
        let mut asked = vec![statement.clone()];
        for _ in 0..random.random_range(0..4) {
            asked.push(mutated(statement, pool, &mut random));
        }
        for sql in asked {
            match ask(&mut client, &sql, &mut random).await? {
                Some(true) => {}
                Some(false) => client = Client::open(address).await?,
                None => return Ok(()),
            }
        }
    }
    Ok(())
}

/// Runs a statement and looks at its answer. Whether the connection goes on; `None`: the server has stopped.
async fn ask(client: &mut Client, sql: &str, random: &mut ChaCha8Rng) -> Result<Option<bool>> {
    if sql.contains('\0') {
        return Ok(Some(true));
    }
    asks(sql);
    // The answer to a Sync that comes before the rows of a COPY depends on when it is read.
    let extended = random.random_ratio(1, 3) && !sql.to_ascii_lowercase().contains("copy");
    let answer = if extended { extended_query(client, sql, random).await? } else { simple_query(client, sql).await? };
    let Some(answer) = answer else {
        found("a statement that does not end", sql);
        return Ok(None);
    };
    for (_, message) in answer.errors.iter().filter(|(state, _)| state == "XX000") {
        found(&format!("an internal error: {message}"), sql);
    }
    find_panics(sql);
    let meant = answer.errors.iter().any(|(state, _)| ENDING.contains(&state.as_str()));
    if !answer.whole && !meant {
        found("a lost connection", sql);
    }
    Ok(Some(answer.whole))
}

async fn simple_query(client: &mut Client, sql: &str) -> Result<Option<Answer>> {
    let mut messages = BytesMut::new();
    frontend::query(sql, &mut messages)?;
    client.answer(&messages, b"1\t2\n\\N\n").await
}

async fn extended_query(client: &mut Client, sql: &str, random: &mut ChaCha8Rng) -> Result<Option<Answer>> {
    let mut messages = BytesMut::new();
    frontend::parse("", sql, [], &mut messages)?;
    frontend::describe(b'S', "", &mut messages)?;
    frontend::sync(&mut messages);
    let Some(described) = client.answer(&messages, b"").await? else { return Ok(None) };
    if !described.errors.is_empty() || !described.whole {
        return Ok(Some(described));
    }
    let values: Vec<Option<Vec<u8>>> = (0..described.parameters).map(|_| value(random)).collect();
    let formats: Vec<i16> = values.iter().map(|_| random.random_range(0..2)).collect();
    let mut messages = BytesMut::new();
    let write = |value: Option<Vec<u8>>, out: &mut BytesMut| {
        out.extend_from_slice(value.as_deref().unwrap_or_default());
        Ok(if value.is_some() { IsNull::No } else { IsNull::Yes })
    };
    let bound = frontend::bind("", "", formats, values, write, [random.random_range(0..2)], &mut messages);
    bound.map_err(|_| "more values than a message takes")?;
    frontend::describe(b'P', "", &mut messages)?;
    frontend::execute("", random.random_range(0..3), &mut messages)?;
    frontend::execute("", 0, &mut messages)?;
    frontend::sync(&mut messages);
    client.answer(&messages, b"").await
}

fn value(random: &mut ChaCha8Rng) -> Option<Vec<u8>> {
    match random.random_range(0..4) {
        0 => None,
        1 => Some(b"1".to_vec()),
        2 => Some(b"2024-02-30".to_vec()),
        _ => Some((0..random.random_range(0..20)).map(|_| random.random()).collect()),
    }
}

/// A statement that is nearly like another one.
fn mutated(sql: &str, pool: &Pool, random: &mut ChaCha8Rng) -> String {
    let mut tokens = tokens(sql);
    for _ in 0..random.random_range(1..4) {
        mutate(&mut tokens, pool, random);
    }
    let text = tokens.join(" ");
    match FRAMES.choose(random) {
        Some((before, after)) if random.random_ratio(1, 4) => format!("{before}{text}{after}"),
        _ => text,
    }
}

fn mutate(tokens: &mut Tokens, pool: &Pool, random: &mut ChaCha8Rng) {
    if tokens.is_empty() {
        return;
    }
    let at = random.random_range(0..tokens.len());
    let to = (at + random.random_range(1..4)).min(tokens.len());
    let all = groups(tokens).collect::<Vec<_>>();
    let group = all.choose(random).copied();
    match random.random_range(0..10) {
        0 => drop(tokens.drain(at..to)),
        1 => {
            let again = tokens[at..to].to_vec();
            tokens.splice(at..at, again);
        }
        2 => {
            let other = random.random_range(0..tokens.len());
            tokens.swap(at, other);
        }
        3 | 4 => {
            let alike = match tokens[at].as_str() {
                word if is_word(word) => &pool.words,
                literal if is_literal(literal) => &pool.literals,
                _ => &pool.signs,
            };
            tokens[at] = alike.choose(random).cloned().unwrap_or_default();
        }
        5 => tokens[at] = ENDS.choose(random).copied().unwrap_or_default().to_owned(),
        6 => {
            if let (Some((from, to)), Some(other)) = (group, pool.groups.choose(random)) {
                tokens.splice(from..to, other.clone());
            }
        }
        7 => {
            if let Some(other) = pool.statements.choose(random).filter(|other| !other.is_empty()) {
                let from = random.random_range(0..other.len());
                let part = other[from..(from + 6).min(other.len())].to_vec();
                tokens.splice(at..to, part);
            }
        }
        8 => {
            if let (Some((from, to)), Some(other)) = (group, pool.groups.choose(random)) {
                let within =
                    [&["(".to_owned()], &tokens[from..to], &[random_sign(pool, random)], &other[..], &[")".to_owned()]]
                        .concat();
                tokens.splice(from..to, within);
            }
        }
        _ => {
            let depth = random.random_range(1..12);
            let inside = tokens[at].clone();
            tokens[at] = format!("{}{inside}{}", "(".repeat(depth), ")".repeat(depth));
        }
    }
}

fn random_sign(pool: &Pool, random: &mut ChaCha8Rng) -> String {
    pool.signs.choose(random).cloned().unwrap_or_default()
}

fn is_word(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_' || letter == '"') && !token.ends_with('\'')
}

fn is_literal(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_ascii_digit() || letter == '\'' || letter == '$')
        || token.ends_with('\'')
}

/// From each opening bracket to behind the one that closes it.
fn groups(tokens: &[String]) -> impl Iterator<Item = (usize, usize)> {
    let mut open = Vec::new();
    tokens.iter().enumerate().filter_map(move |(at, token)| match token.as_str() {
        "(" => {
            open.push(at);
            None
        }
        ")" => open.pop().map(|from| (from, at + 1)),
        _ => None,
    })
}

/// The tokens of a statement, without its comments; what isn't closed goes to the end.
fn tokens(sql: &str) -> Tokens {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '-' if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
                continue;
            }
            '\'' => quoted(rest, '\''),
            '"' => quoted(rest, '"'),
            'e' | 'E' | 'x' | 'X' | 'b' | 'B' if rest[1..].starts_with('\'') => 1 + quoted(&rest[1..], '\''),
            '$' if rest.starts_with("$$") => rest[2..].find("$$").map_or(rest.len(), |end| end + 4),
            '0'..='9' => run(rest, |letter| letter.is_ascii_alphanumeric() || letter == '.'),
            letter if letter.is_alphabetic() || letter == '_' || letter == '$' => {
                first.len_utf8()
                    + run(&rest[first.len_utf8()..], |letter| {
                        letter.is_alphanumeric() || letter == '_' || letter == '$'
                    })
            }
            _ => ["->>", "::", "=>", "<=", ">=", "<>", "!=", "||", "->"]
                .iter()
                .find(|sign| rest.starts_with(**sign))
                .map_or(first.len_utf8(), |sign| sign.len()),
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

/// The length of what is in quotes, a doubled one being one of its letters.
fn quoted(text: &str, quote: char) -> usize {
    let mut end = 1;
    while let Some(next) = text[end..].find(quote) {
        end += next + 1;
        if !text[end..].starts_with(quote) {
            return end;
        }
        end += 1;
    }
    text.len()
}
