//! BEGIN, COMMIT, ROLLBACK.
//!
//! Every write commits by itself, so a transaction block is one of reads: inside it writes are refused, which is honest,
//! and drivers that open a block around every SELECT work.

use std::sync::PoisonError;

use datafusion::sql::sqlparser::ast;

use super::context::Context;
use crate::config::Settings;
use crate::error::{Error, Result, SqlState};
use crate::outcome::Tag;

/// Where a session stands with respect to transactions: the status byte of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Outside of a transaction block.
    Idle,
    /// Inside one.
    Open,
    /// Inside one that has failed: everything but its end is refused (25P02).
    Failed,
}

/// The transaction of a session.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    block: Option<Block>,
}

#[derive(Debug)]
struct Block {
    failed: bool,
    /// The settings at BEGIN: ROLLBACK brings them all back, COMMIT those that were set with LOCAL.
    before: Settings,
    local: Vec<String>,
}

impl Transaction {
    pub(crate) fn status(&self) -> TransactionStatus {
        match &self.block {
            None => TransactionStatus::Idle,
            Some(block) if block.failed => TransactionStatus::Failed,
            Some(_) => TransactionStatus::Open,
        }
    }

    /// An error inside a block fails the block.
    pub(crate) fn fail(&mut self) {
        if let Some(block) = &mut self.block {
            block.failed = true;
        }
    }

    /// Remembers that a setting was set for this block only; outside of one it has no effect, as in Postgres.
    pub(super) fn set_locally(&mut self, name: &str) -> bool {
        match &mut self.block {
            Some(block) => {
                block.local.push(name.to_owned());
                true
            }
            None => false,
        }
    }

    /// 25P02 in a failed block, unless the statement ends it.
    pub(super) fn admit(&self, statement: &ast::Statement) -> Result<()> {
        match statement {
            ast::Statement::Commit { .. } | ast::Statement::Rollback { .. } => Ok(()),
            _ => self.admit_in_order(),
        }
    }

    /// 25P02 in a failed block.
    pub(super) fn admit_in_order(&self) -> Result<()> {
        if self.status() == TransactionStatus::Failed {
            let message = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(Error::new(SqlState::InFailedTransaction, message).with_hint("ROLLBACK ends it"));
        }
        Ok(())
    }

    /// 0A000 inside a block: writes commit by themselves.
    pub(super) fn admit_write(&self) -> Result<()> {
        match self.block {
            None => Ok(()),
            Some(_) => Err(Error::unsupported("a write inside a transaction block")
                .with_hint("run it outside of BEGIN and COMMIT; each statement commits by itself")),
        }
    }

    /// 25001 inside a block, for a command that commits as it goes.
    pub(super) fn admit_alone(&self, command: &str) -> Result<()> {
        match self.block {
            None => Ok(()),
            Some(_) => {
                let message = format!("{command} cannot run inside a transaction block");
                Err(Error::new(SqlState::ActiveSqlTransaction, message))
            }
        }
    }
}

pub(super) fn begin(context: &Context) -> Tag {
    let before = context.settings.read().unwrap_or_else(PoisonError::into_inner).clone();
    let mut transaction = context.transaction();
    if transaction.block.is_none() {
        transaction.block = Some(Block { failed: false, before, local: Vec::new() });
    }
    Tag::of("BEGIN")
}

/// COMMIT of a failed block is a ROLLBACK, and says so.
pub(super) fn commit(context: &Context) -> Tag {
    match context.transaction().block.take() {
        Some(block) if block.failed => {
            restore_all(context, block.before);
            Tag::of("ROLLBACK")
        }
        Some(block) => {
            let mut settings = context.settings.write().unwrap_or_else(PoisonError::into_inner);
            for name in block.local {
                if let Some(value) = block.before.get(&name) {
                    // A value that was once accepted is accepted again.
                    let _ = settings.set(&name, value);
                }
            }
            Tag::of("COMMIT")
        }
        None => Tag::of("COMMIT"),
    }
}

pub(super) fn rollback(context: &Context) -> Tag {
    if let Some(block) = context.transaction().block.take() {
        restore_all(context, block.before);
    }
    Tag::of("ROLLBACK")
}

fn restore_all(context: &Context, before: Settings) {
    *context.settings.write().unwrap_or_else(PoisonError::into_inner) = before;
}
