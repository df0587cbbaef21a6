//! Runs SQL text in a session of this process or of a server, and prints what comes back.

use std::io::Write;
use std::pin::pin;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use futures::{StreamExt, TryStreamExt};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage};

use journeydb::server::Printed;
use journeydb::{CopyDirection, Outcome, Result, Session};

use super::copy::{self, Input};
use super::output::{Column, Kind, Printer};
use super::target::{Connection, remote};
use super::tls::Encryption;

impl Connection {
    /// Runs statements one after the other and prints each one's result; the first error ends it.
    pub async fn run(&self, sql: &str, input: Input, printer: &mut Printer<impl Write>) -> Result<()> {
        match self {
            Self::Embedded(session) => embedded(session, sql, input, printer).await,
            Self::Remote(client) => match copy::direction(sql)? {
                None => through_server(client, sql, printer).await,
                Some(CopyDirection::Out) => copy::out_of_server(client, sql, printer).await,
                Some(CopyDirection::In) => printer.tag(copy::into_server(client, sql, input).await?),
            },
        }
    }

    /// Runs statements for what they do.
    pub async fn execute(&self, sql: &str) -> Result<()> {
        self.run(sql, Input::Statements, &mut Printer::new(std::io::sink(), super::output::Form::Csv)).await
    }

    /// Stops what a server is running for this connection; in this process, dropping the future of `run` does.
    pub async fn cancel(&self) -> Result<()> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::Remote(client) => {
                // It says nothing but which statement, so any certificate will do.
                let cancelled = client.cancel_token().cancel_query(Encryption::new(None)?).await;
                cancelled.map_err(|error| remote(&error))
            }
        }
    }
}

/// Runs statements in a session of this process.
pub async fn embedded(session: &Session, sql: &str, input: Input, printer: &mut Printer<impl Write>) -> Result<()> {
    for statement in session.parse(sql)? {
        let prepared = session.prepare(&statement, &[]).await?;
        match session.execute(&prepared, Vec::new()).await? {
            Outcome::Rows(mut rows) => {
                let printed = Printed::of(&rows.schema(), &zone(session))?;
                printer.begin(columns(&rows.schema()))?;
                while let Some(batch) = rows.next().await {
                    printed.rows(&batch?)?.into_iter().try_for_each(|row| printer.row(row))?;
                }
                printer.end()?;
            }
            Outcome::Done(tag) => printer.tag(tag)?,
            Outcome::CopyOut(copy) => copy::out(copy, &zone(session), printer).await?,
            Outcome::CopyIn(copy) => printer.tag(copy::into(session, copy, &zone(session), input).await?)?,
        }
    }
    Ok(())
}

fn zone(session: &Session) -> String {
    session.setting("TimeZone").unwrap_or_default()
}

fn columns(schema: &SchemaRef) -> Vec<Column> {
    let column = |name: &String, data_type: &DataType| Column {
        name: name.clone(),
        kind: match data_type {
            DataType::Boolean => Kind::Boolean,
            number if number.is_numeric() => Kind::Number,
            _ => Kind::Text,
        },
    };
    schema.fields().iter().map(|field| column(field.name(), field.data_type())).collect()
}

async fn through_server(client: &Client, sql: &str, printer: &mut Printer<impl Write>) -> Result<()> {
    let kinds = kinds(client, sql).await?;
    let mut messages = pin!(client.simple_query_raw(sql).await.map_err(|error| remote(&error))?);
    let mut in_rows = false;
    while let Some(message) = messages.try_next().await.map_err(|error| remote(&error))? {
        match message {
            SimpleQueryMessage::RowDescription(description) => {
                let column = |(at, name): (usize, &str)| Column {
                    name: name.to_owned(),
                    kind: kinds.get(at).copied().unwrap_or(Kind::Text),
                };
                printer.begin(description.iter().map(|column| column.name()).enumerate().map(column).collect())?;
                in_rows = true;
            }
            SimpleQueryMessage::Row(row) => {
                printer.row((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())?;
            }
            SimpleQueryMessage::CommandComplete(_) if std::mem::take(&mut in_rows) => printer.end()?,
            // The client library keeps the row count of a tag alone.
            SimpleQueryMessage::CommandComplete(0) => printer.tag("OK")?,
            SimpleQueryMessage::CommandComplete(rows) => printer.tag(format_args!("OK, {rows} rows"))?,
            _ => {}
        }
    }
    Ok(())
}

/// What the columns of a single query are, which the simple protocol's client does not say; nothing for other text.
async fn kinds(client: &Client, sql: &str) -> Result<Vec<Kind>> {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap_or_default();
    let [Statement::Query(_)] = statements.as_slice() else { return Ok(Vec::new()) };
    let statement = client.prepare(sql).await.map_err(|error| remote(&error))?;
    let kind = |postgres: &Type| match *postgres {
        Type::BOOL => Kind::Boolean,
        Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC | Type::OID => Kind::Number,
        _ => Kind::Text,
    };
    Ok(statement.columns().iter().map(|column| kind(column.type_())).collect())
}
