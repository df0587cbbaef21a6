//! Sends each statement to its kind. What is not listed here is refused: nothing reaches the engine by default.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::TableReference;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{ObjectType, Statement as Ast};

use super::context::Context;
use super::statement::Form;
use super::syntax::{Command, Direction};
use super::{
    CopyDirection, Portal, Statement, alter, commands, copy, drop, grants, keys, lock, names, notify, parameters,
    query, roles, schemas, sequences, series, settings, tables, transaction, vacuum, views, write,
};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared, Tag};

/// Plans a statement far enough to know its parameters and columns.
pub(crate) async fn prepare(context: Context, statement: Statement, hints: Vec<Option<FieldRef>>) -> Result<Prepared> {
    let ast = match statement.form() {
        Form::Sql(ast) => ast,
        Form::Command(command) => {
            context.transaction().admit_in_order()?;
            return commands::prepare(&context, statement.clone(), command, hints).await;
        }
        Form::Copy(_) => {
            context.transaction().admit_in_order()?;
            return Ok(Prepared::command(statement));
        }
    };
    context.transaction().admit(ast)?;
    let (ast, of_series) = series::without_values(ast, &hints)?;
    let (tag, described) = match ast.as_ref() {
        query @ Ast::Query(_) => ("SELECT", query::describe(&context, query, &hints)?),
        explain @ Ast::Explain { .. } => ("EXPLAIN", query::describe(&context, explain, &hints)?),
        write @ (Ast::Insert(_) | Ast::Update(_) | Ast::Delete(_)) => {
            (command(write), query::describe_write(&context, write, &hints)?)
        }
        Ast::ShowVariable { variable } => {
            ("SHOW", query::Description { schema: Some(settings::show_schema(variable)?), ..Default::default() })
        }
        _ => ("", query::Description::default()),
    };
    let query::Description { mut parameters, schema, fault } = described;
    for (at, kind) in of_series {
        parameters.resize(parameters.len().max(at + 1), None);
        parameters[at] = Some(kind);
    }
    Ok(Prepared { tag, parameters, schema, fault, ..Prepared::command(statement.clone()) })
}

/// Runs a portal, or runs it on, for at most so many rows.
pub(crate) async fn run(context: Context, portal: Arc<Portal>, most: Option<u64>) -> Result<Outcome> {
    // A portal that has run before is not planned again, where this would be found out.
    match portal.prepared.as_ref().map(|prepared| prepared.statement.form()) {
        Some(Form::Sql(ast)) => context.transaction().admit(ast)?,
        _ => context.transaction().admit_in_order()?,
    }
    portal.fetch(&context, Direction::Forward(most)).await
}

/// Runs a prepared statement with one value per parameter.
pub(crate) async fn execute(context: Context, prepared: Prepared, values: Vec<ScalarValue>) -> Result<Outcome> {
    if values.len() != prepared.parameters.len() {
        let message = format!("the statement takes {} parameters, got {}", prepared.parameters.len(), values.len());
        return Err(Error::new(SqlState::ProtocolViolation, message));
    }
    prepared.check_constants()?;
    let values = parameters::planned(values, &prepared.parameters);
    let ast = match prepared.statement.form() {
        Form::Sql(ast) => ast,
        Form::Command(command) => {
            context.transaction().admit_in_order()?;
            match command {
                Command::AlterView(_) => admit_by_setting(&context, None, || "ALTER VIEW".to_owned())?,
                Command::AlterSequence(_) | Command::AlterSequenceAsTable(_) => {
                    admit_by_setting(&context, None, || "ALTER SEQUENCE".to_owned())?;
                }
                _ => {}
            }
            return commands::execute(&context, &prepared.statement, command, values).await;
        }
        Form::Copy(copy) => {
            context.transaction().admit_in_order()?;
            if copy.direction == CopyDirection::In {
                admit_by_setting(&context, copy::target(copy), || "COPY FROM".to_owned())?;
            }
            return copy::run(&context, copy).await;
        }
    };
    context.transaction().admit(ast)?;
    let ast = series::with_values(ast, &values)?;
    if changes_data(&ast) {
        admit_by_setting(&context, write::rows_of(&ast), || first_words(&ast.to_string()))?;
    }
    let done = |tag: Tag| Ok(Outcome::Done(tag));
    match ast.as_ref() {
        query @ (Ast::Query(_) | Ast::Explain { .. }) => query::run(&context, &prepared, query, values).await,
        write @ Ast::Insert(_) => write::insert(&context, &prepared, write, values).await,
        write @ Ast::Update(_) => write::update(&context, &prepared, write, values).await,
        write @ Ast::Delete(_) => write::delete(&context, &prepared, write, values).await,
        Ast::Truncate(truncate) => done(write::truncate(&context, truncate).await?),
        Ast::Vacuum(vacuum) => done(vacuum::vacuum(&context, vacuum).await?),
        Ast::CreateTable(create) => done(tables::create(&context, create).await?),
        create @ Ast::CreateSequence { .. } => done(sequences::create(&context, create).await?),
        Ast::CreateIndex(create) => done(keys::create_index(&context, create).await?),
        Ast::AlterTable(alter) => done(alter::alter(&context, alter).await?),
        Ast::CreateView(create) => done(views::create(&context, create).await?),
        Ast::CreateSchema { schema_name, if_not_exists, .. } => {
            done(schemas::create(&context, schema_name, *if_not_exists).await?)
        }
        Ast::Drop { object_type, if_exists, names, cascade, temporary, .. } => {
            if *temporary {
                return Err(Error::unsupported("DROP of a temporary object"));
            }
            if *object_type == ObjectType::Role {
                return done(roles::drop(&context, names, *if_exists).await?);
            }
            if *object_type == ObjectType::Index {
                return done(keys::drop_indexes(&context, names, *if_exists).await?);
            }
            done(drop::drop(&context, *object_type, *if_exists, names, *cascade).await?)
        }
        Ast::Comment { object_type, object_name, comment, if_exists, .. } => {
            done(schemas::comment(&context, *object_type, object_name, comment.clone(), *if_exists).await?)
        }
        Ast::CreateRole(create) => done(roles::create(&context, create).await?),
        Ast::AlterRole { name, operation } => done(roles::alter(&context, name, operation).await?),
        Ast::AlterSchema(alter) => done(grants::alter_schema(&context, alter).await?),
        Ast::Grant(grant) => done(grants::grant(&context, grant).await?),
        Ast::Revoke(revoke) => done(grants::revoke(&context, revoke).await?),
        Ast::Set(set) => settings::set(&context, set),
        Ast::Reset(reset) => settings::reset(&context, &reset.reset),
        Ast::Discard { object_type } => settings::discard(&context, *object_type).await,
        Ast::LISTEN { channel } => Ok(notify::listen(&context, names::fold(channel))),
        Ast::UNLISTEN { channel } if channel.quote_style.is_none() && channel.value == "*" => {
            Ok(notify::unlisten(&context, None))
        }
        Ast::UNLISTEN { channel } => Ok(notify::unlisten(&context, Some(names::fold(channel)))),
        Ast::NOTIFY { channel, payload } => {
            notify::notify(&context, &names::fold(channel), payload.as_deref().unwrap_or_default())
        }
        Ast::Lock(lock) => done(lock::lock(&context, lock).await?),
        Ast::ShowVariable { variable } => settings::show(&context, variable),
        Ast::StartTransaction { modes, begin, .. } => {
            let command = if *begin { "BEGIN" } else { "START TRANSACTION" };
            done(transaction::begin(&context, command, modes)?)
        }
        Ast::Commit { chain, .. } => done(transaction::commit(&context, *chain).await?),
        Ast::Rollback { savepoint: None, chain } => done(transaction::rollback(&context, *chain).await?),
        Ast::Rollback { savepoint: Some(name), .. } => done(transaction::rollback_to(&context, name).await?),
        Ast::Savepoint { name } => done(transaction::savepoint(&context, name).await?),
        Ast::ReleaseSavepoint { name } => done(transaction::release(&context, name).await?),
        other => Err(Error::unsupported(first_words(&other.to_string()))),
    }
}

/// The command of a write of rows.
fn command(write: &Ast) -> &'static str {
    match write {
        Ast::Insert(_) => "INSERT",
        Ast::Update(_) => "UPDATE",
        _ => "DELETE",
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
            | Ast::CreateIndex(_)
            | Ast::CreateSequence { .. }
            | Ast::AlterTable(_)
            | Ast::CreateView(_)
            | Ast::CreateSchema { .. }
            | Ast::Drop { .. }
            | Ast::Comment { .. }
            | Ast::CreateRole(_)
            | Ast::AlterRole { .. }
            | Ast::AlterSchema(_)
            | Ast::Grant(_)
            | Ast::Revoke(_)
    )
}

/// A session may ask to be kept from writing, other than rows of its temporary tables.
fn admit_by_setting(
    context: &Context,
    rows_of: Option<TableReference>,
    command: impl FnOnce() -> String,
) -> Result<()> {
    let is_temporary = |name: TableReference| context.state().is_temporary(name, &context.search_path());
    if context.settings().is_on("transaction_read_only") && !rows_of.is_some_and(is_temporary) {
        let message = format!("cannot execute {} in a read-only transaction", command());
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
