//! LOCK TABLE and FOR UPDATE: what a block reads stays as it is whatever others do, so that a lock only keeps others from changing it.
//!
//! A table has one lock, that UPDATE, DELETE and TRUNCATE take too. Modes that Postgres lets writers go beside take none. INSERT waits
//! for no lock: the rows that it adds change none that a block has read.

use std::time::Duration;

use datafusion::common::TableReference;
use datafusion::sql::sqlparser::ast::{
    Lock, LockTableMode, LockType, NonBlock, ObjectName, Query, SetExpr, TableFactor, TableWithJoins,
};

use super::context::Context;
use super::{TransactionStatus, names, write};
use crate::catalog::Privilege;
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;

/// LOCK TABLE: 42P01 for a table that isn't there; 25P01 outside of a block, where the lock would end at once.
pub(super) async fn lock(context: &Context, lock: &Lock) -> Result<Tag> {
    if context.transaction().status() == TransactionStatus::Idle {
        let message = "LOCK TABLE can only be used in transaction blocks";
        return Err(Error::new(SqlState::NoActiveSqlTransaction, message));
    }
    let tables = lock.tables.iter().map(|target| names::reference(&target.name)).collect::<Result<Vec<_>>>()?;
    use LockTableMode::{AccessShare, RowExclusive, RowShare};
    let keeps_writers_off = !matches!(lock.lock_mode, Some(AccessShare | RowShare | RowExclusive));
    tables.iter().try_for_each(|table| permit(context, table, keeps_writers_off))?;
    if keeps_writers_off {
        take(context, &tables, lock.nowait).await?;
    }
    Ok(Tag::of("LOCK TABLE"))
}

/// Who keeps writers off must be one.
fn permit(context: &Context, table: &TableReference, keeps_writers_off: bool) -> Result<()> {
    use Privilege::{Delete, Insert, Select, Truncate, Update};
    let resolver = context.resolver();
    let relation = resolver.relation(table)?;
    let enough: &[Privilege] =
        if keeps_writers_off { &[Update, Delete, Truncate] } else { &[Select, Insert, Update, Delete, Truncate] };
    match enough.iter().any(|privilege| resolver.require(*privilege, relation).is_ok()) {
        true => Ok(()),
        false => resolver.require(enough[0], relation),
    }
}

/// The tables that a query reads FOR UPDATE or FOR SHARE are locked to the end of the block, the whole of each; not what it reads through
/// views and subqueries.
pub(super) async fn lock_rows(context: &Context, query: &Query) -> Result<()> {
    for clause in &query.locks {
        let command = match clause.lock_type {
            LockType::Share => "SELECT FOR SHARE",
            LockType::Update => "SELECT FOR UPDATE",
        };
        if context.settings().is_on("transaction_read_only") {
            let message = format!("cannot execute {command} in a read-only transaction");
            return Err(Error::new(SqlState::ReadOnlyTransaction, message));
        }
        if clause.nonblock == Some(NonBlock::SkipLocked) {
            return Err(Error::unsupported("SKIP LOCKED").with_hint("a table is locked as a whole: use NOWAIT"));
        }
        let tables = tables(context, query, clause.of.as_ref())?;
        for table in &tables {
            write::target(&context.resolver(), table, Privilege::Update)?;
        }
        // Outside of a block the lock would end as the statement begins.
        if context.transaction().status() != TransactionStatus::Idle {
            take(context, &tables, clause.nonblock.is_some()).await?;
        }
    }
    Ok(())
}

async fn take(context: &Context, tables: &[TableReference], nowait: bool) -> Result<()> {
    let limit = if nowait { Some(Duration::ZERO) } else { context.settings().time_limit("lock_timeout") };
    let mut block = context.block().await;
    for table in tables {
        context.lock_within(&mut block, table, limit).await?;
    }
    block.finish().await
}

/// The tables in FROM, or the one of them that a lock is of; 42P01 where there is none of that name.
fn tables(context: &Context, query: &Query, of: Option<&ObjectName>) -> Result<Vec<TableReference>> {
    let SetExpr::Select(select) = query.body.as_ref() else {
        let message = "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT";
        return Err(Error::new(SqlState::FeatureNotSupported, message));
    };
    let factors = |from: &TableWithJoins| {
        let joined = from.joins.iter().map(|join| join.relation.clone());
        std::iter::once(from.relation.clone()).chain(joined).collect::<Vec<_>>()
    };
    let resolver = context.resolver();
    let wanted = of.map(names::reference).transpose()?;
    let (mut tables, mut found) = (Vec::new(), of.is_none());
    for factor in select.from.iter().flat_map(factors) {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { continue };
        let name = names::reference(&name)?;
        let called = alias.map_or_else(|| name.table().to_owned(), |alias| names::fold(&alias.name));
        if wanted.as_ref().is_some_and(|wanted| wanted.table() != called) {
            continue;
        }
        found = true;
        if resolver.relation(&name).is_ok_and(|found| resolver.moment().state.table(found).is_some()) {
            tables.push(name);
        }
    }
    match of {
        Some(of) if !found => {
            let message = format!("relation \"{of}\" in FOR UPDATE clause not found in FROM clause");
            Err(names::place(Error::new(SqlState::UndefinedTable, message), of))
        }
        _ => Ok(tables),
    }
}
