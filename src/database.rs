//! The embedded database.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;

use crate::activity::Activity;
use crate::catalog::{Catalog, Contents, Roles, ship};
use crate::config::{Configuration, Settings};
use crate::engine;
use crate::error::{Error, Result};
use crate::outcome::Outcome;
use crate::session::{Session, Shared};
use crate::storage::{CacheFacts, CommitFacts, Home, MemoryFacts};
use crate::workers::Workers;

/// A database in a folder, or in memory. Clones are handles of the same one; the last handle to go closes it.
///
/// ```
/// # use arrow::array::AsArray;
/// # use arrow::datatypes::Float64Type;
/// # async fn example() -> journeydb::Result<()> {
/// let database = journeydb::Database::in_memory().await?; // or Database::open("folder")
/// database.sql("INSERT INTO transactions (transaction_id, account_id, occurred_at, kind, amount)
///               VALUES ('t1', 'acme', '2026-01-05', 'new', 1200), ('t2', 'acme', '2026-03-05', 'refund', -200)").await?;
/// let rows = database.sql("SELECT clv(amount) AS clv FROM transactions WHERE account_id = 'acme'").await?;
/// assert_eq!(rows[0].column(0).as_primitive::<Float64Type>().value(0), 1000.0);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

impl Database {
    /// Opens the database in a folder, making it where the folder is empty or missing.
    ///
    /// One process holds a folder at a time: 55P03 names the other. The folder's own trouble (not a folder, not readable,
    /// written by a newer release) is an error that says what to do.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::on(Home::open(path.as_ref()).await?).await
    }

    /// A database that lives as long as its handles.
    pub async fn in_memory() -> Result<Self> {
        Self::on(Home::in_memory()?).await
    }

    async fn on(home: Arc<Home>) -> Result<Self> {
        let catalog = Arc::new(Catalog::open(home).await?);
        ship(&catalog).await?;
        let engine = engine::build(Arc::clone(catalog.home().memory()) as _)?;
        let contents = Arc::new(Contents::new(engine.clone()));
        let shared = Shared {
            catalog,
            contents,
            workers: Arc::new(Workers::new()?),
            channels: Arc::default(),
            advisory_locks: Arc::default(),
            engine,
            activity: Arc::default(),
            configuration: RwLock::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Gives a setting its value for the server and for the sessions made from now on, as `serve -c NAME=VALUE` does: 42704 for
    /// an unknown name, 55P02 for one that nobody sets, 22023 outside of its domain. `docs/settings.md` lists them.
    pub fn configure(&self, name: &str, value: &str) -> Result<()> {
        let mut told = self.shared.configuration.write().unwrap_or_else(PoisonError::into_inner);
        let mut configuration = Configuration::clone(&told);
        configuration.set(name, value)?;
        *told = Arc::new(configuration);
        let settings = Settings::new(Arc::clone(&told));
        let memory = self.shared.catalog.home().memory();
        memory.limit(settings.byte_limit("memory_limit").unwrap_or(u64::MAX));
        memory.keep_columns(settings.byte_limit("column_cache_size").unwrap_or(0));
        Ok(())
    }

    /// The settings that a session would begin with.
    pub fn settings(&self) -> Settings {
        self.shared.settings()
    }

    /// A session of its own: settings, search path and transaction shared with nobody.
    pub fn session(&self) -> Session {
        Session::new(self.shared.clone())
    }

    /// The roles of the database, as of now.
    pub(crate) fn roles(&self) -> Roles {
        self.shared.catalog.state().record.roles.clone()
    }

    /// Runs SQL text in a session of its own and gives the rows of its last statement, none for a command.
    pub async fn sql(&self, sql: &str) -> Result<Vec<RecordBatch>> {
        let session = self.session();
        let mut rows = Vec::new();
        for statement in session.parse(sql)? {
            let prepared = session.prepare(&statement, &[]).await?;
            rows = match session.execute(&prepared, Vec::new()).await? {
                Outcome::Rows(stream) => stream.try_collect().await?,
                Outcome::Done(_) => Vec::new(),
                Outcome::CopyOut(_) | Outcome::CopyIn(_) => {
                    let hint = "run the query by itself; rows are added by Session::append";
                    return Err(Error::unsupported("COPY without a stream of bytes").with_hint(hint));
                }
            };
        }
        Ok(rows)
    }

    /// Keeps so many bytes of decoded columns in memory, in place of 1 GiB. Tables share them; `pg_stat_column_cache` says how
    /// they serve.
    pub fn set_column_cache(&self, bytes: u64) {
        self.configure_bytes("column_cache_size", bytes);
    }

    /// Limits what queries hold and the columns that are kept to so many bytes together; without a limit unless it is set. Queries
    /// come first: columns make room. Beyond it sorts and groups go on on disk, and what can't ends with 53200. Rows on their way
    /// between steps of a plan, some tens of megabytes, are not counted.
    pub fn set_memory_limit(&self, bytes: u64) {
        self.configure_bytes("memory_limit", bytes);
    }

    /// Limits what one statement holds of that; all of it unless it is set. Sessions of owners may set another for themselves.
    pub fn set_query_memory_limit(&self, bytes: u64) {
        self.configure_bytes("query_memory_limit", bytes);
    }

    /// Configures an amount, in whole kilobytes; one beyond what any machine has is none.
    fn configure_bytes(&self, name: &str, bytes: u64) {
        let amount = if bytes >> 50 == 0 { format!("{}kB", bytes / 1024) } else { "0".to_owned() };
        self.configure(name, &amount).expect("an amount of memory is in the domain of its setting");
    }

    /// Has its servers read their certificates anew, as SIGHUP and `pg_reload_conf()` do.
    pub fn reload(&self) {
        self.activity().reload();
    }

    /// Its sessions and what they do.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.shared.activity
    }

    /// What it holds and has done.
    pub(crate) fn facts(&self) -> Facts {
        let home = self.shared.catalog.home();
        Facts {
            memory: home.memory().facts(),
            columns: home.column_cache().facts(),
            commits: home.commits(),
            spilled: self.shared.workers.spilled(),
        }
    }

    /// Notes in the folder who serves it, so that another process can say where to go.
    pub fn announce(&self, url: &str) -> Result<()> {
        self.shared.catalog.home().announce(url)
    }
}

/// What a database holds, and has done since it was opened.
pub(crate) struct Facts {
    pub memory: MemoryFacts,
    pub columns: CacheFacts,
    pub commits: CommitFacts,
    /// Bytes that queries put on disk for want of memory.
    pub spilled: u64,
}
