//! Every setting of a session: name, kind, default and one sentence; the values one session holds.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::error::{Error, Result, SqlState};

/// The version of PostgreSQL whose behaviour and catalogs clients may expect.
pub const POSTGRES_VERSION: &str = "15.0";

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// Its name, spelled as SHOW and ParameterStatus spell it.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its value in a new session.
    pub default: &'static str,
    /// Whether the wire announces changes of it to the client.
    pub announced: bool,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Cannot be set.
    Fixed,
    /// on or off.
    Switch,
    /// A whole number between two bounds.
    Integer(i64, i64),
    /// A number strictly between 0 and 1.
    Fraction,
    /// A duration: a bare number is milliseconds, else ms, s, min, h or d; 0 turns it off.
    Duration,
    /// One of a list of words; the first is how it is shown for its synonyms after it.
    OneOf(&'static [&'static [&'static str]]),
    /// A time zone: a name of the IANA database or an offset.
    TimeZone,
    /// Empty, or an instant.
    Instant,
}

const fn setting(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Setting {
    Setting { name, kind, default, announced: false, about }
}

const fn announced(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Setting {
    Setting { name, kind, default, announced: true, about }
}

/// Every setting, in the order of SHOW ALL.
pub const SETTINGS: &[Setting] = &[
    announced("application_name", Kind::Text, "", "The name of the client program, for the logs."),
    setting("bytea_output", Kind::OneOf(&[&["hex"]]), "hex", "How bytea is printed."),
    announced(
        "client_encoding",
        Kind::OneOf(&[&["UTF8", "UTF-8", "UNICODE", "auto"]]),
        "UTF8",
        "The encoding of text on the wire.",
    ),
    setting(
        "client_min_messages",
        Kind::OneOf(&[
            &["notice"],
            &["debug5"],
            &["debug4"],
            &["debug3"],
            &["debug2"],
            &["debug1"],
            &["log"],
            &["warning"],
            &["error"],
        ]),
        "notice",
        "The least severe message sent to the client.",
    ),
    announced(
        "DateStyle",
        Kind::OneOf(&[&["ISO, MDY", "ISO", "ISO,MDY"], &["ISO, YMD", "ISO,YMD"], &["ISO, DMY", "ISO,DMY"]]),
        "ISO, MDY",
        "How dates are printed: always ISO 8601.",
    ),
    setting(
        "default_transaction_isolation",
        Kind::OneOf(&[&["read committed"], &["repeatable read"], &["serializable"], &["read uncommitted"]]),
        "read committed",
        "The isolation of a new transaction.",
    ),
    setting("default_transaction_read_only", Kind::Switch, "off", "Whether a new transaction refuses writes."),
    setting("extra_float_digits", Kind::Integer(-15, 3), "1", "Accepted for drivers; floats are always exact."),
    announced("integer_datetimes", Kind::Fixed, "on", "Times are whole microseconds."),
    announced("IntervalStyle", Kind::OneOf(&[&["postgres"]]), "postgres", "How intervals are printed."),
    announced("is_superuser", Kind::Fixed, "on", "Whether the user owns the database."),
    setting(
        "journey.as_of",
        Kind::Instant,
        "",
        "The instant at which open journeys are censored; rows after it are ignored. Empty: the latest time in the journey tables.",
    ),
    setting("journey.confidence_level", Kind::Fraction, "0.95", "The confidence level of intervals in the KPI views."),
    setting(
        "journey.period",
        Kind::OneOf(&[&["month"], &["day"], &["week"], &["quarter"], &["year"]]),
        "month",
        "The length of a period in the KPI views.",
    ),
    setting("max_identifier_length", Kind::Fixed, "63", "The longest identifier Postgres keeps; ours may be longer."),
    setting("search_path", Kind::Text, "public, journey, kpi", "The schemas a bare name is looked up in, in order."),
    announced("server_encoding", Kind::Fixed, "UTF8", "The encoding of stored text."),
    announced("server_version", Kind::Fixed, POSTGRES_VERSION, "The PostgreSQL version we behave as."),
    setting("server_version_num", Kind::Fixed, "150000", "The same as a number."),
    announced("session_authorization", Kind::Fixed, "journeydb", "The user of the session."),
    announced(
        "standard_conforming_strings",
        Kind::OneOf(&[&["on", "true", "1"]]),
        "on",
        "Backslashes in plain strings are ordinary characters.",
    ),
    setting(
        "statement_timeout",
        Kind::Duration,
        "0",
        "A statement that runs longer is cancelled (57014); 0 means no limit.",
    ),
    announced("TimeZone", Kind::TimeZone, "UTC", "The time zone timestamps with time zone are read and printed in."),
    setting(
        "transaction_isolation",
        Kind::OneOf(&[&["read committed"], &["repeatable read"], &["serializable"], &["read uncommitted"]]),
        "read committed",
        "The isolation of the current transaction.",
    ),
    setting("transaction_read_only", Kind::Switch, "off", "Whether the current transaction refuses writes."),
];

/// The setting of a name, in any case.
pub fn find(name: &str) -> Option<&'static Setting> {
    let name = if name.eq_ignore_ascii_case("time zone") { "TimeZone" } else { name };
    SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name))
}

/// The settings of one session.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Values the client asked for at the start; RESET goes back to them.
    initial: BTreeMap<&'static str, String>,
    changed: BTreeMap<&'static str, String>,
    /// Announced settings that changed since the client was last told.
    untold: Vec<&'static str>,
}

impl Settings {
    /// The value as SHOW prints it; `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let setting = find(name)?;
        let value = self.changed.get(setting.name).or_else(|| self.initial.get(setting.name));
        Some(value.map_or(setting.default, String::as_str))
    }

    /// Sets a value: 42704 for an unknown name, 55000-like refusal for a fixed one, 22023 outside of its domain.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let setting = known(name)?;
        let value = accept(setting, value)?;
        if self.get(setting.name) != Some(value.as_str()) && setting.announced {
            self.untold.push(setting.name);
        }
        self.changed.insert(setting.name, value);
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
        let setting = known(name)?;
        if setting.kind == Kind::Fixed {
            return Err(fixed(setting));
        }
        if self.changed.remove(setting.name).is_some() && setting.announced {
            self.untold.push(setting.name);
        }
        Ok(())
    }

    /// Every setting back to its value at the start.
    pub fn reset_all(&mut self) {
        for name in std::mem::take(&mut self.changed).into_keys() {
            self.untold.extend(find(name).filter(|s| s.announced).map(|s| s.name));
        }
    }

    /// The announced settings that changed since the last call, with their values.
    pub fn take_announcements(&mut self) -> Vec<(&'static str, String)> {
        let mut names = std::mem::take(&mut self.untold);
        names.dedup();
        names.into_iter().filter_map(|name| Some((name, self.get(name)?.to_owned()))).collect()
    }

    /// The schemas of the search path, folded as identifiers are.
    pub fn search_path(&self) -> Vec<String> {
        split_identifiers(self.get("search_path").unwrap_or_default())
    }
}

fn known(name: &str) -> Result<&'static Setting> {
    find(name).ok_or_else(|| {
        Error::new(SqlState::UndefinedObject, format!("unrecognized configuration parameter \"{name}\""))
            .with_hint("SHOW ALL lists the settings")
    })
}

fn fixed(setting: &Setting) -> Error {
    Error::new(SqlState::ObjectNotInPrerequisiteState, format!("parameter \"{}\" cannot be changed", setting.name))
}

/// The value as it is kept and shown.
fn accept(setting: &Setting, value: &str) -> Result<String> {
    let value = value.trim();
    let refuse = |expected: &str| {
        Error::new(
            SqlState::InvalidParameterValue,
            format!("invalid value for parameter \"{}\": \"{value}\"", setting.name),
        )
        .with_hint(expected)
    };
    match setting.kind {
        Kind::Text => Ok(value.to_owned()),
        Kind::Fixed => Err(fixed(setting)),
        Kind::Switch => match value.to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok("on".into()),
            "off" | "false" | "no" | "0" => Ok("off".into()),
            _ => Err(refuse("use on or off")),
        },
        Kind::Integer(low, high) => match value.parse::<i64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(number.to_string()),
            _ => Err(refuse(&format!("use a whole number from {low} to {high}"))),
        },
        Kind::Fraction => match value.parse::<f64>() {
            Ok(number) if number > 0.0 && number < 1.0 => Ok(value.to_owned()),
            _ => Err(refuse("use a number between 0 and 1, such as 0.95")),
        },
        Kind::Duration => {
            duration(value).map(|_| value.to_owned()).ok_or_else(|| refuse("use a duration such as 500ms, 30s or 5min"))
        }
        Kind::OneOf(words) => {
            let found = words.iter().find(|synonyms| synonyms.iter().any(|word| word.eq_ignore_ascii_case(value)));
            let shown = || words.iter().map(|synonyms| synonyms[0]).collect::<Vec<_>>().join(", ");
            found.map(|synonyms| synonyms[0].to_owned()).ok_or_else(|| refuse(&format!("use one of: {}", shown())))
        }
        Kind::TimeZone => time_zone(value).ok_or_else(|| refuse("use a name such as Europe/Berlin, or an offset")),
        Kind::Instant => {
            let valid =
                value.is_empty() || arrow::compute::kernels::cast_utils::string_to_timestamp_nanos(value).is_ok();
            if valid { Ok(value.to_owned()) } else { Err(refuse("use an instant such as 2026-01-31 00:00:00Z, or ''")) }
        }
    }
}

/// A duration as Postgres reads one; `None` where it is none.
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "us" => 1e-6,
        "" | "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit).ok()
}

/// The zone's name in the form the engine takes.
fn time_zone(value: &str) -> Option<String> {
    let bare = value.trim_matches('\'');
    let name = match bare.to_ascii_uppercase().as_str() {
        "UTC" | "GMT" | "Z" | "ZULU" | "ETC/UTC" | "UCT" => "UTC".to_owned(),
        _ => match bare.parse::<i8>() {
            Ok(hours) if hours.abs() <= 15 => format!("{hours:+03}:00"),
            _ => bare.to_owned(),
        },
    };
    name.parse::<arrow::array::timezone::Tz>().ok().map(|_| name)
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
    }

    #[test]
    fn the_search_path_folds_as_identifiers_do() {
        let mut settings = Settings::default();
        settings.set("search_path", "Public, \"My Schema\",kpi").unwrap();
        assert_eq!(settings.search_path(), ["public", "My Schema", "kpi"]);
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("1500"), Some(Duration::from_millis(1500)));
        assert_eq!(duration("2 min"), Some(Duration::from_secs(120)));
        assert_eq!(duration("2 weeks"), None);
    }

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for setting in SETTINGS.iter().filter(|s| s.kind != Kind::Fixed) {
            assert_eq!(accept(setting, setting.default).unwrap(), setting.default, "{}", setting.name);
        }
    }
}
