//! Sends each command of a session to its kind.

use arrow::datatypes::FieldRef;
use datafusion::scalar::ScalarValue;

use super::context::Context;
use super::objects::SessionObjects;
use super::statement::Form;
use super::syntax::Command;
use super::{Statement, alter, alter_sequence, analyze, cursors, prepared, settings};
use crate::error::{Error, Result};
use crate::outcome::{Outcome, Prepared, Tag};

/// The parameters that a command takes, and its columns.
pub(super) async fn prepare(
    context: &Context,
    statement: Statement,
    command: &Command,
    hints: Vec<Option<FieldRef>>,
) -> Result<Prepared> {
    let parameters = match command {
        Command::Declare(declare) => cursors::parameters(context, &statement, declare, hints).await?,
        _ => vec![],
    };
    let prepared = Prepared { parameters, ..Prepared::command(statement) };
    Ok(as_of_now(&context.objects, prepared))
}

/// A statement whose columns are those of a cursor or of another statement, with the columns that these have now.
pub(crate) fn as_of_now(objects: &SessionObjects, prepared: Prepared) -> Prepared {
    match prepared.statement.form() {
        Form::Command(Command::Fetch(fetch)) => match objects.portals().find(&fetch.cursor) {
            Some(portal) => {
                Prepared { schema: portal.schema().cloned(), binary: portal.declared_binary, tag: "FETCH", ..prepared }
            }
            None => prepared,
        },
        Form::Command(Command::Execute { name, .. }) => match objects.prepared().find(name) {
            Some(Prepared { schema, tag, binary, .. }) => Prepared { schema, tag, binary, ..prepared },
            None => prepared,
        },
        _ => prepared,
    }
}

/// Runs a command.
pub(super) async fn execute(
    context: &Context,
    statement: &Statement,
    command: &Command,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    let done = |tag: &'static str| Ok(Outcome::Done(Tag::of(tag)));
    match command {
        Command::Declare(declare) => cursors::declare(context, statement, declare, values).await,
        Command::Fetch(fetch) => cursors::fetch(context, fetch).await,
        Command::Move(fetch) => cursors::skip(context, fetch).await,
        Command::Close(name) => cursors::close(context, name.as_deref()),
        Command::Prepare { name, types, statement: prepared } => {
            prepared::prepare(context, statement, name, types, prepared).await
        }
        Command::Execute { name, arguments } => prepared::execute(context, name, arguments).await,
        Command::Deallocate(name) => prepared::deallocate(context, name.as_deref()),
        Command::AlterView(alter) => alter::alter_view(context, alter).await.map(Outcome::Done),
        Command::AlterSequence(alter) => alter_sequence::alter(context, alter).await.map(Outcome::Done),
        Command::AlterSequenceAsTable(alter) => alter::alter_sequence(context, alter).await.map(Outcome::Done),
        Command::Analyze(names) => analyze::analyze(context, names).map(Outcome::Done),
        // A commit is durable when it returns.
        Command::Checkpoint => done("CHECKPOINT"),
        Command::SetConstraints => Ok(settings::set_constraints(context)),
        Command::Refused(name) => Err(Error::unsupported(name)),
    }
}
