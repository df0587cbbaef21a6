//! Sends each statement to its kind. What is not listed here is refused: nothing reaches the engine by default.

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::Statement as Ast;

use super::context::Context;
use super::{Statement, query, schemas, settings, tables, transaction, vacuum, views, write};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared, Tag};

/// Plans a statement far enough to know its parameters and columns.
pub(crate) async fn prepare(context: Context, statement: Statement, hints: Vec<Option<DataType>>) -> Result<Prepared> {
    context.transaction().admit(statement.ast())?;
    let (parameters, schema): (Vec<Option<DataType>>, Option<SchemaRef>) = match statement.ast() {
        Ast::Query(_) | Ast::Explain { .. } => {
            let (parameters, schema) = query::describe(&context, statement.ast(), &hints)?;
            (parameters, Some(schema))
        }
        Ast::Insert(_) | Ast::Update(_) | Ast::Delete(_) => {
            (query::describe(&context, statement.ast(), &hints)?.0, None)
        }
        Ast::ShowVariable { variable } => (vec![], Some(settings::show_schema(variable)?)),
        _ => (vec![], None),
    };
    Ok(Prepared { statement, parameters, schema })
}

/// Runs a prepared statement with one value per parameter.
pub(crate) async fn execute(context: Context, prepared: Prepared, values: Vec<ScalarValue>) -> Result<Outcome> {
    let ast = prepared.statement.ast();
    context.transaction().admit(ast)?;
    if values.len() != prepared.parameters.len() {
        let message = format!("the statement takes {} parameters, got {}", prepared.parameters.len(), values.len());
        return Err(Error::new(SqlState::ProtocolViolation, message));
    }
    if changes_data(ast) {
        context.transaction().admit_write()?;
        admit_by_setting(&context, ast)?;
    }
    let done = |tag: Tag| Ok(Outcome::Done(tag));
    match ast {
        Ast::Query(_) | Ast::Explain { .. } => query::run(&context, &prepared, values).await,
        Ast::Insert(insert) => done(write::insert(&context, insert, values).await?),
        Ast::Update(update) => done(write::update(&context, update, values).await?),
        Ast::Delete(delete) => done(write::delete(&context, delete, values).await?),
        Ast::Truncate(truncate) => done(write::truncate(&context, truncate).await?),
        Ast::Vacuum(vacuum) => done(vacuum::vacuum(&context, vacuum).await?),
        Ast::CreateTable(create) => done(tables::create(&context, create).await?),
        Ast::AlterTable(alter) => done(tables::alter(&context, alter).await?),
        Ast::CreateView(create) => done(views::create(&context, create).await?),
        Ast::CreateSchema { schema_name, if_not_exists, .. } => {
            done(schemas::create(&context, schema_name, *if_not_exists).await?)
        }
        Ast::Drop { object_type, if_exists, names, cascade, temporary, .. } => {
            if *temporary {
                return Err(Error::unsupported("DROP of a temporary object"));
            }
            done(schemas::drop(&context, *object_type, *if_exists, names, *cascade).await?)
        }
        Ast::Comment { object_type, object_name, comment, if_exists, .. } => {
            done(schemas::comment(&context, *object_type, object_name, comment.clone(), *if_exists).await?)
        }
        Ast::Set(set) => settings::set(&context, set),
        Ast::Reset(reset) => settings::reset(&context, &reset.reset),
        Ast::Discard { object_type } => Ok(settings::discard(&context, *object_type)),
        Ast::ShowVariable { variable } => settings::show(&context, variable),
        Ast::StartTransaction { .. } => done(transaction::begin(&context)),
        Ast::Commit { chain: false, .. } => done(transaction::commit(&context)),
        Ast::Rollback { savepoint: None, chain: false } => done(transaction::rollback(&context)),
        Ast::Copy { .. } => Err(Error::new(SqlState::FeatureNotSupported, "COPY is not supported")
            .with_hint("load files with: journeydb load TABLE FILE")),
        other => Err(Error::unsupported(first_words(&other.to_string()))),
    }
}

fn changes_data(ast: &Ast) -> bool {
    matches!(
        ast,
        Ast::Insert(_)
            | Ast::Update(_)
            | Ast::Delete(_)
            | Ast::Truncate(_)
            | Ast::CreateTable(_)
            | Ast::AlterTable(_)
            | Ast::CreateView(_)
            | Ast::CreateSchema { .. }
            | Ast::Drop { .. }
            | Ast::Comment { .. }
    )
}

/// A session may ask to be kept from writing.
fn admit_by_setting(context: &Context, ast: &Ast) -> Result<()> {
    let settings = context.settings.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    if settings.get("default_transaction_read_only") == Some("on")
        || settings.get("transaction_read_only") == Some("on")
    {
        let message = format!("cannot execute {} in a read-only transaction", first_words(&ast.to_string()));
        return Err(Error::new(SqlState::ReadOnlyTransaction, message));
    }
    Ok(())
}

/// The command of a statement for a message: its leading words in capitals.
fn first_words(sql: &str) -> String {
    let capitals = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    let words: Vec<_> = sql.split_whitespace().take_while(capitals).take(3).collect();
    if words.is_empty() { "this statement".to_owned() } else { words.join(" ") }
}
