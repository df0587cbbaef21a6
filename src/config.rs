//! Every setting: name, kind, default, who may set it, and one sentence; the values one session holds.
//!
//! | file | what |
//! |---|---|
//! | `settings` | the list of them |
//! | `compatibility` | those that are there for clients of Postgres alone |
//! | `value` | how a value is read, checked and shown |
//! | `held` | the values of a server and of a session |
//! | `identity` | who a session acts as |

mod compatibility;
mod held;
mod identity;
mod settings;
mod value;

pub use held::{Configuration, Settings, default_of_mode};
pub use identity::{Identity, Principal};
pub use value::duration;

use std::sync::LazyLock;

/// The version of PostgreSQL whose behaviour and catalogs clients may expect.
pub const POSTGRES_VERSION: &str = "15.0";

/// One setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its name, spelled as SHOW and ParameterStatus spell it.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Its value in a new session of a server that was told nothing.
    pub default: &'static str,
    scope: Context,
    /// What it is about.
    pub category: Category,
    /// Whether the wire announces changes of it to the client.
    pub announced: bool,
    /// What it does, in one sentence.
    pub about: &'static str,
}

impl Setting {
    /// Who may set it, and when.
    pub fn context(&self) -> Context {
        if self.kind == Kind::Fixed { Context::Internal } else { self.scope }
    }
}

/// Who may set a setting, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Nobody.
    Internal,
    /// Whoever starts the server; it holds for all sessions.
    Server,
    /// Whoever starts the server, and an owner for the own session.
    Owner,
    /// Everybody for the own session.
    User,
}

impl Context {
    /// The word of `pg_settings`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Server => "postmaster",
            Self::Owner => "superuser",
            Self::User => "user",
        }
    }
}

/// What settings are about, in the order of their page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// How the KPI views count.
    Journey,
    /// Time that statements and sessions may take.
    Time,
    /// Memory and disk that queries may take.
    Memory,
    /// Who may connect, and how many.
    Connections,
    /// What one session may send and keep.
    Sessions,
    /// What is logged and shown of sessions.
    Monitoring,
    /// How values are read and printed.
    Formats,
    /// Transactions.
    Transactions,
    /// What Postgres' drivers ask and nobody changes.
    Preset,
    /// What clients of Postgres may set and nothing depends on.
    Compatibility,
}

impl Category {
    /// Every category.
    pub const ALL: [Self; 10] = [
        Self::Journey,
        Self::Time,
        Self::Memory,
        Self::Connections,
        Self::Sessions,
        Self::Monitoring,
        Self::Formats,
        Self::Transactions,
        Self::Preset,
        Self::Compatibility,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Journey => "Journeys",
            Self::Time => "Time",
            Self::Memory => "Memory and Disk",
            Self::Connections => "Connections",
            Self::Sessions => "Messages and Sessions",
            Self::Monitoring => "Monitoring",
            Self::Formats => "Formats",
            Self::Transactions => "Transactions",
            Self::Preset => "Preset Options",
            Self::Compatibility => "Compatibility",
        }
    }
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
    /// A time or an amount of bytes, between two bounds: a bare number counts the unit.
    Quantity(Unit, i64, i64),
    /// One of a list of words; the first is how it is shown for its synonyms after it.
    OneOf(&'static [&'static [&'static str]]),
    /// An encoding of text: UTF-8, under any of its names, or none.
    Encoding,
    /// A time zone: a name of the IANA database or an offset.
    TimeZone,
    /// Empty, or an instant.
    Instant,
}

impl Kind {
    /// The unit that bare numbers count, as `pg_settings` spells it.
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::Quantity(unit, ..) => Some(unit.words()[0].0),
            _ => None,
        }
    }

    /// The bounds of a number.
    pub fn bounds(self) -> Option<(i64, i64)> {
        match self {
            Self::Integer(low, high) | Self::Quantity(_, low, high) => Some((low, high)),
            _ => None,
        }
    }
}

/// What a bare number of a quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths of a second.
    Milliseconds,
    /// 1024 bytes.
    Kilobytes,
}

impl Unit {
    /// The units that it may be written in and shown in, and how many of the first each one is.
    fn words(self) -> &'static [(&'static str, i64)] {
        match self {
            Self::Milliseconds => &[("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000)],
            Self::Kilobytes => &[("kB", 1), ("MB", 1 << 10), ("GB", 1 << 20), ("TB", 1 << 30)],
        }
    }

    /// A unit below the first, and how many of it the first is.
    fn finer(self) -> (&'static str, f64) {
        match self {
            Self::Milliseconds => ("us", 1000.0),
            Self::Kilobytes => ("B", 1024.0),
        }
    }
}

/// Every setting, in the order of SHOW ALL: by name.
pub static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
    let mut settings = [settings::OWN, compatibility::COMPATIBILITY].concat();
    settings.sort_by_key(|setting| setting.name.to_lowercase());
    settings
});

/// The setting of a name, in any case.
pub fn find(name: &str) -> Option<&'static Setting> {
    let name = if name.eq_ignore_ascii_case("time zone") { "TimeZone" } else { name };
    SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name))
}
