//! Who a session acts as.

/// A role as a session knows it: by its number, which no later role of the same name has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Its object id.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Whether it owned the database when the session took it on.
    pub owner: bool,
}

/// Who logged in, and as whom the session acts since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who logged in.
    pub login: Principal,
    /// `session_user`: the same, until SET SESSION AUTHORIZATION.
    pub session: Principal,
    /// `current_user`: the same, until SET ROLE.
    pub current: Principal,
}

impl Identity {
    /// That of a session that has just begun.
    pub fn of(user: Principal) -> Self {
        Self { login: user.clone(), session: user.clone(), current: user }
    }
}

impl Default for Identity {
    /// The role that made the database: who embeds it, and everybody as long as it has no users.
    fn default() -> Self {
        Self::of(Principal { oid: 10, name: "journeydb".to_owned(), owner: true })
    }
}
