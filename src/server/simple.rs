//! The simple query protocol: a text of statements, each answered in full before the next one runs.

use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::response::EmptyQueryResponse;

use super::codec::Format;
use super::connection::Connection;
use super::failure::Failure;
use super::interrupt::{deadline, until};
use super::rows::{Columns, Rows};
use crate::error::{Error, SqlState};
use crate::outcome::{Outcome, Tag};
use crate::statements::Statement;

impl Connection {
    /// Runs the statements of a text: several are one transaction, unless they say otherwise. A syntax error anywhere runs none; an
    /// error in one leaves out the rest.
    pub(super) async fn simple_query(&mut self, sql: &str) -> Result<(), Failure> {
        self.session.portals().close_unnamed();
        self.session.prepared().close_unnamed();
        let statements = self.parse_text(sql)?;
        if statements.is_empty() {
            self.wire.put(Message::EmptyQueryResponse(EmptyQueryResponse::new()))?;
        }
        for statement in &statements {
            if statements.len() > 1 {
                self.session.begin_together()?;
            }
            let deadline = deadline(self.session.time_limit("statement_timeout"));
            until(deadline, self.simple_statement(statement)).await?;
        }
        Ok(self.session.end_together().await?)
    }

    async fn simple_statement(&mut self, statement: &Statement) -> Result<(), Failure> {
        self.begin(statement);
        let prepared = self.session.prepare(statement, &[]).await?;
        if !prepared.parameters().is_empty() {
            let error = Error::new(SqlState::UndefinedParameter, "there is no parameter $1");
            return Err(statement.place(error.with_hint("bind values with a prepared statement")).into());
        }
        match self.session.execute(&prepared, vec![]).await? {
            Outcome::Done(tag) => self.complete(&tag)?,
            Outcome::CopyOut(copy) => self.copy_out(copy).await?,
            Outcome::CopyIn(copy) => self.copy_in(copy).await?,
            Outcome::Rows(stream) => {
                let columns = Columns::of(&stream.schema())?;
                let format = if prepared.is_binary() { Format::Binary } else { Format::Text };
                let formats = vec![format; columns.len()];
                self.wire.put(Message::RowDescription(columns.description(&formats)))?;
                let mut rows = Rows::new(stream, columns, formats, &self.time_zone())?;
                let sent = rows.send(&mut self.wire).await?;
                self.complete(&Tag::gave(prepared.tag(), sent))?;
            }
        }
        self.wire.flush().await
    }
}
