//! BEGIN, COMMIT, ROLLBACK and savepoints.
//!
//! A block is begun by BEGIN, or by the server for the statements of one message; then it ends with the message. What it has
//! seen and done is a [`Block`] of the catalog's, made when its first statement runs.

use std::sync::{Arc, PoisonError};

use datafusion::sql::sqlparser::ast::{self, TransactionAccessMode, TransactionMode};
use tokio::sync::Mutex;

use super::context::Context;
use super::objects::Mark;
use super::{cursors, names};
use crate::catalog::{Block, Moment};
use crate::config::Settings;
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Notice, Tag};

/// What the modes of a transaction are as settings of the block.
const MODES: [&str; 2] = ["transaction_isolation", "transaction_read_only"];

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
#[derive(Default)]
pub(crate) struct Transaction {
    open: Option<Open>,
}

/// A block that is open.
struct Open {
    failed: bool,
    /// Whether it ends with the message whose statements it is made of.
    implicit: bool,
    /// The settings at BEGIN: ROLLBACK brings them all back, COMMIT those that were set with LOCAL.
    before: Settings,
    local: Vec<String>,
    savepoints: Vec<Savepoint>,
    /// None before the first statement; held by the statement that works in it.
    work: Arc<Mutex<Option<Block>>>,
    /// What its statements read, once the first one is done.
    moment: Option<Moment>,
}

struct Savepoint {
    name: String,
    settings: Settings,
    local: usize,
    objects: Mark,
}

impl Transaction {
    pub(crate) fn status(&self) -> TransactionStatus {
        match &self.open {
            None => TransactionStatus::Idle,
            Some(open) if open.failed => TransactionStatus::Failed,
            Some(_) => TransactionStatus::Open,
        }
    }

    /// An error inside a block fails the block; one that BEGIN has not begun ends, with the settings that it began with.
    pub(crate) fn fail(&mut self) -> Option<Settings> {
        match &mut self.open {
            Some(open) if open.implicit => self.open.take().map(|open| open.before),
            Some(open) => {
                open.failed = true;
                None
            }
            None => None,
        }
    }

    /// Whether the block ends with the message whose statements it is made of.
    pub(crate) fn is_implicit(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.implicit)
    }

    /// What statements of the block read; none where that is not settled.
    pub(crate) fn moment(&self) -> Option<Moment> {
        self.open.as_ref()?.moment.clone()
    }

    /// Says what the following statements of the block read.
    pub(super) fn settle(&mut self, moment: Moment) {
        if let Some(open) = &mut self.open {
            open.moment = Some(moment);
        }
    }

    /// What the block has done, if there is one.
    pub(super) fn work(&self) -> Option<Arc<Mutex<Option<Block>>>> {
        self.open.as_ref().map(|open| Arc::clone(&open.work))
    }

    /// Remembers that a setting was set for this block only; outside of one it has no effect, as in Postgres.
    pub(super) fn set_locally(&mut self, name: &str) -> bool {
        match &mut self.open {
            Some(open) => {
                open.local.push(name.to_owned());
                true
            }
            None => false,
        }
    }

    /// 25P02 in a failed block, unless the statement ends it or goes back to a savepoint.
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

    /// 25001 inside a block, for a command that commits as it goes.
    pub(super) fn admit_alone(&self, command: &str) -> Result<()> {
        match self.open {
            None => Ok(()),
            Some(_) => {
                let message = format!("{command} cannot run inside a transaction block");
                Err(Error::new(SqlState::ActiveSqlTransaction, message))
            }
        }
    }

    /// The block that BEGIN has begun; 25P01 outside of one.
    fn begun(&mut self, command: &str) -> Result<&mut Open> {
        self.open.as_mut().filter(|open| !open.implicit).ok_or_else(|| {
            let message = format!("{command} can only be used in transaction blocks");
            Error::new(SqlState::NoActiveSqlTransaction, message)
        })
    }

    /// The place of a savepoint, the last one of a name; 3B001 where there is none.
    fn savepoint(&mut self, command: &str, name: &str) -> Result<(&mut Open, usize)> {
        let open = self.begun(command)?;
        match open.savepoints.iter().rposition(|savepoint| savepoint.name == name) {
            Some(at) => Ok((open, at)),
            None => {
                let message = format!("savepoint \"{name}\" does not exist");
                Err(Error::new(SqlState::InvalidSavepointSpecification, message))
            }
        }
    }
}

/// BEGIN, START TRANSACTION. Inside of a block it changes nothing, as in Postgres, unless that was not begun by BEGIN.
pub(super) fn begin(context: &Context, command: &'static str, modes: &[TransactionMode]) -> Result<Tag> {
    if context.transaction().begun(command).is_ok() {
        let message = "there is already a transaction in progress";
        context.notice(Notice::warning(SqlState::ActiveSqlTransaction, message));
    }
    open(context, false);
    set_modes(context, modes)?;
    Ok(Tag::of(command))
}

/// Opens a block where none is open.
pub(crate) fn open(context: &Context, implicit: bool) {
    let before = settings(context);
    let read_only = before.get("default_transaction_read_only").unwrap_or_default().to_owned();
    let isolation = before.get("default_transaction_isolation").unwrap_or_default().to_owned();
    {
        let mut transaction = context.transaction();
        if let Some(open) = &mut transaction.open {
            open.implicit &= implicit;
            return;
        }
        transaction.open = Some(Open {
            failed: false,
            implicit,
            before,
            local: MODES.map(str::to_owned).to_vec(),
            savepoints: vec![],
            work: Arc::default(),
            moment: None,
        });
    }
    let mut settings = context.settings.write().unwrap_or_else(PoisonError::into_inner);
    // Values of the same kind.
    let _ = settings
        .set("transaction_read_only", &read_only)
        .and_then(|()| settings.set("transaction_isolation", &isolation));
}

/// SET TRANSACTION, and the modes of BEGIN: 25001 where the block has read already. Every isolation is that of a snapshot.
pub(super) fn set_modes(context: &Context, modes: &[TransactionMode]) -> Result<()> {
    let (is_open, has_read) = {
        let transaction = context.transaction();
        (transaction.open.is_some(), transaction.moment().is_some())
    };
    let late = |what: &str| Err(Error::new(SqlState::ActiveSqlTransaction, format!("{what} before any query")));
    for mode in modes.iter().filter(|_| is_open) {
        let mut settings = context.settings.write().unwrap_or_else(PoisonError::into_inner);
        match mode {
            TransactionMode::IsolationLevel(level) => {
                let level = level.to_string().to_lowercase();
                if has_read && settings.get("transaction_isolation") != Some(level.as_str()) {
                    return late("SET TRANSACTION ISOLATION LEVEL must be called");
                }
                settings.set("transaction_isolation", &level)?;
            }
            TransactionMode::AccessMode(TransactionAccessMode::ReadOnly) => {
                settings.set("transaction_read_only", "on")?
            }
            TransactionMode::AccessMode(TransactionAccessMode::ReadWrite) => {
                if has_read && settings.get("transaction_read_only") == Some("on") {
                    return late("transaction read-write mode must be set");
                }
                settings.set("transaction_read_only", "off")?;
            }
        }
    }
    Ok(())
}

/// COMMIT. That of a failed block is a ROLLBACK, and says so; an error ends the block as well.
pub(super) async fn commit(context: &Context, chain: bool) -> Result<Tag> {
    let modes = ending(context, "COMMIT AND CHAIN", chain)?;
    let tag = close(context).await?;
    chain_on(context, modes)?;
    Ok(tag)
}

/// Commits the session's block, if there is one.
pub(crate) async fn close(context: &Context) -> Result<Tag> {
    let kept = cursors::keep(context).await;
    let Some(mut open) = context.transaction().open.take() else {
        context.objects.end_transaction(kept.is_ok());
        return kept.map(|()| Tag::of("COMMIT"));
    };
    open.failed |= kept.is_err();
    let block = open.work.lock().await.take();
    let done = match block {
        _ if open.failed => kept.map(|()| Tag::of("ROLLBACK")),
        Some(block) => block.commit().await.map(|()| Tag::of("COMMIT")),
        None => Ok(Tag::of("COMMIT")),
    };
    // A transaction takes its cursors with it, and what it said counts or never was.
    context.objects.end_transaction(!open.failed && done.is_ok());
    if open.failed || done.is_err() {
        restore(context, open.before);
        return done;
    }
    let mut settings = context.settings.write().unwrap_or_else(PoisonError::into_inner);
    open.local.iter().for_each(|name| settings.put_back(name, &open.before));
    done
}

/// ROLLBACK.
pub(super) async fn rollback(context: &Context, chain: bool) -> Result<Tag> {
    let modes = ending(context, "ROLLBACK AND CHAIN", chain)?;
    let open = context.transaction().open.take();
    context.objects.end_transaction(false);
    if let Some(open) = open {
        drop(open.work.lock().await.take());
        restore(context, open.before);
    }
    chain_on(context, modes)?;
    Ok(Tag::of("ROLLBACK"))
}

/// What a block that follows this one at once takes over; 25P01 where none was begun, and only a warning where none is to follow.
fn ending(context: &Context, command: &str, chain: bool) -> Result<Option<[String; 2]>> {
    let begun = context.transaction().begun(command).map(|_| ());
    if chain {
        begun?;
        let settings = settings(context);
        return Ok(Some(MODES.map(|mode| settings.get(mode).unwrap_or_default().to_owned())));
    }
    if begun.is_err() {
        let message = "there is no transaction in progress";
        context.notice(Notice::warning(SqlState::NoActiveSqlTransaction, message));
    }
    Ok(None)
}

fn chain_on(context: &Context, modes: Option<[String; 2]>) -> Result<()> {
    let Some(modes) = modes else { return Ok(()) };
    open(context, false);
    let mut settings = context.settings.write().unwrap_or_else(PoisonError::into_inner);
    MODES.iter().zip(modes).try_for_each(|(mode, value)| settings.set(mode, &value))
}

/// SAVEPOINT.
pub(super) async fn savepoint(context: &Context, name: &ast::Ident) -> Result<Tag> {
    context.transaction().begun("SAVEPOINT")?;
    context.block().await.mark();
    let settings = settings(context);
    let mut transaction = context.transaction();
    let open = transaction.begun("SAVEPOINT")?;
    let local = open.local.len();
    open.savepoints.push(Savepoint { name: names::fold(name), settings, local, objects: context.objects.mark() });
    Ok(Tag::of("SAVEPOINT"))
}

/// RELEASE SAVEPOINT: what was done since stays.
pub(super) async fn release(context: &Context, name: &ast::Ident) -> Result<Tag> {
    let command = "RELEASE SAVEPOINT";
    let at = {
        let mut transaction = context.transaction();
        let (open, at) = transaction.savepoint(command, &names::fold(name))?;
        open.savepoints.truncate(at);
        at
    };
    context.block().await.release(at);
    Ok(Tag::of("RELEASE"))
}

/// ROLLBACK TO SAVEPOINT: what was done since goes, and a failed block works again.
pub(super) async fn rollback_to(context: &Context, name: &ast::Ident) -> Result<Tag> {
    let command = "ROLLBACK TO SAVEPOINT";
    let at = context.transaction().savepoint(command, &names::fold(name))?.1;
    let mut block = context.block().await;
    block.return_to(at);
    let moment = block.moment();
    drop(block);
    let (settings, objects) = {
        let mut transaction = context.transaction();
        let (open, at) = transaction.savepoint(command, &names::fold(name))?;
        open.savepoints.truncate(at + 1);
        open.failed = false;
        open.moment = open.moment.is_some().then_some(moment);
        let Savepoint { settings, local, objects, .. } = &open.savepoints[at];
        open.local.truncate(*local);
        (settings.clone(), *objects)
    };
    context.objects.roll_back_to(objects);
    restore(context, settings);
    Ok(Tag::of("ROLLBACK"))
}

fn settings(context: &Context) -> Settings {
    context.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn restore(context: &Context, before: Settings) {
    context.settings.write().unwrap_or_else(PoisonError::into_inner).put_all_back(before);
}
