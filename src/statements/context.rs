//! What a statement may touch.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use datafusion::common::TableReference;
use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use tokio::sync::{OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio::time::timeout;

use super::objects::SessionObjects;
use super::transaction::Transaction;
use crate::catalog::{Block, Moment, Resolver, SessionCatalog, State, SystemSchemas, searched};
use crate::config::{Identity, Settings};
use crate::error::{Error, Result, SqlState};
use crate::outcome::Notice;
use crate::storage::Table;
use crate::workers::Workers;

/// What one statement of one session may touch; made anew for each, cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    /// The engine as of this statement's start.
    pub engine: SessionState,
    /// What it may take of memory and disk.
    pub runtime: Arc<RuntimeEnv>,
    /// The database's objects as the session sees them.
    pub catalog: Arc<SessionCatalog>,
    /// The computed schemas.
    pub system: Arc<SystemSchemas>,
    /// The session's settings.
    pub settings: Arc<RwLock<Settings>>,
    /// The session's transaction.
    pub transaction: Arc<Mutex<Transaction>>,
    /// The threads that run plans.
    pub workers: Arc<Workers>,
    /// What the session has: cursors, prepared statements.
    pub objects: Arc<SessionObjects>,
    /// The number of the connection.
    pub backend_pid: i32,
    /// What the client is told beside the result.
    pub notices: Arc<Mutex<Vec<Notice>>>,
}

impl Context {
    /// Finds what names mean: in the session's block as of its moment, else as of now.
    pub(crate) fn resolver(&self) -> Resolver<'_> {
        let moment = self.transaction().moment();
        self.resolver_at(moment.unwrap_or_else(|| self.catalog.moment()))
    }

    /// Finds what names mean as of a moment.
    pub(crate) fn resolver_at(&self, moment: Moment) -> Resolver<'_> {
        Resolver::new(&self.engine, moment, &self.system, self.search_path(), self.role())
    }

    /// The catalog that the statement sees.
    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.resolver().moment().state)
    }

    /// Whose privileges count: `current_user`, by its object id.
    pub(crate) fn role(&self) -> u32 {
        self.identity().current.oid
    }

    /// Who the session acts as.
    pub(crate) fn identity(&self) -> Identity {
        self.settings().identity().clone()
    }

    /// What a statement changes things in: the session's block, or one that ends with the statement. A statement asks once, and
    /// calls [`Working::finish`] when all is done.
    pub(crate) async fn block(&self) -> Working {
        let work = self.transaction().work();
        match work {
            None => Working::Alone(Box::new(self.catalog.begin_alone())),
            Some(work) => {
                let work = work.lock_owned().await;
                let block = OwnedMutexGuard::map(work, |block| block.get_or_insert_with(|| self.catalog.begin()));
                Working::Block { block, transaction: Arc::clone(&self.transaction) }
            }
        }
    }

    /// Settles what the statements of the session's block read, if there is one and it is not settled.
    pub(super) async fn read(&self) -> Result<()> {
        let is_open = {
            let transaction = self.transaction();
            transaction.work().is_some() && transaction.moment().is_none()
        };
        if is_open { self.block().await.finish().await } else { Ok(()) }
    }

    /// Waits for the right to change the rows of the table that a name means, to the end of the block; nothing where it means
    /// none. 55P03 after `lock_timeout`, 40P01 where the wait would never end.
    pub(super) async fn lock(&self, block: &mut Block, name: &TableReference) -> Result<()> {
        let limit = self.settings().time_limit("lock_timeout");
        self.lock_within(block, name, limit).await
    }

    /// The same with a limit of its own to the wait.
    pub(super) async fn lock_within(
        &self,
        block: &mut Block,
        name: &TableReference,
        limit: Option<Duration>,
    ) -> Result<()> {
        let path = self.search_path();
        let named = |block: &Block| -> Option<Arc<Table>> {
            let relation = block.state().find(name.schema(), name.table(), &path)?;
            block.state().table(relation).cloned()
        };
        while let Some(table) = named(block) {
            lock(block, &table, limit).await?;
            // While it waited, a statement may have put another table under the name.
            if named(block).is_some_and(|now| Arc::ptr_eq(&now, &table)) {
                break;
            }
        }
        Ok(())
    }

    /// The same for a table at hand.
    pub(super) async fn lock_table(&self, block: &mut Block, table: &Arc<Table>) -> Result<()> {
        let limit = self.settings().time_limit("lock_timeout");
        lock(block, table, limit).await
    }

    /// What its plans run with.
    pub(crate) fn task(&self) -> Arc<TaskContext> {
        Arc::new(TaskContext::from(&self.engine).with_runtime(Arc::clone(&self.runtime)))
    }

    /// The schemas that bare names are looked up in.
    pub(crate) fn search_path(&self) -> Vec<String> {
        searched(self.settings().search_path())
    }

    /// The session's settings, to look at.
    pub(super) fn settings(&self) -> std::sync::RwLockReadGuard<'_, Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the client something beside the result, unless it does not want to know (`client_min_messages`).
    pub(crate) fn notice(&self, notice: Notice) {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        if notice.severity.reaches(settings.get("client_min_messages").unwrap_or_default()) {
            self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
        }
    }

    /// The session's transaction, to look at or change.
    pub(crate) fn transaction(&self) -> MutexGuard<'_, Transaction> {
        self.transaction.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The block that a statement works in.
pub(crate) enum Working {
    /// One that ends with the statement.
    Alone(Box<Block>),
    /// The session's.
    Block {
        /// Nobody else's while the statement has it.
        block: OwnedMappedMutexGuard<Option<Block>, Block>,
        /// What the following statements are to learn of it.
        transaction: Arc<Mutex<Transaction>>,
    },
}

impl Working {
    /// The statement is done: what it did is committed, or left to the session's block.
    pub(crate) async fn finish(self) -> Result<()> {
        match self {
            Self::Alone(block) => block.commit().await,
            Self::Block { mut block, transaction } => {
                block.settle();
                transaction.lock().unwrap_or_else(PoisonError::into_inner).settle(block.moment());
                Ok(())
            }
        }
    }
}

impl Deref for Working {
    type Target = Block;

    fn deref(&self) -> &Block {
        match self {
            Self::Alone(block) => block,
            Self::Block { block, .. } => block,
        }
    }
}

impl DerefMut for Working {
    fn deref_mut(&mut self) -> &mut Block {
        match self {
            Self::Alone(block) => block,
            Self::Block { block, .. } => block,
        }
    }
}

/// Waits for a table's lock, for so long.
async fn lock(block: &mut Block, table: &Arc<Table>, limit: Option<Duration>) -> Result<()> {
    let Some(limit) = limit else { return block.lock(table).await };
    timeout(limit, block.lock(table)).await.unwrap_or_else(|_| {
        let message = match limit.is_zero() {
            true => "could not obtain lock on relation",
            false => "canceling statement due to lock timeout",
        };
        Err(Error::new(SqlState::LockNotAvailable, message))
    })
}
