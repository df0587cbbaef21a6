//! How many connections there may be: of sessions in all and of a user, and of those that have not opened one yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::config::Settings;
use crate::error::{Error, Result, SqlState};

/// The sessions there may be.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    /// Kept for owners.
    reserved: usize,
    /// Of one user who is no owner.
    most_per_user: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// A session's place; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    user: String,
}

impl Places {
    /// As many as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let number = |name| usize::try_from(settings.number(name)).unwrap_or_default();
        let most_per_user = match number("max_connections_per_user") {
            0 => usize::MAX,
            most => most,
        };
        Self {
            most: number("max_connections"),
            reserved: number("superuser_reserved_connections"),
            most_per_user,
            taken: Mutex::default(),
        }
    }

    /// Takes a place for a session of a user, who may have so many where a limit says; 53300 if there is none.
    pub fn take(self: &Arc<Self>, user: &str, owner: bool, limit: Option<u32>) -> Result<Place> {
        let mut taken = self.taken();
        let (all, own) = (taken.values().sum::<usize>(), taken.get(user).copied().unwrap_or_default());
        let refused = if all >= self.most {
            "sorry, too many clients already".to_owned()
        } else if !owner && all >= self.most.saturating_sub(self.reserved) {
            "remaining connection slots are reserved for owners".to_owned()
        } else if !owner && own >= self.most_per_user {
            format!("too many connections for user \"{user}\"")
        } else if !owner && limit.is_some_and(|limit| own >= limit as usize) {
            format!("too many connections for role \"{user}\"")
        } else {
            *taken.entry(user.to_owned()).or_default() += 1;
            return Ok(Place { places: Arc::clone(self), user: user.to_owned() });
        };
        let error = Error::new(SqlState::TooManyConnections, refused);
        Err(error.with_hint("close a connection, or start the server with -c max_connections=MORE"))
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

/// The connections that have not opened their session yet. Where they are too many, the oldest makes room for the next: a
/// client that means it needs milliseconds, so a storm of silent ones crowds out its own.
#[derive(Debug)]
pub(super) struct Openings {
    most: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    begun: u64,
    openings: BTreeMap<u64, Arc<Notify>>,
}

/// A connection among them, until this is dropped.
#[derive(Debug)]
pub(super) struct Opening {
    openings: Arc<Openings>,
    number: u64,
    crowded_out: Arc<Notify>,
}

impl Openings {
    /// As many as the settings say.
    pub fn new(settings: &Settings) -> Self {
        let most = usize::try_from(settings.number("max_opening_connections")).unwrap_or_default();
        Self { most, under_way: Mutex::default() }
    }

    /// Enters a connection, in the place of the oldest where there is no other.
    pub fn enter(self: &Arc<Self>) -> Opening {
        let mut under_way = self.under_way();
        if under_way.openings.len() >= self.most
            && let Some((_, oldest)) = under_way.openings.pop_first()
        {
            oldest.notify_one();
        }
        let (number, crowded_out) = (under_way.begun, Arc::new(Notify::new()));
        under_way.begun += 1;
        under_way.openings.insert(number, Arc::clone(&crowded_out));
        Opening { openings: Arc::clone(self), number, crowded_out }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opening {
    /// Resolves when the connection has to make room.
    pub async fn crowded_out(&self) {
        self.crowded_out.notified().await;
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.openings.under_way().openings.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Configuration;

    fn settings(values: &[(&str, &str)]) -> Settings {
        let mut configuration = Configuration::default();
        for (name, value) in values {
            configuration.set(name, value).unwrap();
        }
        Settings::new(Arc::new(configuration))
    }

    #[test]
    fn the_last_places_are_for_owners() {
        let settings = settings(&[("max_connections", "3"), ("superuser_reserved_connections", "1")]);
        let places = Arc::new(Places::new(&settings));
        assert!(places.take("anna", false, Some(0)).is_err() && places.take("anna", true, Some(0)).is_ok());
        let _reader = places.take("anna", false, None).unwrap();
        let other = places.take("bert", false, None).unwrap();
        assert_eq!(places.take("bert", false, None).unwrap_err().state(), SqlState::TooManyConnections);
        let _owner = places.take("root", true, None).unwrap();
        assert_eq!(places.take("root", true, None).unwrap_err().state(), SqlState::TooManyConnections);
        drop(other);
        assert!(places.take("anna", false, None).is_err());
        assert!(places.take("root", true, None).is_ok());
    }

    #[test]
    fn one_user_leaves_places_to_others() {
        let settings = settings(&[("max_connections_per_user", "1")]);
        let places = Arc::new(Places::new(&settings));
        let only = places.take("anna", false, None).unwrap();
        assert!(places.take("anna", false, None).unwrap_err().message().contains("\"anna\""));
        let _other = places.take("bert", false, None).unwrap();
        let (_one, _two) = (places.take("root", true, None).unwrap(), places.take("root", true, None).unwrap());
        drop(only);
        assert!(places.take("anna", false, None).is_ok());
    }

    #[tokio::test]
    async fn the_oldest_opening_makes_room() {
        let openings = Arc::new(Openings::new(&settings(&[("max_opening_connections", "2")])));
        let (oldest, older) = (openings.enter(), openings.enter());
        drop(older);
        let newer = openings.enter();
        assert!(futures::poll!(Box::pin(oldest.crowded_out())).is_pending());
        let _newest = openings.enter();
        assert!(futures::poll!(Box::pin(oldest.crowded_out())).is_ready());
        assert!(futures::poll!(Box::pin(newer.crowded_out())).is_pending());
    }
}
