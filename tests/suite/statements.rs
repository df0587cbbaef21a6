//! Statements as a program runs them that embeds the database, and what they answer as text.

use futures::TryStreamExt;
use journeydb::{Outcome, Session, SqlState};

/// Runs statements and gives the first column of the last one's rows, as text.
pub async fn run(session: &Session, sql: &str) -> journeydb::Result<String> {
    let mut shown = String::new();
    for statement in session.parse(sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        shown = match session.execute(&prepared, vec![]).await? {
            Outcome::Rows(rows) => {
                let batches: Vec<_> = rows.try_collect().await?;
                let mut cells = Vec::new();
                for batch in &batches {
                    for row in 0..batch.num_rows() {
                        cells.push(arrow::util::display::array_value_to_string(batch.column(0), row)?);
                    }
                }
                cells.join(";")
            }
            Outcome::Done(tag) => tag.to_string(),
            Outcome::CopyIn(_) | Outcome::CopyOut(_) => String::new(),
        };
    }
    Ok(shown)
}

/// The state that statements fail with.
pub async fn state(session: &Session, sql: &str) -> Option<SqlState> {
    run(session, sql).await.err().map(|error| error.state())
}
