//! DECLARE, FETCH, MOVE and CLOSE.

use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast;

use super::context::Context;
use super::portal::Portal;
use super::syntax::{Declare, Fetch};
use super::{Statement, TransactionStatus, dispatch};
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Outcome, Prepared, Tag};

/// The query begins at once, and reads the database as it is now.
pub(super) async fn declare(
    context: &Context,
    statement: &Statement,
    declare: &Declare,
    values: Vec<ScalarValue>,
) -> Result<Outcome> {
    if declare.scroll && declare.no_scroll {
        let message = "cannot specify both SCROLL and NO SCROLL";
        return Err(Error::new(SqlState::InvalidCursorDefinition, message));
    }
    let alone = context.transaction().status() == TransactionStatus::Idle;
    if alone && !declare.hold {
        let message = "DECLARE CURSOR can only be used in transaction blocks";
        return Err(Error::new(SqlState::NoActiveSqlTransaction, message).with_hint("WITH HOLD lives on without one"));
    }
    let hints = values.iter().map(|value| Some(Arc::new(Field::new("", value.data_type(), true)))).collect();
    let query = query(context, statement, declare, hints).await?;
    let portal = Portal::declared(query, statement.text(), values, declare);
    let portal = context.objects.portals().add(&declare.name, portal)?;
    let begun = async {
        portal.start(context).await?;
        if alone { portal.keep(context).await } else { Ok(()) }
    };
    if let Err(error) = begun.await {
        context.objects.portals().close(&declare.name);
        return Err(error);
    }
    Ok(Outcome::Done(Tag::of("DECLARE CURSOR")))
}

/// The parameters of a cursor's query.
pub(super) async fn parameters(
    context: &Context,
    statement: &Statement,
    declare: &Declare,
    hints: Vec<Option<FieldRef>>,
) -> Result<Vec<Option<FieldRef>>> {
    Ok(query(context, statement, declare, hints).await?.parameters)
}

async fn query(
    context: &Context,
    statement: &Statement,
    declare: &Declare,
    hints: Vec<Option<FieldRef>>,
) -> Result<Prepared> {
    let query = statement.part(ast::Statement::Query(declare.query.clone()));
    Box::pin(dispatch::prepare(context.clone(), query, hints)).await
}

pub(super) async fn fetch(context: &Context, fetch: &Fetch) -> Result<Outcome> {
    let portal = context.objects.portals().cursor(&fetch.cursor)?;
    check(&portal, &fetch.cursor)?;
    portal.fetch(context, fetch.direction).await
}

/// `MOVE`: a FETCH whose rows nobody sees.
pub(super) async fn skip(context: &Context, fetch: &Fetch) -> Result<Outcome> {
    let portal = context.objects.portals().cursor(&fetch.cursor)?;
    check(&portal, &fetch.cursor)?;
    Ok(Outcome::Done(Tag::counted("MOVE", portal.skip(context, fetch.direction).await?)))
}

fn check(portal: &Portal, name: &str) -> Result<()> {
    match portal.schema() {
        Some(_) => Ok(()),
        None => Err(Error::new(SqlState::ObjectNotInPrerequisiteState, format!("portal \"{name}\" gives no rows"))),
    }
}

pub(super) fn close(context: &Context, cursor: Option<&str>) -> Result<Outcome> {
    let mut portals = context.objects.portals();
    match cursor {
        None => {
            portals.close_all();
            Ok(Outcome::Done(Tag::of("CLOSE CURSOR ALL")))
        }
        Some(name) => {
            portals.cursor(name)?;
            portals.close(name);
            Ok(Outcome::Done(Tag::of("CLOSE CURSOR")))
        }
    }
}

/// Before a commit: cursors WITH HOLD are made independent of the transaction.
pub(super) async fn keep(context: &Context) -> Result<()> {
    let portals = context.objects.portals().all();
    for portal in portals {
        portal.keep(context).await?;
    }
    Ok(())
}
