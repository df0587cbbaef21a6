//! Takes rows into a table: in one commit where the database is in this process, by INSERTs where a server has it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use tokio::sync::mpsc;
use tokio_postgres::Client;
use tokio_postgres::types::{Kind, Type};
use uuid::Uuid;

use journeydb::model::instant;
use journeydb::{Error, Result, Session};

use super::infer::create_table;
use super::intake::{Intake, Portion};
use super::sql_type::sql_type;
use crate::cli::target::{Connection, remote};

/// The columns of a table.
pub async fn table_schema(connection: &Connection, table: &str) -> Result<SchemaRef> {
    match connection {
        Connection::Embedded(session) => session.table_schema(table).await,
        Connection::Remote(client) => {
            let statement = client.prepare(&format!("SELECT * FROM {table} LIMIT 0")).await;
            let statement = statement.map_err(|error| remote(&error))?;
            let required = required(client, table).await?;
            let field = |column: &tokio_postgres::Column| {
                let name = column.name();
                let nullable = !required.iter().any(|required| required == name);
                Ok(Field::new(name, arrow_type(name, column.type_())?, nullable))
            };
            Ok(Arc::new(Schema::new(statement.columns().iter().map(field).collect::<Result<Vec<_>>>()?)))
        }
    }
}

/// The columns that a table of a server requires.
async fn required(client: &Client, table: &str) -> Result<Vec<String>> {
    let table = table.replace('\'', "''");
    let sql = format!("SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnotnull");
    let rows = client.query(&sql, &[]).await.map_err(|error| remote(&error))?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Loads what an intake gives and counts the rows that went in. `strict` is all or nothing.
pub async fn load(
    connection: &Connection,
    table: &str,
    schema: &SchemaRef,
    intake: &mut Intake,
    strict: bool,
) -> Result<u64> {
    match connection {
        Connection::Embedded(session) => append(session, table, schema, intake).await,
        Connection::Remote(client) if strict => insert_at_once(client, table, schema, intake).await,
        Connection::Remote(client) => insert(client, table, schema, intake).await,
    }
}

/// One commit: the rows are streamed into it, and an error on the way fails it.
async fn append(session: &Session, table: &str, schema: &SchemaRef, intake: &mut Intake) -> Result<u64> {
    let (sender, receiver) = mpsc::channel(1);
    let schema = Arc::new(Schema::new(schema.fields().iter().map(nullable).collect::<Vec<_>>()));
    let rows =
        stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|rows| (rows, receiver)) });
    let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
    let feed = async {
        let fed = feed(session, table, intake, &sender).await;
        if let Err(error) = &fed {
            // Without it the stream would only end, and what came before would be committed.
            sender.send(Err(DataFusionError::from(error.clone()))).await.ok();
        }
        drop(sender);
        fed
    };
    let (fed, appended) = futures::join!(feed, session.append(table, rows));
    fed?;
    appended
}

async fn feed(
    session: &Session,
    table: &str,
    intake: &mut Intake,
    sender: &mpsc::Sender<datafusion::error::Result<RecordBatch>>,
) -> Result<()> {
    while let Some(portion) = intake.next().await? {
        let refused = session.violations(table, portion.rows()).await?;
        let refused = refused.into_iter().map(|(row, error)| (row, error.to_string())).collect();
        let rows = intake.keep(portion, refused)?;
        if rows.num_rows() > 0 && sender.send(Ok(rows)).await.is_err() {
            // The commit has failed and says why itself.
            break;
        }
    }
    Ok(())
}

/// One commit through a server: the rows gather in a table of their own, from which one statement takes them.
async fn insert_at_once(client: &Client, table: &str, schema: &SchemaRef, intake: &mut Intake) -> Result<u64> {
    let gathered = format!("public.loading_{}", Uuid::new_v4().simple());
    execute(client, &create_table(&gathered, schema)).await?;
    let rows = async {
        let rows = insert(client, &gathered, schema, intake).await?;
        let columns = columns(schema);
        execute(client, &format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {gathered}")).await?;
        Ok(rows)
    };
    let rows = rows.await;
    execute(client, &format!("DROP TABLE {gathered}")).await?;
    rows
}

/// A commit per INSERT; rows that the server refuses are found by halving what is sent.
async fn insert(client: &Client, table: &str, schema: &SchemaRef, intake: &mut Intake) -> Result<u64> {
    let insert = Insert::prepare(client, table, schema).await?;
    let mut inserted = 0;
    while let Some(portion) = intake.next().await? {
        let refused = insert.refused(&portion).await?;
        inserted += intake.keep(portion, refused)?.num_rows() as u64;
    }
    Ok(inserted)
}

/// An INSERT whose parameters are columns, as arrays of text: a VALUES clause of as many rows takes seconds to plan.
struct Insert<'a> {
    client: &'a Client,
    statement: tokio_postgres::Statement,
}

impl<'a> Insert<'a> {
    async fn prepare(client: &'a Client, table: &str, schema: &SchemaRef) -> Result<Self> {
        let value = |(at, field): (usize, &Arc<Field>)| format!("unnest(${}::text[])::{}", at + 1, sql_type(field));
        let values = schema.fields().iter().enumerate().map(value).collect::<Vec<_>>().join(", ");
        let statement = format!("INSERT INTO {table} ({}) SELECT {values}", columns(schema));
        let types = vec![Type::TEXT_ARRAY; schema.fields().len()];
        let statement = client.prepare_typed(&statement, &types).await.map_err(|error| remote(&error))?;
        Ok(Self { client, statement })
    }

    /// Inserts the sound rows of a portion; gives those that the server refuses, and why.
    async fn refused(&self, portion: &Portion) -> Result<Vec<(usize, String)>> {
        let sound = portion.sound();
        let mut pending = vec![sound.as_slice()];
        let mut refused = Vec::new();
        while let Some(rows) = pending.pop().filter(|rows| !rows.is_empty()) {
            let columns =
                portion.rows().columns().iter().map(|column| texts(column, rows)).collect::<Result<Vec<_>>>()?;
            match self.client.execute_raw(&self.statement, &columns).await {
                Ok(_) => {}
                Err(error) if !blames_a_row(&error) => return Err(remote(&error)),
                Err(error) if rows.len() == 1 => refused.push((rows[0], remote(&error).to_string())),
                Err(_) => {
                    let (first, second) = rows.split_at(rows.len() / 2);
                    pending.extend([second, first]);
                }
            }
        }
        Ok(refused)
    }
}

/// Values of a column as text that its type reads back.
fn texts(column: &ArrayRef, rows: &[usize]) -> Result<Vec<Option<String>>> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
    Ok(rows.iter().map(|row| column.is_valid(*row).then(|| formatter.value(*row).to_string())).collect())
}

/// Class 22 is a value that does not fit, class 23 a constraint that a row breaks.
fn blames_a_row(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|state| state.code().starts_with("22") || state.code().starts_with("23"))
}

/// The names of the columns, as a list in SQL.
fn columns(schema: &SchemaRef) -> String {
    let quoted = schema.fields().iter().map(|field| format!("\"{}\"", field.name().replace('"', "\"\"")));
    quoted.collect::<Vec<_>>().join(", ")
}

async fn execute(client: &Client, statement: &str) -> Result<()> {
    client.batch_execute(statement).await.map_err(|error| remote(&error))
}

fn nullable(field: &Arc<Field>) -> Field {
    field.as_ref().clone().with_nullable(true)
}

/// The Arrow type that values for a column of a server are read into before they are sent.
fn arrow_type(column: &str, postgres: &Type) -> Result<DataType> {
    Ok(match *postgres {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::DATE => DataType::Date32,
        Type::TIMESTAMP => DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => instant(),
        // The server reads these itself, and says where one does not fit.
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NUMERIC | Type::UUID | Type::JSON | Type::JSONB => {
            DataType::Utf8View
        }
        Type::TIME | Type::INTERVAL => DataType::Utf8View,
        _ if matches!(postgres.kind(), Kind::Array(_)) => DataType::Utf8View,
        _ => {
            return Err(Error::unsupported(format!("loading column \"{column}\" of type {postgres} through a server")));
        }
    })
}
