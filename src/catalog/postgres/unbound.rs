//! A database without objects and a session without a client: what system functions and relations are bound to where
//! statements are only planned, so that views can be described without a session.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::functions::{AdvisoryKey, AdvisoryMode, CursorFacts, PreparedFacts, SessionFacts};
use super::listing::{Listing, Source};
use crate::activity::Activity;
use crate::catalog::Roles;
use crate::catalog::SessionSequences;
use crate::config::{Identity, Settings};
use crate::error::{Error, Result};
use crate::storage::CacheFacts;

/// An empty listing, and the facts of a session that has just begun and can't be changed.
pub fn unbound() -> (Source, Arc<dyn SessionFacts>) {
    let empty = Arc::new(Listing::new("", Roles::default(), vec![], vec![], vec![]));
    (Arc::new(move || Arc::clone(&empty)), Arc::new(NoSession))
}

struct NoSession;

impl SessionFacts for NoSession {
    fn setting(&self, name: &str) -> Option<String> {
        Settings::default().get(name).map(str::to_owned)
    }

    fn settings(&self) -> Settings {
        Settings::default()
    }

    fn set(&self, _: &str, _: Option<&str>, _: bool) -> Result<()> {
        Err(Error::internal("there is no session to set anything in"))
    }

    fn notify(&self, _: &str, _: &str) -> Result<()> {
        Err(Error::internal("there is no session to say anything from"))
    }

    fn search_path(&self) -> Vec<String> {
        Settings::default().search_path()
    }

    fn identity(&self) -> Identity {
        Identity::default()
    }

    fn backend_pid(&self) -> i32 {
        0
    }

    fn try_lock(&self, _: AdvisoryKey, _: AdvisoryMode) -> bool {
        false
    }

    fn lock(&self, _: AdvisoryKey, _: AdvisoryMode) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Err(Error::internal("there is no session to lock anything for")) })
    }

    fn unlock(&self, _: AdvisoryKey, _: bool) -> bool {
        false
    }

    fn unlock_all(&self) {}

    fn sequences(&self) -> Option<Arc<SessionSequences>> {
        None
    }

    fn cursors(&self) -> Vec<CursorFacts> {
        vec![]
    }

    fn prepared_statements(&self) -> Vec<PreparedFacts> {
        vec![]
    }

    fn activity(&self) -> Arc<Activity> {
        Arc::default()
    }

    fn column_cache(&self) -> CacheFacts {
        CacheFacts::default()
    }
}
