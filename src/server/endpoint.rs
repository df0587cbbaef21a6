//! The metrics over HTTP, one request a connection: `GET /metrics` for Prometheus, and `GET /healthz`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use httparse::{EMPTY_HEADER, Request, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::metrics::Metrics;
use crate::database::Database;

/// The longest request, in bytes, and the most headers: more than any client sends.
const LONGEST: u64 = 8 * 1024;
const MOST_HEADERS: usize = 64;

/// How long a request and its answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Requests at a time; the next one waits.
const AT_ONCE: usize = 8;

/// The pause after an accept that failed: out of descriptors, it would fail again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Answers requests until it is dropped.
pub(super) async fn expose(listener: TcpListener, metrics: Arc<Metrics>, database: Database) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (metrics, database) = (Arc::clone(&metrics), database.clone());
        tokio::spawn(async move {
            // A client that is slow or gone misses its answer; there is nobody else to tell.
            let _ = timeout(PATIENCE, serve(socket, &metrics, &database)).await;
            drop(place);
        });
    }
}

async fn serve(mut socket: TcpStream, metrics: &Metrics, database: &Database) -> io::Result<()> {
    let (status, kind, body) = match request(&mut socket).await?.as_ref() {
        Some((method, path)) => match (method.as_str(), path.as_str()) {
            ("GET", "/metrics") => ("200 OK", OPEN_METRICS, metrics.page(database)),
            ("GET", "/healthz") => ("200 OK", PLAIN, "ok\n".to_owned()),
            ("GET", _) => ("404 Not Found", PLAIN, "GET /metrics or /healthz\n".to_owned()),
            _ => ("405 Method Not Allowed", PLAIN, "GET only\n".to_owned()),
        },
        None => ("400 Bad Request", PLAIN, "this is no HTTP request\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nAllow: GET\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(body.as_bytes()).await?;
    socket.shutdown().await
}

/// The method and the path that are asked for; `None` for what is no request.
async fn request(socket: &mut TcpStream) -> io::Result<Option<(String, String)>> {
    let mut received = Vec::new();
    let mut reader = socket.take(LONGEST);
    while reader.read_buf(&mut received).await? > 0 {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut request = Request::new(&mut headers);
        match request.parse(&received) {
            Ok(Status::Complete(_)) => {
                let asked = request.method.zip(request.path);
                return Ok(asked.map(|(method, path)| (method.to_owned(), path.to_owned())));
            }
            Ok(Status::Partial) => {}
            Err(_) => return Ok(None),
        }
    }
    Ok(None)
}
