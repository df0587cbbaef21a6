//! LISTEN, UNLISTEN and NOTIFY: words that sessions of a database pass to each other as transactions commit.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::TransactionStatus;
use super::context::Context;
use crate::error::{Error, Result, SqlState};
use crate::outcome::{Notification, Outcome, Tag};

/// A payload has fewer bytes, as in Postgres.
const LONGEST_PAYLOAD: usize = 8000;

/// A channel's name has fewer bytes, as in Postgres.
const LONGEST_CHANNEL: usize = 64;

/// What may wait for a session that doesn't read: far more than a client leaves behind that is alive.
const MOST_WAITING: usize = 64 << 20;

/// The sessions of a database that listen, by channel.
#[derive(Default)]
pub(crate) struct Channels {
    listeners: Mutex<HashMap<String, Vec<Arc<Mailbox>>>>,
}

/// What waits for a session.
#[derive(Default)]
struct Mailbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    notifications: VecDeque<Notification>,
    bytes: usize,
}

impl Channels {
    fn listeners(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<Mailbox>>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, channel: &str, mailbox: &Arc<Mailbox>) {
        self.listeners().entry(channel.to_owned()).or_default().push(Arc::clone(mailbox));
    }

    fn remove(&self, channel: &str, mailbox: &Arc<Mailbox>) {
        let mut listeners = self.listeners();
        if let Some(of_channel) = listeners.get_mut(channel) {
            of_channel.retain(|other| !Arc::ptr_eq(other, mailbox));
            if of_channel.is_empty() {
                listeners.remove(channel);
            }
        }
    }

    fn deliver(&self, notification: &Notification) {
        let listeners = self.listeners().get(&notification.channel).cloned().unwrap_or_default();
        for mailbox in listeners {
            mailbox.put(notification.clone());
        }
    }

    /// 54000 where a session that listens has left too much unread.
    fn check_room(&self, channel: &str) -> Result<()> {
        let listeners = self.listeners().get(channel).cloned().unwrap_or_default();
        if listeners.iter().any(|mailbox| mailbox.waiting().bytes > MOST_WAITING) {
            let error = Error::new(SqlState::ProgramLimitExceeded, "too many notifications in the NOTIFY queue");
            return Err(error.with_hint("a session that listens doesn't read, or its transaction lasts too long"));
        }
        Ok(())
    }
}

impl Mailbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, notification: Notification) {
        let mut waiting = self.waiting();
        waiting.bytes += notification.channel.len() + notification.payload.len();
        waiting.notifications.push_back(notification);
        self.arrived.notify_one();
    }
}

/// A session's part: what it listens to, what waits for it, and what its transaction will say.
pub(crate) struct Listener {
    channels: Arc<Channels>,
    mailbox: Arc<Mailbox>,
    heard: Mutex<BTreeSet<String>>,
    staged: Mutex<Vec<Staged>>,
}

/// What takes effect when the transaction commits.
#[derive(PartialEq, Eq)]
enum Staged {
    Listen(String),
    Unlisten(Option<String>),
    Notify(Notification),
}

impl Listener {
    /// Of a new session, which hears nothing.
    pub fn new(channels: Arc<Channels>) -> Self {
        Self { channels, mailbox: Arc::default(), heard: Mutex::default(), staged: Mutex::default() }
    }

    /// Tells the sessions that listen, when the transaction commits: the same twice in one is told once. 22023 for a channel
    /// without a name or with too long a one, or for too long a payload.
    pub fn notify(&self, pid: i32, channel: &str, payload: &str) -> Result<()> {
        let refuse = |message: &str| Err(Error::new(SqlState::InvalidParameterValue, message));
        if channel.is_empty() {
            return refuse("channel name cannot be empty");
        }
        if channel.len() >= LONGEST_CHANNEL {
            return refuse("channel name too long");
        }
        if payload.len() >= LONGEST_PAYLOAD {
            return refuse("payload string too long");
        }
        self.channels.check_room(channel)?;
        let notification = Notification { pid, channel: channel.to_owned(), payload: payload.to_owned() };
        let (staged, notification) = (&mut *self.staged(), Staged::Notify(notification));
        if !staged.contains(&notification) {
            staged.push(notification);
        }
        Ok(())
    }

    /// The transaction stands: what it listens to and what it says counts.
    pub fn commit(&self) {
        let staged = std::mem::take(&mut *self.staged());
        let mut said = Vec::new();
        for staged in staged {
            match staged {
                Staged::Listen(channel) => {
                    if self.heard().insert(channel.clone()) {
                        self.channels.add(&channel, &self.mailbox);
                    }
                }
                Staged::Unlisten(Some(channel)) => {
                    if self.heard().remove(&channel) {
                        self.channels.remove(&channel, &self.mailbox);
                    }
                }
                Staged::Unlisten(None) => self.hear_nothing(),
                Staged::Notify(notification) => said.push(notification),
            }
        }
        said.iter().for_each(|notification| self.channels.deliver(notification));
    }

    /// The transaction never was.
    pub fn rollback(&self) {
        self.keep_staged(0);
    }

    /// How much takes effect when the transaction commits.
    pub(super) fn count_staged(&self) -> usize {
        self.staged().len()
    }

    /// What came after so much never was.
    pub(super) fn keep_staged(&self, count: usize) {
        self.staged().truncate(count);
    }

    /// Stops listening to all channels, without waiting for a commit.
    pub fn hear_nothing(&self) {
        for channel in std::mem::take(&mut *self.heard()) {
            self.channels.remove(&channel, &self.mailbox);
        }
    }

    /// Resolves when something waits.
    pub async fn arrived(&self) {
        loop {
            let arrived = self.mailbox.arrived.notified();
            if !self.mailbox.waiting().notifications.is_empty() {
                return;
            }
            arrived.await;
        }
    }

    /// What has come since the last call.
    pub fn take(&self) -> Vec<Notification> {
        std::mem::take(&mut *self.mailbox.waiting()).notifications.into()
    }

    fn heard(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn staged(&self) -> MutexGuard<'_, Vec<Staged>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hear_nothing();
    }
}

pub(super) fn listen(context: &Context, channel: String) -> Outcome {
    stage(context, Staged::Listen(channel));
    Outcome::Done(Tag::of("LISTEN"))
}

/// `UNLISTEN channel`, or of all.
pub(super) fn unlisten(context: &Context, channel: Option<String>) -> Outcome {
    stage(context, Staged::Unlisten(channel));
    Outcome::Done(Tag::of("UNLISTEN"))
}

pub(super) fn notify(context: &Context, channel: &str, payload: &str) -> Result<Outcome> {
    context.objects.listener.notify(context.backend_pid, channel, payload)?;
    settle(context);
    Ok(Outcome::Done(Tag::of("NOTIFY")))
}

fn stage(context: &Context, staged: Staged) {
    context.objects.listener.staged().push(staged);
    settle(context);
}

/// Outside of a block each statement is its own transaction.
fn settle(context: &Context) {
    if context.transaction().status() == TransactionStatus::Idle {
        context.objects.listener.commit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payloads(listener: &Listener) -> Vec<String> {
        listener.take().into_iter().map(|notification| notification.payload).collect()
    }

    #[test]
    fn what_a_transaction_says_is_heard_when_it_commits() {
        let channels = Arc::new(Channels::default());
        let (one, other) = (Listener::new(channels.clone()), Listener::new(channels.clone()));
        other.staged().push(Staged::Listen("c".into()));
        other.commit();
        one.notify(1, "c", "a").unwrap();
        one.notify(1, "c", "a").unwrap();
        one.notify(1, "d", "elsewhere").unwrap();
        assert!(payloads(&other).is_empty());
        one.commit();
        assert_eq!(payloads(&other), ["a"]);
        one.notify(1, "c", "never").unwrap();
        one.rollback();
        one.commit();
        assert!(payloads(&other).is_empty() && payloads(&one).is_empty());
        drop(other);
        assert!(channels.listeners().is_empty());
    }

    #[test]
    fn names_and_payloads_have_bounds() {
        let listener = Listener::new(Arc::default());
        for (channel, payload) in [("", "x".to_owned()), (&"c".repeat(64), String::new()), ("c", "x".repeat(8000))] {
            let error = listener.notify(1, channel, &payload).unwrap_err();
            assert_eq!(error.state(), SqlState::InvalidParameterValue);
        }
        listener.notify(1, &"c".repeat(63), &"x".repeat(7999)).unwrap();
    }

    #[test]
    fn a_session_that_never_reads_is_not_told_without_end() {
        let channels = Arc::new(Channels::default());
        let listener = Listener::new(channels);
        listener.staged().push(Staged::Listen("c".into()));
        let refused = (0..20_000).find_map(|n| {
            let told = listener.notify(1, "c", &format!("{n:7999}"));
            listener.commit();
            told.err()
        });
        assert_eq!(refused.map(|error| error.state()), Some(SqlState::ProgramLimitExceeded));
    }
}
