//! Encryption: asked for and direct, required, bound to the login, and nothing slipped in before it.

use std::path::Path;
use std::sync::Arc;

use journeydb::server::{Certificate, Options, Server};
use journeydb::{Database, SqlState};
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use rcgen::{CertificateParams, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::login::{Raw, users};
use super::{Served, rows, soon};

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A certificate for `localhost` in files of its own.
pub(super) struct Secured {
    _place: TempDir,
    files: Certificate,
    der: CertificateDer<'static>,
}

impl Secured {
    pub(super) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let place = tempfile::tempdir().unwrap();
        let files = Certificate { certificate: place.path().join("c.pem"), key: place.path().join("k.pem") };
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        write_key(&files.key, &key.serialize_pem());
        Self { _place: place, files, der: certificate.der().clone() }
    }

    pub(super) fn options(&self) -> Options {
        Options { certificate: Some(self.files.clone()), ..Options::default() }
    }

    /// Shakes hands over a socket, as a client that trusts this certificate alone.
    async fn shake_hands(&self, socket: TcpStream, alpn: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let connector = TlsConnector::from(Arc::new(config));
        soon(connector.connect(ServerName::try_from("localhost").unwrap(), socket)).await
    }

    /// Asks for encryption and shakes hands.
    async fn connect(&self, served: &Served) -> TlsStream<TcpStream> {
        let mut socket = TcpStream::connect(served.address).await.unwrap();
        socket.write_all(&SSL_REQUEST).await.unwrap();
        assert_eq!(soon(socket.read_u8()).await.unwrap(), b'S');
        self.shake_hands(socket, &[]).await.unwrap()
    }
}

fn write_key(path: &Path, pem: &str) {
    std::fs::write(path, pem).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Logs in with this mechanism and asks something; the rest is the end of the conversation.
async fn log_in(stream: TlsStream<TcpStream>, mechanism: &str, binding: ChannelBinding) -> (u8, Vec<u8>) {
    let mut raw = Raw::over(stream);
    raw.start("anna").await;
    let (kind, body) = raw.receive().await;
    assert_eq!((kind, &body[..]), (b'R', &b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"[..]));
    let mut client = ScramSha256::new(b"right", binding);
    raw.send_first_as(mechanism, client.message()).await;
    let (kind, challenge) = raw.receive().await;
    if kind != b'R' {
        return (kind, challenge);
    }
    client.update(&challenge[4..]).unwrap();
    raw.send(b'p', client.message()).await;
    let (kind, proof) = raw.receive().await;
    if kind == b'R' {
        client.finish(&proof[4..]).unwrap();
        return raw.receive().await;
    }
    (kind, proof)
}

#[tokio::test]
async fn a_login_is_bound_to_the_certificate() {
    let secured = Secured::new();
    let served = Served::serve(users().await, secured.options()).await;
    let hash = digest(&SHA256, &secured.der).as_ref().to_vec();
    let accepted = (b'R', vec![0, 0, 0, 0]);
    let bound = ChannelBinding::tls_server_end_point(hash.clone());
    assert_eq!(log_in(secured.connect(&served).await, "SCRAM-SHA-256-PLUS", bound).await, accepted);
    let plain = ChannelBinding::unsupported();
    assert_eq!(log_in(secured.connect(&served).await, "SCRAM-SHA-256", plain).await, accepted);
    // Somebody in between shows a certificate of their own, or takes the offer to bind away.
    let other = ChannelBinding::tls_server_end_point(vec![0; 32]);
    let (kind, body) = log_in(secured.connect(&served).await, "SCRAM-SHA-256-PLUS", other).await;
    assert!(kind == b'E' && String::from_utf8_lossy(&body).contains("C28000"));
    let cut = ChannelBinding::unrequested();
    let (kind, body) = log_in(secured.connect(&served).await, "SCRAM-SHA-256", cut).await;
    assert!(kind == b'E' && String::from_utf8_lossy(&body).contains("C28000"));
}

#[tokio::test]
async fn a_certificate_is_read_anew_when_asked() {
    let (old, new) = (Secured::new(), Secured::new());
    let served = Served::serve(Database::in_memory().await.unwrap(), old.options()).await;
    let client = served.connect().await;
    let ask = async || rows(&client, "SELECT pg_reload_conf()").await.unwrap();
    drop(old.connect(&served).await);
    // One that can't be used changes nothing.
    std::fs::write(&old.files.certificate, "nothing").unwrap();
    assert_eq!(ask().await, "t");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(old.connect(&served).await);
    std::fs::copy(&new.files.certificate, &old.files.certificate).unwrap();
    std::fs::copy(&new.files.key, &old.files.key).unwrap();
    assert_eq!(ask().await, "t");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(new.connect(&served).await);
}

#[tokio::test]
async fn a_session_over_tls_answers_and_notices_that_its_client_is_gone() {
    let secured = Secured::new();
    let served = Served::serve(Database::in_memory().await.unwrap(), secured.options()).await;
    let mut raw = Raw::over(secured.connect(&served).await);
    raw.start("me").await;
    while raw.receive().await.0 != b'Z' {}
    raw.send(b'Q', b"SELECT 'x' || repeat('y', 200000)\0").await;
    let mut kinds = Vec::new();
    loop {
        let (kind, body) = raw.receive().await;
        kinds.push(kind);
        if kind == b'D' {
            assert!(body.len() > 200_000);
        }
        if kind == b'Z' {
            break;
        }
    }
    assert_eq!(kinds, b"TDCZ");
    // A statement that would run for ever ends with its client, and the server with its last session.
    raw.send(b'Q', b"SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 1000000) b\0").await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(raw);
    // Once it was noticed; a statement that goes on would be waited for.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let began = std::time::Instant::now();
    soon(served.shut_down()).await;
    assert!(began.elapsed() < std::time::Duration::from_secs(4), "nothing was left running");
}

#[tokio::test]
async fn direct_tls_names_the_protocol() {
    let secured = Secured::new();
    let served = Served::serve(Database::in_memory().await.unwrap(), secured.options()).await;
    let socket = async || TcpStream::connect(served.address).await.unwrap();
    let mut raw = Raw::over(secured.shake_hands(socket().await, &[b"postgresql"]).await.unwrap());
    raw.start("me").await;
    assert_eq!(raw.receive().await, (b'R', vec![0, 0, 0, 0]));
    // Another protocol, or none, may be a browser that was sent here.
    assert!(secured.shake_hands(socket().await, &[b"http/1.1"]).await.is_err());
    if let Ok(stream) = secured.shake_hands(socket().await, &[]).await {
        let mut raw = Raw::over(stream);
        raw.start("me").await;
        assert_eq!(raw.receive().await.0, 0);
    }
    // Without a certificate there is nothing to shake hands with.
    let open = Served::start().await;
    let socket = TcpStream::connect(open.address).await.unwrap();
    assert!(secured.shake_hands(socket, &[b"postgresql"]).await.is_err());
}

#[tokio::test]
async fn plain_text_is_refused_where_tls_is_required() {
    let secured = Secured::new();
    let options = Options { tls_required: true, ..secured.options() };
    let served = Served::serve(users().await, options).await;
    let error = soon(served.connect_with("password=right")).await.err().unwrap();
    assert_eq!(super::state(&error), "28000");
    assert!(error.as_db_error().unwrap().message().contains("encrypted"));
    let hash = digest(&SHA256, &secured.der).as_ref().to_vec();
    let bound = ChannelBinding::tls_server_end_point(hash);
    assert_eq!(log_in(secured.connect(&served).await, "SCRAM-SHA-256-PLUS", bound).await.0, b'R');
}

/// What stands in the buffer behind a request for encryption was sent by nobody whom the client knows of.
#[tokio::test]
async fn nothing_is_slipped_in_before_encryption() {
    let secured = Secured::new();
    let served = Served::serve(Database::in_memory().await.unwrap(), secured.options()).await;
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let startup = b"\0\0\0\x12\0\x03\0\0user\0raw\0\0";
    socket.write_all(&[&SSL_REQUEST[..], startup].concat()).await.unwrap();
    let mut answer = Vec::new();
    // A reset is as good an end as any.
    let _ = soon(socket.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("unencrypted data after SSL request") && !answer.contains("server_version"), "{answer:?}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_starts_nothing() {
    let (secured, other) = (Secured::new(), Secured::new());
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = place.path().join(name);
        write_key(&path, text);
        path
    };
    let (good, key) = (secured.files.certificate.clone(), secured.files.key.clone());
    let cases = [
        (place.path().join("nosuch"), key.clone()),
        (good.clone(), place.path().join("nosuch")),
        (file("empty", ""), key.clone()),
        (good.clone(), file("empty", "")),
        (file("nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), key.clone()),
        (good.clone(), file("nonsense", "nonsense")),
        (good.clone(), other.files.key.clone()),
    ];
    for (certificate, key) in cases {
        let shown = format!("{} {}", certificate.display(), key.display());
        let options = Options {
            listen: "127.0.0.1:0".into(),
            certificate: Some(Certificate { certificate, key }),
            ..Options::default()
        };
        let refused = Server::bind(Database::in_memory().await.unwrap(), options).await.err().expect(&shown);
        assert_eq!(refused.state(), SqlState::ConfigFileError, "{refused}");
    }
    #[cfg(unix)]
    {
        let open = file("open", &std::fs::read_to_string(&key).unwrap());
        std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let files = Certificate { certificate: good, key: open };
        let options = Options { listen: "127.0.0.1:0".into(), certificate: Some(files), ..Options::default() };
        let refused = Server::bind(Database::in_memory().await.unwrap(), options).await.err().unwrap();
        assert!(refused.message().contains("read by others"), "{refused}");
    }
}

#[tokio::test]
async fn addresses_beyond_this_machine_want_users_and_tls() {
    let secured = Secured::new();
    let bind = async |database: Database, options: Options| {
        Server::bind(database, Options { listen: "0.0.0.0:0".into(), ..options }).await.err().map(|error| error.state())
    };
    let empty = async || Database::in_memory().await.unwrap();
    let refused = Some(SqlState::InsufficientPrivilege);
    assert_eq!(bind(empty().await, Options::default()).await, refused);
    assert_eq!(bind(empty().await, secured.options()).await, refused);
    assert_eq!(bind(users().await, Options::default()).await, refused);
    assert_eq!(bind(users().await, secured.options()).await, None);
    assert_eq!(bind(empty().await, Options { insecure: true, ..Options::default() }).await, None);
    // There, who doesn't encrypt is refused without being told to require it.
    let options = Options { listen: "0.0.0.0:0".into(), ..secured.options() };
    let server = Server::bind(users().await, options).await.unwrap();
    let port = server.local_addr().port();
    let (_stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    let config = format!("host=127.0.0.1 port={port} user=anna password=right");
    let error = soon(tokio_postgres::connect(&config, tokio_postgres::NoTls)).await.err().unwrap();
    assert_eq!(super::state(&error), "28000");
}
