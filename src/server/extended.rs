//! The extended query protocol: Parse, Bind, Describe, Execute, Close; Sync and Flush are the connection's.

use std::time::Instant;

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
use super::portal::{Portal, Progress, Statement};
use super::rows::{Columns, Rows, Sent};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Tag};
use crate::session::Session;

impl Connection {
    /// Plans a statement and keeps it under a name.
    pub(super) async fn parse(&mut self, message: Parse) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        self.portals.check_statement_name(name)?;
        let statement = prepare(&self.session, &message.query, &message.type_oids).await?;
        self.portals.add_statement(name, statement);
        self.wire.put(Message::ParseComplete(ParseComplete::new()))
    }

    /// Gives a statement its values and keeps the two as a portal.
    pub(super) fn bind(&mut self, message: Bind) -> Result<(), Failure> {
        let name = message.statement_name.as_deref().unwrap_or_default();
        let statement = self.portals.statement(name)?.clone();
        let (expected, got) = (statement.parameters.len(), message.parameters.len());
        if expected != got {
            let text = format!(
                "bind message supplies {got} parameters, but prepared statement \"{name}\" requires {expected}"
            );
            return Err(Error::new(SqlState::ProtocolViolation, text).into());
        }
        let values = self.values(&statement.parameters, &message.parameters, &message.parameter_format_codes)?;
        let columns = statement.columns.as_ref().map_or(0, Columns::len);
        let formats = formats(&message.result_column_format_codes, columns, "result")?;
        let portal = Portal { statement, values, formats, progress: Progress::Bound };
        self.portals.add_portal(message.portal_name.as_deref().unwrap_or_default(), portal)?;
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
                let statement = self.portals.statement(name)?;
                let types = statement.parameters.iter().map(ParameterType::oid).collect();
                self.wire.put(Message::ParameterDescription(ParameterDescription::new(types)))?;
                let columns = statement.columns.clone();
                let formats = vec![Format::Text; columns.as_ref().map_or(0, Columns::len)];
                (columns, formats)
            }
            TARGET_TYPE_BYTE_PORTAL => {
                let portal = self.portals.portal(name)?;
                (portal.statement.columns.clone(), portal.formats.clone())
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
        let began = Instant::now();
        let zone = self.time_zone();
        let portal = self.portals.portal(message.name.as_deref().unwrap_or_default())?;
        let Some(prepared) = &portal.statement.prepared else {
            return self.wire.put(Message::EmptyQueryResponse(EmptyQueryResponse::new()));
        };
        let command = prepared.command();
        if let Progress::Bound = portal.progress {
            let values = std::mem::take(&mut portal.values).into_iter().take(prepared.parameters().len()).collect();
            portal.progress = Progress::Finished;
            match self.session.execute(prepared, values).await? {
                Outcome::Done(tag) => return self.complete(&tag, began),
                Outcome::Rows(stream) => {
                    let columns = described(&portal.statement, Columns::of(&stream.schema())?)?;
                    let rows = Rows::new(stream, columns, portal.formats.clone(), &zone)?;
                    portal.progress = Progress::Suspended(rows);
                }
            }
        }
        let sent = match &mut portal.progress {
            Progress::Suspended(rows) => {
                let limit = u64::try_from(message.max_rows).ok().filter(|limit| *limit > 0);
                rows.send(&mut self.wire, limit).await?
            }
            _ if portal.statement.columns.is_some() => Sent::All(0),
            _ => {
                let message = "portal cannot be run again";
                return Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message).into());
            }
        };
        match sent {
            Sent::Some(_) => self.wire.put(Message::PortalSuspended(PortalSuspended::new())),
            Sent::All(count) => {
                portal.progress = Progress::Finished;
                self.complete(&Tag::gave(command, count), began)
            }
        }
    }

    /// Forgets a statement or a portal; one that isn't there is no error.
    pub(super) fn close(&mut self, message: Close) -> Result<(), Failure> {
        let name = message.name.as_deref().unwrap_or_default();
        match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => self.portals.close_statement(name),
            TARGET_TYPE_BYTE_PORTAL => self.portals.close_portal(name),
            other => return Err(Failure::protocol(format!("invalid CLOSE message subtype {other}"))),
        }
        self.wire.put(Message::CloseComplete(CloseComplete::new()))
    }
}

/// Plans a text of one statement whose client declared the types of the first parameters.
async fn prepare(session: &Session, sql: &str, declared: &[u32]) -> Result<Statement> {
    let hints = declared.iter().map(|oid| hint(*oid)).collect::<Result<Vec<_>>>()?;
    let mut statements = session.parse(sql)?;
    if statements.len() > 1 {
        let message = "cannot insert multiple commands into a prepared statement";
        return Err(Error::new(SqlState::SyntaxError, message).with_hint("send them one by one"));
    }
    let Some(statement) = statements.pop() else {
        let parameters = declared.iter().map(|oid| ParameterType::of(*oid, None)).collect::<Result<_>>()?;
        return Ok(Statement { prepared: None, parameters, columns: None });
    };
    let prepared = session.prepare(&statement, &hints).await?;
    // A client may declare more parameters than the statement uses; it will bind as many.
    let count = prepared.parameters().len().max(declared.len());
    let parameters = (0..count).map(|at| {
        let inferred = prepared.parameters().get(at).and_then(Option::as_ref);
        ParameterType::of(declared.get(at).copied().unwrap_or_default(), inferred)
    });
    let parameters = parameters.collect::<Result<_>>()?;
    let columns = prepared.schema().map(|schema| Columns::of(schema)).transpose()?;
    Ok(Statement { prepared: Some(prepared), parameters, columns })
}

/// The columns of the running statement, which must be those the client was told: 0A000 where a table changed since.
fn described(statement: &Statement, columns: Columns) -> Result<Columns> {
    match &statement.columns {
        Some(told) if *told == columns => Ok(columns),
        _ => Err(Error::new(SqlState::FeatureNotSupported, "cached plan must not change result type")
            .with_hint("prepare the statement again")),
    }
}

/// A format for each value: none given means text, one given counts for all.
fn formats(codes: &[i16], count: usize, what: &str) -> Result<Vec<Format>> {
    match codes {
        [] => Ok(vec![Format::Text; count]),
        [code] => Ok(vec![Format::try_from(*code)?; count]),
        codes if codes.len() == count => codes.iter().map(|code| Format::try_from(*code)).collect(),
        codes => {
            let text = format!("bind message has {} {what} formats but {count} {what}s", codes.len());
            Err(Error::new(SqlState::ProtocolViolation, text))
        }
    }
}
