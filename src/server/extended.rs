//! The extended query protocol: Parse, Bind, Describe, Execute, Close; Sync and Flush are the connection's.

use std::sync::Arc;

use arrow::datatypes::Schema;
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    Bind, BindComplete, Close, CloseComplete, Describe, Execute, Parse, ParseComplete, PortalSuspended,
    TARGET_TYPE_BYTE_PORTAL, TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::EmptyQueryResponse;

use super::codec::{Format, ParameterType, hint};
use super::connection::Connection;
use super::failure::Failure;
use super::portal::{Described, formats, formats_of};
use super::rows::{Columns, Rows};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared, Tag};
use crate::session::Session;
use crate::statements::{Portal, PreparedStatement, Statement};

impl Connection {
    /// Plans a statement and keeps it under a name.
    pub(super) async fn parse(&mut self, message: Parse) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        self.session.prepared().check_free(name)?;
        let statements = self.parse_text(&message.query)?;
        if let Some(statement) = statements.first() {
            self.begin(statement);
        }
        let prepared = prepare(&self.session, statements, &message.type_oids).await?;
        let statement = PreparedStatement::parsed(prepared, message.type_oids, &message.query);
        self.session.prepared().add(name, statement);
        self.wire.put(Message::ParseComplete(ParseComplete::new()))
    }

    /// Gives a statement its values and keeps the two as a portal.
    pub(super) fn bind(&mut self, message: Bind) -> Result<(), Failure> {
        let name = message.statement_name.as_deref().unwrap_or_default();
        let statement = self.session.prepared().named(name)?;
        let _work = statement.prepared.as_ref().map(|prepared| {
            self.begin(prepared.statement());
            self.session.backend().work(prepared.statement().text())
        });
        let described = Described::of(&statement, &self.session)?;
        let (expected, got) = (described.parameters.len(), message.parameters.len());
        if expected != got {
            let text = format!(
                "bind message supplies {got} parameters, but prepared statement \"{name}\" requires {expected}"
            );
            return Err(Error::new(SqlState::ProtocolViolation, text).into());
        }
        described.prepared.as_ref().map_or(Ok(()), Prepared::check_constants)?;
        let mut values = self.values(&described.parameters, &message.parameters, &message.parameter_format_codes)?;
        values.truncate(described.prepared.as_ref().map_or(0, |prepared| prepared.parameters().len()));
        let columns = described.columns.as_ref().map_or(0, Columns::len);
        let formats = formats(&message.result_column_format_codes, columns, "result")?;
        let binary = formats.iter().map(|format| *format == Format::Binary).collect();
        let portal = Portal::bound(described.prepared, &statement.text, values, binary);
        self.session.portals().add(message.portal_name.as_deref().unwrap_or_default(), portal)?;
        statement.count_run();
        self.wire.put(Message::BindComplete(BindComplete::new()))
    }

    fn values(&self, types: &[ParameterType], bound: &[Option<Bytes>], codes: &[i16]) -> Result<Vec<ScalarValue>> {
        let formats = formats(codes, types.len(), "parameter")?;
        let zone = self.time_zone();
        let values = types.iter().zip(bound).zip(formats);
        values.map(|((kind, bytes), format)| kind.decode(bytes.as_ref(), format, &zone)).collect()
    }

    /// Tells the types of a statement's parameters and columns, or of a portal's columns.
    pub(super) fn describe(&mut self, message: Describe) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        let (columns, formats) = match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => {
                let statement = self.session.prepared().named(name)?;
                let described = Described::of(&statement, &self.session)?;
                let types = described.parameters.iter().map(ParameterType::oid).collect();
                self.wire.put(Message::ParameterDescription(ParameterDescription::new(types)))?;
                let formats = vec![Format::Text; described.columns.as_ref().map_or(0, Columns::len)];
                (described.columns, formats)
            }
            TARGET_TYPE_BYTE_PORTAL => {
                let portal = self.portal(name)?;
                (columns(&portal)?, formats_of(&portal.binary))
            }
            other => return Err(Failure::protocol(format!("invalid DESCRIBE message subtype {other}"))),
        };
        self.wire.put(match columns {
            Some(columns) => Message::RowDescription(columns.description(&formats)),
            None => Message::NoData(NoData::new()),
        })
    }

    /// Runs a portal, or runs it on, for as many rows as asked: none or a negative number means all.
    pub(super) async fn execute(&mut self, message: Execute) -> Result<(), Failure> {
        let portal = self.portal(message.name.as_deref().unwrap_or_default())?;
        let Some(prepared) = &portal.prepared else {
            return self.wire.put(Message::EmptyQueryResponse(EmptyQueryResponse::new()));
        };
        self.begin(prepared.statement());
        let most = u64::try_from(message.max_rows).ok().filter(|most| *most > 0);
        // What comes before the next Sync is one transaction; mostly that is one statement.
        if !self.wire.ends_round() {
            self.session.begin_together()?;
        }
        match self.session.run(&portal, most).await? {
            Outcome::Done(tag) => self.complete(&tag),
            Outcome::CopyOut(copy) => self.copy_out(copy).await,
            Outcome::CopyIn(copy) => self.copy_in(copy).await,
            Outcome::Rows(stream) => {
                let columns = unchanged(&portal, &stream.schema())?;
                let mut rows = Rows::new(stream, columns, formats_of(&portal.binary), &self.time_zone())?;
                let sent = rows.send(&mut self.wire).await?;
                if most == Some(sent) {
                    return self.wire.put(Message::PortalSuspended(PortalSuspended::new()));
                }
                self.complete(&Tag::gave(prepared.tag(), sent))
            }
        }
    }

    /// Forgets a statement or a portal; one that isn't there is no error.
    pub(super) fn close(&mut self, message: Close) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => self.session.prepared().close(name),
            TARGET_TYPE_BYTE_PORTAL => self.session.portals().close(name),
            other => return Err(Failure::protocol(format!("invalid CLOSE message subtype {other}"))),
        };
        self.wire.put(Message::CloseComplete(CloseComplete::new()))
    }

    /// The portal of a name; 34000 where there is none.
    fn portal(&self, name: &str) -> Result<Arc<Portal>> {
        let missing = || Error::new(SqlState::InvalidCursorName, format!("portal \"{name}\" does not exist"));
        self.session.portals().find(name).ok_or_else(missing)
    }
}

/// Plans a text of one statement whose client declared the types of the first parameters; `None` for an empty text.
async fn prepare(session: &Session, mut statements: Vec<Statement>, declared: &[u32]) -> Result<Option<Prepared>> {
    let hints = declared.iter().map(|oid| hint(*oid)).collect::<Result<Vec<_>>>()?;
    if statements.len() > 1 {
        let message = "cannot insert multiple commands into a prepared statement";
        return Err(Error::new(SqlState::SyntaxError, message).with_hint("send them one by one"));
    }
    match statements.pop() {
        Some(statement) => session.prepare(&statement, &hints).await.map(Some),
        None => Ok(None),
    }
}

/// The columns that a client is told of a portal; `None` where it answers with a tag alone.
fn columns(portal: &Portal) -> Result<Option<Columns>> {
    portal.schema().map(|schema| Columns::of(schema)).transpose()
}

/// The columns of the running statement, which must be those the client was told: 0A000 where a table changed since.
fn unchanged(portal: &Portal, rows: &Schema) -> Result<Columns> {
    if let Some(told) = portal.schema()
        && told.fields().len() == rows.fields().len()
    {
        // What marks a column as of a type that Arrow has not may get lost in a plan; its values are the same.
        let fields = told.fields().iter().zip(rows.fields());
        let fields = fields.map(|(told, row)| if told.data_type() == row.data_type() { told } else { row });
        let columns = Columns::of(&Schema::new(fields.cloned().collect::<Vec<_>>()))?;
        if Columns::of(told)?.agree(&columns) {
            return Ok(columns);
        }
    }
    Err(Error::new(SqlState::FeatureNotSupported, "cached plan must not change result type")
        .with_hint("prepare the statement again"))
}
