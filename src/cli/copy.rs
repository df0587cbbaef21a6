//! COPY on the command line: rows out to standard output, rows in from standard input.

use std::io::{Read, Write};
use std::pin::pin;

use bytes::{Bytes, BytesMut};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use journeydb::server::{CopyReader, CopyWriter};
use journeydb::{CopyDirection, CopyIn, CopyOut, Error, Result, Session, Statement, Tag};

use super::output::Printer;
use super::target::remote;

/// Bytes read from standard input at once.
const PIECE: usize = 256 * 1024;

/// Where the rows of COPY FROM STDIN come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// Nowhere: statements are what is read from there.
    Statements,
}

impl Input {
    fn admit(self) -> Result<()> {
        match self {
            Self::Stdin => Ok(()),
            Self::Statements => {
                Err(Error::unsupported("COPY FROM STDIN here")
                    .with_hint("run journeydb sql 'COPY ... FROM STDIN' < FILE"))
            }
        }
    }
}

/// Prints what a COPY in this process gives.
pub async fn out(mut copy: CopyOut, zone: &str, printer: &mut Printer<impl Write>) -> Result<()> {
    let writer = CopyWriter::new(&copy.rows.schema(), copy.options, zone)?;
    let mut bytes = BytesMut::new();
    writer.begin(&mut bytes);
    while let Some(batch) = copy.rows.next().await {
        let rows = writer.rows(&batch?)?;
        (0..rows.count).try_for_each(|row| writer.row(&rows, row, &mut bytes))?;
        printer.bytes(&bytes)?;
        bytes.clear();
    }
    writer.end(&mut bytes);
    printer.bytes(&bytes)
}

/// Stores what a COPY in this process reads.
pub async fn into(session: &Session, copy: CopyIn, zone: &str, input: Input) -> Result<Tag> {
    input.admit()?;
    let reader = CopyReader::new(&copy, zone)?;
    let schema = reader.schema();
    let batches = futures::stream::try_unfold((reader, Some(stdin())), async |(mut reader, mut pieces)| {
        loop {
            if let Some(batch) = reader.next()? {
                return Ok(Some((batch, (reader, pieces))));
            }
            let Some(open) = &mut pieces else { return Ok(None) };
            match open.recv().await.transpose().map_err(Error::from)? {
                Some(piece) => reader.push(&piece),
                None => {
                    let rest = reader.finish()?;
                    return Ok(rest.map(|batch| (batch, (reader, None))));
                }
            }
        }
    });
    session.copy_in(copy, Box::pin(RecordBatchStreamAdapter::new(schema, batches))).await
}

/// Whether a server is asked for a COPY, and in which direction; 0A000 for one beside other statements, whose answers the
/// client library can't tell apart.
pub fn direction(sql: &str) -> Result<Option<CopyDirection>> {
    let statements = Statement::parse_all(sql).unwrap_or_default();
    match (statements.iter().find_map(Statement::copies), statements.len()) {
        (Some(_), 2..) => {
            Err(Error::unsupported("COPY beside other statements through a server").with_hint("run it by itself"))
        }
        (direction, _) => Ok(direction),
    }
}

/// Prints what a COPY of a server gives.
pub async fn out_of_server(client: &Client, sql: &str, printer: &mut Printer<impl Write>) -> Result<()> {
    let mut pieces = pin!(client.copy_out(sql).await.map_err(|error| remote(&error))?);
    while let Some(piece) = pieces.try_next().await.map_err(|error| remote(&error))? {
        printer.bytes(&piece)?;
    }
    Ok(())
}

/// Sends standard input to a COPY of a server.
pub async fn into_server(client: &Client, sql: &str, input: Input) -> Result<Tag> {
    input.admit()?;
    let mut sink = pin!(client.copy_in::<_, Bytes>(sql).await.map_err(|error| remote(&error))?);
    let mut pieces = stdin();
    while let Some(piece) = pieces.recv().await {
        if sink.send(piece?).await.is_err() {
            // The server refused the rows; its reason comes with the end.
            break;
        }
    }
    let rows = sink.finish().await.map_err(|error| remote(&error))?;
    Ok(Tag::counted("COPY", rows))
}

/// Standard input, read by a thread of its own, a piece ahead.
fn stdin() -> mpsc::Receiver<std::io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut buffer = vec![0; PIECE];
        loop {
            let piece = match std::io::stdin().read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => Ok(Bytes::copy_from_slice(&buffer[..length])),
                Err(error) => Err(error),
            };
            let failed = piece.is_err();
            // Whoever asked for it may have gone.
            if sender.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    receiver
}
