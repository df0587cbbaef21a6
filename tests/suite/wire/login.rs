//! Logging in: passwords right and wrong, users that don't exist, and messages that are out of order, cut off or made up.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use journeydb::Database;
use journeydb::server::Options;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Served, rows, soon, state};

/// A server whose users are anna, an owner, and ria, a reader, both with the password `right`.
async fn with_users() -> Served {
    Served::serve(users().await, Options::default()).await
}

pub(super) async fn users() -> Database {
    let database = Database::in_memory().await.unwrap();
    let users = "CREATE USER anna PASSWORD 'right' IN ROLE owner; CREATE USER ria PASSWORD 'right' IN ROLE reader; \
                 CREATE ROLE locked PASSWORD 'right'; CREATE USER late PASSWORD 'right' VALID UNTIL '2001-01-01'; \
                 CREATE USER open; CREATE USER \"Ärger\" PASSWORD 'Straße Ⅸ'";
    database.sql(users).await.unwrap();
    database
}

async fn log_in(served: &Served, user: &str, password: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(served.address.port()).user(user).password(password).dbname("journeydb");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn without_users_everybody_owns_the_database() {
    let served = Served::start().await;
    let client = served.connect().await;
    assert_eq!(rows(&client, "SELECT current_user, session_user").await.unwrap(), "journeydb,journeydb");
    assert_eq!(rows(&client, "SHOW is_superuser").await.unwrap(), "on");
}

#[tokio::test]
async fn with_users_everybody_needs_the_right_password() {
    let served = with_users().await;
    let anna = soon(log_in(&served, "anna", "right")).await.unwrap();
    assert_eq!(rows(&anna, "SELECT current_user, session_user").await.unwrap(), "anna,anna");
    assert_eq!(rows(&anna, "SHOW is_superuser").await.unwrap(), "on");
    let ria = soon(log_in(&served, "ria", "right")).await.unwrap();
    assert_eq!(rows(&ria, "SHOW is_superuser").await.unwrap(), "off");
    assert_eq!(rows(&ria, "SELECT count(*) FROM interactions").await.unwrap(), "0");
    assert_eq!(state(&rows(&ria, "CREATE TABLE t (a int)").await.unwrap_err()), "42501");
    // SASLprep: what reads the same is the same.
    assert!(soon(log_in(&served, "Ärger", "Straße IX")).await.is_ok());
    // The server that is asked without a password says that it wants one.
    assert!(soon(served.connect_with("")).await.is_err());

    rows(&ria, "ALTER USER ria PASSWORD 'another'").await.unwrap();
    assert!(soon(log_in(&served, "ria", "right")).await.is_err());
    assert!(soon(log_in(&served, "ria", "another")).await.is_ok());
    rows(&anna, "DROP USER ria").await.unwrap();
    assert!(soon(log_in(&served, "ria", "another")).await.is_err());
    assert_eq!(state(&rows(&ria, "SELECT * FROM journey.interactions").await.unwrap_err()), "42501");
    assert_eq!(state(&rows(&anna, "ALTER USER anna PASSWORD NULL").await.unwrap_err()), "2BP01");
}

/// Wrong passwords and users who don't exist, may not log in or no longer, are told apart by nothing.
#[tokio::test]
async fn who_is_refused_learns_nothing() {
    let served = with_users().await;
    for user in ["anna", "nobody", "locked", "late", "open", "journeydb", "reader"] {
        let password = if user == "anna" { "wrong" } else { "right" };
        let began = Instant::now();
        let error = soon(log_in(&served, user, password)).await.err().unwrap();
        let told = error.as_db_error().unwrap();
        assert_eq!((told.code().code(), told.severity()), ("28P01", "FATAL"), "{user}");
        assert_eq!(told.message(), format!("password authentication failed for user \"{user}\""));
        assert!(began.elapsed() >= Duration::from_millis(100), "a failure waits");
    }
    let salts =
        [challenge(&served, "nobody").await, challenge(&served, "nobody").await, challenge(&served, "eve").await];
    assert_eq!(salts[0], salts[1]);
    assert_ne!(salts[0], salts[2]);
    let anna = challenge(&served, "anna").await;
    assert_eq!(anna.1, salts[0].1);
    assert_eq!(anna.0.len(), salts[0].0.len());
    // Whoever knows the password never waits, whatever others did.
    assert!(soon(log_in(&served, "anna", "right")).await.is_ok());
}

/// The salt and iterations that a user is asked with.
async fn challenge(served: &Served, user: &str) -> (String, String) {
    let mut raw = Raw::begin(served, user).await;
    raw.send_first(b"n,,n=,r=abc").await;
    let challenge = String::from_utf8(raw.receive().await.1[4..].to_vec()).unwrap();
    let mut parts = challenge.split(',').skip(1).map(str::to_owned);
    (parts.next().unwrap(), parts.next().unwrap())
}

/// The messages of a login as bytes.
pub(super) struct Raw<S> {
    socket: S,
}

impl Raw<TcpStream> {
    async fn begin(served: &Served, user: &str) -> Self {
        let mut raw = Self { socket: TcpStream::connect(served.address).await.unwrap() };
        raw.start(user).await;
        let (kind, body) = raw.receive().await;
        assert_eq!((kind, &body[..]), (b'R', &b"\0\0\0\x0aSCRAM-SHA-256\0\0"[..]));
        raw
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(super) fn over(socket: S) -> Self {
        Self { socket }
    }

    pub(super) async fn start(&mut self, user: &str) {
        let body = [b"\0\x03\0\0user\0", user.as_bytes(), b"\0\0"].concat();
        self.socket.write_i32(body.len() as i32 + 4).await.unwrap();
        self.socket.write_all(&body).await.unwrap();
        self.socket.flush().await.unwrap();
    }

    pub(super) async fn send(&mut self, kind: u8, body: &[u8]) {
        let mut message = BytesMut::from(&[kind][..]);
        message.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
        message.extend_from_slice(body);
        // A server that has left already is found out by what it answers.
        let _ = self.socket.write_all(&message).await;
        let _ = self.socket.flush().await;
    }

    pub(super) async fn send_first_as(&mut self, mechanism: &str, message: &[u8]) {
        let length = (message.len() as i32).to_be_bytes();
        self.send(b'p', &[mechanism.as_bytes(), b"\0", &length, message].concat()).await;
    }

    async fn send_first(&mut self, message: &[u8]) {
        self.send_first_as("SCRAM-SHA-256", message).await;
    }

    /// The next message: its kind, or 0 at the end, and its body.
    pub(super) async fn receive(&mut self) -> (u8, Vec<u8>) {
        soon(async {
            let Ok(kind) = self.socket.read_u8().await else { return (0, vec![]) };
            let length = self.socket.read_i32().await.unwrap();
            let mut body = vec![0; length as usize - 4];
            self.socket.read_exact(&mut body).await.unwrap();
            (kind, body)
        })
        .await
    }

    /// The SQLSTATE that the connection ends with.
    async fn refusal(&mut self) -> String {
        let (kind, body) = self.receive().await;
        assert_eq!(kind as char, 'E');
        let fields = String::from_utf8_lossy(&body).into_owned();
        assert!(fields.contains("SFATAL"), "{fields}");
        let state = fields.split('\0').find_map(|field| field.strip_prefix('C')).unwrap().to_owned();
        assert_eq!(self.receive().await.0, 0, "the connection ends");
        state
    }
}

/// What a message is answered with, in the place of the first or of the second.
async fn first_answered(served: &Served, kind: u8, body: &[u8]) -> String {
    let mut raw = Raw::begin(served, "anna").await;
    raw.send(kind, body).await;
    raw.refusal().await
}

async fn second_answered(served: &Served, kind: u8, body: &[u8]) -> String {
    let mut raw = Raw::begin(served, "anna").await;
    raw.send_first(b"n,,n=,r=abc").await;
    assert_eq!(raw.receive().await.0, b'R');
    raw.send(kind, body).await;
    raw.refusal().await
}

#[tokio::test]
async fn messages_that_are_none_end_the_connection() {
    let served = with_users().await;
    for body in [
        &b""[..],
        b"SCRAM-SHA-256",
        b"SCRAM-SHA-256\0",
        b"SCRAM-SHA-256\0\0\0\0",
        b"SCRAM-SHA-256\0\0\0\0\xffn,,n=,r=abc",
        b"SCRAM-SHA-256\0\xff\xff\xff\xff",
        b"SCRAM-SHA-256\0\0\0\0\x00",
        b"SCRAM-SHA-256\0\0\0\0\x0bn,,n=,r=abcTRAILING",
        b"SCRAM-SHA-256-PLUS\0\0\0\0\x0bn,,n=,r=abc",
        b"PLAIN\0\0\0\0\x0bn,,n=,r=abc",
        b"right\0",
        b"\xff\xff\0\0\0\0\x0bn,,n=,r=abc",
    ] {
        assert_eq!(first_answered(&served, b'p', body).await, "08P01", "{body:?}");
    }
    for (kind, body) in
        [(b'Q', &b"SELECT 1\0"[..]), (b'P', b"\0SELECT 1\0\0\0"), (b'S', b""), (b'd', b"x"), (b'?', b"")]
    {
        assert_eq!(first_answered(&served, kind, body).await, "08P01");
        assert_eq!(second_answered(&served, kind, body).await, "08P01");
    }
    for body in [
        &b""[..],
        b"c=biws",
        b"c=biws,r=abc,p=AAAA",
        b"\xff\xff",
        b"n,,n=,r=abc",
        b"SCRAM-SHA-256\0\0\0\0\x0bn,,n=,r=abc",
    ] {
        assert_eq!(second_answered(&served, b'p', body).await, "08P01", "{body:?}");
    }
    // Before a login no message may be long, however long it says it is.
    let mut raw = Raw::begin(&served, "anna").await;
    raw.socket.write_all(b"p\x7f\xff\xff\xff").await.unwrap();
    assert_eq!(raw.refusal().await, "54000");
    let mut raw = Raw::begin(&served, "anna").await;
    raw.send(b'p', &vec![b'x'; 70_000]).await;
    assert_eq!(raw.refusal().await, "54000");
    // And still everybody else is served.
    assert!(soon(log_in(&served, "anna", "right")).await.is_ok());
}

#[tokio::test]
async fn what_was_right_once_is_not_right_again() {
    let served = with_users().await;
    let mut client = ScramSha256::new(b"right", ChannelBinding::unsupported());
    let mut raw = Raw::begin(&served, "anna").await;
    let first = client.message().to_vec();
    raw.send_first(&first).await;
    let (_, challenge) = raw.receive().await;
    client.update(&challenge[4..]).unwrap();
    let last = client.message().to_vec();
    raw.send(b'p', &last).await;
    let (kind, proof) = raw.receive().await;
    assert_eq!((kind, &proof[..4]), (b'R', &[0, 0, 0, 12][..]));
    client.finish(&proof[4..]).unwrap();
    assert_eq!(raw.receive().await, (b'R', vec![0, 0, 0, 0]));

    // The same bytes again meet another nonce.
    let mut replayed = Raw::begin(&served, "anna").await;
    replayed.send_first(&first).await;
    let (_, again) = replayed.receive().await;
    assert_ne!(challenge, again);
    replayed.send(b'p', &last).await;
    assert_eq!(replayed.refusal().await, "08P01");
    // A proof for another nonce than was asked for, with the nonce put right.
    let mut forged = Raw::begin(&served, "anna").await;
    forged.send_first(&first).await;
    let (_, again) = forged.receive().await;
    let nonce = |challenge: &[u8]| String::from_utf8_lossy(&challenge[4..]).split(',').next().unwrap().to_owned();
    let altered = String::from_utf8(last).unwrap().replace(&nonce(&challenge), &nonce(&again));
    forged.send(b'p', altered.as_bytes()).await;
    assert_eq!(forged.refusal().await, "28P01");
}

#[tokio::test]
async fn a_message_cut_off_holds_nothing_up() {
    let served = with_users().await;
    let mut slow = Vec::new();
    for _ in 0..30 {
        let mut raw = Raw::begin(&served, "anna").await;
        raw.socket.write_all(b"p\0\0\0\x40SCRAM-SHA").await.unwrap();
        slow.push(raw);
    }
    // Thirty that never finish are more than there are places for sessions.
    let anna = soon(log_in(&served, "anna", "right")).await.unwrap();
    assert_eq!(rows(&anna, "SELECT 1").await.unwrap(), "1");
}
