//! The values that a server was started with, and those of one session over them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::value::accept;
use super::{Context, Identity, SETTINGS, Setting, find};
use crate::error::{Error, Result, SqlState};

/// What a database or its server was told: the values that sessions begin with, and those that hold for all of them.
#[derive(Debug, Clone, Default)]
pub struct Configuration {
    told: BTreeMap<&'static str, String>,
}

impl Configuration {
    /// Gives a setting its value for all sessions: 42704 for an unknown name, 55P02 for one that nobody sets, 22023 outside
    /// of its domain.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let setting = known(name)?;
        if setting.context() == Context::Internal {
            return Err(fixed(setting));
        }
        self.told.insert(setting.name, accept(setting, value)?);
        Ok(())
    }
}

/// The settings of one session.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    configuration: Arc<Configuration>,
    /// Values the client asked for at the start; RESET goes back to them.
    initial: BTreeMap<&'static str, String>,
    changed: BTreeMap<&'static str, String>,
    /// Announced settings that may have changed since the client was last told.
    untold: Vec<&'static str>,
    /// What the client was last told, where it was told at all.
    known: BTreeMap<&'static str, String>,
    /// Who the session acts as, which some settings show.
    identity: Identity,
}

impl Settings {
    /// Of a new session.
    pub fn new(configuration: Arc<Configuration>) -> Self {
        Self { configuration, ..Self::default() }
    }

    /// The value as SHOW prints it; `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let setting = find(name)?;
        if let Some(shown) = self.identity_shown_as(setting.name) {
            return Some(shown);
        }
        match (self.changed.get(setting.name), default_of_mode(setting.name)) {
            (Some(value), _) => Some(value),
            (None, Some(default)) => self.get(default),
            (None, None) => Some(self.at_start(setting)),
        }
    }

    /// Whether all have the same values, for the same role; those of the open transaction aside.
    pub fn agrees(&self, other: &Self) -> bool {
        fn lasting(of: &Settings) -> impl Iterator<Item = (&&'static str, &String)> {
            of.changed.iter().filter(|(name, _)| default_of_mode(name).is_none())
        }
        Arc::ptr_eq(&self.configuration, &other.configuration)
            && self.initial == other.initial
            && lasting(self).eq(lasting(other))
            && self.identity == other.identity
    }

    /// The value that RESET goes back to, as SHOW prints it.
    pub fn at_start(&self, setting: &Setting) -> &str {
        let told = self.initial.get(setting.name).or_else(|| self.configuration.told.get(setting.name));
        told.map_or(setting.default, String::as_str)
    }

    /// Where the value comes from, in the words of `pg_settings`.
    pub fn source(&self, setting: &Setting) -> &'static str {
        if self.changed.contains_key(setting.name) {
            "session"
        } else if self.initial.contains_key(setting.name) {
            "client"
        } else if self.configuration.told.contains_key(setting.name) {
            "command line"
        } else {
            "default"
        }
    }

    /// Whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name) == Some("on")
    }

    /// A number, or a quantity in its unit; 0 for what is neither.
    pub fn number(&self, name: &str) -> i64 {
        find(name).zip(self.get(name)).and_then(|(setting, shown)| setting.kind.number(shown)).unwrap_or_default()
    }

    /// A limit in time; `None` where there is none.
    pub fn time_limit(&self, name: &str) -> Option<Duration> {
        u64::try_from(self.number(name)).ok().filter(|milliseconds| *milliseconds > 0).map(Duration::from_millis)
    }

    /// A limit in bytes; `None` where there is none, which 0 or -1 says, whichever is the lowest value.
    pub fn byte_limit(&self, name: &str) -> Option<u64> {
        let lowest = find(name).and_then(|setting| setting.kind.bounds()).map_or(0, |(low, _)| low);
        let kilobytes = self.number(name);
        if kilobytes == lowest && lowest <= 0 { None } else { u64::try_from(kilobytes).ok()?.checked_mul(1024) }
    }

    /// Sets a value: 42704 for an unknown name, 55P02 for one of the server's, 42501 for one of the owners', 22023 outside of
    /// its domain.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let setting = self.admit(name)?;
        let value = accept(setting, value)?;
        self.put(setting, value);
        Ok(())
    }

    /// Sets a value that RESET goes back to: what a client asks for when it connects.
    pub fn start_with(&mut self, name: &str, value: &str) -> Result<()> {
        self.set(name, value)?;
        if let Some((name, value)) = find(name).and_then(|s| self.changed.remove_entry(s.name)) {
            self.initial.insert(name, value);
        }
        Ok(())
    }

    /// Back to the value at the start.
    pub fn reset(&mut self, name: &str) -> Result<()> {
        let setting = self.admit(name)?;
        if self.changed.remove(setting.name).is_some() {
            self.announce(setting);
        }
        Ok(())
    }

    /// Every setting back to its value at the start.
    pub fn reset_all(&mut self) {
        for setting in std::mem::take(&mut self.changed).into_keys().filter_map(find) {
            self.announce(setting);
        }
    }

    /// Gives one setting the value that it had before.
    pub fn put_back(&mut self, name: &str, before: &Self) {
        let Some(setting) = find(name) else { return };
        match before.changed.get(setting.name) {
            Some(value) => self.changed.insert(setting.name, value.clone()),
            None => self.changed.remove(setting.name),
        };
        self.announce(setting);
    }

    /// Gives all the values that they had before.
    pub fn put_all_back(&mut self, before: Self) {
        let known = std::mem::take(&mut self.known);
        let untold = SETTINGS.iter().filter(|setting| setting.announced).map(|setting| setting.name).collect();
        *self = Self { known, untold, ..before };
    }

    /// The announced settings whose value is not the one that the last call gave, or that sessions begin with.
    pub fn take_announcements(&mut self) -> Vec<(&'static str, String)> {
        let mut changed = Vec::new();
        for name in std::mem::take(&mut self.untold) {
            let Some((setting, value)) = find(name).zip(self.get(name).map(str::to_owned)) else { continue };
            let known = self.known.get(name).map_or_else(|| self.at_start(setting), String::as_str);
            if known != value {
                self.known.insert(name, value.clone());
                changed.push((name, value));
            }
        }
        changed
    }

    /// Who the session acts as.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Acts as somebody else from here on.
    pub fn act_as(&mut self, identity: Identity) {
        let before = std::mem::replace(&mut self.identity, identity);
        if before.current.owner != self.identity.current.owner {
            self.untold.push("is_superuser");
        }
        if before.session.name != self.identity.session.name {
            self.untold.push("session_authorization");
        }
    }

    fn identity_shown_as(&self, name: &str) -> Option<&str> {
        let Identity { session, current, .. } = &self.identity;
        match name {
            "is_superuser" => Some(if current.owner { "on" } else { "off" }),
            "role" => Some(if current.oid == session.oid { "none" } else { &current.name }),
            "session_authorization" => Some(&session.name),
            _ => None,
        }
    }

    /// The schemas of the search path, folded as identifiers are.
    pub fn search_path(&self) -> Vec<String> {
        split_identifiers(self.get("search_path").unwrap_or_default())
    }

    /// The setting of a name that this session may set.
    fn admit(&self, name: &str) -> Result<&'static Setting> {
        let setting = known(name)?;
        match setting.context() {
            Context::Internal => Err(fixed(setting)),
            Context::Server => {
                let text = format!("parameter \"{}\" cannot be changed without restarting the server", setting.name);
                let error = Error::new(SqlState::CantChangeRuntimeParameter, text);
                Err(error.with_hint(format!("start it with: journeydb serve -c {}=VALUE", setting.name)))
            }
            Context::Owner if !self.is_on("is_superuser") => {
                let text = format!("permission denied to set parameter \"{}\"", setting.name);
                Err(Error::new(SqlState::InsufficientPrivilege, text).with_hint("owners may set it"))
            }
            Context::Owner | Context::User => Ok(setting),
        }
    }

    fn put(&mut self, setting: &'static Setting, value: String) {
        if self.get(setting.name) != Some(value.as_str()) {
            self.announce(setting);
        }
        self.changed.insert(setting.name, value);
    }

    fn announce(&mut self, setting: &Setting) {
        if setting.announced {
            self.untold.push(setting.name);
        }
    }
}

/// The setting that a mode of transactions has its value from, outside of one.
pub fn default_of_mode(name: &str) -> Option<&'static str> {
    match name {
        "transaction_isolation" => Some("default_transaction_isolation"),
        "transaction_read_only" => Some("default_transaction_read_only"),
        _ => None,
    }
}

fn known(name: &str) -> Result<&'static Setting> {
    find(name).ok_or_else(|| {
        Error::new(SqlState::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""))
            .with_hint("SHOW ALL lists the settings")
    })
}

fn fixed(setting: &Setting) -> Error {
    Error::new(SqlState::CantChangeRuntimeParameter, format!("parameter \"{}\" cannot be changed", setting.name))
}

/// Cuts `public, "My Schema"` into names: quoted ones as they stand, others in lower case.
fn split_identifiers(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list.trim_start();
    while !rest.is_empty() {
        let (name, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map_or((quoted, ""), |(name, tail)| (name, tail)),
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        let quoted = rest.starts_with('"');
        let name = if quoted { name.to_owned() } else { name.trim().to_lowercase() };
        if !name.is_empty() {
            names.push(name);
        }
        rest = tail.trim_start().trim_start_matches(',').trim_start();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::super::Principal;
    use super::*;

    #[test]
    fn values_are_checked_and_shown_as_postgres_shows_them() {
        let mut settings = Settings::default();
        settings.set("datestyle", "iso").unwrap();
        assert_eq!(settings.get("DateStyle"), Some("ISO, MDY"));
        settings.set("timezone", "gmt").unwrap();
        assert_eq!(settings.get("TimeZone"), Some("UTC"));
        settings.set("TIMEZONE", "Europe/Berlin").unwrap();
        assert_eq!(settings.get("time zone"), Some("Europe/Berlin"));
        assert_eq!(
            settings.set("journey.confidence_level", "95").unwrap_err().state(),
            SqlState::InvalidParameterValue
        );
        assert_eq!(settings.set("journey.as_of", "soon").unwrap_err().state(), SqlState::InvalidParameterValue);
        assert_eq!(settings.set("nosuch", "1").unwrap_err().state(), SqlState::UndefinedObject);
        assert!(settings.set("server_version", "9").is_err());
    }

    #[test]
    fn reset_goes_back_to_what_the_client_started_with() {
        let mut settings = Settings::default();
        settings.start_with("application_name", "psql").unwrap();
        settings.set("application_name", "other").unwrap();
        settings.reset("application_name").unwrap();
        assert_eq!(settings.get("application_name"), Some("psql"));
        settings.set("journey.period", "week").unwrap();
        settings.reset_all();
        assert_eq!(settings.get("journey.period"), Some("month"));
    }

    #[test]
    fn changes_are_announced_once() {
        let mut settings = Settings::default();
        settings.set("application_name", "a").unwrap();
        settings.set("journey.period", "week").unwrap();
        assert_eq!(settings.take_announcements(), vec![("application_name", "a".to_owned())]);
        assert!(settings.take_announcements().is_empty());
        let before = settings.clone();
        settings.set("application_name", "b").unwrap();
        settings.set("application_name", "a").unwrap();
        assert!(settings.take_announcements().is_empty());
        settings.set("application_name", "b").unwrap();
        settings.take_announcements();
        settings.put_all_back(before);
        assert_eq!(settings.take_announcements(), vec![("application_name", "a".to_owned())]);
    }

    #[test]
    fn outside_of_a_transaction_its_modes_are_the_defaults() {
        let mut settings = Settings::default();
        settings.set("default_transaction_read_only", "on").unwrap();
        assert_eq!(settings.get("transaction_read_only"), Some("on"));
        let before = settings.clone();
        settings.set("transaction_read_only", "off").unwrap();
        assert_eq!(settings.get("transaction_read_only"), Some("off"));
        assert!(settings.agrees(&before));
        settings.put_back("transaction_read_only", &before);
        assert_eq!(settings.get("transaction_read_only"), Some("on"));
    }

    #[test]
    fn the_search_path_folds_as_identifiers_do() {
        let mut settings = Settings::default();
        settings.set("search_path", "Public, \"My Schema\",kpi").unwrap();
        assert_eq!(settings.search_path(), ["public", "My Schema", "kpi"]);
    }

    #[test]
    fn what_the_server_was_told_is_where_sessions_begin() {
        let mut configuration = Configuration::default();
        configuration.set("statement_timeout", "60000").unwrap();
        configuration.set("max_connections", "7").unwrap();
        assert_eq!(configuration.set("server_version", "9").unwrap_err().state(), SqlState::CantChangeRuntimeParameter);
        assert_eq!(configuration.set("max_connections", "0").unwrap_err().state(), SqlState::InvalidParameterValue);
        let mut settings = Settings::new(Arc::new(configuration));
        assert_eq!((settings.get("statement_timeout"), settings.number("max_connections")), (Some("1min"), 7));
        settings.set("statement_timeout", "0").unwrap();
        assert_eq!(settings.time_limit("statement_timeout"), None);
        settings.reset("statement_timeout").unwrap();
        assert_eq!(settings.time_limit("statement_timeout"), Some(Duration::from_secs(60)));
    }

    #[test]
    fn a_setting_is_set_by_whom_it_belongs_to() {
        let mut settings = Settings::default();
        for name in ["max_connections", "server_version"] {
            assert_eq!(settings.set(name, "5").unwrap_err().state(), SqlState::CantChangeRuntimeParameter);
            assert_eq!(settings.reset(name).unwrap_err().state(), SqlState::CantChangeRuntimeParameter);
        }
        settings.set("temp_file_limit", "1MB").unwrap();
        assert_eq!(settings.byte_limit("temp_file_limit"), Some(1 << 20));
        settings.set("temp_file_limit", "-1").unwrap();
        assert_eq!(settings.byte_limit("temp_file_limit"), None);
    }

    #[test]
    fn who_the_session_acts_as_decides_what_it_may_set() {
        let mut settings = Settings::default();
        assert_eq!((settings.get("is_superuser"), settings.get("role")), (Some("on"), Some("none")));
        let eve = Principal { oid: 7, name: "eve".into(), owner: false };
        let identity = settings.identity().clone();
        settings.act_as(Identity { current: eve, ..identity });
        assert_eq!((settings.get("is_superuser"), settings.get("role")), (Some("off"), Some("eve")));
        assert_eq!(settings.get("session_authorization"), Some("journeydb"));
        assert_eq!(settings.set("temp_file_limit", "1MB").unwrap_err().state(), SqlState::InsufficientPrivilege);
        assert!(settings.set("role", "journeydb").is_err() && settings.set("is_superuser", "on").is_err());
        assert!(settings.take_announcements().contains(&("is_superuser", "off".to_owned())));
    }

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for setting in SETTINGS.iter() {
            assert_eq!(accept(setting, setting.default).unwrap(), setting.default, "{}", setting.name);
            assert!(setting.about.ends_with('.'), "{}", setting.name);
        }
    }
}
