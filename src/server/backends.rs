//! The running connections, each under the number and key that cancel its statement.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The running connections of a server.
#[derive(Default)]
pub(super) struct Backends {
    running: Mutex<HashMap<i32, Backend>>,
}

struct Backend {
    key: [u8; 4],
    cancel: Arc<Notify>,
}

/// A running connection's entry; it goes when this is dropped.
pub(super) struct Registration {
    backends: Arc<Backends>,
    /// The number of the connection, Postgres' process id.
    pub pid: i32,
    /// What a client must show to cancel its statement.
    pub key: [u8; 4],
    /// Wakes the statement that runs when a cancel request comes; one that comes between statements is lost, as it must.
    pub cancel: Arc<Notify>,
}

impl Backends {
    /// Enters a connection.
    pub fn register(self: &Arc<Self>) -> Registration {
        let (key, cancel) = (rand::random(), Arc::new(Notify::new()));
        let mut running = self.running();
        let pid = loop {
            let pid = rand::random_range(1..i32::MAX);
            if !running.contains_key(&pid) {
                break pid;
            }
        };
        running.insert(pid, Backend { key, cancel: cancel.clone() });
        Registration { backends: self.clone(), pid, key, cancel }
    }

    /// Cancels the statement of a connection if the key is right.
    pub fn cancel(&self, pid: i32, key: &[u8]) {
        if let Some(backend) = self.running().get(&pid).filter(|backend| backend.key == key) {
            backend.cancel.notify_waiters();
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<i32, Backend>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.backends.running().remove(&self.pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_key_cancels() {
        let backends = Arc::new(Backends::default());
        let registration = backends.register();
        let cancel = registration.cancel.clone();
        let cancelled = cancel.notified();
        tokio::pin!(cancelled);
        cancelled.as_mut().enable();
        let wrong = registration.key.map(|byte| !byte);
        backends.cancel(registration.pid, &wrong);
        backends.cancel(registration.pid, &[]);
        assert!(futures::poll!(cancelled.as_mut()).is_pending());
        backends.cancel(registration.pid, &registration.key);
        assert!(futures::poll!(cancelled).is_ready());
        let pid = registration.pid;
        drop(registration);
        assert!(!backends.running().contains_key(&pid));
    }
}
