//! LOCK TABLE: a block reads one version of a table whatever others do, so that a lock has nothing to add to its reads.

use datafusion::sql::sqlparser::ast::Lock;

use super::context::Context;
use super::{TransactionStatus, names};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;

/// 42P01 for a table that isn't there; 25P01 outside of a block, where the lock would end at once.
pub(super) fn lock(context: &Context, lock: &Lock) -> Result<Tag> {
    if context.transaction().status() == TransactionStatus::Idle {
        let message = "LOCK TABLE can only be used in transaction blocks";
        return Err(Error::new(SqlState::NoActiveSqlTransaction, message));
    }
    let resolver = context.resolver();
    for target in &lock.tables {
        resolver.relation(&names::reference(&target.name)?)?;
    }
    Ok(Tag::of("LOCK TABLE"))
}
