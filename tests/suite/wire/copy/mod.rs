//! COPY: what PostgreSQL wrote is read and written again, mistakes are told as by it, and what is broken off stores nothing.
//! The messages themselves are in the protocol scripts.

mod golden;
mod mistakes;
mod stopping;

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt, pin_mut};
use tokio_postgres::{Client, Error};

/// Sends bytes to a COPY FROM STDIN and counts the rows.
pub(super) async fn copy_in(client: &Client, sql: &str, bytes: &[u8]) -> Result<u64, Error> {
    let sink = client.copy_in(sql).await?;
    pin_mut!(sink);
    // The reason why a copy was refused comes with its end.
    let _ = sink.send(Bytes::copy_from_slice(bytes)).await;
    sink.finish().await
}

/// All that a COPY TO STDOUT gives.
async fn copy_out(client: &Client, sql: &str) -> Result<Vec<u8>, Error> {
    let pieces = client.copy_out(sql).await?;
    pin_mut!(pieces);
    let mut all = Vec::new();
    while let Some(piece) = pieces.try_next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}
